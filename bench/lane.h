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

enum { LANE_SEED0 = 0x5eed0001, LANE_SEED1 = 0x5eed0002, LANE_TICK_SHIFT = 6 };

/* Sets the constants of an opened skeleton whose object includes bpf/maps.h. */
#define LANE_CONSTANTS(skel, slots)                                              \
	do {                                                                     \
		(skel)->rodata->cfg_bucket_mask = (slots) / SL_BUCKET_SLOTS - 1; \
		(skel)->rodata->cfg_tick_shift = LANE_TICK_SHIFT;                \
		(skel)->rodata->cfg_seed0 = LANE_SEED0;                          \
		(skel)->rodata->cfg_seed1 = LANE_SEED1;                          \
	} while (0)

struct bpf_object;
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

/* The service gets an allow-list of these bounds (bpf/allow.h); count 0: none, everybody is let in. */
int lane_allow(struct lane *lane, const struct sl_addr *bounds, uint32_t count);

/* The maps' memory, for who fills it otherwise. */
struct sl_member *lane_members(struct lane *lane);
uint32_t *lane_tables(struct lane *lane);
struct sl_dest *lane_dests(struct lane *lane);
struct sl_load *lane_loads(struct lane *lane);

struct sl_stats lane_stats(const struct lane *lane); /* of all servers and CPUs */

int lane_tags_fd(const struct lane *lane);
int lane_conns_fd(const struct lane *lane);

/* Gives the lanes' maps to another object that declares them, before it is loaded. 0 or -errno. */
int lane_share(const struct lane *lane, struct bpf_object *obj);

/* Sweeps the whole table once with the broom; ns of that, or a negative errno. */
double lane_sweep(struct lane *lane, struct sl_broom *ret_broom);

#endif
