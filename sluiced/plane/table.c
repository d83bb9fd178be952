/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "sluiced/plane/plane.h"

#define SCAN_LIMIT (1U << 20) /* slots looked at in one call: a few milliseconds */

/* The clock of the lanes; the broom tells it with no bucket to sweep. */
static uint32_t tick_now(struct plane *plane)
{
	struct sl_broom broom = {0};

	return plane->ops->sweep(plane, &broom) ? 0 : broom.tick;
}

static uint64_t load_word(const struct plane *plane, uint32_t slot)
{
	return __atomic_load_n(&plane->tags[slot], __ATOMIC_ACQUIRE);
}

/* A copy by whole words: what the lanes write beside us (client_hop) is torn nowhere. */
static void copy_conn(struct sl_conn *to, const struct sl_conn *from)
{
	uint64_t words[sizeof(*to) / 8];
	unsigned i;

	for (i = 0; i < sizeof(words) / 8; i++)
		words[i] = __atomic_load_n((const uint64_t *)from + i, __ATOMIC_RELAXED);
	memcpy(to, words, sizeof(words));
}

/* The connection in this slot, if one life of it is there before and after the copy (word.h). */
static bool read_slot(const struct plane *plane, uint32_t slot, struct sl_conn *ret_conn, uint64_t *ret_word)
{
	uint64_t before = load_word(plane, slot), after;
	struct sl_conn conn;

	if (!sl_state_live(sl_word_state(before)))
		return false;
	copy_conn(&conn, &plane->conns[slot]);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	after = load_word(plane, slot);
	if ((before ^ after) & SL_W_SAME || !sl_state_live(sl_word_state(after)))
		return false;
	*ret_conn = conn;
	*ret_word = after;
	return true;
}

/* The timeout that a connection has in its state: its service's own, or the global one. */
static uint32_t timeout_of(const struct plane *plane, const struct sl_conn *conn, uint64_t word)
{
	uint32_t state = sl_word_state(word), own = 0;

	if (word & SL_W_OWN && conn->svc < SL_MAX_SVCS)
		own = plane->owns[conn->svc].timeout[state];
	return own ? own : plane->settings->timeout[state];
}

static uint32_t to_seconds(const struct sl_settings *s, uint32_t ticks)
{
	return s->hz ? ((uint64_t)ticks << s->tick_shift) / s->hz : 0;
}

static struct plane_conn describe(const struct plane *plane, uint32_t slot, const struct sl_conn *conn, uint64_t word, uint32_t now)
{
	uint32_t age = sl_conn_age(word, conn->seen, now), timeout = timeout_of(plane, conn, word);
	struct plane_conn c = {
	    .slot = slot,
	    .state = sl_word_state(word),
	    .expires_s = to_seconds(plane->settings, timeout > age ? timeout - age : 0),
	    .idle_s = to_seconds(plane->settings, age),
	    .conn = *conn,
	};

	if (conn->dest < SL_MAX_DESTS)
		c.daddr = plane->dests[conn->dest].addr;
	return c;
}

uint32_t plane_conns(struct plane *plane, uint32_t from, struct plane_conn *ret_conns, uint32_t max, uint32_t *ret_next)
{
	uint32_t end = plane->slots, now = tick_now(plane), slot, n = 0;
	struct sl_conn conn;
	uint64_t word;

	if (from < end && end - from > SCAN_LIMIT)
		end = from + SCAN_LIMIT;
	for (slot = from; slot < end && n < max; slot++)
		if (read_slot(plane, slot, &conn, &word))
			ret_conns[n++] = describe(plane, slot, &conn, word, now);
	*ret_next = slot < plane->slots ? slot : plane->slots;
	return n;
}
