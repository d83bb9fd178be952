/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_CTX_TC_H
#define SLUICE_CTX_TC_H
/*
 * DOC: the full lane's context
 *
 * An skb: its headers may have to be pulled into linear memory, it may be a GSO packet, and its layer 4 checksum may be
 * partial (the device or the stack finishes it) or complete (skb->csum covers it). The kernel's helpers know all of that,
 * so every change of layer 4 goes through them. After any helper that may move the data, pointers are taken anew.
 */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define CTX_EXPRESS 0
#define sl_ctx __sk_buff

#include "bpf/maps.h"
#include "bpf/ctx/change.h"

SL_INLINE void *ctx_data(const struct __sk_buff *ctx)
{
	return (void *)(long)ctx->data;
}

SL_INLINE void *ctx_end(const struct __sk_buff *ctx)
{
	return (void *)(long)ctx->data_end;
}

SL_INLINE __u32 ctx_len(const struct __sk_buff *ctx)
{
	return ctx->len;
}

SL_INLINE __u32 ctx_segs(const struct __sk_buff *ctx)
{
	return ctx->gso_segs;
}

SL_INLINE __u32 ctx_ifindex(const struct __sk_buff *ctx)
{
	return ctx->ifindex;
}

/* The firewall mark. */
SL_INLINE __u32 ctx_mark(const struct __sk_buff *skb)
{
	return skb->mark;
}

/* Makes the first `len` bytes linear, or all if there are fewer. */
SL_INLINE void ctx_pull(struct __sk_buff *ctx, __u32 len)
{
	if (ctx->len < len)
		len = ctx->len;
	if (ctx_data(ctx) + len > ctx_end(ctx))
		bpf_skb_pull_data(ctx, len);
}

/* As raw.h's, for checksums of every kind. */
SL_INLINE int ctx_l4_csum(struct __sk_buff *ctx, __u32 off, int udp, int v6, const struct ctx_change *change)
{
	__u64 flags = udp ? BPF_F_MARK_MANGLED_0 : 0;
	int err;

	if (v6) {
		__s64 diff = bpf_csum_diff((__be32 *)change->from.w, 16, (__be32 *)change->to.w, 16, 0);

		err = bpf_l4_csum_replace(ctx, off, 0, diff, flags | BPF_F_PSEUDO_HDR | cfg_csum_ipv6);
	} else {
		err = bpf_l4_csum_replace(ctx, off, change->from.w[3], change->to.w[3], flags | BPF_F_PSEUDO_HDR | 4);
	}
	if (err)
		return err;
	if (change->from_port == change->to_port)
		return 0;
	return bpf_l4_csum_replace(ctx, off, change->from_port, change->to_port, flags | 2);
}

/* Makes `len` bytes of room between the Ethernet header and layer 3, and tells the kernel which tunnel it is. */
SL_INLINE int ctx_push(struct __sk_buff *ctx, __u32 len, int outer_v6)
{
	return bpf_skb_adjust_room(ctx, len, BPF_ADJ_ROOM_MAC, outer_v6 ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV6 : BPF_F_ADJ_ROOM_ENCAP_L3_IPV4);
}

/* Copies `len` bytes from offset `off`. 0, or -1 where the packet has not so many. */
SL_INLINE int ctx_load(struct __sk_buff *ctx, __u32 off, void *to, __u32 len)
{
	return bpf_skb_load_bytes(ctx, off, to, len) ? -1 : 0;
}

SL_INLINE int ctx_fib(struct __sk_buff *ctx, struct bpf_fib_lookup *fib)
{
	return bpf_fib_lookup(ctx, fib, sizeof(*fib), 0);
}

#endif
