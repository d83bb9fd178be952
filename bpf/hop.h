/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_HOP_H
#define SLUICE_HOP_H
/*
 * DOC: the way out
 *
 * To a real server: the hop the daemon keeps for it. To a client: what the kernel's FIB says, asked once per connection and
 * route generation; the entry remembers the hop id. A hop whose neighbour is not known: the full lane leaves it to the
 * kernel, which resolves it and loses no packet; the express lane passes the packet up.
 */

#include "bpf/pkt.h"
#include "bpf/table.h"

#define HOP_AF_INET 2
#define HOP_AF_INET6 10

/* Where a packet goes: a hop with MACs, or an interface and perhaps a gateway for the kernel to resolve. */
struct hop_out {
	__u32 ifindex;
	__u32 mtu; /* 0: not known */
	__u8 known;
	__u8 express; /* the device takes XDP_REDIRECT */
	__u8 dmac[6];
	__u8 smac[6];
	struct sl_addr gw; /* all zero: on the link, or for the kernel to find */
};

SL_INLINE void hop_copy(struct hop_out *out, const struct sl_hop *hop)
{
	out->ifindex = hop->ifindex;
	out->mtu = hop->mtu;
	out->known = (hop->flags & SL_HOP_RESOLVED) != 0;
	out->express = (hop->flags & SL_HOP_XDP) != 0;
	__builtin_memcpy(out->dmac, hop->dmac, 6);
	__builtin_memcpy(out->smac, hop->smac, 6);
	out->gw = hop->gw;
}

SL_INLINE void hop_fib_key(struct bpf_fib_lookup *fib, const struct pkt *p, __u32 ifindex)
{
	fib->ifindex = ifindex;
	fib->l4_protocol = p->proto;
	fib->sport = p->vport;
	fib->dport = p->dport;
	if (p->v6) {
		fib->family = HOP_AF_INET6;
		__builtin_memcpy(fib->ipv6_src, &p->vaddr, 16);
		__builtin_memcpy(fib->ipv6_dst, &p->dst, 16);
	} else {
		fib->family = HOP_AF_INET;
		fib->ipv4_src = p->vaddr.w[3];
		fib->ipv4_dst = p->dst.w[3];
	}
}

/* Asks the FIB for the way to the client, and remembers it if it is a hop the daemon knows. */
NOINLINE int hop_fib(struct sl_ctx *ctx, const struct pkt *p, __u32 gen, struct hop_out *out)
{
	struct bpf_fib_lookup fib = {};
	struct sl_neigh_key key = {};
	const struct sl_hop *hop;
	int err;
	__u32 id;

	hop_fib_key(&fib, p, ctx_ifindex(ctx));
	err = ctx_fib(ctx, &fib);
	out->ifindex = err == BPF_FIB_LKUP_RET_NO_NEIGH ? fib.ifindex : p->client_if;
	if (err != BPF_FIB_LKUP_RET_SUCCESS)
		return 0;
	out->ifindex = fib.ifindex;
	out->known = 1;
	__builtin_memcpy(out->dmac, fib.dmac, 6);
	__builtin_memcpy(out->smac, fib.smac, 6);
	key.ifindex = fib.ifindex;
	__builtin_memcpy(key.dmac, fib.dmac, 6);
	id = map_hop_id(&key);
	hop = map_hop(id);
	if (!id || !hop || !(hop->flags & SL_HOP_RESOLVED) || hop->ifindex != fib.ifindex || __builtin_memcmp(hop->dmac, fib.dmac, 6))
		return 0;
	out->mtu = hop->mtu;
	out->express = (hop->flags & SL_HOP_XDP) != 0;
	table_client_hop(p, gen << 16 | id);
	return 0;
}

/* The way back to the packet's client. */
SL_INLINE void hop_client(struct sl_ctx *ctx, const struct pkt *p, struct hop_out *out)
{
	const struct sl_settings *set = map_settings();
	__u32 gen = set ? set->route_gen & 0xffff : 0;
	const struct sl_hop *hop;

	if (likely(p->client_hop && p->client_hop >> 16 == gen)) {
		hop = map_hop(p->client_hop & 0xffff);
		if (hop && hop->flags & SL_HOP_RESOLVED) {
			hop_copy(out, hop);
			return;
		}
	}
	hop_fib(ctx, p, gen, out);
}

/* Can this lane send by this way? Else the packet goes up. */
SL_INLINE int hop_usable(const struct hop_out *out, __u32 ingress)
{
	return !CTX_EXPRESS || (out->known && (out->express || out->ifindex == ingress));
}

/* Writes the link-layer header; the last thing done to a packet. */
SL_INLINE int hop_send(struct sl_ctx *ctx, struct pkt *p, const struct hop_out *out, int v6)
{
	struct ethhdr *eth;

	p->out_if = out->ifindex;
	if (!out->known) {
		map_count(SL_MAX_REASONS + SL_EV_HOP_UNRESOLVED);
		p->gw = out->gw;
		return PKT_NEIGH;
	}
	eth = ctx_data(ctx);
	if ((void *)(eth + 1) > ctx_end(ctx))
		return pkt_drop(p, SL_DROP_REWRITE);
	__builtin_memcpy(eth->h_dest, out->dmac, 6);
	__builtin_memcpy(eth->h_source, out->smac, 6);
	eth->h_proto = v6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
	return PKT_SEND;
}

#endif
