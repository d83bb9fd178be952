/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One service on its way to a new generation. */

#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sluiced/plane/allow.h"
#include "sluiced/plane/reconcile_own.h"
#include "sluiced/sched/table.h"

struct change {
	struct reconcile *rec;
	struct rec_svc *rs;
	const struct svc *want;
	uint64_t now_ms;
	bool was_active;
	bool rebound; /* the scheduler begins anew */
	struct sl_member *members; /* the new list, in the making */
	struct sched_server *servers; /* likewise, as the scheduler's table is made of them */
	uint32_t count;
	struct sl_svc next; /* the new entry */
	struct rec_run runs[AREAS]; /* its runs */
	bool fresh[AREAS]; /* taken for this change */
};

/* ---- the areas ---- */

/* If the pool is out, what is at rest will do once every program that runs now has ended. */
static int run_take(struct pool *pool, uint32_t count, uint32_t *ret_first)
{
	int err = pool_take(pool, count, ret_first);

	if (err != -ENOSPC || syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0)
		return err;
	pool_settle(pool);
	return pool_take(pool, count, ret_first);
}

static const void *area_at(const struct plane *plane, enum rec_area area, uint32_t first)
{
	switch (area) {
	case AREA_MEMBERS: return &plane->members[first];
	case AREA_TABLE: return &plane->tables[first];
	default: return &plane->bounds[first];
	}
}

static size_t area_size(enum rec_area area)
{
	static const size_t sizes[AREAS] = {
	    [AREA_MEMBERS] = sizeof(struct sl_member), [AREA_TABLE] = sizeof(__u32), [AREA_BOUNDS] = sizeof(struct sl_addr)};

	return sizes[area];
}

static void area_write(struct plane *plane, enum rec_area area, uint32_t first, const void *data, uint32_t count)
{
	switch (area) {
	case AREA_MEMBERS: plane_members_set(plane, first, data, count); break;
	case AREA_TABLE: plane_tables_set(plane, first, data, count); break;
	default: plane_bounds_set(plane, first, data, count); break;
	}
}

/* Where the new data goes: it may stay where it is if it is the same. */
static int change_area(struct change *c, enum rec_area area, const void *data, uint32_t count)
{
	const struct rec_run *was = &c->rs->runs[area];
	struct rec_run *run = &c->runs[area];
	int err;

	*run = (struct rec_run){0, count};
	if (!count)
		return 0;
	if (c->was_active && was->count == count && memcmp(area_at(c->rec->plane, area, was->first), data, count * area_size(area)) == 0) {
		*run = *was;
		return 0;
	}
	err = run_take(&c->rec->areas[area], count, &run->first);
	if (err)
		return err;
	c->fresh[area] = true;
	area_write(c->rec->plane, area, run->first, data, count);
	return 0;
}

static void release(struct reconcile *rec, enum rec_area area, struct rec_run *run)
{
	if (run->count)
		pool_release(&rec->areas[area], run->first, run->count);
	*run = (struct rec_run){0};
}

bool rec_area_claim(struct reconcile *rec, struct rec_svc *rs, enum rec_area area, struct rec_run run)
{
	if (!pool_claim(&rec->areas[area], run.first, run.count))
		return false;
	rs->runs[area] = run;
	return true;
}

/* ---- the steps ---- */

/* What the members' weights add up to. */
static void count_weight(struct sl_svc *svc, uint32_t weight)
{
	if (weight > svc->max_weight)
		svc->max_weight = weight;
	svc->gcd_weight = sched_gcd(svc->gcd_weight, weight);
	svc->total_weight += weight;
}

static int change_dests(struct change *c)
{
	struct reconcile *rec = c->rec;
	struct list *at, *safe;

	rec->stamp++;
	list_each (at, safe, &c->want->dests) {
		const struct dest *dest = container_of(at, struct dest, link);
		uint32_t id = rec_dest_find(rec, c->next.id, &dest->key);
		int err = 0;

		if (id) {
			rec->dests[id].moved = rec->plane->dests[id].order != dest->order;
			rec_dest_keep(rec, c->rs, dest, id);
		} else {
			err = rec_dest_take(rec, c->rs, dest, &id);
		}
		if (err)
			return err;
		rec->dests[id].stamp = rec->stamp;
		rec->dests[id].place = c->count;
		c->servers[c->count] = (struct sched_server){dest->key.addr, dest->key.port, dest->conf.weight, dest->conf.last_weight};
		c->members[c->count++] = (struct sl_member){.dest = id, .weight = dest->conf.weight};
		count_weight(&c->next, dest->conf.weight);
	}
	c->next.count = c->count;
	return change_area(c, AREA_MEMBERS, c->members, c->count);
}

static int change_table(struct change *c)
{
	struct sched_table table;
	int err = sched_table_make(c->next.sched, !addr_is_v4(c->rs->key.addr.b), c->servers, c->count, &table);

	if (err)
		return err;
	c->next.table_len = table.len;
	err = change_area(c, AREA_TABLE, table.words, table.count);
	free(table.words);
	return err;
}

static int change_allow(struct change *c)
{
	const struct allow *allow = c->want->conf.allow;
	struct sl_addr *bounds = NULL;
	uint32_t count = 0;
	int err;

	if (!allow)
		return 0;
	err = allow_bounds(allow->prefixes, allow->count, &bounds, &count);
	if (!err)
		err = change_area(c, AREA_BOUNDS, bounds, count);
	free(bounds);
	c->next.flags |= SL_SVC_ALLOW;
	return err;
}

/* rr: the place behind the server that was used last, or behind its nearest predecessor that stayed. */
static uint32_t rr_start(const struct change *c)
{
	const struct sl_svc *was = &c->rs->svc;
	uint32_t at = sl_cursor_index(rec_cursor(c->rec, was));

	for (at = at > was->count ? 0 : at; at; at--) {
		uint32_t id = c->rec->plane->members[was->first + at - 1].dest;
		const struct rec_dest *rd = &c->rec->dests[id & (SL_MAX_DESTS - 1)];

		if (rd->stamp == c->rec->stamp && !rd->fresh && !rd->moved)
			return rd->place + 1;
	}
	return 0;
}

/* wrr: after a change of servers the head of the list, under the bar that it left; else where the lanes are. */
static void wrr_start(struct change *c, const struct svc_turn *turn)
{
	uint64_t cursor = c->rebound ? 0 : rec_cursor(c->rec, &c->rs->svc);

	if (turn->moved) {
		c->next.bar = turn->bar;
	} else if (!c->rebound && !c->fresh[AREA_MEMBERS] && c->count) {
		c->next.bar = sl_cursor_weight(cursor);
		c->next.start = sl_cursor_index(cursor);
	} else {
		c->next.bar = sched_wrr_bar(sl_cursor_weight(cursor), c->next.gcd_weight, c->next.max_weight);
	}
}

static void cursor_place(struct change *c, const struct svc_turn *turn)
{
	if (c->next.sched == SL_SCHED_WRR)
		wrr_start(c, turn);
	else if (c->next.sched == SL_SCHED_RR && !c->rebound)
		c->next.start = rr_start(c);
}

/* Equal but for what counts the switches. */
static bool same_entry(const struct sl_svc *a, const struct sl_svc *b)
{
	struct sl_svc x = *a, y = *b;

	x.gen = y.gen = x.start = y.start = x.bound = y.bound = x.bar = y.bar = 0;
	return memcmp(&x, &y, sizeof(x)) == 0;
}

/* The switch: one write, and the lanes see the new generation. */
static int change_switch(struct change *c)
{
	struct rec_svc *rs = c->rs;
	struct svc_turn turn = rec_turn(c->rec, c->want);
	struct sl_svc was = rs->svc;
	int err;

	c->next.first = c->runs[AREA_MEMBERS].first;
	c->next.table = c->runs[AREA_TABLE].first;
	c->next.allow = c->runs[AREA_BOUNDS].first;
	c->next.allow_count = c->runs[AREA_BOUNDS].count;
	c->rebound = !c->was_active || turn.added || was.sched != c->next.sched;
	if (!c->rebound && !(turn.moved && was.sched == SL_SCHED_WRR) && same_entry(&was, &c->next))
		return 0;
	cursor_place(c, &turn);
	c->next.gen = was.gen + 1;
	c->next.bound = was.bound;
	if (c->rebound) {
		c->next.bound = c->next.gen;
		plane_cursor_reset(c->rec->plane, was.id);
	}
	err = plane_svc_set(c->rec->plane, &rs->key, &c->next);
	if (err)
		return err;
	for (int area = 0; area < AREAS; area++) {
		if (c->fresh[area] || !c->runs[area].count)
			release(c->rec, area, &rs->runs[area]);
		rs->runs[area] = c->runs[area];
		c->fresh[area] = false;
	}
	rs->svc = c->next;
	rs->active = true;
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

	for (int area = 0; area < AREAS; area++) {
		if (c->fresh[area])
			pool_return(&rec->areas[area], c->runs[area].first, c->runs[area].count);
	}
	list_each (at, safe, &c->rs->dests) {
		struct rec_dest *rd = container_of(at, struct rec_dest, link);

		if (rd->fresh)
			rec_dest_drop(rec, rd - rec->dests, false);
		else if (!c->was_active)
			rec_dest_linger(rec, rd - rec->dests, c->now_ms);
	}
	if (!c->was_active)
		rec_name_put(rec, &c->rs->key);
}

static int change_run(struct change *c)
{
	int err = change_dests(c);

	if (!err)
		err = change_table(c);
	if (!err)
		err = change_allow(c);
	if (!err)
		err = change_switch(c);
	if (err) {
		change_undo(c);
		return err;
	}
	change_leavers(c->rec, c->rs, c->now_ms);
	return rec_origins_set(c->rec, c->rs);
}

/* A service that was deleted and is there again: servers that linger, and may come back later, begin at nought as it does. */
static void ledgers_start(struct reconcile *rec, const struct rec_svc *rs)
{
	struct list *at, *safe;

	list_each (at, safe, &rs->dests)
		rec_ledger_start(rec, container_of(at, struct rec_dest, link) - rec->dests, false);
}

/* What the new entry says but for the servers and lists. */
static struct sl_svc entry_start(const struct change *c)
{
	const struct svc_conf *conf = &c->want->conf;
	bool own = conf->timeouts.tcp || conf->timeouts.tcpfin || conf->timeouts.udp;

	return (struct sl_svc){
	    .id = c->rs - c->rec->svcs,
	    .sched = conf->sched,
	    .flags = conf->flags | (own ? SL_SVC_OWN : 0),
	    .order = c->want->order,
	    .mask = conf->mask,
	    .persist_s = conf->persist_s,
	    .pe = conf->pe,
	};
}

static int svc_want(struct reconcile *rec, const struct model *model, const struct svc *want, uint64_t now_ms)
{
	struct change c = {.rec = rec, .want = want, .now_ms = now_ms};
	int err;

	c.members = calloc(want->dest_count + 1, sizeof(*c.members));
	c.servers = calloc(want->dest_count + 1, sizeof(*c.servers));
	err = c.members && c.servers ? rec_svc_get(rec, &want->key, &c.rs) : -ENOMEM;
	if (!err) {
		c.was_active = c.rs->active;
		c.rs->busy = true;
		c.next = entry_start(&c);
		rec_own_write(rec, model, want, c.next.id);
		if (!c.was_active) {
			ledgers_start(rec, c.rs);
			err = rec_name_get(rec, &want->key, true);
		}
		if (!err)
			err = change_run(&c);
		c.rs->busy = false;
		rec_svc_drop_unused(rec, c.rs);
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
	rec_name_put(rec, key);
	rs->active = false;
	for (int area = 0; area < AREAS; area++)
		release(rec, area, &rs->runs[area]);
	rec->stamp++;
	change_leavers(rec, rs, now_ms);
	rec_svc_drop_unused(rec, rs);
	return 0;
}

int rec_svc_apply(struct reconcile *rec, const struct model *model, const struct sl_svc_key *key, uint64_t now_ms)
{
	const struct svc *want = model_svc(model, key);

	return want ? svc_want(rec, model, want, now_ms) : svc_gone(rec, key, now_ms);
}
