/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_FWD_NAT_H
#define SLUICE_FWD_NAT_H
/*
 * DOC: NAT
 *
 * To the server the destination becomes the real server, to the client the source becomes the virtual service. Later
 * fragments have no layer 4 header: theirs is in the first.
 */

#include "bpf/csum.h"
#include "bpf/pkt.h"

/* Rewrites the destination (dst != 0) or the source of the packet. 0, or -1 where the kernel refused. */
SL_INLINE int nat_rewrite(struct sl_ctx *ctx, const struct pkt *p, const struct ctx_change *change, int dst)
{
	int udp = p->proto == IPPROTO_UDP;
	__u32 l4 = pkt_l4(p), check = udp ? offsetof(struct udphdr, check) : offsetof(struct tcphdr, check);
	struct ipv6hdr *ip6;
	struct iphdr *ip;
	__be16 *port;
	void *data, *end;

	if (p->frag != PKT_FRAG_LATER && ctx_l4_csum(ctx, l4 + check, udp, p->v6, change))
		return -1;
	data = ctx_data(ctx);
	end = ctx_end(ctx);
	if (p->frag != PKT_FRAG_LATER) {
		port = data + l4 + (dst ? 2 : 0);
		if ((void *)(port + 1) > end)
			return -1;
		*port = change->to_port;
	}
	if (p->v6) {
		ip6 = data + PKT_L3;
		if ((void *)(ip6 + 1) > end)
			return -1;
		__builtin_memcpy(dst ? &ip6->daddr : &ip6->saddr, &change->to, 16);
		return 0;
	}
	ip = data + PKT_L3;
	if ((void *)(ip + 1) > end)
		return -1;
	*(dst ? &ip->daddr : &ip->saddr) = change->to.w[3];
	ip->check = csum_apply(ip->check, csum_diff(change->from.w[3], change->to.w[3]));
	return 0;
}

SL_INLINE int nat_to_server(struct sl_ctx *ctx, const struct pkt *p, const struct sl_addr *server)
{
	struct ctx_change change = {.from = p->dst, .to = *server, .from_port = p->dport, .to_port = p->dest_port};

	return nat_rewrite(ctx, p, &change, 1);
}

SL_INLINE int nat_to_client(struct sl_ctx *ctx, const struct pkt *p)
{
	struct ctx_change change = {.from = p->src, .to = p->vaddr, .from_port = p->sport, .to_port = p->vport};

	return nat_rewrite(ctx, p, &change, 0);
}

#endif
