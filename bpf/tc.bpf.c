/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/maps.h"

char _license[] SEC("license") = "GPL";

SEC("tc") int full_ingress(struct __sk_buff *skb)
{
	return -1;
}

SEC("tc") int full_egress(struct __sk_buff *skb)
{
	return -1;
}
