/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SCRIPT_H
#define TESTS_SCRIPT_H
/*
 * Transactions as text, one operation after the other, separated by ";":
 *   S+ tcp 192.0.2.1 80 rr     S~ ...     S- tcp 192.0.2.1 80                        service add, edit, delete ("-": no scheduler said)
 *   D+ tcp 192.0.2.1 80 192.0.2.11 8080 masq 1     D~ ...     D- tcp 192.0.2.1 80 192.0.2.11 8080      server
 *   clear     zero     timeouts 1 2 3
 */

#include "sluiced/model/txn.h"

/* Apply all; stops at the first that is refused: its errno, and the sentence. */
int script_apply(struct txn *txn, const char *script, struct model_error *ret_error);

/* The model as text: "tcp 192.0.2.1:80 rr [192.0.2.11:8080 masq 1, ...]; ..." in list order. To be freed. */
char *script_print(const struct model *model);

struct sl_svc_key script_svc_key(const char *proto, const char *addr, unsigned port);
struct dest_key script_dest_key(const char *addr, unsigned port);

#endif
