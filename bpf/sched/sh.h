/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_SH_H
#define SLUICE_SCHED_SH_H
/*
 * Source hashing (ip_vs_sh.c): the client's address names the server. sh-port: its address and port do. sh-fallback: if that
 * server is not available, the next entry's is taken that is.
 */

#include "bpf/sched/slot.h"

struct sh_scan {
	const struct sl_svc *svc;
	__u32 entry; /* the client's */
	__u32 dest;
};

/* The i-th try of ip_vs_sh_get_fallback(): from the entry at twice the hash. */
static long sh_visit(__u32 i, void *arg)
{
	struct sh_scan *scan = arg;

	scan->dest = slot_dest(scan->svc, (i + 2 * scan->entry) % SCHED_HASH_SIZE);
	return scan->dest != 0;
}

APART __u32 sh_fall_back(const struct sl_svc *svc, __u32 entry)
{
	struct sh_scan scan;

	if (!svc)
		return 0;
	scan = (struct sh_scan){.svc = svc, .entry = entry, .dest = sched_zero(entry)};
	sched_scan(SCHED_HASH_SIZE, sh_visit, &scan);
	return scan.dest;
}

SL_INLINE __u32 sh_pick(const struct sl_svc *svc, const struct pkt *p)
{
	__u32 entry, dest;

	if (!svc->table_len)
		return 0;
	entry = hash_golden(slot_number(svc, p));
	dest = slot_dest(svc, entry);
	return dest || !(svc->flags & SL_SVC_SCHED1) ? dest : sh_fall_back(svc, entry);
}

#endif
