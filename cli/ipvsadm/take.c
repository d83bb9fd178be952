// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/ipvsadm/take.h"

#include <arpa/inet.h>
#include <limits.h>
#include <popt.h>
#include <stddef.h>
#include <string.h>

#define DEFAULT_PERSIST 360 /* seconds */

static int take_service(struct adm_command *c, const char *arg, int proto, struct adm_error *ret_error)
{
	c->svc.proto = proto;
	if (adm_addr_parse(arg, proto, &c->svc.at) < 0)
		return adm_fail(ret_error, "illegal virtual server address[:port] specified");
	return 0;
}

static int take_fwmark(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	char *end;
	long mark = strtol(arg, &end, 10);

	if (*end || end == arg || mark <= 0 || mark > UINT_MAX)
		return adm_fail(ret_error, "invalid fwmark value `%s' specified", arg);
	c->svc.fwmark = mark;
	c->svc.proto = IPPROTO_TCP; /* for the names of server ports */
	c->svc.at.af = AF_INET;
	return 0;
}

static int take_ipv6(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	if (!c->svc.fwmark)
		return adm_fail(ret_error, "-6 used before -f\n");
	c->svc.at.af = AF_INET6;
	return 0;
}

static int take_scheduler(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	snprintf(c->svc.sched, sizeof(c->svc.sched), "%s", arg);
	return 0;
}

int adm_take_seconds(const char *arg, int min, int *ret_seconds, struct adm_error *ret_error)
{
	if (adm_number_parse(arg, min, ADM_MAX_TIMEOUT, ret_seconds) < 0)
		return adm_fail(ret_error, "invalid timeout value `%s' specified", arg);
	return 0;
}

static int take_persistent(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	c->svc.persist = DEFAULT_PERSIST;
	return arg ? adm_take_seconds(arg, 1, &c->svc.persist, ret_error) : 0;
}

/* A name is good as a mask too, as ever. */
static int take_netmask(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	struct adm_addr named;
	struct in_addr mask;

	if (c->svc.at.af == AF_INET6)
		return adm_number_parse(arg, 1, 128, &c->svc.prefix) < 0 ? adm_fail(ret_error, "illegal ipv6 netmask specified") : 0;
	if (inet_aton(arg, &mask) == 0) {
		if (adm_addr_parse(arg, 0, &named) < 0 || named.af != AF_INET)
			return adm_fail(ret_error, "illegal virtual server persistent mask specified");
		mask = named.in;
	}
	inet_ntop(AF_INET, &mask, c->svc.mask, sizeof(c->svc.mask));
	return 0;
}

static int take_server(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	if (adm_addr_parse(arg, c->svc.proto, &c->srv.at) < 0)
		return adm_fail(ret_error, "illegal real server address[:port] specified");
	return 0;
}

static int take_forward(struct adm_command *c, const char *arg, int fwd, struct adm_error *ret_error)
{
	c->srv.fwd = fwd;
	return 0;
}

static int take_weight(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	if (adm_number_parse(arg, 0, INT_MAX, &c->srv.weight) < 0)
		return adm_fail(ret_error, "illegal weight specified");
	return 0;
}

static int take_u_threshold(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	if (adm_number_parse(arg, 0, INT_MAX, &c->srv.u_threshold) < 0)
		return adm_fail(ret_error, "illegal u_threshold specified");
	return 0;
}

static int take_l_threshold(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	if (adm_number_parse(arg, 0, INT_MAX, &c->srv.l_threshold) < 0)
		return adm_fail(ret_error, "illegal l_threshold specified");
	return 0;
}

static int take_engine(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	snprintf(c->svc.engine, sizeof(c->svc.engine), "%s", arg);
	return 0;
}

static int take_ops(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	c->svc.one_packet = true;
	return 0;
}

static int take_sched_flags(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	snprintf(c->svc.flag_words, sizeof(c->svc.flag_words), "%s", arg);
	return 0;
}

static int take_tun_type(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	for (enum adm_tun tun = ADM_IPIP; tun <= ADM_GRE; tun++) {
		if (strcmp(arg, adm_tun_rule(tun)->name) == 0) {
			c->srv.tun = tun;
			return 0;
		}
	}
	return adm_fail(ret_error, "illegal tunnel type specified");
}

static int take_csum(struct adm_command *c, const char *arg, int csum, struct adm_error *ret_error)
{
	c->srv.csum = csum;
	return 0;
}

static int take_interface(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	snprintf(c->sync.interface, sizeof(c->sync.interface), "%s", arg);
	return 0;
}

static int take_group(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	bool v6 = strchr(arg, ':');
	struct in6_addr in6;
	struct in_addr in;

	if (v6 ? inet_pton(AF_INET6, arg, &in6) == 1 && IN6_IS_ADDR_MULTICAST(&in6)
	       : inet_pton(AF_INET, arg, &in) == 1 && IN_MULTICAST(ntohl(in.s_addr))) {
		snprintf(c->sync.group, sizeof(c->sync.group), "%s", arg);
		return 0;
	}
	return adm_fail(ret_error, "invalid %s mcast-group `%s'", v6 ? "IPv6" : "IPv4", arg);
}

/* Numbers that only have to lie between two others; `value` is a row of this table. */
enum bounded { BOUNDED_SYNCID, BOUNDED_PORT, BOUNDED_TTL, BOUNDED_MAXLEN, BOUNDED_TUN_PORT };
#define INTO(member) offsetof(struct adm_command, member)
static const struct {
	const char *name;
	int min, max;
	size_t into; /* where it goes in the command */
} bounds[] = {
    [BOUNDED_SYNCID] = {"syncid", 0, 255, INTO(sync.id)},
    [BOUNDED_PORT] = {"mcast-port", 1, 65535, INTO(sync.port)},
    [BOUNDED_TTL] = {"mcast-ttl", 1, 255, INTO(sync.ttl)},
    [BOUNDED_MAXLEN] = {"sync-maxlen", 1, 65507, INTO(sync.maxlen)},
    [BOUNDED_TUN_PORT] = {"tunnel port", 1, 65535, INTO(srv.tun_port)},
};

static int take_bounded(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	if (adm_number_parse(arg, bounds[value].min, bounds[value].max, (int *)((char *)c + bounds[value].into)) < 0)
		return adm_fail(ret_error, "illegal %s specified", bounds[value].name);
	return 0;
}

static int take_daemon(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	if (strcmp(arg, "master") == 0)
		c->sync.role = "master";
	else if (strcmp(arg, "backup") == 0)
		c->sync.role = "backup";
	else
		return adm_fail(
		    ret_error, c->cmd == ADM_START_DAEMON ? "illegal start-daemon parameter specified" : "illegal start_daemon specified");
	return 0;
}

#define COMMAND(n, l, c) {.name = n, .letter = l, .cmd = c, .opt = OPT_NONE}
#define FLAG(n, l, o) {.name = n, .letter = l, .opt = o}
#define WITH_ARG(n, l, o, t, v) {.name = n, .letter = l, .arg = POPT_ARG_STRING, .opt = o, .take = t, .value = v}

const struct adm_row adm_rows[ADM_ROWS] = {
    COMMAND("add-service", 'A', ADM_ADD),
    COMMAND("edit-service", 'E', ADM_EDIT),
    COMMAND("delete-service", 'D', ADM_DEL),
    COMMAND("clear", 'C', ADM_FLUSH),
    COMMAND("list", 'L', ADM_LIST),
    COMMAND("list", 'l', ADM_LIST),
    COMMAND("zero", 'Z', ADM_ZERO),
    COMMAND("add-server", 'a', ADM_ADD_SERVER),
    COMMAND("edit-server", 'e', ADM_EDIT_SERVER),
    COMMAND("delete-server", 'd', ADM_DEL_SERVER),
    COMMAND("set", 0, ADM_SET),
    COMMAND("help", 'h', ADM_HELP),
    COMMAND("version", 'v', ADM_VERSION),
    COMMAND("restore", 'R', ADM_RESTORE),
    COMMAND("save", 'S', ADM_SAVE),
    {.name = "start-daemon", .arg = POPT_ARG_STRING, .cmd = ADM_START_DAEMON, .opt = OPT_NONE, .take = take_daemon},
    {.name = "stop-daemon", .arg = POPT_ARG_STRING, .cmd = ADM_STOP_DAEMON, .opt = OPT_NONE, .take = take_daemon},
    WITH_ARG("tcp-service", 't', OPT_SERVICE, take_service, IPPROTO_TCP),
    WITH_ARG("udp-service", 'u', OPT_SERVICE, take_service, IPPROTO_UDP),
    WITH_ARG("sctp-service", 0, OPT_SERVICE, take_service, IPPROTO_SCTP),
    WITH_ARG("fwmark-service", 'f', OPT_SERVICE, take_fwmark, 0),
    WITH_ARG("scheduler", 's', OPT_SCHEDULER, take_scheduler, 0),
    {.name = "persistent", .letter = 'p', .arg = POPT_ARG_STRING | POPT_ARGFLAG_OPTIONAL, .opt = OPT_PERSISTENT, .take = take_persistent},
    WITH_ARG("netmask", 'M', OPT_NETMASK, take_netmask, 0),
    WITH_ARG("real-server", 'r', OPT_SERVER, take_server, 0),
    {.name = "masquerading", .letter = 'm', .opt = OPT_FORWARD, .take = take_forward, .value = ADM_MASQ},
    {.name = "ipip", .letter = 'i', .opt = OPT_FORWARD, .take = take_forward, .value = ADM_TUNNEL},
    {.name = "gatewaying", .letter = 'g', .opt = OPT_FORWARD, .take = take_forward, .value = ADM_ROUTE},
    WITH_ARG("weight", 'w', OPT_WEIGHT, take_weight, 0),
    WITH_ARG("u-threshold", 'x', OPT_UTHRESHOLD, take_u_threshold, 0),
    WITH_ARG("l-threshold", 'y', OPT_LTHRESHOLD, take_l_threshold, 0),
    FLAG("numeric", 'n', OPT_NUMERIC),
    FLAG("connection", 'c', OPT_CONNECTION),
    WITH_ARG("mcast-interface", 0, OPT_MCAST, take_interface, 0),
    WITH_ARG("syncid", 0, OPT_SYNCID, take_bounded, BOUNDED_SYNCID),
    FLAG("timeout", 0, OPT_TIMEOUT),
    FLAG("daemon", 0, OPT_DAEMON),
    FLAG("stats", 0, OPT_STATS),
    FLAG("rate", 0, OPT_RATE),
    FLAG("thresholds", 0, OPT_THRESHOLDS),
    FLAG("persistent-conn", 0, OPT_PERSISTENT_CONN),
    FLAG("nosort", 0, OPT_NOSORT),
    FLAG("sort", 0, OPT_NONE),
    FLAG("exact", 'X', OPT_EXACT),
    {.name = "ipv6", .letter = '6', .opt = OPT_NONE, .take = take_ipv6, .value = 0},
    {.name = "ops", .letter = 'o', .opt = OPT_OPS, .take = take_ops, .value = 0},
    WITH_ARG("pe", 0, OPT_PE, take_engine, 0),
    WITH_ARG("sched-flags", 'b', OPT_SCHED_FLAGS, take_sched_flags, 0),
    WITH_ARG("mcast-group", 0, OPT_MCAST_GROUP, take_group, 0),
    WITH_ARG("mcast-port", 0, OPT_MCAST_PORT, take_bounded, BOUNDED_PORT),
    WITH_ARG("mcast-ttl", 0, OPT_MCAST_TTL, take_bounded, BOUNDED_TTL),
    WITH_ARG("sync-maxlen", 0, OPT_SYNC_MAXLEN, take_bounded, BOUNDED_MAXLEN),
    FLAG("tun-info", 0, OPT_TUN_INFO),
    WITH_ARG("tun-type", 0, OPT_TUN_TYPE, take_tun_type, 0),
    WITH_ARG("tun-port", 0, OPT_TUN_PORT, take_bounded, BOUNDED_TUN_PORT),
    {.name = "tun-nocsum", .opt = OPT_TUN_NOCSUM, .take = take_csum, .value = ADM_NOCSUM},
    {.name = "tun-csum", .opt = OPT_TUN_CSUM, .take = take_csum, .value = ADM_CSUM},
    {.name = "tun-remcsum", .opt = OPT_TUN_REMCSUM, .take = take_csum, .value = ADM_REMCSUM},
    FLAG("strict", 0, OPT_STRICT),
};
