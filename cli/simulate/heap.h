/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_SIMULATE_HEAP_H
#define CLI_SIMULATE_HEAP_H
/* What is to come, the earliest first: a heap in which each has four below it, a cache line. */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

struct sim_due {
	uint64_t at;
	uint32_t who; /* client */
	uint16_t server;
	uint16_t proto;
};
_Static_assert(sizeof(struct sim_due) == 16, "four to a cache line");

struct sim_heap {
	struct sim_due *due;
	uint32_t count, room;
};

static inline int sim_heap_push(struct sim_heap *heap, struct sim_due due)
{
	uint32_t at = heap->count;

	if (at == heap->room) {
		uint32_t room = heap->room ? 2 * heap->room : 4096;
		struct sim_due *grown = reallocarray(heap->due, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		heap->due = grown;
		heap->room = room;
	}
	heap->count++;
	for (; at && heap->due[(at - 1) / 4].at > due.at; at = (at - 1) / 4)
		heap->due[at] = heap->due[(at - 1) / 4];
	heap->due[at] = due;
	return 0;
}

/* The earliest; there must be one. */
static inline struct sim_due sim_heap_pop(struct sim_heap *heap)
{
	struct sim_due first = heap->due[0], last = heap->due[--heap->count];
	uint32_t at = 0, least;

	while ((least = 4 * at + 1) < heap->count) {
		uint32_t end = least + 4 < heap->count ? least + 4 : heap->count;

		for (uint32_t child = least + 1; child < end; child++)
			if (heap->due[child].at < heap->due[least].at)
				least = child;
		if (heap->due[least].at >= last.at)
			break;
		heap->due[at] = heap->due[least];
		at = least;
	}
	heap->due[at] = last;
	return first;
}

#endif
