/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_BPF_LRU_H
#define BENCH_BPF_LRU_H

#include <linux/types.h>

struct lru_key {
	__be32 saddr;
	__be32 daddr;
	__be32 ports; /* source, destination, as in the packet */
	__u32 proto;
};

struct lru_conn {
	__be32 daddr;
	__be16 dport;
	__u16 dest;
	__u64 seen;
};

struct lru_counter {
	__u64 packets;
	__u64 bytes;
};

#endif
