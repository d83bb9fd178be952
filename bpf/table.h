/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_TABLE_H
#define SLUICE_TABLE_H
/*
 * DOC: the connection table
 *
 * word.h is the protocol; this, claim.h and template.h are its one implementation, compiled into the lanes, the broom and the tests. A
 * lookup reads the home bucket's line of tags and, on a tag that fits, one sl_conn; the second bucket only if the home bucket ever
 * overflowed. Nobody waits: an operation that loses a race looks again a few times, then gives up.
 */

#include "bpf/template.h"
#include "bpf/trail.h"

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
			load_move(p->dest, from, state);
			trail_move(p->slot, w, state);
			p->word = new;
			if (from != state && (state == SL_ST_ESTABLISHED || state == SL_ST_UDP))
				template_assure(p->slot);
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

/* Ends the connection that the word `was` describes; true for the one who did it. */
SL_INLINE int table_free(__u64 *word, __u64 was, __u32 slot)
{
	const struct sl_conn *c = map_conn(slot);
	__u64 freed = was & (SL_W_SAME | SL_W_OVF);
	__u32 dest, template;

	if (!c)
		return 0;
	if (sl_state_template(sl_word_state(was)))
		return template_free(slot, was);
	dest = READ_ONCE(c->dest);
	template = READ_ONCE(c->template);
	if (__sync_val_compare_and_swap(word, was, freed) != was)
		return 0;
	load_leave(dest, sl_word_state(was));
	trail_free(slot, was);
	template_leave(template, 0);
	return 1;
}

/* Ends the packet's own connection, for another to take its place. */
APART int table_end(struct pkt *p)
{
	__u64 *word = p ? table_word(p->slot) : 0;

	return p && word && table_free(word, p->word, p->slot);
}

/*
 * Remembers where the client's replies go. It is a swap, because the slot may have changed hands: a template keeps something else there,
 * and another connection is told to look for itself.
 */
SL_INLINE void table_client_hop(const struct pkt *p, __u32 client_hop)
{
	__u64 *word = table_word(p->slot), was = (__u64)p->client_if << 32 | p->client_hop, now = (__u64)p->client_if << 32 | client_hop;
	struct sl_conn *c = map_conn(p->slot);

	if (!word || !c || __sync_val_compare_and_swap(&c->refs, was, now) != was)
		return;
	if ((READ_ONCE(*word) ^ p->word) & SL_W_SAME)
		__sync_val_compare_and_swap(&c->refs, now, (__u64)p->client_if << 32);
}

#endif
