/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: the tap, full lane's hooks
 *
 * In front of the lanes while somebody looks (sluice trace, sluice capture), and nowhere otherwise. It copies the packets that
 * are wanted, as they came, to a ring, and lets every packet go on. What becomes of them is found out later, by the sandbox.
 */

#include "bpf/ctx/tc.h"

#define TAP_LEN(ctx) ((ctx)->len)
#define TAP_LOAD(ctx, to, len) bpf_skb_load_bytes(ctx, 0, to, len)
#include "bpf/tap.h"

char _license[] SEC("license") = "GPL";

SEC("tc") int tap_in(struct __sk_buff *skb)
{
	if (skb->pkt_type == 0 && !skb->vlan_present)
		tap(skb, 0);
	return TC_ACT_UNSPEC;
}

SEC("tc") int tap_out(struct __sk_buff *skb)
{
	if (!skb->ingress_ifindex)
		tap(skb, 1);
	return TC_ACT_UNSPEC;
}
