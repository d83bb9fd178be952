/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_PARSE_H
#define SLUICE_PARSE_H
/*
 * DOC: layers 2 to 4
 *
 * Fills the first part of struct pkt. What is not a well-formed IPv4 or IPv6 packet with TCP or UDP in it is none of ours:
 * PKT_PASS, and the host's own stack decides. Lengths are believed only as far as the frame reaches. Tagged frames pass:
 * their VLAN device has a lane of its own.
 */

#include "bpf/pkt.h"

#define PARSE_LINEAR 128 /* bytes that must lie in linear memory if the packet has them */
#define PARSE_EXT_LINEAR 512 /* ... when IPv6 extension headers follow */
#define PARSE_MAX_EXT 8 /* extension headers in a chain */

#define IP_DF 0x4000
#define IP_MF 0x2000
#define IP_OFFSET 0x1fff

SL_INLINE int parse_v4(struct sl_ctx *ctx, struct pkt *p)
{
	void *data = ctx_data(ctx), *end = ctx_end(ctx);
	const struct iphdr *ip = data + PKT_L3;
	__u32 frame, ihl;
	__u16 off;

	if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return PKT_PASS;
	frame = ctx_len(ctx) - PKT_L3;
	ihl = ip->ihl * 4;
	p->l3_len = bpf_ntohs(ip->tot_len);
	if (pkt_segs(p) > 1)
		p->l3_len = frame;
	if (p->l3_len < ihl || p->l3_len > frame)
		return PKT_PASS;
	off = bpf_ntohs(ip->frag_off);
	if (off & IP_OFFSET)
		p->frag = PKT_FRAG_LATER;
	else if (off & IP_MF)
		p->frag = PKT_FRAG_FIRST;
	p->dont_frag = (off & IP_DF) != 0;
	p->frag_id = ip->id;
	p->ttl = ip->ttl;
	p->proto = ip->protocol;
	addr_from_v4(&p->src, ip->saddr);
	addr_from_v4(&p->dst, ip->daddr);
	p->l4 = PKT_L3 + ihl;
	return PKT_NEXT;
}

/* Length of an IPv6 extension header (RFC 8200 4); 0: not one we step over. */
SL_INLINE __u32 parse_ext_len(__u8 type, __u8 len)
{
	switch (type) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS: return (len + 1) * 8;
	case IPPROTO_FRAGMENT: return 8;
	case IPPROTO_AH: return (len + 2) * 4;
	default: return 0;
	}
}

struct parse_frag6 {
	__u8 next;
	__u8 reserved;
	__be16 off;
	__be32 id;
};

/* Steps over the extension headers; p->l4 and p->proto say where it ends. */
NOINLINE int parse_ext(struct sl_ctx *ctx, struct pkt *p)
{
	void *data, *end;
	__u32 at = PKT_L3 + sizeof(struct ipv6hdr);
	__u8 type = p->proto;
	int i;

	ctx_pull(ctx, PARSE_EXT_LINEAR);
	data = ctx_data(ctx);
	end = ctx_end(ctx);
	for (i = 0; i < PARSE_MAX_EXT; i++) {
		const struct parse_frag6 *h;
		__u32 len;

		if (at > PKT_MAX_L4)
			return PKT_PASS;
		h = data + at;
		if ((void *)(h + 1) > end)
			break;
		len = parse_ext_len(type, h->reserved);
		if (!len)
			break;
		if (type == IPPROTO_FRAGMENT) {
			__u16 off = bpf_ntohs(h->off);

			p->frag = off & ~7 ? PKT_FRAG_LATER : off & 1 ? PKT_FRAG_FIRST : PKT_WHOLE;
			p->frag_id = h->id;
		}
		type = h->next;
		at += len;
		if (p->frag == PKT_FRAG_LATER)
			break;
	}
	if (i == PARSE_MAX_EXT || at > PKT_MAX_L4)
		return PKT_PASS;
	p->proto = type;
	p->l4 = at;
	return at - PKT_L3 <= p->l3_len ? PKT_NEXT : PKT_PASS;
}

SL_INLINE int parse_v6(struct sl_ctx *ctx, struct pkt *p)
{
	void *data = ctx_data(ctx), *end = ctx_end(ctx);
	const struct ipv6hdr *ip = data + PKT_L3;
	__u32 frame;

	if ((void *)(ip + 1) > end || ip->version != 6)
		return PKT_PASS;
	frame = ctx_len(ctx) - PKT_L3;
	p->v6 = 1;
	p->dont_frag = 1;
	p->l3_len = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (pkt_segs(p) > 1)
		p->l3_len = frame;
	if (p->l3_len > frame)
		return PKT_PASS;
	p->ttl = ip->hop_limit;
	p->proto = ip->nexthdr;
	__builtin_memcpy(&p->src, &ip->saddr, 16);
	__builtin_memcpy(&p->dst, &ip->daddr, 16);
	p->l4 = PKT_L3 + sizeof(*ip);
	if (unlikely(parse_ext_len(p->proto, 0)))
		return parse_ext(ctx, p);
	return PKT_NEXT;
}

/* Ports and flags; not of later fragments, which have none. */
SL_INLINE int parse_l4(struct sl_ctx *ctx, struct pkt *p)
{
	void *data = ctx_data(ctx), *end = ctx_end(ctx);
	__u32 l4 = pkt_l4(p);
	const struct tcphdr *tcp = data + l4;
	const struct udphdr *udp = data + l4;

	if (p->proto != IPPROTO_TCP && p->proto != IPPROTO_UDP)
		return PKT_PASS;
	p->hdr_len = l4 - PKT_L3;
	if (p->frag == PKT_FRAG_LATER)
		return PKT_NEXT;
	if ((void *)(udp + 1) > end || p->hdr_len + sizeof(*udp) > p->l3_len)
		return PKT_PASS;
	p->sport = udp->source;
	p->dport = udp->dest;
	if (p->proto == IPPROTO_UDP) {
		p->hdr_len += sizeof(*udp);
		return PKT_NEXT;
	}
	if ((void *)(tcp + 1) > end || p->hdr_len + sizeof(*tcp) > p->l3_len)
		return PKT_PASS;
	p->tcp_flags = ((const __u8 *)tcp)[13];
	p->hdr_len += tcp->doff * 4;
	return PKT_NEXT;
}

SL_INLINE int parse(struct sl_ctx *ctx, struct pkt *p)
{
	const struct ethhdr *eth;
	int verdict;

	ctx_pull(ctx, PARSE_LINEAR);
	eth = ctx_data(ctx);
	if ((void *)(eth + 1) > ctx_end(ctx))
		return PKT_PASS;
	p->segs = ctx_segs(ctx);
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		verdict = parse_v4(ctx, p);
	else if (eth->h_proto == bpf_htons(ETH_P_IPV6))
		verdict = parse_v6(ctx, p);
	else
		return PKT_PASS;
	if (verdict != PKT_NEXT)
		return verdict;
	return parse_l4(ctx, p);
}

#endif
