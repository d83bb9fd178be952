/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_TAP_H
#define SLUICE_TAP_H
/* What the tap (bpf/tap.bpf.c) and the daemon share. */

#include "abi.h"

#define SL_TAP_KEPT 1600 /* bytes of a packet that are kept, at most */
#define SL_TAP_ENDS 4096

/* Which packets are wanted. The map tap_ends names services and servers (addr, port, proto; port 0: any); a packet to or from one of them
 * fits. */
struct sl_tap_filter {
	struct sl_addr client; /* a prefix: source or destination must fit */
	struct sl_addr mask; /* 0: anybody */
	__u32 ends; /* 0: tap_ends is not asked */
	__u32 sample; /* one packet of so many; 1: all */
	__u8 proto; /* 0: any */
	__u8 zero[7];
};
_Static_assert(sizeof(struct sl_tap_filter) == 48, "sl_tap_filter");

/* A packet in the ring, as it came: this, then `kept` bytes. */
struct sl_tapped {
	__u64 ns; /* CLOCK_MONOTONIC */
	__u32 ifindex;
	__u32 len; /* of the frame */
	__u32 kept;
	__u32 mark;
	__u32 express; /* it came by the express lane's hook */
	__u32 egress; /* it left the host instead */
};
_Static_assert(sizeof(struct sl_tapped) == 32, "sl_tapped");

#endif
