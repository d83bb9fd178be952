/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: the tap, express lane's hook: it takes the lane's place, copies (bpf/tap.h) and calls it. */

#include "bpf/ctx/xdp.h"

#define TAP_LEN(ctx) (ctx_end(ctx) - ctx_data(ctx)) /* 64 bits wide: halves of pointers are refused */
#define TAP_LOAD(ctx, to, len) bpf_xdp_load_bytes(ctx, 0, to, len)
#include "bpf/tap.h"

char _license[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} tap_lane SEC(".maps");

SEC("xdp") int tap_express(struct xdp_md *xdp)
{
	tap(xdp, 0);
	bpf_tail_call(xdp, &tap_lane, 0);
	return XDP_PASS;
}
