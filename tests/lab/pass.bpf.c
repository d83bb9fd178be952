/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lets everything pass. A veth takes XDP_TX and redirected frames only when its peer has an XDP program. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int pass(struct xdp_md *xdp)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
