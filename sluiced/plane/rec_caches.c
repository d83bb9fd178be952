/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lblc and lblcr remember, forgotten as ip_vs_lblc.c's timer does: every minute from services with too many entries those that
 * nobody has used for six minutes, as many as are too many and a third more; every half an hour from all of them those that have not
 * been used for lblc_expiration, lblcr_expiration. Entries of a service that is gone or has got its scheduler anew are
 * out of the lanes' reach already, and go too. The table is walked in slices.
 */

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "bpf/sched/size.h"
#include "sluiced/plane/reconcile_own.h"

#define CHECK_MS 60000
#define FULL_EVERY 30 /* checks */
#define UNUSED_S 360
#define SLICE 8192 /* entries a second: all there can be in half a minute */

static bool remembers(const struct rec_svc *rs, const struct sl_cache_key *key)
{
	return rs->active && (rs->svc.sched == SL_SCHED_LBLC || rs->svc.sched == SL_SCHED_LBLCR) && rs->svc.bound == key->bound;
}

/* Entries of a service, as the lanes count them. */
static uint64_t *count_of(const struct reconcile *rec, const struct rec_svc *rs)
{
	return &rec->plane->cursors[rs - rec->svcs];
}

/* How many entries a service shall lose by a check that is not a full one. */
static uint32_t goal(const struct reconcile *rec, const struct rec_svc *rs)
{
	uint64_t count = __atomic_load_n(count_of(rec, rs), __ATOMIC_RELAXED), most = SCHED_CACHE_SIZE / 2;

	if ((rs->svc.sched != SL_SCHED_LBLC && rs->svc.sched != SL_SCHED_LBLCR) || count <= SCHED_CACHE_SIZE)
		return 0;
	return (count - SCHED_CACHE_SIZE) * 4 / 3 < most ? (count - SCHED_CACHE_SIZE) * 4 / 3 : most;
}

static uint32_t idle_s(const struct reconcile *rec, const struct sl_cache *cache)
{
	const struct sl_settings *set = rec->plane->settings;

	return ((uint64_t)sl_age(cache->used & SL_W_TICK_MASK, rec->caches.tick) << set->tick_shift) / set->hz;
}

/* Shall the entry go? */
static bool is_over(struct reconcile *rec, struct rec_svc *rs, const struct sl_cache *cache)
{
	const __s32 *sysctl = rec->plane->settings->sysctl;
	__s32 expiration = sysctl[rs->svc.sched == SL_SCHED_LBLC ? SL_SYS_LBLC_EXPIRATION : SL_SYS_LBLCR_EXPIRATION];
	uint32_t idle = idle_s(rec, cache);

	if (rec->caches.full)
		return idle >= (uint32_t)expiration;
	if (!rs->cache_goal || idle < UNUSED_S)
		return false;
	rs->cache_goal--;
	return true;
}

static void look_at(struct reconcile *rec, const struct sl_cache_key *key, const struct sl_cache *cache)
{
	struct rec_svc *rs = &rec->svcs[key->svc < SL_MAX_SVCS ? key->svc : 0];
	bool ours = remembers(rs, key);

	if (ours && !is_over(rec, rs, cache))
		return;
	if (!rec->plane->ops->cache_del(rec->plane, key) && ours)
		__atomic_fetch_sub(count_of(rec, rs), 1, __ATOMIC_RELAXED);
}

static void begin(struct reconcile *rec, uint64_t now_ms)
{
	struct rec_caches *caches = &rec->caches;
	struct sl_broom broom = {0};
	int err = rec->plane->ops->sweep(rec->plane, &broom); /* no bucket: it tells the lanes' time */

	caches->next_ms = now_ms + CHECK_MS;
	if (err) {
		log_warn_limited("what lblc and lblcr remember is not looked through: %s", strerror(-err));
		return;
	}
	caches->tick = broom.tick;
	caches->full = ++caches->checks % FULL_EVERY == 0;
	for (uint32_t id = 1; id < SL_MAX_SVCS; id++)
		rec->svcs[id].cache_goal = rec->svcs[id].active ? goal(rec, &rec->svcs[id]) : 0;
	caches->walking = !rec->plane->ops->cache_next(rec->plane, NULL, &caches->key, &caches->cache);
}

/* An entry is taken out once the next is known: only the daemon takes any. */
void rec_caches_tick(struct reconcile *rec, uint64_t now_ms)
{
	struct rec_caches *caches = &rec->caches;

	if (!caches->walking && now_ms >= caches->next_ms)
		begin(rec, now_ms);
	for (uint32_t i = 0; caches->walking && i < SLICE; i++) {
		struct sl_cache_key key;
		struct sl_cache cache;

		caches->walking = !rec->plane->ops->cache_next(rec->plane, &caches->key, &key, &cache);
		look_at(rec, &caches->key, &caches->cache);
		caches->key = key;
		caches->cache = cache;
	}
}
