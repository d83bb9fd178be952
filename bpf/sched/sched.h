/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_H
#define SLUICE_SCHED_H
/*
 * DOC: choosing a real server
 *
 * One file a scheduler; this switch is their table. rr and wrr move a cursor that all CPUs share: the order is IPVS's, one
 * connection after the other, for one swap per new connection.
 */

#include "bpf/sched/scan.h"
#include "bpf/sched/rr.h"
#include "bpf/sched/wrr.h"
#include "bpf/sched/lc.h"
#include "bpf/sched/wlc.h"

#define SCHED_TRIES 4 /* to move the cursor; then a choice that another CPU made too is as good */

/* rr and wrr: choose, then move the cursor, from where it still is. */
NOINLINE __u32 sched_turn(struct sched_scan *scan)
{
	__u64 *cursor = map_cursor(scan->svc->id), was;

	if (!cursor)
		return 0;
	for (int i = 0; i < SCHED_TRIES; i++) {
		was = READ_ONCE(*cursor);
		scan->dest = 0;
		if (scan->svc->sched == SL_SCHED_WRR)
			wrr_pick(scan, was);
		else
			rr_pick(scan, was);
		if (!scan->dest || __sync_val_compare_and_swap(cursor, was, scan->cursor) == was)
			break;
	}
	return scan->dest;
}

/* The dest id for a new connection that begins with this packet, or 0: no server may be given. `svc` is a copy: it does not change. */
NOINLINE __u32 sched_pick(const struct sl_svc *svc, const struct pkt *p)
{
	__u64 zero = sched_zero(svc->count);
	struct sched_scan scan = {.svc = svc, .dest = zero, .weight = zero, .load = zero};

	switch (svc->sched) {
	case SL_SCHED_RR:
	case SL_SCHED_WRR: return sched_turn(&scan);
	case SL_SCHED_LC: sched_scan(svc->count, lc_visit, &scan); break;
	case SL_SCHED_WLC: sched_scan(svc->count, wlc_visit, &scan); break;
	}
	return scan.dest;
}

#endif
