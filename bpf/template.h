/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_TEMPLATE_H
#define SLUICE_TEMPLATE_H
/*
 * DOC: persistence templates and the connections under them
 *
 * A template is a slot whose sl_conn.refs counts the connections that were scheduled by it (word.h has the protocol). It is not freed while
 * there are any: its timer then begins anew with a minute, as in IPVS. Assured is one under which a connection was established;
 * one that is not gives way like a half-open connection, and goes with its last connection if that had to give way.
 */

#include "bpf/load.h"
#include "bpf/slot.h"

SL_INLINE int template_in_use(__u32 slot)
{
	const struct sl_conn *c = map_conn(slot);

	return c && sl_refs_conns(READ_ONCE(c->refs));
}

/* Comes under the template of this generation; 0 if it is gone. */
SL_INLINE int template_join(struct sl_conn *c, __u32 gen)
{
	__u64 refs = READ_ONCE(c->refs), was;

	for (int i = 0; i < TABLE_TRIES; i++) {
		if (refs - sl_refs_conns(refs) != sl_refs(gen, 0))
			return 0;
		was = __sync_val_compare_and_swap(&c->refs, refs, refs + 1);
		if (was == refs)
			return 1;
		refs = was;
	}
	return 0;
}

/* The slot's memory is the caller's, who has made it BUSY: is nobody under the template, and will nobody come? */
SL_INLINE int template_close(struct sl_conn *c, __u32 gen)
{
	return __sync_val_compare_and_swap(&c->refs, sl_refs(gen, 0), 0) == sl_refs(gen, 0);
}

/* Frees the template that `w` describes, if nobody is under it; true for the one who did. */
SL_INLINE int template_free(__u32 slot, __u64 w)
{
	const __u64 busy = sl_word_move(w, SL_ST_BUSY, sl_word_tick(w));
	__u64 *word = table_word(slot);
	struct sl_conn *c = map_conn(slot);
	__u32 dest;

	if (!word || !c || __sync_val_compare_and_swap(word, w, busy) != w)
		return 0;
	dest = c->dest;
	if (!template_close(c, sl_word_gen(w))) {
		__sync_fetch_and_xor(word, busy ^ w);
		return 0;
	}
	__sync_fetch_and_xor(word, (__u64)(SL_ST_BUSY ^ SL_ST_FREE) << SL_W_STATE_SHIFT);
	load_template(dest, -1);
	return 1;
}

/* Has the template's time ended, with nobody under it? The broom has not been here; true for the one who did its work. */
APART int template_expire(__u32 slot, __u64 w, __u32 now)
{
	const struct sl_settings *set = map_settings();
	const struct sl_conn *c = map_conn(slot);

	return set && c && table_expired(set, w, slot, READ_ONCE(c->seen), now) && template_free(slot, w);
}

/* A connection that was under the template in slot `template` - 1 has ended, or, if it was evicted, had to give way. */
APART int template_leave(__u32 template, __u32 evicted)
{
	__u32 slot = template - 1;
	__u64 *word = table_word(slot), w;
	struct sl_conn *c = map_conn(slot);

	if (!template || !word || !c)
		return 0;
	if (sl_refs_conns(__sync_fetch_and_add(&c->refs, -1ULL)) != 1 || !evicted)
		return 0;
	w = READ_ONCE(*word);
	return sl_word_state(w) == SL_ST_TEMPLATE && template_free(slot, w);
}

/* Brings the template in this slot from one state to another, if it is still in it. */
SL_INLINE int template_move(__u32 slot, __u32 from, __u32 to)
{
	__u64 *word = table_word(slot), w, was;

	if (!word)
		return 0;
	w = READ_ONCE(*word);
	for (int i = 0; i < TABLE_TRIES && sl_word_state(w) == from; i++) {
		was = __sync_val_compare_and_swap(word, w, sl_word_move(w, to, sl_word_tick(w)));
		if (was == w)
			return 1;
		w = was;
	}
	return 0;
}

/* The connection in this slot is established: its template, if it has one, is not a flood's. */
APART int template_assure(__u32 conn_slot)
{
	const struct sl_conn *c = map_conn(conn_slot);
	__u32 template = c ? READ_ONCE(c->template) : 0;

	return template && template_move(template - 1, SL_ST_TEMPLATE, SL_ST_TEMPLATE_ASSURED);
}

/* Its server may not be used: no new connection finds it, those under it stay. */
SL_INLINE void template_retire(__u32 slot)
{
	if (!template_move(slot, SL_ST_TEMPLATE, SL_ST_TEMPLATE_GONE))
		template_move(slot, SL_ST_TEMPLATE_ASSURED, SL_ST_TEMPLATE_GONE);
}

/* An expired template with connections under it: a minute more from now. */
SL_INLINE void template_delay(const struct sl_settings *set, __u64 w, __u32 slot, __u32 now)
{
	__u32 minute = set->timeout[SL_ST_TEMPLATE_GONE], seen;
	struct sl_conn *c = map_conn(slot);

	if (!c)
		return;
	seen = READ_ONCE(c->seen);
	if (table_expired(set, w, slot, seen, now))
		__sync_val_compare_and_swap(&c->seen, seen, (now - table_timeout(set, w, slot) + minute) & SL_W_TICK_MASK);
}

#endif
