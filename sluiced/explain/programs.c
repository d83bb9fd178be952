/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/explain/programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/tap.skel.h"
#include "bpf/tapx.skel.h"
#include "bpf/tc.skel.h"

#include "sluiced/plane/probe.h"

enum object { OBJECT_LANE, OBJECT_TAP, OBJECT_TAPX, OBJECT_COUNT };

/* Where what the child sends comes from. */
static const struct {
	const char *name;
	enum object object;
	bool program;
} items[PROGRAMS_COUNT] = {
    [PROGRAMS_INGRESS] = {"full_ingress", OBJECT_LANE, true},
    [PROGRAMS_EGRESS] = {"full_egress", OBJECT_LANE, true},
    [PROGRAMS_TAGS] = {"tags", OBJECT_LANE, false},
    [PROGRAMS_CONNS] = {"conns", OBJECT_LANE, false},
    [PROGRAMS_LOADS] = {"loads", OBJECT_LANE, false},
    [PROGRAMS_CURSORS] = {"cursors", OBJECT_LANE, false},
    [PROGRAMS_COUNTERS] = {"counters", OBJECT_LANE, false},
    [PROGRAMS_CACHES] = {"caches", OBJECT_LANE, false},
    [PROGRAMS_TAP_IN] = {"tap_in", OBJECT_TAP, true},
    [PROGRAMS_TAP_OUT] = {"tap_out", OBJECT_TAP, true},
    [PROGRAMS_TAP_EXPRESS] = {"tap_express", OBJECT_TAPX, true},
    [PROGRAMS_TAP_LANE] = {"tap_lane", OBJECT_TAPX, false},
    [PROGRAMS_TAP_FILTER] = {"tap_filter", OBJECT_TAP, false},
    [PROGRAMS_TAP_ENDS] = {"tap_ends", OBJECT_TAP, false},
    [PROGRAMS_TAP_RING] = {"tap_ring", OBJECT_TAP, false},
    [PROGRAMS_TAP_LOST] = {"tap_lost", OBJECT_TAP, false},
};

/* The maps of configuration, which the sandbox shares: the lanes only read them. */
static const enum plane_map shared[] = {MAP_settings, MAP_svcs, MAP_members, MAP_tables, MAP_bounds, MAP_owns, MAP_marks, MAP_mark_rules,
    MAP_origins, MAP_dests, MAP_hops, MAP_hop_ids, MAP_links, MAP_vips};

/* The maps that both taps use. */
static const char *const tap_maps[] = {"tap_filter", "tap_ends", "tap_ring", "tap_work", "tap_lost"};

struct message {
	int err; /* 0, or why the programs could not be loaded */
};

struct programs {
	struct plane_bpf *bpf;
	pid_t child;
	int socket; /* to the child; -1 when it has answered */
	bool asked; /* the child knows that the programs are wanted */
	int err;
	char why[128];
	int fd[PROGRAMS_COUNT];
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The full lane over the shared maps, its own ones small. */
static int load_lane(const struct plane_bpf *bpf, struct tc_lane *tc)
{
	const struct sl_settings *s = bpf->plane.settings;
	int err = 0;

	tc->rodata->cfg_bucket_mask = SANDBOX_SLOTS / SL_BUCKET_SLOTS - 1;
	tc->rodata->cfg_tick_shift = s->tick_shift;
	tc->rodata->cfg_seed0 = s->seed[0];
	tc->rodata->cfg_seed1 = s->seed[1];
	tc->rodata->cfg_csum_ipv6 = probe_csum_ipv6();
	for (size_t i = 0; i < COUNT(shared) && !err; i++)
		err = bpf_map__reuse_fd(bpf_object__find_map_by_name(tc->obj, plane_map_name[shared[i]]), bpf->map[shared[i]]);
	err = err ?: bpf_map__set_max_entries(tc->maps.tags, SANDBOX_SLOTS / SL_BUCKET_SLOTS);
	err = err ?: bpf_map__set_max_entries(tc->maps.conns, SANDBOX_SLOTS);
	err = err ?: bpf_map__set_max_entries(tc->maps.stats, 1);
	err = err ?: bpf_map__set_max_entries(tc->maps.trail, getpagesize());
	return err ?: bpf_object__load(tc->obj);
}

/* The taps only parse: of the lanes' maps they need none. */
static void leave_lane_maps(struct bpf_object *object)
{
	for (int m = 0; m < MAP_COUNT; m++)
		bpf_map__set_autocreate(bpf_object__find_map_by_name(object, plane_map_name[m]), false);
}

static int load_taps(struct bpf_object *tap, struct bpf_object *tapx)
{
	int err;

	leave_lane_maps(tap);
	leave_lane_maps(tapx);
	err = bpf_object__load(tap);
	for (size_t i = 0; i < COUNT(tap_maps) && !err; i++)
		err = bpf_map__reuse_fd(
		    bpf_object__find_map_by_name(tapx, tap_maps[i]), bpf_map__fd(bpf_object__find_map_by_name(tap, tap_maps[i])));
	return err ?: bpf_object__load(tapx);
}

static int load(const struct plane_bpf *bpf, struct bpf_object *object[OBJECT_COUNT])
{
	struct tapx_lane *tapx = tapx_lane__open();
	struct tap_lane *tap = tap_lane__open();
	struct tc_lane *tc = tc_lane__open();

	if (!tapx || !tap || !tc)
		return -ENOMEM;
	object[OBJECT_LANE] = tc->obj;
	object[OBJECT_TAP] = tap->obj;
	object[OBJECT_TAPX] = tapx->obj;
	return load_lane(bpf, tc) ?: load_taps(tap->obj, tapx->obj);
}

static int item_fd(struct bpf_object *const object[OBJECT_COUNT], enum programs_fd item)
{
	if (items[item].program)
		return bpf_program__fd(bpf_object__find_program_by_name(object[items[item].object], items[item].name));
	return bpf_map__fd(bpf_object__find_map_by_name(object[items[item].object], items[item].name));
}

static void send_answer(int socket, int err, struct bpf_object *const object[OBJECT_COUNT])
{
	struct message message = {.err = err};
	struct iovec part = {&message, sizeof(message)};
	union {
		char space[CMSG_SPACE(sizeof(int) * PROGRAMS_COUNT)];
		struct cmsghdr align;
	} control = {0};
	struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};
	int fds[PROGRAMS_COUNT];

	if (!err) {
		struct cmsghdr *c;

		for (int i = 0; i < PROGRAMS_COUNT; i++)
			fds[i] = item_fd(object, i);
		msg.msg_control = control.space;
		msg.msg_controllen = sizeof(control.space);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fds));
		memcpy(CMSG_DATA(c), fds, sizeof(fds));
	}
	sendmsg(socket, &msg, MSG_NOSIGNAL);
}

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

/* The child keeps the shared maps and its socket, nothing else of the daemon's. */
static void close_others(const struct plane_bpf *bpf, int socket)
{
	int last = socket;

	for (size_t i = 0; i < COUNT(shared); i++)
		last = bpf->map[shared[i]] > last ? bpf->map[shared[i]] : last;
	for (int fd = STDERR_FILENO + 1; fd < last; fd++) {
		bool keep = fd == socket;

		for (size_t i = 0; i < COUNT(shared); i++)
			keep |= fd == bpf->map[shared[i]];
		if (!keep)
			close(fd);
	}
	close_range(last + 1, ~0U, 0);
}

/* Waits to be asked, or for the daemon's end. */
static void child(const struct plane_bpf *bpf, int socket)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct bpf_object *object[OBJECT_COUNT] = {0};
	char go;

	for (size_t i = 0; i < COUNT(signals); i++)
		signal(signals[i], SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_others(bpf, socket);
	if (recv(socket, &go, 1, 0) != 1)
		_exit(0);
	libbpf_set_print(quiet);
	send_answer(socket, load(bpf, object), object);
	_exit(0);
}

static int start(struct programs *p)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	p->child = fork();
	if (p->child < 0) {
		close(pair[0]);
		close(pair[1]);
		return -errno;
	}
	if (p->child == 0)
		child(p->bpf, pair[1]);
	close(pair[1]);
	p->socket = pair[0];
	return 0;
}

struct programs *programs_new(struct plane *plane)
{
	struct plane_bpf *bpf = plane_bpf_of(plane);
	struct programs *p = bpf ? calloc(1, sizeof(*p)) : NULL;

	if (!p)
		return NULL;
	p->bpf = bpf;
	p->socket = -1;
	memset(p->fd, -1, sizeof(p->fd));
	p->err = start(p);
	return p;
}

void programs_free(struct programs *p)
{
	if (!p)
		return;
	if (p->socket >= 0)
		close(p->socket);
	if (p->child > 0)
		waitpid(p->child, NULL, 0);
	for (int i = 0; i < PROGRAMS_COUNT; i++)
		if (p->fd[i] >= 0)
			close(p->fd[i]);
	free(p);
}

struct plane_bpf *programs_plane(const struct programs *p)
{
	return p->bpf;
}

int programs_fd(const struct programs *p, enum programs_fd item)
{
	return p->fd[item];
}

/* The child's answer, if it has come. */
static int receive(struct programs *p)
{
	struct message message = {0};
	struct iovec part = {&message, sizeof(message)};
	union {
		char space[CMSG_SPACE(sizeof(int) * PROGRAMS_COUNT)];
		struct cmsghdr align;
	} control = {0};
	struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space)};
	ssize_t got = recvmsg(p->socket, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *c = got > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : -errno;
	if (got == 0)
		return -ECHILD; /* it died */
	if (message.err)
		return message.err;
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(p->fd)))
		return -EPROTO;
	memcpy(p->fd, CMSG_DATA(c), sizeof(p->fd));
	return 0;
}

/* Wakes the child, once. */
static int ask(struct programs *p)
{
	if (!p->asked && send(p->socket, "", 1, MSG_NOSIGNAL) != 1)
		return -errno;
	p->asked = true;
	return 0;
}

int programs_ready(struct programs *p, const char **ret_why)
{
	if (p->socket >= 0) {
		int err = ask(p) ?: receive(p);

		if (err == -EAGAIN)
			return err;
		close(p->socket);
		p->socket = -1;
		waitpid(p->child, NULL, 0);
		p->child = 0;
		p->err = err;
	}
	if (p->err) {
		snprintf(p->why, sizeof(p->why), "the programs for explanations can't be loaded: %s", strerror(-p->err));
		*ret_why = p->why;
	}
	return p->err;
}
