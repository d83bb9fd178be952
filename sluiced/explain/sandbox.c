/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/explain/sandbox.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/tc.skel.h"

#include "sluiced/plane/plane_bpf.h"
#include "sluiced/plane/probe.h"

/* What the child sends: the programs, then the maps that are the sandbox's own. */
enum item { ITEM_INGRESS, ITEM_EGRESS, ITEM_TAGS, ITEM_CONNS, ITEM_LOADS, ITEM_CURSORS, ITEM_COUNTERS, ITEM_CACHES, ITEM_COUNT };

static const struct {
	const char *name;
	bool program;
} items[ITEM_COUNT] = {
    [ITEM_INGRESS] = {"full_ingress", true},
    [ITEM_EGRESS] = {"full_egress", true},
    [ITEM_TAGS] = {"tags", false},
    [ITEM_CONNS] = {"conns", false},
    [ITEM_LOADS] = {"loads", false},
    [ITEM_CURSORS] = {"cursors", false},
    [ITEM_COUNTERS] = {"counters", false},
    [ITEM_CACHES] = {"caches", false},
};

/* The maps of configuration, which the sandbox shares: the lanes only read them. */
static const enum plane_map shared[] = {MAP_settings, MAP_svcs, MAP_members, MAP_tables, MAP_bounds, MAP_owns, MAP_marks, MAP_mark_rules,
    MAP_origins, MAP_dests, MAP_hops, MAP_hop_ids, MAP_links, MAP_vips};

struct message {
	int err; /* 0, or why the program could not be loaded */
};

struct sandbox {
	struct plane_bpf *bpf;
	pid_t child;
	int socket; /* to the child; -1 when it has answered */
	bool asked; /* the child knows that the program is wanted */
	int err;
	char why[128];
	int fd[ITEM_COUNT];
	uint64_t *tags;
	struct sl_conn *conns;
	struct sl_load *loads;
	uint64_t *cursors;
	uint32_t real_slot[SANDBOX_SLOTS]; /* of what was put in, plus 1 */
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In the child: the object over the shared maps, its own ones small. */
static int load(const struct plane_bpf *bpf, struct tc_lane *tc)
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
	return err ?: bpf_object__load(tc->obj);
}

static int item_fd(const struct tc_lane *tc, enum item item)
{
	if (items[item].program)
		return bpf_program__fd(bpf_object__find_program_by_name(tc->obj, items[item].name));
	return bpf_map__fd(bpf_object__find_map_by_name(tc->obj, items[item].name));
}

static void send_answer(int socket, int err, const struct tc_lane *tc)
{
	struct message message = {.err = err};
	struct iovec part = {&message, sizeof(message)};
	union {
		char space[CMSG_SPACE(sizeof(int) * ITEM_COUNT)];
		struct cmsghdr align;
	} control = {0};
	struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};
	int fds[ITEM_COUNT];

	if (!err) {
		struct cmsghdr *c;

		for (int i = 0; i < ITEM_COUNT; i++)
			fds[i] = item_fd(tc, i);
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
	struct tc_lane *tc;
	char go;

	for (size_t i = 0; i < COUNT(signals); i++)
		signal(signals[i], SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_others(bpf, socket);
	if (recv(socket, &go, 1, 0) != 1)
		_exit(0);
	libbpf_set_print(quiet);
	tc = tc_lane__open();
	send_answer(socket, tc ? load(bpf, tc) : -errno, tc);
	_exit(0);
}

static int start(struct sandbox *sb)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	sb->child = fork();
	if (sb->child < 0) {
		close(pair[0]);
		close(pair[1]);
		return -errno;
	}
	if (sb->child == 0)
		child(sb->bpf, pair[1]);
	close(pair[1]);
	sb->socket = pair[0];
	return 0;
}

struct sandbox *sandbox_new(struct plane *plane)
{
	struct plane_bpf *bpf = plane_bpf_of(plane);
	struct sandbox *sb = bpf ? calloc(1, sizeof(*sb)) : NULL;

	if (!sb)
		return NULL;
	sb->bpf = bpf;
	sb->socket = -1;
	memset(sb->fd, -1, sizeof(sb->fd));
	sb->err = start(sb);
	return sb;
}

static void unmap(void *at, size_t size)
{
	if (at)
		munmap(at, size);
}

void sandbox_free(struct sandbox *sb)
{
	if (!sb)
		return;
	if (sb->socket >= 0)
		close(sb->socket);
	if (sb->child > 0)
		waitpid(sb->child, NULL, 0);
	unmap(sb->tags, SANDBOX_SLOTS * sizeof(*sb->tags));
	unmap(sb->conns, SANDBOX_SLOTS * sizeof(*sb->conns));
	unmap(sb->loads, SL_MAX_DESTS * sizeof(*sb->loads));
	unmap(sb->cursors, SL_MAX_SVCS * sizeof(*sb->cursors));
	for (int i = 0; i < ITEM_COUNT; i++)
		if (sb->fd[i] >= 0)
			close(sb->fd[i]);
	free(sb);
}

static int map(void **at, int fd, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return -errno;
	*at = memory;
	return 0;
}

static int map_all(struct sandbox *sb)
{
	int err = map((void **)&sb->tags, sb->fd[ITEM_TAGS], SANDBOX_SLOTS * sizeof(*sb->tags));

	err = err ?: map((void **)&sb->conns, sb->fd[ITEM_CONNS], SANDBOX_SLOTS * sizeof(*sb->conns));
	err = err ?: map((void **)&sb->loads, sb->fd[ITEM_LOADS], SL_MAX_DESTS * sizeof(*sb->loads));
	return err ?: map((void **)&sb->cursors, sb->fd[ITEM_CURSORS], SL_MAX_SVCS * sizeof(*sb->cursors));
}

/* The child's answer, if it has come. */
static int receive(struct sandbox *sb)
{
	struct message message = {0};
	struct iovec part = {&message, sizeof(message)};
	union {
		char space[CMSG_SPACE(sizeof(int) * ITEM_COUNT)];
		struct cmsghdr align;
	} control = {0};
	struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space)};
	ssize_t got = recvmsg(sb->socket, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *c = got > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : -errno;
	if (got == 0)
		return -ECHILD; /* it died */
	if (message.err)
		return message.err;
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(sb->fd)))
		return -EPROTO;
	memcpy(sb->fd, CMSG_DATA(c), sizeof(sb->fd));
	return map_all(sb);
}

/* Wakes the child, once. */
static int ask(struct sandbox *sb)
{
	if (!sb->asked && send(sb->socket, "", 1, MSG_NOSIGNAL) != 1)
		return -errno;
	sb->asked = true;
	return 0;
}

int sandbox_ready(struct sandbox *sb, const char **ret_why)
{
	if (sb->socket >= 0) {
		int err = ask(sb) ?: receive(sb);

		if (err == -EAGAIN)
			return err;
		close(sb->socket);
		sb->socket = -1;
		waitpid(sb->child, NULL, 0);
		sb->child = 0;
		sb->err = err;
	}
	if (sb->err) {
		snprintf(sb->why, sizeof(sb->why), "the program for explanations can't be loaded: %s", strerror(-sb->err));
		*ret_why = sb->why;
	}
	return sb->err;
}

static void caches_clear(struct sandbox *sb)
{
	struct sl_cache_key key;

	for (int i = 0; i < 64 && !bpf_map_get_next_key(sb->fd[ITEM_CACHES], NULL, &key); i++)
		bpf_map_delete_elem(sb->fd[ITEM_CACHES], &key);
}

static void counters_clear(struct sandbox *sb)
{
	uint64_t none[sb->bpf->plane.cpus];

	memset(none, 0, sizeof(none));
	for (uint32_t i = 0; i < SL_MAX_COUNTERS; i++)
		bpf_map_update_elem(sb->fd[ITEM_COUNTERS], &i, none, BPF_ANY);
}

void sandbox_reset(struct sandbox *sb)
{
	memset(sb->tags, 0, SANDBOX_SLOTS * sizeof(*sb->tags));
	memset(sb->real_slot, 0, sizeof(sb->real_slot));
	memcpy(sb->loads, sb->bpf->plane.loads, SL_MAX_DESTS * sizeof(*sb->loads));
	memcpy(sb->cursors, sb->bpf->plane.cursors, SL_MAX_SVCS * sizeof(*sb->cursors));
	caches_clear(sb);
	counters_clear(sb);
}

/* The template's slot here, if it was put in before. */
static uint32_t slot_here(const struct sandbox *sb, uint32_t real)
{
	for (uint32_t i = 0; real && i < SANDBOX_SLOTS; i++)
		if (sb->real_slot[i] == real)
			return i + 1;
	return 0;
}

bool sandbox_put(struct sandbox *sb, uint64_t word, const struct sl_conn *conn, uint32_t real_slot)
{
	const struct sl_settings *s = sb->bpf->plane.settings;
	uint64_t hash = sl_flow_hash(&conn->caddr, conn->cport, conn->proto, s->seed[0], s->seed[1]);
	uint32_t first = sl_hash_home(hash, SANDBOX_SLOTS / SL_BUCKET_SLOTS - 1) * SL_BUCKET_SLOTS;

	if (slot_here(sb, real_slot + 1))
		return false;
	for (uint32_t i = first; i < first + SL_BUCKET_SLOTS; i++) {
		if (sb->tags[i])
			continue;
		sb->conns[i] = *conn;
		sb->conns[i].template = slot_here(sb, conn->template);
		sb->real_slot[i] = real_slot + 1;
		sb->tags[i] = word & ~SL_W_OVF;
		return true;
	}
	return false;
}

int sandbox_cache_put(struct sandbox *sb, const struct sl_cache_key *key, const struct sl_cache *cache)
{
	return bpf_map_update_elem(sb->fd[ITEM_CACHES], key, cache, BPF_ANY) ? -errno : 0;
}

static uint32_t reason_counted(struct sandbox *sb)
{
	uint64_t rows[sb->bpf->plane.cpus];

	for (uint32_t reason = 1; reason < SL_MAX_REASONS; reason++) {
		if (bpf_map_lookup_elem(sb->fd[ITEM_COUNTERS], &reason, rows))
			continue;
		for (unsigned cpu = 0; cpu < sb->bpf->plane.cpus; cpu++)
			if (rows[cpu])
				return reason;
	}
	return 0;
}

int sandbox_run(struct sandbox *sb, const struct sandbox_packet *packet, struct sandbox_result *ret_result)
{
	struct __sk_buff skb = {.ifindex = packet->ifindex, .mark = packet->mark};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet->frame, .data_size_in = packet->len, .data_out = ret_result->frame,
	    .data_size_out = sizeof(ret_result->frame), .ctx_in = &skb, .ctx_size_in = sizeof(skb), .repeat = 1);
	enum item item = packet->egress ? ITEM_EGRESS : ITEM_INGRESS;

	if (bpf_prog_test_run_opts(sb->fd[item], &run))
		return -errno;
	ret_result->action = (int)run.retval;
	ret_result->len = run.data_size_out;
	ret_result->reason = ret_result->action == TC_ACT_SHOT ? reason_counted(sb) : 0;
	return 0;
}

bool sandbox_next(struct sandbox *sb, uint32_t *slot, uint64_t *ret_word, struct sl_conn *ret_conn)
{
	for (; *slot < SANDBOX_SLOTS; ++*slot) {
		if (!sl_state_live(sl_word_state(sb->tags[*slot])))
			continue;
		*ret_word = sb->tags[*slot];
		*ret_conn = sb->conns[*slot];
		++*slot;
		return true;
	}
	return false;
}

bool sandbox_known(const struct sandbox *sb, uint32_t slot)
{
	return sb->real_slot[slot] != 0;
}

bool sandbox_cache(struct sandbox *sb, struct sl_cache_key *ret_key, struct sl_cache *ret_cache)
{
	return !bpf_map_get_next_key(sb->fd[ITEM_CACHES], NULL, ret_key) && !bpf_map_lookup_elem(sb->fd[ITEM_CACHES], ret_key, ret_cache);
}
