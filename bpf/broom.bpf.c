/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: the broom
 *
 * Expires connections, a slice of the table a call. The daemon runs it (BPF_PROG_RUN): being a program, it can't be killed
 * between freeing a slot and lowering the server's count.
 */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define CTX_EXPRESS 0
struct sl_ctx;

#include "bpf/maps.h"
#include "bpf/sweep.h"

char _license[] SEC("license") = "GPL";

SEC("syscall") int broom(struct sl_broom *ctx)
{
	__u32 event = SL_MAX_REASONS + SL_EV_EXPIRED;
	struct sl_broom arg = *ctx;
	__u64 *expired;

	arg.jiffies = bpf_jiffies64();
	arg.tick = table_now();
	arg.live = arg.freed = 0;
	bpf_loop(arg.count, sweep_bucket, &arg, 0);
	expired = bpf_map_lookup_elem(&counters, &event);
	if (expired)
		*expired += arg.freed;
	*ctx = arg;
	return 0;
}
