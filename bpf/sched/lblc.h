/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_LBLC_H
#define SLUICE_SCHED_LBLC_H
/*
 * Locality-based least connection (ip_vs_lblc.c): a destination address stays on its server, until that one is gone, quiesced
 * or overloaded while another is idle; then it gets the server that wlc chooses. A threshold (-x) does not move it, as there.
 */

#include "bpf/sched/cache.h"

/* The server that the entry names, if it may stay; 0. */
APART __u32 lblc_known(const struct sl_svc *svc, __u32 note)
{
	const struct sl_dest *d;
	__s32 weight;

	if (!svc)
		return 0;
	d = cache_dest(svc, note);
	if (!cache_available(d))
		return 0;
	weight = d->weight;
	note &= SL_CACHE_DEST_MASK;
	return weight > 0 && !cache_overloaded(svc, note, weight) ? note : 0;
}

APART __u32 lblc_pick(const struct sl_svc *svc, const struct pkt *p)
{
	struct sl_cache_key key;
	struct sl_cache *cache;
	__u32 dest;

	if (!svc || !p)
		return 0;
	key = cache_key(svc, p);
	cache = map_cache(&key);
	if (cache) {
		WRITE_ONCE(cache->used, p->now);
		dest = lblc_known(svc, READ_ONCE(cache->dest[0]));
		if (dest)
			return dest;
	}
	dest = wlc_pick(svc);
	if (dest && cache)
		WRITE_ONCE(cache->dest[0], cache_note(dest));
	else if (dest)
		cache_begin(svc, p, dest);
	return dest;
}

#endif
