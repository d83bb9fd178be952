/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LANE_H
#define BENCH_LANE_H
/*
 * DOC: the real lanes over maps that the benchmark fills itself
 *
 * Both lanes are loaded from the build's own skeletons and share one set of maps, as in a director; no daemon, no interface.
 * There is one service (FLOW_VIP:FLOW_VPORT) with FLOW_SERVERS real servers for each forwarding method; connections are
 * entered straight into the table, with the words and the hash of include/sluice/word.h.
 */

#include <stdint.h>

#include "sluice/abi.h"

#define LANE_NAT_PORT 8080 /* the servers' port; tunnel and direct routing keep FLOW_VPORT */

struct lane;

/* Loads both lanes with a table of `slots` slots. 0 or -errno, a sentence is printed. */
int lane_open(uint32_t slots, struct lane **ret_lane);
void lane_close(struct lane *lane);

int lane_express_fd(const struct lane *lane);
int lane_full_fd(const struct lane *lane);

void lane_clear(struct lane *lane); /* no connection is left */

/* Enters flows 0 .. flows-1 as established TCP connections; returns how many found a slot. */
uint32_t lane_fill(struct lane *lane, enum sl_fwd fwd, uint32_t flows);

/* Turns every connection into one of another forwarding method. */
void lane_method(struct lane *lane, enum sl_fwd fwd);

struct sl_stats lane_stats(const struct lane *lane); /* of all servers and CPUs */

uint64_t lane_table_bytes(const struct lane *lane);
uint32_t lane_slots(const struct lane *lane);

/* Loads the broom over the same table and sweeps all of it once; ns of that, or a negative errno. */
double lane_sweep(struct lane *lane, struct sl_broom *ret_broom);

#endif
