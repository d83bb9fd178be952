/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_ALLOW_H
#define SLUICE_ALLOW_H
/*
 * DOC: who may be a client
 *
 * A service's allow-list is a sorted run of bounds: the first address that is allowed, the first after it that is not, and so on. A
 * source is allowed if an odd number of bounds is not above it. One binary search, so a list of ten thousand prefixes costs
 * little more than a list of one.
 */

#include "bpf/pkt.h"

#define ALLOW_STEPS 20 /* enough for a list that fills the pool */
_Static_assert(SL_MAX_BOUNDS < 1 << ALLOW_STEPS, "ALLOW_STEPS");

/* Is a at or below b? */
SL_INLINE int allow_not_above(const struct sl_addr *a, const struct sl_addr *b)
{
	__u64 high = bpf_be64_to_cpu(a->d[0]), than = bpf_be64_to_cpu(b->d[0]);

	return high != than ? high < than : bpf_be64_to_cpu(a->d[1]) <= bpf_be64_to_cpu(b->d[1]);
}

/* May the packet's source be a client of a service with these bounds? */
APART int allow_admits(const struct pkt *p, __u32 first, __u32 count)
{
	__u32 below = 0, left = count;

	if (!p)
		return 0;
	for (int i = 0; i < ALLOW_STEPS && left; i++) {
		__u32 half = left / 2;
		const struct sl_addr *bound = map_bound(first + below + half);

		if (!bound)
			return 0;
		if (allow_not_above(bound, &p->src)) {
			below += half + 1;
			left -= half + 1;
		} else {
			left = half;
		}
	}
	return below & 1;
}

#endif
