/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_CSUM_H
#define SLUICE_CSUM_H
/* Incremental Internet checksums (RFC 1624, eqn. 3): 16-bit words are added up in 32 bits and folded once. */

#include <linux/types.h>

#include "sluice/word.h"

SL_INLINE __u16 csum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return sum + (sum >> 16);
}

/* What replacing `from` by `to` adds to a sum. */
SL_INLINE __u32 csum_diff(__u32 from, __u32 to)
{
	from = ~from;
	return (from & 0xffff) + (from >> 16) + (to & 0xffff) + (to >> 16);
}

/* A checksum field after `diff` was added to what it covers. */
SL_INLINE __u16 csum_apply(__u16 check, __u32 diff)
{
	return ~csum_fold((__u16)~check + diff);
}

/* An IPv4 header's checksum field when its TTL goes down by one (RFC 1624, 4). */
SL_INLINE __u16 csum_less_ttl(__u16 check)
{
	__u32 sum = check + bpf_htons(0x0100);

	return sum + (sum >= 0xffff);
}

/* The checksum of an IPv4 header without options whose check field is 0. */
SL_INLINE __u16 csum_ipv4(const void *header)
{
	const __u16 *word = header;
	__u32 sum = 0;

	SL_UNROLL
	for (int i = 0; i < 10; i++)
		sum += word[i];
	return ~csum_fold(sum);
}

#endif
