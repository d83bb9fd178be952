/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: packets for the concurrency test
 *
 * Each run makes of the frame a random TCP packet of one of `churn_flows` clients, or of a real server to one of them, and tail-calls the
 * lane. A test run that repeats thus sends millions of different packets through the lane without leaving the kernel.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "GPL";

const volatile __u32 churn_flows = 1024;
const volatile __u32 churn_servers = 3;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} lane_xdp SEC(".maps"), lane_tc SEC(".maps");

/* What clients and servers send, and how often out of sixteen. */
static const __u8 client_flags[16] = {0x02, 0x02, 0x02, 0x02, 0x02, 0x10, 0x10, 0x10, 0x10, 0x10, 0x18, 0x18, 0x11, 0x11, 0x04, 0x00};
static const __u8 server_flags[16] = {0x12, 0x12, 0x12, 0x12, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x18, 0x18, 0x11, 0x11, 0x14, 0x04};

static __always_inline int churn_frame(void *data, void *end)
{
	__u32 random = bpf_get_prandom_u32(), client = bpf_htonl(0xc6330000 + random % churn_flows), reply = random >> 31;
	__u32 server = bpf_htonl(0x0a01000b + (random >> 28 & 7) % churn_servers), pick = random >> 24 & 15;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);

	if ((void *)(tcp + 1) > end)
		return -1;
	*(__u32 *)eth->h_dest = bpf_htonl(0x02000000);
	*(__be16 *)(eth->h_dest + 4) = bpf_htons(0x0001);
	eth->h_proto = bpf_htons(ETH_P_IP);
	*(__u8 *)ip = 0x45;
	ip->tot_len = bpf_htons(sizeof(*ip) + sizeof(*tcp));
	ip->frag_off = 0;
	ip->ttl = 64;
	ip->protocol = IPPROTO_TCP;
	ip->saddr = reply ? server : client;
	ip->daddr = reply ? client : bpf_htonl(0xc0000201);
	tcp->source = bpf_htons(reply ? 8080 : 40000);
	tcp->dest = bpf_htons(reply ? 40000 : 80);
	((__u8 *)tcp)[12] = 0x50;
	((__u8 *)tcp)[13] = reply ? server_flags[pick] : client_flags[pick];
	return 0;
}

SEC("xdp") int churn_xdp(struct xdp_md *xdp)
{
	if (!churn_frame((void *)(long)xdp->data, (void *)(long)xdp->data_end))
		bpf_tail_call(xdp, &lane_xdp, 0);
	return XDP_ABORTED;
}

SEC("tc") int churn_tc(struct __sk_buff *skb)
{
	if (!churn_frame((void *)(long)skb->data, (void *)(long)skb->data_end))
		bpf_tail_call(skb, &lane_tc, 0);
	return 2;
}
