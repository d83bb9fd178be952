/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_CACHE_H
#define SLUICE_SCHED_CACHE_H
/*
 * DOC: what lblc and lblcr remember of a destination
 *
 * A map entry per destination address, service and binding of the scheduler (sl_svc.bound), so that a service begins with nothing
 * when it gets its scheduler, whatever is still there. A server is noted with the use of its id: an id that has been given to
 * another server since is nobody's. The word that is rr's cursor counts a service's entries; the daemon forgets old ones
 (sluiced/plane/rec_caches.c). With the table full, or no more room for this service, connections are scheduled all the
 * same and just not remembered.
 */

#include "bpf/sched/size.h"
#include "bpf/sched/wlc.h"
#include "bpf/work.h"

SL_INLINE struct sl_cache_key cache_key(const struct sl_svc *svc, const struct pkt *p)
{
	return (struct sl_cache_key){.daddr = p->dst, .svc = svc->id, .bound = svc->bound};
}

/* A server as an entry has it: id and use. */
SL_INLINE __u32 cache_note(__u32 dest)
{
	const struct sl_dest *d = map_dest(dest);

	return d ? dest | d->gen << SL_CACHE_GEN_SHIFT : 0;
}

/* The server of a note, perhaps removed from the service but not forgotten; NULL if the id is not its any more. */
SL_INLINE const struct sl_dest *cache_dest(const struct sl_svc *svc, __u32 note)
{
	__u32 id = note & SL_CACHE_DEST_MASK;
	const struct sl_dest *d = map_dest(id);

	if (!id || !d || d->svc != svc->id || !(d->flags & SL_DEST_USED) || ((d->gen ^ note >> SL_CACHE_GEN_SHIFT) & SL_CACHE_GEN_MASK))
		return 0;
	return d;
}

/* A server of the service that may have a weight: IPVS's "available". */
SL_INLINE int cache_available(const struct sl_dest *d)
{
	return d && !(d->flags & SL_DEST_REMOVED);
}

static long cache_idle_visit(__u32 i, void *arg)
{
	struct sched_scan *scan = arg;
	const struct sl_member *m = sched_at(scan, i);

	if ((__u64)sched_read(&scan->loads[m->dest & (SL_MAX_DESTS - 1)]).active * 2 >= (__u64)m->weight)
		return 0;
	scan->dest = m->dest;
	return 1;
}

/* Has this server more active connections than its weight, while some other is not half as busy (is_overloaded())? */
APART int cache_overloaded(const struct sl_svc *svc, __u32 dest, __s32 weight)
{
	struct sched_scan scan;

	if (!svc || (__s64)sched_load(dest).active <= weight || !sched_begin(&scan, svc))
		return 0;
	sched_scan(svc->count, cache_idle_visit, &scan);
	return scan.dest != 0;
}

/* Remembers the server for the packet's destination, which has no entry, if there is room. */
APART int cache_begin(const struct sl_svc *svc, const struct pkt *p, __u32 dest)
{
	struct work *work = work_get();
	struct sl_cache_key key;
	__u64 *count;

	if (!svc || !p || !work)
		return 0;
	count = map_cursor(svc->id);
	if (!count || READ_ONCE(*count) >= SCHED_CACHE_MOST)
		return 0;
	key = cache_key(svc, p);
	__builtin_memset(&work->cache, 0, sizeof(work->cache));
	work->cache.used = work->cache.changed = p->now;
	work->cache.count = 1;
	work->cache.dest[0] = cache_note(dest);
	if (!map_cache_add(&key, &work->cache))
		__sync_fetch_and_add(count, 1);
	return 0;
}

#endif
