/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: memory a connection takes, and the broom
 *
 * Memory is what the kernel says a map holds (fdinfo's memlock), per connection it has room for. The broom sweeps a table
 * with 1,048,576 connections of which none is due: that is what it does all day.
 */
#include "bench/bench.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/flow.h"
#include "bench/lane.h"
#include "bench/lru.h"
#include "bench/report.h"

enum { SLOTS = 1 << 20, SWEEP_SLOTS = 1 << 21 };

static double memlock(int map)
{
	unsigned long long bytes = 0;
	char path[64], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", map);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "memlock: %llu", &bytes);
	if (f)
		fclose(f);
	return bytes;
}

static int measure_memory(struct bench *bench)
{
	struct lane *lane = NULL;
	struct lru *lru = NULL;
	int err = lane_open(SLOTS, &lane);

	if (!err)
		err = lru_open(SLOTS, &lru);
	if (!err) {
		report_sample(bench->report, "bytes a connection: this table", "",
		    (memlock(lane_tags_fd(lane)) + memlock(lane_conns_fd(lane))) / SLOTS);
		report_sample(bench->report, "bytes a connection: BPF LRU hash", "", memlock(lru_map_fd(lru)) / SLOTS);
	}
	lru_close(lru);
	if (lane)
		lane_close(lane);
	return err;
}

static int measure_broom(struct bench *bench)
{
	struct sl_broom broom;
	struct lane *lane = NULL;
	int err = lane_open(SWEEP_SLOTS, &lane);

	if (err)
		return err;
	lane_fill(lane, SL_FWD_MASQ, FLOW_MAX);
	for (unsigned round = 0; round < bench->rounds; round++) {
		double ns = lane_sweep(lane, &broom);

		if (ns < 0 || broom.freed) {
			err = ns < 0 ? (int)ns : -EIO;
			break;
		}
		report_sample(bench->report, "broom: ms per million connections", "", ns / broom.live);
		report_sample(bench->report, "broom: ns a slot", "", ns / SWEEP_SLOTS);
	}
	lane_close(lane);
	return err;
}

int bench_memory(struct bench *bench)
{
	int err;

	report_section(bench->report, "memory", "Memory, and the broom (2,097,152 slots, half of them taken, nothing due)", "");
	err = measure_memory(bench);
	return err ? err : measure_broom(bench);
}
