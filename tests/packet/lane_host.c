/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core as plain C: its maps are memory, its devices two numbers. */
#include "bpf/ctx/host.h"

#include "tests/packet/host_core.h"
#include "tests/packet/lane.h"

#include <errno.h>

struct host_maps *host;
_Thread_local uint32_t host_cpu;

enum { HOST_OUTSIDE = 2, HOST_INSIDE = 3 };

struct host_lane {
	struct lane lane;
	struct host_maps *maps;
	struct sl_link links[16];
};

static struct host_maps *maps_of(struct lane *lane)
{
	return ((struct host_lane *)lane)->maps;
}

struct host_maps *host_maps_new(uint32_t slots)
{
	struct host_maps *maps = calloc(1, sizeof(*maps));

	if (!maps)
		return NULL;
	maps->slots = slots;
	maps->tags = aligned_alloc(64, slots * sizeof(maps->tags[0]));
	maps->conns = aligned_alloc(64, slots * sizeof(maps->conns[0]));
	if (!maps->tags || !maps->conns) {
		host_maps_free(maps);
		return NULL;
	}
	memset(maps->tags, 0, slots * sizeof(maps->tags[0]));
	memset(maps->conns, 0, slots * sizeof(maps->conns[0]));
	return maps;
}

void host_maps_free(struct host_maps *maps)
{
	if (!maps)
		return;
	free(maps->tags);
	free(maps->conns);
	free(maps);
}

/* The lanes' own first look: is the frame addressed to the interface? */
static bool is_host(const struct lane *lane, const struct lane_in *in)
{
	return in->egress || in->marked || !memcmp(in->frame, lane->links[lane->ifindex[in->side]].mac, 6);
}

static int host_run(struct lane *lane, const struct lane_in *in, struct lane_out *ret_out)
{
	static const enum lane_verdict verdicts[] = {[HOST_PASS] = LANE_PASS, [HOST_DROP] = LANE_DROP, [HOST_SEND] = LANE_SEND};
	uint8_t *buf = malloc(HOST_HEADROOM + in->len);
	struct host_frame f = {.head = buf, .data = buf + HOST_HEADROOM, .end = buf + HOST_HEADROOM + in->len, .segs = in->gso_segs};

	if (!buf)
		return -ENOMEM;
	host = maps_of(lane);
	memcpy(f.data, in->frame, in->len);
	f.ifindex = lane->ifindex[in->side];
	f.egress = in->egress;
	f.marked = in->marked;
	f.mark = in->express ? 0 : in->mark;
	ret_out->code = !is_host(lane, in) ? HOST_PASS : in->express ? host_core_express(&f) : host_core_full(&f);
	ret_out->verdict = verdicts[ret_out->code];
	if (in->marked && ret_out->verdict == LANE_PASS)
		ret_out->verdict = LANE_SEND; /* into the mark device, from the other side */
	ret_out->bounced = false;
	ret_out->len = f.end - f.data;
	memcpy(ret_out->frame, f.data, ret_out->len);
	free(buf);
	return 0;
}

static int host_svc_set(struct lane *lane, const struct sl_svc_key *key, const struct sl_svc *svc)
{
	struct host_maps *m = maps_of(lane);
	int at = -1;

	for (int i = 0; i < HOST_SVCS; i++) {
		if (m->svcs[i].id && !memcmp(&m->svc_keys[i], key, sizeof(*key))) {
			at = i;
			break;
		}
		if (!m->svcs[i].id && at < 0)
			at = i;
	}
	if (at < 0)
		return -ENOSPC;
	m->svc_keys[at] = *key;
	m->svcs[at] = svc ? *svc : (struct sl_svc){0};
	return 0;
}

static int host_vip_set(struct lane *lane, const struct sl_addr *addr, bool on)
{
	struct host_maps *m = maps_of(lane);
	uint32_t i = 0;

	while (i < m->vip_count && memcmp(&m->vips[i], addr, sizeof(*addr)))
		i++;
	if (on && i == m->vip_count && i < HOST_SVCS)
		m->vips[m->vip_count++] = *addr;
	if (!on && i < m->vip_count)
		m->vips[i] = m->vips[--m->vip_count];
	return 0;
}

static int host_mark_set(struct lane *lane, const struct sl_mark_key *key, const struct sl_mark_set *set)
{
	struct host_maps *m = maps_of(lane);
	int at = -1;

	for (int i = HOST_MARKS; i--;)
		if (!m->mark_sets[i].count || !memcmp(&m->mark_keys[i], key, sizeof(*key)))
			at = i;
	for (int i = 0; i < HOST_MARKS; i++)
		if (m->mark_sets[i].count && !memcmp(&m->mark_keys[i], key, sizeof(*key)))
			at = i;
	if (at < 0)
		return -ENOSPC;
	m->mark_keys[at] = *key;
	m->mark_sets[at] = set ? *set : (struct sl_mark_set){0};
	return 0;
}

static int host_origin_set(struct lane *lane, const struct sl_svc_key *server, const struct sl_svc_key *svc)
{
	struct host_maps *m = maps_of(lane);
	int at = -1;

	for (int i = 0; i < HOST_SVCS; i++) {
		if (m->origin_keys[i].proto && !memcmp(&m->origin_keys[i], server, sizeof(*server))) {
			at = i;
			break;
		}
		if (!m->origin_keys[i].proto && at < 0)
			at = i;
	}
	if (at < 0)
		return -ENOSPC;
	m->origin_keys[at] = svc ? *server : (struct sl_svc_key){0};
	m->origins[at] = svc ? *svc : (struct sl_svc_key){0};
	return 0;
}

static int host_hop_id_set(struct lane *lane, const struct sl_neigh_key *key, uint32_t hop)
{
	struct host_maps *m = maps_of(lane);

	m->hop_keys[0] = *key;
	m->hop_ids[0] = hop;
	m->fib.ifindex = key->ifindex;
	memcpy(m->fib.dmac, key->dmac, 6);
	memcpy(m->fib.smac, lane->links[key->ifindex].mac, 6);
	return 0;
}

/* Entries lie where their hash and those before them leave room, so any order will do but the same one. */
static int host_cache_next(struct lane *lane, const struct sl_cache_key *prev, struct sl_cache_key *ret_key, struct sl_cache *ret_cache)
{
	struct host_maps *m = maps_of(lane);
	uint32_t at = 0;

	host = m;
	if (prev)
		at = host_cache_slot(prev) + 1;
	while (at < HOST_CACHES && !m->cache_keys[at].svc)
		at++;
	if (at >= HOST_CACHES)
		return -ENOENT;
	*ret_key = m->cache_keys[at];
	*ret_cache = m->caches[at];
	return 0;
}

/* Those behind it may have been put there because its place was taken: all move up. */
static int host_cache_del(struct lane *lane, const struct sl_cache_key *key)
{
	struct host_maps *m = maps_of(lane);
	uint32_t at;

	host = m;
	if (!map_cache(key))
		return -ENOENT;
	at = host_cache_slot(key);
	m->cache_keys[at] = (struct sl_cache_key){0};
	for (at = (at + 1) % HOST_CACHES; m->cache_keys[at].svc; at = (at + 1) % HOST_CACHES) {
		struct sl_cache_key moved = m->cache_keys[at];
		struct sl_cache cache = m->caches[at];

		m->cache_keys[at] = (struct sl_cache_key){0};
		map_cache_set(&moved, &cache);
	}
	return 0;
}

static void host_counters(struct lane *lane, uint64_t ret_counters[SL_MAX_COUNTERS])
{
	memcpy(ret_counters, maps_of(lane)->counters, sizeof(maps_of(lane)->counters));
}

static void host_frags_clear(struct lane *lane)
{
	memset(maps_of(lane)->frag_keys, 0, sizeof(maps_of(lane)->frag_keys));
}

static int host_frag_set(struct lane *lane, const struct sl_frag_key *key, const struct sl_frag *frag)
{
	host = maps_of(lane);
	map_frag_set(key, frag);
	return 0;
}

static int host_sweep(struct lane *lane, struct sl_broom *broom)
{
	host = maps_of(lane);
	host_core_sweep(broom);
	return 0;
}

static uint32_t host_now(struct lane *lane)
{
	return maps_of(lane)->jiffies >> maps_of(lane)->tick_shift;
}

static const struct lane_ops host_ops = {
    .run = host_run,
    .svc_set = host_svc_set,
    .vip_set = host_vip_set,
    .origin_set = host_origin_set,
    .mark_set = host_mark_set,
    .hop_id_set = host_hop_id_set,
    .cache_next = host_cache_next,
    .cache_del = host_cache_del,
    .counters = host_counters,
    .frags_clear = host_frags_clear,
    .frag_set = host_frag_set,
    .sweep = host_sweep,
    .now = host_now,
};

struct lane *lane_host_new(uint32_t slots)
{
	struct host_lane *h = calloc(1, sizeof(*h));
	struct host_maps *m = h ? host_maps_new(slots) : NULL;

	if (!m) {
		free(h);
		return NULL;
	}
	h->maps = m;
	h->lane = (struct lane){.ops = &host_ops, .host = true, .slots = slots, .cpus = 1, .ifindex = {HOST_OUTSIDE, HOST_INSIDE}};
	h->lane.settings = &m->settings;
	h->lane.members = m->members;
	h->lane.tables = m->tables;
	h->lane.bounds = m->bounds;
	h->lane.owns = m->owns;
	h->lane.mark_rules = m->mark_rules;
	h->lane.dests = m->dests;
	h->lane.hops = m->hops;
	h->lane.links = h->links;
	h->lane.loads = m->loads;
	h->lane.cursors = m->cursors;
	h->lane.stats = m->stats[0];
	h->lane.tags = m->tags;
	h->lane.conns = m->conns;
	m->seed[0] = LANE_SEED0;
	m->seed[1] = LANE_SEED1;
	m->jiffies = 1000000;
	m->settings.slots = slots;
	return &h->lane;
}

void lane_host_free(struct lane *lane)
{
	if (!lane)
		return;
	host_maps_free(maps_of(lane));
	free(lane);
}
