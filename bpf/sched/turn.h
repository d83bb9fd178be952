/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_TURN_H
#define SLUICE_SCHED_TURN_H
/* What rr and wrr have in common: to go on from a place in the list to the next server that has the weight and is not overloaded. */

#include "bpf/sched/scan.h"
#include "bpf/sched/tree.h"

struct turn {
	const struct sl_svc *svc;
	__u32 at; /* where to go on */
	__u32 weight; /* least weight */
	__u32 dest; /* found; 0 none */
};

static long turn_visit(__u32 i, void *arg)
{
	struct turn *turn = arg;
	const struct sl_svc *svc = turn->svc;
	__u32 at = tree_next(svc, turn->at, turn->weight);
	const struct sl_member *m;

	if (at >= svc->count)
		return 1;
	turn->at = at + 1;
	m = map_member(svc->first + at);
	if (!m || sched_load(m->dest).over)
		return 0;
	turn->dest = m->dest;
	return 1;
}

/* The first such server from member `at` on: its dest id << 32 | the place behind it; 0 if there is none. */
APART __u64 turn_from(const struct sl_svc *svc, __u32 at, __u32 weight)
{
	const struct sl_member *m;
	struct turn turn;

	if (!svc || at >= svc->count)
		return 0;
	m = map_member(svc->first + at); /* nearly always the next one will do */
	if (m && m->weight >= (__s32)weight && !sched_load(m->dest).over)
		return (__u64)m->dest << 32 | (at + 1);
	at++;
	turn = (struct turn){.svc = svc, .at = at, .weight = weight, .dest = sched_zero(at)};
	if (!turn_visit(0, &turn))
		sched_scan(svc->count, turn_visit, &turn);
	return turn.dest ? (__u64)turn.dest << 32 | turn.at : 0;
}

#endif
