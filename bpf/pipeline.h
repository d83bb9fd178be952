/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_PIPELINE_H
#define SLUICE_PIPELINE_H
/*
 * DOC: the packet's path
 *
 * The table of contents of the data plane. Both lanes and the tests run it; docs/packet-path.md tells it in words. The client's
 * side is looked up first: a server's replies then cost one glance at a bucket that is always warm, because all
 * of them have the server's own address and port where a client's would be.
 */

#include "bpf/frag.h"
#include "bpf/fwd/fwd.h"
#include "bpf/parse.h"
#include "bpf/svc.h"

/* Has the packet's connection ended, so that the packet may begin another in its place? */
SL_INLINE int pipeline_over(struct pkt *p)
{
	const struct sl_settings *set;

	if (unlikely(p->tcp_flags & TCP_SYN && p->dir == PKT_CLIENT && state_reopens(p)))
		return 1;
	if (likely(p->seen == p->now))
		return 0;
	set = map_settings();
	return set && table_expired(set, p->word, p->slot, p->seen, p->now);
}

/* The packet's connection, or a new one. */
SL_INLINE int pipeline_conn(struct sl_ctx *ctx, struct pkt *p)
{
	if (likely(table_find(p, PKT_CLIENT) || table_find(p, PKT_SERVER))) {
		if (likely(!pipeline_over(p)))
			return PKT_NEXT;
		table_end(p);
	}
	return svc_schedule(ctx, p);
}

SL_INLINE int pipeline_from(struct sl_ctx *ctx, struct pkt *p)
{
	int verdict;

	verdict = parse(ctx, p);
	if (verdict != PKT_NEXT)
		return verdict;
	p->now = table_now();
	p->mark = ctx_mark(ctx);
	verdict = frag(p);
	if (verdict != PKT_NEXT)
		return verdict;
	verdict = pipeline_conn(ctx, p);
	if (verdict != PKT_NEXT)
		return verdict;
	return p->dir == PKT_CLIENT ? fwd_to_server(ctx, p) : fwd_to_client(ctx, p);
}

/* A packet that comes in. */
SL_INLINE int pipeline(struct sl_ctx *ctx, struct pkt *p)
{
	p->client_if = ctx_ifindex(ctx);
	return pipeline_from(ctx, p);
}

/* A packet that came in by `client_if`, was marked by netfilter and has been routed to the mark device: as if it came in now. */
SL_INLINE int pipeline_marked(struct sl_ctx *ctx, struct pkt *p, __u32 client_if)
{
	p->client_if = client_if;
	return fwd_ttl_back(ctx) ? PKT_PASS : pipeline_from(ctx, p);
}

/* What a local server sends without a connection. */
SL_INLINE int pipeline_from_server(struct sl_ctx *ctx, struct pkt *p)
{
	const struct sl_settings *set = map_settings();

	return set && set->flags & SL_SET_ORIGINS && svc_from_server(ctx, p) == PKT_NEXT;
}

/* A packet of the host itself that goes out: only replies of local real servers concern us. */
SL_INLINE int pipeline_egress(struct sl_ctx *ctx, struct pkt *p)
{
	const struct sl_dest *d;
	int verdict;

	verdict = parse(ctx, p);
	if (verdict != PKT_NEXT || p->frag == PKT_FRAG_LATER)
		return PKT_PASS;
	p->now = table_now();
	if (!table_find(p, PKT_SERVER) && !pipeline_from_server(ctx, p))
		return PKT_PASS;
	d = map_dest(p->dest);
	if (!d || !(d->flags & SL_DEST_LOCAL))
		return PKT_PASS;
	return fwd_from_local(ctx, p);
}

#endif
