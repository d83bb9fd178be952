/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_TXN_H
#define SLUICED_TXN_H
/*
 * DOC: a transaction: operations on the model, all or none
 *
 * txn_begin(), txn_apply() for every operation, txn_undo() if it shall not be, and txn_end(). The model shows the new state
 * from the first operation on; what each changed is kept in `recs`, from which txn_undo() puts everything back where it was (also its place
 * in the lists), the diff tells what has changed in the end, and the reconciler learns which services it has to look at. An operation
 * that is refused changes nothing and leaves the transaction usable, but its owner will want to undo the rest.
 */

#include "sluiced/model/model.h"

enum op_kind {
	OP_SVC_ADD,
	OP_SVC_EDIT,
	OP_SVC_DELETE,
	OP_DEST_ADD,
	OP_DEST_EDIT,
	OP_DEST_DELETE,
	OP_CLEAR,
	OP_ZERO,
	OP_TIMEOUTS,
};

/* One operation; which fields count depends on its kind. */
struct op {
	enum op_kind kind;
	struct sl_svc_key svc;
	const char *sched; /* NULL: the default */
	struct dest_key dest;
	enum sl_fwd fwd;
	int64_t weight;
	bool all; /* zero: every service */
	int64_t tcp, tcpfin, udp; /* timeouts in seconds; 0: unchanged */
};

/* Why an operation was refused: a sentence, what was wrong and what to write instead. */
struct model_error {
	char text[256];
};

enum rec_kind { REC_SVC_ADD, REC_SVC_EDIT, REC_SVC_DELETE, REC_DEST_ADD, REC_DEST_EDIT, REC_DEST_DELETE, REC_ZERO, REC_TIMEOUTS };

struct txn_rec {
	enum rec_kind kind;
	struct svc *svc; /* alive until the end */
	struct dest *dest;
	struct list *after; /* deletions: the link it stood behind */
	struct sl_svc_key key; /* of the service; REC_ZERO: all zero is every service */
	union {
		struct svc_conf svc_was;
		struct dest_conf dest_was;
		struct model_timeouts timeouts_was;
	};
};

/* A service that the transaction touched; each is listed once. */
struct txn_touched {
	struct list link;
	struct hnode node;
	struct sl_svc_key key;
};

struct txn {
	struct model *model;
	struct txn_rec *recs;
	size_t count, room;
	struct list touched; /* of struct txn_touched, in order */
	struct htab touched_tab;
};

void txn_begin(struct txn *txn, struct model *model);

/* 0 or -EEXIST, -ESRCH (service), -ENOENT (server, scheduler), -EINVAL, -ERANGE, -ENOSPC, -ENOSYS, -ENOMEM with a sentence. */
int txn_apply(struct txn *txn, const struct op *op, struct model_error *ret_error);

/* Put the model back as it was. The transaction still knows what it touched; txn_end() must follow. */
void txn_undo(struct txn *txn);

/* The end of a transaction, undone or not: what is in the model now stays. */
void txn_end(struct txn *txn);

#endif
