/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_BPF_TAP_H
#define SLUICE_BPF_TAP_H
/* What the taps do: TAP_LEN(ctx) is the packet's length, TAP_LOAD(ctx, to, len) copies from its beginning. */

#include "bpf/parse.h"
#include "sluice/tap.h"

ARRAY_MAP(tap_filter, 0, 1, struct sl_tap_filter);
HASH_MAP(tap_ends, BPF_F_NO_PREALLOC, SL_TAP_ENDS, struct sl_svc_key, __u32);

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} tap_ring SEC(".maps");

struct tap_packet {
	struct sl_tapped head;
	__u8 bytes[SL_TAP_KEPT];
};

/* Where a packet is put together; and how many found the ring full. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tap_packet);
} tap_work SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} tap_lost SEC(".maps");

SL_INLINE int tap_is_end(const struct pkt *p, const struct sl_addr *addr, __be16 port)
{
	struct sl_svc_key key = {.addr = *addr, .port = port, .proto = p->proto};

	if (bpf_map_lookup_elem(&tap_ends, &key))
		return 1;
	key.port = 0;
	return bpf_map_lookup_elem(&tap_ends, &key) != 0;
}

SL_INLINE int tap_in_prefix(const struct sl_tap_filter *f, const struct sl_addr *addr)
{
	return (addr->d[0] & f->mask.d[0]) == f->client.d[0] && (addr->d[1] & f->mask.d[1]) == f->client.d[1];
}

SL_INLINE int tap_wanted(const struct sl_tap_filter *f, const struct pkt *p)
{
	if (f->proto && f->proto != p->proto)
		return 0;
	if (!tap_in_prefix(f, &p->src) && !tap_in_prefix(f, &p->dst))
		return 0;
	if (f->ends && !tap_is_end(p, &p->dst, p->dport) && !tap_is_end(p, &p->src, p->sport))
		return 0;
	return f->sample <= 1 || bpf_get_prandom_u32() % f->sample == 0;
}

SL_INLINE void tap_emit(struct sl_ctx *ctx, __u32 egress)
{
	__u64 len = TAP_LEN(ctx);
	__u32 zero = 0;
	struct tap_packet *packet = bpf_map_lookup_elem(&tap_work, &zero);
	__u64 *lost = bpf_map_lookup_elem(&tap_lost, &zero);

	if (!packet || !lost)
		return;
	packet->head = (struct sl_tapped){.ns = bpf_ktime_get_ns(),
	    .ifindex = ctx_ifindex(ctx),
	    .len = len,
	    .mark = ctx_mark(ctx),
	    .express = CTX_EXPRESS,
	    .egress = egress};
	if (len > SL_TAP_KEPT)
		len = SL_TAP_KEPT;
	asm volatile("" : "+r"(len)); /* the bounds are for the verifier to see, not for the compiler to know */
	if (len < ETH_HLEN || len > SL_TAP_KEPT || TAP_LOAD(ctx, packet->bytes, len))
		return;
	packet->head.kept = len;
	if (bpf_ringbuf_output(&tap_ring, packet, sizeof(packet->head) + len, 0))
		++*lost;
}

SL_INLINE void tap(struct sl_ctx *ctx, __u32 egress)
{
	__u32 zero = 0;
	const struct sl_tap_filter *f = bpf_map_lookup_elem(&tap_filter, &zero);
	struct pkt p = {};

	if (f && parse(ctx, &p) == PKT_NEXT && tap_wanted(f, &p))
		tap_emit(ctx, egress);
}

#endif
