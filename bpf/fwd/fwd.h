/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_FWD_H
#define SLUICE_FWD_H
/*
 * DOC: forwarding
 *
 * From a connection to the packet's end: the way out is found first, and nothing is counted or changed before it is sure that this
 * lane can finish the packet. DR changes the link-layer header alone; NAT and TUN have files of their own; a local real
 * server gets the packet from the host's stack, and its replies leave by the egress hook.
 */

#include "bpf/fwd/ip.h"
#include "bpf/fwd/nat.h"
#include "bpf/fwd/tun.h"
#include "bpf/hop.h"
#include "bpf/state.h"
#include "bpf/stats.h"
#include "bpf/svc.h"
#include "bpf/work.h"

/* The express lane leaves it to the full lane. */
SL_INLINE int fwd_pass_up(void)
{
	map_count(SL_MAX_REASONS + SL_EV_EXPRESS_PASS);
	return PKT_PASS;
}

SL_INLINE void fwd_account(struct pkt *p)
{
	if (likely(!p->entered))
		state_update(p);
	stats_count(p);
}

/* Does the packet, with `extra` bytes more, fit through the hop? The segments of a GSO packet are the sender's care. */
SL_INLINE int fwd_fits(const struct pkt *p, const struct sl_hop *hop, __u32 extra)
{
	return !hop->mtu || pkt_segs(p) > 1 || p->l3_len + extra <= hop->mtu;
}

/* 127.0.0.0/8 and ::1, which no packet from the network may reach (RFC 1122 3.2.1.3). */
SL_INLINE int fwd_is_loopback(const struct sl_addr *a)
{
	if (addr_is_v4(a))
		return a->b[12] == 127;
	return a->d[0] == 0 && a->w[2] == 0 && a->w[3] == bpf_htonl(1);
}

/*
 * Netfilter would mark the packet and the host's rules send it to the mark device, but never deliver it: so it goes in there, whence
 * the rules let it pass. The interface, or 0 for a connection of no mark.
 */
SL_INLINE __u32 fwd_mark_if(const struct pkt *p)
{
	const struct sl_settings *set = map_settings();
	const struct sl_conn *c = map_conn(p->slot);

	return set && c && c->flags & SL_CONN_MARK ? set->mark_if : 0;
}

/* LocalNode: NAT rewrites for a local server on another address or port; DR and TUN deliver as it is. */
NOINLINE int fwd_local(struct sl_ctx *ctx, struct pkt *p, const struct sl_dest *d)
{
	if (CTX_EXPRESS)
		return fwd_pass_up();
	if (p->fwd == SL_FWD_MASQ && fwd_is_loopback(&d->addr))
		return pkt_drop(p, SL_DROP_DEST_LOOPBACK);
	fwd_account(p);
	p->out_if = fwd_mark_if(p);
	if (p->fwd != SL_FWD_MASQ || (addr_equal(&d->addr, &p->dst) && p->dest_port == p->dport))
		return PKT_DELIVER;
	return nat_to_server(ctx, p, &d->addr) ? pkt_drop(p, SL_DROP_REWRITE) : PKT_DELIVER;
}

SL_INLINE int fwd_method(struct sl_ctx *ctx, struct pkt *p, const struct sl_dest *d, const struct sl_hop *hop)
{
	switch (p->fwd) {
	case SL_FWD_MASQ: return nat_to_server(ctx, p, &d->addr);
	case SL_FWD_TUNNEL: return tun_encap(ctx, p, &hop->src, &d->addr);
	default: return 0;
	}
}

/* Are this server's connections to end? */
SL_INLINE int fwd_ends(const struct pkt *p, const struct sl_dest *d)
{
	return !p->entered && (d->flags & SL_DEST_EXPIRE || (d->flags & SL_DEST_EXPIRE_UDP && p->proto == IPPROTO_UDP));
}

/* The connection ends, and this packet goes on as if there had been none; a later fragment can't. */
SL_INLINE int fwd_again(struct sl_ctx *ctx, struct pkt *p)
{
	if (p->frag == PKT_FRAG_LATER)
		return pkt_drop(p, SL_DROP_NO_DEST);
	map_count(SL_MAX_REASONS + SL_EV_NODEST_EXPIRED);
	table_end(p);
	return svc_schedule(ctx, p);
}

/* A client's packet to its real server. */
SL_INLINE int fwd_to_server(struct sl_ctx *ctx, struct pkt *p)
{
	const struct sl_dest *d = map_dest(p->dest);
	const struct sl_hop *hop;
	int verdict;

	if (unlikely(d && d->flags & (SL_DEST_LOCAL | SL_DEST_EXPIRE | SL_DEST_EXPIRE_UDP))) {
		if (fwd_ends(p, d)) {
			verdict = fwd_again(ctx, p);
			if (verdict != PKT_NEXT)
				return verdict;
			d = map_dest(p->dest);
		}
		if (d && d->flags & SL_DEST_LOCAL)
			return fwd_local(ctx, p, d);
	}
	if (unlikely(!d))
		return pkt_drop(p, SL_DROP_NO_ROUTE);
	hop = map_hop(d->hop);
	if (unlikely(!d->hop || !hop))
		return CTX_EXPRESS ? fwd_pass_up() : pkt_drop(p, SL_DROP_NO_ROUTE);
	if (!hop_usable(hop, ctx_ifindex(ctx)))
		return fwd_pass_up();
	if (unlikely(p->ttl <= 1))
		return pkt_drop(p, SL_DROP_TTL_EXPIRED);
	if (unlikely(!fwd_fits(p, hop, p->fwd == SL_FWD_TUNNEL ? tun_overhead(&d->addr) : 0)))
		return pkt_drop(p, SL_DROP_TOO_BIG);
	fwd_account(p);
	if (fwd_ttl(ctx, p) || fwd_method(ctx, p, d, hop))
		return pkt_drop(p, SL_DROP_REWRITE);
	return hop_send(ctx, p, hop);
}

SL_INLINE int fwd_back(struct sl_ctx *ctx, struct pkt *p, const struct sl_hop *hop)
{
	if (!hop_usable(hop, ctx_ifindex(ctx)))
		return fwd_pass_up();
	if (unlikely(!hop->ifindex))
		return pkt_drop(p, SL_DROP_NO_ROUTE);
	if (unlikely(p->ttl <= 1))
		return pkt_drop(p, SL_DROP_TTL_EXPIRED);
	if (unlikely(!fwd_fits(p, hop, 0)))
		return pkt_drop(p, SL_DROP_TOO_BIG);
	fwd_account(p);
	if (fwd_ttl(ctx, p) || nat_to_client(ctx, p))
		return pkt_drop(p, SL_DROP_REWRITE);
	return hop_send(ctx, p, hop);
}

/* The first reply of a connection, or the first since routes changed. */
NOINLINE int fwd_back_by_fib(struct sl_ctx *ctx, struct pkt *p)
{
	struct work *work = work_get();

	if (!work)
		return pkt_drop(p, SL_DROP_NO_ROUTE);
	__builtin_memset(&work->hop, 0, sizeof(work->hop));
	hop_fib(ctx, p, &work->hop);
	return fwd_back(ctx, p, &work->hop);
}

/* A real server's packet to its client. */
SL_INLINE int fwd_to_client(struct sl_ctx *ctx, struct pkt *p)
{
	const struct sl_hop *hop = hop_client(p);

	return likely(hop) ? fwd_back(ctx, p, hop) : fwd_back_by_fib(ctx, p);
}

/* The reply of a local real server, on its way out of the host: routed already, to become the virtual service's. */
SL_INLINE int fwd_from_local(struct sl_ctx *ctx, struct pkt *p)
{
	fwd_account(p);
	if (p->fwd != SL_FWD_MASQ || (addr_equal(&p->src, &p->vaddr) && p->sport == p->vport))
		return PKT_PASS;
	return nat_to_client(ctx, p) ? pkt_drop(p, SL_DROP_REWRITE) : PKT_PASS;
}

#endif
