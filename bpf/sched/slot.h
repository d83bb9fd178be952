/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_SLOT_H
#define SLUICE_SCHED_SLOT_H
/*
 * DOC: the tables of dh, sh and mh
 *
 * A table entry is the index of a member, 16 bits, two to a word, the even one in the low half; table_len counts the entries, 0 when no
 * server has a place in it. The daemon fills them (sluiced/sched/).
 */

#include "bpf/sched/hash.h"
#include "bpf/sched/scan.h"

/* The dest id in an entry, below table_len; 0 if it may not be given. */
SL_INLINE __u32 slot_dest(const struct sl_svc *svc, __u32 entry)
{
	__u32 i = map_table(svc->table + entry / 2) >> entry % 2 * 16 & 0xffff;
	const struct sl_member *m;
	struct sl_load now;

	if (i >= svc->count)
		return 0;
	m = map_member(svc->first + i);
	if (!m)
		return 0;
	now = sched_load(m->dest);
	return sched_usable(m, &now) ? m->dest : 0;
}

/* What sh and mh hash of a packet: the client's address, and its port if the flag says so. */
SL_INLINE __u32 slot_number(const struct sl_svc *svc, const struct pkt *p)
{
	return (svc->flags & SL_SVC_SCHED2 ? bpf_ntohs(p->sport) : 0) + hash_addr(&p->src, p->v6);
}

#endif
