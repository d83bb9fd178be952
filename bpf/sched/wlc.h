/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_WLC_H
#define SLUICE_SCHED_WLC_H
/* Weighted least connection (ip_vs_wlc.c): the least overhead per weight, compared crosswise; the earlier wins a tie. */

#include "bpf/sched/scan.h"

static long wlc_visit(__u32 i, void *arg)
{
	struct sched_scan *scan = arg;
	const struct sl_member *m = map_member(scan->svc->first + i);
	struct sl_load now;
	__u64 load;

	if (!m)
		return 0;
	now = sched_load(m->dest);
	if (!sched_usable(m, &now))
		return 0;
	load = sched_overhead(&now);
	if (scan->dest && (__s64)(scan->load * m->weight) <= (__s64)(load * scan->weight))
		return 0;
	scan->dest = m->dest;
	scan->load = load;
	scan->weight = m->weight;
	return 0;
}

#endif
