/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/model/txn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sluiced/model/check.h"

#define NO_MEMORY(error) check_refuse(error, -ENOMEM, "out of memory; nothing was changed")

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

/* Room for a record, and the service among the touched ones: after this the operation can't fail. NULL without memory. */
static struct txn_rec *rec_new(struct txn *txn, enum rec_kind kind, const struct sl_svc_key *key)
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
	recs[txn->count] = (struct txn_rec){.kind = kind, .key = key ? *key : none};
	return &recs[txn->count++];
}

static struct svc *need_svc(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct svc *svc = model_svc(txn->model, &op->svc);
	char text[MODEL_NAME_TEXT];

	if (!svc)
		check_refuse(ret_error, -ESRCH, "there is no service %s: add it first", model_svc_text(&op->svc, text));
	return svc;
}

static int need_sched(const struct op *op, enum sl_sched *ret_sched, struct model_error *ret_error)
{
	int err = model_sched_parse(op->sched, ret_sched);

	if (err)
		return check_refuse(ret_error, err, "there is no scheduler \"%.32s\": use rr, wrr, lc or wlc", op->sched);
	return 0;
}

static int svc_add(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct model *model = txn->model;
	char text[MODEL_NAME_TEXT];
	struct svc_conf conf;
	struct txn_rec *rec;
	struct svc *svc;
	int err;

	if (model_svc(model, &op->svc)) {
		return check_refuse(ret_error, -EEXIST, "service %s exists already: edit it to change it", model_svc_text(&op->svc, text));
	}
	err = check_svc(op, ret_error);
	if (!err)
		err = need_sched(op, &conf.sched, ret_error);
	if (err)
		return err;
	if (model->svc_count >= SL_MAX_SVCS - 1)
		return check_refuse(ret_error, -ENOSPC, "there are %d services, and that is the most there can be", SL_MAX_SVCS - 1);
	svc = svc_new(&op->svc, &conf);
	rec = svc ? rec_new(txn, REC_SVC_ADD, &op->svc) : NULL;
	if (!rec) {
		free(svc);
		return NO_MEMORY(ret_error);
	}
	svc->order = model->next_order++;
	svc->next_order = 1;
	svc_link(model, svc, &model->svcs);
	rec->svc = svc;
	return 0;
}

static int svc_edit(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct svc *svc = need_svc(txn, op, ret_error);
	struct txn_rec *rec;
	struct svc_conf conf;
	int err;

	if (!svc)
		return -ESRCH;
	err = need_sched(op, &conf.sched, ret_error);
	if (err)
		return err;
	rec = rec_new(txn, REC_SVC_EDIT, &op->svc);
	if (!rec)
		return NO_MEMORY(ret_error);
	rec->svc = svc;
	rec->svc_was = svc->conf;
	svc->conf = conf;
	return 0;
}

static int remove_dest(struct txn *txn, struct dest *dest, struct model_error *ret_error)
{
	struct txn_rec *rec = rec_new(txn, REC_DEST_DELETE, &dest->svc->key);

	if (!rec)
		return NO_MEMORY(ret_error);
	rec->dest = dest;
	rec->after = dest->link.prev;
	dest_unlink(txn->model, dest);
	return 0;
}

static int remove_svc(struct txn *txn, struct svc *svc, struct model_error *ret_error)
{
	struct list *at, *safe;
	struct txn_rec *rec;

	list_each (at, safe, &svc->dests) {
		int err = remove_dest(txn, container_of(at, struct dest, link), ret_error);

		if (err)
			return err;
	}
	rec = rec_new(txn, REC_SVC_DELETE, &svc->key);
	if (!rec)
		return NO_MEMORY(ret_error);
	rec->svc = svc;
	rec->after = svc->link.prev;
	svc_unlink(txn->model, svc);
	return 0;
}

static int svc_delete(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct svc *svc = need_svc(txn, op, ret_error);

	return svc ? remove_svc(txn, svc, ret_error) : -ESRCH;
}

/* The direct and tunnel methods send packets to the service's own port: theirs is it, whatever was said. */
static struct dest_key forced_key(const struct op *op)
{
	return dest_key(&op->dest.addr, op->fwd == SL_FWD_MASQ ? op->dest.port : op->svc.port);
}

static int dest_add(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct svc *svc = need_svc(txn, op, ret_error);
	struct model *model = txn->model;
	struct dest_conf conf = {op->fwd, (int32_t)op->weight};
	struct dest_key key = forced_key(op);
	char text[2][MODEL_NAME_TEXT];
	struct txn_rec *rec;
	struct dest *dest;
	int err = svc ? check_dest(op, ret_error) : -ESRCH;

	if (err)
		return err;
	if (model_dest(svc, model, &key)) {
		return check_refuse(ret_error, -EEXIST, "server %s is in service %s already: edit it to change it",
		    model_dest_text(&key, text[0]), model_svc_text(&op->svc, text[1]));
	}
	if (model->dest_count >= SL_MAX_DESTS - 1)
		return check_refuse(ret_error, -ENOSPC, "there are %d servers, and that is the most there can be", SL_MAX_DESTS - 1);
	dest = dest_new(svc, &key, &conf);
	rec = dest ? rec_new(txn, REC_DEST_ADD, &op->svc) : NULL;
	if (!rec) {
		free(dest);
		return NO_MEMORY(ret_error);
	}
	dest->order = svc->next_order++;
	dest_link(model, dest, &svc->dests);
	rec->dest = dest;
	return 0;
}

static struct dest *need_dest(
    struct txn *txn, const struct op *op, const struct svc *svc, const struct dest_key *key, struct model_error *ret_error)
{
	struct dest *dest = model_dest(svc, txn->model, key);
	char text[2][MODEL_NAME_TEXT];

	if (!dest) {
		check_refuse(ret_error, -ENOENT, "there is no server %s in service %s: add it first", model_dest_text(key, text[0]),
		    model_svc_text(&op->svc, text[1]));
	}
	return dest;
}

static int dest_edit(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct svc *svc = need_svc(txn, op, ret_error);
	struct dest_key key = forced_key(op);
	struct txn_rec *rec;
	struct dest *dest;
	int err = svc ? check_dest(op, ret_error) : -ESRCH;

	if (err)
		return err;
	dest = need_dest(txn, op, svc, &key, ret_error);
	if (!dest)
		return -ENOENT;
	rec = rec_new(txn, REC_DEST_EDIT, &op->svc);
	if (!rec)
		return NO_MEMORY(ret_error);
	rec->dest = dest;
	rec->dest_was = dest->conf;
	dest->conf = (struct dest_conf){op->fwd, (int32_t)op->weight};
	return 0;
}

static int dest_delete(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct svc *svc = need_svc(txn, op, ret_error);
	struct dest *dest = svc ? need_dest(txn, op, svc, &op->dest, ret_error) : NULL;

	if (!svc)
		return -ESRCH;
	return dest ? remove_dest(txn, dest, ret_error) : -ENOENT;
}

static int clear(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct list *at, *safe;

	list_each (at, safe, &txn->model->svcs) {
		int err = remove_svc(txn, container_of(at, struct svc, link), ret_error);

		if (err)
			return err;
	}
	return 0;
}

static int zero(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	if (!op->all && !need_svc(txn, op, ret_error))
		return -ESRCH;
	return rec_new(txn, REC_ZERO, op->all ? NULL : &op->svc) ? 0 : NO_MEMORY(ret_error);
}

static int timeouts(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct model_timeouts *t = &txn->model->timeouts;
	int err = check_timeouts(op, ret_error);
	struct txn_rec *rec;

	if (err)
		return err;
	rec = rec_new(txn, REC_TIMEOUTS, NULL);
	if (!rec)
		return NO_MEMORY(ret_error);
	rec->timeouts_was = *t;
	t->tcp = op->tcp ? op->tcp : t->tcp;
	t->tcpfin = op->tcpfin ? op->tcpfin : t->tcpfin;
	t->udp = op->udp ? op->udp : t->udp;
	return 0;
}

int txn_apply(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	static int (*const handlers[])(struct txn *, const struct op *, struct model_error *) = {
	    [OP_SVC_ADD] = svc_add,
	    [OP_SVC_EDIT] = svc_edit,
	    [OP_SVC_DELETE] = svc_delete,
	    [OP_DEST_ADD] = dest_add,
	    [OP_DEST_EDIT] = dest_edit,
	    [OP_DEST_DELETE] = dest_delete,
	    [OP_CLEAR] = clear,
	    [OP_ZERO] = zero,
	    [OP_TIMEOUTS] = timeouts,
	};

	return handlers[op->kind](txn, op, ret_error);
}

static void undo(struct model *model, struct txn_rec *rec)
{
	switch (rec->kind) {
	case REC_SVC_ADD:
		svc_unlink(model, rec->svc);
		svc_free(rec->svc);
		break;
	case REC_SVC_EDIT: rec->svc->conf = rec->svc_was; break;
	case REC_SVC_DELETE: svc_link(model, rec->svc, rec->after); break;
	case REC_DEST_ADD:
		dest_unlink(model, rec->dest);
		dest_free(rec->dest);
		break;
	case REC_DEST_EDIT: rec->dest->conf = rec->dest_was; break;
	case REC_DEST_DELETE: dest_link(model, rec->dest, rec->after); break;
	case REC_ZERO: break;
	case REC_TIMEOUTS: model->timeouts = rec->timeouts_was; break;
	}
}

void txn_undo(struct txn *txn)
{
	while (txn->count)
		undo(txn->model, &txn->recs[--txn->count]);
}

void txn_end(struct txn *txn)
{
	struct list *at, *safe;

	for (size_t i = 0; i < txn->count; i++) {
		if (txn->recs[i].kind == REC_SVC_DELETE)
			svc_free(txn->recs[i].svc);
		else if (txn->recs[i].kind == REC_DEST_DELETE)
			dest_free(txn->recs[i].dest);
	}
	list_each (at, safe, &txn->touched)
		free(container_of(at, struct txn_touched, link));
	htab_fini(&txn->touched_tab);
	free(txn->recs);
}
