/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/plane/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t words(const struct pool *pool)
{
	return (pool->size + 63) / 64;
}

int pool_init(struct pool *pool, uint32_t size)
{
	uint64_t *bits = calloc(3 * ((size + 63) / 64), sizeof(*bits));

	if (!bits)
		return -ENOMEM;
	*pool = (struct pool){.size = size, .used = bits};
	pool->resting[0] = bits + words(pool);
	pool->resting[1] = bits + 2 * words(pool);
	return 0;
}

void pool_fini(struct pool *pool)
{
	free(pool->used);
	*pool = (struct pool){0};
}

static bool get(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

static void mark(uint64_t *bits, uint32_t first, uint32_t count, bool on)
{
	for (uint32_t i = first; i < first + count; i++) {
		if (on)
			bits[i / 64] |= 1ULL << i % 64;
		else
			bits[i / 64] &= ~(1ULL << i % 64);
	}
}

/* The first number from `i` on whose bit is `on`; pool->size if there is none. */
static uint32_t seek(const struct pool *pool, uint32_t i, bool on)
{
	while (i < pool->size) {
		uint64_t word = (on ? pool->used[i / 64] : ~pool->used[i / 64]) >> i % 64;

		if (word) {
			i += __builtin_ctzll(word);
			return i < pool->size ? i : pool->size;
		}
		i = (i / 64 + 1) * 64;
	}
	return pool->size;
}

/* Where the free run that begins at `first` ends, looked at as far as `count` numbers. */
static uint32_t seek_run(const struct pool *pool, uint32_t first, uint32_t count)
{
	uint32_t end = first;

	while (end < pool->size && end - first < count) {
		if (end % 64 == 0 && !pool->used[end / 64])
			end += 64;
		else if (!get(pool->used, end))
			end++;
		else
			break;
	}
	return end < pool->size ? end : pool->size;
}

int pool_take(struct pool *pool, uint32_t count, uint32_t *ret_first)
{
	pool->low = seek(pool, pool->low, false);
	for (uint32_t first = pool->low, end; first < pool->size; first = seek(pool, end, false)) {
		end = seek_run(pool, first, count);
		if (end - first >= count) {
			mark(pool->used, first, count, true);
			*ret_first = first;
			return 0;
		}
	}
	return -ENOSPC;
}

bool pool_claim(struct pool *pool, uint32_t first, uint32_t count)
{
	if (first > pool->size || count > pool->size - first)
		return false;
	for (uint32_t i = first; i < first + count; i++) {
		if (get(pool->used, i))
			return false;
	}
	mark(pool->used, first, count, true);
	return true;
}

void pool_return(struct pool *pool, uint32_t first, uint32_t count)
{
	mark(pool->used, first, count, false);
	if (first < pool->low)
		pool->low = first;
}

void pool_release(struct pool *pool, uint32_t first, uint32_t count)
{
	mark(pool->resting[0], first, count, true);
}

/* What rested since before the last turn is free; what was released since then rests for another turn. */
static void turn(struct pool *pool)
{
	uint64_t *rested = pool->resting[1];

	for (uint32_t i = words(pool); i--;) {
		if (rested[i] && pool->low > i * 64)
			pool->low = i * 64;
		pool->used[i] &= ~rested[i];
	}
	memset(rested, 0, words(pool) * sizeof(*rested));
	pool->resting[1] = pool->resting[0];
	pool->resting[0] = rested;
}

void pool_tick(struct pool *pool, uint64_t now_ms)
{
	if (now_ms - pool->turned_ms < POOL_REST_MS)
		return;
	pool->turned_ms = now_ms;
	turn(pool);
}

void pool_settle(struct pool *pool)
{
	turn(pool);
	turn(pool);
}
