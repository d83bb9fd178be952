/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sluiced/plane/bpffs.h"
#include "sluiced/plane/clsact.h"
#include "sluiced/plane/plane_bpf.h"

#define FILTER_HANDLE 0x51ce
#define FILTER_PRIORITY 1000
#define TAP_PRIORITY (FILTER_PRIORITY - 1)

struct side {
	enum bpf_tc_attach_point point;
	uint32_t parent;
	enum plane_prog prog;
};

static const struct side sides[] = {
    {BPF_TC_INGRESS, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), PROG_FULL_INGRESS},
    {BPF_TC_EGRESS, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), PROG_FULL_EGRESS},
};

static void mark_name(char name[static BPFFS_NAME], const char *kind, uint32_t ifindex)
{
	snprintf(name, BPFFS_NAME, "%s-%u", kind, ifindex);
}

static bool marked(int links, const char *kind, uint32_t ifindex)
{
	char name[BPFFS_NAME];

	mark_name(name, kind, ifindex);
	return !faccessat(links, name, F_OK, 0);
}

static int mark(int links, const char *kind, uint32_t ifindex)
{
	char name[BPFFS_NAME];
	int fd;

	mark_name(name, kind, ifindex);
	fd = bpffs_dir(links, name, true);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int unmark(int links, const char *kind, uint32_t ifindex)
{
	char name[BPFFS_NAME];

	mark_name(name, kind, ifindex);
	return bpffs_remove(links, name);
}

/*
 * Is this program one of Sluice's for that side, of whatever build? A daemon that gave up CAP_SYS_ADMIN may not ask: then priority and
 * handle have to do.
 */
static bool is_ours(uint32_t prog_id, enum plane_prog prog)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(prog_id);
	bool ours;

	if (fd < 0)
		return errno == EPERM;
	ours = !bpf_obj_get_info_by_fd(fd, &info, &size) && !strcmp(info.name, plane_prog_name[prog]);
	close(fd);
	return ours;
}

/* Id of the program in our filter's place; 0: none. */
static uint32_t filter_prog(const struct side *side, uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = side->point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);

	return bpf_tc_query(&hook, &opts) ? 0 : opts.prog_id;
}

static int attach_side(struct plane_bpf *bpf, const struct side *side, uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = side->point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY, .prog_fd = bpf->prog[side->prog],
	    .flags = BPF_TC_F_REPLACE);
	uint32_t there = filter_prog(side, ifindex);

	if (there == bpf->prog_id[side->prog])
		return 0;
	if (there && !is_ours(there, side->prog))
		return -EBUSY;
	return bpf_tc_attach(&hook, &opts);
}

static int detach_side(const struct side *side, uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = side->point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
	uint32_t there = filter_prog(side, ifindex);

	return there && is_ours(there, side->prog) ? bpf_tc_detach(&hook, &opts) : 0;
}

static int make_qdisc(int links, uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	int err = bpf_tc_hook_create(&hook);

	if (err == -EEXIST)
		return 0;
	return err ?: mark(links, "clsact", ifindex);
}

static int tap_side(const struct side *side, uint32_t ifindex, int prog)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = side->point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = TAP_PRIORITY, .prog_fd = prog, .flags = BPF_TC_F_REPLACE);

	return bpf_tc_attach(&hook, &opts);
}

static void untap_sides(uint32_t ifindex)
{
	for (unsigned i = 0; i < sizeof(sides) / sizeof(*sides); i++) {
		LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = sides[i].point);
		LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = TAP_PRIORITY);

		bpf_tc_detach(&hook, &opts);
	}
}

static int attach_all(struct plane_bpf *bpf, uint32_t ifindex)
{
	unsigned i;
	int err = mark(bpf->links, "filter", ifindex);

	err = err ?: make_qdisc(bpf->links, ifindex);
	untap_sides(ifindex);
	for (i = 0; i < sizeof(sides) / sizeof(*sides) && !err; i++)
		err = attach_side(bpf, &sides[i], ifindex);
	return err;
}

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

int clsact_attach(struct plane_bpf *bpf, uint32_t ifindex)
{
	libbpf_print_fn_t before = libbpf_set_print(silent); /* "exists already" and "not found" are answers here */
	int err = attach_all(bpf, ifindex);

	libbpf_set_print(before);
	return err;
}

int clsact_attach_mark(struct plane_bpf *bpf, uint32_t ifindex)
{
	static const struct side side = {BPF_TC_EGRESS, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), PROG_FULL_MARK};
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	libbpf_print_fn_t before = libbpf_set_print(silent);
	int err = bpf_tc_hook_create(&hook);

	err = err == -EEXIST ? 0 : err;
	err = err ?: attach_side(bpf, &side, ifindex);
	libbpf_set_print(before);
	return err;
}

static int count_filter(const struct nlmsghdr *nlh, void *data)
{
	const struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_type == RTM_NEWTFILTER && mnl_nlmsg_get_payload_len(nlh) >= sizeof(*tcm) && tcm->tcm_handle)
		++*(unsigned *)data;
	return MNL_CB_OK;
}

/* Filters on one side of an interface; a failure counts as one, so that nothing is removed on a guess. */
static unsigned count_filters(struct mnl_socket *nl, uint32_t parent, uint32_t ifindex)
{
	char buf[32768] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct tcmsg *tcm = mnl_nlmsg_put_extra_header(nlh, sizeof(*tcm));
	unsigned count = 0;
	ssize_t n;
	int more = MNL_CB_OK;

	nlh->nlmsg_type = RTM_GETTFILTER;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = parent;
	tcm->tcm_ifindex = (int)ifindex;
	tcm->tcm_parent = parent;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return 1;
	while (more > MNL_CB_STOP) {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		more = n < 0 ? MNL_CB_ERROR : mnl_cb_run(buf, n, parent, mnl_socket_get_portid(nl), count_filter, &count);
	}
	return more == MNL_CB_ERROR ? 1 : count;
}

static bool has_filters(uint32_t ifindex)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	bool some = true;

	if (!nl)
		return true;
	if (!mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID))
		some = count_filters(nl, sides[0].parent, ifindex) || count_filters(nl, sides[1].parent, ifindex);
	mnl_socket_close(nl);
	return some;
}

static int detach_all(int links, uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	unsigned i;
	int err = 0;

	if (!marked(links, "filter", ifindex))
		return 0;
	untap_sides(ifindex);
	for (i = 0; i < sizeof(sides) / sizeof(*sides); i++)
		err = detach_side(&sides[i], ifindex) ?: err;
	if (!err && marked(links, "clsact", ifindex)) {
		if (!has_filters(ifindex))
			bpf_tc_hook_destroy(&hook);
		err = unmark(links, "clsact", ifindex);
	}
	return err ?: unmark(links, "filter", ifindex);
}

int clsact_detach(int links, uint32_t ifindex)
{
	libbpf_print_fn_t before = libbpf_set_print(silent);
	int err = detach_all(links, ifindex);

	libbpf_set_print(before);
	return err;
}

int clsact_tap(uint32_t ifindex, int in, int out)
{
	libbpf_print_fn_t before = libbpf_set_print(silent);
	int err = tap_side(&sides[0], ifindex, in) ?: tap_side(&sides[1], ifindex, out);

	if (err)
		untap_sides(ifindex);
	libbpf_set_print(before);
	return err;
}

void clsact_untap(uint32_t ifindex)
{
	libbpf_print_fn_t before = libbpf_set_print(silent);

	untap_sides(ifindex);
	libbpf_set_print(before);
}
