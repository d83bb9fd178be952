/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_BPF_TRAIL_H
#define SLUICE_BPF_TRAIL_H
/* Tells who records of a connection's beginning and end (sluice/trail.h). Off, it is one look at the settings, where a connection's state
 * changes. */

#include "bpf/slot.h"

SL_INLINE int trail_on(void)
{
	const struct sl_settings *set = map_settings();

	return set && unlikely(set->flags & SL_SET_RECORD);
}

SL_INLINE struct sl_trail *trail_event(enum sl_trail_what what, __u32 slot, __u64 word)
{
	struct sl_trail *event = map_trail_reserve();

	if (!event) {
		map_count(SL_MAX_REASONS + SL_EV_TRAIL_LOST);
		return 0;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->ns = bpf_ktime_get_ns();
	event->slot = slot;
	event->gen = sl_word_gen(word);
	event->what = what;
	return event;
}

/* The connection that the packet has just begun, of this service. */
APART int trail_begin(const struct pkt *p, __u32 svc)
{
	struct sl_trail *event;

	if (!p)
		return 0;
	event = trail_event(SL_TRAIL_BEGIN, p->slot, p->word);
	if (!event)
		return 0;
	event->proto = p->proto;
	event->caddr = p->src;
	event->vaddr = p->dst;
	event->cport = p->sport;
	event->vport = p->dport;
	event->dport = p->dest_port;
	event->svc = svc;
	event->dest = p->dest;
	map_trail_submit(event);
	return 0;
}

/* The connection that `word` described has ended; its last packet came `age` ticks ago. */
APART int trail_end(__u32 slot, __u64 word, __u32 age)
{
	struct sl_trail *event = trail_event(SL_TRAIL_END, slot, word);

	if (!event)
		return 0;
	event->age = age;
	map_trail_submit(event);
	return 0;
}

/* A connection goes from one state to another. */
SL_INLINE void trail_move(__u32 slot, __u64 word, __u32 state)
{
	if (sl_state_active(sl_word_state(word)) && !sl_state_active(state) && trail_on())
		trail_end(slot, word, 0);
}

/* A connection's entry goes. */
SL_INLINE void trail_free(__u32 slot, __u64 word)
{
	const struct sl_conn *c;

	if (!sl_state_conn(sl_word_state(word)) || !trail_on())
		return;
	c = map_conn(slot);
	if (c)
		trail_end(slot, word, sl_conn_age(word, READ_ONCE(c->seen), table_now()));
}

#endif
