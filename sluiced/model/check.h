/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_CHECK_H
#define SLUICED_CHECK_H
/* The rules that an operation's values must keep whatever the model holds (Linux 6.1's ip_vs_ctl.c and ipvsadm 1.31). */

#include "sluiced/model/txn.h"

/* Write the sentence and return `err`. */
int check_refuse(struct model_error *error, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));

int check_svc(const struct op *op, struct model_error *ret_error);
int check_dest(const struct op *op, struct model_error *ret_error);
int check_timeouts(const struct op *op, struct model_error *ret_error);

#endif
