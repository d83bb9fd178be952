/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_OPS_H
#define SLUICE_OPS_H
/*
 * DOC: one-packet scheduling
 *
 * Every datagram to such a service is a connection of its own: scheduled, counted, forwarded, and forgotten. So there is nothing that a NAT
 * server's answer could be found by; the daemon therefore lists these servers in `origins`, by address, port and protocol, each with the
 * service it answers for. (IPVS can't do that without a persistence engine: there the answers leave with the server's own address.)
 *
 * A datagram in fragments is the exception: it is entered as a connection, so that all of it goes to one server.
 */

#include "bpf/stats.h"
#include "bpf/work.h"

#define OPS_NO_SLOT (~0U) /* p->slot of a packet whose connection is not in the table */

SL_INLINE int ops_wanted(const struct pkt *p, const struct work *work)
{
	return work->svc.flags & SL_SVC_ONEPACKET && p->proto == IPPROTO_UDP && p->frag == PKT_WHOLE;
}

/* The packet goes to work.new's server, and nothing is kept. */
SL_INLINE int ops_begin(struct pkt *p, const struct work *work)
{
	p->dir = PKT_CLIENT;
	p->dest = work->new.dest;
	p->fwd = work->new.fwd;
	p->dest_port = work->new.dport;
	p->slot = OPS_NO_SLOT;
	p->entered = 1;
	stats_conn(p->dest);
	template_leave(work->new.template, 0);
	return PKT_NEXT;
}

/* Is the packet's sender a server that the daemon has listed? Then work.key is its service's, and work.new has its id. */
SL_INLINE int ops_origin(const struct pkt *p, struct work *work)
{
	struct sl_svc_key server = {.addr = p->src, .port = p->sport, .proto = p->proto};
	const struct sl_svc_key *found = map_origin(&server);

	if (!found)
		return 0;
	work->key = *found;
	barrier();
	/* A replaced value's memory may have become another's while it was read. */
	if (map_origin(&server) != found)
		return 0;
	__builtin_memset(&work->new, 0, sizeof(work->new));
	work->new.dest = work->key.dest;
	work->key.dest = 0;
	return 1;
}

/* The packet is an answer of work's service. */
SL_INLINE int ops_answer(struct pkt *p, const struct work *work)
{
	p->dir = PKT_SERVER;
	p->dest = work->new.dest;
	p->fwd = SL_FWD_MASQ;
	p->vaddr = work->key.addr;
	p->vport = work->key.port;
	p->client_hop = 0;
	p->client_if = 0;
	p->slot = OPS_NO_SLOT;
	p->entered = 1;
	return PKT_NEXT;
}

#endif
