/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SWEEP_H
#define SLUICE_SWEEP_H
/* A slice of the table, bucket by bucket: the broom's work, also compiled into the tests. */

#include "bpf/claim.h"

/*
 * Expires the slot's connection if it is due; else brings its last packet into the word, so as not to ask again soon. A template with
 * connections under it stays.
 */
SL_INLINE void sweep_slot(struct sl_broom *arg, const struct sl_settings *set, __u64 *word, __u32 slot)
{
	__u64 w = READ_ONCE(*word);

	if (!sl_state_live(sl_word_state(w)))
		return;
	arg->live++;
	if (sl_word_age(w, arg->tick) <= table_timeout(set, w, slot) || table_lives(set, word, w, slot, arg->tick))
		return;
	if (sl_state_template(sl_word_state(w)) && template_in_use(slot)) {
		template_delay(set, w, slot, arg->tick);
	} else if (table_free(word, w, slot)) {
		arg->live--;
		arg->freed++;
	}
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
