/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_LC_H
#define SLUICE_SCHED_LC_H
/* Least connection (ip_vs_lc.c): the least overhead of those with a weight; the earlier in the list wins a tie. */

#include "bpf/sched/scan.h"

static long lc_visit(__u32 i, void *arg)
{
	struct sched_scan *scan = arg;
	struct sl_load now;
	const struct sl_member *m = sched_member(scan->svc, i, &now);

	if (m)
		sched_take_less(scan, m->dest, sched_overhead(&now), 1);
	return 0;
}

APART __u32 lc_pick(const struct sl_svc *svc)
{
	struct sched_scan scan;

	if (!svc)
		return 0;
	scan = sched_scan_of(svc);
	sched_scan(svc->count, lc_visit, &scan);
	return scan.dest;
}

#endif
