/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: a plane over plain memory, for the tests of everything that stands on a plane. It can be told to fail. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "sluiced/plane/plane.h"

#define FAKE_CPUS 2

struct fake_svc {
	struct list link;
	struct sl_svc_key key;
	struct sl_svc svc;
};

struct fake_vip {
	struct list link;
	struct sl_addr addr;
};

struct fake {
	struct plane plane;
	struct list svcs, vips;
	unsigned fail_after;
	uint64_t counters[SL_MAX_COUNTERS];
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

static struct fake_svc *svc_find(struct fake *fake, const struct sl_svc_key *key)
{
	struct list *at, *safe;

	list_each (at, safe, &fake->svcs) {
		struct fake_svc *s = container_of(at, struct fake_svc, link);

		if (memcmp(&s->key, key, sizeof(*key)) == 0)
			return s;
	}
	return NULL;
}

static int fake_svc_set(struct plane *plane, const struct sl_svc_key *key, const struct sl_svc *svc)
{
	struct fake *fake = fake_of(plane);
	struct fake_svc *s = svc_find(fake, key);
	int err = fails(fake);

	if (err)
		return err;
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return -ENOMEM;
		s->key = *key;
		list_append(&fake->svcs, &s->link);
	}
	s->svc = *svc;
	return 0;
}

static int fake_svc_del(struct plane *plane, const struct sl_svc_key *key)
{
	struct fake_svc *s = svc_find(fake_of(plane), key);

	if (!s)
		return -ENOENT;
	list_remove(&s->link);
	free(s);
	return 0;
}

static int fake_svc_next(struct plane *plane, const struct sl_svc_key *prev, struct sl_svc_key *ret_key, struct sl_svc *ret_svc)
{
	struct fake *fake = fake_of(plane);
	struct fake_svc *s = prev ? svc_find(fake, prev) : NULL;
	struct list *next = s ? s->link.next : fake->svcs.next;

	if (next == &fake->svcs)
		return -ENOENT;
	s = container_of(next, struct fake_svc, link);
	*ret_key = s->key;
	*ret_svc = s->svc;
	return 0;
}

static struct fake_vip *vip_find(struct fake *fake, const struct sl_addr *addr)
{
	struct list *at, *safe;

	list_each (at, safe, &fake->vips) {
		struct fake_vip *v = container_of(at, struct fake_vip, link);

		if (memcmp(&v->addr, addr, sizeof(*addr)) == 0)
			return v;
	}
	return NULL;
}

static int fake_vip_set(struct plane *plane, const struct sl_addr *addr, bool on)
{
	struct fake *fake = fake_of(plane);
	struct fake_vip *v = vip_find(fake, addr);

	if (v && !on) {
		list_remove(&v->link);
		free(v);
	} else if (!v && on) {
		v = calloc(1, sizeof(*v));
		if (!v)
			return -ENOMEM;
		v->addr = *addr;
		list_append(&fake->vips, &v->link);
	}
	return 0;
}

static int fake_hop_id_set(struct plane *plane, const struct sl_neigh_key *key, uint32_t hop)
{
	return 0;
}

static int fake_mark_set(struct plane *plane, const struct sl_mark_key *key, const struct sl_mark_set *set)
{
	return fails(fake_of(plane));
}

static int fake_mark_next(struct plane *plane, const struct sl_mark_key *prev, struct sl_mark_key *ret_key, struct sl_mark_set *ret_set)
{
	return -ENOENT;
}

static int fake_origin_set(struct plane *plane, const struct sl_svc_key *server, const struct sl_svc_key *svc)
{
	return fails(fake_of(plane));
}

static int fake_origin_next(struct plane *plane, const struct sl_svc_key *prev, struct sl_svc_key *ret_server, struct sl_svc_key *ret_svc)
{
	return -ENOENT;
}

static int fake_cache_next(struct plane *plane, const struct sl_cache_key *prev, struct sl_cache_key *ret_key, struct sl_cache *ret_cache)
{
	return -ENOENT;
}

static int fake_cache(struct plane *plane, const struct sl_cache_key *key, struct sl_cache *ret_cache)
{
	return -ENOENT;
}

static int fake_cache_del(struct plane *plane, const struct sl_cache_key *key)
{
	return -ENOENT;
}

static int fake_call(struct plane *plane, const struct sl_addr *hash, struct sl_call *ret_call)
{
	return -ENOENT;
}

static int fake_counters(struct plane *plane, uint64_t ret_counters[SL_MAX_COUNTERS])
{
	memcpy(ret_counters, fake_of(plane)->counters, sizeof(fake_of(plane)->counters));
	return 0;
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
    .sweep = fake_sweep,
};

static void settings_init(struct plane *plane)
{
	*plane->settings = (struct sl_settings){.abi = SL_ABI_VERSION, .hz = 250, .tick_shift = 6, .slots = plane->slots, .seed = {1, 2}};
#define X(name, number, text, seconds, active, rank) plane_timeout_set(plane, number, seconds);
#include "sluice/state.def"
#undef X
	plane->writes = 0;
}

struct plane *plane_fake_new(uint32_t slots)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	struct plane *plane = fake ? &fake->plane : NULL;

	if (!fake)
		return NULL;
	list_init(&fake->svcs);
	list_init(&fake->vips);
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

static void list_free(struct list *head, size_t offset)
{
	struct list *at, *safe;

	list_each (at, safe, head)
		free((char *)at - offset);
}

void plane_fake_free(struct plane *plane)
{
	struct fake *fake = plane ? fake_of(plane) : NULL;

	if (!fake)
		return;
	list_free(&fake->svcs, offsetof(struct fake_svc, link));
	list_free(&fake->vips, offsetof(struct fake_vip, link));
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

unsigned plane_fake_vips(const struct plane *plane)
{
	struct list *at, *safe;
	unsigned n = 0;

	list_each (at, safe, &fake_of(plane)->vips)
		n++;
	return n;
}
