/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A transaction on its way to the plane, and back if the plane refuses. */

#include "sluiced/plane/reconcile.h"

#include <string.h>

#include "base/log.h"
#include "sluiced/plane/reconcile_own.h"

/* Timeouts and settings, and what follows from them for services and servers that the transaction need not have touched. */
static void globals_write(struct reconcile *rec, const struct txn *txn)
{
	const struct model *model = txn->model;
	struct list *at, *safe;

	rec_global_write(rec, model);
	if (txn_has(txn, REC_SETTING))
		rec_dest_flags_refresh(rec);
	if (!txn_has(txn, REC_TIMEOUTS))
		return;
	list_each (at, safe, &model->svcs) {
		const struct svc *svc = container_of(at, struct svc, link);
		uint32_t id = reconcile_svc_id(rec, &svc->key);

		if (id)
			rec_own_write(rec, model, svc, id);
	}
}

/* Did the transaction change anybody's timeouts? Then the least of them may be another. */
static bool owns_changed(const struct txn *txn)
{
	return txn_has(txn, REC_TIMEOUTS) || txn_has(txn, REC_SVC_ADD) || txn_has(txn, REC_SVC_EDIT) || txn_has(txn, REC_SVC_DELETE);
}

static int apply(struct reconcile *rec, struct txn *txn, struct list **ret_failed, uint64_t now_ms)
{
	struct list *at, *safe;
	int err;

	list_each (at, safe, &txn->touched) {
		err = rec_svc_apply(rec, txn->model, &container_of(at, struct txn_touched, link)->key, now_ms);
		if (err) {
			*ret_failed = at;
			return err;
		}
	}
	return txn_has(txn, REC_MARK_ADD) || txn_has(txn, REC_MARK_DELETE) ? rec_marks_write(rec, txn->model, now_ms) : 0;
}

/* The model is as it was; make the plane so, up to the service that failed. The rules come last: they were not set. */
static void put_back(struct reconcile *rec, struct txn *txn, struct list *failed, uint64_t now_ms)
{
	struct list *at, *safe;

	globals_write(rec, txn);
	list_each (at, safe, &txn->touched) {
		const struct txn_touched *touched = container_of(at, struct txn_touched, link);
		int err = rec_svc_apply(rec, txn->model, &touched->key, now_ms);
		char text[MODEL_NAME_TEXT];

		if (err)
			log_err("service %s could not be put back as it was: %s", model_svc_text(&touched->key, text), strerror(-err));
		if (at == failed)
			return;
	}
}

int reconcile_commit(struct reconcile *rec, struct txn *txn, uint64_t now_ms)
{
	struct list *failed = NULL;
	int err;

	globals_write(rec, txn);
	rec_turns(rec, txn);
	err = apply(rec, txn, &failed, now_ms);
	if (err) {
		txn_undo(txn);
		rec->commit++; /* what it said of places is void */
		put_back(rec, txn, failed, now_ms);
	}
	if (owns_changed(txn))
		rec_own_least_write(rec);
	return err;
}
