/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recording over a fake plane: who may, what is told, and what ends it. */

#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sluiced/api/cmd.h"
#include "tests/unit/sluiced/fixture.h"

static struct fixture *f;
static struct api api;

static uint64_t now_ms(void *arg)
{
	return f->now_ms;
}

static int setup(void **state)
{
	int err = fixture_setup((void **)&f);

	api = (struct api){.plane = f->plane, .rec = f->rec, .stats = f->stats, .now_ms = now_ms};
	model_init(&api.model);
	return err;
}

static int teardown(void **state)
{
	model_fini(&api.model);
	return fixture_teardown((void **)&f);
}

/* A method's result; or NULL, and its error's code in *ret_code. Takes params over. */
static json_t *call(const char *method, json_t *params, int *ret_code)
{
	struct rpc_error error = {0};
	json_t *result = NULL;

	*ret_code = cmd_lookup(method)->handler(&api, params, &result, &error);
	json_decref(params);
	return *ret_code ? NULL : result;
}

static json_int_t start(void)
{
	int code;
	json_t *result = call("record.start", json_object(), &code);
	json_int_t id;

	assert_non_null(result);
	id = json_integer_value(json_object_get(result, "record"));
	assert_true(id > 0 && json_integer_value(json_object_get(result, "ns")) > 0);
	json_decref(result);
	return id;
}

static json_t *read_events(json_int_t id)
{
	int code;
	json_t *result = call("record.read", json_pack("{s:I}", "record", id), &code);

	assert_non_null(result);
	return result;
}

static bool recording(void)
{
	return f->plane->settings->flags & SL_SET_RECORD;
}

static void tell(enum sl_trail_what what, uint32_t slot, uint64_t ns, uint32_t age)
{
	struct sl_trail event = {.ns = ns,
	    .slot = slot,
	    .gen = 5,
	    .what = what,
	    .proto = IPPROTO_TCP,
	    .cport = htons(1000),
	    .vport = htons(80),
	    .dport = htons(8080),
	    .dest = 3,
	    .age = age};

	event.caddr.w[2] = event.vaddr.w[2] = htonl(0xffff);
	event.caddr.w[3] = htonl(0xc6336407);
	event.vaddr.w[3] = htonl(0xc0000201);
	plane_fake_trail(f->plane, &event);
}

static void test_events(void **state)
{
	static const char wanted[] =
	    "{\"begin\": 5000000000, \"id\": 458757, \"proto\": \"tcp\", \"client\": {\"addr\": \"198.51.100.7\", \"port\": 1000}, "
	    "\"virtual\": {\"addr\": \"192.0.2.1\", \"port\": 80}, \"server\": {\"addr\": \"10.0.0.9\", \"port\": 8080}}";
	struct sl_dest *dest = &f->plane->dests[3];
	uint64_t tick_ns;
	json_int_t id;
	json_t *result, *events, *begin = json_loads(wanted, 0, NULL);

	dest->addr = (struct sl_addr){.w = {0, 0, htonl(0xffff), htonl(0x0a000009)}};
	tell(SL_TRAIL_BEGIN, 1, 1, 0); /* before: of nobody's concern */
	id = start();
	assert_true(recording());
	tell(SL_TRAIL_BEGIN, 7, 5000000000, 0);
	tell(SL_TRAIL_END, 7, 9000000000, 4);
	result = read_events(id);
	events = json_object_get(result, "events");
	assert_int_equal(json_array_size(events), 2);
	assert_true(json_equal(json_array_get(events, 0), begin));
	tick_ns = (1000000000ULL << f->plane->settings->tick_shift) / f->plane->settings->hz;
	assert_int_equal(json_integer_value(json_object_get(json_array_get(events, 1), "end")), 9000000000 - 4 * tick_ns);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(events, 1), "id")), 458757);
	assert_int_equal(json_integer_value(json_object_get(result, "lost")), 0);
	json_decref(result);
	for (int i = 0; i < 20; i++)
		tell(SL_TRAIL_BEGIN, i, 6000000000 + i, 0);
	result = read_events(id);
	assert_int_equal(json_array_size(json_object_get(result, "events")) + json_integer_value(json_object_get(result, "lost")), 20);
	assert_true(json_integer_value(json_object_get(result, "lost")) > 0);
	json_decref(result);
	json_decref(begin);
}

static void test_one(void **state)
{
	json_int_t id = start();
	int code;
	json_t *result;

	assert_null(call("record.start", json_object(), &code));
	assert_int_equal(code, 1); /* EEXIST */
	assert_null(call("record.read", json_pack("{s:I}", "record", id + 1), &code));
	assert_int_equal(code, 2); /* ESRCH */
	assert_null(call("record.stop", json_object(), &code));
	assert_true(recording());
	result = call("record.stop", json_pack("{s:I}", "record", id), &code);
	assert_non_null(result);
	json_decref(result);
	assert_false(recording());
	assert_null(call("record.read", json_pack("{s:I}", "record", id), &code));
}

static void test_silence(void **state)
{
	json_int_t id = start();

	for (int i = 0; i < 3; i++) {
		f->now_ms += 9000;
		cmd_record_tick(&api);
		json_decref(read_events(id));
	}
	assert_true(recording());
	f->now_ms += 11000;
	cmd_record_tick(&api);
	assert_false(recording());
	start();
}

static void test_service(void **state)
{
	int code;

	assert_null(
	    call("record.start", json_pack("{s:{s:s, s:s, s:i}}", "service", "proto", "tcp", "addr", "192.0.2.99", "port", 80), &code));
	assert_int_equal(code, 2);
	assert_null(call("record.start", json_pack("{s:s}", "service", "tcp/192.0.2.99:80"), &code));
	assert_false(recording());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_events, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_one, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_silence, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_service, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
