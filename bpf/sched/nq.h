/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_NQ_H
#define SLUICE_SCHED_NQ_H
/* Never queue (ip_vs_nq.c): the first in the list without an active connection; where all have some, as sed. */

#include "bpf/sched/scan.h"

SL_INLINE long nq_visit(__u32 i, struct sched_scan *scan)
{
	struct sl_load now;
	const struct sl_member *m = sched_member(scan, i, &now);

	if (!m)
		return 0;
	if (!now.active) {
		scan->dest = m->dest;
		return 1;
	}
	sched_take_less(scan, m->dest, (__u64)now.active + 1, m->weight);
	return 0;
}

SCHED_STRIDES(nq_visit)

APART __u32 nq_pick(const struct sl_svc *svc)
{
	struct sched_scan scan;

	if (!sched_begin(&scan, svc))
		return 0;
	sched_scan_all(nq_visit, &scan);
	return scan.dest;
}

#endif
