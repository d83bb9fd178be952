/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_CLAIM_H
#define SLUICE_CLAIM_H
/*
 * DOC: room for a new connection
 *
 * Which slot a new connection or template takes, and from whom; docs/state.md has the order. The winner of the swap accounts for what was
 * there, then the slot is its own until it publishes.
 */

#include "bpf/table.h"

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

/* ... of a slot that holds something. */
APART __u64 table_price_taken(__u64 w, __u32 slot, __u32 now)
{
	__u32 state = sl_word_state(w), age = sl_word_age(w, now), cost = 1 + sl_state_rank(state);
	const struct sl_settings *set = map_settings();

	if (state == SL_ST_BUSY || !set)
		return TABLE_NO_SLOT;
	if (w & SL_W_OWN ? age > set->own_least[state] && age > (__u32)table_own_timeout(slot, state) : age > set->timeout[state])
		cost = 1;
	else if (cost == 1)
		return TABLE_NO_SLOT;
	if (sl_state_template(state) && template_in_use(slot))
		return TABLE_NO_SLOT;
	return (__u64)cost << 56 | (__u64)(SL_W_TICK_MASK - age) << 32 | slot;
}

SL_INLINE __u64 table_price(__u64 w, __u32 slot, __u32 tag, __u32 now)
{
	if (sl_word_state(w) == SL_ST_FREE)
		return (__u64)(slot % SL_BUCKET_SLOTS ^ sl_tag_slot(tag)) << 32 | slot;
	return table_price_taken(w, slot, now);
}

/* The cheapest slot of a bucket, or `best` if that is cheaper. */
APART __u64 table_pick(__u64 best, __u32 bucket, __u32 tag, __u32 now)
{
	const __u64 *words = map_tags(bucket);
	__u64 here = TABLE_NO_SLOT, crowd = 0;

	if (!words)
		return best;
	for (int i = 0; i < SL_BUCKET_SLOTS; i++) {
		__u64 price = table_price(READ_ONCE(words[i]), bucket * SL_BUCKET_SLOTS + i, tag, now);

		crowd += table_pick_cost(price) != 0;
		here = price < here ? price : here;
	}
	if (!table_pick_cost(here) && crowd >= TABLE_CROWDED)
		here |= crowd << 40;
	return here < best ? here : best;
}

/* The slot was seized from this word: what was there is accounted for; its sl_conn is still as it was. 0: it has to stay. */
SL_INLINE int table_evicted(__u32 slot, __u64 was, __u32 cost)
{
	__u32 event = cost == 1 ? SL_EV_EVICT_EXPIRED : cost == 2 ? SL_EV_EVICT_HALF_OPEN : SL_EV_EVICT_CLOSING;
	struct sl_conn *c = map_conn(slot);

	if (!c)
		return 0;
	if (sl_state_template(sl_word_state(was))) {
		if (!template_close(c, sl_word_gen(was)))
			return 0;
		load_template(c->dest, -1);
	} else {
		load_leave(c->dest, sl_word_state(was));
		trail_free(slot, was);
		template_leave(c->template, cost != 1);
	}
	map_count(SL_MAX_REASONS + event);
	return 1;
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
	if (table_expired(set, was, slot, seen, now))
		return 0;
	__sync_val_compare_and_swap(word, was, sl_word_move(was, sl_word_state(was), seen));
	return 1;
}

/* Takes the picked slot if it is still what it was picked for: BUSY, next generation. Returns the word, or 0. */
APART __u64 table_seize(__u64 pick, __u32 tag, __u32 now)
{
	const struct sl_settings *set = map_settings();
	__u32 slot = table_pick_slot(pick);
	__u64 *word = table_word(slot), was, busy;

	if (!word || !set)
		return 0;
	was = READ_ONCE(*word);
	if (table_price(was, slot, tag, now) != table_pick_price(pick))
		return 0;
	if (table_pick_cost(pick) == 1 && table_lives(set, word, was, slot, now))
		return 0;
	busy = sl_word(tag, SL_ST_BUSY, sl_word_gen(was) + 1, now) | (was & SL_W_OVF);
	if (__sync_val_compare_and_swap(word, was, busy) != was)
		return 0;
	if (sl_word_state(was) != SL_ST_FREE && !table_evicted(slot, was, table_pick_cost(pick))) {
		__sync_fetch_and_xor(word, busy ^ was);
		return 0;
	}
	return busy;
}

/*
 * Is another CPU entering, or has it just entered, the same connection (or template) in this bucket? Whoever sees the other gives way.
 */
APART int table_rival(struct pkt *p, __u32 bucket, __u32 tag, int template)
{
	__u64 *words = map_tags(bucket);

	if (!words || !p)
		return 0;
	for (int i = 0; i < SL_BUCKET_SLOTS; i++) {
		__u64 w = READ_ONCE(words[i]);
		const struct sl_conn *c;

		if (sl_word_tag(w) != tag || sl_word_state(w) == SL_ST_FREE || bucket * SL_BUCKET_SLOTS + i == p->slot)
			continue;
		if (sl_word_state(w) == SL_ST_BUSY)
			return 1;
		if (sl_state_template(sl_word_state(w)) != template || sl_word_state(w) == SL_ST_TEMPLATE_GONE)
			continue;
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
	__u32 template; /* slot of the template it is under + 1; 0 none */
	__u64 way; /* SL_W_1WAY, SL_W_OWN */
	__u64 flags; /* SL_CONN_* */
};

/* A template begins with the connection it is made for under it. */
SL_INLINE void table_fill(struct sl_conn *c, const struct pkt *p, const struct table_new *n, __u64 busy)
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
	c->flags = n->flags;
	c->refs = sl_state_template(n->state) ? sl_refs(sl_word_gen(busy), 1) : (__u64)p->client_if << 32;
	c->seen = p->now;
	c->template = n->template;
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
	if (table_rival(p, sl_hash_home(hash, cfg_bucket_mask), sl_hash_tag(hash), sl_state_template(n->state))) {
		__sync_fetch_and_xor(word, (__u64)(SL_ST_BUSY ^ SL_ST_FREE) << SL_W_STATE_SHIFT);
		return pkt_drop(p, SL_DROP_CLAIM_RACE);
	}
	table_fill(c, p, n, busy);
	if (sl_state_template(n->state))
		load_template(n->dest, 1);
	else
		load_enter(n->dest, n->state);
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

#endif
