/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/maps.h"

char _license[] SEC("license") = "GPL";

SEC("xdp") int express(struct xdp_md *xdp)
{
	return XDP_PASS;
}
