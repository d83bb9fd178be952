/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The schedulers' tables in the plane: written aside, adopted, given back; and wrr's place over changes. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "sluiced/sched/table.h"
#include "tests/unit/sluiced/fixture.h"

#define SERVERS "D+ " WEB " 192.0.2.11 80 masq 4; D+ " WEB " 192.0.2.12 80 masq 1; D+ " WEB " 192.0.2.13 80 masq 0"

static const char *const names[] = {"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos"};

static struct sl_svc service(struct fixture *f)
{
	struct sl_svc svc;

	assert_true(fixture_svc(f, &svc));
	return svc;
}

static void a_restart_writes_nothing(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char script[300];
		struct sl_svc before, after;

		snprintf(script, sizeof(script), "S+ " WEB " %s; " SERVERS, names[i]);
		assert_int_equal(fixture_change(f, script), 0);
		before = service(f);
		f->plane->writes = 0;
		fixture_restart(f);
		after = service(f);
		assert_int_equal(f->plane->writes, 0);
		assert_memory_equal(&before, &after, sizeof(before));
		assert_int_equal(fixture_change(f, "S- " WEB), 0);
		fixture_wait(f, 5);
	}
}

/* The words at the place that the entry names. */
static const uint32_t *words(struct fixture *f)
{
	struct sl_svc svc = service(f);

	assert_true(svc.table_len);
	return &f->plane->tables[svc.table];
}

/* mh goes by the weight before: who is quiesced keeps his places, also over a restart; who is added quiesced has none. */
static void mh_remembers_the_weight(void **state)
{
	struct fixture *f = *state;
	uint32_t before[2047];

	assert_int_equal(fixture_change(f, "S+ " WEB " mh; " SERVERS), 0);
	assert_int_equal(sched_table_words(SL_SCHED_MH, service(f).table_len), 2047);
	memcpy(before, words(f), sizeof(before));
	assert_int_equal(fixture_change(f, "D~ " WEB " 192.0.2.11 80 masq 0"), 0);
	assert_memory_equal(words(f), before, sizeof(before));
	fixture_restart(f);
	assert_memory_equal(words(f), before, sizeof(before));
	assert_int_equal(fixture_change(f, "D~ " WEB " 192.0.2.12 80 masq 0"), 0);
	assert_memory_equal(words(f), before, sizeof(before));
	/* removed and added with 0 it is a new one */
	assert_int_equal(fixture_change(f, "D- " WEB " 192.0.2.11 80"), 0);
	assert_int_equal(fixture_change(f, "D+ " WEB " 192.0.2.11 80 masq 0"), 0);
	assert_memory_not_equal(words(f), before, sizeof(before));
	assert_int_equal(fixture_change(f, "D- " WEB " 192.0.2.12 80"), 0);
	assert_int_equal(service(f).table_len, 0);
}

/* No table but when it is needed: other changes leave it where it is. */
static void a_table_stays_while_it_is_right(void **state)
{
	struct fixture *f = *state;
	struct sl_svc before;

	assert_int_equal(fixture_change(f, "S+ " WEB " dh; " SERVERS), 0);
	before = service(f);
	assert_int_equal(fixture_change(f, "D~ " WEB " 192.0.2.11 80 masq 9"), 0);
	assert_int_equal(service(f).table, before.table);
	assert_int_not_equal(service(f).first, before.first);
	assert_int_equal(fixture_change(f, "D- " WEB " 192.0.2.11 80"), 0);
	assert_int_not_equal(service(f).table, before.table);
}

/* A service is changed for ever and others come and go: no word is lost. */
static void words_come_back(void **state)
{
	struct fixture *f = *state;

	for (unsigned round = 0; round < 6000; round++) {
		assert_int_equal(fixture_change(f, round % 2 ? "S- " WEB : "S+ " WEB " mh; " SERVERS), 0);
		f->now_ms += 1000;
		reconcile_tick(f->rec, f->now_ms);
	}
	assert_int_equal(fixture_change(f, "S+ " WEB " mh; " SERVERS), 0);
	assert_in_range(service(f).table, 0, 3 * 2047);
}

/* With the pool full a change is refused, and nothing is changed. */
static void no_room_refuses(void **state)
{
	struct fixture *f = *state;
	char script[200];
	struct sl_svc before, after;
	int err = 0;

	assert_int_equal(fixture_change(f, "S+ " WEB " mh; " SERVERS), 0);
	for (unsigned i = 0; !err; i++) {
		assert_in_range(i, 0, SL_MAX_TABLES / 2047);
		snprintf(script, sizeof(script), "S+ tcp 192.0.2.2 %u mh; D+ tcp 192.0.2.2 %u 192.0.2.11 80 masq 1", i + 1, i + 1);
		before = service(f);
		err = fixture_change(f, script);
	}
	assert_int_equal(err, -ENOSPC);
	assert_int_equal(fixture_change(f, "D~ " WEB " 192.0.2.11 80 masq 3"), -ENOSPC);
	after = service(f);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(fixture_change(f, "S- tcp 192.0.2.2 1"), 0);
	assert_int_equal(fixture_change(f, "D~ " WEB " 192.0.2.11 80 masq 3"), 0);
}

/* Where a new generation of wrr begins: bar and place, after each change and connections of the lanes (ip_vs_wrr.c). */
static void wrr_goes_on(void **state)
{
	struct fixture *f = *state;
	struct sl_svc svc;

	assert_int_equal(fixture_change(f, "S+ " WEB " wrr; D+ " WEB " 192.0.2.11 80 masq 6"), 0);
	assert_int_equal(service(f).bar, 1); /* 6 - (6 - 1) */
	assert_int_equal(fixture_change(f, "D+ " WEB " 192.0.2.12 80 masq 4"), 0);
	assert_int_equal(service(f).bar, 1);
	svc = service(f);
	f->plane->cursors[svc.id] = sl_cursor(svc.gen, 5, 1); /* the lanes have come to the round of 5 */
	assert_int_equal(fixture_change(f, "S~ " WEB " wrr"), 0);
	assert_int_equal(service(f).gen, svc.gen); /* nothing has changed */
	assert_int_equal(fixture_change(f, "D~ " WEB " 192.0.2.12 80 masq 4"), 0); /* nor here, but IPVS begins again */
	assert_int_equal(service(f).gen, svc.gen + 1);
	assert_int_equal(service(f).bar, 5);
	assert_int_equal(service(f).start, 0);
	/* Several at once count each: under 9 and 6 (divisor 3) 5 becomes 4; with 1 beside, 4 stays. */
	assert_int_equal(fixture_change(f, "D~ " WEB " 192.0.2.12 80 masq 9; D+ " WEB " 192.0.2.13 80 masq 1"), 0);
	assert_int_equal(service(f).bar, 4);
	/* One that is refused leaves it. */
	svc = service(f);
	assert_int_equal(fixture_change(f, "D~ " WEB " 192.0.2.12 80 masq 2; D- " WEB " 192.0.2.99 80"), -ENOENT);
	assert_int_equal(service(f).gen, svc.gen);
	assert_int_equal(fixture_change(f, "S~ " WEB " rr"), 0);
	assert_int_equal(fixture_change(f, "S~ " WEB " wrr"), 0);
	assert_int_equal(service(f).bar, 9); /* a scheduler begins at the top */
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(a_restart_writes_nothing),
	    WITH_FIXTURE(mh_remembers_the_weight),
	    WITH_FIXTURE(a_table_stays_while_it_is_right),
	    WITH_FIXTURE(words_come_back),
	    WITH_FIXTURE(no_room_refuses),
	    WITH_FIXTURE(wrr_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
