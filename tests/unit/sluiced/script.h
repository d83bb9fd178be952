/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SCRIPT_H
#define TESTS_SCRIPT_H
/*
 * Transactions as text, one operation after the other, separated by ";":
 *   S+ tcp 192.0.2.1 80 rr     S~ ...     S- tcp 192.0.2.1 80                        service add, edit, delete ("-": no scheduler said)
 *   D+ tcp 192.0.2.1 80 192.0.2.11 8080 masq 1     D~ ...     D- tcp 192.0.2.1 80 192.0.2.11 8080      server
 *   clear     zero     timeouts 1 2 3
 *   set NAME VALUE
 *   M+ MARK DST SRC PROTO FIRST LAST [BEFORE]     M- ID     M- all                 classifier rules ("-": any)
 *   Y+ master|backup INTERFACE [ID]     Y- master|backup                           sync daemons
 *
 * A mark service is named "mark 7 0" or "mark6 7 0".
 * Behind the scheduler: persist=360 mask=255.255.255.0 mask=24 pe=sip ops flags=sh-port,... tcp=1 tcpfin=2 udp=3 and
 * allow=192.0.2.0/24,... allow= (nobody) allow=null. Behind the weight: upper=9 lower=3 tun=gue:5555:csum
 */

#include "sluiced/model/txn.h"

/* Apply all; stops at the first that is refused: its errno, and the sentence. */
int script_apply(struct txn *txn, const char *script, struct model_error *ret_error);

/* The model as text: "tcp 192.0.2.1:80 rr [192.0.2.11:8080 masq 1, ...]; ..." in list order. To be freed. */
char *script_print(const struct model *model);

struct sl_svc_key script_svc_key(const char *proto, const char *addr, unsigned port);
struct dest_key script_dest_key(const char *addr, unsigned port);

#endif
