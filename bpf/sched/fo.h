/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_FO_H
#define SLUICE_SCHED_FO_H
/* Weighted failover (ip_vs_fo.c): the largest weight that is available; the earlier in the list wins a tie. */

#include "bpf/sched/scan.h"

static long fo_visit(__u32 i, void *arg)
{
	struct sched_scan *scan = arg;
	struct sl_load now;
	const struct sl_member *m = sched_member(scan, i, &now);

	if (!m || m->weight <= scan->weight)
		return 0;
	scan->dest = m->dest;
	scan->weight = m->weight;
	return 0;
}

APART __u32 fo_pick(const struct sl_svc *svc)
{
	struct sched_scan scan;

	if (!sched_begin(&scan, svc))
		return 0;
	sched_scan(svc->count, fo_visit, &scan);
	return scan.dest;
}

#endif
