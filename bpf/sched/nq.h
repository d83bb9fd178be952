/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_NQ_H
#define SLUICE_SCHED_NQ_H
/* Never queue (ip_vs_nq.c): the first in the list without an active connection; where all have some, as sed. */

#include "bpf/sched/scan.h"

static long nq_visit(__u32 i, void *arg)
{
	struct sched_scan *scan = arg;
	struct sl_load now;
	const struct sl_member *m = sched_member(scan->svc, i, &now);

	if (!m)
		return 0;
	if (!now.active) {
		scan->dest = m->dest;
		return 1;
	}
	sched_take_less(scan, m->dest, (__u64)now.active + 1, m->weight);
	return 0;
}

APART __u32 nq_pick(const struct sl_svc *svc)
{
	struct sched_scan scan;

	if (!svc)
		return 0;
	scan = sched_scan_of(svc);
	sched_scan(svc->count, nq_visit, &scan);
	return scan.dest;
}

#endif
