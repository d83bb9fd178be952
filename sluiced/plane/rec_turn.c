/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where wrr goes on. In IPVS each change of a service's servers moves the bar of its rounds, also one that changes nothing, and what
 * it comes to depends on every one of them (sched_wrr_bar()). A transaction may hold many: they are gone through in their order.
 */

#include "sluiced/plane/reconcile_own.h"
#include "sluiced/sched/table.h"

/* The cursor of an active service, as the lanes have it: in its present generation or where that began. */
uint64_t rec_cursor(const struct reconcile *rec, const struct sl_svc *svc)
{
	uint64_t cursor = __atomic_load_n(&rec->plane->cursors[svc->id], __ATOMIC_RELAXED);

	return sl_cursor_gen(cursor) == (svc->gen & 0xffff) ? cursor : sl_cursor(svc->gen, svc->bar, svc->start);
}

static void begin(const struct reconcile *rec, struct svc *svc)
{
	const struct rec_svc *rs;

	if (svc->turn.commit == rec->commit)
		return;
	rs = rec_svc_find(rec, &svc->key);
	svc->turn = (struct svc_turn){.commit = rec->commit};
	if (rs && rs->active && rs->svc.sched == SL_SCHED_WRR)
		svc->turn.bar = sl_cursor_weight(rec_cursor(rec, &rs->svc));
}

static void step(const struct reconcile *rec, struct svc *svc, uint32_t bar, const struct svc_weights *weights)
{
	if (!weights->known)
		return;
	svc->turn.bar = sched_wrr_bar(bar, weights->gcd, weights->max);
	svc->turn.moved = true;
}

static void follow(const struct reconcile *rec, const struct txn_rec *r)
{
	switch (r->kind) {
	case REC_SVC_ADD: r->svc->turn = (struct svc_turn){.commit = rec->commit, .added = true}; break;
	case REC_SVC_EDIT:
		begin(rec, r->svc);
		if (r->svc_was.sched != SL_SCHED_WRR)
			step(rec, r->svc, 0, &r->weights);
		break;
	case REC_DEST_ADD:
	case REC_DEST_EDIT:
	case REC_DEST_DELETE:
		begin(rec, r->dest->svc);
		step(rec, r->dest->svc, r->dest->svc->turn.bar, &r->weights);
		break;
	default: break;
	}
}

void rec_turns(struct reconcile *rec, const struct txn *txn)
{
	rec->commit++;
	for (size_t i = 0; i < txn->count; i++)
		follow(rec, &txn->recs[i]);
}

/* What this commit says of the service's place; all 0 if it says nothing. */
struct svc_turn rec_turn(const struct reconcile *rec, const struct svc *svc)
{
	return svc->turn.commit == rec->commit ? svc->turn : (struct svc_turn){0};
}
