/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_WORD_H
#define SLUICE_WORD_H
/*
 * DOC: the connection table's words, and who may change them
 *
 * A bucket is one cache line of eight tag words; a slot is a tag word and the sl_conn of the same index. A flow's hash
 * names a home bucket and, for when that is full, a second one.
 *
 *    63        48 47   43  42   41  40  39        24 23           0
 *   | tag (16)   | state | 1way|ovf|own| generation | last-seen tick |
 *
 * Every change of a word is one atomic operation on it, so lanes on any CPU and the broom need no lock:
 *
 *   claim    FREE, expired or evictable -> BUSY, generation + 1     compare-and-swap
 *            The winner accounts for the connection that was there, then owns the sl_conn until it publishes.
 *   publish  BUSY -> a state                                        atomic xor (ovf may be set meanwhile by others)
 *   release  BUSY -> FREE                                           atomic xor
 *   merge    tick, from sl_conn.seen                                compare-and-swap, by the broom or who wants the slot
 *   move     state (and tick, 1way)                                 compare-and-swap; the winner moves sl_load
 *   free     a state -> FREE                                        compare-and-swap; the winner takes from sl_load
 *   ovf      a connection whose home is this bucket is in its second one; kept in slot 0's word; atomic or; sticky
 *
 * A lane that sees a packet and changes no state writes sl_conn.seen, a plain store: a locked operation per packet would
 * keep the processor from working on the next one meanwhile. A connection's age is that of the younger of the word's
 * tick and `seen`; who finds a word too old looks at `seen` before it acts.
 *
 * A reader compares the tag, then the sl_conn, copies what it needs, and reads the word again: another generation means
 * a miss. sl_load is raised before publication and lowered after the word has left the state, so it is never below
 * the truth by more than the operations under way.
 *
 * A template is kept as long as connections are under it. sl_conn.refs counts them, with the generation they count for: to come under a
 * template is one swap that expects its generation; to leave it is an atomic subtraction. Who wants to free a template makes it
 * BUSY, then swaps refs from "no connections" to 0, which is of no generation, and gives the slot back if that fails: so who has come
 * under it keeps it, and who comes too late misses.
 *
 * Only programs change words (the daemon sweeps through the broom program): a process can be killed between two
 * steps, a program can't.
 */

#include "abi.h"

#define SL_W_TICK_MASK 0xffffffULL
#define SL_W_GEN_SHIFT 24
#define SL_W_GEN_MASK 0xffffULL
#define SL_W_OWN (1ULL << 40) /* the timeouts are the service's own (sl_own) */
#define SL_W_OVF (1ULL << 41)
#define SL_W_1WAY (1ULL << 42) /* only the client's side is seen (DR, TUN): IPVS's NOOUTPUT */
#define SL_W_STATE_SHIFT 43
#define SL_W_STATE_MASK 0x1fULL
#define SL_W_TAG_SHIFT 48

/* What identifies a life of a slot: the tag and the generation. */
#define SL_W_SAME ((~0ULL << SL_W_TAG_SHIFT) | (SL_W_GEN_MASK << SL_W_GEN_SHIFT))

#define SL_INLINE static inline __attribute__((always_inline, unused))

#ifdef __clang__
#define SL_UNROLL _Pragma("unroll")
#else
#define SL_UNROLL _Pragma("GCC unroll 16")
#endif

SL_INLINE __u64 sl_word(__u32 tag, __u32 state, __u32 gen, __u32 tick)
{
	return (__u64)tag << SL_W_TAG_SHIFT | (__u64)state << SL_W_STATE_SHIFT | (__u64)(gen & SL_W_GEN_MASK) << SL_W_GEN_SHIFT |
	       (tick & SL_W_TICK_MASK);
}

SL_INLINE __u32 sl_word_tag(__u64 w)
{
	return w >> SL_W_TAG_SHIFT;
}

SL_INLINE __u32 sl_word_state(__u64 w)
{
	return w >> SL_W_STATE_SHIFT & SL_W_STATE_MASK;
}

SL_INLINE __u32 sl_word_gen(__u64 w)
{
	return w >> SL_W_GEN_SHIFT & SL_W_GEN_MASK;
}

SL_INLINE __u32 sl_word_tick(__u64 w)
{
	return w & SL_W_TICK_MASK;
}

/*
 * Ticks from `tick` to `now`; right for ages below 2^24 - 4096 ticks (49 days). A tick that another CPU has
 * written since `now` was read is not old but new.
 */
SL_INLINE __u32 sl_age(__u32 tick, __u32 now)
{
	__u32 age = (now - tick) & SL_W_TICK_MASK;

	return age > SL_W_TICK_MASK - 4096 ? 0 : age;
}

/* Ticks since the word was written. */
SL_INLINE __u32 sl_word_age(__u64 w, __u32 now)
{
	return sl_age(sl_word_tick(w), now);
}

/* Ticks since the connection's last packet. */
SL_INLINE __u32 sl_conn_age(__u64 w, __u32 seen, __u32 now)
{
	__u32 by_word = sl_word_age(w, now), by_seen = sl_age(seen, now);

	return by_seen < by_word ? by_seen : by_word;
}

/* The word with another state and tick, everything else kept. */
SL_INLINE __u64 sl_word_move(__u64 w, __u32 state, __u32 tick)
{
	w &= ~(SL_W_STATE_MASK << SL_W_STATE_SHIFT | SL_W_TICK_MASK);
	return w | (__u64)state << SL_W_STATE_SHIFT | (tick & SL_W_TICK_MASK);
}

/* Does a slot in this state hold something that others may see: a connection or a template? */
SL_INLINE int sl_state_live(__u32 state)
{
	return state > SL_ST_BUSY;
}

SL_INLINE int sl_state_template(__u32 state)
{
	return state >= SL_ST_TEMPLATE_GONE;
}

/* ... a connection that packets may match? */
SL_INLINE int sl_state_conn(__u32 state)
{
	return state - (SL_ST_BUSY + 1) < SL_ST_TEMPLATE_GONE - (SL_ST_BUSY + 1);
}

/* 1 if connections in this state are ActiveConn, else 0. */
SL_INLINE __u32 sl_state_active(__u32 state)
{
#define X(name, number, text, seconds, active, rank) ((__u32)(active) << (number)) |
	const __u32 set =
#include "state.def"
	    0;
#undef X
	return set >> (state & 31) & 1;
}

/* Who gives way when there is no room: 0 nobody, 1 half-open, 2 closing. */
SL_INLINE __u32 sl_state_rank(__u32 state)
{
#define X(name, number, text, seconds, active, rank) ((__u64)(rank) << 2 * (number)) |
	const __u64 ranks =
#include "state.def"
	    0;
#undef X
	return ranks >> 2 * (state & 31) & 3;
}

/*
 * sl_conn.refs of a template: the top bit, which no interface number has (client_if lies there in a connection), so that a late
 * swap never takes a connection for a template; 16 bits of generation; 32 of connections.
 */
SL_INLINE __u64 sl_refs(__u32 gen, __u32 conns)
{
	return 1ULL << 63 | (__u64)(gen & SL_W_GEN_MASK) << 32 | conns;
}

/* Connections under the template. */
SL_INLINE __u32 sl_refs_conns(__u64 refs)
{
	return refs;
}

/* What one connection in this state adds to sl_load.word; a template is counted elsewhere. */
SL_INLINE __u64 sl_state_load(__u32 state)
{
	return sl_state_template(state) ? 0 : sl_state_active(state) ? 1 : 1ULL << 32;
}

/*
 * Hash of a flow's client end. Both directions of a connection give the same, as IPVS's does.
 * Keyed by two random words, so that nobody outside can aim at a bucket.
 * The low 23 bits name the home bucket, bits 24-46 the second, the top 16 are the tag.
 */
SL_INLINE __u64 sl_flow_hash(const struct sl_addr *addr, __be16 port, __u8 proto, __u64 seed0, __u64 seed1)
{
	__u64 h = addr->d[0] ^ seed0;

	h = (h ^ h >> 32) * 0x9fb21c651e98df25ULL;
	h ^= addr->d[1] + seed1;
	h = (h ^ h >> 29) * 0xd6e8feb86659fd93ULL;
	h ^= ((__u64)proto << 16 | port) ^ seed0 >> 17;
	h = (h ^ h >> 32) * 0xff51afd7ed558ccdULL;
	h = (h ^ h >> 29) * 0xc4ceb9fe1a85ec53ULL;
	return h ^ h >> 32;
}

SL_INLINE __u32 sl_hash_tag(__u64 h)
{
	return h >> SL_W_TAG_SHIFT;
}

SL_INLINE __u32 sl_hash_home(__u64 h, __u32 bucket_mask)
{
	return h & bucket_mask;
}

SL_INLINE __u32 sl_hash_second(__u64 h, __u32 bucket_mask)
{
	__u32 home = h & bucket_mask, b = h >> 24 & bucket_mask;

	return b == home ? (b ^ 1) & bucket_mask : b;
}

/* Which slot of its bucket a flow takes if it is free; a lookup then finds it at first sight. */
SL_INLINE __u32 sl_tag_slot(__u32 tag)
{
	return tag % SL_BUCKET_SLOTS;
}

/*
 * A scheduler's cursor: where rr or wrr stand in their service's members.
 *    63     48 47        17 16        0
 *   | gen (16) | weight (31) | index (17) |
 *
 * index: the position after the last used member; 0, or the number of members, is the head of the list.
 * weight: wrr's current weight.
 */
#define SL_CUR_INDEX_MASK 0x1ffffULL
#define SL_CUR_WEIGHT_MASK 0x7fffffffULL

SL_INLINE __u64 sl_cursor(__u32 gen, __u32 weight, __u32 index)
{
	return (__u64)(gen & 0xffff) << 48 | (weight & SL_CUR_WEIGHT_MASK) << 17 | (index & SL_CUR_INDEX_MASK);
}

SL_INLINE __u32 sl_cursor_gen(__u64 c)
{
	return c >> 48;
}

SL_INLINE __u32 sl_cursor_weight(__u64 c)
{
	return c >> 17 & SL_CUR_WEIGHT_MASK;
}

SL_INLINE __u32 sl_cursor_index(__u64 c)
{
	return c & SL_CUR_INDEX_MASK;
}

#endif
