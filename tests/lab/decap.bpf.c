/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: the far end of a tunnel, for real servers of the lab
 *
 * Takes the outer IP header off IPIP packets of all four kinds (4-in-4, 6-in-6, 4-in-6, 6-in-4) on tc ingress, because a lab's kernel may
 * have no ipip module. GSO packets stay whole. Everything else passes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define DECAP_TO_V4 (1ULL << 7) /* BPF_F_ADJ_ROOM_DECAP_L3_IPV4 and _IPV6; Debian 12's headers have no names for them */
#define DECAP_TO_V6 (1ULL << 8)

/* Length of the outer header, 0 when the packet is no tunnel's; *ret_inner is the inner protocol (4 or 41). */
static __always_inline int outer(struct __sk_buff *skb, __u8 *ret_inner)
{
	struct iphdr v4;
	struct ipv6hdr v6;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (bpf_skb_load_bytes(skb, ETH_HLEN, &v4, sizeof(v4)))
			return 0;
		*ret_inner = v4.protocol;
		return v4.ihl == 5 ? sizeof(v4) : 0;
	}
	if (skb->protocol != bpf_htons(ETH_P_IPV6) || bpf_skb_load_bytes(skb, ETH_HLEN, &v6, sizeof(v6)))
		return 0;
	*ret_inner = v6.nexthdr;
	return sizeof(v6);
}

SEC("tc") int decap(struct __sk_buff *skb)
{
	__u8 inner = 0;
	int length = outer(skb, &inner);
	bool is_v4 = inner == IPPROTO_IPIP;
	__be16 type = is_v4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);

	if (!length || (!is_v4 && inner != IPPROTO_IPV6))
		return TC_ACT_OK;
	if (bpf_skb_adjust_room(skb, -length, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO | (is_v4 ? DECAP_TO_V4 : DECAP_TO_V6)))
		return TC_ACT_SHOT;
	bpf_skb_store_bytes(skb, offsetof(struct ethhdr, h_proto), &type, sizeof(type), 0);
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
