/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A daemon that starts over maps that are there: it knows everything again and writes nothing; what a crash left is put right. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/sluiced/fixture.h"

#define CONFIG                                                                                           \
	"S+ " WEB " rr; D+ " WEB " 192.0.2.11 80 masq 1; D+ " WEB " 192.0.2.12 80 route 2; "             \
	"D+ " WEB " 192.0.2.13 80 tunnel 0; S+ udp 2001:db8::1 53 wlc; S+ tcp 192.0.2.5 443 wrr; "       \
	"D+ tcp 192.0.2.5 443 192.0.2.21 8443 masq 5; D+ tcp 192.0.2.5 443 2001:db8::21 443 tunnel 10; " \
	"D~ " WEB " 192.0.2.11 80 masq 3; timeouts 100 20 30"

/* Everything an operator can say. */
#define ALL                                                                                                                         \
	CONFIG "; S+ tcp 192.0.2.6 0 sh flags=sh-port,sh-fallback persist=300 mask=255.0.255.0 tcp=60 allow=10.0.0.0/8,192.0.2.7; " \
	       "D+ tcp 192.0.2.6 0 192.0.2.31 0 route 1 upper=100 lower=7; "                                                        \
	       "S+ tcp 2001:db8::6 21 mh flags=mh-port persist=60 mask=64 allow=::/0; "                                             \
	       "D+ tcp 2001:db8::6 21 2001:db8::31 21 masq 4; D+ tcp 2001:db8::6 21 2001:db8::32 21 masq 0 upper=5; "               \
	       "D+ tcp 2001:db8::6 21 192.0.2.33 21 tunnel 1 tun=gue:6080:remcsum; "                                                \
	       "S+ udp 192.0.2.6 5060 dh persist=90 pe=sip udp=7 allow=; D+ udp 192.0.2.6 5060 192.0.2.31 5060 masq 1; "            \
	       "S+ udp 192.0.2.7 5060 lblc ops; D+ udp 192.0.2.7 5060 192.0.2.31 5060 masq 1; "                                     \
	       "S+ mark 7 0 wrr persist=10 ops; D+ mark 7 0 192.0.2.31 0 masq 1; D+ mark 7 0 192.0.2.32 80 route 1; "               \
	       "S+ mark6 7 0 nq; M+ 7 192.0.2.0/24 - tcp 80 443; M+ 8 - 10.0.0.0/8 - 0 65535; M+ 9 - - udp 5 5 1; "                 \
	       "set expire_nodest_conn 1; set expire_nodest_udp 2; set sync_period 77; "                                            \
	       "D~ tcp 2001:db8::6 21 2001:db8::31 21 masq 0"

/* The same model, and not a write. */
static void assert_adopts(struct fixture *f, unsigned long writes)
{
	char *before = script_print(&f->model), *after;
	struct model_timeouts timeouts = f->model.timeouts;

	fixture_restart(f);
	after = script_print(&f->model);
	assert_string_equal(before, after);
	assert_memory_equal(&timeouts, &f->model.timeouts, sizeof(timeouts));
	assert_int_equal(f->plane->writes, writes);
	free(before);
	free(after);
}

static void writes_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_change(f, CONFIG), 0);
	assert_adopts(f, 0);
	assert_adopts(f, 0);
	assert_true(f->watched[fixture_dest(f, "192.0.2.11", 80)]);
}

static void all_of_it(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_change(f, ALL), 0);
	assert_adopts(f, 0);
	assert_int_equal(f->marks, 2);
	assert_int_equal(fixture_change(f, "S- udp 192.0.2.7 5060; D- mark 7 0 192.0.2.31 0; S- mark6 7 0; M- 2"), 0);
	assert_adopts(f, 0);
	assert_int_equal(f->marks, 1);
	assert_int_equal(fixture_change(f, "clear; M- all; " ALL "; S+ " WEB " rr"), -EEXIST);
	assert_adopts(f, 0);
	assert_int_equal(fixture_change(f, "clear; M- all; Y+ master eth0 5; Y+ backup eth1"), 0);
	assert_adopts(f, 0);
	assert_int_equal(fixture_change(f, "Y- master"), 0);
	assert_adopts(f, 0);
	assert_int_equal(f->marks, 0);
}

/* Whichever write the kernel refuses, nothing is changed; then the same succeeds. */
static void refused_at_every_step(void **state)
{
	struct fixture *f = *state;
	unsigned steps = 0;
	int err;

	assert_int_equal(
	    fixture_change(f, "S+ udp 192.0.2.9 53 rr ops; D+ udp 192.0.2.9 53 192.0.2.31 5060 masq 1; M+ 5 - - - 0 65535"), 0);
	do {
		char *before = script_print(&f->model), *after;

		plane_fake_fail(f->plane, steps++);
		err = fixture_change(f, "S~ udp 192.0.2.9 53 rr; M+ 6 10.0.0.0/8 - - 0 65535; " ALL);
		plane_fake_fail(f->plane, ~0U);
		after = script_print(&f->model);
		if (err)
			assert_string_equal(before, after);
		free(before);
		free(after);
		assert_adopts(f, 0);
	} while (err && steps < 200);
	assert_int_equal(err, 0);
	assert_in_range(steps, 12, 100);
}

static void empty_writes_nothing(void **state)
{
	assert_adopts(*state, 0);
}

static void goes_on_where_it_was(void **state)
{
	struct fixture *f = *state;
	struct sl_svc before, after;

	assert_int_equal(fixture_change(f, CONFIG), 0);
	assert_true(fixture_svc(f, &before));
	fixture_restart(f);
	assert_int_equal(fixture_change(f, "D+ " WEB " 192.0.2.14 80 masq 1; S+ tcp 192.0.2.6 80 rr"), 0);
	assert_true(fixture_svc(f, &after));
	assert_int_equal(after.id, before.id);
	assert_int_equal(after.gen, before.gen + 1);
	assert_int_equal(after.count, 4);
	assert_memory_equal(&f->plane->members[after.first + 1], &f->plane->members[before.first], 3 * sizeof(struct sl_member));
	assert_adopts(f, 0);
}

static void connections_of_removed_servers_stay(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	assert_int_equal(fixture_change(f, CONFIG), 0);
	id = fixture_dest(f, "192.0.2.12", 80);
	f->plane->loads[id].active = 3;
	assert_int_equal(fixture_change(f, "D- " WEB " 192.0.2.12 80"), 0);
	assert_adopts(f, 0);
	assert_int_equal(reconcile_lingering(f->rec), 1);
	assert_true(f->watched[id]);
	assert_int_equal(fixture_change(f, "D+ " WEB " 192.0.2.12 80 masq 1"), 0);
	assert_int_equal(fixture_dest(f, "192.0.2.12", 80), id);
}

/* The service is gone from the plane; its servers still say which one it was. */
static void connections_of_removed_services_stay(void **state)
{
	struct fixture *f = *state;
	struct sl_svc before, after;
	uint32_t id;

	assert_int_equal(fixture_change(f, CONFIG), 0);
	assert_true(fixture_svc(f, &before));
	id = fixture_dest(f, "192.0.2.12", 80);
	f->plane->loads[id].active = 3;
	assert_int_equal(fixture_change(f, "S- " WEB), 0);
	assert_adopts(f, 0);
	assert_int_equal(fixture_change(f, "S+ tcp 192.0.2.77 80 rr; S+ " WEB " rr; D+ " WEB " 192.0.2.12 80 route 1"), 0);
	assert_true(fixture_svc(f, &after));
	assert_int_equal(after.id, before.id);
	assert_int_equal(fixture_dest(f, "192.0.2.12", 80), id);
}

/* Killed after a server was written, before the service knew it. */
static void half_added_server_goes(void **state)
{
	struct fixture *f = *state;
	struct sl_dest entry;

	assert_int_equal(fixture_change(f, CONFIG), 0);
	entry = f->plane->dests[fixture_dest(f, "192.0.2.11", 80)];
	entry.port = 1;
	entry.hop = 1040;
	entry.order = 99;
	f->plane->dests[40] = entry;
	assert_adopts(f, 1);
	assert_int_equal(f->plane->dests[40].flags, SL_DEST_USED | SL_DEST_REMOVED);
	fixture_wait(f, 1);
	assert_int_equal(f->plane->dests[40].flags, 0);
	assert_adopts(f, 0);
}

static void nonsense_is_removed(void **state)
{
	struct fixture *f = *state;
	struct sl_svc_key key = script_svc_key("tcp", "192.0.2.66", 80);
	struct sl_svc svc = {.id = SL_MAX_SVCS, .sched = SL_SCHED_RR};
	char *before, *after;

	assert_int_equal(fixture_change(f, CONFIG), 0);
	before = script_print(&f->model);
	f->plane->ops->svc_set(f->plane, &key, &svc);
	key.port = 1;
	svc = (struct sl_svc){.id = 1, .sched = SL_SCHED_RR, .order = 1000}; /* an id that another has */
	f->plane->ops->svc_set(f->plane, &key, &svc);
	key.port = 2;
	svc = (struct sl_svc){.id = 9, .sched = 99};
	f->plane->ops->svc_set(f->plane, &key, &svc);
	key.port = 3;
	svc = (struct sl_svc){.id = 9, .sched = 1, .first = SL_MAX_MEMBERS - 1, .count = 2};
	f->plane->ops->svc_set(f->plane, &key, &svc);
	f->plane->dests[50] = (struct sl_dest){.flags = SL_DEST_USED, .svc = SL_MAX_SVCS + 5};
	f->plane->dests[51] = (struct sl_dest){.flags = SL_DEST_USED, .svc = 1}; /* of a service with another name */
	fixture_restart(f);
	after = script_print(&f->model);
	assert_string_equal(before, after);
	free(before);
	free(after);
	assert_int_equal(f->plane->dests[50].flags, 0);
	assert_int_equal(f->plane->dests[51].flags, 0);
	assert_adopts(f, 0);
}

/* Members that point to nothing, or twice to the same, are left out. */
static void torn_members_are_mended(void **state)
{
	struct fixture *f = *state;
	struct sl_svc svc;

	assert_int_equal(fixture_change(f, "S+ " WEB " rr; D+ " WEB " 192.0.2.11 80 masq 1; D+ " WEB " 192.0.2.12 80 masq 1"), 0);
	assert_true(fixture_svc(f, &svc));
	f->plane->members[svc.first] = f->plane->members[svc.first + 1];
	fixture_restart(f);
	assert_true(fixture_svc(f, &svc));
	assert_int_equal(svc.count, 1);
	f->plane->members[svc.first].dest = SL_MAX_DESTS + 7;
	fixture_restart(f);
	assert_true(fixture_svc(f, &svc));
	assert_int_equal(svc.count, 0);
	assert_adopts(f, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
	    T(writes_nothing),
	    T(empty_writes_nothing),
	    T(all_of_it),
	    T(refused_at_every_step),
	    T(goes_on_where_it_was),
	    T(connections_of_removed_servers_stay),
	    T(connections_of_removed_services_stay),
	    T(half_added_server_goes),
	    T(nonsense_is_removed),
	    T(torn_members_are_mended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
