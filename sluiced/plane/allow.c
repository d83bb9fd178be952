/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/plane/allow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 number; /* an address as a number */

/* From first to last, both of it. */
struct range {
	number first, last;
};

struct ranges {
	struct range *range;
	uint32_t count;
};

/* The IPv4 addresses among all. */
#define V4_FIRST ((number)0xffff << 32)
#define V4_LAST (V4_FIRST | 0xffffffffU)
#define LAST (~(number)0)

static number from_addr(const uint8_t addr[16])
{
	number n = 0;

	for (int i = 0; i < 16; i++)
		n = n << 8 | addr[i];
	return n;
}

static void to_addr(number n, uint8_t ret_addr[16])
{
	for (int i = 16; i--; n >>= 8)
		ret_addr[i] = (uint8_t)n;
}

/* Bits behind a prefix length, all set. */
static number tail(unsigned len)
{
	return len ? ~(LAST << (128 - len)) : LAST;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/* An IPv6 prefix around all IPv4 addresses is two ranges. */
static void add_prefix(struct ranges *to, const struct prefix *prefix)
{
	number first = from_addr(prefix->addr), last = first | (prefix->len < 128 ? tail(prefix->len) : 0);

	if (first < V4_FIRST && last > V4_LAST) {
		to->range[to->count++] = (struct range){first, V4_FIRST - 1};
		first = V4_LAST + 1;
	} else if (first == V4_FIRST && last > V4_LAST) {
		first = V4_LAST + 1;
	} else if (first < V4_FIRST && last == V4_LAST) {
		last = V4_FIRST - 1;
	}
	to->range[to->count++] = (struct range){first, last};
}

/* Sorted, those that touch made one. */
static void merge(struct ranges *ranges)
{
	uint32_t kept = 0;

	qsort(ranges->range, ranges->count, sizeof(*ranges->range), compare_ranges);
	for (uint32_t i = 0; i < ranges->count; i++) {
		const struct range *r = &ranges->range[i];
		struct range *before = kept ? &ranges->range[kept - 1] : NULL;

		if (before && (before->last == LAST || r->first <= before->last + 1))
			before->last = r->last > before->last ? r->last : before->last;
		else
			ranges->range[kept++] = *r;
	}
	ranges->count = kept;
}

static int write_bounds(const struct ranges *ranges, struct sl_addr **ret_bounds, uint32_t *ret_count)
{
	struct sl_addr *bounds = calloc(2 * (size_t)ranges->count + 1, sizeof(*bounds));
	uint32_t n = 0;

	if (!bounds)
		return -ENOMEM;
	for (uint32_t i = 0; i < ranges->count; i++) {
		to_addr(ranges->range[i].first, bounds[n++].b);
		if (ranges->range[i].last != LAST)
			to_addr(ranges->range[i].last + 1, bounds[n++].b);
	}
	*ret_bounds = bounds;
	*ret_count = n;
	return 0;
}

int allow_bounds(const struct prefix *prefixes, uint32_t count, struct sl_addr **ret_bounds, uint32_t *ret_count)
{
	struct ranges ranges = {.range = calloc(2 * (size_t)count + 1, sizeof(*ranges.range))};
	int err;

	if (!ranges.range)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		add_prefix(&ranges, &prefixes[i]);
	merge(&ranges);
	err = write_bounds(&ranges, ret_bounds, ret_count);
	free(ranges.range);
	return err;
}

static int read_bounds(const struct sl_addr *bounds, uint32_t count, struct ranges *ret_ranges)
{
	struct ranges ranges = {.range = calloc((size_t)count / 2 + 3, sizeof(*ranges.range))};

	if (!ranges.range)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i += 2) {
		number first = from_addr(bounds[i].b), next = i + 1 < count ? from_addr(bounds[i + 1].b) : 0;

		if (i + 1 < count && next <= first)
			goto unsorted;
		if (i && first <= ranges.range[ranges.count - 1].last)
			goto unsorted;
		ranges.range[ranges.count++] = (struct range){first, next - 1};
	}
	*ret_ranges = ranges;
	return 0;
unsorted:
	free(ranges.range);
	return -EINVAL;
}

/* What is left of a range without the IPv4 addresses, and what of it they are: at most three. */
static uint32_t split(const struct range *r, struct range parts[3])
{
	uint32_t n = 0;

	if (r->first < V4_FIRST)
		parts[n++] = (struct range){r->first, r->last < V4_FIRST ? r->last : V4_FIRST - 1};
	if (r->first <= V4_LAST && r->last >= V4_FIRST)
		parts[n++] = (struct range){r->first > V4_FIRST ? r->first : V4_FIRST, r->last < V4_LAST ? r->last : V4_LAST};
	if (r->last > V4_LAST)
		parts[n++] = (struct range){r->first > V4_LAST ? r->first : V4_LAST + 1, r->last};
	return n;
}

/*
 * Every range cut at the ends of IPv4; the two IPv6 ranges that touch IPv4 on both sides made one around it, since a prefix of IPv6 leaves
 * IPv4 out anyway.
 */
static int by_family(const struct ranges *ranges, struct ranges *ret_parts)
{
	struct ranges parts = {.range = calloc((size_t)ranges->count + 3, sizeof(*parts.range))};
	struct range *below = NULL;

	if (!parts.range)
		return -ENOMEM;
	for (uint32_t i = 0; i < ranges->count; i++) {
		struct range part[3];
		uint32_t n = split(&ranges->range[i], part);

		for (uint32_t j = 0; j < n; j++) {
			if (below && part[j].first == V4_LAST + 1) {
				below->last = part[j].last;
				continue;
			}
			parts.range[parts.count++] = part[j];
			if (part[j].last == V4_FIRST - 1)
				below = &parts.range[parts.count - 1];
		}
	}
	*ret_parts = parts;
	return 0;
}

/* The largest prefix that begins where the range does and ends within it. */
static unsigned prefix_len(const struct range *r)
{
	unsigned len = 128;

	while (len && !(r->first & tail(len - 1)) && (r->first | tail(len - 1)) <= r->last)
		len--;
	return len;
}

/* Writes a range's prefixes to `to`, if it is not NULL; returns their number. */
static uint32_t put_range(struct range r, struct prefix *to)
{
	for (uint32_t n = 1;; n++) {
		unsigned len = prefix_len(&r);
		number last = r.first | (len < 128 ? tail(len) : 0);

		if (to) {
			to[n - 1].len = len;
			to_addr(r.first, to[n - 1].addr);
		}
		if (last == r.last)
			return n;
		r.first = last + 1;
	}
}

static int compare_prefixes(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

static int write_prefixes(const struct ranges *parts, struct prefix **ret_prefixes, uint32_t *ret_count)
{
	struct prefix *prefixes;
	uint32_t total = 0, n = 0;

	for (uint32_t i = 0; i < parts->count; i++)
		total += put_range(parts->range[i], NULL);
	prefixes = calloc((size_t)total + 1, sizeof(*prefixes));
	if (!prefixes)
		return -ENOMEM;
	for (uint32_t i = 0; i < parts->count; i++)
		n += put_range(parts->range[i], prefixes + n);
	qsort(prefixes, n, sizeof(*prefixes), compare_prefixes);
	*ret_prefixes = prefixes;
	*ret_count = n;
	return 0;
}

int allow_prefixes(const struct sl_addr *bounds, uint32_t count, struct prefix **ret_prefixes, uint32_t *ret_count)
{
	struct ranges ranges = {0}, parts = {0};
	int err = read_bounds(bounds, count, &ranges);

	err = err ?: by_family(&ranges, &parts);
	err = err ?: write_prefixes(&parts, ret_prefixes, ret_count);
	free(ranges.range);
	free(parts.range);
	return err;
}
