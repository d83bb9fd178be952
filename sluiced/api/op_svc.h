/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_OP_SVC_H
#define SLUICED_OP_SVC_H
/* op.c's readers of services and servers. */

#include "sluiced/api/op.h"

#define OP_SVC_NAME "op", FIELD_SVC
#define OP_SVC_OPTIONS "sched", "flags", "persist", "mask", "pe", "ops", "timeouts", "allow"
#define OP_DEST_OPTIONS "fwd", "weight", "upper", "lower", "tunnel"

int op_read_svc(const json_t *object, struct op *op, struct rpc_error *ret_error);
int op_read_dest(const json_t *object, struct op *op, struct rpc_error *ret_error);
int op_read_dest_name(const json_t *object, struct op *op, struct rpc_error *ret_error);

#endif
