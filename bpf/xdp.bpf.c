/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: the express lane
 *
 * XDP in front of the full lane: the same pipeline, for packets that need no more than a rewrite and a known next hop.
 * Everything else passes up as it came.
 */

#include "bpf/ctx/xdp.h"
#include "bpf/pipeline.h"

char _license[] SEC("license") = "GPL";

/* Is the frame addressed to this interface? A NIC in promiscuous mode, or a switch that floods, shows us others. */
SL_INLINE int lane_is_host(const struct xdp_md *xdp)
{
	const struct sl_link *link = map_link(xdp->ingress_ifindex);
	const struct ethhdr *eth = ctx_data(xdp);

	if (!link || !(link->flags & SL_LINK_ON) || (void *)(eth + 1) > ctx_end(xdp))
		return 0;
	return mac_equal(eth->h_dest, link->mac);
}

SEC("xdp") int express(struct xdp_md *xdp)
{
	struct pkt p = {};

	if (!lane_is_host(xdp))
		return XDP_PASS;
	switch (pipeline(xdp, &p)) {
	case PKT_SEND: return p.out_if == xdp->ingress_ifindex ? XDP_TX : bpf_redirect(p.out_if, 0);
	case PKT_DROP: map_count(p.reason); return XDP_DROP;
	default: return XDP_PASS;
	}
}
