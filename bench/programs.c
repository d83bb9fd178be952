/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: nanoseconds per packet, by test run
 *
 * Every program runs behind the same driver in the same round. A figure is what the bare program takes alone, plus what the
 * program takes behind the driver more than the bare one does: the driver cancels out. A case also checks that its packets went
 * the way it means to measure: the verdict, and the servers' packet counters.
 */
#include "bench/bench.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>

#include "bench/drive.h"
#include "bench/lane.h"
#include "bench/lru.h"
#include "bench/report.h"

enum { SLOTS = 1 << 21, TCP_SYN = 0x02, TCP_ACK = 0x10, NEW_FLOWS = 1 << 20, CLIENTS = 1 << 14, LONG_LIST = 10000 };

#define SHORT_ROW "express lane, new, allow-list of 1 prefix"
#define LONG_ROW "express lane, new, allow-list of 10,000"

static const struct column {
	uint32_t flows;
	const char *name;
} columns[] = {{1, "1"}, {4096, "4,096"}, {65536, "65,536"}, {FLOW_MAX, "1,048,576"}};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

enum kind { BARE, GROW, LANE, PEER };

/* What a case's packets are. */
enum packet { REQUEST, REPLY, STRANGER };

static const struct test {
	const char *row;
	enum drive_hook hook;
	enum kind kind;
	enum packet packet;
	enum sl_fwd fwd;
	int verdict;
} tests[] = {
    {"bare XDP_TX (floor)", DRIVE_XDP, BARE, REQUEST, SL_FWD_MASQ, XDP_TX},
    {"bare XDP_TX, 20 bytes longer (floor of TUN)", DRIVE_XDP, GROW, REQUEST, SL_FWD_MASQ, XDP_TX},
    {"NAT on a BPF LRU hash (peer)", DRIVE_XDP, PEER, REQUEST, SL_FWD_MASQ, XDP_TX},
    {"express lane, NAT", DRIVE_XDP, LANE, REQUEST, SL_FWD_MASQ, XDP_TX},
    {"express lane, NAT reply", DRIVE_XDP, LANE, REPLY, SL_FWD_MASQ, XDP_TX},
    {"express lane, not ours", DRIVE_XDP, LANE, STRANGER, SL_FWD_MASQ, XDP_PASS},
    {"bare tc redirect (floor)", DRIVE_TC, BARE, REQUEST, SL_FWD_MASQ, TC_ACT_REDIRECT},
    {"full lane, NAT", DRIVE_TC, LANE, REQUEST, SL_FWD_MASQ, TC_ACT_REDIRECT},
    {"full lane, NAT reply", DRIVE_TC, LANE, REPLY, SL_FWD_MASQ, TC_ACT_REDIRECT},
    {"full lane, not ours", DRIVE_TC, LANE, STRANGER, SL_FWD_MASQ, TC_ACT_UNSPEC},
    {"express lane, DR", DRIVE_XDP, LANE, REQUEST, SL_FWD_DROUTE, XDP_TX},
    {"full lane, DR", DRIVE_TC, LANE, REQUEST, SL_FWD_DROUTE, TC_ACT_REDIRECT},
    {"express lane, TUN", DRIVE_XDP, LANE, REQUEST, SL_FWD_TUNNEL, XDP_TX},
};

enum { TESTS = sizeof(tests) / sizeof(tests[0]) };

struct programs {
	struct bench *bench;
	struct drive *drive;
	struct lane *lane;
	struct lru *lru;
	double alone[2]; /* bare program without driver, ns, by hook */
	double driven[2][COLUMNS]; /* the same behind the driver */
	double shrink; /* what the driver takes to undo 20 bytes of growth, ns */
	bool broken[TESTS];
};

static int test_fd(const struct programs *p, const struct test *t)
{
	switch (t->kind) {
	case BARE: return drive_bare_fd(p->drive, t->hook);
	case GROW: return drive_grow_fd(p->drive);
	case PEER: return lru_fd(p->lru);
	default: return t->hook == DRIVE_XDP ? lane_express_fd(p->lane) : lane_full_fd(p->lane);
	}
}

static struct flow_frame test_frame(const struct test *t, uint32_t flows)
{
	struct flow_frame f = drive_frame(FLOW_VIP, FLOW_VPORT, IPPROTO_TCP, TCP_ACK);

	if (t->packet == STRANGER) {
		f.server = FLOW_OTHER;
		f.client_offset = FLOW_MAX;
	}
	if (t->packet == REPLY) {
		f.server = FLOW_RS;
		f.server_mask = FLOW_SERVERS - 1;
		f.port = LANE_NAT_PORT;
		f.reverse = 1;
		drive_frame_sums(&f);
	}
	f.mask = flows - 1;
	return f;
}

/* Packets that the counters say went this test's way. */
static uint64_t test_count(const struct programs *p, const struct test *t)
{
	struct sl_stats s;

	if (t->kind == PEER)
		return lru_packets(p->lru);
	s = lane_stats(p->lane);
	return t->packet == REPLY ? s.out_pkts : s.in_pkts;
}

/* One flow in a thousand may have found no slot: both its buckets were full when it was entered. */
static bool went_right(const struct test *t, uint64_t counted, uint32_t repeat, uint32_t verdict)
{
	if ((int)verdict != t->verdict)
		return false;
	if (t->kind == BARE || t->kind == GROW)
		return true;
	return t->packet == STRANGER ? counted == 0 : counted + repeat / 1000 >= repeat;
}

/* ns a packet behind the driver, or NAN when the packets went elsewhere. */
static double driven(struct programs *p, unsigned test, uint32_t flows, uint32_t repeat)
{
	const struct test *t = &tests[test];
	const struct flow_frame frame = test_frame(t, flows);
	uint32_t verdict = 0, warm = flows < repeat ? flows + 1 : repeat / 2;
	uint64_t before;
	double ns;

	drive_run(p->drive, t->hook, test_fd(p, t), &frame, warm, &verdict);
	before = test_count(p, t);
	ns = drive_run(p->drive, t->hook, test_fd(p, t), &frame, repeat, &verdict);
	if (ns >= 0 && went_right(t, test_count(p, t) - before, repeat, verdict))
		return ns;
	if (!p->broken[test])
		report_note(p->bench->report, "%s: not measured: verdict %d instead of %d, %llu of %u packets counted", t->row,
		    (int)verdict, t->verdict, (unsigned long long)(test_count(p, t) - before), repeat);
	p->broken[test] = true;
	return NAN;
}

static void measure_cell(struct programs *p, unsigned test, unsigned column)
{
	const struct test *t = &tests[test];
	uint32_t repeat = p->bench->quick ? 100000 : 400000;
	double ns = driven(p, test, columns[column].flows, repeat);

	if (t->kind == BARE)
		p->driven[t->hook][column] = ns;
	ns += p->alone[t->hook] - p->driven[t->hook][column];
	if (t->kind == GROW)
		p->shrink = (ns - p->alone[DRIVE_XDP]) / 2;
	if (t->kind == GROW || (t->hook == DRIVE_XDP && t->fwd == SL_FWD_TUNNEL))
		ns -= p->shrink;
	if (!isnan(ns))
		report_sample(p->bench->report, t->row, columns[column].name, ns);
}

static void measure_alone(struct programs *p)
{
	for (int hook = DRIVE_XDP; hook <= DRIVE_TC; hook++)
		p->alone[hook] = drive_alone(drive_bare_fd(p->drive, hook), 1000000);
}

/* A connection for every packet, into an empty table with room for twice as many. */
static void measure_new(struct programs *p, enum drive_hook hook, const char *row)
{
	struct flow_frame frame = drive_frame(FLOW_VIP, FLOW_VPORT, IPPROTO_TCP, TCP_SYN);
	uint32_t count = p->bench->quick ? NEW_FLOWS / 4 : NEW_FLOWS, verdict;
	uint64_t conns;
	double ns, floor;

	frame.serial = 1;
	frame.mask = NEW_FLOWS - 1;
	lane_clear(p->lane);
	floor = drive_run(p->drive, hook, drive_bare_fd(p->drive, hook), &frame, count, &verdict);
	conns = lane_stats(p->lane).conns;
	ns = drive_run(p->drive, hook, hook == DRIVE_XDP ? lane_express_fd(p->lane) : lane_full_fd(p->lane), &frame, count, &verdict);
	conns = lane_stats(p->lane).conns - conns;
	if (ns >= 0 && conns + count / 1000 >= count)
		report_sample(p->bench->report, row, "1,048,576", ns - floor + p->alone[hook]);
	else
		report_note(p->bench->report, "%s: not measured: %llu connections of %u packets", row, (unsigned long long)conns, count);
}

/*
 * Half of the clients are let in: those of one prefix, or those of as many as they are and the rest elsewhere. So both lists
 * make as many connections of the same packets, at random.
 */
static uint32_t make_list(uint32_t prefixes, struct sl_addr *bounds)
{
	uint32_t base = prefixes == 1 ? FLOW_CLIENT : FLOW_CLIENT - 2 * (prefixes - CLIENTS / 2), step = prefixes == 1 ? CLIENTS / 2 : 1;

	for (uint32_t i = 0; i < 2 * prefixes; i++) {
		bounds[i] = (struct sl_addr){.b = {[10] = 0xff, [11] = 0xff}};
		bounds[i].w[3] = htonl(base + i * step);
	}
	return 2 * prefixes;
}

static void measure_list(struct programs *p, uint32_t prefixes, const char *row)
{
	static struct sl_addr bounds[2 * LONG_LIST];
	struct flow_frame frame = drive_frame(FLOW_VIP, FLOW_VPORT, IPPROTO_TCP, TCP_SYN);
	uint32_t count = p->bench->quick ? NEW_FLOWS / 4 : NEW_FLOWS, verdict;
	uint64_t packets;
	double ns, floor;

	frame.mask = NEW_FLOWS - 1;
	lane_clear(p->lane);
	if (lane_allow(p->lane, bounds, make_list(prefixes, bounds)))
		return;
	floor = drive_run(p->drive, DRIVE_XDP, drive_bare_fd(p->drive, DRIVE_XDP), &frame, count, &verdict);
	packets = lane_stats(p->lane).in_pkts;
	ns = drive_run(p->drive, DRIVE_XDP, lane_express_fd(p->lane), &frame, count, &verdict);
	packets = lane_stats(p->lane).in_pkts - packets;
	if (ns >= 0 && packets > count / 2 - count / 20 && packets < count / 2 + count / 20)
		report_sample(p->bench->report, row, "1,048,576", ns - floor + p->alone[DRIVE_XDP]);
	else
		report_note(p->bench->report, "%s: not measured: %llu of %u packets let in", row, (unsigned long long)packets, count);
	lane_allow(p->lane, NULL, 0);
}

static void measure_round(struct programs *p)
{
	enum sl_fwd fwd = SL_FWD_MASQ;

	measure_alone(p);
	lane_fill(p->lane, SL_FWD_MASQ, FLOW_MAX);
	for (unsigned t = 0; t < TESTS; t++) {
		if (tests[t].fwd != fwd)
			lane_method(p->lane, tests[t].fwd);
		fwd = tests[t].fwd;
		for (unsigned c = 0; c < COLUMNS; c++)
			measure_cell(p, t, c);
	}
	measure_new(p, DRIVE_XDP, "express lane, new connection");
	measure_new(p, DRIVE_TC, "full lane, new connection");
	measure_list(p, 1, SHORT_ROW);
	measure_list(p, LONG_LIST, LONG_ROW);
}

static void judge(struct report *r)
{
	double floor = report_median(r, tests[0].row, "1"), one = report_median(r, "express lane, NAT", "1");
	double many = report_median(r, "express lane, NAT", "1,048,576"),
	       lru = report_median(r, "NAT on a BPF LRU hash (peer)", "1,048,576");

	report_target(r, "express lane NAT, one flow, above the bare XDP_TX", one - floor, REPORT_AT_MOST, 25, " ns");
	report_target(r, "an allow-list of 10,000 prefixes, of one of 1 prefix",
	    report_median(r, LONG_ROW, "1,048,576") / report_median(r, SHORT_ROW, "1,048,576"), REPORT_AT_MOST, 1.3, " x");
	report_target(r, "express lane NAT, 1,048,576 flows, of the same on a BPF LRU hash", many / lru, REPORT_AT_MOST, 0.4, " x");
}

static int set_up(struct programs *p)
{
	int err = drive_open(&p->drive);

	if (!err)
		err = lane_open(SLOTS, &p->lane);
	if (!err)
		err = lru_open(SLOTS, &p->lru);
	if (!err)
		err = lru_fill(p->lru, FLOW_MAX);
	return err;
}

int bench_programs(struct bench *bench)
{
	struct programs p = {.bench = bench};
	int err;

	report_section(
	    bench->report, "programs", "Programs: time per packet, by test run (1,048,576 connections in the table; random flows)", "ns");
	err = set_up(&p);
	for (unsigned round = 0; !err && round < bench->rounds; round++)
		measure_round(&p);
	if (!err) {
		report_note(bench->report,
		    "TUN in the full lane can't be repeated in a test run: the kernel takes no second tunnel header on an skb");
		report_note(bench->report, "table and LRU hash have %u slots; what undoing a tunnel's growth takes (%.1f ns) is subtracted",
		    SLOTS, p.shrink);
		report_note(bench->report, "of the packets to a service with an allow-list half are let in");
		judge(bench->report);
	}
	lru_close(p.lru);
	if (p.lane)
		lane_close(p.lane);
	drive_close(p.drive);
	return err;
}
