/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_WRR_H
#define SLUICE_SCHED_WRR_H
/*
 * Weighted round robin (ip_vs_wrr.c): rounds over the list under a falling bar (cw), from the largest weight down in steps of
 * the gcd; a round gives to the members that reach the bar. Weights 4, 3, 2 give A A B A B C A B C.
 */

#include "bpf/sched/turn.h"

/* The highest bar: mw of ip_vs_wrr.c. */
SL_INLINE __s64 wrr_top(const struct sl_svc *svc)
{
	return (__s64)svc->max_weight - ((__s64)svc->gcd_weight - 1);
}

/* Where to go on; a new generation begins where the daemon says. */
SL_INLINE __u64 wrr_start(const struct sl_svc *svc, __u64 cursor)
{
	__s64 top = wrr_top(svc);

	if (sl_cursor_gen(cursor) == (svc->gen & 0xffff) && sl_cursor_weight(cursor))
		return cursor;
	return sl_cursor(svc->gen, svc->bar && svc->bar <= top ? svc->bar : top, svc->start);
}

static long wrr_visit(__u32 i, void *arg)
{
	struct sched_scan *scan = arg;
	struct sl_load now;
	const struct sl_member *m = sched_member(scan, i, &now);

	if (m && m->weight > scan->weight)
		scan->weight = m->weight;
	return 0;
}

/* The largest weight of those that may be given a connection; 0: of none. */
APART __u32 wrr_largest(const struct sl_svc *svc)
{
	struct sched_scan scan;

	if (!sched_begin(&scan, svc))
		return 0;
	sched_scan(svc->count, wrr_visit, &scan);
	return scan.weight;
}

/*
 * Who reaches the bar of a whole round is overloaded. The rounds that would find nobody are left out: from `bar` down in
 * steps of the gcd to what the largest one reaches who is not.
 */
SL_INLINE __s64 wrr_skip(const struct sl_svc *svc, __s64 bar, __u32 largest)
{
	__u32 gcd = svc->gcd_weight;

	if (bar > largest)
		bar -= ((__u64)(bar - largest) + gcd - 1) / gcd * gcd;
	return bar > 0 ? bar : 1;
}

/*
 * There is no server. Where ip_vs_wrr.c stops looking: at the head of the list under the highest bar, but where it was if that
 * was the last round.
 */
SL_INLINE __u64 wrr_stop(const struct sl_svc *svc, __u64 cursor)
{
	if (sl_cursor_index(cursor) && sl_cursor_weight(cursor) <= svc->gcd_weight)
		return cursor;
	return sl_cursor(svc->gen, wrr_top(svc), 0);
}

/* The rest of this round, then the next round; then, if all who have the weight are overloaded, the next that finds somebody. */
SL_INLINE __u32 wrr_pick(const struct sl_svc *svc, __u64 *cursor)
{
	__u64 start, found;
	__u32 largest;
	__s64 bar;

	if (!svc->gcd_weight)
		return 0;
	start = wrr_start(svc, *cursor);
	bar = sl_cursor_weight(start);
	found = turn_from(svc, sl_cursor_index(start), bar);
	if (!found) {
		bar -= svc->gcd_weight;
		if (bar <= 0)
			bar = wrr_top(svc);
		found = turn_from(svc, 0, bar);
	}
	if (unlikely(!found)) {
		largest = wrr_largest(svc);
		*cursor = wrr_stop(svc, start);
		if (!largest)
			return 0;
		bar = wrr_skip(svc, bar, largest);
		found = turn_from(svc, 0, bar);
	}
	*cursor = sl_cursor(svc->gen, bar, found);
	return found >> 32;
}

#endif
