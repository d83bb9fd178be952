/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is: services with their servers, and connections. */

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

static json_t *dest_object(const struct api *api, const struct dest *dest, uint32_t svc_id)
{
	uint32_t id = reconcile_dest_id(api->rec, svc_id, &dest->key);
	struct sl_load load = plane_load(api->plane, id);
	json_t *object = json_object();

	field_set_end(object, &dest->key.addr, dest->key.port);
	json_object_set_new_nocheck(object, "fwd", json_string(field_fwd_text(dest->conf.fwd)));
	json_object_set_new_nocheck(object, "weight", json_integer(dest->conf.weight));
	json_object_set_new_nocheck(object, "local", json_boolean(api->plane->dests[id].flags & SL_DEST_LOCAL));
	json_object_set_new_nocheck(object, "active", json_integer(load.active));
	json_object_set_new_nocheck(object, "inactive", json_integer(load.inactive));
	json_object_set_new_nocheck(object, "stats", counters(stats_dest(api->stats, id)));
	json_object_set_new_nocheck(object, "rates", rates(stats_dest_rates(api->stats, id)));
	return object;
}

static json_t *svc_object(const struct api *api, const struct svc *svc)
{
	uint32_t id = reconcile_svc_id(api->rec, &svc->key);
	json_t *object = json_object(), *servers = json_array();
	struct list *at, *safe;

	list_each (at, safe, &svc->dests)
		json_array_append_new(servers, dest_object(api, container_of(at, struct dest, link), id));
	json_object_set_new_nocheck(object, "proto", json_string(field_proto_text(svc->key.proto)));
	field_set_end(object, &svc->key.addr, svc->key.port);
	json_object_set_new_nocheck(object, "sched", json_string(model_sched_text(svc->conf.sched)));
	json_object_set_new_nocheck(object, "stats", counters(stats_svc(api->stats, id)));
	json_object_set_new_nocheck(object, "rates", rates(stats_svc_rates(api->stats, id)));
	json_object_set_new_nocheck(object, "servers", servers);
	return object;
}

static json_t *all_services(const struct api *api)
{
	json_t *list = json_array();
	struct list *at, *safe;

	list_each (at, safe, &api->model.svcs)
		json_array_append_new(list, svc_object(api, container_of(at, struct svc, link)));
	return list;
}

int cmd_services(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	char text[MODEL_NAME_TEXT];
	struct sl_svc_key key;
	const struct svc *svc;
	json_t *list;
	int err;

	if (json_object_size(params) == 0) {
		list = all_services(api);
	} else {
		err = field_svc(params, &key, ret_error);
		if (err)
			return err;
		svc = model_svc(&api->model, &key);
		if (!svc)
			return rpc_fail_errno(ret_error, -ESRCH, "there is no service %s", model_svc_text(&key, text));
		list = json_array();
		json_array_append_new(list, svc_object(api, svc));
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
