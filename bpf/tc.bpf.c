/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: the full lane
 *
 * tc ingress on every L3 interface: the whole product. The egress hook un-NATs what the host's own servers answer; the mark device takes
 * up what netfilter has marked. What is not ours goes on to the next program with TC_ACT_UNSPEC, as if we were not there.
 */

#include "bpf/ctx/tc.h"
#include "bpf/pipeline.h"

char _license[] SEC("license") = "GPL";

NOINLINE int lane_neigh(const struct pkt *p)
{
	struct bpf_redir_neigh nh = {};

	if (p->gw.d[0] == 0 && p->gw.d[1] == 0)
		return bpf_redirect_neigh(p->out_if, 0, 0, 0);
	if (addr_is_v4(&p->gw)) {
		nh.nh_family = HOP_AF_INET;
		nh.ipv4_nh = p->gw.w[3];
	} else {
		nh.nh_family = HOP_AF_INET6;
		__builtin_memcpy(nh.ipv6_nh, &p->gw, 16);
	}
	return bpf_redirect_neigh(p->out_if, &nh, sizeof(nh), 0);
}

/* Up, but as if it came in by the mark device. */
NOINLINE int lane_behind(struct __sk_buff *skb, __u32 ifindex)
{
	static const __u8 mac[6] = {SL_MARK_MAC};
	struct ethhdr *eth = ctx_data(skb);

	if ((void *)(eth + 1) > ctx_end(skb))
		return TC_ACT_UNSPEC;
	__builtin_memcpy(eth->h_dest, mac, sizeof(mac));
	return bpf_redirect(ifindex, BPF_F_INGRESS);
}

SL_INLINE int lane_verdict(struct __sk_buff *skb, const struct pkt *p, int verdict)
{
	switch (verdict) {
	case PKT_SEND: return bpf_redirect(p->out_if, 0);
	case PKT_NEIGH: return lane_neigh(p);
	case PKT_DELIVER: return p->out_if ? lane_behind(skb, p->out_if) : TC_ACT_UNSPEC;
	case PKT_DROP: map_count(p->reason); return TC_ACT_SHOT;
	default: return TC_ACT_UNSPEC;
	}
}

SEC("tc") int full_ingress(struct __sk_buff *skb)
{
	struct pkt p = {};

	/* 0 is PACKET_HOST. A tagged packet comes again on its VLAN device, untagged. */
	if (skb->pkt_type != 0 || skb->vlan_present)
		return TC_ACT_UNSPEC;
	return lane_verdict(skb, &p, pipeline(skb, &p));
}

SEC("tc") int full_egress(struct __sk_buff *skb)
{
	const struct sl_settings *set = map_settings();
	struct pkt p = {};

	/* What came in by an interface is not the host's own. */
	if (skb->ingress_ifindex || !set || !(set->flags & SL_SET_EGRESS))
		return TC_ACT_UNSPEC;
	return lane_verdict(skb, &p, pipeline_egress(skb, &p));
}

/*
 * Egress of the mark device: what netfilter has marked and the host's routing rules have sent here (sluiced/mark/). What is not for a mark
 * service after all, or for a local server, goes on from here as if it came in by this device; the rules let that pass.
 */
SEC("tc") int full_mark(struct __sk_buff *skb)
{
	struct pkt p = {};
	int verdict;

	/* The host's own: neighbour discovery and the like. There is nobody here. */
	if (!skb->ingress_ifindex)
		return TC_ACT_SHOT;
	verdict = pipeline_marked(skb, &p, skb->ingress_ifindex);
	if (verdict == PKT_PASS || verdict == PKT_DELIVER)
		return bpf_redirect(skb->ifindex, BPF_F_INGRESS);
	return lane_verdict(skb, &p, verdict);
}
