/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H
/*
 * DOC: writing the header of a flow
 *
 * Every store has the shape of the fields that a parser reads: a load that spans two younger stores waits for both to reach the
 * cache, and the program under test would be charged for it.
 */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include "bench/flow.h"

#define FRAME_INLINE static inline __attribute__((always_inline))
#define FRAME_HEAD 54 /* Ethernet, IPv4, TCP */

FRAME_INLINE __u32 frame_sum32(__u32 v)
{
	return (v & 0xffff) + (v >> 16);
}

FRAME_INLINE __u16 frame_fold(__u32 sum)
{
	return ~frame_sum32(frame_sum32(sum));
}

/* A MAC address as 4 and 2 bytes. */
FRAME_INLINE void frame_mac(void *to, __u32 head, __u16 tail)
{
	*(__u32 *)to = head;
	*(__u16 *)(to + 4) = tail;
}

FRAME_INLINE void frame_l3(void *ip, const struct flow_frame *f, __be32 client, __be32 server)
{
	__u32 sum = f->ip_sum + frame_sum32(client) + frame_sum32(server);

	*(__be32 *)ip = bpf_htonl(0x45000000 | (f->len - ETH_HLEN));
	*(__be32 *)(ip + 4) = bpf_htonl(0x4000);
	*(__u32 *)(ip + 8) = 64 | f->proto << 8 | (__u32)frame_fold(sum) << 16;
	*(__be32 *)(ip + 12) = f->reverse ? server : client;
	*(__be32 *)(ip + 16) = f->reverse ? client : server;
}

FRAME_INLINE void frame_l4(void *l4, const struct flow_frame *f, __u32 addr_sum, __be16 cport)
{
	__be16 port = bpf_htons(f->port);
	__u32 sum = f->l4_sum + addr_sum + cport;

	*(__u32 *)l4 = f->reverse ? port | (__u32)cport << 16 : cport | (__u32)port << 16;
	if (f->proto == IPPROTO_UDP) {
		*(__u32 *)(l4 + 4) = bpf_htons(f->len - 34) | (__u32)frame_fold(sum) << 16;
		return;
	}
	*(__u32 *)(l4 + 4) = 0;
	*(__u32 *)(l4 + 8) = 0;
	*(__u32 *)(l4 + 12) = 0x50 | (__u32)f->tcp_flags << 8 | (__u32)bpf_htons(8192) << 16;
	*(__u32 *)(l4 + 16) = frame_fold(sum);
}

/* Writes flow's header; head has FRAME_HEAD bytes. */
FRAME_INLINE void frame_write(void *head, const struct flow_frame *f, __u32 flow)
{
	__be32 client = bpf_htonl(flow_addr(flow) + f->client_offset);
	__be32 server = bpf_htonl(f->server + (flow & f->server_mask));

	frame_mac(head, f->dmac4, f->dmac2);
	frame_mac(head + 6, f->smac4, f->smac2);
	*(__u16 *)(head + 12) = bpf_htons(ETH_P_IP);
	frame_l3(head + ETH_HLEN, f, client, server);
	frame_l4(head + ETH_HLEN + 20, f, frame_sum32(client) + frame_sum32(server), bpf_htons(flow_port(flow)));
}

/* The next flow: at random, or in turn. */
FRAME_INLINE __u32 frame_next(__u64 *state, const struct flow_frame *f)
{
	if (f->serial)
		return (*state)++ & f->mask;
	*state = flow_draw(*state);
	return *state >> 33 & f->mask;
}

/* Swaps the MAC addresses; 14 bytes. */
FRAME_INLINE void frame_swap(void *head)
{
	__u32 dst4 = *(__u32 *)head, src4 = *(__u32 *)(head + 6);
	__u16 dst2 = *(__u16 *)(head + 4), src2 = *(__u16 *)(head + 10);

	frame_mac(head, src4, src2);
	frame_mac(head + 6, dst4, dst2);
}

#endif
