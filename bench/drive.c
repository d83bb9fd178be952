/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/drive.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/driver.bench.h"
#include "bench/clock.h"

enum { ETHER = 14, L4 = 34 };

const unsigned char drive_our_mac[6] = {2, 0, 0, 0, 0, 2}, drive_peer_mac[6] = {2, 0, 0, 0, 0, 1};

struct drive {
	struct driver_bench *skel;
};

int drive_open(struct drive **ret_drive)
{
	struct drive *drive = calloc(1, sizeof(*drive));

	if (!drive)
		return -ENOMEM;
	drive->skel = driver_bench__open_and_load();
	if (!drive->skel) {
		int err = -errno;

		free(drive);
		return err;
	}
	*ret_drive = drive;
	return 0;
}

void drive_close(struct drive *drive)
{
	if (drive)
		driver_bench__destroy(drive->skel);
	free(drive);
}

int drive_bare_fd(const struct drive *drive, enum drive_hook hook)
{
	return bpf_program__fd(hook == DRIVE_XDP ? drive->skel->progs.bare_xdp_tx : drive->skel->progs.bare_tc_redirect);
}

int drive_grow_fd(const struct drive *drive)
{
	return bpf_program__fd(drive->skel->progs.bare_xdp_grow);
}

void drive_frame_sums(struct flow_frame *f)
{
	uint32_t l4_len = f->len - L4;

	f->ip_sum = htons(0x4500) + htons(f->len - ETHER) + htons(0x4000) + (64 | f->proto << 8);
	f->l4_sum = htons(f->proto) + htons(l4_len) + htons(f->port);
	if (f->proto == IPPROTO_UDP)
		f->l4_sum += htons(l4_len);
	else
		f->l4_sum += (0x50 | f->tcp_flags << 8) + htons(8192);
}

struct flow_frame drive_frame(uint32_t server, uint16_t port, uint8_t proto, uint8_t tcp_flags)
{
	struct flow_frame f = {.server = server, .port = port, .proto = proto, .tcp_flags = tcp_flags, .len = FLOW_LEN};

	memcpy(&f.dmac4, drive_our_mac, 4);
	memcpy(&f.dmac2, drive_our_mac + 4, 2);
	memcpy(&f.smac4, drive_peer_mac, 4);
	memcpy(&f.smac2, drive_peer_mac + 4, 2);
	drive_frame_sums(&f);
	return f;
}

static double run(int prog, uint32_t repeat, uint32_t *ret_verdict)
{
	unsigned char in[FLOW_LEN] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_size_in = sizeof(in), .repeat = (int)repeat);
	uint64_t start = clock_cpu_ns();

	in[12] = 0x08;
	in[ETHER] = 0x45;
	if (bpf_prog_test_run_opts(prog, &opts))
		return -errno;
	*ret_verdict = opts.retval;
	return (double)(clock_cpu_ns() - start) / repeat;
}

double drive_run(
    struct drive *drive, enum drive_hook hook, int prog, const struct flow_frame *frame, uint32_t repeat, uint32_t *ret_verdict)
{
	struct bpf_map *targets = hook == DRIVE_XDP ? drive->skel->maps.xdp_target : drive->skel->maps.tc_target;
	struct bpf_program *driver = hook == DRIVE_XDP ? drive->skel->progs.drive_xdp : drive->skel->progs.drive_tc;
	const uint32_t zero = 0;

	if (bpf_map_update_elem(bpf_map__fd(targets), &zero, &prog, BPF_ANY))
		return -errno;
	drive->skel->bss->frame = *frame;
	if (frame->serial)
		drive->skel->bss->flow_state = 0;
	return run(bpf_program__fd(driver), repeat, ret_verdict);
}

double drive_alone(int prog, uint32_t repeat)
{
	uint32_t verdict;

	return run(prog, repeat, &verdict);
}
