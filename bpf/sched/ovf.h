/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_OVF_H
#define SLUICE_SCHED_OVF_H
/*
 * Weighted overflow (ip_vs_ovf.c): the largest weight of those with no more active connections than their weight; the earlier
 * in the list wins a tie. When all have more, there is no server.
 */

#include "bpf/sched/scan.h"

static long ovf_visit(__u32 i, void *arg)
{
	struct sched_scan *scan = arg;
	struct sl_load now;
	const struct sl_member *m = sched_member(scan, i, &now);

	if (!m || m->weight <= scan->weight || now.active > (__u32)m->weight)
		return 0;
	scan->dest = m->dest;
	scan->weight = m->weight;
	return 0;
}

APART __u32 ovf_pick(const struct sl_svc *svc)
{
	struct sched_scan scan;

	if (!sched_begin(&scan, svc))
		return 0;
	sched_scan(svc->count, ovf_visit, &scan);
	return scan.dest;
}

#endif
