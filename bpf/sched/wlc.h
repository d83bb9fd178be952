/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_WLC_H
#define SLUICE_SCHED_WLC_H
/* Weighted least connection (ip_vs_wlc.c): the least overhead per weight, compared crosswise; the earlier wins a tie. */

#include "bpf/sched/scan.h"

static long wlc_visit(__u32 i, void *arg)
{
	struct sched_scan *scan = arg;
	struct sl_load now;
	const struct sl_member *m = sched_member(scan->svc, i, &now);

	if (m)
		sched_take_less(scan, m->dest, sched_overhead(&now), m->weight);
	return 0;
}

APART __u32 wlc_pick(const struct sl_svc *svc)
{
	struct sched_scan scan;

	if (!svc)
		return 0;
	scan = sched_scan_of(svc);
	sched_scan(svc->count, wlc_visit, &scan);
	return scan.dest;
}

#endif
