/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: both ends of the packet benchmark, and its floors
 *
 * `generate` runs as live frames (BPF_F_TEST_XDP_LIVE_FRAMES): every frame is a packet as from a NIC's driver, written anew and
 * redirected into the client's interface. It reads the clock at two counts between which only whole batches lie, so the
 * fixed cost of a run is outside. `sink` counts and drops. The forwarders are what any director costs at least.
 */
#include "bench/bpf/frame.h"

#include <linux/pkt_cls.h>

struct flow_frame frame;
__u64 flow_state;
__u32 generate_if;
__u32 generate_count, count_from, count_to;
__u64 time_from, time_to;
__u64 sunk;
__u32 forward_if;
__u64 forward_mac[2]; /* destination, source */

SEC("xdp") int generate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 i = generate_count++;

	if (i == count_from)
		time_from = bpf_ktime_get_ns();
	if (i == count_to)
		time_to = bpf_ktime_get_ns();
	if (data + FRAME_HEAD > end)
		return XDP_ABORTED;
	frame_write(data, &frame, frame_next(&flow_state, &frame));
	return bpf_redirect(generate_if, 0);
}

SEC("xdp") int sink(struct xdp_md *ctx)
{
	sunk++;
	return XDP_DROP;
}

FRAME_INLINE int set_macs(void *data, void *end)
{
	if (data + ETH_HLEN > end)
		return -1;
	frame_mac(data, forward_mac[0], forward_mac[0] >> 32);
	frame_mac(data + 6, forward_mac[1], forward_mac[1] >> 32);
	return 0;
}

SEC("xdp") int forward_xdp(struct xdp_md *ctx)
{
	if (set_macs((void *)(long)ctx->data, (void *)(long)ctx->data_end))
		return XDP_ABORTED;
	return bpf_redirect(forward_if, 0);
}

SEC("tc") int forward_tc(struct __sk_buff *skb)
{
	if (set_macs((void *)(long)skb->data, (void *)(long)skb->data_end))
		return TC_ACT_SHOT;
	return bpf_redirect(forward_if, 0);
}

char _license[] SEC("license") = "GPL";
