/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_SED_H
#define SLUICE_SCHED_SED_H
/* Shortest expected delay (ip_vs_sed.c): the fewest active connections, the new one included, per weight; the earlier wins a tie. */

#include "bpf/sched/scan.h"

SL_INLINE long sed_visit(__u32 i, struct sched_scan *scan)
{
	struct sl_load now;
	const struct sl_member *m = sched_member(scan, i, &now);

	if (m)
		sched_take_less(scan, m->dest, (__u64)now.active + 1, m->weight);
	return 0;
}

SCHED_STRIDES(sed_visit)

APART __u32 sed_pick(const struct sl_svc *svc)
{
	struct sched_scan scan;

	if (!sched_begin(&scan, svc))
		return 0;
	sched_scan_all(sed_visit, &scan);
	return scan.dest;
}

#endif
