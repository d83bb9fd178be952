/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_CHECK_H
#define SLUICED_CHECK_H
/* The rules that an operation's values must keep whatever the model holds (Linux 6.1's ip_vs_ctl.c and ipvsadm 1.31). */

#include "sluiced/model/txn.h"

/* Write the sentence and return `err`. */
int check_refuse(struct model_error *error, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* check_svc.c. The name, and the options as a configuration without its allow-list. */
int check_svc_name(const struct op *op, struct model_error *ret_error);
int check_svc_conf(const struct op *op, struct svc_conf *ret_conf, struct model_error *ret_error);

/* check.c */
int check_dest(const struct op *op, struct dest_conf *ret_conf, struct model_error *ret_error);
int check_timeout(const char *name, int64_t seconds, const char *zero, struct model_error *ret_error); /* zero: what 0 means */
int check_timeouts(const struct op *op, struct model_error *ret_error);
int check_setting(const struct model *model, const struct op *op, const struct model_sysctl *sysctl, struct model_error *ret_error);
int check_mark_rule(const struct op *op, struct model_error *ret_error);
int check_sync(const struct op *op, struct sync_conf *ret_conf, struct model_error *ret_error);

#endif
