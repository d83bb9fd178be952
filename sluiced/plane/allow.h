/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_ALLOW_H
#define SLUICED_ALLOW_H
/*
 * DOC: source allow-lists
 *
 * A list of prefixes becomes bounds: the sorted first addresses of what is allowed and, after each, the first one that is not any
 * more. An address is allowed if an odd number of bounds is not above it, so the lanes need one binary search whatever the
 * prefixes were (bpf/allow.h). Overlapping and adjacent prefixes merge. A prefix is of one family (base/prefix.h), so ::/0 leaves
 * the IPv4 addresses out.
 *
 * Who commits a service takes a run of the pool for its bounds (pool.h), writes them there with plane_bounds_set(), then switches the
 * service's `allow` and `allow_count`, and gives the old run back to rest.
 */

#include "base/prefix.h"
#include "sluice/abi.h"

#define ALLOW_MAX_PREFIXES 65536 /* of one list */

/*
 * Prefixes, in any order, to bounds. *ret_bounds is the caller's to free(); NULL, and *ret_count 0, if nothing is allowed. The same set of
 * addresses gives the same bounds. -ENOMEM.
 */
int allow_bounds(const struct prefix *prefixes, uint32_t count, struct sl_addr **ret_bounds, uint32_t *ret_count);

/*
 * Bounds back to the fewest prefixes that say the same, sorted. *ret_prefixes is the caller's to free(). -ENOMEM; -EINVAL: they are not
 * sorted, so they are no bounds.
 */
int allow_prefixes(const struct sl_addr *bounds, uint32_t count, struct prefix **ret_prefixes, uint32_t *ret_count);

#endif
