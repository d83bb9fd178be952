/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BPF_TABLE_H
#define BENCH_BPF_TABLE_H

#include <linux/types.h>

/* What a loop over flows is asked for, and what it found. */
struct table_run {
	__u64 state; /* of the generator of flows, kept between runs */
	__u32 mask; /* flows - 1 */
	__u32 count; /* operations */
	__u32 done; /* operations that succeeded */
	__u32 missing; /* 1: ask for flows that aren't there */
};

#endif
