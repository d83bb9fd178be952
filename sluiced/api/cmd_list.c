/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is: services with their servers, and connections. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "sluiced/api/cmd.h"
#include "sluiced/api/field.h"

#define PAGE 1000 /* connections an answer */

static const char *const stat_names[STATS_FIELDS] = {"conns", "in_pkts", "out_pkts", "in_bytes", "out_bytes"};

static json_t *stats_object(const __u64 values[STATS_FIELDS])
{
	json_t *object = json_object();

	for (int i = 0; i < STATS_FIELDS; i++)
		json_object_set_new_nocheck(object, stat_names[i], json_integer(values[i]));
	return object;
}

static json_t *counters(struct sl_stats s)
{
	return stats_object((__u64[]){s.conns, s.in_pkts, s.out_pkts, s.in_bytes, s.out_bytes});
}

static json_t *rates(struct stats_rates r)
{
	return stats_object((__u64[]){r.rate[0], r.rate[1], r.rate[2], r.rate[3], r.rate[4]});
}

static json_t *tunnel_object(const struct dest_tunnel *tunnel)
{
	static const char *const types[] = {"ipip", "gue", "gre"}, *const csums[] = {"none", "csum", "remcsum"};
	json_t *object = json_pack("{s:s, s:s}", "type", types[tunnel->type], "csum", csums[tunnel->flags]);

	if (tunnel->type == SL_TUN_GUE)
		json_object_set_new_nocheck(object, "port", json_integer(ntohs(tunnel->port)));
	return object;
}

static void set_sums(json_t *object, struct sl_stats sums, struct stats_rates a_second)
{
	json_object_set_new_nocheck(object, "stats", counters(sums));
	json_object_set_new_nocheck(object, "rates", rates(a_second));
}

static json_t *dest_object(const struct api *api, const struct dest *dest, uint32_t svc_id, bool sums)
{
	uint32_t id = reconcile_dest_id(api->rec, svc_id, &dest->key);
	struct sl_load load = plane_load(api->plane, id);
	const struct dest_conf *conf = &dest->conf;
	json_t *object = json_object();

	field_set_end(object, &dest->key.addr, dest->key.port);
	json_object_set_new_nocheck(object, "fwd", json_string(field_fwd_text(conf->fwd)));
	json_object_set_new_nocheck(object, "weight", json_integer(conf->weight));
	json_object_set_new_nocheck(object, "local", json_boolean(api->plane->dests[id].flags & SL_DEST_LOCAL));
	json_object_set_new_nocheck(object, "active", json_integer(load.active));
	json_object_set_new_nocheck(object, "inactive", json_integer(load.inactive));
	json_object_set_new_nocheck(object, "persistent", json_integer(load.templates));
	json_object_set_new_nocheck(object, "upper", json_integer(conf->upper));
	json_object_set_new_nocheck(object, "lower", json_integer(conf->lower));
	json_object_set_new_nocheck(object, "overloaded", json_boolean(load.over));
	if (conf->fwd == SL_FWD_TUNNEL)
		json_object_set_new_nocheck(object, "tunnel", tunnel_object(&conf->tunnel));
	if (sums)
		set_sums(object, stats_dest(api->stats, id), stats_dest_rates(api->stats, id));
	return object;
}

static json_t *mask_value(const struct sl_addr *mask, bool v4)
{
	struct sl_addr shown = {.w = {0, 0, htonl(0xffff), mask->w[3]}};
	char text[ADDR_TEXT];

	if (v4)
		return json_string_nocheck(addr_print(shown.b, text));
	return json_integer(__builtin_popcountll(mask->d[0]) + __builtin_popcountll(mask->d[1]));
}

static json_t *own_timeouts(const struct model_timeouts *t)
{
	json_t *object = json_object();

	if (t->tcp)
		json_object_set_new_nocheck(object, "tcp", json_integer(t->tcp));
	if (t->tcpfin)
		json_object_set_new_nocheck(object, "tcpfin", json_integer(t->tcpfin));
	if (t->udp)
		json_object_set_new_nocheck(object, "udp", json_integer(t->udp));
	return object;
}

static json_t *allow_list(const struct allow *allow)
{
	json_t *list = json_array();
	char text[PREFIX_TEXT];

	for (uint32_t i = 0; i < allow->count; i++)
		json_array_append_new(list, json_string_nocheck(prefix_print(&allow->prefixes[i], text)));
	return list;
}

/* The options that are set. */
static void set_options(json_t *object, const struct svc *svc)
{
	const struct svc_conf *conf = &svc->conf;
	json_t *flags = json_array();
	const char *flag;

	for (unsigned i = 0; (flag = model_flag_text(conf->sched, conf->flags, i)); i++)
		json_array_append_new(flags, json_string_nocheck(flag));
	if (json_array_size(flags))
		json_object_set_nocheck(object, "flags", flags);
	json_decref(flags);
	if (conf->flags & SL_SVC_PERSISTENT)
		json_object_set_new_nocheck(object, "persist", json_integer(conf->persist_s));
	if (conf->flags & SL_SVC_PERSISTENT && ~(conf->mask.d[0] & conf->mask.d[1]))
		json_object_set_new_nocheck(object, "mask", mask_value(&conf->mask, addr_is_v4(svc->key.addr.b)));
	if (conf->pe)
		json_object_set_new_nocheck(object, "pe", json_string_nocheck(model_pe_text(conf->pe)));
	if (conf->flags & SL_SVC_ONEPACKET)
		json_object_set_new_nocheck(object, "ops", json_true());
	if (conf->timeouts.tcp || conf->timeouts.tcpfin || conf->timeouts.udp)
		json_object_set_new_nocheck(object, "timeouts", own_timeouts(&conf->timeouts));
	if (conf->allow)
		json_object_set_new_nocheck(object, "allow", allow_list(conf->allow));
}

static json_t *svc_object(const struct api *api, const struct svc *svc, bool sums)
{
	uint32_t id = reconcile_svc_id(api->rec, &svc->key);
	json_t *object = json_object(), *servers = json_array();
	struct list *at, *safe;

	list_each (at, safe, &svc->dests)
		json_array_append_new(servers, dest_object(api, container_of(at, struct dest, link), id, sums));
	field_set_svc(object, &svc->key);
	json_object_set_new_nocheck(object, "sched", json_string_nocheck(model_sched_text(svc->conf.sched)));
	set_options(object, svc);
	if (sums)
		set_sums(object, stats_svc(api->stats, id), stats_svc_rates(api->stats, id));
	json_object_set_new_nocheck(object, "servers", servers);
	return object;
}

static json_t *all_services(const struct api *api, bool sums)
{
	json_t *list = json_array();
	struct list *at, *safe;

	list_each (at, safe, &api->model.svcs)
		json_array_append_new(list, svc_object(api, container_of(at, struct svc, link), sums));
	return list;
}

int cmd_services(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	char text[MODEL_NAME_TEXT];
	struct sl_svc_key key;
	const struct svc *svc;
	bool sums = true;
	json_t *list;
	int err = field_bool(params, "sums", &sums, ret_error);

	if (err)
		return err;
	if (json_object_size(params) == (json_object_get(params, "sums") ? 1 : 0)) {
		list = all_services(api, sums);
	} else {
		err = field_svc(params, &key, ret_error);
		if (err)
			return err;
		svc = model_svc(&api->model, &key);
		if (!svc)
			return rpc_fail_errno(ret_error, -ESRCH, "there is no service %s", model_svc_text(&key, text));
		list = json_array();
		json_array_append_new(list, svc_object(api, svc, sums));
	}
	*ret_result = json_pack("{s:I, s:o}", "slots", (json_int_t)api->plane->slots, "services", list);
	return 0;
}

static const char *state_text(enum sl_state state)
{
	static const char *const texts[SL_MAX_STATES] = {
#define X(name, number, text, seconds, active, rank) [number] = text,
#include "sluice/state.def"
#undef X
	};

	return texts[state] ? texts[state] : "NONE";
}

static json_t *conn_object(const struct plane_conn *c)
{
	return json_pack("{s:I, s:s, s:s, s:I, s:o, s:o, s:o, s:s}", "slot", (json_int_t)c->slot, "proto", field_proto_text(c->conn.proto),
	    "state", state_text(c->state), "expires", (json_int_t)c->expires_s, "client", field_end(&c->conn.caddr, c->conn.cport),
	    "virtual", field_end(&c->conn.vaddr, c->conn.vport), "server", field_end(&c->daddr, c->conn.dport), "fwd",
	    field_fwd_text(c->conn.fwd));
}

int cmd_connections(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	json_t *list = json_array();
	struct plane_conn *conns;
	int64_t from = 0;
	uint32_t next = 0, count;
	int err = field_number(params, "after", &from, ret_error);

	if (!err && (from < 0 || from > api->plane->slots))
		err = rpc_fail_errno(ret_error, -ERANGE, "\"after\" is out of range: write the \"next\" of the answer before");
	conns = err ? NULL : calloc(PAGE, sizeof(*conns));
	if (!conns) {
		json_decref(list);
		return err ? err : rpc_fail_errno(ret_error, -EIO, "out of memory");
	}
	count = plane_conns(api->plane, from, conns, PAGE, &next);
	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(list, conn_object(&conns[i]));
	free(conns);
	*ret_result = json_pack("{s:o, s:o}", "connections", list, "next", next < api->plane->slots ? json_integer(next) : json_null());
	return 0;
}
