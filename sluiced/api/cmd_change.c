/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A change: operations read, applied to the model as one transaction, brought to the plane. */

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "sluiced/api/cmd.h"
#include "sluiced/api/field.h"
#include "sluiced/model/diff.h"
#include "sluiced/model/txn.h"

#define MAX_OPS 200000 /* a change; more is no configuration */

typedef int (*read_fn)(const json_t *object, struct op *op, struct rpc_error *ret_error);

static int read_name(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	return field_svc(object, &op->svc, ret_error);
}

static int read_svc(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	int err = field_svc(object, &op->svc, ret_error);

	return err ? err : field_text(object, "sched", &op->sched, ret_error);
}

/* The service's name and the server's; its port is the service's unless it is said. */
static int read_dest_name(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	static const char *const names[] = {"addr", "port", NULL};
	const json_t *server = json_object_get(object, "server");
	struct sl_addr addr;
	__be16 port;
	int err = field_svc(object, &op->svc, ret_error);

	if (err)
		return err;
	if (!json_is_object(server))
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"server\" must be an object with \"addr\" and \"port\"");
	port = op->svc.port;
	err = field_only(server, names, ret_error);
	if (!err)
		err = field_addr(server, &addr, ret_error);
	if (!err)
		err = field_port(server, &port, ret_error);
	if (!err)
		op->dest = dest_key(&addr, port);
	return err;
}

static int read_dest(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	int err = read_dest_name(object, op, ret_error);

	op->fwd = SL_FWD_DROUTE;
	op->weight = 1;
	if (!err)
		err = field_fwd(object, &op->fwd, ret_error);
	if (!err)
		err = field_number(object, "weight", &op->weight, ret_error);
	return err;
}

static int read_nothing(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	return 0;
}

static int read_zero(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	op->all = json_object_size(object) == 1;
	return op->all ? 0 : read_name(object, op, ret_error);
}

static int read_timeouts(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	int err = field_number(object, "tcp", &op->tcp, ret_error);

	if (!err)
		err = field_number(object, "tcpfin", &op->tcpfin, ret_error);
	return err ? err : field_number(object, "udp", &op->udp, ret_error);
}

#define SVC_NAME "op", "proto", "addr", "port"

static const struct {
	const char *name;
	enum op_kind kind;
	read_fn read;
	const char *fields[8];
} ops[] = {
    {"service.add", OP_SVC_ADD, read_svc, {SVC_NAME, "sched", NULL}},
    {"service.edit", OP_SVC_EDIT, read_svc, {SVC_NAME, "sched", NULL}},
    {"service.delete", OP_SVC_DELETE, read_name, {SVC_NAME, NULL}},
    {"server.add", OP_DEST_ADD, read_dest, {SVC_NAME, "server", "fwd", "weight", NULL}},
    {"server.edit", OP_DEST_EDIT, read_dest, {SVC_NAME, "server", "fwd", "weight", NULL}},
    {"server.delete", OP_DEST_DELETE, read_dest_name, {SVC_NAME, "server", NULL}},
    {"clear", OP_CLEAR, read_nothing, {"op", NULL}},
    {"zero", OP_ZERO, read_zero, {SVC_NAME, NULL}},
    {"timeouts", OP_TIMEOUTS, read_timeouts, {"op", "tcp", "tcpfin", "udp", NULL}},
};

static int read_op(const json_t *object, struct op *ret_op, struct rpc_error *ret_error)
{
	const char *name = json_string_value(json_object_get(object, "op"));
	int err;

	if (!name)
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "an operation is an object with an \"op\" that is a string");
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (strcmp(ops[i].name, name) != 0)
			continue;
		*ret_op = (struct op){.kind = ops[i].kind};
		err = field_only(object, ops[i].fields, ret_error);
		return err ? err : ops[i].read(object, ret_op, ret_error);
	}
	return rpc_fail(ret_error, RPC_BAD_PARAMS, "there is no operation \"%.40s\"", name);
}

static int apply_op(struct txn *txn, const json_t *object, struct rpc_error *ret_error)
{
	struct model_error error;
	struct op op;
	int err = read_op(object, &op, ret_error);

	if (err)
		return err;
	err = txn_apply(txn, &op, &error);
	return err ? rpc_fail_errno(ret_error, err, "%s", error.text) : 0;
}

static int apply_ops(struct txn *txn, const json_t *list, struct rpc_error *ret_error)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		int err = apply_op(txn, json_array_get(list, i), ret_error);

		if (err) {
			ret_error->op = i;
			return err;
		}
	}
	return 0;
}

static void zero_svc(struct api *api, const struct sl_svc_key *key)
{
	uint32_t id = reconcile_svc_id(api->rec, key);

	if (id)
		stats_zero(api->stats, id);
}

/* Counters are no configuration: they are zeroed once the rest is done. */
static void zero_counters(struct api *api, const struct txn *txn)
{
	struct list *at, *safe;

	for (size_t i = 0; i < txn->count; i++) {
		if (txn->recs[i].kind != REC_ZERO)
			continue;
		if (txn->recs[i].key.proto) {
			zero_svc(api, &txn->recs[i].key);
			continue;
		}
		list_each (at, safe, &api->model.svcs)
			zero_svc(api, &container_of(at, struct svc, link)->key);
	}
}

static void log_diff(const struct api *api, const struct diff *diff)
{
	char text[DIFF_TEXT];

	log_info("generation %llu: %zu changed", (unsigned long long)api->model.generation, diff->count);
	for (size_t i = 0; i < diff->count; i++)
		log_debug("%s", diff_text(&diff->items[i], text));
}

static int refuse_plane(const struct api *api, int err, struct rpc_error *ret_error)
{
	if (err == -ENOSPC) {
		return rpc_fail_errno(ret_error, err, "there is no room for this change: %u removed servers still have connections",
		    reconcile_lingering(api->rec));
	}
	return rpc_fail_errno(ret_error, -EIO, "the kernel refused: %s; nothing was changed", strerror(-err));
}

static int commit(struct api *api, struct txn *txn, json_t **ret_result, struct rpc_error *ret_error)
{
	struct diff diff = {0};
	int err = diff_init(&diff, txn);

	if (!err)
		err = reconcile_commit(api->rec, txn, api->now_ms(api->arg));
	if (err) {
		diff_fini(&diff);
		txn_undo(txn);
		return refuse_plane(api, err, ret_error);
	}
	zero_counters(api, txn);
	if (diff.count) {
		api->model.generation++;
		log_diff(api, &diff);
	}
	*ret_result = json_pack("{s:I, s:I}", "generation", (json_int_t)api->model.generation, "changed", (json_int_t)diff.count);
	diff_fini(&diff);
	return 0;
}

int cmd_change(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	const json_t *list = json_object_get(params, "ops");
	struct txn txn;
	int err;

	if (!json_is_array(list))
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"ops\" must be an array of operations");
	if (json_array_size(list) > MAX_OPS)
		return rpc_fail_errno(ret_error, -ENOSPC, "at most %d operations fit a change", MAX_OPS);
	txn_begin(&txn, &api->model);
	err = apply_ops(&txn, list, ret_error);
	if (err)
		txn_undo(&txn);
	else
		err = commit(api, &txn, ret_result, ret_error);
	txn_end(&txn);
	return err;
}
