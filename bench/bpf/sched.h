/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BPF_SCHED_H
#define BENCH_BPF_SCHED_H

#include <linux/types.h>

#define SCHED_SVCS 1024

/* What a loop over new connections is asked for, and what it found. */
struct sched_run {
	__u64 state; /* of the generator of flows, kept between runs */
	__u32 count; /* connections */
	__u32 services; /* that they go to, at random; a power of two */
	__u32 chosen; /* connections that got a server */
};

#endif
