/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: the connection table against a BPF LRU hash
 *
 * Both hold the same flows, both have twice the room. The empty loop is subtracted.
 */
#include "bench/bench.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "bench/bpf/lru.h"
#include "bench/bpf/table.h"
#include "bench/clock.h"
#include "bench/flow.h"
#include "bench/lane.h"
#include "bench/lru.h"
#include "bench/report.h"
#include "bench/table.bench.h"

enum { SLOTS = 1 << 21 };

static const struct column {
	uint32_t flows;
	const char *name;
} columns[] = {{1, "1"}, {65536, "65,536"}, {FLOW_MAX, "1,048,576"}};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

struct table {
	struct bench *bench;
	struct lane *lane;
	struct table_bench *skel;
};

/* ns an operation, or a negative errno. */
static double run(struct table *t, const struct bpf_program *prog, uint32_t flows, bool missing, uint32_t count)
{
	unsigned char in[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_size_in = sizeof(in), .repeat = 1);
	uint64_t start;

	t->skel->bss->table_run.mask = flows - 1;
	t->skel->bss->table_run.count = count;
	t->skel->bss->table_run.missing = missing;
	start = clock_cpu_ns();
	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts))
		return -errno;
	return (double)(clock_cpu_ns() - start) / count;
}

/* A sample of one figure: the operation, less the empty loop; `expect` of the operations must have succeeded. */
static void sample(
    struct table *t, const char *row, const struct column *c, const struct bpf_program *prog, bool missing, uint32_t count, double expect)
{
	double empty = run(t, t->skel->progs.run_empty, c->flows, missing, count), ns = run(t, prog, c->flows, missing, count);
	double done = (double)t->skel->bss->table_run.done / count;

	if (empty >= 0 && ns >= 0 && done >= expect - 0.001 && done <= expect + 0.001)
		report_sample(t->bench->report, row, c->name, ns - empty);
	else
		report_note(t->bench->report, "%s, %s flows: not measured: %.1f%% of the operations succeeded", row, c->name, 100 * done);
}

static void measure_hits(struct table *t)
{
	uint32_t count = t->bench->quick ? 200000 : 1000000;

	for (unsigned i = 0; i < COLUMNS; i++) {
		const struct column *c = &columns[i];

		run(t, t->skel->progs.run_hit, c->flows, false, count / 2);
		sample(t, "hit: this table", c, t->skel->progs.run_hit, false, count, 1);
		run(t, t->skel->progs.run_hit_lru, c->flows, false, count / 2);
		sample(t, "hit: BPF LRU hash", c, t->skel->progs.run_hit_lru, false, count, 1);
		sample(t, "miss: this table", c, t->skel->progs.run_hit, true, count, 0);
		sample(t, "miss: BPF LRU hash", c, t->skel->progs.run_hit_lru, true, count, 0);
	}
}

/* Deletes what a round entered. */
static void empty_lru(struct table *t)
{
	int fd = bpf_map__fd(t->skel->maps.lru_conns);

	for (uint32_t f = 0; f < FLOW_MAX; f++) {
		const struct lru_key key = lru_key(f, FLOW_VIP);

		bpf_map_delete_elem(fd, &key);
	}
}

static void measure_round(struct table *t)
{
	const struct column *all = &columns[COLUMNS - 1];

	lane_clear(t->lane);
	empty_lru(t);
	sample(t, "insert: this table", all, t->skel->progs.run_enter, false, FLOW_MAX, 1);
	sample(t, "insert: BPF LRU hash", all, t->skel->progs.run_enter_lru, false, FLOW_MAX, 1);
	measure_hits(t);
}

static int load(struct table *t)
{
	int err;

	t->skel = table_bench__open();
	if (!t->skel)
		return -errno;
	LANE_CONSTANTS(t->skel, SLOTS);
	bpf_map__set_max_entries(t->skel->maps.lru_conns, SLOTS);
	err = lane_share(t->lane, t->skel->obj);
	return err ? err : table_bench__load(t->skel);
}

int bench_table(struct bench *bench)
{
	struct table t = {.bench = bench};
	int err;

	report_section(bench->report, "table",
	    "Connection table: time per operation, empty loop subtracted (1,048,576 flows in it; random ones asked for)", "ns");
	err = lane_open(SLOTS, &t.lane);
	if (!err)
		err = load(&t);
	for (unsigned round = 0; !err && round < bench->rounds; round++)
		measure_round(&t);
	report_note(bench->report, "both have %u slots", SLOTS);
	table_bench__destroy(t.skel);
	if (t.lane)
		lane_close(t.lane);
	return err;
}
