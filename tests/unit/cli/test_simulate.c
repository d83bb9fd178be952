// SPDX-License-Identifier: GPL-2.0-or-later
/* The trace, the models, the simulator against sequences done by hand, and what it prints. */
#include "tests/unit/cli/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "cli/simulate/record.h"

static struct sim_result result;
static struct sim_setup setup;

static void servers(unsigned count, const int *weights)
{
	memset(&setup, 0, sizeof(setup));
	setup.server_count = count;
	for (unsigned i = 0; i < count; i++) {
		setup.servers[i] = (struct sim_server){.weight = weights ? weights[i] : 1, .slow = 1};
		setup.servers[i].at.addr = (struct sl_addr){.w = {0, 0, htonl(0xffff), htonl(0x0a000001 + i)}};
		setup.servers[i].at.port = htons(80);
	}
}

static int read_text(const char *text, size_t size, struct sim_trace *trace, char *ret_errors, size_t errors_size)
{
	FILE *in = fmemopen((void *)text, size, "r"), *err = fmemopen(ret_errors, errors_size, "w");
	int failed;

	assert_true(in && err);
	sim_trace_init(trace);
	failed = sim_trace_read(in, "t", err, trace);
	fclose(in);
	fclose(err);
	return failed;
}

static struct sim_trace trace_of(const char *lines)
{
	char text[4096], errors[1000] = "";
	struct sim_trace trace;

	snprintf(text, sizeof(text), "#sluice-trace 1\n%s", lines);
	if (read_text(text, strlen(text), &trace, errors, sizeof(errors)))
		fail_msg("%s", errors);
	return trace;
}

/* A connection a second from a client of its own, each so many seconds long. */
static struct sim_trace seconds_of(unsigned count, double lasts)
{
	struct sim_trace trace;

	sim_trace_init(&trace);
	for (unsigned i = 0; i < count; i++) {
		struct sim_conn c = {.start = i * SIM_SECOND, .lasts = lasts * SIM_SECOND, .proto = IPPROTO_TCP, .server = SIM_NO_SERVER};

		c.client.w[3] = htonl(i + 1);
		assert_int_equal(sim_trace_add(&trace, &c), 0);
	}
	assert_int_equal(sim_trace_finish(&trace), 0);
	return trace;
}

static void test_trace_round(void **state)
{
	static const char lines[] = "0.000000 12.500000 tcp 198.51.100.7:40000 192.0.2.1:80 10.0.0.1:80\n"
				    "0.250000 - udp [2001:db8::7]:5353 [2001:db8::1]:53 [2001:db8::11]:53\n"
				    "3.000001 0.000000 sctp 198.51.100.7:1 192.0.2.1:80 -\n";
	struct sim_trace trace = trace_of(lines);
	char text[1000] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_int_equal(trace.count, 3);
	assert_int_equal(trace.clients, 2);
	assert_int_equal(trace.server_count, 2);
	assert_int_equal(trace.conns[2].who, trace.conns[0].who);
	assert_true(trace.conns[1].lasts == SIM_NEVER);
	sim_trace_write_all(out, &trace);
	fclose(out);
	assert_string_equal(strstr(text, "\n0.") + 1, lines);
	sim_trace_fini(&trace);
}

static void test_trace_order(void **state)
{
	struct sim_trace trace =
	    trace_of("2 1 tcp 10.1.0.1:1 10.2.0.1:80\n1 1 tcp 10.1.0.2:1 10.2.0.1:80\n1 1 tcp 10.1.0.3:1 10.2.0.1:80\n");

	assert_int_equal(ntohl(trace.conns[0].client.w[3]) & 0xff, 2);
	assert_int_equal(ntohl(trace.conns[1].client.w[3]) & 0xff, 3);
	assert_int_equal(ntohl(trace.conns[2].client.w[3]) & 0xff, 1);
	sim_trace_fini(&trace);
}

#define GOOD " tcp 10.1.0.1:1 10.2.0.1:80 10.0.0.1:80\n"

static void test_trace_wrong(void **state)
{
	static const struct {
		const char *text, *errors;
	} rows[] = {
	    {"\n", "t:1: this is no trace: its first line must be `#sluice-trace 1'\n"},
	    {"0 1" GOOD, "t:1: this is no trace: its first line must be `#sluice-trace 1'\n"},
	    {"#sluice-trace 2\n", "t:1: this is no trace: its first line must be `#sluice-trace 1'\n"},
	    {"#sluice-trace 1\n\n0 1\n",
		"t:3: 2 fields, there must be 5 or 6: start, duration, protocol, client, virtual service, server\n"},
	    {"#sluice-trace 1\nx 1" GOOD, "t:2: `x' is no time; write seconds from the beginning, such as 12.5\n"},
	    {"#sluice-trace 1\n-1 1" GOOD, "t:2: `-1' is no time; write seconds from the beginning, such as 12.5\n"},
	    {"#sluice-trace 1\n1000000000.5 1" GOOD, "t:2: `1000000000.5' is no time; write seconds from the beginning, such as 12.5\n"},
	    {"#sluice-trace 1\n99999999999999999999999 1" GOOD,
		"t:2: `99999999999999999999999' is no time; write seconds from the beginning, such as 12.5\n"},
	    {"#sluice-trace 1\n0 1e3" GOOD, "t:2: `1e3' is no duration; write seconds, such as 0.25, or -\n"},
	    {"#sluice-trace 1\n0 1 icmp 10.1.0.1:1 10.2.0.1:80\n", "t:2: `icmp' is no protocol; write tcp, udp or sctp\n"},
	    {"#sluice-trace 1\n0 1 tcp 10.1.0:1 10.2.0.1:80\n", "t:2: `10.1.0:1' is no client; write 192.0.2.1:80 or [2001:db8::1]:80\n"},
	    {"#sluice-trace 1\n0 1 tcp 10.1.0.1:1 10.2.0.1:65536\n",
		"t:2: `10.2.0.1:65536' is no virtual service; write 192.0.2.1:80 or [2001:db8::1]:80\n"},
	    {"#sluice-trace 1\n0 1 tcp 10.1.0.1:1 2001:db8::1:80\n",
		"t:2: `2001:db8::1:80' is no virtual service; write 192.0.2.1:80 or [2001:db8::1]:80\n"},
	    {"#sluice-trace 1\n0 1 tcp 10.1.0.1:1 10.2.0.1:80 rs1\n",
		"t:2: `rs1' is no server; write 10.0.0.1:80, [2001:db8::1]:80 or -\n"},
	    {"#sluice-trace 1\n0 1 tcp 10.1.0.1:1 10.2.0.1:80 - more\n", "t:2: there is more after the server: `more'\n"},
	    {"#sluice-trace 1\n\033[2J 1" GOOD "0 y" GOOD, "t:2: `?[2J' is no time; write seconds from the beginning, such as 12.5\n"
							   "t:3: `y' is no duration; write seconds, such as 0.25, or -\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char errors[2000] = "";
		struct sim_trace trace;

		if (read_text(rows[i].text, strlen(rows[i].text), &trace, errors, sizeof(errors)) != -EINVAL)
			fail_msg("row %zu is taken", i);
		assert_string_equal(errors, rows[i].errors);
		sim_trace_fini(&trace);
	}
}

/* Too long a line, a zero byte, more wrong lines than are told of. */
static void test_trace_hostile(void **state)
{
	static const char zero[] = "#sluice-trace 1\n0 1\0tcp\n";
	char text[4000] = "#sluice-trace 1\n", errors[4000] = "", *last;
	struct sim_trace trace;
	unsigned lines = 0;

	memset(text + 16, '7', 300);
	strcpy(text + 316, "\n");
	assert_int_equal(read_text(text, strlen(text), &trace, errors, sizeof(errors)), -EINVAL);
	assert_string_equal(errors, "t:2: the line is longer than 255 characters\n");
	sim_trace_fini(&trace);
	memset(errors, 0, sizeof(errors));
	assert_int_equal(read_text(zero, sizeof(zero) - 1, &trace, errors, sizeof(errors)), -EINVAL);
	assert_string_equal(errors, "t:2: there is a zero byte in the line\n");
	sim_trace_fini(&trace);
	for (int i = 0; i < 50; i++)
		strcpy(text + 16 + 2 * i, "x\n");
	memset(errors, 0, sizeof(errors));
	assert_int_equal(read_text(text, strlen(text), &trace, errors, sizeof(errors)), -EINVAL);
	for (last = errors; strchr(last, '\n'); last = strchr(last, '\n') + 1)
		lines++;
	assert_int_equal(lines, SIM_BAD_LINES + 1);
	sim_trace_fini(&trace);
}

static struct sim_trace model_trace(double heavy, double big, uint64_t seed)
{
	struct sim_model_conf conf = {.connections = 200000, .clients = 1000, .virtuals = 1, .rate = 500, .mean = 4};
	struct sim_trace trace;

	conf.number[SIM_HEAVY_TAIL] = heavy;
	conf.number[SIM_BIG_CLIENT] = big;
	sim_trace_init(&trace);
	assert_int_equal(sim_model_trace(&conf, seed, &trace), 0);
	assert_int_equal(trace.count, 200000);
	return trace;
}

/* Mean and spread of the time from one connection to the next, and of the durations. */
static void moments(const struct sim_trace *trace, bool gaps, double *ret_mean, double *ret_spread)
{
	double sum = 0, squares = 0;
	uint64_t before = 0;

	for (uint32_t i = 0; i < trace->count; i++) {
		double x = (double)(gaps ? trace->conns[i].start - before : trace->conns[i].lasts) / SIM_SECOND;

		before = trace->conns[i].start;
		sum += x;
		squares += x * x;
	}
	*ret_mean = sum / trace->count;
	*ret_spread = sqrt(squares / trace->count - *ret_mean * *ret_mean);
}

#define near(is, wanted, part)                                                             \
	do {                                                                               \
		if (fabs((double)(is) - (wanted)) > (part) * (wanted))                     \
			fail_msg(#is " is %g and not %g", (double)(is), (double)(wanted)); \
	} while (0)

/* An exponential's spread is its mean. */
static void test_poisson(void **state)
{
	struct sim_trace trace = model_trace(0, 0, 7);
	double mean, spread;

	moments(&trace, true, &mean, &spread);
	near(mean, 1.0 / 500, 0.01);
	near(spread, 1.0 / 500, 0.01);
	moments(&trace, false, &mean, &spread);
	near(mean, 4, 0.01);
	near(spread, 4, 0.01);
	assert_int_equal(trace.clients, 1000);
	sim_trace_fini(&trace);
}

/* A Pareto's median is xm * 2^(1/a), with xm = mean * (a - 1) / a; nothing is below xm. */
static void test_heavy_tail(void **state)
{
	struct sim_trace trace = model_trace(2, 0, 7);
	double mean, spread;
	uint32_t below = 0, long_ones = 0;

	moments(&trace, false, &mean, &spread);
	near(mean, 4, 0.03);
	assert_true(spread > 2 * mean);
	for (uint32_t i = 0; i < trace.count; i++) {
		double x = (double)trace.conns[i].lasts / SIM_SECOND;

		assert_true(x > 1.999);
		below += x < 2 * sqrt(2);
		long_ones += x > 200; /* (2 / 200)^2 of all: 20; of an exponential: none */
	}
	near(below, 100000, 0.01);
	near(long_ones, 20, 0.5);
	sim_trace_fini(&trace);
}

static void test_big_client(void **state)
{
	struct sim_trace trace = model_trace(0, 0.3, 7);
	uint32_t *of = calloc(trace.clients, sizeof(*of)), most = 0;

	for (uint32_t i = 0; i < trace.count; i++)
		of[trace.conns[i].who]++;
	for (uint32_t i = 0; i < trace.clients; i++)
		most = of[i] > most ? of[i] : most;
	near(most, 0.3 * 200000 + 0.7 * 200, 0.01);
	free(of);
	sim_trace_fini(&trace);
}

static void test_seed(void **state)
{
	struct sim_trace a = model_trace(1.5, 0.5, 3), b = model_trace(1.5, 0.5, 3), c = model_trace(1.5, 0.5, 4);

	assert_memory_equal(a.conns, b.conns, a.count * sizeof(*a.conns));
	assert_memory_not_equal(a.conns, c.conns, a.count * sizeof(*a.conns));
	sim_trace_fini(&a);
	sim_trace_fini(&b);
	sim_trace_fini(&c);
}

/* What each server got; the rest of the row is refused. */
static void check_conns(const char *what, const uint64_t *wanted)
{
	for (unsigned i = 0; i < setup.server_count; i++)
		if (result.conns[i] != wanted[i])
			fail_msg("%s: server %u has %llu, not %llu", what, i + 1, (unsigned long long)result.conns[i],
			    (unsigned long long)wanted[i]);
}

/* 12 connections, one a second, each 100 s: rr goes round; wrr gives 4:2 of each 6. */
static void test_turns(void **state)
{
	struct sim_trace trace = seconds_of(12, 100);

	servers(3, NULL);
	assert_int_equal(sim_run(&trace, &setup, SL_SCHED_RR, &result), 0);
	check_conns("rr", (uint64_t[]){4, 4, 4});
	servers(2, (int[]){4, 2});
	assert_int_equal(sim_run(&trace, &setup, SL_SCHED_WRR, &result), 0);
	check_conns("wrr", (uint64_t[]){8, 4});
	servers(2, (int[]){1, 0});
	assert_int_equal(sim_run(&trace, &setup, SL_SCHED_RR, &result), 0);
	check_conns("quiesced", (uint64_t[]){12, 0});
	servers(1, (int[]){0});
	assert_int_equal(sim_run(&trace, &setup, SL_SCHED_WLC, &result), 0);
	assert_int_equal(result.refused, 12);
	sim_trace_fini(&trace);
}

/*
 * Two servers; connections at 0 .. 3 s, the first 10 s long, the others half a second. lc gives the first to server 2 (the newest is
 * first in the list), the second to server 1, where it has ended by 2 s but is inactive: still less than server 2's active one. The
 * third and fourth find the same.
 */
static void test_least(void **state)
{
	struct sim_trace trace = trace_of("0 10 tcp 10.1.0.1:1 10.2.0.1:80\n1 0.5 tcp 10.1.0.2:1 10.2.0.1:80\n"
					  "2 0.5 tcp 10.1.0.3:1 10.2.0.1:80\n3 0.5 tcp 10.1.0.4:1 10.2.0.1:80\n");

	servers(2, NULL);
	setup.linger = 120 * SIM_SECOND;
	assert_int_equal(sim_run(&trace, &setup, SL_SCHED_LC, &result), 0);
	check_conns("lc", (uint64_t[]){3, 1});
	/* open at 0.3 s .. 3 s: (0, 1), (1, 1) from 1 s to 1.5 s, (0, 1), (1, 1) from 2 s to 2.5 s, (0, 1) */
	near(result.max, 2, 0.001);
	near(result.series[SIM_SAMPLES / 6], 2, 0.001); /* 0.5 s */
	near(result.series[SIM_SAMPLES * 4 / 10], 1, 0.001); /* 1.2 s */
	near(result.series[SIM_SAMPLES * 6 / 10], 2, 0.001); /* 1.8 s */
	sim_trace_fini(&trace);
}

/* Thresholds: full at 3 until fewer than 2 are left (those that ended linger: 4 s after their beginning they are gone). */
static void test_thresholds(void **state)
{
	struct sim_trace trace = seconds_of(10, 3);

	servers(1, NULL);
	setup.servers[0].upper = 3;
	setup.servers[0].lower = 2;
	setup.linger = SIM_SECOND;
	assert_int_equal(sim_run(&trace, &setup, SL_SCHED_RR, &result), 0);
	/* taken at 0 1 2; 3 and 4 find it full; 5 finds one left of three; so 5 6, full at 7? 2 is gone at 6: 5 6 7; 8 and 9 find it full
	 */
	check_conns("thresholds", (uint64_t[]){6});
	assert_int_equal(result.refused, 4);
	sim_trace_fini(&trace);
}

/* Every client has two connections, 10 s apart; its template lives 20 s: the second follows the first, whatever rr would say. */
static void test_persistence(void **state)
{
	struct sim_trace trace = trace_of("0 1 tcp 10.1.0.1:1 10.2.0.1:80\n1 1 tcp 10.1.0.2:1 10.2.0.1:80\n2 1 tcp 10.1.0.3:1 10.2.0.1:80\n"
					  "10 1 tcp 10.1.0.1:2 10.2.0.1:80\n11 1 tcp 10.1.0.1:3 10.2.0.1:80\n"
					  "12 1 tcp 10.1.0.1:4 10.2.0.1:80\n50 1 tcp 10.1.0.1:5 10.2.0.1:80\n");

	servers(3, NULL);
	assert_int_equal(sim_run(&trace, &setup, SL_SCHED_RR, &result), 0);
	check_conns("none", (uint64_t[]){2, 2, 3});
	setup.persist = 20 * SIM_SECOND;
	assert_int_equal(sim_run(&trace, &setup, SL_SCHED_RR, &result), 0);
	check_conns("20 s", (uint64_t[]){1, 1, 5});
	sim_trace_fini(&trace);
}

/* Server 1 of two leaves at 4.5 s and comes back at 7.5 s; what is open on it stays open. */
static void test_changes(void **state)
{
	struct sim_trace trace = seconds_of(12, 100);

	servers(2, NULL);
	setup.changes[0] = (struct sim_change){.at = 4500000, .server = 0};
	setup.changes[1] = (struct sim_change){.at = 7500000, .server = 0, .join = true};
	setup.change_count = 2;
	assert_int_equal(sim_run(&trace, &setup, SL_SCHED_RR, &result), 0);
	check_conns("rr", (uint64_t[]){4, 8});
	assert_int_equal(result.moved[0].open, 2);
	assert_false(result.moved[0].stable);
	assert_int_equal(result.moved[1].open, 2);
	sim_trace_fini(&trace);
}

static void test_slow(void **state)
{
	struct sim_trace trace = seconds_of(100, 2);

	servers(2, NULL);
	setup.servers[0].slow = 5;
	assert_int_equal(sim_run(&trace, &setup, SL_SCHED_RR, &result), 0);
	/* 10 s at one a second every two: 5 open; on the other 1: 5 / 3 */
	near(result.mean, 5.0 / 3, 0.02);
	sim_trace_fini(&trace);
}

/* What was recorded is shown as it was. */
static void test_recorded(void **state)
{
	struct sim_trace trace = trace_of("0 1 tcp 10.1.0.1:1 10.2.0.1:80 10.0.0.2:80\n1 1 tcp 10.1.0.2:1 10.2.0.1:80 10.0.0.1:80\n"
					  "2 1 tcp 10.1.0.3:1 10.2.0.1:80 10.0.0.2:80\n3 1 tcp 10.1.0.3:1 10.2.0.1:80\n");

	servers(2, NULL);
	assert_int_equal(sim_run(&trace, &setup, 0, &result), 0);
	assert_string_equal(result.name, "recorded");
	check_conns("recorded", (uint64_t[]){2, 1}); /* by their first appearance */
	assert_int_equal(result.refused, 1);
	sim_trace_fini(&trace);
}

/* Events as the daemon tells them; times in ns, the recording began at 1 s. */
static void test_recorder(void **state)
{
	static const char *const pages[] = {
	    "[{\"begin\": 1500000000, \"id\": 65537, \"proto\": \"tcp\", \"client\": {\"addr\": \"198.51.100.7\", \"port\": 40000}, "
	    "\"virtual\": {\"addr\": \"192.0.2.1\", \"port\": 80}, \"server\": {\"addr\": \"10.0.0.1\", \"port\": 80}},"
	    "{\"end\": 1600000000, \"id\": 7}]", /* an end without a beginning */
	    "[{\"end\": 3750001000, \"id\": 65537}, {\"end\": 9000000000, \"id\": 65537},"
	    "{\"begin\": 4000000000, \"id\": 65538, \"proto\": \"udp\", \"client\": {\"addr\": \"2001:db8::7\", \"port\": 1}, "
	    "\"virtual\": {\"addr\": \"2001:db8::1\", \"port\": 53}, \"server\": {\"addr\": \"2001:db8::2\", \"port\": 53}}]"};
	char text[1000] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");
	struct recorder r;

	recorder_init(&r, out, 1000000000);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		json_t *json = json_loads(pages[i], 0, NULL);

		assert_int_equal(recorder_take(&r, json), 0);
		json_decref(json);
	}
	recorder_fini(&r);
	fclose(out);
	assert_string_equal(strstr(text, "\n0.") + 1, "0.500000 2.250001 tcp 198.51.100.7:40000 192.0.2.1:80 10.0.0.1:80\n"
						      "3.000000 - udp [2001:db8::7]:1 [2001:db8::1]:53 [2001:db8::2]:53\n");
	assert_int_equal(r.begun, 2);
	assert_int_equal(r.ended, 1);
}

static void test_recorder_wrong(void **state)
{
	static const char *const rows[] = {"{}", "[1]", "[{\"begin\": 1}]", "[{\"id\": 1}]",
	    "[{\"begin\": 1, \"id\": 1, \"proto\": \"tcp\"}]",
	    "[{\"begin\": 1, \"id\": 1, \"proto\": \"tcp\", \"client\": {\"addr\": \"x\", \"port\": 1}}]", "[{\"end\": \"1\", \"id\": 1}]"};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *json = json_loads(rows[i], 0, NULL);
		FILE *out = fopen("/dev/null", "w");
		struct recorder r;

		recorder_init(&r, out, 0);
		if (recorder_take(&r, json) != -EBADMSG)
			fail_msg("%s is taken", rows[i]);
		recorder_fini(&r);
		assert_int_equal(r.begun, 0);
		fclose(out);
		json_decref(json);
	}
}

static char *printed(const struct sim_report *report, int kind)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (kind == 0)
		sim_print_text(out, report);
	else if (kind == 1)
		assert_int_equal(sim_print_json(out, report), 0);
	else
		sim_plot(out, report);
	fclose(out);
	return text;
}

/* The same seed, the same bytes; a name can't break out of the picture; JSON is JSON. */
static void test_output(void **state)
{
	struct sim_result results[2];
	struct sim_trace trace = model_trace(1.5, 0, 1);
	struct sim_report report = {
	    .trace = &trace, .setup = &setup, .source = "a<b>&\"\033c", .made_up = true, .results = results, .count = 2};

	servers(3, (int[]){3, 2, 1});
	setup.warmup = SIM_NEVER;
	setup.seed = 1;
	assert_int_equal(sim_run(&trace, &setup, SL_SCHED_WRR, &results[0]), 0);
	assert_int_equal(sim_run(&trace, &setup, SL_SCHED_WLC, &results[1]), 0);
	for (int kind = 0; kind < 3; kind++) {
		char *first = printed(&report, kind), *second;

		assert_int_equal(sim_run(&trace, &setup, SL_SCHED_WLC, &results[1]), 0);
		second = printed(&report, kind);
		assert_string_equal(first, second);
		if (kind == 1) {
			json_t *json = json_loads(first, 0, NULL);

			assert_int_equal(json_array_size(json_object_get(json, "results")), 2);
			json_decref(json);
		}
		if (kind == 2)
			assert_true(strstr(first, "a&lt;b&gt;&amp;\"c") && strstr(first, "</svg>"));
		free(first);
		free(second);
	}
	sim_trace_fini(&trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_trace_round),
	    cmocka_unit_test(test_trace_order),
	    cmocka_unit_test(test_trace_wrong),
	    cmocka_unit_test(test_trace_hostile),
	    cmocka_unit_test(test_poisson),
	    cmocka_unit_test(test_heavy_tail),
	    cmocka_unit_test(test_big_client),
	    cmocka_unit_test(test_seed),
	    cmocka_unit_test(test_turns),
	    cmocka_unit_test(test_least),
	    cmocka_unit_test(test_thresholds),
	    cmocka_unit_test(test_persistence),
	    cmocka_unit_test(test_changes),
	    cmocka_unit_test(test_slow),
	    cmocka_unit_test(test_recorded),
	    cmocka_unit_test(test_recorder),
	    cmocka_unit_test(test_recorder_wrong),
	    cmocka_unit_test(test_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
