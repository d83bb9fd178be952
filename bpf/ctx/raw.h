/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_CTX_RAW_H
#define SLUICE_CTX_RAW_H
/*
 * Layer 4 checksums where the field in the packet is the real one: the express lane, and plain memory.
 * Included by these contexts after they have said what ctx_data() is.
 */

#include "bpf/csum.h"
#include "bpf/ctx/change.h"

/*
 * Makes the checksum at `off` right for the change. UDP's 0 means that there is none, and stays (RFC 768).
 * IPv4 addresses differ in their last word only; equal words add nothing to a one's complement sum.
 */
SL_INLINE int ctx_l4_csum(struct sl_ctx *ctx, __u32 off, int udp, int v6, const struct ctx_change *change)
{
	__u16 *check = ctx_data(ctx) + off;
	__u32 diff;

	if ((void *)(check + 1) > ctx_end(ctx))
		return -1;
	if (udp && !*check)
		return 0;
	diff = csum_diff(change->from_port, change->to_port) + csum_diff(change->from.w[3], change->to.w[3]);
	if (v6)
		diff += csum_diff(change->from.w[0], change->to.w[0]) + csum_diff(change->from.w[1], change->to.w[1]) +
			csum_diff(change->from.w[2], change->to.w[2]);
	*check = csum_apply(*check, diff);
	if (udp && !*check)
		*check = 0xffff;
	return 0;
}

#endif
