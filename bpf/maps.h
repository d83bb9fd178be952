/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_MAPS_H
#define SLUICE_MAPS_H
/*
 * DOC: every map of the lanes, and the one way to reach it
 *
 * abi.h says what each holds and who writes it. The accessors are all that the core knows of maps: host.h gives the same ones over plain
 * memory. Sizes written 1 are set at load: conns and tags by the number of slots, stats by the number of CPUs.
 */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "sluice/abi.h"
#include "sluice/trail.h"
#include "sluice/word.h"

/* Constants of this load, known to the verifier. */
const volatile __u32 cfg_bucket_mask = SL_DEFAULT_SLOTS / SL_BUCKET_SLOTS - 1;
const volatile __u32 cfg_tick_shift = 6;
const volatile __u64 cfg_seed0 = 0;
const volatile __u64 cfg_seed1 = 0;
const volatile __u64 cfg_csum_ipv6 = 0; /* BPF_F_IPV6 where the kernel has it (6.16) */

struct sl_tags {
	__u64 word[SL_BUCKET_SLOTS];
};
struct sl_members {
	struct sl_member member[SL_MAX_MEMBERS];
};
struct sl_tables {
	__u32 word[SL_MAX_TABLES];
};
struct sl_bounds {
	struct sl_addr bound[SL_MAX_BOUNDS];
};
struct sl_mark_rules {
	struct sl_mark_rule rule[SL_MAX_MARK_RULES];
};
struct sl_loads {
	struct sl_load load[SL_MAX_DESTS];
};
struct sl_cursors {
	__u64 cursor[SL_MAX_SVCS];
};

#define ARRAY_MAP(name, flags, entries, value_t)  \
	struct {                                  \
		__uint(type, BPF_MAP_TYPE_ARRAY); \
		__uint(map_flags, flags);         \
		__uint(max_entries, entries);     \
		__type(key, __u32);               \
		__type(value, value_t);           \
	} name SEC(".maps")

#define TYPED_MAP(name, map_type, flags, entries, key_t, value_t) \
	struct {                                                  \
		__uint(type, map_type);                           \
		__uint(map_flags, flags);                         \
		__uint(max_entries, entries);                     \
		__type(key, key_t);                               \
		__type(value, value_t);                           \
	} name SEC(".maps")

#define HASH_MAP(name, flags, entries, key_t, value_t) TYPED_MAP(name, BPF_MAP_TYPE_HASH, flags, entries, key_t, value_t)

/*
 * Owned by the daemon. Arrays are written through mapped memory, which the kernel refuses for BPF_F_RDONLY_PROG: there the
 * accessors' const pointers hold the lanes to it. In a hash an update replaces the
 * whole value, but the old one's memory may be another's at once, while a program still reads it: svc.h and hop.h look again.
 */
#define DAEMON_ARRAY BPF_F_MMAPABLE
#define DAEMON_HASH (BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG)

ARRAY_MAP(settings, DAEMON_ARRAY, 1, struct sl_settings);
HASH_MAP(svcs, DAEMON_HASH, SL_MAX_SVCS, struct sl_svc_key, struct sl_svc);
ARRAY_MAP(members, DAEMON_ARRAY, 1, struct sl_members);
ARRAY_MAP(tables, DAEMON_ARRAY, 1, struct sl_tables);
ARRAY_MAP(bounds, DAEMON_ARRAY, 1, struct sl_bounds);
ARRAY_MAP(owns, DAEMON_ARRAY, SL_MAX_SVCS, struct sl_own);
TYPED_MAP(marks, BPF_MAP_TYPE_LPM_TRIE, BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG, SL_MAX_MARK_SETS, struct sl_mark_key, struct sl_mark_set);
ARRAY_MAP(mark_rules, DAEMON_ARRAY, 1, struct sl_mark_rules);
HASH_MAP(origins, DAEMON_HASH, SL_MAX_DESTS, struct sl_svc_key, struct sl_svc_key);
ARRAY_MAP(dests, DAEMON_ARRAY, SL_MAX_DESTS, struct sl_dest);
ARRAY_MAP(hops, DAEMON_ARRAY, SL_MAX_HOPS, struct sl_hop);
HASH_MAP(hop_ids, DAEMON_HASH, SL_MAX_HOPS, struct sl_neigh_key, __u32);
ARRAY_MAP(links, DAEMON_ARRAY, SL_MAX_LINKS, struct sl_link);
HASH_MAP(vips, DAEMON_HASH, SL_MAX_SVCS, struct sl_addr, __u32);

/* Written by the lanes. */
ARRAY_MAP(tags, BPF_F_MMAPABLE, 1, struct sl_tags);
ARRAY_MAP(conns, BPF_F_MMAPABLE, 1, struct sl_conn);
ARRAY_MAP(loads, BPF_F_MMAPABLE, 1, struct sl_loads);
ARRAY_MAP(cursors, BPF_F_MMAPABLE, 1, struct sl_cursors);
ARRAY_MAP(stats, BPF_F_MMAPABLE, 1, struct sl_stats);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SL_MAX_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

TYPED_MAP(frags, BPF_MAP_TYPE_LRU_HASH, 0, SL_MAX_FRAGS, struct sl_frag_key, struct sl_frag);
HASH_MAP(caches, BPF_F_NO_PREALLOC, SL_MAX_CACHES, struct sl_cache_key, struct sl_cache);
TYPED_MAP(calls, BPF_MAP_TYPE_LRU_HASH, 0, SL_MAX_CALLS, struct sl_addr, struct sl_call);

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SL_TRAIL_BYTES);
} trail SEC(".maps");

/* The daemon's own memory: no program uses it; it is declared here so that it is pinned with the rest. */
ARRAY_MAP(ledger, BPF_F_MMAPABLE, SL_MAX_DESTS + SL_MAX_SVCS, struct sl_ledger);

SL_INLINE const struct sl_settings *map_settings(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&settings, &zero);
}

/* The service of this key, or NULL. Ask again after reading: only a value that is still there has been one generation, whole. */
SL_INLINE const struct sl_svc *map_svc(const struct sl_svc_key *key)
{
	return bpf_map_lookup_elem(&svcs, key);
}

/* All members, for who looks at many: SL_MAX_MEMBERS. */
SL_INLINE const struct sl_member *map_members(void)
{
	__u32 zero = 0;
	const struct sl_members *m = bpf_map_lookup_elem(&members, &zero);

	return m ? m->member : 0;
}

SL_INLINE const struct sl_member *map_member(__u32 index)
{
	const struct sl_member *m = map_members();

	return m ? &m[index & (SL_MAX_MEMBERS - 1)] : 0;
}

/* The schedulers' tables: SL_MAX_TABLES words. */
SL_INLINE const __u32 *map_tables(void)
{
	__u32 zero = 0;
	const struct sl_tables *t = bpf_map_lookup_elem(&tables, &zero);

	return t ? t->word : 0;
}

SL_INLINE __u32 map_table(__u32 index)
{
	const __u32 *words = map_tables();

	return words ? words[index & (SL_MAX_TABLES - 1)] : 0;
}

SL_INLINE const struct sl_addr *map_bound(__u32 index)
{
	__u32 zero = 0;
	const struct sl_bounds *b = bpf_map_lookup_elem(&bounds, &zero);

	return b ? &b->bound[index & (SL_MAX_BOUNDS - 1)] : 0;
}

/* The timeouts of a service's own. */
SL_INLINE const struct sl_own *map_own(__u32 svc)
{
	return bpf_map_lookup_elem(&owns, &svc);
}

/* The classifier's rules for this destination, or NULL. */
SL_INLINE const struct sl_mark_set *map_mark_set(const struct sl_mark_key *key)
{
	return bpf_map_lookup_elem(&marks, key);
}

SL_INLINE const struct sl_mark_rule *map_mark_rule(__u32 index)
{
	__u32 zero = 0;
	const struct sl_mark_rules *r = bpf_map_lookup_elem(&mark_rules, &zero);

	return r ? &r->rule[index & (SL_MAX_MARK_RULES - 1)] : 0;
}

/* The service that a server's (addr, port, proto) replies come from, or NULL: one-packet services. */
SL_INLINE const struct sl_svc_key *map_origin(const struct sl_svc_key *server)
{
	return bpf_map_lookup_elem(&origins, server);
}

SL_INLINE const struct sl_dest *map_dest(__u32 id)
{
	return bpf_map_lookup_elem(&dests, &id);
}

SL_INLINE const struct sl_hop *map_hop(__u32 id)
{
	return bpf_map_lookup_elem(&hops, &id);
}

/* Id of the hop through this neighbour, or 0. */
SL_INLINE __u32 map_hop_id(const struct sl_neigh_key *key)
{
	const __u32 *id = bpf_map_lookup_elem(&hop_ids, key);

	return id ? *id : 0;
}

SL_INLINE const struct sl_link *map_link(__u32 ifindex)
{
	return bpf_map_lookup_elem(&links, &ifindex);
}

SL_INLINE int map_is_vip(const struct sl_addr *addr)
{
	return bpf_map_lookup_elem(&vips, addr) != 0;
}

SL_INLINE __u64 *map_tags(__u32 bucket)
{
	struct sl_tags *t = bpf_map_lookup_elem(&tags, &bucket);

	return t ? t->word : 0;
}

SL_INLINE struct sl_conn *map_conn(__u32 slot)
{
	return bpf_map_lookup_elem(&conns, &slot);
}

/* All loads, for who looks at many: SL_MAX_DESTS. */
SL_INLINE struct sl_load *map_loads(void)
{
	__u32 zero = 0;
	struct sl_loads *l = bpf_map_lookup_elem(&loads, &zero);

	return l ? l->load : 0;
}

SL_INLINE struct sl_load *map_load(__u32 dest)
{
	struct sl_load *l = map_loads();

	return l ? &l[dest & (SL_MAX_DESTS - 1)] : 0;
}

SL_INLINE __u64 *map_cursor(__u32 svc)
{
	__u32 zero = 0;
	struct sl_cursors *c = bpf_map_lookup_elem(&cursors, &zero);

	return c && svc < SL_MAX_SVCS ? &c->cursor[svc] : 0;
}

/* This CPU's counters of a dest. */
SL_INLINE struct sl_stats *map_stats(__u32 dest)
{
	__u32 index = bpf_get_smp_processor_id() * SL_MAX_DESTS + (dest & (SL_MAX_DESTS - 1));

	return bpf_map_lookup_elem(&stats, &index);
}

SL_INLINE void map_count(__u32 index)
{
	__u64 *n = bpf_map_lookup_elem(&counters, &index);

	if (n)
		(*n)++;
}

SL_INLINE const struct sl_frag *map_frag(const struct sl_frag_key *key)
{
	return bpf_map_lookup_elem(&frags, key);
}

SL_INLINE void map_frag_set(const struct sl_frag_key *key, const struct sl_frag *frag)
{
	bpf_map_update_elem(&frags, key, frag, BPF_ANY);
}

SL_INLINE struct sl_cache *map_cache(const struct sl_cache_key *key)
{
	return bpf_map_lookup_elem(&caches, key);
}

/* A new one: 0, or an error: there is no room, or another CPU was quicker. */
SL_INLINE long map_cache_add(const struct sl_cache_key *key, const struct sl_cache *cache)
{
	return bpf_map_update_elem(&caches, key, cache, BPF_NOEXIST);
}

SL_INLINE void map_cache_set(const struct sl_cache_key *key, const struct sl_cache *cache)
{
	bpf_map_update_elem(&caches, key, cache, BPF_ANY);
}

SL_INLINE void map_call_set(const struct sl_addr *hash, const struct sl_call *call)
{
	bpf_map_update_elem(&calls, hash, call, BPF_ANY);
}

/* Room for an event, to be submitted; NULL: there is none. Nobody is woken: the daemon looks by itself. */
SL_INLINE struct sl_trail *map_trail_reserve(void)
{
	return bpf_ringbuf_reserve(&trail, sizeof(struct sl_trail), 0);
}

SL_INLINE void map_trail_submit(struct sl_trail *event)
{
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

#endif
