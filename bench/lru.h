/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LRU_H
#define BENCH_LRU_H
/*
 * DOC: the peer on a BPF LRU hash, loaded and filled (bpf/lru.bpf.c)
 */

#include <stdint.h>

#include "bench/bpf/lru.h"

struct lru;

/* Key of a flow's TCP connection to FLOW_VPORT of server (host order). */
struct lru_key lru_key(uint32_t flow, uint32_t server);

int lru_open(uint32_t entries, struct lru **ret_lru); /* 0 or -errno */
void lru_close(struct lru *lru);

/* Enters flows 0 .. flows-1, to the servers that the lanes' table has for them. 0 or -errno. */
int lru_fill(struct lru *lru, uint32_t flows);

int lru_fd(const struct lru *lru);
int lru_map_fd(const struct lru *lru);
uint64_t lru_packets(const struct lru *lru); /* rewritten so far */

#endif
