/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_FWD_TUN_H
#define SLUICE_FWD_TUN_H
/*
 * DOC: IP tunnelling
 *
 * The packet goes whole into one more IP header (RFC 2003, RFC 2473) from the director to the real server; either
 * family in either. TOS and TTL are the inner packet's, DF too; an IPv4 packet that may be fragmented may be so in the tunnel.
 */

#include "bpf/csum.h"
#include "bpf/pkt.h"

/* What the outer header takes from the inner one, read before there is an outer one. */
struct tun_inner {
	__u32 len;
	__u8 tos;
	__u8 ttl;
	__u8 proto; /* IPPROTO_IPIP or IPPROTO_IPV6 */
	__u8 dont_frag;
};

SL_INLINE __u32 tun_overhead(const struct sl_addr *outer)
{
	return addr_is_v4(outer) ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
}

SL_INLINE int tun_inner(struct sl_ctx *ctx, const struct pkt *p, struct tun_inner *inner)
{
	const __u8 *ip = ctx_data(ctx) + PKT_L3;

	if ((void *)(ip + 2) > ctx_end(ctx))
		return -1;
	inner->tos = p->v6 ? ip[0] << 4 | ip[1] >> 4 : ip[1];
	inner->len = p->l3_len;
	inner->ttl = p->ttl - 1;
	inner->proto = p->v6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
	inner->dont_frag = p->dont_frag;
	return 0;
}

SL_INLINE int tun_outer_v4(struct sl_ctx *ctx, const struct tun_inner *inner, const struct sl_addr *src, const struct sl_addr *dst)
{
	struct ethhdr *eth = ctx_data(ctx);
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > ctx_end(ctx))
		return -1;
	eth->h_proto = bpf_htons(ETH_P_IP);
	*(__u8 *)ip = 0x45;
	ip->tos = inner->tos;
	ip->tot_len = bpf_htons(inner->len + sizeof(*ip));
	ip->id = inner->dont_frag ? 0 : bpf_get_prandom_u32();
	ip->frag_off = inner->dont_frag ? bpf_htons(0x4000) : 0;
	ip->ttl = inner->ttl;
	ip->protocol = inner->proto;
	ip->check = 0;
	ip->saddr = src->w[3];
	ip->daddr = dst->w[3];
	ip->check = csum_ipv4(ip);
	return 0;
}

SL_INLINE int tun_outer_v6(struct sl_ctx *ctx, const struct tun_inner *inner, const struct sl_addr *src, const struct sl_addr *dst)
{
	struct ethhdr *eth = ctx_data(ctx);
	struct ipv6hdr *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > ctx_end(ctx))
		return -1;
	eth->h_proto = bpf_htons(ETH_P_IPV6);
	*(__be32 *)ip = bpf_htonl(6u << 28 | (__u32)inner->tos << 20);
	ip->payload_len = bpf_htons(inner->len);
	ip->nexthdr = inner->proto;
	ip->hop_limit = inner->ttl;
	__builtin_memcpy(&ip->saddr, src, 16);
	__builtin_memcpy(&ip->daddr, dst, 16);
	return 0;
}

/* Puts the packet into a tunnel from src to dst. 0, or -1 where the kernel refused. */
SL_INLINE int tun_encap(struct sl_ctx *ctx, const struct pkt *p, const struct sl_addr *src, const struct sl_addr *dst)
{
	int v6 = !addr_is_v4(dst);
	struct tun_inner inner;

	if (tun_inner(ctx, p, &inner) || ctx_push(ctx, tun_overhead(dst), v6))
		return -1;
	return v6 ? tun_outer_v6(ctx, &inner, src, dst) : tun_outer_v4(ctx, &inner, src, dst);
}

#endif
