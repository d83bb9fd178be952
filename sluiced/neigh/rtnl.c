/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "sluiced/neigh/rtnl.h"

#define BUFFER 65536 /* larger than any message or dump packet of rtnetlink */
#define RECEIVE_BUFFER (4 << 20) /* of the listener: bursts of neighbours wait here */
#define BATCH 64 /* packets drained before the loop gets its turn */
#define LOST_BATCH 4096 /* the same when they are only thrown away */
#define RETRIES 8 /* of a dump that was interrupted by a change */

struct rtnl {
	const struct rtnl_listener *listener;
	void *arg;
	uv_poll_t *poll;
	struct mnl_socket *listen, *ask;
	uint32_t seq;
	bool lost; /* messages, since the listener was last told everything */
	char buf[BUFFER] __attribute__((aligned(8)));
};

static const int groups[] = {RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
    RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, RTNLGRP_NEXTHOP};

static void tell_link(const struct rtnl_listener *listener, void *arg, const struct nlmsghdr *nlh)
{
	struct neigh_link link;

	if (!wire_link(nlh, &link))
		listener->link(arg, &link, nlh->nlmsg_type == RTM_NEWLINK);
}

static void tell_neigh(const struct rtnl_listener *listener, void *arg, const struct nlmsghdr *nlh)
{
	struct wire_neigh neigh;

	if (!wire_neigh(nlh, &neigh))
		listener->neigh(arg, &neigh, nlh->nlmsg_type == RTM_NEWNEIGH);
}

static void tell(const struct rtnl_listener *listener, void *arg, const struct nlmsghdr *nlh)
{
	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK: tell_link(listener, arg, nlh); break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH: tell_neigh(listener, arg, nlh); break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
	case RTM_NEWRULE:
	case RTM_DELRULE:
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP: listener->routing(arg); break;
	default: break;
	}
}

static int tell_listener(const struct nlmsghdr *nlh, void *data)
{
	struct rtnl *rtnl = data;

	tell(rtnl->listener, rtnl->arg, nlh);
	return MNL_CB_OK;
}

/* One packet of the listener's. 0 or -errno; -EAGAIN: there are no more. */
static int drain_one(struct rtnl *rtnl)
{
	ssize_t n = mnl_socket_recvfrom(rtnl->listen, rtnl->buf, sizeof(rtnl->buf));

	if (n < 0)
		return -errno;
	if (!rtnl->lost && mnl_cb_run(rtnl->buf, n, 0, 0, tell_listener, rtnl) < 0)
		return -errno;
	return 0;
}

/*
 * After a loss the kernel drops all further messages until the socket is empty, and says so only once. So what is still in it is old: it is
 * thrown away, and only then everything is asked for again.
 */
static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct rtnl *rtnl = poll->data;
	int i, err = 0;

	if (status < 0) /* the loop stops looking at a socket with an error, but this one goes on */
		uv_poll_start(poll, UV_READABLE, on_readable);
	for (i = 0; i < (rtnl->lost ? LOST_BATCH : BATCH) && err != -EAGAIN; i++) {
		err = drain_one(rtnl);
		if (err && err != -EAGAIN && err != -EINTR)
			rtnl->lost = true;
	}
	if (rtnl->lost && err == -EAGAIN) {
		rtnl->lost = false;
		rtnl->listener->lost(rtnl->arg);
	}
	rtnl->listener->drained(rtnl->arg);
}

static int open_socket(int flags, struct mnl_socket **ret_nl)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | flags);
	int err;

	if (!nl)
		return -errno;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID)) {
		err = -errno;
		mnl_socket_close(nl);
		return err;
	}
	*ret_nl = nl;
	return 0;
}

static int open_listener(struct mnl_socket **ret_nl)
{
	int err = open_socket(SOCK_NONBLOCK, ret_nl), size = RECEIVE_BUFFER, group;
	unsigned i;

	if (err)
		return err;
	if (setsockopt(mnl_socket_get_fd(*ret_nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(mnl_socket_get_fd(*ret_nl), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		group = groups[i];
		if (mnl_socket_setsockopt(*ret_nl, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
			return -errno;
	}
	return 0;
}

/* The kernel answers within the request's own system call; the time limit is for a kernel that does not. */
static int open_asker(struct mnl_socket **ret_nl)
{
	struct timeval limit = {.tv_sec = 2};
	int err = open_socket(0, ret_nl);

	if (err)
		return err;
	return setsockopt(mnl_socket_get_fd(*ret_nl), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ? -errno : 0;
}

static void poll_closed(uv_handle_t *handle)
{
	free(handle);
}

static int start_poll(uv_loop_t *loop, struct rtnl *rtnl)
{
	uv_poll_t *poll = malloc(sizeof(*poll));
	int err;

	if (!poll)
		return -ENOMEM;
	err = uv_poll_init(loop, poll, mnl_socket_get_fd(rtnl->listen));
	if (err) {
		free(poll);
		return err;
	}
	poll->data = rtnl;
	rtnl->poll = poll;
	return uv_poll_start(poll, UV_READABLE, on_readable);
}

int rtnl_new(uv_loop_t *loop, const struct rtnl_listener *listener, void *arg, struct rtnl **ret_rtnl)
{
	struct rtnl *rtnl = calloc(1, sizeof(*rtnl));
	int err;

	if (!rtnl)
		return -ENOMEM;
	rtnl->listener = listener;
	rtnl->arg = arg;
	err = open_listener(&rtnl->listen);
	err = err ?: open_asker(&rtnl->ask);
	err = err ?: start_poll(loop, rtnl);
	if (err) {
		rtnl_free(rtnl);
		return err;
	}
	*ret_rtnl = rtnl;
	return 0;
}

void rtnl_free(struct rtnl *rtnl)
{
	if (!rtnl)
		return;
	if (rtnl->poll) {
		uv_poll_stop(rtnl->poll);
		uv_close((uv_handle_t *)rtnl->poll, poll_closed);
	}
	if (rtnl->ask)
		mnl_socket_close(rtnl->ask);
	if (rtnl->listen)
		mnl_socket_close(rtnl->listen);
	free(rtnl);
}

/* Sends a request and passes every answer to fn, up to the end or the acknowledgement. buf has BUFFER bytes. */
static int ask(struct mnl_socket *nl, struct nlmsghdr *nlh, uint32_t seq, char *buf, mnl_cb_t fn, void *data)
{
	unsigned port = mnl_socket_get_portid(nl);
	int more = MNL_CB_OK;
	ssize_t n;

	nlh->nlmsg_seq = seq;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (more > MNL_CB_STOP) {
		n = mnl_socket_recvfrom(nl, buf, BUFFER);
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (n >= (ssize_t)sizeof(*nlh) && ((struct nlmsghdr *)buf)->nlmsg_seq != seq)
			continue; /* the rest of a request that was given up */
		more = mnl_cb_run(buf, n, seq, port, fn, data);
	}
	return more == MNL_CB_ERROR ? -errno : 0;
}

struct rtnl_asker {
	struct mnl_socket *nl;
	uint32_t seq;
	char buf[BUFFER] __attribute__((aligned(8)));
};

int rtnl_asker_new(struct rtnl_asker **ret_asker)
{
	struct rtnl_asker *asker = calloc(1, sizeof(*asker));
	int err = asker ? open_asker(&asker->nl) : -ENOMEM;

	if (err) {
		rtnl_asker_free(asker);
		return err;
	}
	*ret_asker = asker;
	return 0;
}

void rtnl_asker_free(struct rtnl_asker *asker)
{
	if (asker && asker->nl)
		mnl_socket_close(asker->nl);
	free(asker);
}

int rtnl_asker_ask(struct rtnl_asker *asker, struct nlmsghdr *nlh, int (*fn)(const struct nlmsghdr *nlh, void *data), void *data)
{
	return ask(asker->nl, nlh, ++asker->seq, asker->buf, fn, data);
}

/* A dump that a change interrupted is asked for again; what was told is told once more. */
static int dump(struct rtnl *rtnl, uint16_t type)
{
	char request[WIRE_REQUEST] __attribute__((aligned(8)));
	int tries, err = 0;

	for (tries = 0; tries < RETRIES; tries++) {
		err = ask(rtnl->ask, wire_put_dump(request, type), ++rtnl->seq, rtnl->buf, tell_listener, rtnl);
		if (err != -EINTR)
			break;
	}
	return err;
}

int rtnl_dump_links(struct rtnl *rtnl)
{
	return dump(rtnl, RTM_GETLINK);
}

int rtnl_dump_neighs(struct rtnl *rtnl)
{
	return dump(rtnl, RTM_GETNEIGH);
}

struct route_answer {
	const struct sl_addr *dst;
	struct wire_route route;
	int err;
};

static int take_route(const struct nlmsghdr *nlh, void *data)
{
	struct route_answer *answer = data;

	answer->err = wire_route(nlh, answer->dst, &answer->route);
	return MNL_CB_STOP;
}

/* How the kernel says that there is no way. */
static bool is_unreachable(int err)
{
	return err == -ENETUNREACH || err == -EHOSTUNREACH || err == -EACCES || err == -EINVAL || err == -ENETDOWN || err == -ENODEV;
}

int rtnl_route(struct rtnl *rtnl, const struct sl_addr *dst, struct wire_route *ret_route)
{
	char request[WIRE_REQUEST] __attribute__((aligned(8)));
	struct route_answer answer = {.dst = dst};
	int err = ask(rtnl->ask, wire_put_route(request, dst), ++rtnl->seq, rtnl->buf, take_route, &answer);

	if (is_unreachable(err))
		err = 0;
	err = err ?: answer.err;
	if (!err)
		*ret_route = answer.route;
	return err;
}

int rtnl_keep(struct rtnl *rtnl, uint32_t ifindex, const struct sl_addr *addr, bool exclusive)
{
	char request[WIRE_REQUEST] __attribute__((aligned(8)));

	return ask(rtnl->ask, wire_put_keep(request, ifindex, addr, exclusive), ++rtnl->seq, rtnl->buf, NULL, NULL);
}

int rtnl_release(struct rtnl *rtnl, uint32_t ifindex, const struct sl_addr *addr)
{
	char request[WIRE_REQUEST] __attribute__((aligned(8)));

	return ask(rtnl->ask, wire_put_release(request, ifindex, addr), ++rtnl->seq, rtnl->buf, NULL, NULL);
}

/* Entries of ours, collected before any is deleted: a dump must not be changed under way. */
struct kept {
	struct wire_neigh *neigh;
	size_t count, room;
	int err;
};

static int collect_kept(const struct nlmsghdr *nlh, void *data)
{
	struct kept *kept = data;
	struct wire_neigh neigh, *grown;

	if (wire_neigh(nlh, &neigh) || !neigh.ours)
		return MNL_CB_OK;
	if (kept->count == kept->room) {
		grown = realloc(kept->neigh, (kept->room + 256) * sizeof(*grown));
		if (!grown) {
			kept->err = -ENOMEM;
			return MNL_CB_OK;
		}
		kept->neigh = grown;
		kept->room += 256;
	}
	kept->neigh[kept->count++] = neigh;
	return MNL_CB_OK;
}

static int delete_kept(struct mnl_socket *nl, char *buf)
{
	char request[WIRE_REQUEST] __attribute__((aligned(8)));
	struct kept kept = {0};
	uint32_t seq = 1;
	size_t i;
	int err = ask(nl, wire_put_dump(request, RTM_GETNEIGH), seq, buf, collect_kept, &kept);

	err = err ?: kept.err;
	for (i = 0; i < kept.count && !err; i++) {
		err = ask(nl, wire_put_delete(request, kept.neigh[i].ifindex, &kept.neigh[i].addr), ++seq, buf, NULL, NULL);
		if (err == -ENOENT || err == -ENODEV)
			err = 0;
	}
	free(kept.neigh);
	return err;
}

int neigh_release_all(void)
{
	struct mnl_socket *nl = NULL;
	char *buf = malloc(BUFFER);
	int err = buf ? open_asker(&nl) : -ENOMEM;

	err = err ?: delete_kept(nl, buf);
	if (nl)
		mnl_socket_close(nl);
	free(buf);
	return err;
}
