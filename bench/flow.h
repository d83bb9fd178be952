/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_FLOW_H
#define BENCH_FLOW_H
/*
 * DOC: the flows of the benchmarks, the same in programs and in the harness
 *
 * Flow f is a client's address and port: 16,384 addresses of 10.64.0.0/18, 64 ports each. Random flows are drawn by a
 * linear congruential generator, so that a run needs no memory for them and every peer meets the same ones.
 */

#include <linux/types.h>

#define FLOW_CLIENT 0x0a400000u /* 10.64.0.0, host order */
#define FLOW_VIP 0x0a090001u /* 10.9.0.1 */
#define FLOW_OTHER 0x0a080001u /* 10.8.0.1: an address that is no service's */
#define FLOW_RS 0x0a02000bu /* 10.2.0.11, and the next FLOW_SERVERS - 1 */
#define FLOW_VPORT 80
#define FLOW_CPORT 1024
#define FLOW_SERVERS 16
#define FLOW_MAX (1u << 20)
#define FLOW_LEN 64 /* of a frame */

static inline __attribute__((always_inline)) __u32 flow_addr(__u32 flow)
{
	return FLOW_CLIENT + (flow & 0x3fff);
}

static inline __attribute__((always_inline)) __u16 flow_port(__u32 flow)
{
	return FLOW_CPORT + (flow >> 14);
}

static inline __attribute__((always_inline)) __u64 flow_draw(__u64 state)
{
	return state * 6364136223846793005ULL + 1442695040888963407ULL;
}

/* A frame to write, without the client's end. Addresses and ports in host order, MACs as 4 and 2 bytes. */
struct flow_frame {
	__u32 dmac4;
	__u32 smac4;
	__u16 dmac2;
	__u16 smac2;
	__u32 client_offset; /* added to a flow's client address: others than the flows' */
	__u32 server; /* address of the other end: server + (flow & server_mask) */
	__u32 server_mask;
	__u16 port; /* of the other end */
	__u8 proto;
	__u8 tcp_flags;
	__u32 len; /* of the whole frame */
	__u32 mask; /* flows - 1 */
	__u32 serial; /* 1: flows in turn; 0: at random */
	__u32 reverse; /* 1: from the server to the client */
	__u32 ip_sum; /* checksum bases, of all but the addresses and the client's port */
	__u32 l4_sum;
};

#endif
