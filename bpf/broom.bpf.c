/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf/maps.h"

char _license[] SEC("license") = "GPL";

SEC("syscall") int broom(struct sl_broom *arg)
{
	arg->jiffies = bpf_jiffies64();
	return 0;
}
