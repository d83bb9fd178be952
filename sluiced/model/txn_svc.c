/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations on services. */

#include <errno.h>
#include <stdlib.h>

#include "sluiced/model/txn_own.h"

int txn_svc_add(struct txn *txn, const struct op *op, struct model_error *ret_error)
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
	err = check_svc_name(op, ret_error);
	if (!err)
		err = check_svc_conf(op, &conf, ret_error);
	if (err)
		return err;
	if (model->svc_count >= SL_MAX_SVCS - 1)
		return check_refuse(ret_error, -ENOSPC, "there are %d services, and that is the most there can be", SL_MAX_SVCS - 1);
	svc = svc_new(&op->svc, &conf);
	rec = svc ? txn_rec_new(txn, REC_SVC_ADD, &op->svc) : NULL;
	if (!rec) {
		free(svc);
		return NO_MEMORY(ret_error);
	}
	svc->conf.allow = allow_get(op->conf.allow);
	svc->order = model->next_order++;
	svc->next_order = 1;
	svc_link(model, svc, &model->svcs);
	rec->svc = svc;
	return 0;
}

/* Every option that is not said takes its default, as ipvsadm -E does; the allow-list, which ipvsadm does not know, stays. */
int txn_svc_edit(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct svc *svc = txn_need_svc(txn, op, ret_error);
	struct txn_rec *rec;
	struct svc_conf conf;
	int err = svc ? check_svc_conf(op, &conf, ret_error) : -ESRCH;

	if (err)
		return err;
	rec = txn_rec_new(txn, REC_SVC_EDIT, &op->svc);
	if (!rec)
		return NO_MEMORY(ret_error);
	conf.allow = allow_get(op->conf.allow_said ? op->conf.allow : svc->conf.allow);
	rec->svc = svc;
	rec->svc_was = svc->conf;
	svc->conf = conf;
	txn_weigh(txn, rec, svc);
	return 0;
}

static int remove_svc(struct txn *txn, struct svc *svc, struct model_error *ret_error)
{
	struct list *at, *safe;
	struct txn_rec *rec;

	list_each (at, safe, &svc->dests) {
		int err = txn_dest_remove(txn, container_of(at, struct dest, link), ret_error);

		if (err)
			return err;
	}
	rec = txn_rec_new(txn, REC_SVC_DELETE, &svc->key);
	if (!rec)
		return NO_MEMORY(ret_error);
	rec->svc = svc;
	rec->after = svc->link.prev;
	svc_unlink(txn->model, svc);
	return 0;
}

int txn_svc_delete(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct svc *svc = txn_need_svc(txn, op, ret_error);

	return svc ? remove_svc(txn, svc, ret_error) : -ESRCH;
}

int txn_clear(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct list *at, *safe;

	list_each (at, safe, &txn->model->svcs) {
		int err = remove_svc(txn, container_of(at, struct svc, link), ret_error);

		if (err)
			return err;
	}
	return 0;
}
