/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_PREFIX_H
#define BASE_PREFIX_H
/*
 * DOC: prefixes
 *
 * An address with the number of its leading bits that count. IPv4 a.b.c.d/n is ::ffff:a.b.c.d/(96 + n), as in addr.h, but a prefix is
 * of one family: ::/0 is every IPv6 address and no IPv4 one.
 */

#include "base/addr.h"

#define PREFIX_TEXT (ADDR_TEXT + 4) /* the longest prefix as text, with its end */

struct prefix {
	uint8_t addr[16]; /* network order; the bits that don't count are 0 */
	uint8_t len; /* 0 .. 128 */
};

/*
 * "192.0.2.0/24", "2001:db8::/32", or an address alone, which is a prefix of all its bits. Bits behind the length are
 * cleared. -EINVAL: no address, or no number; -ERANGE: the length is more than the family has.
 */
int prefix_parse(const char *text, struct prefix *ret_prefix);

/* Prefix to text, an address alone if all its bits count; returns `text`. */
const char *prefix_print(const struct prefix *prefix, char text[PREFIX_TEXT]);

bool prefix_is_v4(const struct prefix *prefix);

/* Is every address of `inner` one of `outer`? */
bool prefix_covers(const struct prefix *outer, const struct prefix *inner);

/* Order by address, then the shorter first: <0, 0, >0. */
int prefix_compare(const struct prefix *a, const struct prefix *b);

#endif
