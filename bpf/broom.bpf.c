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
#include "bpf/pkt.h"
#include "bpf/table.h"

char _license[] SEC("license") = "GPL";

/* Expires the slot's connection if it is due. */
SL_INLINE void sweep_slot(struct sl_broom *arg, const struct sl_settings *set, __u64 *word, __u32 slot)
{
	__u64 w = READ_ONCE(*word);
	const struct sl_conn *c;

	if (!sl_state_live(sl_word_state(w)))
		return;
	c = map_conn(slot);
	if (c && table_expired(set, w, arg->tick) && table_free(word, w, READ_ONCE(c->dest)))
		arg->freed++;
	else
		arg->live++;
}

static long sweep_bucket(__u32 i, void *data)
{
	struct sl_broom *arg = data;
	__u32 bucket = arg->first + i;
	const struct sl_settings *set = map_settings();
	__u64 *words = map_tags(bucket);

	if (!words || !set)
		return 1;
	for (int at = 0; at < SL_BUCKET_SLOTS; at++)
		sweep_slot(arg, set, &words[at], bucket * SL_BUCKET_SLOTS + at);
	return 0;
}

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
