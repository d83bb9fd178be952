/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_H
#define SLUICE_SCHED_H
/*
 * DOC: choosing a real server
 *
 * One file a scheduler; this switch is their table; docs/schedulers.md tells what each does. rr and wrr move a cursor that all CPUs share:
 * the order is IPVS's, one connection after the other, for one swap per new connection.
 */

#include "bpf/sched/dh.h"
#include "bpf/sched/fo.h"
#include "bpf/sched/lblc.h"
#include "bpf/sched/lblcr.h"
#include "bpf/sched/lc.h"
#include "bpf/sched/mh.h"
#include "bpf/sched/nq.h"
#include "bpf/sched/ovf.h"
#include "bpf/sched/rr.h"
#include "bpf/sched/sed.h"
#include "bpf/sched/sh.h"
#include "bpf/sched/twos.h"
#include "bpf/sched/wlc.h"
#include "bpf/sched/wrr.h"

#define SCHED_TRIES 4 /* to move the cursor; then a choice that another CPU made too is as good */

/* rr and wrr: choose, then move the cursor, from where it still is. */
APART __u32 sched_turn(const struct sl_svc *svc)
{
	__u64 *cursor, was, next;
	__u32 dest = 0;

	if (!svc)
		return 0;
	cursor = map_cursor(svc->id);
	if (!cursor)
		return 0;
	for (int i = 0; i < SCHED_TRIES; i++) {
		was = next = READ_ONCE(*cursor);
		dest = svc->sched == SL_SCHED_WRR ? wrr_pick(svc, &next) : rr_pick(svc, &next);
		if (next == was || __sync_val_compare_and_swap(cursor, was, next) == was)
			break;
	}
	return dest;
}

/* The dest id for a new connection that begins with this packet, or 0: no server may be given. `svc` is a copy: it does not change. */
APART __u32 sched_pick(const struct sl_svc *svc, const struct pkt *p)
{
	if (!svc || !p)
		return 0;
	switch (svc->sched) {
	case SL_SCHED_RR:
	case SL_SCHED_WRR: return sched_turn(svc);
	case SL_SCHED_LC: return lc_pick(svc);
	case SL_SCHED_WLC: return wlc_pick(svc);
	case SL_SCHED_LBLC: return lblc_pick(svc, p);
	case SL_SCHED_LBLCR: return lblcr_pick(svc, p);
	case SL_SCHED_DH: return dh_pick(svc, p);
	case SL_SCHED_SH: return sh_pick(svc, p);
	case SL_SCHED_SED: return sed_pick(svc);
	case SL_SCHED_NQ: return nq_pick(svc);
	case SL_SCHED_FO: return fo_pick(svc);
	case SL_SCHED_OVF: return ovf_pick(svc);
	case SL_SCHED_MH: return mh_pick(svc, p);
	case SL_SCHED_TWOS: return twos_pick(svc);
	}
	return 0;
}

#endif
