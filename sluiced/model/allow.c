/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of prefixes, brought to their one shortest form: what means the same is the same, also after a restart. */

#include <stdlib.h>
#include <string.h>

#include "sluiced/model/model.h"

/* Do the two make up a prefix of one bit less? */
static bool siblings(const struct prefix *a, const struct prefix *b)
{
	unsigned last = a->len - 1;
	struct prefix parent = *a;

	if (a->len != b->len || a->len == 0)
		return false;
	parent.len = last;
	parent.addr[last / 8] &= ~(0x80 >> last % 8);
	return prefix_covers(&parent, a) && prefix_covers(&parent, b);
}

static int by_address(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

/* Sorted, without what others hold, neighbours joined; returns how many are left. */
static uint32_t shorten(struct prefix *list, uint32_t count)
{
	uint32_t left = 0;

	qsort(list, count, sizeof(*list), by_address);
	for (uint32_t i = 0; i < count; i++) {
		if (left && prefix_covers(&list[left - 1], &list[i]))
			continue;
		list[left++] = list[i];
		while (left > 1 && siblings(&list[left - 2], &list[left - 1])) {
			left--;
			list[left - 1].len--;
		}
	}
	return left;
}

struct allow *allow_new(struct prefix *prefixes, uint32_t count)
{
	uint32_t left = count ? shorten(prefixes, count) : 0;
	struct allow *allow = calloc(1, sizeof(*allow) + left * sizeof(*prefixes));

	if (!allow)
		return NULL;
	allow->refs = 1;
	allow->count = left;
	if (left)
		memcpy(allow->prefixes, prefixes, left * sizeof(*prefixes));
	return allow;
}

struct allow *allow_get(struct allow *allow)
{
	if (allow)
		allow->refs++;
	return allow;
}

void allow_put(struct allow *allow)
{
	if (allow && --allow->refs == 0)
		free(allow);
}

bool allow_equal(const struct allow *a, const struct allow *b)
{
	if (a == b || !a || !b)
		return a == b;
	return a->count == b->count && memcmp(a->prefixes, b->prefixes, a->count * sizeof(*a->prefixes)) == 0;
}
