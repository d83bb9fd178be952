/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/api/cmd.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sluiced/api/field.h"

static int cmd_ping(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	*ret_result = json_pack("{s:s, s:i, s:I, s:b}", "version", SLUICE_VERSION, "pid", (int)getpid(), "generation",
	    (json_int_t)api->model.generation, "ready", 1);
	return 0;
}

static int cmd_timeouts(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	const struct model_timeouts *t = &api->model.timeouts;

	*ret_result = json_pack("{s:I, s:I, s:I}", "tcp", (json_int_t)t->tcp, "tcpfin", (json_int_t)t->tcpfin, "udp", (json_int_t)t->udp);
	return 0;
}

struct counter {
	const char *name, *text;
	unsigned index;
};

static json_t *counter_list(const struct counter *rows, size_t count, const char *unit, const uint64_t *values)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		json_array_append_new(list,
		    json_pack("{s:s, s:s, s:I}", "name", rows[i].name, "text", rows[i].text, unit, (json_int_t)values[rows[i].index]));
	}
	return list;
}

static int cmd_counters(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	static const struct counter drops[] = {
#define X(name, number, text) {#name, text, number},
#include "sluice/reasons.def"
#undef X
	};
	static const struct counter events[] = {
#define X(name, number, text) {#name, text, SL_MAX_REASONS + number},
#include "sluice/events.def"
#undef X
	};
	uint64_t values[SL_MAX_COUNTERS];
	int err = api->plane->ops->counters(api->plane, values);

	if (err)
		return rpc_fail_errno(ret_error, -EIO, "the kernel's counters can't be read: %s", strerror(-err));
	*ret_result = json_pack("{s:o, s:o}", "drops", counter_list(drops, sizeof(drops) / sizeof(drops[0]), "packets", values), "events",
	    counter_list(events, sizeof(events) / sizeof(events[0]), "count", values));
	return 0;
}

static int cmd_interfaces(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	json_t *list = json_array();
	struct lanes_status s;

	for (unsigned i = 0; api->interface(api->arg, i, &s); i++) {
		json_array_append_new(list, json_pack("{s:s, s:I, s:s, s:s, s:b}", "name", s.name, "ifindex", (json_int_t)s.ifindex, "full",
						s.full, "express", s.express, "tapped", s.tapped));
	}
	*ret_result = json_pack("{s:o}", "interfaces", list);
	return 0;
}

static const char *const no_params[] = {NULL};
static const char *const change_params[] = {"ops", NULL};
static const char *const svc_params[] = {FIELD_SVC, "sums", NULL};
static const char *const conn_params[] = {"after", "client", "service", "server", "state", "templates", NULL};
static const char *const watch_params[] = {"client", "service", "server", "proto", "sample", NULL};
static const char *const watch_read_params[] = {"watch", "max", NULL};
static const char *const watch_stop_params[] = {"watch", NULL};
static const char *const record_start_params[] = {"service", NULL};
static const char *const record_params[] = {"record", NULL};
static const char *const explain_params[] = {"proto", "client", "virtual", "flags", "interface", "mark", "payload", NULL};

static const struct cmd cmds[] = {
    {"ping", API_READ, cmd_ping, no_params, NULL},
    {"change", API_CHANGE, cmd_change, change_params, NULL},
    {"services", API_READ, NULL, svc_params, cmd_services},
    {"totals", API_READ, NULL, no_params, cmd_totals},
    {"connections", API_READ, NULL, conn_params, cmd_connections},
    {"timeouts", API_READ, cmd_timeouts, no_params, NULL},
    {"settings", API_READ, cmd_settings, no_params, NULL},
    {"marks", API_READ, cmd_marks, no_params, NULL},
    {"sync", API_READ, cmd_sync, no_params, NULL},
    {"counters", API_READ, cmd_counters, no_params, NULL},
    {"interfaces", API_READ, cmd_interfaces, no_params, NULL},
    {"watch.start", API_CHANGE, cmd_watch_start, watch_params, NULL},
    {"watch.read", API_CHANGE, cmd_watch_read, watch_read_params, NULL},
    {"watch.stop", API_CHANGE, cmd_watch_stop, watch_stop_params, NULL},
    {"record.start", API_CHANGE, cmd_record_start, record_start_params, NULL},
    {"record.read", API_CHANGE, cmd_record_read, record_params, NULL},
    {"record.stop", API_CHANGE, cmd_record_stop, record_params, NULL},
    {"explain", API_READ, cmd_explain, explain_params, NULL},
};

const struct cmd *cmd_lookup(const char *name)
{
	for (size_t i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++) {
		if (strcmp(cmds[i].name, name) == 0)
			return &cmds[i];
	}
	return NULL;
}
