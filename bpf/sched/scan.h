/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_SCAN_H
#define SLUICE_SCHED_SCAN_H
/*
 * DOC: what a scheduler sees
 *
 * A service's members in IPVS's list order (newest first), each with its weight and its connections. A scheduler leaves in
 * scan.dest the dest id it chose, or 0 when no server may be given. Those that look at every member do it through
 * sched_scan(), which is a bounded loop in BPF and a plain one elsewhere: visit(i, scan) returns 1 to stop.
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
	const struct sl_svc *svc;
	__u32 dest; /* the best so far; 0 none */
	__s32 weight;
	__u64 load;
	__u64 cursor; /* rr, wrr */
};

#define sched_scan(count, visit, scan) bpf_loop(count, visit, scan, 0)

/* A server's connections; negative halves, which a race can show, are 0. */
SL_INLINE struct sl_load sched_load(__u32 dest)
{
	const struct sl_load *now = map_load(dest);
	struct sl_load load = {};

	if (!now)
		return load;
	load.word = READ_ONCE(now->word);
	load.over = READ_ONCE(now->over);
	if ((__s32)load.active < 0)
		load.active = 0;
	if ((__s32)load.inactive < 0)
		load.inactive = 0;
	return load;
}

/* May the scheduler give this member a connection: has it a weight, and is it below its threshold? */
SL_INLINE int sched_usable(const struct sl_member *m, const struct sl_load *load)
{
	return m->weight > 0 && !load->over;
}

/* Cost of a server's connections: an active one weighs 256 inactive ones more (ip_vs_dest_conn_overhead in Linux 6.1). */
SL_INLINE __u64 sched_overhead(const struct sl_load *load)
{
	return ((__u64)load->active << 8) + load->active + load->inactive;
}

#endif
