/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_RR_H
#define SLUICE_SCHED_RR_H
/* Round robin (ip_vs_rr.c): the member after the last used one that has a weight. */

#include "bpf/sched/turn.h"

/* Goes on from `*cursor` and moves it; a new generation begins where the daemon says. */
SL_INLINE __u32 rr_pick(const struct sl_svc *svc, __u64 *cursor)
{
	__u32 at = sl_cursor_gen(*cursor) == (svc->gen & 0xffff) ? sl_cursor_index(*cursor) : svc->start;
	__u64 found;

	if (at >= svc->count)
		at = 0;
	found = turn_from(svc, at, 1);
	if (!found && at)
		found = turn_from(svc, 0, 1);
	if (found)
		*cursor = sl_cursor(svc->gen, 0, found);
	return found >> 32;
}

#endif
