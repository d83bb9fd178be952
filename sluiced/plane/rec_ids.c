/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reconciler's ids: found by name, handed out, let go when nothing uses them any more. */

#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "sluiced/plane/reconcile_own.h"

int reconcile_new(struct plane *plane, const struct reconcile_hooks *hooks, struct reconcile **ret_rec)
{
	struct reconcile *rec = calloc(1, sizeof(*rec));

	if (!rec)
		return -ENOMEM;
	rec->plane = plane;
	rec->hooks = *hooks;
	list_init(&rec->lingering);
	htab_init(&rec->svc_tab);
	htab_init(&rec->dest_tab);
	htab_init(&rec->vip_tab);
	htab_init(&rec->origin_tab);
	rec->dests = calloc(SL_MAX_DESTS, sizeof(*rec->dests));
	rec->svcs = calloc(SL_MAX_SVCS, sizeof(*rec->svcs));
	if (!rec->dests || !rec->svcs || pool_init(&rec->dest_ids, SL_MAX_DESTS) || pool_init(&rec->svc_ids, SL_MAX_SVCS) ||
	    pool_init(&rec->areas[AREA_MEMBERS], SL_MAX_MEMBERS) || pool_init(&rec->areas[AREA_TABLE], SL_MAX_TABLES) ||
	    pool_init(&rec->areas[AREA_BOUNDS], SL_MAX_BOUNDS) || classify_new(plane, &rec->classify)) {
		reconcile_free(rec);
		return -ENOMEM;
	}
	pool_claim(&rec->dest_ids, 0, 1);
	pool_claim(&rec->svc_ids, 0, 1);
	*ret_rec = rec;
	return 0;
}

void reconcile_free(struct reconcile *rec)
{
	if (!rec)
		return;
	classify_free(rec->classify);
	rec_origins_free(rec);
	rec_vips_free(rec);
	htab_fini(&rec->dest_tab);
	htab_fini(&rec->svc_tab);
	for (int area = 0; area < AREAS; area++)
		pool_fini(&rec->areas[area]);
	pool_fini(&rec->svc_ids);
	pool_fini(&rec->dest_ids);
	free(rec->svcs);
	free(rec->dests);
	free(rec);
}

struct rec_svc *rec_svc_find(const struct reconcile *rec, const struct sl_svc_key *key)
{
	struct hnode *node = htab_first(&rec->svc_tab, hash_bytes(key, sizeof(*key), 0));

	for (; node; node = htab_next(node)) {
		struct rec_svc *rs = container_of(node, struct rec_svc, node);

		if (memcmp(&rs->key, key, sizeof(*key)) == 0)
			return rs;
	}
	return NULL;
}

void rec_svc_enter(struct reconcile *rec, uint32_t id, const struct sl_svc_key *key)
{
	struct rec_svc *rs = &rec->svcs[id];

	*rs = (struct rec_svc){.key = *key, .svc = {.id = id, .gen = rs->svc.gen}};
	list_init(&rs->dests);
	htab_insert(&rec->svc_tab, &rs->node, hash_bytes(key, sizeof(*key), 0));
}

void reconcile_svc_raw(const struct reconcile *rec, uint32_t id, __u64 ret_sum[5])
{
	memcpy(ret_sum, rec->plane->ledger[SL_MAX_DESTS + id].retired, 5 * sizeof(*ret_sum));
	for (uint32_t dest = 0; (dest = reconcile_next_dest(rec, id, dest));) {
		struct sl_stats stats = plane_stats(rec->plane, dest);
		__u64 now[5];

		memcpy(now, &stats, sizeof(now));
		for (int i = 0; i < 5; i++)
			ret_sum[i] += now[i] - rec->plane->ledger[dest].retired[i];
	}
}

int rec_svc_get(struct reconcile *rec, const struct sl_svc_key *key, struct rec_svc **ret_rs)
{
	struct rec_svc *rs = rec_svc_find(rec, key);
	uint32_t id;
	int err;

	if (!rs) {
		err = rec_id_take(rec, &rec->svc_ids, &id);
		if (err)
			return err;
		rec->plane->ledger[SL_MAX_DESTS + id] = (struct sl_ledger){0};
		rec_svc_enter(rec, id, key);
		rs = &rec->svcs[id];
	} else if (!rs->active) {
		reconcile_svc_raw(rec, rs->svc.id, rec->plane->ledger[SL_MAX_DESTS + rs->svc.id].base);
	}
	*ret_rs = rs;
	return 0;
}

void rec_svc_drop_unused(struct reconcile *rec, struct rec_svc *rs)
{
	if (rs->active || rs->busy || !list_empty(&rs->dests))
		return;
	htab_remove(&rec->svc_tab, &rs->node);
	pool_release(&rec->svc_ids, rs - rec->svcs, 1);
	*rs = (struct rec_svc){.svc = {.gen = rs->svc.gen}}; /* the id's next user goes on counting */
}

static uint64_t dest_hash(uint32_t svc, const struct dest_key *key)
{
	return hash_bytes(key, sizeof(*key), svc);
}

uint32_t rec_dest_find(const struct reconcile *rec, uint32_t svc, const struct dest_key *key)
{
	struct hnode *node = htab_first(&rec->dest_tab, dest_hash(svc, key));

	for (; node; node = htab_next(node)) {
		uint32_t id = container_of(node, struct rec_dest, node) - rec->dests;
		const struct sl_dest *entry = &rec->plane->dests[id];

		if (entry->svc == svc && entry->port == key->port && memcmp(&entry->addr, &key->addr, sizeof(key->addr)) == 0)
			return id;
	}
	return 0;
}

void rec_dest_link(struct reconcile *rec, struct rec_svc *rs, uint32_t id)
{
	const struct sl_dest *entry = &rec->plane->dests[id];
	struct dest_key key = dest_key(&entry->addr, entry->port);
	struct rec_dest *rd = &rec->dests[id];

	if (id > rec->highest)
		rec->highest = id;
	*rd = (struct rec_dest){0};
	list_init(&rd->lingering);
	list_init(&rd->claim);
	list_append(&rs->dests, &rd->link);
	htab_insert(&rec->dest_tab, &rd->node, dest_hash(entry->svc, &key));
}

/* Its replies without a connection are nobody's any more; that fails only where the kernel refuses to remove an entry. */
static void drop_origin(struct reconcile *rec, uint32_t id)
{
	int err = rec_origin_set(rec, id, false);

	if (err)
		log_warn_limited("a removed server stays in the list of origins: %s", strerror(-err));
}

void rec_dest_linger(struct reconcile *rec, uint32_t id, uint64_t now_ms)
{
	struct sl_dest entry = rec->plane->dests[id];
	struct rec_dest *rd = &rec->dests[id];

	if (!list_empty(&rd->lingering))
		return;
	entry.flags = rec_dest_flags(rec, true, entry.weight);
	plane_dest_set(rec->plane, id, &entry);
	drop_origin(rec, id);
	rd->removed_ms = now_ms;
	list_append(&rec->lingering, &rd->lingering);
	rec->lingering_count++;
}

void rec_dest_unlinger(struct reconcile *rec, uint32_t id)
{
	struct rec_dest *rd = &rec->dests[id];

	if (list_empty(&rd->lingering))
		return;
	list_remove(&rd->lingering);
	rec->lingering_count--;
}

/* The service remembers what this server had counted for it. */
static void retire(struct reconcile *rec, uint32_t id)
{
	struct sl_ledger *svc = &rec->plane->ledger[SL_MAX_DESTS + rec->plane->dests[id].svc], *dest = &rec->plane->ledger[id];
	struct sl_stats stats = plane_stats(rec->plane, id);
	__u64 now[5];

	memcpy(now, &stats, sizeof(now));
	for (int i = 0; i < 5; i++)
		svc->retired[i] += now[i] - dest->retired[i];
	memcpy(dest->retired, now, sizeof(now));
}

void rec_dest_drop(struct reconcile *rec, uint32_t id, bool seen)
{
	struct rec_dest *rd = &rec->dests[id];

	retire(rec, id);
	drop_origin(rec, id);
	rec_dest_unlinger(rec, id);
	list_remove(&rd->link);
	htab_remove(&rec->dest_tab, &rd->node);
	rec->hooks.unwatch(rec->hooks.arg, id);
	plane_dest_clear(rec->plane, id);
	if (seen)
		pool_release(&rec->dest_ids, id, 1);
	else
		pool_return(&rec->dest_ids, id, 1);
}

static bool is_idle(const struct reconcile *rec, const struct rec_dest *rd)
{
	struct sl_load load = plane_load(rec->plane, rd - rec->dests);

	return load.active == 0 && load.inactive == 0 && load.templates == 0;
}

/* Removed servers without connections go, those that were removed before `until_ms`. */
static void let_go(struct reconcile *rec, uint64_t until_ms)
{
	struct list *at, *safe;

	list_each (at, safe, &rec->lingering) {
		struct rec_dest *rd = container_of(at, struct rec_dest, lingering);
		struct rec_svc *rs = &rec->svcs[rec->plane->dests[rd - rec->dests].svc];

		if (rd->removed_ms > until_ms || !is_idle(rec, rd))
			continue;
		rec_dest_drop(rec, rd - rec->dests, true);
		rec_svc_drop_unused(rec, rs);
	}
}

/* If there is none, those of servers that were just removed will do once every program that runs now has ended. */
int rec_id_take(struct reconcile *rec, struct pool *pool, uint32_t *ret_id)
{
	int err = pool_take(pool, 1, ret_id);

	if (err != -ENOSPC || syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0)
		return err;
	let_go(rec, UINT64_MAX);
	pool_settle(&rec->dest_ids);
	pool_settle(&rec->svc_ids);
	return pool_take(pool, 1, ret_id);
}

/* After the rest no program can enter a connection to a removed server any more. */
void reconcile_tick(struct reconcile *rec, uint64_t now_ms)
{
	let_go(rec, now_ms - POOL_REST_MS);
	pool_tick(&rec->dest_ids, now_ms);
	pool_tick(&rec->svc_ids, now_ms);
	for (int area = 0; area < AREAS; area++)
		pool_tick(&rec->areas[area], now_ms);
	classify_tick(rec->classify, now_ms);
	rec_caches_tick(rec, now_ms);
}

uint32_t reconcile_svc_id(const struct reconcile *rec, const struct sl_svc_key *key)
{
	const struct rec_svc *rs = rec_svc_find(rec, key);

	return rs && rs->active ? rs->svc.id : 0;
}

uint32_t reconcile_svc_any(const struct reconcile *rec, const struct sl_svc_key *key)
{
	const struct rec_svc *rs = rec_svc_find(rec, key);

	return rs ? rs->svc.id : 0;
}

bool reconcile_svc_key(const struct reconcile *rec, uint32_t svc, struct sl_svc_key *ret_key)
{
	if (svc >= SL_MAX_SVCS || !rec->svcs[svc].svc.id)
		return false;
	*ret_key = rec->svcs[svc].key;
	return true;
}

uint32_t reconcile_dest_id(const struct reconcile *rec, uint32_t svc, const struct dest_key *key)
{
	return rec_dest_find(rec, svc, key);
}

uint32_t reconcile_highest_dest(const struct reconcile *rec)
{
	return rec->highest;
}

uint32_t reconcile_next_dest(const struct reconcile *rec, uint32_t svc, uint32_t prev)
{
	const struct list *head = &rec->svcs[svc].dests;
	const struct list *next = prev ? rec->dests[prev].link.next : head->next;

	return next && next != head ? container_of(next, struct rec_dest, link) - rec->dests : 0;
}

bool reconcile_svc_used(const struct reconcile *rec, uint32_t svc)
{
	return rec->svcs[svc].svc.id != 0;
}

unsigned reconcile_lingering(const struct reconcile *rec)
{
	return rec->lingering_count;
}
