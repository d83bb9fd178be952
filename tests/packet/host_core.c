/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core over plain memory. The build compiles this twice: CTX_EXPRESS 0 and 1. */
#include "bpf/ctx/host.h"

#include "bpf/pipeline.h"
#include "bpf/sweep.h"
#include "tests/packet/host_core.h"

static enum host_verdict run(struct host_frame *frame)
{
	struct sl_ctx ctx = {.head = frame->head,
	    .data = frame->data,
	    .end = frame->end,
	    .ifindex = frame->ifindex,
	    .segs = frame->segs,
	    .mark = frame->mark};
	struct pkt p = {};
	int verdict = frame->marked   ? pipeline_marked(&ctx, &p, frame->ifindex)
		      : frame->egress ? pipeline_egress(&ctx, &p)
				      : pipeline(&ctx, &p);

	frame->data = ctx.data;
	switch (verdict) {
	case PKT_SEND:
	case PKT_NEIGH: return HOST_SEND;
	case PKT_DROP: map_count(p.reason); return HOST_DROP;
	default: return HOST_PASS;
	}
}

#if CTX_EXPRESS
enum host_verdict host_core_express(struct host_frame *frame)
{
	return run(frame);
}
#else
enum host_verdict host_core_full(struct host_frame *frame)
{
	return run(frame);
}

void host_core_sweep(struct sl_broom *broom)
{
	broom->jiffies = bpf_jiffies64();
	broom->tick = table_now();
	broom->live = broom->freed = 0;
	bpf_loop(broom->count, sweep_bucket, broom, 0);
	for (__u32 i = 0; i < broom->freed; i++)
		map_count(SL_MAX_REASONS + SL_EV_EXPIRED);
}
#endif
