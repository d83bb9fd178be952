/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_CSUM_H
#define SLUICE_CSUM_H
/* Incremental Internet checksums (RFC 1624, eqn. 3): the sum is carried as 32-bit words in 64 bits and folded once. */

#include <linux/types.h>

#include "sluice/word.h"

SL_INLINE __u16 csum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* What replacing `from` by `to` adds to a sum. */
SL_INLINE __u64 csum_diff(__u32 from, __u32 to)
{
	return (__u64)(__u32)~from + to;
}

/* A checksum field after `diff` was added to what it covers. */
SL_INLINE __u16 csum_apply(__u16 check, __u64 diff)
{
	return ~csum_fold((__u64)(__u16)~check + diff);
}

/* The checksum of an IPv4 header without options whose check field is 0. */
SL_INLINE __u16 csum_ipv4(const void *header)
{
	const __u16 *word = header;
	__u64 sum = 0;

	SL_UNROLL
	for (int i = 0; i < 10; i++)
		sum += word[i];
	return ~csum_fold(sum);
}

#endif
