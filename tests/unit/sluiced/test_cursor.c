/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A round robin's place over changes, against IPVS's own way of keeping it: a pointer into the list (ip_vs_rr.c). The same
 * servers are added, removed and quiesced in both, at random, and picks in between must be the same.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/sluiced/fixture.h"

#define PORTS 12 /* servers that may be there: 192.0.2.11, one a port */
#define STEPS 4000

/* IPVS's list: newest first, and the pointer to the last used entry; 0 is the list's head. */
struct reference {
	unsigned list[PORTS + 1]; /* ports */
	int weight[PORTS + 1]; /* by port */
	unsigned count;
	unsigned last; /* port, or 0 */
};

static unsigned place(const struct reference *r, unsigned port)
{
	for (unsigned i = 0; i < r->count; i++) {
		if (r->list[i] == port)
			return i;
	}
	return r->count;
}

static void reference_add(struct reference *r, unsigned port, int weight)
{
	memmove(r->list + 1, r->list, r->count * sizeof(r->list[0]));
	r->list[0] = port;
	r->weight[port] = weight;
	r->count++;
}

static void reference_delete(struct reference *r, unsigned port)
{
	unsigned i = place(r, port);

	if (r->last == port)
		r->last = i ? r->list[i - 1] : 0;
	memmove(r->list + i, r->list + i + 1, (r->count - i - 1) * sizeof(r->list[0]));
	r->count--;
}

/* The next one with a weight after the last used, going round; 0 if there is none. */
static unsigned reference_pick(struct reference *r)
{
	unsigned start = r->last ? place(r, r->last) + 1 : 0;

	for (unsigned i = 0; i < r->count; i++) {
		unsigned port = r->list[(start + i) % r->count];

		if (r->weight[port] > 0) {
			r->last = port;
			return port;
		}
	}
	return 0;
}

/* What a lane does (word.h): the cursor counts only in its own generation, and stands behind the last used member. */
static unsigned lane_pick(struct fixture *f)
{
	struct sl_svc svc;
	uint64_t cursor;
	uint32_t at;

	assert_true(fixture_svc(f, &svc));
	cursor = f->plane->cursors[svc.id];
	at = sl_cursor_gen(cursor) == (svc.gen & 0xffff) ? sl_cursor_index(cursor) : svc.start;
	for (uint32_t i = 0; i < svc.count; i++) {
		const struct sl_member *m;

		at = at >= svc.count ? 0 : at;
		m = &f->plane->members[svc.first + at++];
		if (m->weight > 0) {
			f->plane->cursors[svc.id] = sl_cursor(svc.gen, 0, at);
			return __builtin_bswap16(f->plane->dests[m->dest].port);
		}
	}
	return 0;
}

static void change(struct fixture *f, const char *op, unsigned port, int weight)
{
	char script[80];

	snprintf(script, sizeof(script), "%s " WEB " 192.0.2.11 %u masq %d", op, port, weight);
	assert_int_equal(fixture_change(f, script), 0);
}

static void random_step(struct fixture *f, struct reference *r)
{
	unsigned port = 1 + rand() % PORTS;
	int weight = rand() % 4;

	if (place(r, port) == r->count) {
		reference_add(r, port, weight);
		change(f, "D+", port, weight);
	} else if (rand() % 2) {
		reference_delete(r, port);
		change(f, "D-", port, 0);
	} else {
		r->weight[port] = weight;
		change(f, "D~", port, weight);
	}
}

static void rr_keeps_its_place_as_ipvs(void **state)
{
	struct fixture *f = *state;
	struct reference r = {.count = 0};

	srand(20261121);
	assert_int_equal(fixture_change(f, "S+ " WEB " rr"), 0);
	for (int step = 0; step < STEPS; step++) {
		random_step(f, &r);
		for (int picks = rand() % 5; picks; picks--)
			assert_int_equal(lane_pick(f), reference_pick(&r));
		if (step % 7 == 0)
			fixture_wait(f, 1);
		if (step % 401 == 0)
			fixture_restart(f);
	}
}

/* Several changes in one transaction are as one after the other. */
static void rr_over_one_large_change(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_change(f, "S+ " WEB " rr"), 0);
	for (unsigned port = 1; port <= 5; port++) /* list: 5 4 3 2 1 */
		change(f, "D+", port, 1);
	assert_int_equal(lane_pick(f), 5);
	assert_int_equal(lane_pick(f), 4);
	assert_int_equal(lane_pick(f), 3);
	/* The last used one goes, and so does its predecessor: the place is behind 5. */
	assert_int_equal(fixture_change(f, "D- " WEB " 192.0.2.11 3; D- " WEB " 192.0.2.11 4; D+ " WEB " 192.0.2.11 6 masq 1"), 0);
	assert_int_equal(lane_pick(f), 2);
	/* Removed and added again, the last used one is another entry, at the front. */
	assert_int_equal(fixture_change(f, "D- " WEB " 192.0.2.11 2; D+ " WEB " 192.0.2.11 2 masq 1"), 0);
	assert_int_equal(lane_pick(f), 1);
	assert_int_equal(lane_pick(f), 2);
	assert_int_equal(lane_pick(f), 6);
}

static void a_new_scheduler_begins_afresh(void **state)
{
	struct fixture *f = *state;
	struct sl_svc svc;

	assert_int_equal(fixture_change(f, "S+ " WEB " rr"), 0);
	change(f, "D+", 1, 1);
	change(f, "D+", 2, 1);
	assert_int_equal(lane_pick(f), 2);
	assert_int_equal(fixture_change(f, "S~ " WEB " wrr"), 0);
	assert_true(fixture_svc(f, &svc));
	assert_int_equal(svc.start, 0);
	assert_int_equal(f->plane->cursors[svc.id], 0);
	assert_int_equal(fixture_change(f, "S~ " WEB " rr"), 0);
	assert_int_equal(lane_pick(f), 2);
}

/* wrr: at the head of the list after every change; the bar is the lanes' own. */
static void wrr_begins_at_the_head(void **state)
{
	struct fixture *f = *state;
	struct sl_svc svc;

	assert_int_equal(fixture_change(f, "S+ " WEB " wrr"), 0);
	change(f, "D+", 1, 4);
	change(f, "D+", 2, 2);
	assert_true(fixture_svc(f, &svc));
	f->plane->cursors[svc.id] = sl_cursor(svc.gen, 3, 1);
	change(f, "D+", 3, 1);
	assert_true(fixture_svc(f, &svc));
	assert_int_equal(svc.start, 0);
	assert_int_equal(sl_cursor_weight(f->plane->cursors[svc.id]), 3);
	assert_int_not_equal(sl_cursor_gen(f->plane->cursors[svc.id]), svc.gen);
}

/* A new service with the id of an old one does not inherit its place. */
static void a_new_service_begins_afresh(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_change(f, "S+ " WEB " rr"), 0);
	for (unsigned port = 1; port <= 3; port++)
		change(f, "D+", port, 1);
	assert_int_equal(lane_pick(f), 3);
	assert_int_equal(lane_pick(f), 2);
	assert_int_equal(fixture_change(f, "clear"), 0);
	fixture_wait(f, 5);
	assert_int_equal(fixture_change(f, "S+ " WEB " rr"), 0);
	for (unsigned port = 1; port <= 3; port++)
		change(f, "D+", port, 1);
	assert_int_equal(lane_pick(f), 3);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
	    T(rr_keeps_its_place_as_ipvs),
	    T(rr_over_one_large_change),
	    T(a_new_scheduler_begins_afresh),
	    T(wrr_begins_at_the_head),
	    T(a_new_service_begins_afresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
