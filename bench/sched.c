/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: what choosing a server costs
 *
 * Every scheduler at 1 to 1,000 servers, and at 1,024 services of 10: time per choice, the empty loop subtracted. What a new connection
 * costs besides, its lookup and its insert, is not in it.
 */
#include "bench/bench.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bpf/sched.h"
#include "bench/clock.h"
#include "bench/lane.h"
#include "bench/report.h"
#include "bench/sched.bench.h"
#include "sluiced/sched/table.h"

enum { SLOTS = 1 << 12 };

static const struct column {
	uint32_t services, servers;
	const char *name;
} columns[] = {{1, 1, "1"}, {1, 10, "10"}, {1, 100, "100"}, {1, 1000, "1,000"}, {SCHED_SVCS, 10, "1,024 x 10"}};

static const struct row {
	enum sl_sched sched;
	uint32_t flags;
	const char *name;
} rows[] = {{SL_SCHED_RR, 0, "rr"}, {SL_SCHED_WRR, 0, "wrr"}, {SL_SCHED_DH, 0, "dh"}, {SL_SCHED_SH, 0, "sh"},
    {SL_SCHED_SH, SL_SVC_SCHED1 | SL_SVC_SCHED2, "sh, port and fallback"}, {SL_SCHED_MH, 0, "mh"},
    {SL_SCHED_MH, SL_SVC_SCHED1 | SL_SVC_SCHED2, "mh, port and fallback"}, {SL_SCHED_LC, 0, "lc"}, {SL_SCHED_WLC, 0, "wlc"},
    {SL_SCHED_SED, 0, "sed"}, {SL_SCHED_NQ, 0, "nq"}, {SL_SCHED_FO, 0, "fo"}, {SL_SCHED_OVF, 0, "ovf"}, {SL_SCHED_TWOS, 0, "twos"},
    {SL_SCHED_LBLC, 0, "lblc"}, {SL_SCHED_LBLCR, 0, "lblcr"}};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), ROWS = sizeof(rows) / sizeof(rows[0]) };

struct schedulers {
	struct bench *bench;
	struct lane *lane;
	struct sched_bench *skel;
	uint32_t words; /* of tables so far */
	uint32_t gen;
};

/* Weights of wrr that let it go far for the next one: a heavy one among light ones. */
static int32_t weight_of(enum sl_sched sched, uint32_t server)
{
	return sched == SL_SCHED_WRR && server % 100 == 0 ? 50 : 1 + server % 3;
}

static int set_table(struct schedulers *s, struct sl_svc *svc, const struct sched_server *servers)
{
	struct sched_table table;

	if (sched_table_make(svc->sched, false, servers, svc->count, &table))
		return -ENOMEM;
	svc->table = s->words;
	svc->table_len = table.len;
	if (table.words)
		memcpy(lane_tables(s->lane) + s->words, table.words, table.count * sizeof(*table.words));
	s->words += table.count;
	free(table.words);
	return 0;
}

static int set_service(struct schedulers *s, const struct row *row, uint32_t id, uint32_t count)
{
	struct sl_svc svc = {.id = id + 1, .gen = s->gen, .bound = s->gen, .count = count, .sched = row->sched, .flags = row->flags};
	struct sched_server *servers = calloc(count, sizeof(*servers));
	int err = servers ? 0 : -ENOMEM;

	svc.first = id * count;
	for (uint32_t i = 0; !err && i < count; i++) {
		uint32_t dest = svc.first + i + 1;
		int32_t weight = weight_of(row->sched, i);

		servers[i] = (struct sched_server){.port = i, .weight = weight, .last_weight = weight};
		servers[i].addr.w[2] = 0xffff0000;
		servers[i].addr.w[3] = dest * 2654435761U;
		lane_members(s->lane)[svc.first + i] = (struct sl_member){dest, weight};
		lane_dests(s->lane)[dest] =
		    (struct sl_dest){.flags = SL_DEST_USED, .svc = svc.id, .weight = weight, .addr = servers[i].addr};
		lane_loads(s->lane)[dest] = (struct sl_load){.active = row->sched == SL_SCHED_OVF ? 0 : 100 + i * 7 % 5};
		svc.gcd_weight = sched_gcd(svc.gcd_weight, weight);
		svc.max_weight = (uint32_t)weight > svc.max_weight ? (uint32_t)weight : svc.max_weight;
		svc.total_weight += weight;
	}
	if (!err)
		err = set_table(s, &svc, servers);
	free(servers);
	s->skel->bss->sched_svcs[id] = svc;
	return err;
}

/* ns a connection, or a negative errno. */
static double run(struct schedulers *s, const struct bpf_program *prog, uint32_t services, uint32_t count)
{
	unsigned char in[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_size_in = sizeof(in), .repeat = 1);
	uint64_t start;

	s->skel->bss->sched_run.services = services;
	s->skel->bss->sched_run.count = count;
	start = clock_cpu_ns();
	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts))
		return -errno;
	return (double)(clock_cpu_ns() - start) / count;
}

static int measure(struct schedulers *s, const struct row *row, const struct column *c)
{
	uint32_t count = (s->bench->quick ? 100000 : 400000) / (c->servers > 10 && row->sched != SL_SCHED_RR ? c->servers / 10 : 1);
	double empty, ns;

	s->gen++;
	s->words = 0;
	for (uint32_t id = 0; id < c->services; id++) {
		int err = set_service(s, row, id, c->servers);

		if (err)
			return err;
	}
	run(s, s->skel->progs.run_pick, c->services, count / 4);
	empty = run(s, s->skel->progs.run_empty, c->services, count);
	ns = run(s, s->skel->progs.run_pick, c->services, count);
	if (empty < 0 || ns < 0)
		return ns < 0 ? (int)ns : (int)empty;
	if (s->skel->bss->sched_run.chosen == count)
		report_sample(s->bench->report, row->name, c->name, ns - empty);
	else
		report_note(s->bench->report, "%s, %s: not measured: %u of %u connections got a server", row->name, c->name,
		    s->skel->bss->sched_run.chosen, count);
	return 0;
}

/* The worst of the rows `from` .. `to` in columns up to `column`. */
static double worst(const struct report *r, unsigned from, unsigned to, unsigned column)
{
	double most = 0;

	for (unsigned i = from; i <= to; i++)
		for (unsigned c = 0; c <= column; c++)
			most = fmax(most, report_median(r, rows[i].name, columns[c].name));
	return most;
}

static int load(struct schedulers *s)
{
	int err;

	s->skel = sched_bench__open();
	if (!s->skel)
		return -errno;
	LANE_CONSTANTS(s->skel, SLOTS);
	err = lane_share(s->lane, s->skel->obj);
	return err ? err : sched_bench__load(s->skel);
}

int bench_sched(struct bench *bench)
{
	struct schedulers s = {.bench = bench};
	int err;

	report_section(bench->report, "sched", "Choosing a server: time per choice by number of servers, empty loop subtracted", "ns");
	err = lane_open(SLOTS, &s.lane);
	if (!err)
		err = load(&s);
	for (unsigned round = 0; !err && round < bench->rounds; round++)
		for (unsigned i = 0; !err && i < ROWS; i++)
			for (unsigned c = 0; !err && c < COLUMNS; c++)
				err = measure(&s, &rows[i], &columns[c]);
	if (!err) {
		report_note(
		    bench->report, "1,024 x 10: services at random, whose entries and tables lie in no cache: judged is one service");
		report_target(
		    bench->report, "rr, wrr, dh, sh, mh at up to 1,000 servers", worst(bench->report, 0, 6, 3), REPORT_AT_MOST, 60, " ns");
		report_target(
		    bench->report, "lc, wlc, sed, nq at up to 100 servers", worst(bench->report, 7, 10, 2), REPORT_AT_MOST, 1000, " ns");
	}
	sched_bench__destroy(s.skel);
	if (s.lane)
		lane_close(s.lane);
	return err;
}
