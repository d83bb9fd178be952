/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_TRAIL_H
#define SLUICE_TRAIL_H
/*
 * What the lanes tell of connections while somebody records (SL_SET_RECORD), through the ring buffer map `trail`: when one begins, and when
 * it ends to IPVS: a TCP one when it leaves the active states, any other when its entry goes. An end may be told twice, or of a connection
 * whose beginning was not; the slot and its generation say which. Events that find no room are counted (SL_EV_TRAIL_LOST).
 */

#include "abi.h"

#define SL_TRAIL_BYTES (4 << 20)

enum sl_trail_what { SL_TRAIL_BEGIN = 1, SL_TRAIL_END };

struct sl_trail {
	__u64 ns; /* CLOCK_MONOTONIC */
	__u32 slot;
	__u16 gen;
	__u8 what; /* enum sl_trail_what */
	__u8 proto; /* from here on of a beginning alone, but age */
	struct sl_addr caddr;
	struct sl_addr vaddr;
	__be16 cport;
	__be16 vport;
	__be16 dport;
	__u16 svc;
	__u32 dest;
	__u32 age; /* of an end: ticks since the connection's last packet */
};
_Static_assert(sizeof(struct sl_trail) == 64, "sl_trail");

#endif
