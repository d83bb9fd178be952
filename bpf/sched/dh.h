/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_DH_H
#define SLUICE_SCHED_DH_H
/* Destination hashing (ip_vs_dh.c): the packet's destination address names the server, whatever its weight; no other takes its place. */

#include "bpf/sched/slot.h"

SL_INLINE __u32 dh_pick(const struct sl_svc *svc, const struct pkt *p)
{
	return svc->table_len ? slot_dest(svc, hash_golden(hash_addr(&p->dst, p->v6))) : 0;
}

#endif
