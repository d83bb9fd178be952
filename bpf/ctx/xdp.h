/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_CTX_XDP_H
#define SLUICE_CTX_XDP_H
/*
 * DOC: the express lane's context
 *
 * A frame as the driver received it: linear, whole, its checksums real. What this hook can't do it passes up.
 */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define CTX_EXPRESS 1
#define sl_ctx xdp_md

#include "bpf/maps.h"

SL_INLINE void *ctx_data(const struct xdp_md *ctx)
{
	return (void *)(long)ctx->data;
}

SL_INLINE void *ctx_end(const struct xdp_md *ctx)
{
	return (void *)(long)ctx->data_end;
}

#include "bpf/ctx/raw.h"

SL_INLINE __u32 ctx_len(const struct xdp_md *ctx)
{
	return ctx->data_end - ctx->data;
}

SL_INLINE __u32 ctx_segs(const struct xdp_md *ctx)
{
	return 1;
}

SL_INLINE __u32 ctx_ifindex(const struct xdp_md *ctx)
{
	return ctx->ingress_ifindex;
}

/* The firewall mark. */
SL_INLINE __u32 ctx_mark(const struct xdp_md *ctx)
{
	return 0;
}

SL_INLINE void ctx_pull(struct xdp_md *ctx, __u32 len)
{
}

/* Makes `len` bytes of room between the Ethernet header, which moves forward, and layer 3. */
SL_INLINE int ctx_push(struct xdp_md *ctx, __u32 len, int outer_v6)
{
	struct ethhdr *to, *from;

	if (bpf_xdp_adjust_head(ctx, -(int)len))
		return -1;
	to = ctx_data(ctx);
	from = ctx_data(ctx) + len;
	if ((void *)(to + 1) > ctx_end(ctx) || (void *)(from + 1) > ctx_end(ctx))
		return -1;
	__builtin_memmove(to, from, sizeof(*to));
	return 0;
}

SL_INLINE int ctx_fib(struct xdp_md *ctx, struct bpf_fib_lookup *fib)
{
	return bpf_fib_lookup(ctx, fib, sizeof(*fib), 0);
}

#endif
