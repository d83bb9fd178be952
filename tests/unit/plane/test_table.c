/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listing connections: a table made by hand, and one that changes under the reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "sluiced/plane/plane.h"

#define SLOTS 1024
#define NOW 1000

static struct plane *plane;
static struct plane_ops ops;

static int sweep(struct plane *p, struct sl_broom *broom)
{
	broom->tick = NOW;
	return 0;
}

static int setup(void **state)
{
	plane = plane_fake_new(SLOTS);
	assert_non_null(plane);
	ops = *plane->ops;
	ops.sweep = sweep;
	plane->ops = &ops;
	return 0;
}

static int teardown(void **state)
{
	plane_fake_free(plane);
	return 0;
}

static void put(uint32_t slot, uint32_t state, uint32_t gen, uint32_t tick, uint32_t dest)
{
	((struct sl_conn *)plane->conns)[slot] = (struct sl_conn){.cport = slot, .dest = dest, .svc = 1, .seen = tick};
	((uint64_t *)plane->tags)[slot] = sl_word(0x1234, state, gen, tick);
}

static uint32_t list_all(struct plane_conn *conns, uint32_t max)
{
	uint32_t next;

	return plane_conns(plane, 0, conns, max, &next);
}

static void live_slots_only(void **state)
{
	struct plane_conn conns[8];

	plane->dests[7].addr.b[15] = 77;
	put(3, SL_ST_ESTABLISHED, 1, NOW, 7);
	put(4, SL_ST_FREE, 1, NOW, 7);
	put(5, SL_ST_BUSY, 1, NOW, 7);
	put(SLOTS - 1, SL_ST_UDP, 1, NOW, 7);
	assert_int_equal(list_all(conns, 8), 2);
	assert_true(conns[0].slot == 3 && conns[0].state == SL_ST_ESTABLISHED && conns[0].conn.cport == 3);
	assert_int_equal(conns[0].daddr.b[15], 77);
	assert_true(conns[1].slot == SLOTS - 1 && conns[1].state == SL_ST_UDP);
}

/* The fake's clock: 250 jiffies a second, 64 jiffies a tick. */
static void expiry_in_seconds(void **state)
{
	struct plane_conn conns[8];

	put(0, SL_ST_ESTABLISHED, 1, NOW, 1);
	put(1, SL_ST_ESTABLISHED, 1, NOW - 391, 1); /* 100 s ago */
	put(2, SL_ST_CLOSE, 1, NOW - 900, 1); /* long due */
	put(3, SL_ST_UDP, 1, NOW + 1, 1); /* seen after the clock was read */
	put(4, SL_ST_UDP, 1, (NOW - 4) & SL_W_TICK_MASK, 1);
	put(5, SL_ST_UDP, 1, NOW - 900, 1); /* the broom has not brought its last packet into the word yet */
	((struct sl_conn *)plane->conns)[5].seen = NOW - 4;
	assert_int_equal(list_all(conns, 8), 6);
	assert_int_equal(conns[5].expires_s, 299);
	assert_int_equal(conns[0].expires_s, 900);
	assert_int_equal(conns[1].expires_s, 800);
	assert_int_equal(conns[2].expires_s, 0);
	assert_int_equal(conns[3].expires_s, 300);
	assert_int_equal(conns[4].expires_s, 299);
}

static void pages_join_without_gap(void **state)
{
	struct plane_conn conns[10];
	uint32_t slot, next = 0, from, n, total = 0, pages = 0;

	for (slot = 0; slot < SLOTS; slot += 3)
		put(slot, SL_ST_ESTABLISHED, 1, NOW, 1);
	do {
		from = next;
		n = plane_conns(plane, from, conns, 10, &next);
		for (slot = 0; slot < n; slot++)
			assert_int_equal(conns[slot].slot, 3 * (total + slot));
		total += n;
		assert_true(next > from && ++pages < SLOTS);
	} while (next < plane->slots);
	assert_int_equal(total, (SLOTS + 2) / 3);
}

static void beyond_the_end(void **state)
{
	struct plane_conn conns[1];
	uint32_t next = 0;

	assert_int_equal(plane_conns(plane, SLOTS, conns, 1, &next), 0);
	assert_int_equal(next, SLOTS);
	assert_int_equal(plane_conns(plane, ~0U, conns, 1, &next), 0);
	assert_int_equal(next, SLOTS);
	assert_int_equal(plane_conns(plane, 0, conns, 0, &next), 0);
	assert_int_equal(next, 0);
}

/* A dest that can't be is no address, and no access outside the memory. */
static void dest_out_of_range(void **state)
{
	static const struct sl_addr none;
	struct plane_conn conns[1];

	put(0, SL_ST_ESTABLISHED, 1, NOW, 0xffffffff);
	assert_int_equal(list_all(conns, 1), 1);
	assert_memory_equal(&conns[0].daddr, &none, sizeof(none));
}

static volatile bool stop;

/* As a lane does: claim, write, publish, free; every life has all its fields alike, so that a mixture can be told. */
static void *lane(void *arg)
{
	uint64_t *word = (uint64_t *)plane->tags;
	struct sl_conn *conn = (struct sl_conn *)plane->conns;
	uint32_t gen;

	for (gen = 1; !stop; gen = gen % 0xffff + 1) {
		__atomic_exchange_n(word, sl_word(1, SL_ST_BUSY, gen, NOW), __ATOMIC_SEQ_CST);
		__atomic_store_n(&conn->template, gen, __ATOMIC_RELAXED);
		__atomic_store_n(&conn->dest, gen, __ATOMIC_RELAXED);
		__atomic_store_n(&conn->svc, gen, __ATOMIC_RELAXED);
		__atomic_store_n(&conn->client_if, gen, __ATOMIC_RELAXED);
		__atomic_exchange_n(word, sl_word(1, SL_ST_ESTABLISHED, gen, NOW), __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void no_mixture_of_two_lives(void **state)
{
	struct plane_conn c;
	pthread_t thread;
	uint32_t i, next, seen = 0;

	stop = false;
	assert_int_equal(pthread_create(&thread, NULL, lane, NULL), 0);
	for (i = 0; i < 200000 || (!seen && i < 50000000); i++) {
		plane->slots = 1;
		if (!plane_conns(plane, 0, &c, 1, &next))
			continue;
		seen++;
		if (c.conn.template != c.conn.dest || c.conn.dest != c.conn.svc || c.conn.svc != c.conn.client_if)
			break;
	}
	stop = true;
	pthread_join(thread, NULL);
	plane->slots = SLOTS;
	assert_true(seen > 0);
	assert_true(c.conn.template == c.conn.dest && c.conn.dest == c.conn.svc && c.conn.svc == c.conn.client_if);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(live_slots_only),
	    TEST(expiry_in_seconds),
	    TEST(pages_join_without_gap),
	    TEST(beyond_the_end),
	    TEST(dest_out_of_range),
	    TEST(no_mixture_of_two_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
