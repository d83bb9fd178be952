/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/htab.h"

#include <stdlib.h>
#include <string.h>

static uint64_t mix(uint64_t h)
{
	h = (h ^ h >> 32) * 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 29;
}

uint64_t hash_bytes(const void *data, size_t size, uint64_t seed)
{
	const unsigned char *at = data;
	uint64_t h = mix(seed + size), word;

	for (; size >= sizeof(word); size -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		h = mix(h ^ word);
	}
	word = 0;
	memcpy(&word, at, size);
	return mix(h ^ word);
}

void htab_init(struct htab *htab)
{
	*htab = (struct htab){.mask = sizeof(htab->first) / sizeof(htab->first[0]) - 1};
	htab->buckets = htab->first;
}

void htab_fini(struct htab *htab)
{
	if (htab->buckets != htab->first)
		free(htab->buckets);
	htab_init(htab);
}

static void put(struct htab *htab, struct hnode *node)
{
	struct hnode **bucket = &htab->buckets[node->hash & htab->mask];

	node->next = *bucket;
	*bucket = node;
}

static void grow(struct htab *htab)
{
	size_t old_mask = htab->mask;
	struct hnode **old = htab->buckets, **new = calloc((old_mask + 1) * 4, sizeof(*new));

	if (!new)
		return;
	htab->buckets = new;
	htab->mask = (old_mask + 1) * 4 - 1;
	for (size_t i = 0; i <= old_mask; i++) {
		for (struct hnode *node = old[i], *next; node; node = next) {
			next = node->next;
			put(htab, node);
		}
	}
	if (old != htab->first)
		free(old);
}

void htab_insert(struct htab *htab, struct hnode *node, uint64_t hash)
{
	if (htab->count > htab->mask)
		grow(htab);
	node->hash = hash;
	put(htab, node);
	htab->count++;
}

void htab_remove(struct htab *htab, struct hnode *node)
{
	struct hnode **at = &htab->buckets[node->hash & htab->mask];

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	htab->count--;
}

static struct hnode *same(struct hnode *node, uint64_t hash)
{
	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct hnode *htab_first(const struct htab *htab, uint64_t hash)
{
	return same(htab->buckets[hash & htab->mask], hash);
}

struct hnode *htab_next(const struct hnode *node)
{
	return same(node->next, node->hash);
}
