/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_SCAN_H
#define SLUICE_SCHED_SCAN_H
/*
 * DOC: what a scheduler sees
 *
 * A service's members in IPVS's list order (newest first), each with its weight and its connections. A scheduler returns the
 * dest id it chose, or 0 when no server may be given. Those that look at every member do it through sched_scan(), which
 * is a bounded loop in BPF and a plain one elsewhere: visit(i, scan) returns 1 to stop.
 */

#include "bpf/pkt.h"

/*
 * A zero that the verifier does not know to be one, made of a number it does not know. Before Linux 6.7 it proves a bpf_loop() callback for
 * the first call only, and what can't happen then is removed as dead code: "is this the first server?" would be answered
 * once and for all. So what a scan begins with must be unknown.
 */
SL_INLINE __u64 sched_zero(__u64 unknown)
{
#ifdef CTX_HOST
	return 0;
#else
	__u64 same = unknown;

	asm volatile("" : "+r"(same));
	return unknown - same;
#endif
}

struct sched_scan {
	const struct sl_member *members; /* all there are */
	const struct sl_load *loads;
	__u32 first; /* of the service's */
	__u32 count;
	__u32 dest; /* the best so far; 0 none */
	__s32 weight; /* its weight */
	__u64 cost; /* and what its connections cost */
};

/* What every scan begins with; false if there is nothing to scan. */
SL_INLINE int sched_begin(struct sched_scan *scan, const struct sl_svc *svc)
{
	const struct sl_member *members = map_members();
	const struct sl_load *loads = map_loads();
	__u64 zero;

	if (!svc || !members || !loads)
		return 0;
	zero = sched_zero(svc->count);
	*scan = (struct sched_scan){
	    .members = members, .loads = loads, .first = svc->first, .count = svc->count, .dest = zero, .weight = zero, .cost = zero};
	return 1;
}

#define sched_scan(count, visit, scan) bpf_loop(count, visit, scan, 0)

/* The same, SCHED_STRIDE members at a call: SCHED_STRIDES(visit) makes the function, and sched_scan_all(visit, scan) calls it. */
#define SCHED_STRIDE 4
#define SCHED_STRIDES(visit)                                                                          \
	static long visit##_stride(__u32 i, void *arg)                                                \
	{                                                                                             \
		struct sched_scan *scan = arg;                                                        \
                                                                                                      \
		SL_UNROLL                                                                             \
		for (__u32 j = 0; j < SCHED_STRIDE; j++)                                              \
			if (i * SCHED_STRIDE + j >= scan->count || visit(i * SCHED_STRIDE + j, scan)) \
				return 1;                                                             \
		return 0;                                                                             \
	}
#define sched_scan_all(visit, scan) bpf_loop(((scan)->count + SCHED_STRIDE - 1) / SCHED_STRIDE, visit##_stride, scan, 0)

/* A server's connections as they are now; negative halves, which a race can show, are 0. */
SL_INLINE struct sl_load sched_read(const struct sl_load *now)
{
	struct sl_load load = {};

	load.word = READ_ONCE(now->word);
	load.over = READ_ONCE(now->over);
	if ((__s32)load.active < 0)
		load.active = 0;
	if ((__s32)load.inactive < 0)
		load.inactive = 0;
	return load;
}

SL_INLINE struct sl_load sched_load(__u32 dest)
{
	const struct sl_load *now = map_load(dest);

	return now ? sched_read(now) : (struct sl_load){};
}

/* May the scheduler give this member a connection: has it a weight, and is it below its threshold? */
SL_INLINE int sched_usable(const struct sl_member *m, const struct sl_load *load)
{
	return m->weight > 0 && !load->over;
}

/* Member `i` of the scan's service, whatever it is. */
SL_INLINE const struct sl_member *sched_at(const struct sched_scan *scan, __u32 i)
{
	return &scan->members[(scan->first + i) & (SL_MAX_MEMBERS - 1)];
}

/* Member `i` if it may be given a connection, and its connections; else NULL. */
SL_INLINE const struct sl_member *sched_member(const struct sched_scan *scan, __u32 i, struct sl_load *ret_load)
{
	const struct sl_member *m = sched_at(scan, i);

	if (m->weight <= 0)
		return 0;
	*ret_load = sched_read(&scan->loads[m->dest & (SL_MAX_DESTS - 1)]);
	return ret_load->over ? 0 : m;
}

/* Cost of a server's connections: an active one weighs 256 inactive ones more (ip_vs_dest_conn_overhead in Linux 6.1). */
SL_INLINE __u64 sched_overhead(const struct sl_load *load)
{
	return ((__u64)load->active << 8) + load->active + load->inactive;
}

/*
 * Is cost / weight less than that of another? Compared crosswise. A cost is below 2^41, a weight below 2^31: the products of
 * large costs do not fit 64 bits and are compared in two parts.
 */
SL_INLINE int sched_less(__u64 cost, __s32 weight, __u64 than, __s32 than_weight)
{
	__u64 low, than_low, high, than_high;

	if (likely(!((cost | than) >> 32)))
		return cost * than_weight < than * weight;
	low = (__u64)(__u32)cost * than_weight;
	than_low = (__u64)(__u32)than * weight;
	high = (cost >> 32) * than_weight + (low >> 32);
	than_high = (than >> 32) * weight + (than_low >> 32);
	return high < than_high || (high == than_high && (__u32)low < (__u32)than_low);
}

/* Takes the member if it costs less per weight than the best so far: the earlier in the list wins a tie. */
SL_INLINE void sched_take_less(struct sched_scan *scan, __u32 dest, __u64 cost, __s32 weight)
{
	if (scan->dest && !sched_less(cost, weight, scan->cost, scan->weight))
		return;
	scan->dest = dest;
	scan->cost = cost;
	scan->weight = weight;
}

#endif
