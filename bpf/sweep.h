/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SWEEP_H
#define SLUICE_SWEEP_H
/* A slice of the table, bucket by bucket: the broom's work, also compiled into the tests. */

#include "bpf/table.h"

/* Expires the slot's connection if it is due; else brings its last packet into the word, so as not to ask again soon. */
SL_INLINE void sweep_slot(struct sl_broom *arg, const struct sl_settings *set, __u64 *word, __u32 slot)
{
	__u64 w = READ_ONCE(*word);
	const struct sl_conn *c;

	if (!sl_state_live(sl_word_state(w)))
		return;
	c = map_conn(slot);
	if (c && sl_word_age(w, arg->tick) > set->timeout[sl_word_state(w)] && !table_lives(set, word, w, slot, arg->tick))
		arg->freed += table_free(word, w, READ_ONCE(c->dest));
	else
		arg->live++;
}

static __attribute__((unused)) long sweep_bucket(__u32 i, void *data)
{
	struct sl_broom *arg = data;
	__u32 bucket = arg->first + i;
	const struct sl_settings *set = map_settings();
	__u64 *words = map_tags(bucket);

	if (!words || !set)
		return 1;
	for (int at = 0; at < SL_BUCKET_SLOTS; at++)
		sweep_slot(arg, set, &words[at], bucket * SL_BUCKET_SLOTS + at);
	return 0;
}

#endif
