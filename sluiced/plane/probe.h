/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_PROBE_H
#define SLUICED_PROBE_H
/*
 * DOC: what this kernel can do
 */

#include <stdint.h>

/* BPF_F_IPV6 if bpf_l4_csum_replace() takes it (Linux 6.16 and later), else 0. */
uint64_t probe_csum_ipv6(void);

/* 0 if the kernel is Linux 6.1 or later, else -EOPNOTSUPP and a sentence that says what is missing. */
int probe_kernel(const char **ret_why);

/* "; missing: CAP_BPF, CAP_NET_ADMIN", or an empty text if this process has all that a start needs. In a static buffer. */
const char *probe_missing(void);

#endif
