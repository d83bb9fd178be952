/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_TXN_OWN_H
#define SLUICED_TXN_OWN_H
/* What the txn*.c files share, and nobody else sees. */

#include "sluiced/model/check.h"

#define NO_MEMORY(error) check_refuse(error, -ENOMEM, "out of memory; nothing was changed")

typedef int (*txn_fn)(struct txn *txn, const struct op *op, struct model_error *ret_error);

/* Room for a record, and its service (NULL: none) among the touched ones: after this the operation can't fail. NULL without memory. */
struct txn_rec *txn_rec_new(struct txn *txn, enum rec_kind kind, const struct sl_svc_key *key);

/* The operation's service, or NULL and the sentence. */
struct svc *txn_need_svc(struct txn *txn, const struct op *op, struct model_error *ret_error);

/* What the weights are after this operation, if the service's scheduler is wrr. */
void txn_weigh(struct txn *txn, struct txn_rec *rec, struct svc *svc);

/* txn_dest.c */
int txn_dest_add(struct txn *txn, const struct op *op, struct model_error *ret_error);
int txn_dest_edit(struct txn *txn, const struct op *op, struct model_error *ret_error);
int txn_dest_delete(struct txn *txn, const struct op *op, struct model_error *ret_error);
int txn_dest_remove(struct txn *txn, struct dest *dest, struct model_error *ret_error);

/* txn_svc.c */
int txn_svc_add(struct txn *txn, const struct op *op, struct model_error *ret_error);
int txn_svc_edit(struct txn *txn, const struct op *op, struct model_error *ret_error);
int txn_svc_delete(struct txn *txn, const struct op *op, struct model_error *ret_error);
int txn_clear(struct txn *txn, const struct op *op, struct model_error *ret_error);

/* txn_rest.c */
int txn_zero(struct txn *txn, const struct op *op, struct model_error *ret_error);
int txn_timeouts(struct txn *txn, const struct op *op, struct model_error *ret_error);
int txn_setting(struct txn *txn, const struct op *op, struct model_error *ret_error);
int txn_mark_add(struct txn *txn, const struct op *op, struct model_error *ret_error);
int txn_mark_delete(struct txn *txn, const struct op *op, struct model_error *ret_error);
int txn_sync_start(struct txn *txn, const struct op *op, struct model_error *ret_error);
int txn_sync_stop(struct txn *txn, const struct op *op, struct model_error *ret_error);

#endif
