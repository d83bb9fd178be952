/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lblc and lblcr remember is forgotten as ip_vs_lblc.c's timer does it. The lanes' clock stands at 0: entries are old from the start.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/sluiced/fixture.h"

static uint32_t entered; /* addresses so far */

static uint32_t ticks(const struct fixture *f, uint32_t seconds)
{
	const struct sl_settings *set = f->plane->settings;

	return ((uint64_t)seconds * set->hz >> set->tick_shift) + 1;
}

/* `count` entries of the service that were used so many seconds ago, counted as the lanes do. */
static void enter(struct fixture *f, uint32_t count, uint32_t age_s)
{
	struct sl_svc svc;

	assert_true(fixture_svc(f, &svc));
	for (uint32_t i = 0; i < count; i++) {
		struct sl_cache_key key = {.daddr = {.w = {0, 0, 0, ++entered}}, .svc = svc.id, .bound = svc.bound};
		struct sl_cache cache = {.used = -ticks(f, age_s) & SL_W_TICK_MASK, .count = 1};

		assert_int_equal(plane_fake_cache(f->plane, &key, &cache), 0);
	}
	f->plane->cursors[svc.id] += count;
}

static uint32_t entries(const struct fixture *f)
{
	struct sl_cache_key key, *prev = NULL;
	struct sl_cache cache;
	uint32_t n = 0;

	for (; !f->plane->ops->cache_next(f->plane, prev, &key, &cache); n++)
		prev = &key;
	return n;
}

static uint64_t counted(const struct fixture *f)
{
	struct sl_svc svc;

	assert_true(fixture_svc(f, &svc));
	return f->plane->cursors[svc.id];
}

static void set_up(struct fixture *f, const char *script)
{
	fixture_wait(f, 30);
	assert_int_equal(fixture_change(f, script), 0);
	f->plane->settings->sysctl[SL_SYS_LBLC_EXPIRATION] = 86400;
	f->plane->settings->sysctl[SL_SYS_LBLCR_EXPIRATION] = 1000;
}

#define LBLC "S+ " WEB " lblc; D+ " WEB " 192.0.2.11 80 masq 1"
#define LBLCR "S+ " WEB " lblcr; D+ " WEB " 192.0.2.11 80 masq 1"

/* Up to 16384 nothing goes before its time. */
static void few_are_kept(void **state)
{
	struct fixture *f = *state;

	set_up(f, LBLC);
	enter(f, 100, 3600);
	fixture_wait(f, 29 * 60);
	assert_int_equal(entries(f), 100);
	assert_int_equal(counted(f), 100);
}

static void every_half_hour_the_expired_go(void **state)
{
	struct fixture *f = *state;

	set_up(f, LBLCR);
	enter(f, 10, 999);
	enter(f, 7, 1001);
	fixture_wait(f, 28 * 60);
	assert_int_equal(entries(f), 17);
	fixture_wait(f, 3 * 60);
	assert_int_equal(entries(f), 10);
	assert_int_equal(counted(f), 10);
}

/* 300 too many: 400 of those go that nobody has used for six minutes. */
static void too_many_lose_the_unused(void **state)
{
	struct fixture *f = *state;

	set_up(f, LBLC);
	enter(f, 16000, 60);
	enter(f, 684, 400);
	fixture_wait(f, 65);
	assert_int_equal(entries(f), 16284);
	assert_int_equal(counted(f), 16284);
	fixture_wait(f, 300);
	assert_int_equal(entries(f), 16284);
}

static void what_is_used_is_kept(void **state)
{
	struct fixture *f = *state;

	set_up(f, LBLC);
	enter(f, 17000, 300);
	fixture_wait(f, 120);
	assert_int_equal(entries(f), 17000);
}

/* Another scheduler, or the service gone: nobody finds the entries, and they go. */
static void a_new_binding_begins_with_nothing(void **state)
{
	struct fixture *f = *state;
	struct sl_svc svc, again;

	set_up(f, LBLC);
	enter(f, 50, 0);
	assert_true(fixture_svc(f, &svc));
	assert_int_equal(fixture_change(f, "S~ " WEB " rr"), 0);
	assert_int_equal(fixture_change(f, "S~ " WEB " lblc"), 0);
	assert_true(fixture_svc(f, &again));
	assert_int_not_equal(svc.bound, again.bound);
	assert_int_equal(counted(f), 0);
	enter(f, 5, 0);
	fixture_wait(f, 65);
	assert_int_equal(entries(f), 5);
	assert_int_equal(counted(f), 5);
	assert_int_equal(fixture_change(f, "S- " WEB), 0);
	fixture_wait(f, 65);
	assert_int_equal(entries(f), 0);
}

/* A change of servers is none of the scheduler: what is remembered stays. */
static void a_change_of_servers_keeps_them(void **state)
{
	struct fixture *f = *state;

	set_up(f, LBLC);
	enter(f, 50, 0);
	assert_int_equal(fixture_change(f, "D+ " WEB " 192.0.2.12 80 masq 1"), 0);
	fixture_restart(f);
	fixture_wait(f, 65);
	assert_int_equal(entries(f), 50);
	assert_int_equal(counted(f), 50);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(few_are_kept),
	    WITH_FIXTURE(every_half_hour_the_expired_go),
	    WITH_FIXTURE(too_many_lose_the_unused),
	    WITH_FIXTURE(what_is_used_is_kept),
	    WITH_FIXTURE(a_new_binding_begins_with_nothing),
	    WITH_FIXTURE(a_change_of_servers_keeps_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
