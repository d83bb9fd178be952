/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_TABLE_H
#define SLUICE_TABLE_H
/*
 * DOC: the connection table
 *
 * word.h is the protocol; this is its one implementation, compiled into the lanes, the broom and the tests. A lookup reads
 * the home bucket's line of tags and, on a tag that fits, one sl_conn; the second bucket only if the home bucket
 * ever overflowed. Nobody waits: an operation that loses a race looks again a few times, then gives up.
 */

#include "bpf/pkt.h"

#define TABLE_TRIES 8 /* to win a swap; each loss means that another CPU won one, or a word was brought up to date */

/* This moment in ticks. */
SL_INLINE __u32 table_now(void)
{
	return (bpf_jiffies64() >> cfg_tick_shift) & SL_W_TICK_MASK;
}

SL_INLINE __u64 *table_word(__u32 slot)
{
	__u64 *words = map_tags(slot / SL_BUCKET_SLOTS);

	return words ? &words[slot % SL_BUCKET_SLOTS] : 0;
}

SL_INLINE void table_load_add(__u32 dest, __u64 delta)
{
	struct sl_load *load = map_load(dest);

	if (load)
		__sync_fetch_and_add(&load->word, delta);
}

/* Has the connection outlived its state's timeout? */
SL_INLINE int table_expired(const struct sl_settings *set, __u64 w, __u32 seen, __u32 now)
{
	return sl_conn_age(w, seen, now) > set->timeout[sl_word_state(w)];
}

SL_INLINE int table_matches(struct pkt *p, const struct sl_conn *c, enum pkt_dir dir)
{
	const struct sl_dest *d;

	if (c->proto != p->proto)
		return 0;
	if (dir == PKT_CLIENT)
		return c->cport == p->sport && c->vport == p->dport && addr_equal(&c->caddr, &p->src) && addr_equal(&c->vaddr, &p->dst);
	if (c->cport != p->dport || c->dport != p->sport || !addr_equal(&c->caddr, &p->dst))
		return 0;
	d = map_dest(c->dest);
	return d && addr_equal(&d->addr, &p->src) && (c->fwd == SL_FWD_MASQ || d->flags & SL_DEST_LOCAL);
}

/* Copies what the later stages need; false if the slot changed hands meanwhile. */
SL_INLINE int table_take(struct pkt *p, const struct sl_conn *c, __u64 *word, __u64 seen, enum pkt_dir dir)
{
	p->dest = c->dest;
	p->fwd = c->fwd;
	p->dest_port = c->dport;
	p->seen = READ_ONCE(c->seen);
	if (dir == PKT_SERVER) {
		p->client_hop = READ_ONCE(c->client_hop);
		p->client_if = c->client_if;
		p->vaddr = c->vaddr;
		p->vport = c->vport;
	}
	p->dir = dir;
	barrier();
	p->word = READ_ONCE(*word);
	return !((p->word ^ seen) & SL_W_SAME) && sl_state_conn(sl_word_state(p->word));
}

/* Is it in this slot? `slot` is `word`'s. */
SL_INLINE int table_try(struct pkt *p, __u64 *word, __u32 slot, __u32 tag, enum pkt_dir dir)
{
	__u64 w = READ_ONCE(*word);
	const struct sl_conn *c;

	if (sl_word_tag(w) != tag || !sl_state_conn(sl_word_state(w)))
		return 0;
	c = map_conn(slot);
	if (!c || !table_matches(p, c, dir) || !table_take(p, c, word, w, dir))
		return 0;
	p->slot = slot;
	return 1;
}

SL_INLINE int table_find_in(struct pkt *p, __u32 bucket, __u32 tag, enum pkt_dir dir, int *ret_overflow)
{
	__u32 first = sl_tag_slot(tag), slot = bucket * SL_BUCKET_SLOTS;
	__u64 *words = map_tags(bucket);

	if (unlikely(!words))
		return 0;
	*ret_overflow = (READ_ONCE(words[0]) & SL_W_OVF) != 0;
	if (likely(table_try(p, &words[first], slot + first, tag, dir)))
		return 1;
	SL_UNROLL
	for (int i = 0; i < SL_BUCKET_SLOTS; i++)
		if (unlikely(table_try(p, &words[i], slot + i, tag, dir)))
			return 1;
	return 0;
}

/* Finds the packet's connection as one of this direction. On success the packet has the connection's facts. */
SL_INLINE int table_find(struct pkt *p, enum pkt_dir dir)
{
	const struct sl_addr *addr = dir == PKT_CLIENT ? &p->src : &p->dst;
	__be16 port = dir == PKT_CLIENT ? p->sport : p->dport;
	__u64 hash = sl_flow_hash(addr, port, p->proto, cfg_seed0, cfg_seed1);
	int overflow = 0;

	if (table_find_in(p, sl_hash_home(hash, cfg_bucket_mask), sl_hash_tag(hash), dir, &overflow))
		return 1;
	if (likely(!overflow))
		return 0;
	return table_find_in(p, sl_hash_second(hash, cfg_bucket_mask), sl_hash_tag(hash), dir, &overflow);
}

/*
 * Moves the packet's connection to another state and the present tick. The one who wins moves the load.
 * False if the slot has changed hands.
 */
SL_INLINE int table_move(struct pkt *p, __u32 state, __u64 clear)
{
	__u64 *word = table_word(p->slot), w = p->word;

	if (!word)
		return 0;
	for (int i = 0; i < TABLE_TRIES; i++) {
		__u32 from = sl_word_state(w);
		__u64 new = sl_word_move(w, state, p->now) & ~clear, old;

		old = __sync_val_compare_and_swap(word, w, new);
		if (old == w) {
			if (sl_state_active(from) != sl_state_active(state))
				table_load_add(p->dest, sl_state_load(state) - sl_state_load(from));
			p->word = new;
			return 1;
		}
		if ((old ^ w) & SL_W_SAME || !sl_state_conn(sl_word_state(old)))
			return 0;
		w = old;
	}
	return 1;
}

/* Notes that the connection lives. If the slot has changed hands, its new one does. */
SL_INLINE void table_refresh(const struct pkt *p)
{
	struct sl_conn *c = map_conn(p->slot);

	if (c)
		WRITE_ONCE(c->seen, p->now);
}

/* Ends the connection that the word `was` describes; true for the one who did it. The dest must have been read under it. */
SL_INLINE int table_free(__u64 *word, __u64 was, __u32 dest)
{
	__u64 freed = was & (SL_W_SAME | SL_W_OVF);

	if (__sync_val_compare_and_swap(word, was, freed) != was)
		return 0;
	table_load_add(dest, -sl_state_load(sl_word_state(was)));
	return 1;
}

/* Ends the packet's own connection, for another to take its place. */
SL_INLINE void table_end(struct pkt *p)
{
	__u64 *word = table_word(p->slot);

	if (word)
		table_free(word, p->word, p->dest);
}

/*
 * How dear it is to give a slot to a new connection, and which slot: the least wins.
 *    63      56 55        32 31         0
 *   | cost (8) | youth (24) | slot (32)  |     cost: 0 free, 1 expired, 2 half-open, 3 closing; youth: ~age.
 *   |    0     | crowd | far |   slot    |     a free slot: how full its bucket is, where that is TABLE_CROWDED or more,
 *               (16)    (8)                    and how far it is from the one that the flow would like best
 *
 * So the home bucket is taken while it has room, and the less crowded of the two when it gets full: at load 0.5 one
 * connection in a million finds both full.
 */
#define TABLE_NO_SLOT (~0ULL)
#define TABLE_CROWDED 6

SL_INLINE __u32 table_pick_cost(__u64 pick)
{
	return pick >> 56;
}

SL_INLINE __u32 table_pick_slot(__u64 pick)
{
	return pick;
}

/* The slot's own price, without what its bucket adds. */
SL_INLINE __u64 table_pick_price(__u64 pick)
{
	return table_pick_cost(pick) ? pick : pick & 0xffffffffffULL;
}

/* Is it worth a look at the second bucket? Not for what is free with room around it, nor for what has expired. */
SL_INLINE int table_pick_dear(__u64 pick)
{
	return table_pick_cost(pick) > 1 || (!table_pick_cost(pick) && table_pick_price(pick) != pick);
}

SL_INLINE __u64 table_price(const struct sl_settings *set, __u64 w, __u32 slot, __u32 tag, __u32 now)
{
	__u32 state = sl_word_state(w), age = sl_word_age(w, now), cost = 1 + sl_state_rank(state);

	if (state == SL_ST_FREE)
		return (__u64)(slot % SL_BUCKET_SLOTS ^ sl_tag_slot(tag)) << 32 | slot;
	if (state == SL_ST_BUSY)
		return TABLE_NO_SLOT;
	if (age > set->timeout[state])
		cost = 1;
	else if (cost == 1)
		return TABLE_NO_SLOT;
	return (__u64)cost << 56 | (__u64)(SL_W_TICK_MASK - age) << 32 | slot;
}

/* The cheapest slot of a bucket, or `best` if that is cheaper. */
APART __u64 table_pick(__u64 best, __u32 bucket, __u32 tag, __u32 now)
{
	const struct sl_settings *set = map_settings();
	const __u64 *words = map_tags(bucket);
	__u64 here = TABLE_NO_SLOT, crowd = 0;

	if (!words || !set)
		return best;
	for (int i = 0; i < SL_BUCKET_SLOTS; i++) {
		__u64 price = table_price(set, READ_ONCE(words[i]), bucket * SL_BUCKET_SLOTS + i, tag, now);

		crowd += table_pick_cost(price) != 0;
		here = price < here ? price : here;
	}
	if (!table_pick_cost(here) && crowd >= TABLE_CROWDED)
		here |= crowd << 40;
	return here < best ? here : best;
}

/* The connection whose slot was seized is accounted for; its sl_conn is still as it was. */
SL_INLINE void table_evicted(__u32 slot, __u32 state, __u32 cost)
{
	const struct sl_conn *c = map_conn(slot);
	__u32 event = cost == 1 ? SL_EV_EVICT_EXPIRED : cost == 2 ? SL_EV_EVICT_HALF_OPEN : SL_EV_EVICT_CLOSING;

	if (c)
		table_load_add(c->dest, -sl_state_load(state));
	map_count(SL_MAX_REASONS + event);
}

/*
 * A word that looks expired may only not have heard of the last packet yet. True if the connection lives: the word
 * is told, so that nobody picks it again soon.
 */
SL_INLINE int table_lives(const struct sl_settings *set, __u64 *word, __u64 was, __u32 slot, __u32 now)
{
	const struct sl_conn *c = map_conn(slot);
	__u32 seen;

	if (!c)
		return 1;
	seen = READ_ONCE(c->seen);
	if (table_expired(set, was, seen, now))
		return 0;
	__sync_val_compare_and_swap(word, was, sl_word_move(was, sl_word_state(was), seen));
	return 1;
}

/* Takes the picked slot if it is still what it was picked for: BUSY, next generation. Returns the word, or 0. */
SL_INLINE __u64 table_seize(__u64 pick, __u32 tag, __u32 now)
{
	const struct sl_settings *set = map_settings();
	__u32 slot = table_pick_slot(pick);
	__u64 *word = table_word(slot), was, busy;

	if (!word || !set)
		return 0;
	was = READ_ONCE(*word);
	if (table_price(set, was, slot, tag, now) != table_pick_price(pick))
		return 0;
	if (table_pick_cost(pick) == 1 && table_lives(set, word, was, slot, now))
		return 0;
	busy = sl_word(tag, SL_ST_BUSY, sl_word_gen(was) + 1, now) | (was & SL_W_OVF);
	if (__sync_val_compare_and_swap(word, was, busy) != was)
		return 0;
	if (sl_word_state(was) != SL_ST_FREE)
		table_evicted(slot, sl_word_state(was), table_pick_cost(pick));
	return busy;
}

/* Is another CPU entering, or has it just entered, the same connection in this bucket? Whoever sees the other gives way. */
SL_INLINE int table_rival(struct pkt *p, __u32 bucket, __u32 tag)
{
	__u64 *words = map_tags(bucket);

	if (!words)
		return 0;
	for (int i = 0; i < SL_BUCKET_SLOTS; i++) {
		__u64 w = READ_ONCE(words[i]);
		const struct sl_conn *c;

		if (sl_word_tag(w) != tag || sl_word_state(w) == SL_ST_FREE || bucket * SL_BUCKET_SLOTS + i == p->slot)
			continue;
		if (sl_word_state(w) == SL_ST_BUSY)
			return 1;
		c = map_conn(bucket * SL_BUCKET_SLOTS + i);
		if (c && table_matches(p, c, PKT_CLIENT))
			return 1;
	}
	return 0;
}

/* What a new connection is entered with, besides the packet. */
struct table_new {
	__u32 dest;
	__u32 svc;
	__be16 dport;
	__u8 fwd;
	__u8 state;
	__u64 way; /* SL_W_1WAY or 0 */
};

SL_INLINE void table_fill(struct sl_conn *c, const struct pkt *p, const struct table_new *n)
{
	c->caddr = p->src;
	c->vaddr = p->dst;
	c->cport = p->sport;
	c->vport = p->dport;
	c->dport = n->dport;
	c->proto = p->proto;
	c->fwd = n->fwd;
	c->dest = n->dest;
	c->svc = n->svc;
	c->client_hop = 0;
	c->client_if = p->client_if;
	c->seen = p->now;
	c->template = 0;
}

/* Says in the home bucket that one of its connections is in the second. */
SL_INLINE void table_overflow(__u32 home)
{
	__u64 *words = map_tags(home);

	if (words && !(READ_ONCE(words[0]) & SL_W_OVF))
		__sync_fetch_and_or(&words[0], SL_W_OVF);
	map_count(SL_MAX_REASONS + SL_EV_OVERFLOW);
}

/* Picks and seizes a slot for the packet, in the home bucket if that has room. Returns its word, or 0: none to be had. */
SL_INLINE __u64 table_claim(struct pkt *p, __u64 hash)
{
	__u32 home = sl_hash_home(hash, cfg_bucket_mask);
	__u64 pick, busy;

	for (int i = 0; i < TABLE_TRIES; i++) {
		pick = table_pick(TABLE_NO_SLOT, home, sl_hash_tag(hash), p->now);
		if (table_pick_dear(pick))
			pick = table_pick(pick, sl_hash_second(hash, cfg_bucket_mask), sl_hash_tag(hash), p->now);
		if (pick == TABLE_NO_SLOT)
			return 0;
		p->slot = table_pick_slot(pick);
		if (p->slot / SL_BUCKET_SLOTS != home)
			table_overflow(home);
		busy = table_seize(pick, sl_hash_tag(hash), p->now);
		if (busy)
			return busy;
	}
	return 0;
}

/*
 * Enters the packet's connection. On success the packet has its facts, as after table_find().
 * Returns PKT_NEXT, or a drop: no slot may be evicted, or another CPU is entering the same connection.
 */
APART int table_enter(struct pkt *p, const struct table_new *n)
{
	__u64 hash, busy, publish, *word;
	struct sl_conn *c;

	if (!p || !n)
		return PKT_DROP;
	hash = sl_flow_hash(&p->src, p->sport, p->proto, cfg_seed0, cfg_seed1);
	busy = table_claim(p, hash);
	word = table_word(p->slot);
	c = map_conn(p->slot);
	if (!busy || !word || !c)
		return pkt_drop(p, SL_DROP_TABLE_FULL);
	if (table_rival(p, sl_hash_home(hash, cfg_bucket_mask), sl_hash_tag(hash))) {
		__sync_fetch_and_xor(word, (__u64)(SL_ST_BUSY ^ SL_ST_FREE) << SL_W_STATE_SHIFT);
		return pkt_drop(p, SL_DROP_CLAIM_RACE);
	}
	table_fill(c, p, n);
	table_load_add(n->dest, sl_state_load(n->state));
	publish = (__u64)(SL_ST_BUSY ^ n->state) << SL_W_STATE_SHIFT | n->way;
	__sync_fetch_and_xor(word, publish);
	p->word = busy ^ publish;
	p->dir = PKT_CLIENT;
	p->entered = 1;
	p->seen = p->now;
	p->dest = n->dest;
	p->fwd = n->fwd;
	p->dest_port = n->dport;
	return PKT_NEXT;
}

/* Remembers where the client's replies go. A slot that changed hands meanwhile is told to look for itself. */
SL_INLINE void table_client_hop(const struct pkt *p, __u32 client_hop)
{
	__u64 *word = table_word(p->slot);
	struct sl_conn *c = map_conn(p->slot);

	if (!word || !c)
		return;
	WRITE_ONCE(c->client_hop, client_hop);
	barrier();
	if ((READ_ONCE(*word) ^ p->word) & SL_W_SAME)
		WRITE_ONCE(c->client_hop, 0);
}

#endif
