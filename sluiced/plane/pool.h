/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_POOL_H
#define SLUICED_POOL_H
/*
 * DOC: numbers that are handed out and come back: ids, and runs of the member pool
 *
 * The lowest free ones are handed out. What comes back may still be in the hands of a program that is running, so it rests for
 * a second at least (a program runs for microseconds). Two sets of released numbers take turns, so nothing has to be
 * allocated to give something back.
 */

#include <stdbool.h>
#include <stdint.h>

struct pool {
	uint32_t size;
	uint32_t low; /* no number below is free */
	uint64_t *used; /* bit set: handed out or at rest */
	uint64_t *resting[2]; /* released: since the last turn, and before it */
	uint64_t turned_ms;
};

#define POOL_REST_MS 1000

int pool_init(struct pool *pool, uint32_t size);
void pool_fini(struct pool *pool);

/* The lowest free run of `count` numbers; -ENOSPC. */
int pool_take(struct pool *pool, uint32_t count, uint32_t *ret_first);

/* Mark what is known to be in use; false, and nothing marked, if it is outside or taken already. */
bool pool_claim(struct pool *pool, uint32_t first, uint32_t count);

/* Give back what was never visible to a program: free at once. */
void pool_return(struct pool *pool, uint32_t first, uint32_t count);

/* Give back: free after its rest. */
void pool_release(struct pool *pool, uint32_t first, uint32_t count);

/* Call about once a second with a monotonic clock. */
void pool_tick(struct pool *pool, uint64_t now_ms);

/* No program that saw what was released so far is still running: end every rest. */
void pool_settle(struct pool *pool);

#endif
