/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: a plane over plain memory, for the tests of everything that stands on a plane. It can be told to fail. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/htab.h"
#include "base/list.h"
#include "sluiced/plane/plane.h"

#define FAKE_CPUS 2
#define FAKE_TRAIL 8

/* A hash map of the kernel, with the order of its entries made known: as they came. */
struct fake_map {
	struct htab tab;
	struct list order;
	size_t key_size, value_size;
};

struct fake_entry {
	struct hnode node;
	struct list link;
	unsigned char key[32], value[160];
};

struct fake {
	struct plane plane;
	struct fake_map svcs, vips, origins, marks, caches, calls;
	unsigned fail_after;
	uint64_t counters[SL_MAX_COUNTERS];
	struct sl_trail trail[FAKE_TRAIL];
	unsigned trail_count;
	uint64_t *tags;
	struct sl_conn *conns;
};

static struct fake *fake_of(const struct plane *plane)
{
	return container_of(plane, struct fake, plane);
}

static int fails(struct fake *fake)
{
	if (fake->fail_after == ~0U)
		return 0;
	return fake->fail_after-- ? 0 : -E2BIG;
}

static void map_init(struct fake_map *map, size_t key_size, size_t value_size)
{
	map->key_size = key_size;
	map->value_size = value_size;
	htab_init(&map->tab);
	list_init(&map->order);
}

static struct fake_entry *map_find(const struct fake_map *map, const void *key)
{
	struct hnode *node = htab_first(&map->tab, hash_bytes(key, map->key_size, 0));

	for (; node; node = htab_next(node)) {
		struct fake_entry *entry = container_of(node, struct fake_entry, node);

		if (memcmp(entry->key, key, map->key_size) == 0)
			return entry;
	}
	return NULL;
}

static int map_set(struct fake_map *map, const void *key, const void *value)
{
	struct fake_entry *entry = map_find(map, key);

	if (!entry) {
		entry = calloc(1, sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		memcpy(entry->key, key, map->key_size);
		list_append(&map->order, &entry->link);
		htab_insert(&map->tab, &entry->node, hash_bytes(key, map->key_size, 0));
	}
	memcpy(entry->value, value, map->value_size);
	return 0;
}

static int map_delete(struct fake_map *map, const void *key)
{
	struct fake_entry *entry = map_find(map, key);

	if (!entry)
		return -ENOENT;
	list_remove(&entry->link);
	htab_remove(&map->tab, &entry->node);
	free(entry);
	return 0;
}

/* A previous key that went meanwhile: from the beginning, as the kernel does. */
static int map_next(const struct fake_map *map, const void *prev, void *ret_key, void *ret_value)
{
	const struct fake_entry *entry = prev ? map_find(map, prev) : NULL;
	const struct list *next = entry ? entry->link.next : map->order.next;

	if (next == &map->order)
		return -ENOENT;
	entry = container_of(next, struct fake_entry, link);
	memcpy(ret_key, entry->key, map->key_size);
	memcpy(ret_value, entry->value, map->value_size);
	return 0;
}

static void map_free(struct fake_map *map)
{
	struct list *at, *safe;

	list_each (at, safe, &map->order)
		free(container_of(at, struct fake_entry, link));
	htab_fini(&map->tab);
}

static int fake_svc_set(struct plane *plane, const struct sl_svc_key *key, const struct sl_svc *svc)
{
	int err = fails(fake_of(plane));

	return err ? err : map_set(&fake_of(plane)->svcs, key, svc);
}

static int fake_svc_del(struct plane *plane, const struct sl_svc_key *key)
{
	return map_delete(&fake_of(plane)->svcs, key);
}

static int fake_svc_next(struct plane *plane, const struct sl_svc_key *prev, struct sl_svc_key *ret_key, struct sl_svc *ret_svc)
{
	return map_next(&fake_of(plane)->svcs, prev, ret_key, ret_svc);
}

static int fake_vip_set(struct plane *plane, const struct sl_addr *addr, bool on)
{
	const uint32_t one = 1;

	if (on)
		return map_set(&fake_of(plane)->vips, addr, &one);
	map_delete(&fake_of(plane)->vips, addr);
	return 0;
}

static int fake_hop_id_set(struct plane *plane, const struct sl_neigh_key *key, uint32_t hop)
{
	return 0;
}

static int fake_mark_set(struct plane *plane, const struct sl_mark_key *key, const struct sl_mark_set *set)
{
	int err = fails(fake_of(plane));

	if (err)
		return err;
	return set ? map_set(&fake_of(plane)->marks, key, set) : map_delete(&fake_of(plane)->marks, key);
}

static int fake_mark_next(struct plane *plane, const struct sl_mark_key *prev, struct sl_mark_key *ret_key, struct sl_mark_set *ret_set)
{
	return map_next(&fake_of(plane)->marks, prev, ret_key, ret_set);
}

static int fake_origin_set(struct plane *plane, const struct sl_svc_key *server, const struct sl_svc_key *svc)
{
	int err = fails(fake_of(plane));

	if (err)
		return err;
	return svc ? map_set(&fake_of(plane)->origins, server, svc) : map_delete(&fake_of(plane)->origins, server);
}

static int fake_origin_next(struct plane *plane, const struct sl_svc_key *prev, struct sl_svc_key *ret_server, struct sl_svc_key *ret_svc)
{
	return map_next(&fake_of(plane)->origins, prev, ret_server, ret_svc);
}

static int fake_cache_next(struct plane *plane, const struct sl_cache_key *prev, struct sl_cache_key *ret_key, struct sl_cache *ret_cache)
{
	return map_next(&fake_of(plane)->caches, prev, ret_key, ret_cache);
}

static int fake_cache(struct plane *plane, const struct sl_cache_key *key, struct sl_cache *ret_cache)
{
	const struct fake_entry *entry = map_find(&fake_of(plane)->caches, key);

	if (!entry)
		return -ENOENT;
	memcpy(ret_cache, entry->value, sizeof(*ret_cache));
	return 0;
}

static int fake_cache_del(struct plane *plane, const struct sl_cache_key *key)
{
	return map_delete(&fake_of(plane)->caches, key);
}

static int fake_call(struct plane *plane, const struct sl_addr *hash, struct sl_call *ret_call)
{
	const struct fake_entry *entry = map_find(&fake_of(plane)->calls, hash);

	if (!entry)
		return -ENOENT;
	memcpy(ret_call, entry->value, sizeof(*ret_call));
	return 0;
}

static int fake_counters(struct plane *plane, uint64_t ret_counters[SL_MAX_COUNTERS])
{
	memcpy(ret_counters, fake_of(plane)->counters, sizeof(fake_of(plane)->counters));
	return 0;
}

static int fake_trail(struct plane *plane, struct sl_trail *ret_events, unsigned max)
{
	struct fake *fake = fake_of(plane);
	unsigned count = fake->trail_count < max ? fake->trail_count : max;

	memcpy(ret_events, fake->trail, count * sizeof(*ret_events));
	fake->trail_count -= count;
	memmove(fake->trail, fake->trail + count, fake->trail_count * sizeof(*fake->trail));
	return count;
}

void plane_fake_trail(struct plane *plane, const struct sl_trail *event)
{
	struct fake *fake = fake_of(plane);

	if (fake->trail_count < FAKE_TRAIL)
		fake->trail[fake->trail_count++] = *event;
	else
		fake->counters[SL_MAX_REASONS + SL_EV_TRAIL_LOST]++;
}

static int fake_sweep(struct plane *plane, struct sl_broom *broom)
{
	broom->live = broom->freed = 0;
	return 0;
}

static const struct plane_ops fake_ops = {
    .svc_set = fake_svc_set,
    .svc_del = fake_svc_del,
    .svc_next = fake_svc_next,
    .vip_set = fake_vip_set,
    .hop_id_set = fake_hop_id_set,
    .mark_set = fake_mark_set,
    .mark_next = fake_mark_next,
    .origin_set = fake_origin_set,
    .origin_next = fake_origin_next,
    .cache_next = fake_cache_next,
    .cache = fake_cache,
    .cache_del = fake_cache_del,
    .call = fake_call,
    .counters = fake_counters,
    .trail = fake_trail,
    .sweep = fake_sweep,
};

static void settings_init(struct plane *plane)
{
	*plane->settings = (struct sl_settings){.abi = SL_ABI_VERSION, .hz = 250, .tick_shift = 6, .slots = plane->slots, .seed = {1, 2}};
#define X(name, number, text, seconds, active, rank) plane_timeout_set(plane, number, seconds);
#include "sluice/state.def"
#undef X
#define X(name, number, text, value, least, most, unit) plane->settings->sysctl[number] = value;
#include "sluice/sysctl.def"
#undef X
	memcpy(plane->settings->own_least, plane->settings->timeout, sizeof(plane->settings->own_least));
	plane->writes = 0;
}

static void maps_init(struct fake *fake)
{
	map_init(&fake->svcs, sizeof(struct sl_svc_key), sizeof(struct sl_svc));
	map_init(&fake->vips, sizeof(struct sl_addr), sizeof(uint32_t));
	map_init(&fake->origins, sizeof(struct sl_svc_key), sizeof(struct sl_svc_key));
	map_init(&fake->marks, sizeof(struct sl_mark_key), sizeof(struct sl_mark_set));
	map_init(&fake->caches, sizeof(struct sl_cache_key), sizeof(struct sl_cache));
	map_init(&fake->calls, sizeof(struct sl_addr), sizeof(struct sl_call));
}

struct plane *plane_fake_new(uint32_t slots)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	struct plane *plane = fake ? &fake->plane : NULL;

	if (!fake)
		return NULL;
	maps_init(fake);
	fake->fail_after = ~0U;
	*plane = (struct plane){.ops = &fake_ops, .slots = slots, .cpus = FAKE_CPUS};
	plane->settings = calloc(1, sizeof(*plane->settings));
	plane->members = calloc(SL_MAX_MEMBERS, sizeof(*plane->members));
	plane->tables = calloc(SL_MAX_TABLES, sizeof(*plane->tables));
	plane->bounds = calloc(SL_MAX_BOUNDS, sizeof(*plane->bounds));
	plane->owns = calloc(SL_MAX_SVCS, sizeof(*plane->owns));
	plane->mark_rules = calloc(SL_MAX_MARK_RULES, sizeof(*plane->mark_rules));
	plane->dests = calloc(SL_MAX_DESTS, sizeof(*plane->dests));
	plane->hops = calloc(SL_MAX_HOPS, sizeof(*plane->hops));
	plane->links = calloc(SL_MAX_LINKS, sizeof(*plane->links));
	plane->loads = calloc(SL_MAX_DESTS, sizeof(*plane->loads));
	plane->cursors = calloc(SL_MAX_SVCS, sizeof(*plane->cursors));
	plane->stats = calloc((size_t)FAKE_CPUS * SL_MAX_DESTS, sizeof(*plane->stats));
	plane->ledger = calloc(SL_MAX_DESTS + SL_MAX_SVCS, sizeof(*plane->ledger));
	plane->tags = fake->tags = calloc(slots, sizeof(*fake->tags));
	plane->conns = fake->conns = calloc(slots, sizeof(*fake->conns));
	if (!plane->settings || !plane->members || !plane->tables || !plane->bounds || !plane->owns || !plane->mark_rules ||
	    !plane->dests || !plane->hops || !plane->links || !plane->loads || !plane->cursors || !plane->stats || !plane->ledger ||
	    !plane->tags || !plane->conns) {
		plane_fake_free(plane);
		return NULL;
	}
	settings_init(plane);
	return plane;
}

void plane_fake_free(struct plane *plane)
{
	struct fake *fake = plane ? fake_of(plane) : NULL;

	if (!fake)
		return;
	map_free(&fake->svcs);
	map_free(&fake->vips);
	map_free(&fake->origins);
	map_free(&fake->marks);
	map_free(&fake->caches);
	map_free(&fake->calls);
	free(fake->conns);
	free(fake->tags);
	free(plane->ledger);
	free(plane->stats);
	free(plane->cursors);
	free(plane->loads);
	free(plane->links);
	free(plane->hops);
	free(plane->dests);
	free(plane->mark_rules);
	free(plane->owns);
	free(plane->bounds);
	free(plane->tables);
	free(plane->members);
	free(plane->settings);
	free(fake);
}

void plane_fake_fail(struct plane *plane, unsigned after)
{
	fake_of(plane)->fail_after = after;
}

int plane_fake_cache(struct plane *plane, const struct sl_cache_key *key, const struct sl_cache *cache)
{
	return map_set(&fake_of(plane)->caches, key, cache);
}

unsigned plane_fake_vips(const struct plane *plane)
{
	return fake_of(plane)->vips.tab.count;
}
