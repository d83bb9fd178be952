/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>

struct report;

/* What all sections share. */
struct bench {
	struct report *report;
	bool quick;
	unsigned rounds;
	const char *build; /* build directory, for the daemon and ipvsadm */
	unsigned failures; /* sections that could not be measured */
};

/* The sections. Each returns 0 or -errno; what it had measured by then stays in the report. */
int bench_programs(struct bench *bench); /* ns per packet by test run */
int bench_table(struct bench *bench); /* the connection table against a BPF LRU hash */
int bench_sched(struct bench *bench); /* ns a choice of a server */
int bench_memory(struct bench *bench); /* bytes a connection, and the broom */
int bench_packets(struct bench *bench); /* packets a second over veth */
int bench_bulk(struct bench *bench); /* bulk TCP over veth */

#endif
