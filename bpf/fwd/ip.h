/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_FWD_IP_H
#define SLUICE_FWD_IP_H
/* Changes to the packet's own IP header that every method makes. */

#include "bpf/csum.h"
#include "bpf/pkt.h"

/* TTL or hop limit less one, as a router does; the caller has seen that it is above one. */
SL_INLINE int fwd_ttl(struct sl_ctx *ctx, const struct pkt *p)
{
	void *data = ctx_data(ctx), *end = ctx_end(ctx);
	struct ipv6hdr *ip6 = data + PKT_L3;
	struct iphdr *ip = data + PKT_L3;

	if (p->v6) {
		if ((void *)(ip6 + 1) > end)
			return -1;
		ip6->hop_limit--;
		return 0;
	}
	if ((void *)(ip + 1) > end)
		return -1;
	ip->check = csum_less_ttl(ip->check);
	ip->ttl--;
	return 0;
}

/* The other way: one hop that the host's own routing took. */
SL_INLINE int fwd_ttl_back(struct sl_ctx *ctx)
{
	struct ethhdr *eth;
	struct ipv6hdr *ip6;
	struct iphdr *ip;
	__u16 was;

	ctx_pull(ctx, PKT_L3 + sizeof(*ip6));
	eth = ctx_data(ctx);
	ip6 = ctx_data(ctx) + PKT_L3;
	ip = ctx_data(ctx) + PKT_L3;
	if ((void *)(ip + 1) > ctx_end(ctx))
		return -1;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		was = *(__u16 *)&ip->ttl;
		ip->ttl++;
		ip->check = csum_apply(ip->check, csum_diff(was, *(__u16 *)&ip->ttl));
		return 0;
	}
	if (eth->h_proto != bpf_htons(ETH_P_IPV6) || (void *)(ip6 + 1) > ctx_end(ctx))
		return -1;
	ip6->hop_limit++;
	return 0;
}

#endif
