/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TEST_SCHED_REFERENCE_H
#define TEST_SCHED_REFERENCE_H
/*
 * DOC: IPVS's schedulers, the long way
 *
 * Written from what they are said to do, with nothing in common with bpf/sched/ and sluiced/sched/: lists are walked, tables are kept
 * as they are described, every change is heard of at once. Slow and plain.
 */

#include <stdbool.h>
#include <stdint.h>

#include "sluice/abi.h"

enum { REF_MAX = 600, REF_CACHES = 64, REF_SET = 64 };

struct ref_server {
	uint32_t id; /* never used twice */
	uint8_t addr[16];
	bool v4;
	uint16_t port;
	int weight, last_weight;
	uint32_t active, inactive;
	bool over;
	bool gone; /* deleted; kept for those who remember it */
};

struct ref_cache {
	uint8_t daddr[16];
	uint64_t used, changed; /* seconds */
	unsigned count;
	struct ref_server *set[REF_SET]; /* newest first */
};

struct reference {
	enum sl_sched sched;
	bool fallback, port, v6;
	struct ref_server *list[REF_MAX]; /* newest first */
	unsigned count;
	struct ref_server *last; /* rr, wrr: used last; NULL: the list's head */
	int cw, mw, di; /* wrr */
	struct ref_server *table[4093]; /* dh, sh, mh; NULL: nobody */
	struct ref_cache caches[REF_CACHES]; /* lblc, lblcr */
	unsigned cache_count;
	uint64_t expiration; /* lblcr */
};

struct ref_packet {
	uint8_t src[16], dst[16];
	bool v6;
	uint16_t sport;
	uint64_t now; /* seconds */
};

void ref_bind(struct reference *r, enum sl_sched sched, bool fallback, bool port, bool v6);
void ref_add(struct reference *r, struct ref_server *s); /* weight is set */
void ref_edit(struct reference *r, struct ref_server *s, int weight);
void ref_delete(struct reference *r, struct ref_server *s);
struct ref_server *ref_pick(struct reference *r, const struct ref_packet *p);

/* The servers that twos may choose: those with a weight that are not overloaded. */
bool ref_usable(const struct ref_server *s);

#endif
