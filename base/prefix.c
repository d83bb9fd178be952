/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/prefix.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define V4_BITS 96 /* in front of an IPv4 address */

/* A number of at most three digits, and nothing else; -1 if it is none. */
static int parse_len(const char *text)
{
	char *end;
	long len;

	if (*text < '0' || *text > '9' || strlen(text) > 3)
		return -1;
	len = strtol(text, &end, 10);
	return *end ? -1 : (int)len;
}

static void clear_tail(struct prefix *prefix)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned bits = prefix->len > i * 8 ? prefix->len - i * 8 : 0;

		if (bits < 8)
			prefix->addr[i] &= 0xff00 >> bits;
	}
}

int prefix_parse(const char *text, struct prefix *ret_prefix)
{
	const char *slash = strchr(text, '/');
	size_t size = slash ? (size_t)(slash - text) : strlen(text);
	struct prefix prefix = {.len = 128};
	char addr[ADDR_TEXT];
	int len, before;

	if (size >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, size);
	addr[size] = 0;
	if (addr_parse(addr, prefix.addr))
		return -EINVAL;
	if (slash) {
		before = addr_is_v4(prefix.addr) ? V4_BITS : 0;
		len = parse_len(slash + 1);
		if (len < 0)
			return -EINVAL;
		if (before + len > 128)
			return -ERANGE;
		prefix.len = before + len;
	}
	clear_tail(&prefix);
	*ret_prefix = prefix;
	return 0;
}

const char *prefix_print(const struct prefix *prefix, char text[PREFIX_TEXT])
{
	int before = prefix_is_v4(prefix) ? V4_BITS : 0;
	char addr[ADDR_TEXT];

	addr_print(prefix->addr, addr);
	if (prefix->len == 128)
		snprintf(text, PREFIX_TEXT, "%s", addr);
	else
		snprintf(text, PREFIX_TEXT, "%s/%d", addr, prefix->len - before);
	return text;
}

bool prefix_is_v4(const struct prefix *prefix)
{
	return prefix->len >= V4_BITS && addr_is_v4(prefix->addr);
}

bool prefix_covers(const struct prefix *outer, const struct prefix *inner)
{
	struct prefix cut = *inner;

	if (inner->len < outer->len || prefix_is_v4(outer) != prefix_is_v4(inner))
		return false;
	cut.len = outer->len;
	clear_tail(&cut);
	return memcmp(cut.addr, outer->addr, sizeof(cut.addr)) == 0;
}

int prefix_compare(const struct prefix *a, const struct prefix *b)
{
	int order = memcmp(a->addr, b->addr, sizeof(a->addr));

	return order ? order : (int)a->len - (int)b->len;
}
