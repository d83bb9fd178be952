/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/htab.h"
#include "base/list.h"
#include "sluiced/neigh/hops.h"
#include "sluiced/plane/plane.h"

struct slot {
	struct hnode node; /* in `used` by content */
	struct list link; /* in `resting` or `empty` */
	uint32_t refs;
	bool used; /* the plane's hop has content */
	uint64_t since_ms; /* resting */
};

struct hops {
	struct plane *plane;
	struct htab used;
	struct list resting; /* oldest first */
	struct list empty;
	struct slot slot[SL_MAX_HOPS];
};

static uint32_t id_of(const struct hops *hops, const struct slot *slot)
{
	return slot - hops->slot;
}

/* By the neighbour alone, so that all hops of one {interface, MAC} meet. */
static uint64_t hash_of(const struct sl_hop *hop)
{
	uint64_t h = hash_bytes(hop->dmac, sizeof(hop->dmac), hop->ifindex);

	return hash_bytes(hop->gw.b, sizeof(hop->gw.b), h);
}

static bool is_client(const struct sl_hop *hop)
{
	static const struct sl_addr none;

	return !memcmp(&hop->gw, &none, sizeof(none));
}

static void fill(struct hops *hops, struct slot *slot, const struct sl_hop *hop)
{
	slot->used = true;
	htab_insert(&hops->used, &slot->node, hash_of(hop));
}

struct hops *hops_new(struct plane *plane)
{
	struct hops *hops = calloc(1, sizeof(*hops));
	uint32_t id;

	if (!hops)
		return NULL;
	hops->plane = plane;
	htab_init(&hops->used);
	list_init(&hops->resting);
	list_init(&hops->empty);
	for (id = 1; id < SL_MAX_HOPS; id++) {
		list_init(&hops->slot[id].link);
		if (plane->hops[id].ifindex)
			fill(hops, &hops->slot[id], &plane->hops[id]);
		else
			list_append(&hops->empty, &hops->slot[id].link);
	}
	return hops;
}

void hops_free(struct hops *hops)
{
	if (!hops)
		return;
	htab_fini(&hops->used);
	free(hops);
}

static struct slot *find(struct hops *hops, const struct sl_hop *hop)
{
	struct hnode *node;

	for (node = htab_first(&hops->used, hash_of(hop)); node; node = htab_next(node)) {
		struct slot *slot = container_of(node, struct slot, node);

		if (!memcmp(&hops->plane->hops[id_of(hops, slot)], hop, sizeof(*hop)))
			return slot;
	}
	return NULL;
}

static void key_of(const struct sl_hop *hop, struct sl_neigh_key *ret_key)
{
	*ret_key = (struct sl_neigh_key){.ifindex = hop->ifindex};
	memcpy(ret_key->dmac, hop->dmac, sizeof(ret_key->dmac));
}

static struct slot *take(struct hops *hops, const struct sl_hop *hop)
{
	struct slot *slot;

	if (list_empty(&hops->empty))
		return NULL;
	slot = container_of(hops->empty.next, struct slot, link);
	list_remove(&slot->link);
	plane_hop_set(hops->plane, id_of(hops, slot), hop);
	fill(hops, slot, hop);
	return slot;
}

uint32_t hops_get(struct hops *hops, const struct sl_hop *hop)
{
	struct slot *slot = find(hops, hop) ?: take(hops, hop);
	struct sl_neigh_key key;

	if (!slot)
		return 0;
	list_remove(&slot->link); /* it may have been at rest */
	if (!slot->refs++ && is_client(hop)) {
		key_of(hop, &key);
		hops->plane->ops->hop_id_set(hops->plane, &key, id_of(hops, slot));
	}
	return id_of(hops, slot);
}

/* Another client's hop of the same {interface, MAC} that is wanted: hop_ids leads there, not to `but`. */
static bool has_successor(struct hops *hops, const struct slot *but, const struct sl_hop *hop)
{
	struct hnode *node;

	for (node = htab_first(&hops->used, hash_of(hop)); node; node = htab_next(node)) {
		struct slot *slot = container_of(node, struct slot, node);
		const struct sl_hop *other = &hops->plane->hops[id_of(hops, slot)];

		if (slot != but && slot->refs && other->ifindex == hop->ifindex && is_client(other) &&
		    !memcmp(other->dmac, hop->dmac, sizeof(hop->dmac)))
			return true;
	}
	return false;
}

static void rest(struct hops *hops, struct slot *slot, uint64_t now_ms)
{
	const struct sl_hop *hop = &hops->plane->hops[id_of(hops, slot)];
	struct sl_neigh_key key;

	slot->since_ms = now_ms;
	list_append(&hops->resting, &slot->link);
	if (!is_client(hop))
		return;
	if (!has_successor(hops, slot, hop)) {
		key_of(hop, &key);
		hops->plane->ops->hop_id_set(hops->plane, &key, 0);
	}
}

void hops_put(struct hops *hops, uint32_t id, uint64_t now_ms)
{
	struct slot *slot = &hops->slot[id];

	if (id && slot->refs && !--slot->refs)
		rest(hops, slot, now_ms);
}

void hops_settle(struct hops *hops, uint64_t now_ms)
{
	uint32_t id;

	for (id = 1; id < SL_MAX_HOPS; id++) {
		struct slot *slot = &hops->slot[id];

		if (slot->used && !slot->refs && list_empty(&slot->link))
			rest(hops, slot, now_ms);
	}
}

int hops_work(struct hops *hops, uint64_t now_ms)
{
	static const struct sl_hop nothing;

	while (!list_empty(&hops->resting)) {
		struct slot *slot = container_of(hops->resting.next, struct slot, link);

		if (now_ms - slot->since_ms < HOPS_REST_MS)
			return HOPS_REST_MS - (now_ms - slot->since_ms);
		htab_remove(&hops->used, &slot->node);
		slot->used = false;
		list_remove(&slot->link);
		plane_hop_set(hops->plane, id_of(hops, slot), &nothing);
		list_append(&hops->empty, &slot->link);
	}
	return -1;
}
