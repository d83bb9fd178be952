/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What belongs to no service: settings, the classifier's rules, sync daemons. */

#include <stdio.h>

#include "sluiced/api/cmd.h"
#include "sluiced/api/field.h"

/*
 * What each setting does, and whether it does that in this version; the others are kept and listed, so that scripts that set them go on.
 * docs/settings.md says more.
 */
static const struct {
	const char *text;
	bool effect;
} abouts[SL_MAX_SYSCTLS] = {
    [SL_SYS_AMEMTHRESH] = {"free pages below which the automatic defences begin", false},
    [SL_SYS_AM_DROPRATE] = {"drop_packet 3 drops one new packet of so many", false},
    [SL_SYS_BACKUP_ONLY] = {"1: a director that is only a sync backup leaves packets to the host", false},
    [SL_SYS_CACHE_BYPASS] = {"1: packets of mark services go to where they were sent when there is no server", false},
    [SL_SYS_CONN_REUSE_MODE] = {"a new SYN on an old connection is scheduled anew: 1 in TIME_WAIT and CLOSE, 2 in FIN_WAIT of DR and TUN",
	true},
    [SL_SYS_CONNTRACK] = {"1: connections are netfilter's too", false},
    [SL_SYS_DEBUG_LEVEL] = {"how much is logged for debugging", false},
    [SL_SYS_DROP_ENTRY] = {"half-open connections are dropped at random: 1, 2 when memory is short, 3 always", false},
    [SL_SYS_DROP_PACKET] = {"new packets are dropped: 1, 2 when memory is short, 3 always", false},
    [SL_SYS_EXPIRE_NODEST_CONN] = {"1: connections of a removed server end at their next packet", true},
    [SL_SYS_EXPIRE_QUIESCENT_TEMPLATE] = {"1: persistence to a server of weight 0 ends", true},
    [SL_SYS_IGNORE_TUNNELED] = {"1: packets that come out of a tunnel are left to the host", false},
    [SL_SYS_LBLC_EXPIRATION] = {"how long lblc remembers an idle destination", true},
    [SL_SYS_LBLCR_EXPIRATION] = {"how long lblcr leaves a destination's set of servers as it is", true},
    [SL_SYS_NAT_ICMP_SEND] = {"1: a server's packet of no connection is answered by ICMP", false},
    [SL_SYS_PMTU_DISC] = {"1: packets too large for a tunnel are answered by ICMP", false},
    [SL_SYS_RUN_ESTIMATION] = {"0: rates stay as they are", true},
    [SL_SYS_SCHEDULE_ICMP] = {"1: ICMP errors of no connection are scheduled by what they are about", false},
    [SL_SYS_SECURE_TCP] = {"careful TCP states: 1, 2 when memory is short, 3 always", false},
    [SL_SYS_SLOPPY_SCTP] = {"1: any SCTP packet begins a connection", false},
    [SL_SYS_SLOPPY_TCP] = {"1: any TCP packet begins a connection", true},
    [SL_SYS_SNAT_REROUTE] = {"1: a reply is routed anew once its source is the virtual address", false},
    [SL_SYS_SYNC_PERSIST_MODE] = {"1: of persistent services only templates are synchronised", false},
    [SL_SYS_SYNC_PORTS] = {"ports, one after another, that synchronisation uses", false},
    [SL_SYS_SYNC_QLEN_MAX] = {"messages of the synchronisation that may wait", false},
    [SL_SYS_SYNC_REFRESH_PERIOD] = {"how much another a connection's timeout must be to be sent again", false},
    [SL_SYS_SYNC_RETRIES] = {"how often it is sent again", false},
    [SL_SYS_SYNC_SOCK_SIZE] = {"socket buffer of the synchronisation, bytes; 0: the system's", false},
    [SL_SYS_SYNC_THRESHOLD] = {"packets of a connection before it is sent the first time", false},
    [SL_SYS_SYNC_PERIOD] = {"it is sent again every so many packets", false},
    [SL_SYS_SYNC_VERSION] = {"version of the synchronisation's messages", false},
    [SL_SYS_EXPIRE_NODEST_UDP] = {"UDP flows leave at once a removed server (1), and one of weight 0 too (2)", true},
};

int cmd_settings(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	json_t *list = json_array();

	for (unsigned i = 0; model_sysctl_at(i); i++) {
		const struct model_sysctl *s = model_sysctl_at(i);

		json_array_append_new(list,
		    json_pack("{s:s, s:I, s:I, s:I, s:I, s:s, s:s, s:b}", "name", s->name, "value", (json_int_t)api->model.sysctl[s->index],
			"default", (json_int_t)s->value, "least", (json_int_t)s->least, "most", (json_int_t)s->most, "unit", s->unit,
			"text", abouts[s->index].text, "effect", abouts[s->index].effect));
	}
	*ret_result = json_pack("{s:o}", "settings", list);
	return 0;
}

static void set_prefix(json_t *object, const char *name, bool has, const struct prefix *prefix)
{
	char text[PREFIX_TEXT];

	if (has)
		json_object_set_new_nocheck(object, name, json_string_nocheck(prefix_print(prefix, text)));
}

static json_t *rule_object(const struct rule *rule)
{
	json_t *object = json_pack("{s:I, s:I}", "id", (json_int_t)rule->id, "mark", (json_int_t)rule->mark);
	char ports[16];

	set_prefix(object, "dst", rule->has_dst, &rule->dst);
	set_prefix(object, "src", rule->has_src, &rule->src);
	if (rule->proto)
		json_object_set_new_nocheck(object, "proto", json_string_nocheck(field_proto_text(rule->proto)));
	if (rule->first_port != 0 || rule->last_port != 65535) {
		snprintf(ports, sizeof(ports), rule->first_port == rule->last_port ? "%u" : "%u-%u", rule->first_port, rule->last_port);
		json_object_set_new_nocheck(object, "ports", json_string_nocheck(ports));
	}
	return object;
}

int cmd_marks(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	json_t *list = json_array();
	struct list *at, *safe;

	list_each (at, safe, &api->model.mark_rules)
		json_array_append_new(list, rule_object(&container_of(at, struct mark_rule, link)->rule));
	*ret_result = json_pack("{s:o}", "rules", list);
	return 0;
}

int cmd_sync(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	json_t *list = json_array();
	char group[ADDR_TEXT];

	for (int role = 0; role < SYNC_ROLES; role++) {
		const struct sync_conf *s = &api->model.sync[role];

		if (!s->on)
			continue;
		json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:i, s:s, s:i, s:i}", "role",
						role == SYNC_MASTER ? "master" : "backup", "interface", s->interface, "id", s->id, "maxlen",
						s->maxlen, "group", addr_print(s->group.b, group), "port", s->port, "ttl", s->ttl));
	}
	*ret_result = json_pack("{s:o}", "daemons", list);
	return 0;
}
