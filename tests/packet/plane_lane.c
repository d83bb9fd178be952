/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/packet/plane_lane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

enum { HOP_V4 = 1, HOP_V6, HOP_CLIENTS };

const uint8_t plane_lane_mac[LANE_SIDES][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};
const uint8_t plane_lane_next[LANE_SIDES][6] = {{2, 0, 0, 0, 1, 1}, {2, 0, 0, 0, 2, 1}};

#define MAX_KEYS 256

/* What must be taken out of the lane's hashes again. */
struct plane_lane {
	struct plane plane;
	struct lane *lane;
	struct sl_svc_key svcs[MAX_KEYS], origins[MAX_KEYS];
	struct sl_addr vips[MAX_KEYS];
	unsigned svc_count, origin_count, vip_count;
};

static struct plane_lane *of(struct plane *plane)
{
	return (struct plane_lane *)plane;
}

/* Puts a key into the list or takes it out. */
static int note(void *keys, size_t size, unsigned *count, const void *key, bool on)
{
	uint8_t *at = keys;
	unsigned i = 0;

	while (i < *count && memcmp(at + i * size, key, size))
		i++;
	if (on && i == MAX_KEYS)
		return -ENOSPC;
	if (on && i == *count)
		memcpy(at + (*count)++ * size, key, size);
	else if (!on && i < *count)
		memcpy(at + i * size, at + --*count * size, size);
	return 0;
}

static int svc_note(struct plane *plane, const struct sl_svc_key *key, bool on)
{
	return note(of(plane)->svcs, sizeof(*key), &of(plane)->svc_count, key, on);
}

static int op_svc_set(struct plane *plane, const struct sl_svc_key *key, const struct sl_svc *svc)
{
	int err = svc_note(plane, key, true);

	return err ? err : of(plane)->lane->ops->svc_set(of(plane)->lane, key, svc);
}

static int op_svc_del(struct plane *plane, const struct sl_svc_key *key)
{
	svc_note(plane, key, false);
	return of(plane)->lane->ops->svc_set(of(plane)->lane, key, NULL);
}

static int op_vip_set(struct plane *plane, const struct sl_addr *addr, bool on)
{
	int err = note(of(plane)->vips, sizeof(*addr), &of(plane)->vip_count, addr, on);

	return err ? err : of(plane)->lane->ops->vip_set(of(plane)->lane, addr, on);
}

static int op_origin_set(struct plane *plane, const struct sl_svc_key *server, const struct sl_svc_key *svc)
{
	int err = note(of(plane)->origins, sizeof(*server), &of(plane)->origin_count, server, svc != NULL);

	return err ? err : of(plane)->lane->ops->origin_set(of(plane)->lane, server, svc);
}

static int op_cache_next(struct plane *plane, const struct sl_cache_key *prev, struct sl_cache_key *ret_key, struct sl_cache *ret_cache)
{
	return of(plane)->lane->ops->cache_next(of(plane)->lane, prev, ret_key, ret_cache);
}

static int op_cache_del(struct plane *plane, const struct sl_cache_key *key)
{
	return of(plane)->lane->ops->cache_del(of(plane)->lane, key);
}

static int op_counters(struct plane *plane, uint64_t ret_counters[SL_MAX_COUNTERS])
{
	of(plane)->lane->ops->counters(of(plane)->lane, ret_counters);
	return 0;
}

static int op_sweep(struct plane *plane, struct sl_broom *broom)
{
	return of(plane)->lane->ops->sweep(of(plane)->lane, broom);
}

/* Nothing is adopted here, and there is no classifier. */
static const struct plane_ops ops = {
    .svc_set = op_svc_set,
    .svc_del = op_svc_del,
    .vip_set = op_vip_set,
    .origin_set = op_origin_set,
    .cache_next = op_cache_next,
    .cache_del = op_cache_del,
    .counters = op_counters,
    .sweep = op_sweep,
};

static void set_hop(struct lane *lane, uint32_t id, enum lane_side side, const char *src, const char *gw)
{
	struct sl_hop hop = {.ifindex = lane->ifindex[side], .mtu = 1500, .flags = SL_HOP_RESOLVED | SL_HOP_XDP};

	memcpy(hop.dmac, plane_lane_next[side], 6);
	memcpy(hop.smac, plane_lane_mac[side], 6);
	addr_parse(src, hop.src.b);
	addr_parse(gw, hop.gw.b);
	lane->hops[id] = hop;
}

static void set_ways(struct lane *lane)
{
	struct sl_neigh_key router = {.ifindex = lane->ifindex[LANE_OUTSIDE]};

	for (int side = 0; side < LANE_SIDES; side++) {
		struct sl_link *link = &lane->links[lane->ifindex[side]];

		memcpy(link->mac, plane_lane_mac[side], 6);
		link->flags = SL_LINK_ON;
	}
	set_hop(lane, HOP_V4, LANE_INSIDE, "10.1.0.1", "10.1.0.2");
	set_hop(lane, HOP_V6, LANE_INSIDE, "fd00:1::1", "fd00:1::2");
	set_hop(lane, HOP_CLIENTS, LANE_OUTSIDE, "203.0.113.2", "203.0.113.1");
	memcpy(router.dmac, plane_lane_next[LANE_OUTSIDE], 6);
	lane->ops->hop_id_set(lane, &router, HOP_CLIENTS);
}

static void set_settings(struct plane *plane)
{
	struct sl_settings *set = plane->settings;

	set->hz = LANE_TICKS << set->tick_shift;
	set->flags = 0;
	set->route_gen = 1;
#define X(name, number, text, value, least, most, unit) set->sysctl[number] = value;
#include "sluice/sysctl.def"
#undef X
#define X(name, number, text, seconds, active, rank) \
	plane_timeout_set(plane, number, seconds);   \
	set->own_least[number] = set->timeout[number];
#include "sluice/state.def"
#undef X
}

static void clear(struct lane *lane)
{
	struct sl_cache_key key;
	struct sl_cache cache;

	memset(lane->tags, 0, lane->slots * sizeof(*lane->tags));
	memset(lane->conns, 0, lane->slots * sizeof(*lane->conns));
	memset(lane->loads, 0, PLANE_LANE_IDS * sizeof(*lane->loads));
	memset(lane->dests, 0, PLANE_LANE_IDS * sizeof(*lane->dests));
	memset(lane->cursors, 0, PLANE_LANE_IDS * sizeof(*lane->cursors));
	memset(lane->owns, 0, PLANE_LANE_IDS * sizeof(*lane->owns));
	while (!lane->ops->cache_next(lane, NULL, &key, &cache))
		lane->ops->cache_del(lane, &key);
}

struct plane *plane_lane_new(struct lane *lane)
{
	struct plane_lane *p = calloc(1, sizeof(*p));
	struct sl_ledger *ledger = calloc(SL_MAX_DESTS + SL_MAX_SVCS, sizeof(*ledger));

	if (!p || !ledger) {
		free(ledger);
		free(p);
		return NULL;
	}
	p->lane = lane;
	p->plane = (struct plane){.ops = &ops, .slots = lane->slots, .cpus = lane->cpus, .ledger = ledger};
	p->plane.settings = lane->settings;
	p->plane.members = lane->members;
	p->plane.tables = lane->tables;
	p->plane.bounds = lane->bounds;
	p->plane.owns = lane->owns;
	p->plane.mark_rules = lane->mark_rules;
	p->plane.dests = lane->dests;
	p->plane.hops = lane->hops;
	p->plane.links = lane->links;
	p->plane.loads = lane->loads;
	p->plane.cursors = lane->cursors;
	p->plane.stats = lane->stats;
	p->plane.tags = lane->tags;
	p->plane.conns = lane->conns;
	clear(lane);
	set_ways(lane);
	set_settings(&p->plane);
	return &p->plane;
}

void plane_lane_free(struct plane *plane)
{
	struct plane_lane *p = of(plane);

	if (!plane)
		return;
	while (p->svc_count)
		p->lane->ops->svc_set(p->lane, &p->svcs[--p->svc_count], NULL);
	while (p->origin_count)
		p->lane->ops->origin_set(p->lane, &p->origins[--p->origin_count], NULL);
	while (p->vip_count)
		p->lane->ops->vip_set(p->lane, &p->vips[--p->vip_count], false);
	free(plane->ledger);
	free(p);
}

int plane_lane_watch(void *arg, uint32_t dest, const struct sl_addr *addr)
{
	if (dest >= PLANE_LANE_IDS)
		return -ENOSPC;
	plane_dest_hop(arg, dest, addr_is_v4(addr->b) ? HOP_V4 : HOP_V6, false);
	return 0;
}

void plane_lane_unwatch(void *arg, uint32_t dest)
{
	plane_dest_hop(arg, dest, 0, false);
}
