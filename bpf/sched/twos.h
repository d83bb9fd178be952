/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_TWOS_H
#define SLUICE_SCHED_TWOS_H
/*
 * Power of two choices (ip_vs_twos.c): two servers are drawn at random by their weights, the one with the lesser overhead per
 * weight is taken. As there, numbers are drawn from 0 to the total weight, both included, so the first server is
 * drawn a little more often than its weight says.
 */

#include "bpf/sched/scan.h"

struct twos_draw {
	__u64 left; /* weight still to pass */
	__u32 dest; /* the one it ended in; 0 not yet */
	__s32 weight;
	__u64 cost;
};

struct twos_scan {
	struct sched_scan scan;
	__u32 count;
	__u64 total; /* of those that may be given a connection */
	struct twos_draw draw[2];
};

/* A number from 0 to `most`. */
SL_INLINE __u64 twos_random(__u64 most)
{
	__u64 r = bpf_get_prandom_u32();

	if (likely(most < 0xffffffffULL))
		return r * (most + 1) >> 32;
	return (r << 32 | bpf_get_prandom_u32()) / (~0ULL / (most + 1) + 1);
}

SL_INLINE void twos_pass(struct twos_draw *draw, const struct sl_member *m, const struct sl_load *now)
{
	if (draw->dest)
		return;
	if (draw->left > (__u32)m->weight) {
		draw->left -= m->weight;
		return;
	}
	draw->dest = m->dest;
	draw->weight = m->weight;
	draw->cost = sched_overhead(now);
}

static long twos_visit(__u32 i, void *arg)
{
	struct twos_scan *scan = arg;
	struct sl_load now;
	const struct sl_member *m = sched_member(&scan->scan, i, &now);

	if (!m)
		return 0;
	scan->total += m->weight;
	twos_pass(&scan->draw[0], m, &now);
	twos_pass(&scan->draw[1], m, &now);
	return 0;
}

/* Two draws among members whose weights add up to `total`. */
SL_INLINE void twos_round(struct twos_scan *scan, __u64 total)
{
	__u64 zero = sched_zero(total);

	scan->total = zero;
	for (int i = 0; i < 2; i++)
		scan->draw[i] = (struct twos_draw){.left = twos_random(total), .dest = zero, .weight = zero, .cost = zero};
	sched_scan(scan->count, twos_visit, scan);
}

/* Overloaded servers don't count. The daemon's sum has them: if there are any, the draw is made again without. */
APART __u32 twos_pick(const struct sl_svc *svc)
{
	struct twos_scan scan = {};
	const struct twos_draw *a = &scan.draw[0], *b = &scan.draw[1];

	if (!sched_begin(&scan.scan, svc))
		return 0;
	scan.count = svc->count;
	twos_round(&scan, svc->total_weight);
	if (scan.total && scan.total != svc->total_weight)
		twos_round(&scan, scan.total);
	return b->dest && sched_less(b->cost, b->weight, a->cost, a->weight) ? b->dest : a->dest;
}

#endif
