/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/field.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "bench/drive.h"
#include "bench/flow.h"
#include "bench/veth.bench.h"

enum { BATCH = 64, WARM = 100 * BATCH };

static const unsigned char servers_mac[6] = {2, 0, 0, 0, 0, 0x10}, inside_mac[6] = {2, 0, 0, 0, 0, 3};

/* Attaches an XDP program in the driver of an interface of another namespace. */
static int attach_xdp(int ns, const char *ifname, const struct bpf_program *prog)
{
	int old = net_enter(ns), err;
	uint32_t ifindex;

	if (old < 0)
		return old;
	ifindex = net_ifindex(ns, ifname);
	err = bpf_xdp_attach(ifindex, bpf_program__fd(prog), XDP_FLAGS_DRV_MODE, NULL);
	net_return(old);
	return err;
}

static int attach_tc(int ns, const char *ifname, const struct bpf_program *prog)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)net_ifindex(ns, ifname), .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(prog), .handle = 1, .priority = 1);
	int old = net_enter(ns), err;

	if (old < 0)
		return old;
	err = bpf_tc_hook_create(&hook);
	if (!err || err == -EEXIST)
		err = bpf_tc_attach(&hook, &opts);
	net_return(old);
	return err;
}

static int load_programs(struct field *field)
{
	struct veth_bench *veth = veth_bench__open_and_load();

	if (!veth)
		return -errno;
	field->veth = veth;
	veth->bss->generate_if = net_ifindex(field->net.client, "c0");
	veth->bss->forward_if = net_ifindex(field->net.director, "d1");
	memcpy(&veth->bss->forward_mac[0], servers_mac, 6);
	memcpy(&veth->bss->forward_mac[1], inside_mac, 6);
	return attach_xdp(field->net.servers, "e0", veth->progs.sink);
}

/* Interfaces take frames from a native redirect only with NAPI: GRO on turns it on. */
static int take_frames(struct field *field)
{
	int err = net_run(field->net.director, "ethtool -K d0 gro on && ethtool -K d1 gro on");

	return err ? err : load_programs(field);
}

static int start_daemon(struct field *field, const char *build, const char *options)
{
	char log[4096];

	snprintf(log, sizeof(log), "%s/bench-daemon.log", build);
	field->daemon = net_spawn(field->net.director, log, "exec %s/sluiced/sluiced %s", build, options);
	if (field->daemon < 0)
		return field->daemon;
	return net_run(field->net.director, "%s/cli/sluice ping --wait 10s >/dev/null", build);
}

static int add_service(struct field *field, const char *build, const char *proto, int port)
{
	return net_run(field->net.director,
	    "o=%s; { echo \"-A $o 10.9.0.1:%d -s rr\"; for i in $(seq 11 26); do echo \"-a $o 10.9.0.1:%d -r 10.2.0.$i:%d -m -w 1\"; done; "
	    "} |"
	    "%s/cli/ipvsadm -R",
	    strcmp(proto, "udp") ? "-t" : "-u", port, port, port, build);
}

static int start_sluice(struct field *field, const char *build, const char *proto, int port, const char *options)
{
	int err = start_daemon(field, build, options);

	return err ? err : add_service(field, build, proto, port);
}

static int start_nft(struct field *field, const char *proto, int port)
{
	return net_run(field->net.director,
	    "{ echo 'table ip balancer { chain pre { type nat hook prerouting priority dstnat;';"
	    "echo 'ip daddr 10.9.0.1 %s dport %d dnat to numgen inc mod 16 map {';"
	    "for i in $(seq 0 15); do echo \"$i : 10.2.0.$((11 + i)),\"; done; echo '}; }; }'; } | nft -f -",
	    proto, port);
}

static int start_director(struct field *field, const char *build, const char *proto, int port)
{
	switch (field->kind) {
	case FIELD_XDP_REDIRECT: return attach_xdp(field->net.director, "d0", field->veth->progs.forward_xdp);
	case FIELD_TC_REDIRECT: return attach_tc(field->net.director, "d0", field->veth->progs.forward_tc);
	case FIELD_EXPRESS: return start_sluice(field, build, proto, port, "--xdp native");
	case FIELD_FULL: return start_sluice(field, build, proto, port, "--xdp off");
	case FIELD_NFT: return start_nft(field, proto, port);
	default: return 0;
	}
}

int field_open(struct field *field, enum field_kind kind, const char *build, const char *proto, int port, bool frames)
{
	int err;

	memset(field, 0, sizeof(*field));
	field->kind = kind;
	err = net_open(&field->net);
	if (!err && frames)
		err = take_frames(field);
	if (!err)
		err = start_director(field, build, proto, port);
	if (err) {
		fprintf(stderr, "bench: a topology can't be set up: %s\n", strerror(-err));
		field_close(field);
	}
	return err;
}

void field_close(struct field *field)
{
	net_stop(field->daemon);
	veth_bench__destroy(field->veth);
	net_close(&field->net);
	memset(field, 0, sizeof(*field));
}

uint32_t field_target(const struct field *field)
{
	return field->kind == FIELD_FORWARD ? FLOW_RS : FLOW_VIP;
}

static int run_generator(struct field *field, uint32_t frames)
{
	unsigned char in[FLOW_LEN] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_size_in = sizeof(in), .repeat = (int)frames, .batch_size = BATCH,
	    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	int old = net_enter(field->net.client), err;

	if (old < 0)
		return old;
	err = bpf_prog_test_run_opts(bpf_program__fd(field->veth->progs.generate), &opts);
	net_return(old);
	return err;
}

int field_send(struct field *field, uint32_t flows, bool serial, uint32_t frames, struct field_run *ret_run)
{
	struct veth_bench__bss *bss = field->veth->bss;
	uint64_t sunk = bss->sunk;
	uint32_t total;
	int err;

	frames = (frames + BATCH - 1) / BATCH * BATCH;
	total = WARM + frames + BATCH;
	bss->frame = drive_frame(field_target(field), FLOW_VPORT, IPPROTO_UDP, 0);
	bss->frame.mask = flows - 1;
	bss->frame.serial = serial;
	if (serial)
		bss->flow_state = 0;
	bss->generate_count = 0;
	bss->count_from = WARM;
	bss->count_to = WARM + frames;
	err = run_generator(field, total);
	if (err)
		return err;
	ret_run->ns = (double)(bss->time_to - bss->time_from) / frames;
	ret_run->arrived = (double)(bss->sunk - sunk) / total;
	return 0;
}
