/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sluiced/model/txn_own.h"

void txn_begin(struct txn *txn, struct model *model)
{
	*txn = (struct txn){.model = model};
	list_init(&txn->touched);
	htab_init(&txn->touched_tab);
}

static bool is_touched(const struct txn *txn, const struct sl_svc_key *key, uint64_t hash)
{
	for (struct hnode *node = htab_first(&txn->touched_tab, hash); node; node = htab_next(node)) {
		if (memcmp(&container_of(node, struct txn_touched, node)->key, key, sizeof(*key)) == 0)
			return true;
	}
	return false;
}

static int touch(struct txn *txn, const struct sl_svc_key *key)
{
	uint64_t hash = hash_bytes(key, sizeof(*key), 0);
	struct txn_touched *touched;

	if (is_touched(txn, key, hash))
		return 0;
	touched = calloc(1, sizeof(*touched));
	if (!touched)
		return -ENOMEM;
	touched->key = *key;
	list_append(&txn->touched, &touched->link);
	htab_insert(&txn->touched_tab, &touched->node, hash);
	return 0;
}

struct txn_rec *txn_rec_new(struct txn *txn, enum rec_kind kind, const struct sl_svc_key *key)
{
	static const struct sl_svc_key none;
	struct txn_rec *recs = txn->recs;

	if (txn->count == txn->room) {
		size_t room = txn->room ? 2 * txn->room : 16;

		recs = realloc(recs, room * sizeof(*recs));
		if (!recs)
			return NULL;
		txn->recs = recs;
		txn->room = room;
	}
	if (kind < REC_ZERO && touch(txn, key))
		return NULL;
	txn->kinds |= 1U << kind;
	recs[txn->count] = (struct txn_rec){.kind = kind, .key = key ? *key : none};
	return &recs[txn->count++];
}

struct svc *txn_need_svc(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct svc *svc = model_svc(txn->model, &op->svc);
	char text[MODEL_NAME_TEXT];

	if (!svc)
		check_refuse(ret_error, -ESRCH, "there is no service %s: add it first", model_svc_text(&op->svc, text));
	return svc;
}

#define WEIGHED_MOST \
	(1 << 26) /* a quarter of a second; from then on wrr hears of no change between the first and the last of a transaction */

static uint32_t gcd(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static void weigh_one(struct svc_weights *weights, uint32_t weight)
{
	weights->gcd = gcd(weights->gcd, weight);
	weights->max = weight > weights->max ? weight : weights->max;
}

void txn_weigh(struct txn *txn, struct txn_rec *rec, struct svc *svc)
{
	struct list *at, *safe;

	if (svc->conf.sched != SL_SCHED_WRR || txn->weighed > WEIGHED_MOST) {
		svc->weights.known = false;
		return;
	}
	if (svc->weights.known && rec->kind == REC_DEST_ADD) {
		weigh_one(&svc->weights, rec->dest->conf.weight);
	} else {
		svc->weights = (struct svc_weights){.known = true};
		list_each (at, safe, &svc->dests)
			weigh_one(&svc->weights, container_of(at, struct dest, link)->conf.weight);
		txn->weighed += svc->dest_count;
	}
	rec->weights = svc->weights;
}

bool txn_has(const struct txn *txn, enum rec_kind kind)
{
	return txn->kinds >> kind & 1;
}

static const txn_fn handlers[OP_KINDS] = {
    [OP_SVC_ADD] = txn_svc_add,
    [OP_SVC_EDIT] = txn_svc_edit,
    [OP_SVC_DELETE] = txn_svc_delete,
    [OP_DEST_ADD] = txn_dest_add,
    [OP_DEST_EDIT] = txn_dest_edit,
    [OP_DEST_DELETE] = txn_dest_delete,
    [OP_CLEAR] = txn_clear,
    [OP_ZERO] = txn_zero,
    [OP_TIMEOUTS] = txn_timeouts,
    [OP_SETTING] = txn_setting,
    [OP_MARK_ADD] = txn_mark_add,
    [OP_MARK_DELETE] = txn_mark_delete,
    [OP_SYNC_START] = txn_sync_start,
    [OP_SYNC_STOP] = txn_sync_stop,
};

int txn_apply(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	return handlers[op->kind](txn, op, ret_error);
}

static void undo_svc(struct model *model, struct txn_rec *rec)
{
	if (rec->kind == REC_SVC_ADD) {
		svc_unlink(model, rec->svc);
		svc_free(rec->svc);
	} else if (rec->kind == REC_SVC_EDIT) {
		allow_put(rec->svc->conf.allow);
		rec->svc->conf = rec->svc_was;
	} else {
		svc_link(model, rec->svc, rec->after);
	}
}

static void undo_dest(struct model *model, struct txn_rec *rec)
{
	rec->dest->svc->weights.known = false;
	if (rec->kind == REC_DEST_ADD) {
		dest_unlink(model, rec->dest);
		dest_free(rec->dest);
	} else if (rec->kind == REC_DEST_EDIT) {
		rec->dest->conf = rec->dest_was;
	} else {
		dest_link(model, rec->dest, rec->after);
	}
}

static void undo(struct model *model, struct txn_rec *rec)
{
	switch (rec->kind) {
	case REC_SVC_ADD:
	case REC_SVC_EDIT:
	case REC_SVC_DELETE: undo_svc(model, rec); break;
	case REC_DEST_ADD:
	case REC_DEST_EDIT:
	case REC_DEST_DELETE: undo_dest(model, rec); break;
	case REC_TIMEOUTS: model->timeouts = rec->timeouts_was; break;
	case REC_SETTING: model->sysctl[rec->index] = rec->value_was; break;
	case REC_MARK_ADD:
		list_remove(&rec->rule->link);
		model->mark_rule_count--;
		free(rec->rule);
		break;
	case REC_MARK_DELETE:
		list_add(rec->after, &rec->rule->link);
		model->mark_rule_count++;
		break;
	case REC_SYNC: model->sync[rec->index] = rec->sync_was; break;
	case REC_ZERO:
	case REC_KINDS: break;
	}
}

void txn_undo(struct txn *txn)
{
	while (txn->count)
		undo(txn->model, &txn->recs[--txn->count]);
}

/* What a record kept for the undo. */
static void rec_free(struct txn_rec *rec)
{
	if (rec->kind == REC_SVC_DELETE)
		svc_free(rec->svc);
	else if (rec->kind == REC_SVC_EDIT)
		allow_put(rec->svc_was.allow);
	else if (rec->kind == REC_DEST_DELETE)
		dest_free(rec->dest);
	else if (rec->kind == REC_MARK_DELETE)
		free(rec->rule);
}

void txn_end(struct txn *txn)
{
	struct list *at, *safe;

	for (size_t i = 0; i < txn->count; i++)
		rec_free(&txn->recs[i]);
	list_each (at, safe, &txn->touched)
		free(container_of(at, struct txn_touched, link));
	htab_fini(&txn->touched_tab);
	free(txn->recs);
}
