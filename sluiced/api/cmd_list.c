/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is: services with their servers, and totals. Written as text: there may be a hundred thousand servers. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "sluiced/api/cmd.h"
#include "sluiced/api/field.h"

static const char *const stat_names[STATS_FIELDS] = {"conns", "in_pkts", "out_pkts", "in_bytes", "out_bytes"};

static void write_five(struct text *out, const char *name, const uint64_t values[STATS_FIELDS])
{
	text_name(out, name);
	text_raw(out, "{");
	for (int i = 0; i < STATS_FIELDS; i++)
		text_name_number(out, stat_names[i], values[i]);
	text_raw(out, "}");
}

static void write_sums(struct text *out, struct sl_stats s, struct stats_rates a_second)
{
	write_five(out, "stats", (uint64_t[]){s.conns, s.in_pkts, s.out_pkts, s.in_bytes, s.out_bytes});
	write_five(out, "rates", a_second.rate);
}

static void write_end(struct text *out, const struct sl_addr *addr, __be16 port)
{
	char text[ADDR_TEXT];

	text_name_word(out, "addr", addr_print(addr->b, text));
	text_name_number(out, "port", ntohs(port));
}

static void write_tunnel(struct text *out, const struct dest_tunnel *tunnel)
{
	static const char *const types[] = {"ipip", "gue", "gre"}, *const csums[] = {"none", "csum", "remcsum"};

	text_name(out, "tunnel");
	text_raw(out, "{");
	text_name_word(out, "type", types[tunnel->type]);
	if (tunnel->type == SL_TUN_GUE)
		text_name_number(out, "port", ntohs(tunnel->port));
	text_name_word(out, "csum", csums[tunnel->flags]);
	text_raw(out, "}");
}

static void write_dest(struct text *out, const struct api *api, const struct dest *dest, uint32_t svc_id, bool sums)
{
	uint32_t id = reconcile_dest_id(api->rec, svc_id, &dest->key);
	struct sl_load load = plane_load(api->plane, id);
	const struct dest_conf *conf = &dest->conf;

	text_comma(out);
	text_raw(out, "{");
	write_end(out, &dest->key.addr, dest->key.port);
	text_name_word(out, "fwd", field_fwd_text(conf->fwd));
	text_name_number(out, "weight", conf->weight);
	text_name_bool(out, "local", api->plane->dests[id].flags & SL_DEST_LOCAL);
	text_name_number(out, "active", load.active);
	text_name_number(out, "inactive", load.inactive);
	text_name_number(out, "persistent", load.templates);
	text_name_number(out, "upper", conf->upper);
	text_name_number(out, "lower", conf->lower);
	text_name_bool(out, "overloaded", load.over);
	if (conf->fwd == SL_FWD_TUNNEL)
		write_tunnel(out, &conf->tunnel);
	if (sums)
		write_sums(out, stats_dest(api->stats, id), stats_dest_rates(api->stats, id));
	text_raw(out, "}");
}

static void write_mask(struct text *out, const struct sl_addr *mask, bool v4)
{
	struct sl_addr shown = {.w = {0, 0, htonl(0xffff), mask->w[3]}};
	char text[ADDR_TEXT];

	if (v4)
		text_name_word(out, "mask", addr_print(shown.b, text));
	else
		text_name_number(out, "mask", __builtin_popcountll(mask->d[0]) + __builtin_popcountll(mask->d[1]));
}

static void write_own_timeouts(struct text *out, const struct model_timeouts *t)
{
	if (!t->tcp && !t->tcpfin && !t->udp)
		return;
	text_name(out, "timeouts");
	text_raw(out, "{");
	if (t->tcp)
		text_name_number(out, "tcp", t->tcp);
	if (t->tcpfin)
		text_name_number(out, "tcpfin", t->tcpfin);
	if (t->udp)
		text_name_number(out, "udp", t->udp);
	text_raw(out, "}");
}

static void write_allow(struct text *out, const struct allow *allow)
{
	char text[PREFIX_TEXT];

	if (!allow)
		return;
	text_name(out, "allow");
	text_raw(out, "[");
	for (uint32_t i = 0; i < allow->count; i++) {
		text_comma(out);
		text_word(out, prefix_print(&allow->prefixes[i], text));
	}
	text_raw(out, "]");
}

static void write_flags(struct text *out, const struct svc_conf *conf)
{
	const char *flag = model_flag_text(conf->sched, conf->flags, 0);

	if (!flag)
		return;
	text_name(out, "flags");
	text_raw(out, "[");
	for (unsigned i = 0; (flag = model_flag_text(conf->sched, conf->flags, i)); i++) {
		text_comma(out);
		text_word(out, flag);
	}
	text_raw(out, "]");
}

/* The options that are set. */
static void write_options(struct text *out, const struct svc *svc)
{
	const struct svc_conf *conf = &svc->conf;

	text_name_word(out, "sched", model_sched_text(conf->sched));
	write_flags(out, conf);
	if (conf->flags & SL_SVC_PERSISTENT) {
		text_name_number(out, "persist", conf->persist_s);
		if (~(conf->mask.d[0] & conf->mask.d[1]))
			write_mask(out, &conf->mask, addr_is_v4(svc->key.addr.b));
	}
	if (conf->pe)
		text_name_word(out, "pe", model_pe_text(conf->pe));
	if (conf->flags & SL_SVC_ONEPACKET)
		text_name_bool(out, "ops", true);
	write_own_timeouts(out, &conf->timeouts);
	write_allow(out, conf->allow);
}

static void write_name(struct text *out, const struct sl_svc_key *key)
{
	if (svc_key_is_mark(key)) {
		text_name_number(out, "fwmark", svc_key_mark_of(key));
		text_name_word(out, "family", addr_is_v4(key->addr.b) ? "ipv4" : "ipv6");
		return;
	}
	text_name_word(out, "proto", field_proto_text(key->proto));
	write_end(out, &key->addr, key->port);
}

static void write_svc(struct text *out, const struct api *api, const struct svc *svc, bool sums)
{
	uint32_t id = reconcile_svc_id(api->rec, &svc->key);
	struct list *at, *safe;

	text_comma(out);
	text_raw(out, "{");
	write_name(out, &svc->key);
	write_options(out, svc);
	if (sums)
		write_sums(out, stats_svc(api->stats, id), stats_svc_rates(api->stats, id));
	text_name(out, "servers");
	text_raw(out, "[");
	list_each (at, safe, &svc->dests)
		write_dest(out, api, container_of(at, struct dest, link), id, sums);
	text_raw(out, "]}");
}

/* All services, or the one that is named. */
static int write_svcs(struct text *out, const struct api *api, const json_t *params, bool sums, struct rpc_error *ret_error)
{
	bool one = json_object_size(params) > (json_object_get(params, "sums") ? 1 : 0);
	char text[MODEL_NAME_TEXT];
	struct list *at, *safe;
	struct sl_svc_key key;
	const struct svc *svc;
	int err;

	if (!one) {
		list_each (at, safe, &api->model.svcs)
			write_svc(out, api, container_of(at, struct svc, link), sums);
		return 0;
	}
	err = field_svc(params, &key, ret_error);
	if (err)
		return err;
	svc = model_svc(&api->model, &key);
	if (!svc)
		return rpc_fail_errno(ret_error, -ESRCH, "there is no service %s", model_svc_text(&key, text));
	write_svc(out, api, svc, sums);
	return 0;
}

int cmd_services(struct api *api, const json_t *params, struct text *out, struct rpc_error *ret_error)
{
	bool sums = true;
	int err = field_bool(params, "sums", &sums, ret_error);

	if (err)
		return err;
	text_raw(out, "{");
	text_name_number(out, "slots", api->plane->slots);
	text_name(out, "services");
	text_raw(out, "[");
	err = write_svcs(out, api, params, sums, ret_error);
	text_raw(out, "]}");
	return err;
}

int cmd_totals(struct api *api, const json_t *params, struct text *out, struct rpc_error *ret_error)
{
	text_raw(out, "{");
	write_sums(out, stats_total(api->stats), stats_total_rates(api->stats));
	text_name(out, "cpus");
	text_raw(out, "[");
	for (unsigned cpu = 0; cpu < api->plane->cpus; cpu++) {
		text_comma(out);
		text_raw(out, "{");
		text_name_number(out, "cpu", cpu);
		write_sums(out, stats_cpu(api->stats, cpu), stats_cpu_rates(api->stats, cpu));
		text_raw(out, "}");
	}
	text_raw(out, "]}");
	return 0;
}
