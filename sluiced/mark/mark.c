/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/mark/mark.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "sluiced/mark/rules.h"
#include "sluiced/mark/wire.h"
#include "sluiced/neigh/rtnl.h"
#include "sluiced/neigh/wire.h"

#define MTU 65535 /* what was put together from fragments must go through in one piece */
#define LOOK_AGAIN_MS 200 /* after others have changed rules or interfaces */

/* Devices that pass nothing on by themselves, in the order in which they are tried; a kernel need not have them all. */
static const char *const kinds[] = {"dummy", "ifb", "bridge"};

enum { V4, V6, FAMILIES };

static const char *const family_text[] = {"IPv4", "IPv6"};
static const char *const forwarding[] = {"/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding"};
static const char *const forwarding_text[] = {"net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"};

struct marks {
	uint32_t *mark; /* sorted */
	size_t count, room;
};

struct mark {
	uv_loop_t *loop;
	struct mark_hooks hooks;
	struct rtnl_asker *asker;
	struct mnl_socket *news;
	uv_poll_t *poll;
	uv_timer_t *timer;
	struct marks marks[FAMILIES];
	bool started;
	bool shadow_told[FAMILIES];
};

/* The rules of a family as they are. */
struct have {
	bool v6;
	struct rules_rule *rule;
	size_t count, room;
	int err;
};

static int collect_rule(const struct nlmsghdr *nlh, void *data)
{
	struct have *have = data;
	struct rules_rule rule, *grown;

	if (mark_wire_rule(nlh, have->v6, &rule))
		return MNL_CB_OK;
	if (have->count == have->room) {
		grown = realloc(have->rule, (have->room + 64) * sizeof(*grown));
		if (!grown) {
			have->err = -ENOMEM;
			return MNL_CB_OK;
		}
		have->rule = grown;
		have->room += 64;
	}
	have->rule[have->count++] = rule;
	return MNL_CB_OK;
}

static int read_rules(struct rtnl_asker *asker, bool v6, struct have *ret_have)
{
	char request[WIRE_REQUEST] __attribute__((aligned(8)));
	struct have have = {.v6 = v6};
	int err = rtnl_asker_ask(asker, mark_wire_put_dump(request, v6), collect_rule, &have);

	err = err ?: have.err;
	if (err)
		free(have.rule);
	else
		*ret_have = have;
	return err;
}

static int change_rule(void *arg, bool v6, const struct rules_rule *rule, bool add)
{
	char request[WIRE_REQUEST] __attribute__((aligned(8)));
	int err = rtnl_asker_ask(arg, mark_wire_put_rule(request, v6, rule, add), NULL, NULL);

	return err == (add ? -EEXIST : -ENOENT) ? 0 : err;
}

static const struct rules_ops ops = {change_rule};

static int sync_rules(struct rtnl_asker *asker, bool v6, const struct marks *marks, bool *ret_shadowed)
{
	struct have have;
	int n, err = read_rules(asker, v6, &have);

	if (err)
		return err;
	n = rules_sync(&ops, asker, v6, have.rule, have.count, marks->mark, marks->count);
	free(have.rule);
	if (n <= 0 && !ret_shadowed)
		return n;
	err = n < 0 ? n : read_rules(asker, v6, &have);
	if (err)
		return err;
	if (ret_shadowed)
		*ret_shadowed = rules_shadowed(have.rule, have.count);
	free(have.rule);
	return 0;
}

static int make_device(struct rtnl_asker *asker)
{
	char request[WIRE_REQUEST] __attribute__((aligned(8)));
	int err = -EOPNOTSUPP;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		err = rtnl_asker_ask(asker, mark_wire_put_link(request, MARK_DEVICE, kinds[i]), NULL, NULL);
		if (!err)
			log_info("%s: made, a device of the kind %s", MARK_DEVICE, kinds[i]);
		if (!err || err == -EEXIST)
			return 0;
	}
	return err;
}

/* A kind may have a smaller largest MTU, a host no IPv6: the rest does without. */
static int set_up_device(struct rtnl_asker *asker, uint32_t ifindex)
{
	char request[WIRE_REQUEST] __attribute__((aligned(8)));

	rtnl_asker_ask(asker, mark_wire_put_link_conf(request, ifindex, false), NULL, NULL);
	rtnl_asker_ask(asker, mark_wire_put_link_conf(request, ifindex, true), NULL, NULL);
	rtnl_asker_ask(asker, mark_wire_put_link_mtu(request, ifindex, MTU), NULL, NULL);
	rtnl_asker_ask(asker, mark_wire_put_addr(request, ifindex), NULL, NULL);
	return rtnl_asker_ask(asker, mark_wire_put_link_up(request, ifindex), NULL, NULL);
}

static int have_device(struct mark *mark, uint32_t *ret_ifindex)
{
	uint32_t ifindex = if_nametoindex(MARK_DEVICE);
	int err;

	if (!ifindex) {
		err = make_device(mark->asker);
		ifindex = if_nametoindex(MARK_DEVICE);
		if (err || !ifindex) {
			log_warn_limited("packets that netfilter marks can't be taken up: no device " MARK_DEVICE
					 " can be made of the kinds dummy, ifb or bridge (%s)",
			    strerror(-err));
			return err ?: -ENODEV;
		}
	}
	err = set_up_device(mark->asker, ifindex);
	err = err ?: mark->hooks.attach(mark->hooks.arg, ifindex);
	if (err) {
		log_warn_limited("packets that netfilter marks can't be taken up: " MARK_DEVICE ": %s", strerror(-err));
		return err;
	}
	*ret_ifindex = ifindex;
	return 0;
}

static int remove_device(struct rtnl_asker *asker)
{
	char request[WIRE_REQUEST] __attribute__((aligned(8)));
	uint32_t ifindex = if_nametoindex(MARK_DEVICE);

	return ifindex ? rtnl_asker_ask(asker, mark_wire_put_link_delete(request, ifindex), NULL, NULL) : 0;
}

static bool is_off(const char *path)
{
	FILE *file = fopen(path, "re");
	int c = file ? getc(file) : EOF;

	if (file)
		fclose(file);
	return c == '0';
}

static void warn_forwarding(int family)
{
	if (is_off(forwarding[family]))
		log_warn_limited(
		    "%s firewall-mark services get no packets that netfilter marks while %s is 0: the host routes them to " MARK_DEVICE
		    "; set it to 1 (sysctl -w %s=1)",
		    family_text[family], forwarding_text[family], forwarding_text[family]);
}

static void warn_shadowed(struct mark *mark, int family, bool shadowed)
{
	if (shadowed && !mark->shadow_told[family])
		log_warn(
		    "%s: a routing rule in front of ours looks up the table local: marked packets to addresses of this host do not reach "
		    "the firewall-mark services (ip rule)",
		    family_text[family]);
	mark->shadow_told[family] = shadowed;
}

static int bring_up_family(struct mark *mark, int family, uint32_t ifindex)
{
	char request[WIRE_REQUEST] __attribute__((aligned(8)));
	bool shadowed = false;
	int err = rtnl_asker_ask(mark->asker, mark_wire_put_route(request, family == V6, ifindex), NULL, NULL);

	err = err ?: sync_rules(mark->asker, family == V6, &mark->marks[family], &shadowed);
	if (err) {
		log_warn_limited(
		    "%s packets that netfilter marks can't be taken up: routing rules: %s", family_text[family], strerror(-err));
		return err;
	}
	warn_shadowed(mark, family, shadowed);
	return 0;
}

static void take_down_family(struct mark *mark, int family)
{
	int err = sync_rules(mark->asker, family == V6, &mark->marks[family], NULL);

	if (err && err != -EOPNOTSUPP && err != -EAFNOSUPPORT)
		log_warn_limited("%s routing rules for marks can't be removed: %s", family_text[family], strerror(-err));
}

/* The rules go before the device, and come after it. */
static void sync_all(struct mark *mark)
{
	bool any = mark->marks[V4].count || mark->marks[V6].count;
	uint32_t ifindex;
	int err = any ? have_device(mark, &ifindex) : 0;

	for (int family = 0; family < FAMILIES; family++) {
		if (!mark->marks[family].count)
			take_down_family(mark, family);
		else if (!err)
			bring_up_family(mark, family, ifindex);
	}
	if (any)
		return;
	err = remove_device(mark->asker);
	if (err)
		log_warn_limited("%s can't be removed: %s", MARK_DEVICE, strerror(-err));
}

static size_t place_of(const struct marks *marks, uint32_t mark)
{
	size_t i = 0;

	while (i < marks->count && marks->mark[i] < mark)
		i++;
	return i;
}

/* False if nothing changes, for want of memory too. */
static bool note(struct marks *marks, uint32_t mark, bool on)
{
	size_t at = place_of(marks, mark);
	bool known = at < marks->count && marks->mark[at] == mark;
	uint32_t *grown;

	if (known == on)
		return false;
	if (!on) {
		memmove(&marks->mark[at], &marks->mark[at + 1], (--marks->count - at) * sizeof(*marks->mark));
		return true;
	}
	if (marks->count == marks->room) {
		grown = realloc(marks->mark, (marks->room + 64) * sizeof(*grown));
		if (!grown)
			return false;
		marks->mark = grown;
		marks->room += 64;
	}
	memmove(&marks->mark[at + 1], &marks->mark[at], (marks->count++ - at) * sizeof(*marks->mark));
	marks->mark[at] = mark;
	return true;
}

void mark_use(struct mark *mark, const struct sl_svc_key *key, bool on)
{
	int family = sl_addr_is_v4(&key->addr) ? V4 : V6;

	if (!note(&mark->marks[family], ntohl(key->addr.w[3]), on) || !mark->started)
		return;
	if (on)
		warn_forwarding(family);
	sync_all(mark);
}

static void on_timer(uv_timer_t *timer)
{
	sync_all(timer->data);
}

static int look_at(const struct nlmsghdr *nlh, void *data)
{
	struct mark *mark = data;
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	bool rule = nlh->nlmsg_type == RTM_NEWRULE || nlh->nlmsg_type == RTM_DELRULE;
	bool link = nlh->nlmsg_type == RTM_DELLINK && mnl_nlmsg_get_payload_len(nlh) >= sizeof(*ifi) && ifi->ifi_family == AF_UNSPEC;

	if ((rule || link) && (mark->marks[V4].count || mark->marks[V6].count))
		uv_timer_start(mark->timer, on_timer, LOOK_AGAIN_MS, 0);
	return MNL_CB_OK;
}

/* News that were lost are as good as news. */
static void on_news(uv_poll_t *poll, int status, int events)
{
	struct mark *mark = poll->data;
	char buf[32768] __attribute__((aligned(8)));
	ssize_t n;

	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_news);
	for (int i = 0; i < 64; i++) {
		n = mnl_socket_recvfrom(mark->news, buf, sizeof(buf));
		if (n < 0 && errno == ENOBUFS)
			uv_timer_start(mark->timer, on_timer, LOOK_AGAIN_MS, 0);
		if (n < 0)
			break;
		mnl_cb_run(buf, n, 0, 0, look_at, mark);
	}
}

static int listen_to_news(struct mark *mark)
{
	static const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE};

	mark->news = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!mark->news || mnl_socket_bind(mark->news, 0, MNL_SOCKET_AUTOPID))
		return -errno;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		int group = groups[i];

		if (mnl_socket_setsockopt(mark->news, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
			return -errno;
	}
	return 0;
}

static void closed(uv_handle_t *handle)
{
	free(handle);
}

static int make_timer(struct mark *mark)
{
	mark->timer = malloc(sizeof(*mark->timer));
	if (!mark->timer)
		return -ENOMEM;
	uv_timer_init(mark->loop, mark->timer);
	mark->timer->data = mark;
	return 0;
}

static int start_poll(struct mark *mark)
{
	uv_poll_t *poll = malloc(sizeof(*poll));
	int err;

	if (!poll)
		return -ENOMEM;
	err = uv_poll_init(mark->loop, poll, mnl_socket_get_fd(mark->news));
	if (err) {
		free(poll);
		return err;
	}
	poll->data = mark;
	mark->poll = poll;
	return uv_poll_start(poll, UV_READABLE, on_news);
}

int mark_new(uv_loop_t *loop, const struct mark_hooks *hooks, struct mark **ret_mark)
{
	struct mark *mark = calloc(1, sizeof(*mark));
	int err;

	if (!mark)
		return -ENOMEM;
	mark->loop = loop;
	mark->hooks = *hooks;
	err = rtnl_asker_new(&mark->asker);
	err = err ?: make_timer(mark);
	err = err ?: listen_to_news(mark);
	err = err ?: start_poll(mark);
	if (err) {
		mark_free(mark);
		return err;
	}
	*ret_mark = mark;
	return 0;
}

void mark_free(struct mark *mark)
{
	if (!mark)
		return;
	if (mark->poll) {
		uv_poll_stop(mark->poll);
		uv_close((uv_handle_t *)mark->poll, closed);
	}
	if (mark->timer)
		uv_close((uv_handle_t *)mark->timer, closed);
	if (mark->news)
		mnl_socket_close(mark->news);
	rtnl_asker_free(mark->asker);
	for (int family = 0; family < FAMILIES; family++)
		free(mark->marks[family].mark);
	free(mark);
}

void mark_start(struct mark *mark)
{
	mark->started = true;
	for (int family = 0; family < FAMILIES; family++)
		if (mark->marks[family].count)
			warn_forwarding(family);
	sync_all(mark);
}

int mark_teardown(void)
{
	const struct marks none = {0};
	struct rtnl_asker *asker;
	int err = rtnl_asker_new(&asker), err6;

	if (err)
		return err;
	err = sync_rules(asker, false, &none, NULL);
	err6 = sync_rules(asker, true, &none, NULL);
	if (err6 == -EOPNOTSUPP || err6 == -EAFNOSUPPORT)
		err6 = 0;
	err = err ?: err6;
	err = err ?: remove_device(asker);
	rtnl_asker_free(asker);
	return err;
}
