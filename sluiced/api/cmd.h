/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_CMD_H
#define SLUICED_CMD_H
/* The commands: a table of name, access and handler. */

#include <jansson.h>

#include "sluiced/api/rpc.h"
#include "sluiced/api/text.h"

/* Returns 0 and a result of the caller's, or the error's code. */
typedef int (*cmd_fn)(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);

/* The same for a large result: it is written as JSON into `out`. */
typedef int (*cmd_text_fn)(struct api *api, const json_t *params, struct text *out, struct rpc_error *ret_error);

struct cmd {
	const char *name;
	enum api_access access;
	cmd_fn handler; /* or NULL */
	const char *const *params; /* the names it takes, NULL at the end */
	cmd_text_fn write; /* if there is no handler */
};

const struct cmd *cmd_lookup(const char *name);

/* Call about once a second: the taps of somebody who has gone are taken away. */
void cmd_watch_tick(struct api *api);
void cmd_watch_end(struct api *api);

/* What explain found out, for an answer; `brief`: without the service's servers. */
json_t *cmd_explain_object(const struct api *api, const struct explain_result *result, bool brief);

/* cmd_change.c, cmd_list.c, cmd_conns.c, cmd_explain.c, cmd_watch.c, cmd_settings.c */
int cmd_change(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);
int cmd_services(struct api *api, const json_t *params, struct text *out, struct rpc_error *ret_error);
int cmd_totals(struct api *api, const json_t *params, struct text *out, struct rpc_error *ret_error);
int cmd_watch_start(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);
int cmd_watch_read(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);
int cmd_watch_stop(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);
int cmd_explain(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);
int cmd_connections(struct api *api, const json_t *params, struct text *out, struct rpc_error *ret_error);
int cmd_settings(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);
int cmd_marks(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);
int cmd_sync(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);

/* cmd_record.c: start, read and stop; the tick ends a recording that nobody reads. */
int cmd_record_start(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);
int cmd_record_read(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);
int cmd_record_stop(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);
void cmd_record_tick(struct api *api);
void cmd_record_end(struct api *api);

#endif
