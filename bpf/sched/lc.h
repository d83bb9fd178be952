/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_LC_H
#define SLUICE_SCHED_LC_H
/* Least connection (ip_vs_lc.c): the least overhead of those with a weight; the earlier in the list wins a tie. */

#include "bpf/sched/scan.h"

static long lc_visit(__u32 i, void *arg)
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
	if (scan->dest && load >= scan->load)
		return 0;
	scan->dest = m->dest;
	scan->load = load;
	return 0;
}

#endif
