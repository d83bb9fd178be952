/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_LOAD_H
#define SLUICE_LOAD_H
/*
 * DOC: a server's connections and its thresholds
 *
 * Whoever enters, moves or frees a connection counts it, with the swap that made it so. A server is overloaded from the moment its total
 * (active and inactive, no templates) reaches `upper` until it falls below `lower`. The total moves by one at a time, so exactly one CPU
 * sees it pass each of them and says so; what it says it compares with the total again, which may have passed the other one meanwhile.
 */

#include "bpf/pkt.h"

#define LOAD_TRIES 4

/* Connections in an sl_load.word; a half that a race has made negative counts as such. */
SL_INLINE __s32 load_total(__u64 word)
{
	__s32 active = word;

	return active + (__s32)((word - (__s64)active) >> 32);
}

/* What `over` must be; between the thresholds it stays what it is. */
SL_INLINE __u32 load_over(const struct sl_load *load, const struct sl_dest *d)
{
	__s32 total = load_total(READ_ONCE(load->word)), upper = READ_ONCE(d->upper), lower = READ_ONCE(d->lower);

	if (upper && total >= upper)
		return 1;
	return upper && total >= lower ? READ_ONCE(load->over) : 0;
}

/* A threshold was passed. The last of several CPUs that come here sees what all of them did. */
APART int load_settle(__u32 dest)
{
	struct sl_load *load = map_load(dest);
	const struct sl_dest *d = map_dest(dest);

	if (!load || !d)
		return 0;
	for (int i = 0; i < LOAD_TRIES; i++) {
		__u32 over = READ_ONCE(load->over), want = load_over(load, d);

		if (over == want)
			break;
		if (__sync_val_compare_and_swap(&load->over, over, want) == over && want)
			map_count(SL_MAX_REASONS + SL_EV_OVERLOADED);
	}
	return 0;
}

/* A template more, or (-1) one less. */
SL_INLINE void load_template(__u32 dest, __s32 more)
{
	struct sl_load *load = map_load(dest);

	if (load)
		__sync_fetch_and_add(&load->templates, more);
}

/* A connection in this state is entered. */
SL_INLINE void load_enter(__u32 dest, __u32 state)
{
	struct sl_load *load = map_load(dest);
	const struct sl_dest *d = map_dest(dest);
	__u64 was;

	if (!load || !d)
		return;
	was = __sync_fetch_and_add(&load->word, sl_state_load(state));
	if (d->upper && load_total(was) + 1 == (__s32)d->upper)
		load_settle(dest);
}

/* ... has ended. */
SL_INLINE void load_leave(__u32 dest, __u32 state)
{
	struct sl_load *load = map_load(dest);
	const struct sl_dest *d = map_dest(dest);
	__u64 was;

	if (!load || !d)
		return;
	was = __sync_fetch_and_add(&load->word, -sl_state_load(state));
	if (d->upper && load_total(was) == (__s32)d->lower)
		load_settle(dest);
}

/* A connection goes from one state to another. */
SL_INLINE void load_move(__u32 dest, __u32 from, __u32 to)
{
	struct sl_load *load = map_load(dest);

	if (load && sl_state_active(from) != sl_state_active(to))
		__sync_fetch_and_add(&load->word, sl_state_load(to) - sl_state_load(from));
}

#endif
