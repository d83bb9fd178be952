/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_WLC_H
#define SLUICE_SCHED_WLC_H
/* Weighted least connection (ip_vs_wlc.c): the least overhead per weight, compared crosswise; the earlier wins a tie. */

#include "bpf/sched/scan.h"

SL_INLINE long wlc_visit(__u32 i, struct sched_scan *scan)
{
	struct sl_load now;
	const struct sl_member *m = sched_member(scan, i, &now);

	if (m)
		sched_take_less(scan, m->dest, sched_overhead(&now), m->weight);
	return 0;
}

SCHED_STRIDES(wlc_visit)

APART __u32 wlc_pick(const struct sl_svc *svc)
{
	struct sched_scan scan;

	if (!sched_begin(&scan, svc))
		return 0;
	sched_scan_all(wlc_visit, &scan);
	return scan.dest;
}

#endif
