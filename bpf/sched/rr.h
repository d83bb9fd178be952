/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_RR_H
#define SLUICE_SCHED_RR_H
/* Round robin (ip_vs_rr.c): the member after the last used one that has a weight. */

#include "bpf/sched/scan.h"

static long rr_visit(__u32 i, void *arg)
{
	struct sched_scan *scan = arg;
	const struct sl_svc *svc = scan->svc;
	__u32 at = sl_cursor_index(scan->cursor);
	const struct sl_member *m;
	struct sl_load now;

	if (at >= svc->count)
		at = 0;
	scan->cursor = sl_cursor(svc->gen, 0, at + 1);
	m = map_member(svc->first + at);
	if (!m || m->weight <= 0)
		return 0;
	now = sched_load(m->dest);
	if (now.over)
		return 0;
	scan->dest = m->dest;
	return 1;
}

/* Goes on from `cursor`; a new generation begins where the daemon says. */
SL_INLINE void rr_pick(struct sched_scan *scan, __u64 cursor)
{
	const struct sl_svc *svc = scan->svc;

	scan->cursor = sl_cursor_gen(cursor) == (svc->gen & 0xffff) ? cursor : sl_cursor(svc->gen, 0, svc->start);
	sched_scan(svc->count, rr_visit, scan);
}

#endif
