/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_LC_H
#define SLUICE_SCHED_LC_H
/* Least connection (ip_vs_lc.c): the least overhead of those with a weight; the earlier in the list wins a tie. */

#include "bpf/sched/scan.h"

SL_INLINE long lc_visit(__u32 i, struct sched_scan *scan)
{
	struct sl_load now;
	const struct sl_member *m = sched_member(scan, i, &now);

	if (m)
		sched_take_less(scan, m->dest, sched_overhead(&now), 1);
	return 0;
}

SCHED_STRIDES(lc_visit)

APART __u32 lc_pick(const struct sl_svc *svc)
{
	struct sched_scan scan;

	if (!sched_begin(&scan, svc))
		return 0;
	sched_scan_all(lc_visit, &scan);
	return scan.dest;
}

#endif
