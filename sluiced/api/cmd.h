/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_CMD_H
#define SLUICED_CMD_H
/* The commands: a table of name, access and handler. */

#include <jansson.h>

#include "sluiced/api/rpc.h"

/* Returns 0 and a result of the caller's, or the error's code. */
typedef int (*cmd_fn)(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);

struct cmd {
	const char *name;
	enum api_access access;
	cmd_fn handler;
	const char *const *params; /* the names it takes, NULL at the end */
};

const struct cmd *cmd_lookup(const char *name);

/* cmd_change.c, cmd_list.c, cmd_explain.c, cmd_settings.c */
int cmd_change(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);
int cmd_services(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);
int cmd_explain(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);
int cmd_connections(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);
int cmd_settings(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);
int cmd_marks(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);
int cmd_sync(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error);

#endif
