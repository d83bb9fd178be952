/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: what runs in front of a program under test, and the floors
 *
 * A test run with repeat gives the program its own output back the second time. So each repetition begins here: the frame gets its
 * length back and the header of the next flow, then the program under test is tail-called. What this costs is measured with a
 * trivial program as the target.
 */
#include "bench/bpf/frame.h"

#include <linux/pkt_cls.h>

struct flow_frame frame;
__u64 flow_state;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} xdp_target SEC(".maps"), tc_target SEC(".maps");

SEC("xdp") int drive_xdp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__s64 grown = end - data;

	barrier_var(grown); /* or the subtraction below is merged into arithmetic on pointers */
	grown -= frame.len;

	if (grown && bpf_xdp_adjust_head(ctx, grown))
		return XDP_ABORTED;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + FRAME_HEAD > end)
		return XDP_ABORTED;
	frame_write(data, &frame, frame_next(&flow_state, &frame));
	bpf_tail_call(ctx, &xdp_target, 0);
	return XDP_ABORTED;
}

SEC("tc") int drive_tc(struct __sk_buff *skb)
{
	__s32 grown = (__s32)skb->len - (__s32)frame.len;
	void *data, *end;

	if (grown && bpf_skb_adjust_room(skb, -grown, BPF_ADJ_ROOM_MAC, 0))
		return TC_ACT_SHOT;
	data = (void *)(long)skb->data;
	end = (void *)(long)skb->data_end;
	if (data + FRAME_HEAD > end)
		return TC_ACT_SHOT;
	frame_write(data, &frame, frame_next(&flow_state, &frame));
	bpf_tail_call(skb, &tc_target, 0);
	return TC_ACT_SHOT;
}

/* The floors of every program that sends a frame on: swap the MAC addresses. */
SEC("xdp") int bare_xdp_tx(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + ETH_HLEN > end)
		return XDP_ABORTED;
	frame_swap(data);
	return XDP_TX;
}

/* The floor of a tunnel: room for an outer header, and nothing in it but MAC addresses. */
SEC("xdp") int bare_xdp_grow(struct xdp_md *ctx)
{
	if (bpf_xdp_adjust_head(ctx, -20))
		return XDP_ABORTED;
	return bare_xdp_tx(ctx);
}

SEC("tc") int bare_tc_redirect(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	if (data + ETH_HLEN > end)
		return TC_ACT_SHOT;
	frame_swap(data);
	return bpf_redirect(skb->ifindex, 0);
}

char _license[] SEC("license") = "GPL";
