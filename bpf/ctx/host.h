/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_CTX_HOST_H
#define SLUICE_CTX_HOST_H
/*
 * DOC: plain memory as a context
 *
 * The third compilation of the core: ordinary C over a buffer, for sanitizers, fuzzers and debuggers. The maps are the
 * fields of a struct host_maps that the test makes and points `host` to; time, the FIB and the CPU are fields too. Behaves as
 * the full lane with real checksums, or, with CTX_EXPRESS defined as 1 before, as the express lane.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>

#ifndef CTX_EXPRESS
#define CTX_EXPRESS 0
#endif
#define CTX_HOST 1

#include "sluice/abi.h"
#include "sluice/trail.h"
#include "sluice/word.h"

#define HOST_SVCS 64
#define HOST_FRAGS 64
#define HOST_MARKS 64
#ifndef HOST_CACHES
#define HOST_CACHES 4096
#endif
#define HOST_CALLS 64
#define HOST_TRAIL 64
#define HOST_CPUS 8

struct host_maps {
	struct sl_settings settings;
	struct sl_svc_key svc_keys[HOST_SVCS];
	struct sl_svc svcs[HOST_SVCS]; /* id 0: unused entry */
	struct sl_member members[SL_MAX_MEMBERS];
	uint32_t tables[SL_MAX_TABLES];
	struct sl_addr bounds[SL_MAX_BOUNDS];
	struct sl_own owns[SL_MAX_SVCS];
	struct sl_mark_key mark_keys[HOST_MARKS];
	struct sl_mark_set mark_sets[HOST_MARKS]; /* count 0: unused entry */
	struct sl_mark_rule mark_rules[SL_MAX_MARK_RULES];
	struct sl_svc_key origin_keys[HOST_SVCS], origins[HOST_SVCS]; /* proto 0: unused entry */
	struct sl_cache_key cache_keys[HOST_CACHES]; /* svc 0: unused entry */
	struct sl_cache caches[HOST_CACHES];
	struct sl_addr call_keys[HOST_CALLS];
	struct sl_call calls[HOST_CALLS];
	uint32_t call_next;
	struct sl_dest dests[SL_MAX_DESTS];
	struct sl_hop hops[SL_MAX_HOPS];
	struct sl_neigh_key hop_keys[HOST_SVCS];
	uint32_t hop_ids[HOST_SVCS];
	struct sl_addr vips[HOST_SVCS];
	uint32_t vip_count;
	uint32_t slots; /* a power of two, at least SL_BUCKET_SLOTS */
	uint64_t *tags;
	struct sl_conn *conns;
	struct sl_load loads[SL_MAX_DESTS];
	uint64_t cursors[SL_MAX_SVCS];
	struct sl_stats stats[HOST_CPUS][SL_MAX_DESTS];
	uint64_t counters[SL_MAX_COUNTERS];
	struct sl_frag_key frag_keys[HOST_FRAGS];
	struct sl_frag frags[HOST_FRAGS];
	uint32_t frag_next;
	struct sl_trail trail[HOST_TRAIL];
	uint32_t trail_count; /* never emptied by the core */
	/* the rest of the world */
	uint64_t jiffies;
	uint32_t random; /* state of a generator that gives every test the same */
	uint64_t seed[2];
	uint32_t tick_shift;
	struct bpf_fib_lookup fib; /* what the FIB answers */
	int fib_err; /* BPF_FIB_LKUP_RET_* */
};

/* The maps in force; set by the test. */
extern struct host_maps *host;
extern _Thread_local uint32_t host_cpu;

/* A packet: `data` .. `end` within a buffer that has headroom for encapsulation in front of it. */
struct sl_ctx {
	uint8_t *head; /* of the buffer */
	uint8_t *data;
	uint8_t *end;
	uint32_t ifindex;
	uint32_t segs;
	uint32_t mark;
};

#define cfg_bucket_mask (host->slots / SL_BUCKET_SLOTS - 1)
#define cfg_tick_shift (host->tick_shift)
#define cfg_seed0 (host->seed[0])
#define cfg_seed1 (host->seed[1])

SL_INLINE uint64_t bpf_jiffies64(void)
{
	return host->jiffies;
}

SL_INLINE uint64_t bpf_ktime_get_ns(void)
{
	return host->jiffies * 4000000; /* 250 a second */
}

SL_INLINE uint32_t bpf_get_prandom_u32(void)
{
	host->random = host->random * 1664525 + 1013904223;
	return host->random;
}

SL_INLINE long bpf_loop(uint32_t count, long (*visit)(uint32_t, void *), void *arg, uint64_t flags)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		if (visit(i, arg))
			return i + 1;
	return i;
}

SL_INLINE void *ctx_data(const struct sl_ctx *ctx)
{
	return ctx->data;
}

SL_INLINE void *ctx_end(const struct sl_ctx *ctx)
{
	return ctx->end;
}

#include "bpf/ctx/raw.h"

SL_INLINE uint32_t ctx_len(const struct sl_ctx *ctx)
{
	return ctx->end - ctx->data;
}

SL_INLINE uint32_t ctx_segs(const struct sl_ctx *ctx)
{
	return ctx->segs;
}

SL_INLINE uint32_t ctx_ifindex(const struct sl_ctx *ctx)
{
	return ctx->ifindex;
}

SL_INLINE uint32_t ctx_mark(const struct sl_ctx *ctx)
{
	return ctx->mark;
}

SL_INLINE void ctx_pull(struct sl_ctx *ctx, uint32_t len)
{
}

SL_INLINE int ctx_push(struct sl_ctx *ctx, uint32_t len, int outer_v6)
{
	if (ctx->data - ctx->head < (long)len)
		return -1;
	ctx->data -= len;
	memmove(ctx->data, ctx->data + len, ETH_HLEN);
	return 0;
}

/* Copies `len` bytes from offset `off`. 0, or -1 where the packet has not so many. */
SL_INLINE int ctx_load(struct sl_ctx *ctx, uint32_t off, void *to, uint32_t len)
{
	if (off > ctx_len(ctx) || len > ctx_len(ctx) - off)
		return -1;
	memcpy(to, ctx->data + off, len);
	return 0;
}

SL_INLINE int ctx_fib(struct sl_ctx *ctx, struct bpf_fib_lookup *fib)
{
	fib->ifindex = host->fib.ifindex;
	memcpy(fib->dmac, host->fib.dmac, 6);
	memcpy(fib->smac, host->fib.smac, 6);
	return host->fib_err;
}

SL_INLINE const struct sl_settings *map_settings(void)
{
	return &host->settings;
}

SL_INLINE const struct sl_svc *map_svc(const struct sl_svc_key *key)
{
	for (int i = 0; i < HOST_SVCS; i++)
		if (host->svcs[i].id && !memcmp(&host->svc_keys[i], key, sizeof(*key)))
			return &host->svcs[i];
	return NULL;
}

SL_INLINE const struct sl_member *map_members(void)
{
	return host->members;
}

SL_INLINE const struct sl_member *map_member(uint32_t index)
{
	return &host->members[index & (SL_MAX_MEMBERS - 1)];
}

SL_INLINE const uint32_t *map_tables(void)
{
	return host->tables;
}

SL_INLINE uint32_t map_table(uint32_t index)
{
	return host->tables[index & (SL_MAX_TABLES - 1)];
}

SL_INLINE const struct sl_addr *map_bound(uint32_t index)
{
	return &host->bounds[index & (SL_MAX_BOUNDS - 1)];
}

SL_INLINE const struct sl_own *map_own(uint32_t svc)
{
	return svc < SL_MAX_SVCS ? &host->owns[svc] : NULL;
}

SL_INLINE int host_prefix_fits(const struct sl_mark_key *prefix, const struct sl_mark_key *addr)
{
	const uint8_t *a = (const uint8_t *)prefix->dst, *b = (const uint8_t *)addr->dst;

	for (uint32_t bit = 0; bit < prefix->len; bit++)
		if ((a[bit / 8] ^ b[bit / 8]) & 0x80 >> bit % 8)
			return 0;
	return 1;
}

SL_INLINE const struct sl_mark_set *map_mark_set(const struct sl_mark_key *key)
{
	const struct sl_mark_set *best = NULL;
	uint32_t len = 0;

	for (int i = 0; i < HOST_MARKS; i++) {
		const struct sl_mark_key *have = &host->mark_keys[i];

		if (!host->mark_sets[i].count || have->len < len || !host_prefix_fits(have, key))
			continue;
		best = &host->mark_sets[i];
		len = have->len;
	}
	return best;
}

SL_INLINE const struct sl_mark_rule *map_mark_rule(uint32_t index)
{
	return &host->mark_rules[index & (SL_MAX_MARK_RULES - 1)];
}

SL_INLINE const struct sl_svc_key *map_origin(const struct sl_svc_key *server)
{
	for (int i = 0; i < HOST_SVCS; i++)
		if (host->origin_keys[i].proto && !memcmp(&host->origin_keys[i], server, sizeof(*server)))
			return &host->origins[i];
	return NULL;
}

SL_INLINE const struct sl_dest *map_dest(uint32_t id)
{
	return id < SL_MAX_DESTS ? &host->dests[id] : NULL;
}

SL_INLINE const struct sl_hop *map_hop(uint32_t id)
{
	return id < SL_MAX_HOPS ? &host->hops[id] : NULL;
}

SL_INLINE uint32_t map_hop_id(const struct sl_neigh_key *key)
{
	for (int i = 0; i < HOST_SVCS; i++)
		if (host->hop_ids[i] && !memcmp(&host->hop_keys[i], key, sizeof(*key)))
			return host->hop_ids[i];
	return 0;
}

SL_INLINE int map_is_vip(const struct sl_addr *addr)
{
	for (uint32_t i = 0; i < host->vip_count; i++)
		if (!memcmp(&host->vips[i], addr, sizeof(*addr)))
			return 1;
	return 0;
}

SL_INLINE uint64_t *map_tags_u64(uint32_t bucket)
{
	return bucket < host->slots / SL_BUCKET_SLOTS ? &host->tags[bucket * SL_BUCKET_SLOTS] : NULL;
}

#define map_tags(bucket) ((__u64 *)map_tags_u64(bucket))

SL_INLINE struct sl_conn *map_conn(uint32_t slot)
{
	return slot < host->slots ? &host->conns[slot] : NULL;
}

SL_INLINE struct sl_load *map_loads(void)
{
	return host->loads;
}

SL_INLINE struct sl_load *map_load(uint32_t dest)
{
	return dest < SL_MAX_DESTS ? &host->loads[dest] : NULL;
}

SL_INLINE __u64 *map_cursor(uint32_t svc)
{
	return svc < SL_MAX_SVCS ? (__u64 *)&host->cursors[svc] : NULL;
}

SL_INLINE struct sl_stats *map_stats(uint32_t dest)
{
	return &host->stats[host_cpu % HOST_CPUS][dest & (SL_MAX_DESTS - 1)];
}

SL_INLINE void map_count(uint32_t index)
{
	if (index < SL_MAX_COUNTERS)
		__sync_fetch_and_add(&host->counters[index], 1);
}

SL_INLINE const struct sl_frag *map_frag(const struct sl_frag_key *key)
{
	for (int i = 0; i < HOST_FRAGS; i++)
		if (!memcmp(&host->frag_keys[i], key, sizeof(*key)))
			return &host->frags[i];
	return NULL;
}

SL_INLINE void map_frag_set(const struct sl_frag_key *key, const struct sl_frag *frag)
{
	struct sl_frag *known = (struct sl_frag *)map_frag(key);
	uint32_t i = known ? known - host->frags : host->frag_next++ % HOST_FRAGS;

	host->frag_keys[i] = *key;
	host->frags[i] = *frag;
}

/* A bucket of one in a table that is never emptied: enough for tests, and the same every time. */
SL_INLINE uint32_t host_cache_slot(const struct sl_cache_key *key)
{
	uint32_t at = (key->daddr.w[3] * 2654435761U ^ key->svc) % HOST_CACHES;

	for (int i = 0; i < HOST_CACHES; i++, at = (at + 1) % HOST_CACHES)
		if (!host->cache_keys[at].svc || !memcmp(&host->cache_keys[at], key, sizeof(*key)))
			break;
	return at;
}

SL_INLINE struct sl_cache *map_cache(const struct sl_cache_key *key)
{
	uint32_t at = host_cache_slot(key);

	return host->cache_keys[at].svc ? &host->caches[at] : NULL;
}

SL_INLINE long map_cache_add(const struct sl_cache_key *key, const struct sl_cache *cache)
{
	uint32_t at = host_cache_slot(key);

	if (host->cache_keys[at].svc)
		return -1;
	host->cache_keys[at] = *key;
	host->caches[at] = *cache;
	return 0;
}

SL_INLINE void map_cache_set(const struct sl_cache_key *key, const struct sl_cache *cache)
{
	uint32_t at = host_cache_slot(key);

	host->cache_keys[at] = *key;
	host->caches[at] = *cache;
}

SL_INLINE void map_call_set(const struct sl_addr *hash, const struct sl_call *call)
{
	uint32_t at = host->call_next++ % HOST_CALLS;

	host->call_keys[at] = *hash;
	host->calls[at] = *call;
}

SL_INLINE struct sl_trail *map_trail_reserve(void)
{
	return host->trail_count < HOST_TRAIL ? &host->trail[host->trail_count++] : NULL;
}

SL_INLINE void map_trail_submit(struct sl_trail *event)
{
}

/* Empty maps with a table of `slots`; NULL without memory. */
struct host_maps *host_maps_new(uint32_t slots);
void host_maps_free(struct host_maps *maps);

#endif
