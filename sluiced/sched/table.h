/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_SCHED_TABLE_H
#define SLUICED_SCHED_TABLE_H
/*
 * DOC: the tables that schedulers look up
 *
 * rr and wrr have a tree of weights (bpf/sched/tree.h); dh, sh and mh have entries that name a member by its index
 * (bpf/sched/slot.h). A table is a function of the servers in their list's order, so whoever builds it anew gets the same words: the
 * daemon's reconciler, the tests, the simulator. No state, no maps.
 */

#include <stdbool.h>
#include <stdint.h>

#include "sluice/abi.h"

/* A server of the service, in list order: newest first. */
struct sched_server {
	struct sl_addr addr;
	__be16 port;
	int32_t weight;
	int32_t last_weight; /* the last that was not 0; of a server added with 0 it is 0 */
};

struct sched_table {
	uint32_t *words; /* from malloc; NULL: the scheduler needs none */
	uint32_t count; /* words */
	uint32_t len; /* sl_svc.table_len */
};

/* Greatest common divisor; of 0 and a number it is the number. */
uint32_t sched_gcd(uint32_t a, uint32_t b);

/* The table of a service (v6: of IPv6). 0 or -ENOMEM; the caller frees ret_table->words. */
int sched_table_make(enum sl_sched sched, bool v6, const struct sched_server *servers, uint32_t count, struct sched_table *ret_table);

/*
 * wrr's bar after a change of a service's servers, which have these weights now: ip_vs_wrr.c does so at every single change, and
 * what it comes to depends on each (gcd and max are 0 if no server has a weight; a service begins with bar 0).
 */
uint32_t sched_wrr_bar(uint32_t bar, uint32_t gcd, uint32_t max);

/* Words of a table with this sl_svc.table_len; 0: none, or there is no such table. */
uint32_t sched_table_words(enum sl_sched sched, uint32_t len);

#endif
