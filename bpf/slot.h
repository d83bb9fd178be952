/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SLOT_H
#define SLUICE_SLOT_H
/* A slot's word and its time: what all operations of the table begin with. */

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

/* The timeout, in ticks, that the service of this slot's connection has of its own; the global one where it has none. */
APART int table_own_timeout(__u32 slot, __u32 state)
{
	const struct sl_settings *set = map_settings();
	const struct sl_conn *c = map_conn(slot);
	const struct sl_own *own = c ? map_own(c->svc) : 0;
	__u32 timeout = own ? own->timeout[state & (SL_MAX_STATES - 1)] : 0;

	return timeout || !set ? timeout : set->timeout[state & (SL_MAX_STATES - 1)];
}

SL_INLINE __u32 table_timeout(const struct sl_settings *set, __u64 w, __u32 slot)
{
	if (likely(!(w & SL_W_OWN)))
		return set->timeout[sl_word_state(w)];
	return table_own_timeout(slot, sl_word_state(w));
}

/* Has the connection outlived its state's timeout? */
SL_INLINE int table_expired(const struct sl_settings *set, __u64 w, __u32 slot, __u32 seen, __u32 now)
{
	return sl_conn_age(w, seen, now) > table_timeout(set, w, slot);
}

#endif
