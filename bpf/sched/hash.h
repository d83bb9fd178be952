/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_HASH_H
#define SLUICE_SCHED_HASH_H
/*
 * DOC: the hash functions of IPVS's schedulers
 *
 * They are fixed, without a secret, so that two directors choose alike. The lanes hash clients with them, the daemon servers
 * (sluiced/sched/).
 */

#include "sluice/abi.h"
#include "sluice/word.h"

#define SCHED_HASH_BITS 8 /* of the tables of sh and dh */
#define SCHED_HASH_SIZE (1 << SCHED_HASH_BITS)
#define SCHED_MH_SIZE 4093 /* of mh's: the prime of IPVS's default, index 12 */
#define SCHED_MH_BITS 6 /* to which mh brings its weights down */

/* Words of a key of mh: the same twice. */
#define SCHED_MH_KEY1 2654435761ULL
#define SCHED_MH_KEY2 2654446892ULL

SL_INLINE __u32 hash_host32(__be32 word)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return __builtin_bswap32(word);
#else
	return word;
#endif
}

/* A packet's address as the number that is hashed: IPv6's four words are folded by exclusive or. */
SL_INLINE __u32 hash_addr(const struct sl_addr *addr, int v6)
{
	return hash_host32(v6 ? addr->w[0] ^ addr->w[1] ^ addr->w[2] ^ addr->w[3] : addr->w[3]);
}

/* The top bits of a product with the golden ratio (hash_32() in Linux 6.1). */
SL_INLINE __u32 hash_golden(__u32 number)
{
	return number * 0x61c88647U >> (32 - SCHED_HASH_BITS);
}

SL_INLINE __u64 hash_rotate(__u64 x, int bits)
{
	return x << bits | x >> (64 - bits);
}

struct hash_sip {
	__u64 v[4];
};

SL_INLINE void hash_sip_round(struct hash_sip *s)
{
	s->v[0] += s->v[1];
	s->v[1] = hash_rotate(s->v[1], 13) ^ s->v[0];
	s->v[0] = hash_rotate(s->v[0], 32);
	s->v[2] += s->v[3];
	s->v[3] = hash_rotate(s->v[3], 16) ^ s->v[2];
	s->v[0] += s->v[3];
	s->v[3] = hash_rotate(s->v[3], 21) ^ s->v[0];
	s->v[2] += s->v[1];
	s->v[1] = hash_rotate(s->v[1], 17) ^ s->v[2];
	s->v[2] = hash_rotate(s->v[2], 32);
}

/*
 * SipHash-1-3 of four bytes, the low half of it: what hsiphash() is in a 64-bit kernel. (A 32-bit one has another function
 * under this name, and chooses other servers.)
 */
SL_INLINE __u32 hash_sip13(__u32 number, __u64 key)
{
	struct hash_sip s = {
	    {0x736f6d6570736575ULL ^ key, 0x646f72616e646f6dULL ^ key, 0x6c7967656e657261ULL ^ key, 0x7465646279746573ULL ^ key}};
	__u64 block = 4ULL << 56 | number;

	s.v[3] ^= block;
	hash_sip_round(&s);
	s.v[0] ^= block;
	s.v[2] ^= 0xff;
	hash_sip_round(&s);
	hash_sip_round(&s);
	hash_sip_round(&s);
	return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}

#endif
