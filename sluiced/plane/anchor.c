/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <unistd.h>

#include "sluiced/plane/anchor.h"
#include "sluiced/plane/bpffs.h"

/* return SK_PASS: no socket chosen, the kernel goes on as if we were not there. */
static const struct bpf_insn pass[] = {
    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = SK_PASS},
    {.code = BPF_JMP | BPF_EXIT},
};

static int pin_link(int attached, int prog, int netns)
{
	int link = bpf_link_create(prog, netns, BPF_SK_LOOKUP, NULL), err;

	if (link < 0)
		return -errno;
	err = bpffs_pin(attached, ANCHOR_PIN, link);
	close(link);
	return err;
}

static int make(int attached)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_SK_LOOKUP);
	int prog = bpf_prog_load(BPF_PROG_TYPE_SK_LOOKUP, "sluice_anchor", "GPL", pass, sizeof(pass) / sizeof(*pass), &opts);
	int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), err = prog < 0 || netns < 0 ? -errno : 0;

	if (!err)
		err = pin_link(attached, prog, netns);
	if (netns >= 0)
		close(netns);
	if (prog >= 0)
		close(prog);
	return err;
}

int anchor_set(int attached)
{
	int link = bpffs_get(attached, ANCHOR_PIN);

	if (link < 0)
		return make(attached);
	close(link);
	return 0;
}
