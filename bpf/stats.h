/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_STATS_H
#define SLUICE_STATS_H
/*
 * DOC: counters
 *
 * Per dest and CPU, so no cache line is shared. A GSO packet counts as the packets it will be on the wire, headers included:
 * the figures are the same whichever lane a packet took.
 */

#include "bpf/pkt.h"

SL_INLINE void stats_count(const struct pkt *p)
{
	struct sl_stats *s = map_stats(p->dest);
	__u32 packets = pkt_segs(p) > 1 ? pkt_segs(p) : 1;
	__u64 bytes = p->l3_len + (packets - 1) * p->hdr_len;

	if (!s)
		return;
	if (p->dir == PKT_CLIENT) {
		s->in_pkts += packets;
		s->in_bytes += bytes;
	} else {
		s->out_pkts += packets;
		s->out_bytes += bytes;
	}
}

SL_INLINE void stats_conn(__u32 dest)
{
	struct sl_stats *s = map_stats(dest);

	if (s)
		s->conns++;
}

#endif
