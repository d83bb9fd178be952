/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations on servers. */

#include <errno.h>
#include <stdlib.h>

#include "sluiced/model/txn_own.h"

/* The direct and tunnel methods send packets to the service's own port: theirs is it, whatever was said. A mark has no port. */
static struct dest_key forced_key(const struct op *op)
{
	bool said = op->server.fwd == SL_FWD_MASQ || svc_key_is_mark(&op->svc);

	return dest_key(&op->dest.addr, said ? op->dest.port : op->svc.port);
}

static int check_mixed(const struct model *model, const struct op *op, struct model_error *ret_error)
{
	if (addr_is_v4(op->svc.addr.b) == addr_is_v4(op->dest.addr.b) || (!model->sync[SYNC_MASTER].on && !model->sync[SYNC_BACKUP].on))
		return 0;
	return check_refuse(ret_error, -EINVAL,
	    "while a sync daemon runs no server can be of another address family than its service: stop the daemon first");
}

static int check_room(const struct model *model, const struct svc *svc, struct model_error *ret_error)
{
	if (svc->dest_count >= SL_MAX_SVC_DESTS)
		return check_refuse(ret_error, -ENOSPC, "the service has %d servers, and that is the most there can be", SL_MAX_SVC_DESTS);
	if (model->dest_count >= SL_MAX_DESTS - 1)
		return check_refuse(ret_error, -ENOSPC, "there are %d servers, and that is the most there can be", SL_MAX_DESTS - 1);
	return 0;
}

int txn_dest_add(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct svc *svc = txn_need_svc(txn, op, ret_error);
	struct model *model = txn->model;
	struct dest_key key = forced_key(op);
	char text[2][MODEL_NAME_TEXT];
	struct dest_conf conf;
	struct txn_rec *rec;
	struct dest *dest;
	int err = svc ? check_dest(op, &conf, ret_error) : -ESRCH;

	if (!err)
		err = check_mixed(model, op, ret_error);
	if (err)
		return err;
	if (model_dest(svc, model, &key)) {
		return check_refuse(ret_error, -EEXIST, "server %s is in service %s already: edit it to change it",
		    model_dest_text(&key, text[0]), model_svc_text(&op->svc, text[1]));
	}
	err = check_room(model, svc, ret_error);
	if (err)
		return err;
	conf.last_weight = conf.weight;
	dest = dest_new(svc, &key, &conf);
	rec = dest ? txn_rec_new(txn, REC_DEST_ADD, &op->svc) : NULL;
	if (!rec) {
		free(dest);
		return NO_MEMORY(ret_error);
	}
	dest->order = svc->next_order++;
	dest_link(model, dest, &svc->dests);
	rec->dest = dest;
	txn_weigh(txn, rec, svc);
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

int txn_dest_edit(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct svc *svc = txn_need_svc(txn, op, ret_error);
	struct dest_key key = forced_key(op);
	struct dest_conf conf;
	struct txn_rec *rec;
	struct dest *dest;
	int err = svc ? check_dest(op, &conf, ret_error) : -ESRCH;

	if (!err)
		err = check_mixed(txn->model, op, ret_error);
	if (err)
		return err;
	dest = need_dest(txn, op, svc, &key, ret_error);
	if (!dest)
		return -ENOENT;
	rec = txn_rec_new(txn, REC_DEST_EDIT, &op->svc);
	if (!rec)
		return NO_MEMORY(ret_error);
	rec->dest = dest;
	rec->dest_was = dest->conf;
	conf.last_weight = conf.weight ? conf.weight : dest->conf.last_weight;
	dest->conf = conf;
	txn_weigh(txn, rec, svc);
	return 0;
}

int txn_dest_remove(struct txn *txn, struct dest *dest, struct model_error *ret_error)
{
	struct txn_rec *rec = txn_rec_new(txn, REC_DEST_DELETE, &dest->svc->key);

	if (!rec)
		return NO_MEMORY(ret_error);
	rec->dest = dest;
	rec->after = dest->link.prev;
	dest->svc->weights.known = false;
	dest_unlink(txn->model, dest);
	return 0;
}

int txn_dest_delete(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct svc *svc = txn_need_svc(txn, op, ret_error);
	struct dest *dest = svc ? need_dest(txn, op, svc, &op->dest, ret_error) : NULL;
	int err;

	if (!svc)
		return -ESRCH;
	if (!dest)
		return -ENOENT;
	err = txn_dest_remove(txn, dest, ret_error);
	if (!err)
		txn_weigh(txn, &txn->recs[txn->count - 1], svc);
	return err;
}
