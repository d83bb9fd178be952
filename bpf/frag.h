/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_FRAG_H
#define SLUICE_FRAG_H
/*
 * DOC: fragments
 *
 * Only a datagram's first fragment has ports. The full lane remembers them under (source, destination, id, protocol), as
 * RFC 791 and RFC 8200 name a datagram, in an LRU map, and gives them to the later fragments. A later fragment to a
 * virtual address whose first was not seen is dropped: the host could do nothing with it either. The express lane passes all fragments up.
 */

#include "bpf/pkt.h"

#define FRAG_TICKS 120 /* about 30 s, the kernel's reassembly time */

NOINLINE int frag_follow(struct pkt *p)
{
	struct sl_frag_key key = {.src = p->src, .dst = p->dst, .id = p->frag_id, .proto = p->proto};
	const struct sl_frag *known;

	if (p->frag == PKT_FRAG_FIRST) {
		struct sl_frag ports = {.sport = p->sport, .dport = p->dport, .tick = p->now};

		map_frag_set(&key, &ports);
		return PKT_NEXT;
	}
	known = map_frag(&key);
	if (!known || ((p->now - known->tick) & SL_W_TICK_MASK) > FRAG_TICKS)
		return map_is_vip(&p->dst) ? pkt_drop(p, SL_DROP_FRAG_UNMATCHED) : PKT_PASS;
	p->sport = known->sport;
	p->dport = known->dport;
	return PKT_NEXT;
}

SL_INLINE int frag(struct pkt *p)
{
	if (likely(p->frag == PKT_WHOLE))
		return PKT_NEXT;
	return CTX_EXPRESS ? PKT_PASS : frag_follow(p);
}

#endif
