/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reconciler over a fake plane: what is written, in which order, which ids, and what stays. */

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/sluiced/fixture.h"

#define THREE "S+ " WEB " rr; D+ " WEB " 192.0.2.11 80 masq 1; D+ " WEB " 192.0.2.12 80 masq 2; D+ " WEB " 192.0.2.13 80 masq 4"

/* ---- the entries ---- */

static void entries(void **state)
{
	struct fixture *f = *state;
	const struct sl_dest *dest;
	struct sl_svc svc;
	uint32_t id;

	assert_int_equal(fixture_change(f, THREE), 0);
	assert_true(fixture_svc(f, &svc));
	assert_int_equal(svc.id, 1);
	assert_int_equal(svc.gen, 1);
	assert_int_equal(svc.count, 3);
	assert_int_equal(svc.sched, SL_SCHED_RR);
	assert_int_equal(svc.max_weight, 4);
	assert_int_equal(svc.gcd_weight, 1);
	assert_int_equal(svc.start, 0);
	id = f->plane->members[svc.first].dest; /* newest first */
	assert_int_equal(id, fixture_dest(f, "192.0.2.13", 80));
	assert_int_equal(f->plane->members[svc.first].weight, 4);
	dest = &f->plane->dests[id];
	assert_int_equal(dest->flags, SL_DEST_USED);
	assert_int_equal(dest->svc, 1);
	assert_int_equal(dest->fwd, SL_FWD_MASQ);
	assert_int_equal(dest->hop, 1000 + id);
	assert_int_equal(plane_fake_vips(f->plane), 1);
}

static void weights(void **state)
{
	struct fixture *f = *state;
	struct sl_svc svc;

	assert_int_equal(fixture_change(f, "S+ " WEB " wrr; D+ " WEB " 192.0.2.11 80 masq 6; D+ " WEB " 192.0.2.12 80 masq 0"), 0);
	assert_true(fixture_svc(f, &svc));
	assert_int_equal(svc.gcd_weight, 6);
	assert_int_equal(fixture_change(f, "D+ " WEB " 192.0.2.13 80 masq 4"), 0);
	assert_true(fixture_svc(f, &svc));
	assert_int_equal(svc.gcd_weight, 2);
	assert_int_equal(svc.max_weight, 6);
	assert_int_equal(fixture_change(f, "D~ " WEB " 192.0.2.11 80 masq 0; D~ " WEB " 192.0.2.13 80 masq 0"), 0);
	assert_true(fixture_svc(f, &svc));
	assert_int_equal(svc.gcd_weight, 0);
	assert_int_equal(svc.max_weight, 0);
	assert_int_equal(fixture_change(f, "D~ " WEB " 192.0.2.11 80 masq 2147483647"), 0);
	assert_true(fixture_svc(f, &svc));
	assert_int_equal(svc.max_weight, INT32_MAX);
}

static void same_again_writes_nothing(void **state)
{
	struct fixture *f = *state;
	struct sl_svc svc;

	assert_int_equal(fixture_change(f, THREE), 0);
	f->plane->writes = 0;
	assert_int_equal(fixture_change(f, "S~ " WEB " rr; D~ " WEB " 192.0.2.12 80 masq 2; timeouts 900 120 300"), 0);
	assert_int_equal(f->plane->writes, 0);
	assert_true(fixture_svc(f, &svc));
	assert_int_equal(svc.gen, 1);
}

static void timeouts_are_written(void **state)
{
	struct fixture *f = *state;
	const struct sl_settings *s = f->plane->settings;

	assert_int_equal(fixture_change(f, "timeouts 100 20 30"), 0);
	assert_int_equal(s->timeout_s[SL_ST_ESTABLISHED], 100);
	assert_int_equal(s->timeout_s[SL_ST_FIN_WAIT], 20);
	assert_int_equal(s->timeout_s[SL_ST_UDP], 30);
	assert_int_equal(s->timeout_s[SL_ST_UDP_NEW], 30);
	assert_int_equal(s->timeout[SL_ST_ESTABLISHED], (100 * 250 + 63) / 64);
	assert_int_equal(s->timeout_s[SL_ST_TIME_WAIT], 120);
}

static void vips_are_counted(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_change(f, "S+ " WEB " rr; S+ udp 192.0.2.1 80 rr; S+ tcp 192.0.2.2 80 rr"), 0);
	assert_int_equal(plane_fake_vips(f->plane), 2);
	assert_int_equal(fixture_change(f, "S- " WEB), 0);
	assert_int_equal(plane_fake_vips(f->plane), 2);
	fixture_restart(f);
	assert_int_equal(fixture_change(f, "S- udp 192.0.2.1 80"), 0);
	assert_int_equal(plane_fake_vips(f->plane), 1);
	assert_int_equal(fixture_change(f, "clear"), 0);
	assert_int_equal(plane_fake_vips(f->plane), 0);
}

static bool find_svc(const struct fixture *f, const char *proto, const char *addr, unsigned port, struct sl_svc *ret_svc)
{
	struct sl_svc_key want = script_svc_key(proto, addr, port), key;
	int err = f->plane->ops->svc_next(f->plane, NULL, &key, ret_svc);

	while (!err && memcmp(&key, &want, sizeof(key)) != 0)
		err = f->plane->ops->svc_next(f->plane, &key, &key, ret_svc);
	return !err;
}

static void options(void **state)
{
	struct fixture *f = *state;
	const struct sl_own *own;
	struct sl_svc svc;

	assert_int_equal(fixture_change(f, "S+ udp 192.0.2.9 5060 sh flags=sh-port persist=300 mask=255.255.0.0 pe=sip ops udp=7"), 0);
	assert_true(find_svc(f, "udp", "192.0.2.9", 5060, &svc));
	assert_int_equal(svc.flags, SL_SVC_PERSISTENT | SL_SVC_ONEPACKET | SL_SVC_SCHED2 | SL_SVC_OWN);
	assert_int_equal(svc.persist_s, 300);
	assert_int_equal(svc.mask.w[3], htonl(0xffff0000));
	assert_int_equal(svc.mask.d[0], ~0ULL);
	assert_int_equal(svc.pe, SL_PE_SIP);
	own = &f->plane->owns[svc.id];
	assert_int_equal(own->timeout[SL_ST_UDP], plane_ticks(f->plane, 7));
	assert_int_equal(own->timeout[SL_ST_UDP_NEW], plane_ticks(f->plane, 7));
	assert_int_equal(own->timeout[SL_ST_ESTABLISHED], plane_ticks(f->plane, 900));
	assert_int_equal(own->timeout[SL_ST_TEMPLATE], plane_ticks(f->plane, 300));
	assert_int_equal(f->plane->settings->own_least[SL_ST_UDP], plane_ticks(f->plane, 7));
	assert_int_equal(fixture_change(f, "timeouts 100 0 5"), 0);
	assert_int_equal(own->timeout[SL_ST_ESTABLISHED], plane_ticks(f->plane, 100));
	assert_int_equal(own->timeout[SL_ST_UDP], plane_ticks(f->plane, 7));
	assert_int_equal(f->plane->settings->own_least[SL_ST_UDP], plane_ticks(f->plane, 5));
	assert_int_equal(fixture_change(f, "timeouts 900 0 300; S~ udp 192.0.2.9 5060 rr"), 0);
	assert_true(find_svc(f, "udp", "192.0.2.9", 5060, &svc));
	assert_int_equal(svc.flags, 0);
	assert_int_equal(svc.persist_s, 0);
	assert_int_equal(own->timeout[SL_ST_UDP], plane_ticks(f->plane, 300));
	assert_int_equal(f->plane->settings->own_least[SL_ST_UDP], plane_ticks(f->plane, 300));
}

#define KINDS (SL_SET_MARK_SVCS | SL_SET_FTP_SVCS | SL_SET_PORT0_SVCS | SL_SET_ORIGINS)

/* What the lanes look for only if there is any. */
static void kinds_of_services(void **state)
{
	static const struct {
		const char *script;
		uint32_t flags;
	} steps[] = {
	    {"S+ " WEB " rr; S+ udp 192.0.2.1 21 rr", 0}, {"S+ mark 7 0 rr; S+ mark6 7 0 rr", SL_SET_MARK_SVCS},
	    {"S+ tcp 192.0.2.3 21 rr; S- mark 7 0", SL_SET_MARK_SVCS | SL_SET_FTP_SVCS},
	    {"S+ tcp 192.0.2.3 0 rr persist=1; S- mark6 7 0", SL_SET_FTP_SVCS | SL_SET_PORT0_SVCS},
	    {"S+ udp 192.0.2.3 53 rr ops; D+ udp 192.0.2.3 53 192.0.2.11 5353 masq 1", KINDS & ~SL_SET_MARK_SVCS},
	    {"S~ udp 192.0.2.3 53 rr; S- tcp 192.0.2.3 21; S- tcp 192.0.2.3 0", 0}, {"S- tcp 192.0.2.9 1", 0}, /* refused */
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		fixture_change(f, steps[i].script);
		assert_int_equal(f->plane->settings->flags & KINDS, steps[i].flags);
		fixture_restart(f);
		assert_int_equal(f->plane->writes, 0);
		assert_int_equal(f->plane->settings->flags & KINDS, steps[i].flags);
	}
}

/* The service that the packets of a server without connections belong to, or 0. */
static uint32_t origin(const struct fixture *f, const char *addr, unsigned port)
{
	struct sl_svc_key want = script_svc_key("udp", addr, port), server, svc;
	int err = f->plane->ops->origin_next(f->plane, NULL, &server, &svc);

	while (!err && memcmp(&server, &want, sizeof(want)) != 0)
		err = f->plane->ops->origin_next(f->plane, &server, &server, &svc);
	if (err)
		return 0;
	assert_int_equal(memcmp(&f->plane->dests[svc.dest].addr, &want.addr, sizeof(want.addr)), 0);
	svc.dest = 0;
	return reconcile_svc_id(f->rec, &svc);
}

/* Replies of one-packet services: the newest service has the server, then the next. */
static void origins(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
	    fixture_change(f, "S+ udp 192.0.2.1 53 rr ops; S+ udp 192.0.2.2 53 rr ops; S+ udp 192.0.2.3 5060 rr persist=9 pe=sip; "
			      "D+ udp 192.0.2.1 53 192.0.2.11 53 masq 1; D+ udp 192.0.2.2 53 192.0.2.11 53 masq 1; "
			      "D+ udp 192.0.2.1 53 192.0.2.12 53 route 1; D+ udp 192.0.2.3 5060 192.0.2.13 5060 masq 1"),
	    0);
	assert_int_equal(origin(f, "192.0.2.11", 53), 2);
	assert_int_equal(origin(f, "192.0.2.12", 53), 0);
	assert_int_equal(origin(f, "192.0.2.13", 5060), 3);
	assert_int_equal(fixture_change(f, "D- udp 192.0.2.2 53 192.0.2.11 53"), 0);
	assert_int_equal(origin(f, "192.0.2.11", 53), 1);
	assert_int_equal(fixture_change(f, "D+ udp 192.0.2.2 53 192.0.2.11 53 masq 1; S~ udp 192.0.2.3 5060 rr"), 0);
	assert_int_equal(origin(f, "192.0.2.11", 53), 2);
	assert_int_equal(origin(f, "192.0.2.13", 5060), 0);
	assert_int_equal(fixture_change(f, "D~ udp 192.0.2.2 53 192.0.2.11 53 tunnel 1"), 0);
	assert_int_equal(origin(f, "192.0.2.11", 53), 1);
	assert_int_equal(fixture_change(f, "clear"), 0);
	assert_int_equal(origin(f, "192.0.2.11", 53), 0);
}

/* __ip_vs_dest_update_overload(): at the upper threshold and above it is overloaded, below the lower one not, between as it was. */
static void thresholds(void **state)
{
	static const struct {
		uint32_t active, inactive;
		const char *script;
		uint32_t over;
	} steps[] = {
	    {5, 4, "upper=10", 0},
	    {5, 4, "upper=9", 1}, /* 9 of 9 */
	    {5, 4, "upper=10", 1}, /* lower is 8: between */
	    {4, 3, "upper=11", 0}, /* 7, lower is 9 */
	    {5, 5, "upper=10 lower=1", 1},
	    {5, 3, "upper=20 lower=8", 1},
	    {5, 3, "upper=20 lower=9", 0},
	    {50, 0, "upper=20 lower=9", 0},
	    {50, 0, "upper=20 lower=10", 1},
	    {50, 0, "", 0},
	    {0, 0, "upper=1", 0},
	};
	struct fixture *f = *state;
	char script[100];
	uint32_t id;

	assert_int_equal(fixture_change(f, THREE), 0);
	id = fixture_dest(f, "192.0.2.12", 80);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		f->plane->loads[id].active = steps[i].active;
		f->plane->loads[id].inactive = steps[i].inactive;
		snprintf(script, sizeof(script), "D~ " WEB " 192.0.2.12 80 masq 2 %s", steps[i].script);
		assert_int_equal(fixture_change(f, script), 0);
		assert_int_equal(f->plane->loads[id].over, steps[i].over);
	}
	assert_int_equal(f->plane->dests[id].lower, 1);
}

/* Which servers' connections end: by settings, removal and weight. */
static void expiry_flags(void **state)
{
	static const struct {
		const char *script;
		unsigned quiet, removed; /* flags of 192.0.2.12, whose weight is 0, and of 192.0.2.13, which is removed */
	} steps[] = {
	    {"zero", 0, 0},
	    {"set expire_nodest_conn 1", 0, SL_DEST_EXPIRE},
	    {"set expire_nodest_udp 1", 0, SL_DEST_EXPIRE | SL_DEST_EXPIRE_UDP},
	    {"set expire_nodest_conn 0; set expire_nodest_udp 2", SL_DEST_EXPIRE_UDP, SL_DEST_EXPIRE_UDP},
	    {"D~ " WEB " 192.0.2.12 80 masq 1", 0, SL_DEST_EXPIRE_UDP},
	    {"D~ " WEB " 192.0.2.12 80 masq 0", SL_DEST_EXPIRE_UDP, SL_DEST_EXPIRE_UDP},
	    {"set expire_nodest_udp 0", 0, 0},
	};
	struct fixture *f = *state;
	uint32_t quiet, removed;

	assert_int_equal(fixture_change(f, THREE "; D~ " WEB " 192.0.2.12 80 masq 0"), 0);
	quiet = fixture_dest(f, "192.0.2.12", 80);
	removed = fixture_dest(f, "192.0.2.13", 80);
	f->plane->loads[removed].active = 1;
	assert_int_equal(fixture_change(f, "D- " WEB " 192.0.2.13 80"), 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(fixture_change(f, steps[i].script), 0);
		assert_int_equal(f->plane->dests[quiet].flags, SL_DEST_USED | steps[i].quiet);
		assert_int_equal(f->plane->dests[removed].flags, SL_DEST_USED | SL_DEST_REMOVED | steps[i].removed);
	}
}

static void allow_lists(void **state)
{
	struct fixture *f = *state;
	struct sl_svc svc, before;
	char text[ADDR_TEXT];

	assert_int_equal(fixture_change(f, "S+ " WEB " rr allow=10.0.0.0/8"), 0);
	assert_true(fixture_svc(f, &before));
	assert_int_equal(before.flags, SL_SVC_ALLOW);
	assert_int_equal(before.allow_count, 2);
	assert_string_equal(addr_print(f->plane->bounds[before.allow].b, text), "10.0.0.0");
	assert_string_equal(addr_print(f->plane->bounds[before.allow + 1].b, text), "11.0.0.0");
	assert_int_equal(fixture_change(f, "S~ " WEB " rr allow=10.0.0.0/9"), 0);
	assert_true(fixture_svc(f, &svc));
	assert_int_not_equal(svc.allow, before.allow); /* the lanes may still be reading the old ones */
	assert_string_equal(addr_print(f->plane->bounds[before.allow + 1].b, text), "11.0.0.0");
	assert_int_equal(fixture_change(f, "S~ " WEB " rr allow="), 0);
	assert_true(fixture_svc(f, &svc));
	assert_int_equal(svc.flags, SL_SVC_ALLOW);
	assert_int_equal(svc.allow_count, 0);
	assert_int_equal(fixture_change(f, "S~ " WEB " rr allow=null"), 0);
	assert_true(fixture_svc(f, &svc));
	assert_int_equal(svc.flags, 0);
}

/* ---- the switch ---- */

/* What the lanes may be reading: the entry and its members as they were at the last switch. */
static struct watched_plane {
	const struct plane_ops *real;
	struct sl_svc seen;
	struct sl_member members[64];
	unsigned switches;
} watched;

static void assert_old_is_whole(struct plane *plane)
{
	assert_memory_equal(watched.members, &plane->members[watched.seen.first], watched.seen.count * sizeof(struct sl_member));
}

static int watched_svc_set(struct plane *plane, const struct sl_svc_key *key, const struct sl_svc *svc)
{
	assert_old_is_whole(plane);
	for (uint32_t i = 0; i < svc->count; i++) {
		const struct sl_dest *dest = &plane->dests[plane->members[svc->first + i].dest];

		assert_int_equal(dest->flags, SL_DEST_USED);
		assert_int_equal(dest->svc, svc->id);
		assert_int_not_equal(dest->hop, 0);
	}
	for (uint32_t i = 0; i < watched.seen.count; i++) /* what leaves has not left yet */
		assert_true(plane->dests[watched.members[i].dest].flags & SL_DEST_USED);
	watched.switches++;
	watched.seen = *svc;
	memcpy(watched.members, &plane->members[svc->first], svc->count * sizeof(struct sl_member));
	return watched.real->svc_set(plane, key, svc);
}

static void switch_is_atomic(void **state)
{
	static const char *const steps[] = {
	    THREE,
	    "D- " WEB " 192.0.2.12 80",
	    "D+ " WEB " 192.0.2.14 80 tunnel 1; D- " WEB " 192.0.2.11 80; D~ " WEB " 192.0.2.13 80 masq 9",
	    "S~ " WEB " wlc",
	    "D- " WEB " 192.0.2.13 80; D- " WEB " 192.0.2.14 80",
	    "D+ " WEB " 192.0.2.12 80 masq 3",
	    "clear; " THREE,
	};
	struct fixture *f = *state;
	struct plane_ops ops = *f->plane->ops;

	watched = (struct watched_plane){.real = f->plane->ops};
	ops.svc_set = watched_svc_set;
	f->plane->ops = &ops;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(fixture_change(f, steps[i]), 0);
		assert_int_equal(watched.switches, i + 1); /* one write a change, however much of it changes */
		assert_old_is_whole(f->plane);
	}
	f->plane->ops = watched.real;
}

/* A run of members that was let go is not written before its rest is over. */
static void members_rest(void **state)
{
	struct fixture *f = *state;
	struct sl_svc first, svc;

	assert_int_equal(fixture_change(f, THREE), 0);
	assert_true(fixture_svc(f, &first));
	for (int i = 0; i < 50; i++) {
		assert_int_equal(fixture_change(f, i % 2 ? "D~ " WEB " 192.0.2.11 80 masq 1" : "D~ " WEB " 192.0.2.11 80 masq 9"), 0);
		assert_true(fixture_svc(f, &svc));
		assert_int_not_equal(svc.first, first.first);
	}
	fixture_wait(f, 3);
	assert_int_equal(fixture_change(f, "D~ " WEB " 192.0.2.11 80 masq 5"), 0);
	assert_true(fixture_svc(f, &svc));
	assert_int_equal(svc.first, first.first);
}

/* The pool is large enough for one more change at any time: members at rest are taken when all programs have ended. */
static void members_never_run_out(void **state)
{
	struct fixture *f = *state;
	struct model_error error;
	struct txn txn;
	struct op op = {.kind = OP_DEST_ADD, .server = {.fwd = SL_FWD_MASQ, .weight = 1}, .svc = script_svc_key("tcp", "192.0.2.1", 80)};

	assert_int_equal(fixture_change(f, "S+ " WEB " lc; S+ tcp 192.0.2.2 80 lc; D+ tcp 192.0.2.2 80 192.0.2.99 80 masq 1"), 0);
	txn_begin(&txn, &f->model);
	for (unsigned port = 1; port < 60000; port++) {
		op.dest = script_dest_key("192.0.2.11", port);
		assert_int_equal(txn_apply(&txn, &op, &error), 0);
	}
	assert_int_equal(reconcile_commit(f->rec, &txn, f->now_ms), 0);
	txn_end(&txn);
	for (int i = 0; i < 12; i++)
		assert_int_equal(fixture_change(f, i % 2 ? "D~ " WEB " 192.0.2.11 1 masq 1" : "D~ " WEB " 192.0.2.11 1 masq 9"), 0);
}

/* ---- ids ---- */

static void removed_server_keeps_its_id(void **state)
{
	struct fixture *f = *state;
	uint32_t id, gen;

	assert_int_equal(fixture_change(f, THREE), 0);
	id = fixture_dest(f, "192.0.2.12", 80);
	gen = f->plane->dests[id].gen;
	f->plane->loads[id].active = 1;
	assert_int_equal(fixture_change(f, "D- " WEB " 192.0.2.12 80"), 0);
	fixture_wait(f, 10);
	assert_int_equal(f->plane->dests[id].flags, SL_DEST_USED | SL_DEST_REMOVED);
	assert_int_equal(f->plane->dests[id].hop, 1000 + id);
	assert_true(f->watched[id]);
	assert_int_equal(reconcile_lingering(f->rec), 1);
	assert_int_equal(fixture_change(f, "D+ " WEB " 192.0.2.14 80 masq 1"), 0);
	assert_int_not_equal(fixture_dest(f, "192.0.2.14", 80), id);
	assert_int_equal(fixture_change(f, "D+ " WEB " 192.0.2.12 80 masq 7"), 0);
	assert_int_equal(fixture_dest(f, "192.0.2.12", 80), id);
	assert_int_equal(f->plane->dests[id].flags, SL_DEST_USED);
	assert_int_equal(f->plane->dests[id].weight, 7);
	assert_int_equal(f->plane->dests[id].gen, gen);
	assert_int_equal(reconcile_lingering(f->rec), 0);
}

static void id_is_free_after_its_connections_and_a_rest(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	assert_int_equal(fixture_change(f, THREE), 0);
	id = fixture_dest(f, "192.0.2.12", 80);
	f->plane->loads[id].inactive = 1;
	assert_int_equal(fixture_change(f, "D- " WEB " 192.0.2.12 80"), 0);
	fixture_wait(f, 5);
	assert_int_equal(f->plane->dests[id].flags, SL_DEST_USED | SL_DEST_REMOVED);
	f->plane->loads[id].inactive = 0;
	fixture_wait(f, 1);
	assert_int_equal(f->plane->dests[id].flags, 0);
	assert_int_equal(f->plane->dests[id].hop, 0);
	assert_false(f->watched[id]);
	assert_int_equal(fixture_change(f, "D+ " WEB " 192.0.2.14 80 masq 1"), 0);
	assert_int_not_equal(fixture_dest(f, "192.0.2.14", 80), id);
	fixture_wait(f, 2);
	assert_int_equal(fixture_change(f, "D+ " WEB " 192.0.2.15 80 masq 1"), 0);
	assert_int_equal(fixture_dest(f, "192.0.2.15", 80), id);
	assert_int_equal(f->plane->dests[id].gen, 2);
}

/* A program that had chosen the server before it was removed has a second to enter its connection. */
static void server_without_connections_waits_a_second(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	assert_int_equal(fixture_change(f, THREE), 0);
	id = fixture_dest(f, "192.0.2.12", 80);
	assert_int_equal(fixture_change(f, "D- " WEB " 192.0.2.12 80"), 0);
	f->now_ms += 999;
	reconcile_tick(f->rec, f->now_ms);
	assert_int_equal(f->plane->dests[id].flags, SL_DEST_USED | SL_DEST_REMOVED);
	f->now_ms += 1;
	reconcile_tick(f->rec, f->now_ms);
	assert_int_equal(f->plane->dests[id].flags, 0);
}

static void removed_service_keeps_its_id(void **state)
{
	struct fixture *f = *state;
	struct sl_svc svc;
	uint32_t id;

	assert_int_equal(fixture_change(f, "S+ udp 192.0.2.9 53 rr; " THREE), 0);
	id = fixture_dest(f, "192.0.2.13", 80);
	f->plane->loads[id].active = 2;
	assert_int_equal(fixture_change(f, "S- " WEB), 0);
	assert_false(fixture_svc(f, &svc));
	fixture_wait(f, 5);
	assert_int_equal(f->plane->dests[id].flags, SL_DEST_USED | SL_DEST_REMOVED);
	assert_int_equal(fixture_change(f, "S+ tcp 192.0.2.7 80 rr"), 0);
	assert_int_equal(fixture_change(f, "S+ " WEB " lc; D+ " WEB " 192.0.2.13 80 masq 4"), 0);
	assert_true(fixture_svc(f, &svc));
	assert_int_equal(svc.id, 2);
	assert_int_equal(svc.gen, 2);
	assert_int_equal(fixture_dest(f, "192.0.2.13", 80), id);
	assert_int_equal(f->plane->dests[id].flags, SL_DEST_USED);
}

static void removed_service_ends_with_its_connections(void **state)
{
	struct fixture *f = *state;
	struct sl_svc svc;
	uint32_t id;

	assert_int_equal(fixture_change(f, THREE), 0);
	id = fixture_dest(f, "192.0.2.13", 80);
	f->plane->loads[id].active = 2;
	assert_int_equal(fixture_change(f, "S- " WEB), 0);
	f->plane->loads[id].active = 0;
	fixture_wait(f, 4);
	assert_false(reconcile_svc_used(f->rec, 1));
	assert_int_equal(fixture_change(f, "S+ " WEB " rr"), 0);
	assert_true(fixture_svc(f, &svc));
	assert_int_equal(svc.id, 1);
	assert_int_equal(svc.gen, 2); /* the id goes on counting */
}

static void fill(struct fixture *f, const char *addr, unsigned services)
{
	struct op op = {.server = {.fwd = SL_FWD_MASQ, .weight = 1}};
	struct model_error error;
	struct txn txn;

	txn_begin(&txn, &f->model);
	op.kind = OP_CLEAR;
	assert_int_equal(txn_apply(&txn, &op, &error), 0);
	for (unsigned s = 1; s <= services; s++) {
		op.kind = OP_SVC_ADD;
		op.svc = script_svc_key("udp", "192.0.2.1", s);
		assert_int_equal(txn_apply(&txn, &op, &error), 0);
		op.kind = OP_DEST_ADD;
		for (unsigned port = 1; port <= 1000; port++) {
			op.dest = script_dest_key(addr, port);
			assert_int_equal(txn_apply(&txn, &op, &error), 0);
		}
	}
	assert_int_equal(reconcile_commit(f->rec, &txn, f->now_ms), 0);
	txn_end(&txn);
}

/* All servers there can be replaced by as many others, in one change: ids of servers without connections are had at once. */
static void ids_never_run_out(void **state)
{
	struct fixture *f = *state;

	fill(f, "192.0.2.11", 130);
	fill(f, "192.0.2.12", 130);
	fixture_wait(f, 3);
	assert_int_equal(reconcile_lingering(f->rec), 0);
	fill(f, "192.0.2.11", 130);
	assert_int_equal(f->model.dest_count, 130000);
}

/* A negative half that a race shows is no connection. */
static void negative_load_is_none(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	assert_int_equal(fixture_change(f, THREE), 0);
	id = fixture_dest(f, "192.0.2.12", 80);
	f->plane->loads[id].active = -1;
	assert_int_equal(plane_load(f->plane, id).active, 0);
}

/* ---- failure ---- */

static void failure_changes_nothing(void **state)
{
	static const char more[] = "D+ " WEB " 192.0.2.14 80 masq 1; D- " WEB " 192.0.2.11 80; S+ tcp 192.0.2.2 80 rr; "
				   "D+ tcp 192.0.2.2 80 192.0.2.21 80 masq 1; S- udp 192.0.2.3 53; timeouts 5 5 5";
	struct fixture *f = *state;
	char *before, *after;
	struct sl_svc svc;
	uint32_t first_free;

	assert_int_equal(fixture_change(f, THREE "; S+ udp 192.0.2.3 53 rr"), 0);
	before = script_print(&f->model);
	for (unsigned ok = 0; ok < 2; ok++) {
		plane_fake_fail(f->plane, ok);
		assert_int_equal(fixture_change(f, more), -E2BIG);
		plane_fake_fail(f->plane, ~0U);
		after = script_print(&f->model);
		assert_string_equal(before, after);
		free(after);
		assert_true(fixture_svc(f, &svc));
		assert_int_equal(svc.count, 3);
		assert_int_equal(f->plane->members[svc.first + 2].dest, fixture_dest(f, "192.0.2.11", 80));
		assert_int_equal(f->plane->dests[fixture_dest(f, "192.0.2.11", 80)].flags, SL_DEST_USED);
		assert_int_equal(plane_fake_vips(f->plane), 2);
		assert_int_equal(f->plane->settings->timeout_s[SL_ST_UDP], 300);
		fixture_wait(f, 4);
	}
	free(before);
	for (first_free = 1; f->plane->dests[first_free].flags; first_free++)
		;
	assert_int_equal(first_free, 4);
	assert_int_equal(fixture_change(f, more), 0);
}

static void no_way_no_change(void **state)
{
	struct fixture *f = *state;
	struct sl_svc svc;

	f->watch_error = -ENOMEM;
	assert_int_equal(fixture_change(f, THREE), -ENOMEM);
	f->watch_error = 0;
	assert_false(fixture_svc(f, &svc));
	assert_int_equal(f->plane->dests[1].flags, 0);
	assert_int_equal(plane_fake_vips(f->plane), 0);
	assert_false(reconcile_svc_used(f->rec, 1));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
	    T(entries),
	    T(weights),
	    T(same_again_writes_nothing),
	    T(timeouts_are_written),
	    T(vips_are_counted),
	    T(options),
	    T(kinds_of_services),
	    T(origins),
	    T(thresholds),
	    T(expiry_flags),
	    T(allow_lists),
	    T(switch_is_atomic),
	    T(members_rest),
	    T(members_never_run_out),
	    T(removed_server_keeps_its_id),
	    T(id_is_free_after_its_connections_and_a_rest),
	    T(server_without_connections_waits_a_second),
	    T(removed_service_keeps_its_id),
	    T(removed_service_ends_with_its_connections),
	    T(ids_never_run_out),
	    T(negative_load_is_none),
	    T(failure_changes_nothing),
	    T(no_way_no_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
