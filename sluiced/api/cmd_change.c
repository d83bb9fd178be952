/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A change: operations read, applied to the model as one transaction, brought to the plane. */

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "sluiced/api/cmd.h"
#include "sluiced/api/op.h"
#include "sluiced/model/diff.h"

#define MAX_OPS 200000 /* a change; more is no configuration */

static int apply_op(struct txn *txn, const json_t *object, struct rpc_error *ret_error)
{
	struct model_error error;
	struct op op;
	int err = op_init(&op, object, ret_error);

	if (err)
		return err;
	err = txn_apply(txn, &op, &error);
	op_fini(&op);
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
		if (!txn->recs[i].all) {
			zero_svc(api, &txn->recs[i].key);
			continue;
		}
		stats_zero_total(api->stats);
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
