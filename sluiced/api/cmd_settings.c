/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What belongs to no service: settings, the classifier's rules, sync daemons. */

#include <stdio.h>

#include "sluiced/api/cmd.h"
#include "sluiced/api/field.h"

/* The settings that have an effect in this version; the others are kept and listed, so that scripts that set them go on. */
static const bool has_effect[SL_MAX_SYSCTLS] = {
    [SL_SYS_EXPIRE_NODEST_CONN] = true,
    [SL_SYS_EXPIRE_NODEST_UDP] = true,
    [SL_SYS_RUN_ESTIMATION] = true,
};

static const char *sysctl_text(const struct model_sysctl *sysctl)
{
	return sysctl->unit;
}

int cmd_settings(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	json_t *list = json_array();

	for (unsigned i = 0; model_sysctl_at(i); i++) {
		const struct model_sysctl *s = model_sysctl_at(i);

		json_array_append_new(
		    list, json_pack("{s:s, s:I, s:I, s:I, s:I, s:s, s:s, s:b}", "name", s->name, "value",
			      (json_int_t)api->model.sysctl[s->index], "default", (json_int_t)s->value, "least", (json_int_t)s->least,
			      "most", (json_int_t)s->most, "unit", s->unit, "text", sysctl_text(s), "effect", has_effect[s->index]));
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
