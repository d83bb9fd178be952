/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_WRR_H
#define SLUICE_SCHED_WRR_H
/*
 * Weighted round robin (ip_vs_wrr.c): rounds over the list under a falling bar (cw), from the largest weight down in steps of
 * the gcd; a round gives to the members that reach the bar. Weights 4, 3, 2 give A A B A B C A B C.
 */

#include "bpf/sched/scan.h"

/* The highest bar: mw of ip_vs_wrr.c. */
SL_INLINE __s64 wrr_top(const struct sl_svc *svc)
{
	return (__s64)svc->max_weight - ((__s64)svc->gcd_weight - 1);
}

static long wrr_visit(__u32 i, void *arg)
{
	struct sched_scan *scan = arg;
	const struct sl_svc *svc = scan->svc;
	__u32 at = sl_cursor_index(scan->cursor);
	__s64 bar = sl_cursor_weight(scan->cursor);
	const struct sl_member *m;
	struct sl_load now;

	if (at >= svc->count) {
		at = 0;
		bar -= svc->gcd_weight;
		if (bar <= 0)
			bar = wrr_top(svc);
	}
	scan->cursor = sl_cursor(svc->gen, bar, at + 1);
	m = map_member(svc->first + at);
	if (!m || m->weight <= 0 || m->weight < bar)
		return 0;
	now = sched_load(m->dest);
	if (now.over)
		return 0;
	scan->dest = m->dest;
	return 1;
}

/* Where to go on: a new generation begins at the head of the list and keeps the bar as far as the new weights allow. */
SL_INLINE __u64 wrr_start(const struct sl_svc *svc, __u64 cursor)
{
	__s64 bar = sl_cursor_weight(cursor), top = wrr_top(svc);

	if (sl_cursor_gen(cursor) == (svc->gen & 0xffff) && bar)
		return cursor;
	if (bar > top || bar == 0)
		bar = top;
	else if (svc->gcd_weight > 1)
		bar = (__u32)bar / svc->gcd_weight * svc->gcd_weight + 1;
	return sl_cursor(svc->gen, bar, 0);
}

SL_INLINE void wrr_pick(struct sched_scan *scan, __u64 cursor)
{
	const struct sl_svc *svc = scan->svc;

	if (!svc->gcd_weight)
		return;
	scan->cursor = wrr_start(svc, cursor);
	/* At most the rest of this round and the whole of the next, which has the largest weight in it. */
	sched_scan(2 * svc->count, wrr_visit, scan);
}

#endif
