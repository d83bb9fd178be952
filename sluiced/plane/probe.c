/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sluiced/plane/plane_bpf.h"
#include "sluiced/plane/probe.h"

#define F_IPV6 (1ULL << 7) /* BPF_F_IPV6 of newer headers */

#define MOV_IMM(dst, value) {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (dst), .imm = (value)}

/*
 * The kernel looks at the flags before the offset, so an offset that can't be (an odd one) tells them apart: -EINVAL where the flag is
 * unknown, -EFAULT where it is known. The packet is not touched.
 */
static const struct bpf_insn csum_insns[] = {
    /* r1 = the packet, as on entry */
    MOV_IMM(BPF_REG_2, 1),
    MOV_IMM(BPF_REG_3, 0),
    MOV_IMM(BPF_REG_4, 0),
    MOV_IMM(BPF_REG_5, F_IPV6),
    {.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_l4_csum_replace},
    {.code = BPF_JMP | BPF_EXIT},
};

uint64_t probe_csum_ipv6(void)
{
	char packet[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet));
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "sluice_probe", "GPL", csum_insns, sizeof(csum_insns) / sizeof(*csum_insns), NULL);
	bool known;

	if (fd < 0)
		return 0;
	known = !bpf_prog_test_run_opts(fd, &run) && (int)run.retval == -EFAULT;
	close(fd);
	return known ? F_IPV6 : 0;
}

/* What a start needs: CAP_SYS_ADMIN for the mount and for entering a mount namespace, CAP_PERFMON for the verifier. */
static const struct {
	unsigned number;
	const char *name;
} needed[] = {{CAP_BPF, "CAP_BPF"}, {CAP_NET_ADMIN, "CAP_NET_ADMIN"}, {CAP_PERFMON, "CAP_PERFMON"}, {CAP_SYS_ADMIN, "CAP_SYS_ADMIN"}};

static uint64_t effective(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &header, data))
		return ~0ULL;
	return (uint64_t)data[1].effective << 32 | data[0].effective;
}

const char *probe_missing(void)
{
	static char text[128];
	uint64_t have = effective();
	unsigned i, count = 0;
	size_t used = 0;

	text[0] = 0;
	for (i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (!(have >> needed[i].number & 1))
			used += snprintf(text + used, sizeof(text) - used, "%s%s", count++ ? ", " : "; missing: ", needed[i].name);
	return text;
}

int probe_kernel(const char **ret_why)
{
	unsigned major = 0, minor = 0;
	struct utsname u;

	uname(&u);
	sscanf(u.release, "%u.%u", &major, &minor);
	if (major > 6 || (major == 6 && minor >= 1))
		return 0;
	return plane_why(ret_why, -EOPNOTSUPP, "Sluice needs Linux 6.1 or later, this is %s: %s", u.release,
	    major < 5 || (major == 5 && minor < 16)
		? "it can't keep neighbours resolved (managed neighbours, 5.16) and has no bpf_loop() (5.17)"
		: "its BPF verifier and allocator are older than what the lanes are tested with");
}
