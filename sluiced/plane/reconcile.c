/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/plane/reconcile_own.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define SCHED_FLAGS (SL_SVC_SCHED1 | SL_SVC_SCHED2 | SL_SVC_SCHED3)

/* One service on its way to a new generation. */
struct change {
	struct reconcile *rec;
	struct rec_svc *rs;
	const struct svc *want;
	uint64_t now_ms;
	bool was_active;
	bool region_new, table_new;
	struct sl_member *members; /* the new list, in the making */
	struct sched_server *servers; /* likewise, as the scheduler's table is made of them */
	uint32_t count;
	struct sl_svc next; /* the new entry */
};

static uint32_t gcd(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Addresses with a service, counted: the plane hears of the first and the last. */
int rec_vip_get(struct reconcile *rec, const struct sl_addr *addr, bool write)
{
	struct rec_vip *vip = rec_vip(rec, addr);
	int err = 0;

	if (vip) {
		vip->count++;
		return 0;
	}
	vip = calloc(1, sizeof(*vip));
	if (!vip)
		return -ENOMEM;
	if (write)
		err = plane_vip_set(rec->plane, addr, true);
	if (err) {
		free(vip);
		return err;
	}
	vip->addr = *addr;
	vip->count = 1;
	htab_insert(&rec->vip_tab, &vip->node, hash_bytes(addr, sizeof(*addr), 0));
	return 0;
}

static void vip_put(struct reconcile *rec, const struct sl_addr *addr)
{
	struct rec_vip *vip = rec_vip(rec, addr);
	int err;

	if (!vip || --vip->count)
		return;
	err = plane_vip_set(rec->plane, addr, false);
	if (err)
		log_warn_limited("an address without service stays in the fragments' list: %s", strerror(-err));
	htab_remove(&rec->vip_tab, &vip->node);
	free(vip);
}

static struct sl_dest dest_entry(const struct change *c, uint32_t id, const struct dest *dest)
{
	return (struct sl_dest){
	    .addr = dest->key.addr,
	    .port = dest->key.port,
	    .fwd = dest->conf.fwd,
	    .flags = SL_DEST_USED,
	    .svc = c->next.id,
	    .weight = dest->conf.weight,
	    .last_weight = dest->conf.last_weight,
	    .order = dest->order,
	    .gen = c->rec->plane->dests[id].gen,
	    .svc_key = c->rs->key,
	};
}

/* What a dest has counted so far is not this use's (start), or not to be shown (base). */
static void ledger_start(struct reconcile *rec, uint32_t id, bool fresh)
{
	struct sl_ledger *ledger = &rec->plane->ledger[id];
	struct sl_stats stats = plane_stats(rec->plane, id);

	memcpy(ledger->base, &stats, sizeof(ledger->base));
	if (fresh)
		memcpy(ledger->retired, &stats, sizeof(ledger->retired));
}

/* A server that was not known: an id of its own, its ledger, its entry, its way. */
static int dest_take(struct change *c, const struct dest *dest, uint32_t *ret_id)
{
	struct reconcile *rec = c->rec;
	struct sl_dest entry;
	uint32_t id;
	int err = pool_take(&rec->dest_ids, 1, &id);

	if (err)
		return err;
	ledger_start(rec, id, true);
	entry = dest_entry(c, id, dest);
	entry.gen++;
	plane_dest_set(rec->plane, id, &entry);
	err = rec->hooks.watch(rec->hooks.arg, id, &entry.addr);
	if (err) {
		plane_dest_clear(rec->plane, id);
		pool_return(&rec->dest_ids, id, 1);
		return err;
	}
	rec_dest_link(rec, c->rs, id);
	rec->dests[id].fresh = true;
	*ret_id = id;
	return 0;
}

/* A server that has its id already; perhaps it had been removed and comes back to its connections. */
static void dest_keep(struct change *c, const struct dest *dest, uint32_t id)
{
	struct sl_dest entry = dest_entry(c, id, dest);

	rec_dest_unlinger(c->rec, id);
	plane_dest_set(c->rec->plane, id, &entry);
}

static int change_dests(struct change *c)
{
	struct reconcile *rec = c->rec;
	struct list *at, *safe;
	uint32_t weights = 0;

	rec->stamp++;
	list_each (at, safe, &c->want->dests) {
		const struct dest *dest = container_of(at, struct dest, link);
		uint32_t id = rec_dest_find(rec, c->next.id, &dest->key);
		int err = 0;

		if (id)
			rec->dests[id].moved = rec->plane->dests[id].order != dest->order;
		if (id)
			dest_keep(c, dest, id);
		else
			err = dest_take(c, dest, &id);
		if (err)
			return err;
		rec->dests[id].stamp = rec->stamp;
		rec->dests[id].place = c->count;
		c->servers[c->count] = (struct sched_server){dest->key.addr, dest->key.port, dest->conf.weight, dest->conf.last_weight};
		c->members[c->count++] = (struct sl_member){.dest = id, .weight = dest->conf.weight};
		c->next.total_weight += dest->conf.weight;
		if ((uint32_t)dest->conf.weight > c->next.max_weight)
			c->next.max_weight = dest->conf.weight;
		weights = gcd(weights, dest->conf.weight);
	}
	c->next.count = c->count;
	c->next.gcd_weight = weights;
	return 0;
}

/* Where the new list goes: it may stay where it is if it is the same. */
static int change_region(struct change *c)
{
	const struct sl_svc *was = &c->rs->svc;
	struct plane *plane = c->rec->plane;
	int err;

	if (c->was_active && c->rs->owns_region && was->count == c->count &&
	    memcmp(&plane->members[was->first], c->members, c->count * sizeof(*c->members)) == 0) {
		c->next.first = was->first;
		return 0;
	}
	if (c->count == 0) {
		c->next.first = 0;
		return 0;
	}
	err = rec_pool_take(&c->rec->members, c->count, &c->next.first);
	if (err)
		return err;
	c->region_new = true;
	plane_members_set(plane, c->next.first, c->members, c->count);
	return 0;
}

static int change_table(struct change *c)
{
	struct sched_table table;
	int err = sched_table_make(c->next.sched, !addr_is_v4(c->rs->key.addr.b), c->servers, c->count, &table);

	if (err)
		return err;
	err = rec_table_place(c->rec, c->rs, &table, &c->next, &c->table_new);
	free(table.words);
	return err;
}

/* rr: the place behind the server that was used last, or behind its nearest predecessor that stayed. */
static uint32_t cursor_start(const struct change *c)
{
	const struct sl_svc *was = &c->rs->svc;
	const struct plane *plane = c->rec->plane;
	uint64_t cursor = __atomic_load_n(&plane->cursors[was->id], __ATOMIC_RELAXED);
	uint32_t at = sl_cursor_gen(cursor) == (was->gen & 0xffff) ? sl_cursor_index(cursor) : was->start;

	if (!c->was_active || was->sched != SL_SCHED_RR || c->next.sched != SL_SCHED_RR || at > was->count)
		return 0;
	for (; at; at--) {
		uint32_t id = plane->members[was->first + at - 1].dest;
		const struct rec_dest *rd = &c->rec->dests[id & (SL_MAX_DESTS - 1)];

		if (rd->stamp == c->rec->stamp && !rd->fresh && !rd->moved)
			return rd->place + 1;
	}
	return 0;
}

static bool same_entry(const struct sl_svc *a, const struct sl_svc *b)
{
	return a->first == b->first && a->count == b->count && a->sched == b->sched && a->flags == b->flags &&
	       a->max_weight == b->max_weight && a->gcd_weight == b->gcd_weight && a->total_weight == b->total_weight &&
	       a->order == b->order && a->table == b->table && a->table_len == b->table_len;
}

/* The switch: one write, and the lanes see the new generation. */
static int change_switch(struct change *c)
{
	struct rec_svc *rs = c->rs;
	struct sl_svc was = rs->svc;
	int err;

	if (c->was_active && same_entry(&was, &c->next))
		return 0;
	c->next.start = cursor_start(c);
	c->next.gen = was.gen + 1;
	c->next.bound = c->was_active && was.sched == c->next.sched ? was.bound : c->next.gen;
	if (!c->was_active || was.sched != c->next.sched)
		plane_cursor_reset(c->rec->plane, was.id);
	err = plane_svc_set(c->rec->plane, &rs->key, &c->next);
	if (err)
		return err;
	if (c->was_active && rs->owns_region && was.count && (c->region_new || c->count == 0))
		pool_release(&c->rec->members, was.first, was.count);
	if (c->was_active && rs->owns_table && (was.table != c->next.table || !c->next.table_len))
		rec_table_release(c->rec, &was);
	rs->svc = c->next;
	rs->active = rs->owns_region = rs->owns_table = true;
	return 0;
}

/* Servers that the service has no more: flagged, and gone when their connections are. */
static void change_leavers(struct reconcile *rec, struct rec_svc *rs, uint64_t now_ms)
{
	struct list *at, *safe;

	list_each (at, safe, &rs->dests) {
		struct rec_dest *rd = container_of(at, struct rec_dest, link);

		if (rd->stamp != rec->stamp)
			rec_dest_linger(rec, rd - rec->dests, now_ms);
		rd->fresh = false;
	}
}

/* The switch didn't happen: take back what was new. */
static void change_undo(struct change *c)
{
	struct reconcile *rec = c->rec;
	struct list *at, *safe;

	if (c->region_new)
		pool_return(&rec->members, c->next.first, c->count);
	if (c->table_new)
		rec_table_return(rec, &c->next);
	list_each (at, safe, &c->rs->dests) {
		struct rec_dest *rd = container_of(at, struct rec_dest, link);

		if (rd->fresh)
			rec_dest_drop(rec, rd - rec->dests, false);
		else if (!c->was_active)
			rec_dest_linger(rec, rd - rec->dests, c->now_ms);
	}
	if (!c->was_active)
		vip_put(rec, &c->rs->key.addr);
	rec_svc_drop_unused(rec, c->rs);
}

static int change_run(struct change *c)
{
	int err = change_dests(c);

	if (!err)
		err = change_region(c);
	if (!err)
		err = change_table(c);
	if (!err)
		err = change_switch(c);
	if (err)
		change_undo(c);
	else
		change_leavers(c->rec, c->rs, c->now_ms);
	return err;
}

/* A service that was deleted and is there again: servers that linger, and may come back later, begin at nought as it does. */
static void ledgers_start(struct reconcile *rec, const struct rec_svc *rs)
{
	struct list *at, *safe;

	list_each (at, safe, &rs->dests)
		ledger_start(rec, container_of(at, struct rec_dest, link) - rec->dests, false);
}

static int svc_want(struct reconcile *rec, const struct svc *want, uint64_t now_ms)
{
	struct change c = {.rec = rec, .want = want, .now_ms = now_ms};
	int err;

	c.members = calloc(want->dest_count + 1, sizeof(*c.members));
	c.servers = calloc(want->dest_count + 1, sizeof(*c.servers));
	err = c.members && c.servers ? rec_svc_get(rec, &want->key, &c.rs) : -ENOMEM;
	if (!err) {
		c.was_active = c.rs->active;
		c.next = (struct sl_svc){
		    .id = c.rs - rec->svcs, .sched = want->conf.sched, .flags = want->conf.flags & SCHED_FLAGS, .order = want->order};
		if (!c.was_active) {
			ledgers_start(rec, c.rs);
			err = rec_vip_get(rec, &want->key.addr, true);
		}
		if (err)
			rec_svc_drop_unused(rec, c.rs);
		else
			err = change_run(&c);
	}
	free(c.servers);
	free(c.members);
	return err;
}

static int svc_gone(struct reconcile *rec, const struct sl_svc_key *key, uint64_t now_ms)
{
	struct rec_svc *rs = rec_svc_find(rec, key);
	int err;

	if (!rs || !rs->active)
		return 0;
	err = plane_svc_del(rec->plane, key);
	if (err && err != -ENOENT)
		return err;
	vip_put(rec, &key->addr);
	rs->active = false;
	if (rs->owns_region && rs->svc.count)
		pool_release(&rec->members, rs->svc.first, rs->svc.count);
	if (rs->owns_table)
		rec_table_release(rec, &rs->svc);
	rs->owns_table = false;
	rec->stamp++;
	change_leavers(rec, rs, now_ms);
	rec_svc_drop_unused(rec, rs);
	return 0;
}

int rec_svc_apply(struct reconcile *rec, const struct model *model, const struct sl_svc_key *key, uint64_t now_ms)
{
	const struct svc *want = model_svc(model, key);

	return want ? svc_want(rec, want, now_ms) : svc_gone(rec, key, now_ms);
}

/* The model is as it was; make the plane so, up to the service that failed. */
static void put_back(struct reconcile *rec, struct txn *txn, struct list *failed, uint64_t now_ms)
{
	struct list *at, *safe;

	list_each (at, safe, &txn->touched) {
		const struct txn_touched *touched = container_of(at, struct txn_touched, link);
		int err = rec_svc_apply(rec, txn->model, &touched->key, now_ms);
		char text[MODEL_NAME_TEXT];

		if (err)
			log_err("service %s could not be put back as it was: %s", model_svc_text(&touched->key, text), strerror(-err));
		if (at == failed)
			return;
	}
}

static void timeouts_set(struct plane *plane, const struct model_timeouts *t)
{
	plane_timeout_set(plane, SL_ST_ESTABLISHED, t->tcp);
	plane_timeout_set(plane, SL_ST_FIN_WAIT, t->tcpfin);
	plane_timeout_set(plane, SL_ST_UDP_NEW, t->udp);
	plane_timeout_set(plane, SL_ST_UDP, t->udp);
}

int reconcile_commit(struct reconcile *rec, struct txn *txn, uint64_t now_ms)
{
	struct list *at, *safe;

	list_each (at, safe, &txn->touched) {
		int err = rec_svc_apply(rec, txn->model, &container_of(at, struct txn_touched, link)->key, now_ms);

		if (err) {
			txn_undo(txn);
			put_back(rec, txn, at, now_ms);
			return err;
		}
	}
	timeouts_set(rec->plane, &txn->model->timeouts);
	return 0;
}
