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
	OP_SETTING,
	OP_MARK_ADD,
	OP_MARK_DELETE,
	OP_SYNC_START,
	OP_SYNC_STOP,
	OP_KINDS
};

#define OP_MAX_FLAGS 8

enum op_mask { OP_MASK_NONE, OP_MASK_LEN, OP_MASK_ADDR };

/* Options of a service, as they were said. */
struct op_svc {
	const char *sched; /* NULL: the default */
	const char *flags[OP_MAX_FLAGS];
	unsigned flag_count;
	const char *pe; /* NULL: none */
	bool ops, persistent;
	int64_t persist; /* seconds */
	enum op_mask mask_kind;
	int64_t mask_len;
	struct sl_addr mask;
	int64_t tcp, tcpfin, udp; /* timeouts of its own in seconds; 0: the global one */
	bool allow_said; /* edit: not said keeps the list */
	struct allow *allow; /* the caller's reference */
};

/* Options of a server, as they were said. */
struct op_dest {
	enum sl_fwd fwd;
	int64_t weight, upper, lower;
	bool tunnel_said;
	enum sl_tun tun_type;
	uint8_t tun_flags;
	int64_t tun_port;
};

/* A sync daemon, as it was said; numbers -1 and group ::: the default. */
struct op_sync {
	enum sync_role role;
	const char *interface;
	bool group_said;
	struct sl_addr group;
	int64_t id, maxlen, port, ttl;
	uint32_t mtu; /* of the interface; 0: there is no such interface */
};

/* One operation; which fields count depends on its kind. */
struct op {
	enum op_kind kind;
	struct sl_svc_key svc;
	struct op_svc conf;
	struct dest_key dest;
	struct op_dest server;
	bool all; /* zero: every service; mark.delete: every rule */
	int64_t tcp, tcpfin, udp; /* timeouts in seconds; 0: unchanged */
	const char *name; /* setting */
	int64_t value;
	struct rule rule; /* mark.add; its id and mark are not looked at */
	int64_t rule_id; /* mark.delete; mark.add: before this one, 0 at the end */
	int64_t mark; /* mark.add */
	struct op_sync sync;
};

/* Why an operation was refused: a sentence, what was wrong and what to write instead. */
struct model_error {
	char text[256];
};

enum rec_kind {
	REC_SVC_ADD,
	REC_SVC_EDIT,
	REC_SVC_DELETE,
	REC_DEST_ADD,
	REC_DEST_EDIT,
	REC_DEST_DELETE,
	REC_ZERO, /* from here on: of no service's configuration */
	REC_TIMEOUTS,
	REC_SETTING,
	REC_MARK_ADD,
	REC_MARK_DELETE,
	REC_SYNC,
	REC_KINDS
};

struct txn_rec {
	enum rec_kind kind;
	struct svc *svc; /* alive until the end */
	struct dest *dest;
	struct mark_rule *rule; /* alive until the end */
	struct list *after; /* deletions: the link it stood behind */
	struct sl_svc_key key; /* of the service; REC_ZERO: see all */
	bool all; /* REC_ZERO: every service */
	struct svc_weights weights; /* of a service under wrr: what its servers' weights were after this operation */
	unsigned index; /* REC_SETTING: enum sl_sysctl; REC_SYNC: enum sync_role */
	union {
		struct svc_conf svc_was; /* with its reference */
		struct dest_conf dest_was;
		struct model_timeouts timeouts_was;
		struct sync_conf sync_was;
		int32_t value_was;
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
	uint64_t weighed; /* servers looked at for the records' weights */
	uint32_t kinds; /* bit set: there is or was a record of this kind */
	struct list touched; /* of struct txn_touched, in order */
	struct htab touched_tab;
};

void txn_begin(struct txn *txn, struct model *model);

/* 0 or -EEXIST, -ESRCH (service), -ENOENT (server, scheduler), -EINVAL, -ERANGE, -ENOSPC, -ENOSYS, -ENODEV, -ENOMEM with a sentence. */
int txn_apply(struct txn *txn, const struct op *op, struct model_error *ret_error);

/* Does the transaction hold a record of this kind? */
bool txn_has(const struct txn *txn, enum rec_kind kind);

/* Put the model back as it was. The transaction still knows what it touched; txn_end() must follow. */
void txn_undo(struct txn *txn);

/* The end of a transaction, undone or not: what is in the model now stays. */
void txn_end(struct txn *txn);

#endif
