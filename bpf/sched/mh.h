/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_MH_H
#define SLUICE_SCHED_MH_H
/*
 * Maglev hashing (ip_vs_mh.c): as sh over a table of which little changes when servers come and go. mh-port: the client's port
 * counts too. mh-fallback: if that server is not available, the number is changed and hashed again until one is.
 */

#include "bpf/sched/slot.h"

struct mh_scan {
	const struct sl_svc *svc;
	__u32 number;
	__u32 entry; /* the client's first */
	__u32 dest;
};

SL_INLINE __u32 mh_entry(__u32 number)
{
	return hash_sip13(number, SCHED_MH_KEY1) % SCHED_MH_SIZE;
}

static long mh_visit(__u32 i, void *arg)
{
	struct mh_scan *scan = arg;

	scan->dest = slot_dest(scan->svc, mh_entry(scan->number + (i + scan->entry) % SCHED_MH_SIZE));
	return scan->dest != 0;
}

APART __u32 mh_fall_back(const struct sl_svc *svc, __u32 number, __u32 entry)
{
	struct mh_scan scan;

	if (!svc)
		return 0;
	scan = (struct mh_scan){.svc = svc, .number = number, .entry = entry, .dest = sched_zero(entry)};
	sched_scan(SCHED_MH_SIZE, mh_visit, &scan);
	return scan.dest;
}

SL_INLINE __u32 mh_pick(const struct sl_svc *svc, const struct pkt *p)
{
	__u32 number, entry, dest;

	if (!svc->table_len)
		return 0;
	number = slot_number(svc, p);
	entry = mh_entry(number);
	dest = slot_dest(svc, entry);
	return dest || !(svc->flags & SL_SVC_SCHED1) ? dest : mh_fall_back(svc, number, entry);
}

#endif
