/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_LBLCR_H
#define SLUICE_SCHED_LBLCR_H
/*
 * Locality-based least connection with replication (ip_vs_lblcr.c): a destination address has a set of servers, of which the
 * least loaded gets the connection. When that one is overloaded while another is idle, or none is available, the server that wlc
 * chooses joins the set. From a set that has not changed for lblcr_expiration its most loaded server is taken. A set has
 * SL_CACHE_DESTS servers at most: the next one takes the place of the one that joined first.
 */

#include "bpf/sched/cache.h"

struct lblcr_scan {
	const struct sl_svc *svc;
	const struct sl_cache *cache;
	__u32 place; /* of the one found; SL_CACHE_DESTS: none */
	__s32 weight;
	__u64 cost;
};

/* The i-th note of a set that may be changed meanwhile. */
SL_INLINE __u32 lblcr_note(const struct sl_cache *cache, __u32 i)
{
	return READ_ONCE(cache->dest[i & (SL_CACHE_DESTS - 1)]);
}

SL_INLINE __u32 lblcr_count(const struct sl_cache *cache)
{
	__u32 count = READ_ONCE(cache->count);

	return count < SL_CACHE_DESTS ? count : SL_CACHE_DESTS;
}

static long lblcr_least_visit(__u32 i, void *arg)
{
	struct lblcr_scan *scan = arg;
	__u32 note = lblcr_note(scan->cache, i);
	const struct sl_dest *d = cache_dest(scan->svc, note);
	struct sl_load now = sched_load(note & SL_CACHE_DEST_MASK);

	if (!cache_available(d) || d->weight <= 0 || now.over)
		return 0;
	if (scan->place < SL_CACHE_DESTS && !sched_less(sched_overhead(&now), d->weight, scan->cost, scan->weight))
		return 0;
	scan->place = i;
	scan->weight = d->weight;
	scan->cost = sched_overhead(&now);
	return 0;
}

/* Removed servers and overloaded ones count here, as in ip_vs_dest_set_max(). */
static long lblcr_most_visit(__u32 i, void *arg)
{
	struct lblcr_scan *scan = arg;
	__u32 note = lblcr_note(scan->cache, i);
	const struct sl_dest *d = cache_dest(scan->svc, note);
	struct sl_load now = sched_load(note & SL_CACHE_DEST_MASK);

	if (!d || d->weight <= 0)
		return 0;
	if (scan->place < SL_CACHE_DESTS && !sched_less(scan->cost, scan->weight, sched_overhead(&now), d->weight))
		return 0;
	scan->place = i;
	scan->weight = d->weight;
	scan->cost = sched_overhead(&now);
	return 0;
}

/* What a scan of a set begins with. */
SL_INLINE struct lblcr_scan lblcr_scan_of(const struct sl_svc *svc, const struct sl_cache *cache)
{
	__u64 zero = sched_zero(svc->count);

	return (struct lblcr_scan){.svc = svc, .cache = cache, .place = SL_CACHE_DESTS + zero, .weight = zero, .cost = zero};
}

/* The least loaded server of a set, newest first; 0 if none is available. */
APART __u32 lblcr_least(const struct sl_svc *svc, const struct sl_cache *cache)
{
	struct lblcr_scan scan;

	if (!svc || !cache)
		return 0;
	scan = lblcr_scan_of(svc, cache);
	sched_scan(lblcr_count(cache), lblcr_least_visit, &scan);
	return scan.place < SL_CACHE_DESTS ? lblcr_note(cache, scan.place) & SL_CACHE_DEST_MASK : 0;
}

/* Its most loaded one with a weight: the place, or SL_CACHE_DESTS. */
APART __u32 lblcr_most(const struct sl_svc *svc, const struct sl_cache *cache)
{
	struct lblcr_scan scan;

	if (!svc || !cache)
		return SL_CACHE_DESTS;
	scan = lblcr_scan_of(svc, cache);
	sched_scan(lblcr_count(cache), lblcr_most_visit, &scan);
	return scan.place;
}

struct lblcr_copy {
	const struct sl_svc *svc;
	const struct sl_cache *from;
	struct sl_cache *to;
};

static long lblcr_copy_visit(__u32 i, void *arg)
{
	struct lblcr_copy *copy = arg;
	__u32 note = lblcr_note(copy->from, i);

	if (cache_dest(copy->svc, note))
		copy->to->dest[copy->to->count++ & (SL_CACHE_DESTS - 1)] = note;
	return 0;
}

/* Copies an entry; servers that are gone are left out. */
APART int lblcr_copy(const struct sl_svc *svc, struct sl_cache *to, const struct sl_cache *from)
{
	struct lblcr_copy copy = {.svc = svc, .from = from, .to = to};

	if (!svc || !to || !from)
		return 0;
	__builtin_memset(to, 0, sizeof(*to));
	to->used = from->used;
	to->changed = from->changed;
	sched_scan(lblcr_count(from), lblcr_copy_visit, &copy);
	return 0;
}

/* Takes the server at this place from the set, if there is one. */
APART int lblcr_erase(struct sl_cache *cache, __u32 place)
{
	if (!cache || place >= cache->count)
		return 0;
	for (__u32 i = 0; i < SL_CACHE_DESTS - 1; i++)
		if (i >= place)
			cache->dest[i] = cache->dest[i + 1];
	cache->dest[SL_CACHE_DESTS - 1] = 0;
	cache->count--;
	return 1;
}

/* Puts a server at the head of the set, unless it is in it. */
APART int lblcr_insert(struct sl_cache *cache, __u32 note)
{
	if (!cache)
		return 0;
	for (__u32 i = 0; i < SL_CACHE_DESTS && i < cache->count; i++)
		if (cache->dest[i] == note)
			return 0;
	for (__u32 i = SL_CACHE_DESTS - 1; i > 0; i--) {
		cache->dest[i] = cache->dest[i - 1];
		barrier(); /* or all of them are held on the stack */
	}
	cache->dest[0] = note;
	if (cache->count < SL_CACHE_DESTS)
		cache->count++;
	return 1;
}

/* Is the set of more than one due to lose a server? */
SL_INLINE int lblcr_due(const struct sl_cache *cache, __u32 now)
{
	const struct sl_settings *set = map_settings();
	__u64 age = sl_age(READ_ONCE(cache->changed) & SL_W_TICK_MASK, now);

	return set && cache->count > 1 && age << set->tick_shift > (__u64)(__u32)set->sysctl[SL_SYS_LBLCR_EXPIRATION] * set->hz;
}

/*
 * Writes the entry anew: without its most loaded server (dest 0), or with `dest`. Of two CPUs that do it at once one is
 * heard; readers see one set or the other.
 */
APART int lblcr_change(const struct sl_svc *svc, const struct pkt *p, __u32 dest)
{
	struct work *work = work_get();
	struct sl_cache_key key;
	struct sl_cache *cache;
	int changed;

	if (!svc || !p || !work)
		return 0;
	key = cache_key(svc, p);
	cache = map_cache(&key);
	if (!cache)
		return 0;
	lblcr_copy(svc, &work->cache, cache);
	changed = dest ? lblcr_insert(&work->cache, cache_note(dest))
		       : work->cache.count < 2 || lblcr_erase(&work->cache, lblcr_most(svc, &work->cache));
	if (!changed)
		return 0;
	work->cache.changed = p->now;
	map_cache_set(&key, &work->cache);
	return 0;
}

APART __u32 lblcr_pick(const struct sl_svc *svc, const struct pkt *p)
{
	struct sl_cache_key key;
	struct sl_cache *cache;
	__u32 dest = 0;

	if (!svc || !p)
		return 0;
	key = cache_key(svc, p);
	cache = map_cache(&key);
	if (cache) {
		const struct sl_dest *d;

		WRITE_ONCE(cache->used, p->now);
		dest = lblcr_least(svc, cache);
		if (lblcr_due(cache, p->now))
			lblcr_change(svc, p, 0);
		d = map_dest(dest);
		if (dest && d && !cache_overloaded(svc, dest, d->weight))
			return dest;
	}
	dest = wlc_pick(svc);
	if (dest && cache)
		lblcr_change(svc, p, dest);
	else if (dest)
		cache_begin(svc, p, dest);
	return dest;
}

#endif
