/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_OP_H
#define SLUICED_OP_H
/* Operations of a change, from JSON. */

#include <jansson.h>

#include "sluiced/api/rpc.h"
#include "sluiced/model/txn.h"

/* Read one; its texts are the object's. 0, or the error's code. op_fini() gives back what it holds, in the first case only. */
int op_init(struct op *ret_op, const json_t *object, struct rpc_error *ret_error);
void op_fini(struct op *op);

#endif
