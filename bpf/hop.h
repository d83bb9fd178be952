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

/* The generation of routes that a remembered hop must be of. */
SL_INLINE __u32 hop_gen(void)
{
	const struct sl_settings *set = map_settings();

	return set ? set->route_gen & 0xffff : 0;
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

/*
 * Asks the FIB for the way to the client, and remembers it if it is a hop the daemon knows. ret_hop, all zero before, gets what was
 * found out: without SL_HOP_RESOLVED it is for the kernel to resolve.
 */
SL_INLINE void hop_fib(struct sl_ctx *ctx, const struct pkt *p, struct sl_hop *ret_hop)
{
	struct bpf_fib_lookup fib = {};
	struct sl_neigh_key key = {};
	const struct sl_hop *hop;
	int err;
	__u32 id;

	hop_fib_key(&fib, p, ctx_ifindex(ctx));
	err = ctx_fib(ctx, &fib);
	ret_hop->ifindex = err == BPF_FIB_LKUP_RET_NO_NEIGH ? fib.ifindex : p->client_if;
	if (err != BPF_FIB_LKUP_RET_SUCCESS)
		return;
	ret_hop->ifindex = fib.ifindex;
	ret_hop->flags = SL_HOP_RESOLVED;
	mac_copy(ret_hop->dmac, fib.dmac);
	mac_copy(ret_hop->smac, fib.smac);
	key.ifindex = fib.ifindex;
	mac_copy(key.dmac, fib.dmac);
	id = map_hop_id(&key);
	hop = map_hop(id);
	if (!id || !hop || !(hop->flags & SL_HOP_RESOLVED) || hop->ifindex != fib.ifindex || !mac_equal(hop->dmac, fib.dmac))
		return;
	ret_hop->mtu = hop->mtu;
	ret_hop->flags = hop->flags;
	table_client_hop(p, hop_gen() << 16 | id);
}

/* The way back to the packet's client that its connection remembers, or NULL. */
SL_INLINE const struct sl_hop *hop_client(const struct pkt *p)
{
	const struct sl_hop *hop;

	if (unlikely(!p->client_hop || p->client_hop >> 16 != hop_gen()))
		return 0;
	hop = map_hop(p->client_hop & 0xffff);
	return hop && hop->flags & SL_HOP_RESOLVED ? hop : 0;
}

/* Can this lane send by this way? Else the packet goes up. */
SL_INLINE int hop_usable(const struct sl_hop *hop, __u32 ingress)
{
	return !CTX_EXPRESS || (hop->flags & SL_HOP_RESOLVED && (hop->flags & SL_HOP_XDP || hop->ifindex == ingress));
}

/* Writes the MAC addresses; the last thing done to a packet. */
SL_INLINE int hop_send(struct sl_ctx *ctx, struct pkt *p, const struct sl_hop *hop)
{
	struct ethhdr *eth;

	p->out_if = hop->ifindex;
	if (unlikely(!(hop->flags & SL_HOP_RESOLVED))) {
		map_count(SL_MAX_REASONS + SL_EV_HOP_UNRESOLVED);
		p->gw = hop->gw;
		return PKT_NEIGH;
	}
	eth = ctx_data(ctx);
	if ((void *)(eth + 1) > ctx_end(ctx))
		return pkt_drop(p, SL_DROP_REWRITE);
	mac_copy(eth->h_dest, hop->dmac);
	mac_copy(eth->h_source, hop->smac);
	return PKT_SEND;
}

#endif
