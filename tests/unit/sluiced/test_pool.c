/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers handed out and given back, against a plain table of when each may be had again; and the broom's pace. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "sluiced/broom.h"
#include "sluiced/plane/pool.h"

#define SIZE 300 /* no multiple of 64 */

static void lowest_first(void **state)
{
	struct pool pool;
	uint32_t first;

	assert_int_equal(pool_init(&pool, SIZE), 0);
	assert_true(pool_claim(&pool, 3, 2));
	assert_int_equal(pool_take(&pool, 1, &first), 0);
	assert_int_equal(first, 0);
	assert_int_equal(pool_take(&pool, 3, &first), 0);
	assert_int_equal(first, 5);
	assert_int_equal(pool_take(&pool, 2, &first), 0);
	assert_int_equal(first, 1);
	assert_int_equal(pool_take(&pool, SIZE - 8, &first), 0);
	assert_int_equal(first, 8);
	assert_int_equal(pool_take(&pool, 1, &first), -ENOSPC);
	pool_fini(&pool);
}

static void claims(void **state)
{
	static const struct {
		uint32_t first, count;
		bool taken;
	} rows[] = {{10, 5, true}, {14, 1, false}, {5, 6, false}, {0, 0, true}, {15, 0, true}, {SIZE, 0, true}, {SIZE - 1, 2, false},
	    {SIZE + 1, 0, false}, {5, UINT32_MAX, false}, {UINT32_MAX, 2, false}, {SIZE - 1, 1, true}, {15, 1, true}};
	struct pool pool;

	assert_int_equal(pool_init(&pool, SIZE), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(pool_claim(&pool, rows[i].first, rows[i].count), rows[i].taken);
	pool_fini(&pool);
}

static void settled_is_free(void **state)
{
	struct pool pool;
	uint32_t first;

	assert_int_equal(pool_init(&pool, SIZE), 0);
	assert_int_equal(pool_take(&pool, SIZE, &first), 0);
	pool_release(&pool, 0, SIZE);
	assert_int_equal(pool_take(&pool, 1, &first), -ENOSPC);
	pool_settle(&pool);
	assert_int_equal(pool_take(&pool, SIZE, &first), 0);
	pool_fini(&pool);
}

/* Nothing is handed out twice, nor before its rest; everything is free after two turns. */
static void rests_at_random(void **state)
{
	static uint64_t free_at[SIZE]; /* UINT64_MAX: handed out */
	uint64_t now = 5000;
	struct pool pool;

	srand(3);
	assert_int_equal(pool_init(&pool, SIZE), 0);
	for (int step = 0; step < 20000; step++) {
		uint32_t first, count = 1 + rand() % 9;

		if (rand() % 2 && pool_take(&pool, count, &first) == 0) {
			for (uint32_t i = first; i < first + count; i++) {
				assert_true(free_at[i] <= now);
				free_at[i] = UINT64_MAX;
			}
		} else {
			first = rand() % SIZE;
			if (free_at[first] == UINT64_MAX) {
				pool_release(&pool, first, 1);
				free_at[first] = now + POOL_REST_MS;
			}
		}
		now += rand() % 100;
		pool_tick(&pool, now);
	}
	for (uint32_t i = 0; i < SIZE; i++) {
		if (free_at[i] == UINT64_MAX)
			pool_release(&pool, i, 1);
	}
	for (int i = 0; i < 3; i++)
		pool_tick(&pool, now += POOL_REST_MS);
	assert_true(pool_claim(&pool, 0, SIZE));
	pool_fini(&pool);
}

/* ---- the broom ---- */

static void a_round_takes_a_second(void **state)
{
	struct plane *plane = plane_fake_new(1 << 20);
	struct broom broom;
	unsigned ticks = 0;

	broom_init(&broom, plane);
	assert_int_equal(broom_tick(&broom), 0);
	while (broom.next) {
		assert_int_equal(broom_tick(&broom), 0);
		ticks++;
		assert_true(ticks < 60);
	}
	assert_true(ticks >= 45);
	plane_fake_free(plane);
}

static void slow_slices_become_smaller(void **state)
{
	struct broom broom = {.buckets = 8 << 20, .slice = 100000};

	assert_int_equal(broom_pace(&broom, 100000, 4000000), 50000); /* 4 ms: half of it */
	assert_int_equal(broom_pace(&broom, 100000, 2000000), 100000);
	assert_int_equal(broom_pace(&broom, 100000, 1000), (8 << 20) / 50 + 1); /* quick: as a round in a second needs */
	broom.slice = 1000;
	assert_int_equal(broom_pace(&broom, 1000, 1000), 2000); /* twice at most */
	assert_int_equal(broom_pace(&broom, 1000, 0), 2000);
	assert_int_equal(broom_pace(&broom, 1000, UINT64_MAX / 2), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lowest_first),
	    cmocka_unit_test(claims),
	    cmocka_unit_test(settled_is_free),
	    cmocka_unit_test(rests_at_random),
	    cmocka_unit_test(a_round_takes_a_second),
	    cmocka_unit_test(slow_slices_become_smaller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
