// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: ipvsadm's command line
 *
 * One table of options; libpopt, which the original uses too, does the splitting, so that bundles, `--opt=value`, abbreviations that are
 * not accepted and the texts of its errors are the same. The first option must be a command.
 */
#include "cli/ipvsadm/ipvsadm.h"

#include <arpa/inet.h>
#include <limits.h>
#include <popt.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TIMEOUT (86400 * 31)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Takes an option's argument (NULL: none was given) into the command; `value` is from the option's row. */
typedef int take_fn(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error);

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

static int parse_timeout(const char *arg, int min, int *ret_seconds, struct adm_error *ret_error)
{
	if (adm_number_parse(arg, min, MAX_TIMEOUT, ret_seconds) < 0)
		return adm_fail(ret_error, "invalid timeout value `%s' specified", arg);
	return 0;
}

static int take_persistent(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	int seconds;

	return arg ? parse_timeout(arg, 1, &seconds, ret_error) : 0;
}

/* A mask is checked, no more: persistence is not built yet. */
static int take_netmask(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	struct adm_addr named;
	struct in_addr mask;
	int bits;

	if (c->svc.at.af == AF_INET6) {
		if (adm_number_parse(arg, 1, 128, &bits) < 0)
			return adm_fail(ret_error, "illegal ipv6 netmask specified");
	} else if (inet_aton(arg, &mask) == 0 && (adm_addr_parse(arg, 0, &named) < 0 || named.af != AF_INET)) {
		return adm_fail(ret_error, "illegal virtual server persistent mask specified");
	}
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
	c->svc.has_engine = *arg;
	return 0;
}

static int take_ops(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	c->svc.one_packet = true;
	return 0;
}

static int take_sched_flags(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	snprintf(c->svc.sched_flags, sizeof(c->svc.sched_flags), "%s", arg);
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

static int take_group(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	bool v6 = strchr(arg, ':');
	struct in6_addr in6;
	struct in_addr in;

	if (v6 ? inet_pton(AF_INET6, arg, &in6) == 1 && IN6_IS_ADDR_MULTICAST(&in6)
	       : inet_pton(AF_INET, arg, &in) == 1 && IN_MULTICAST(ntohl(in.s_addr)))
		return 0;
	return adm_fail(ret_error, "invalid %s mcast-group `%s'", v6 ? "IPv6" : "IPv4", arg);
}

/* Numbers that are only checked: what they belong to is not built yet. `value` is a row of this table. */
enum bounded { BOUNDED_SYNCID, BOUNDED_PORT, BOUNDED_TTL, BOUNDED_MAXLEN, BOUNDED_TUN_PORT };
static const struct {
	const char *name;
	int min, max;
} bounds[] = {
    [BOUNDED_SYNCID] = {"syncid", 0, 255},
    [BOUNDED_PORT] = {"mcast-port", 1, 65535},
    [BOUNDED_TTL] = {"mcast-ttl", 1, 255},
    [BOUNDED_MAXLEN] = {"sync-maxlen", 1, 65507},
    [BOUNDED_TUN_PORT] = {"tunnel port", 1, 65535},
};

static int take_bounded(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	int number;

	if (adm_number_parse(arg, bounds[value].min, bounds[value].max, &number) < 0)
		return adm_fail(ret_error, "illegal %s specified", bounds[value].name);
	return 0;
}

static int take_daemon(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error)
{
	if (strcmp(arg, "master") == 0 || strcmp(arg, "backup") == 0)
		return 0;
	return adm_fail(
	    ret_error, c->cmd == ADM_START_DAEMON ? "illegal start-daemon parameter specified" : "illegal start_daemon specified");
}

#define COMMAND(n, l, c) {.name = n, .letter = l, .cmd = c, .opt = OPT_NONE}
#define FLAG(n, l, o) {.name = n, .letter = l, .opt = o}
#define WITH_ARG(n, l, o, t, v) {.name = n, .letter = l, .arg = POPT_ARG_STRING, .opt = o, .take = t, .value = v}

/* cmd: the row is a command, good as the first option only. opt: may be given once, is noted in options. take: NULL: noted, no more. */
static const struct row {
	const char *name;
	char letter;
	unsigned arg; /* of popt */
	enum adm_cmd cmd;
	enum adm_opt opt;
	take_fn *take;
	int value;
} rows[] = {
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
    WITH_ARG("mcast-interface", 0, OPT_MCAST, NULL, 0),
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
    FLAG("tun-nocsum", 0, OPT_TUN_NOCSUM),
    FLAG("tun-csum", 0, OPT_TUN_CSUM),
    FLAG("tun-remcsum", 0, OPT_TUN_REMCSUM),
};

/* popt's own table, made from ours; an option's value is its row's number plus 1. */
static const struct poptOption *popt_table(void)
{
	static struct poptOption table[ARRAY_SIZE(rows) + 1];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		table[i].longName = rows[i].name;
		table[i].shortName = rows[i].letter;
		table[i].argInfo = rows[i].arg;
		table[i].val = i + 1;
	}
	return table;
}

static int take_option(poptContext popt, const struct row *row, struct adm_command *c, struct adm_error *ret_error)
{
	char *arg;
	int status = 0;

	if (row->opt != OPT_NONE) {
		if (c->options & BIT(row->opt))
			return adm_fail(ret_error, "multiple '%s' options specified", adm_opt_names[row->opt]);
		c->options |= BIT(row->opt);
	}
	arg = poptGetOptArg(popt);
	if (row->take)
		status = row->take(c, arg, row->value, ret_error);
	free(arg);
	return status;
}

static int parse_set(poptContext popt, struct adm_command *c, struct adm_error *ret_error)
{
	const char *args[3];

	for (int i = 0; i < 3; i++) {
		args[i] = poptGetArg(popt);
		if (!args[i])
			return adm_fail(ret_error, "--set option requires 3 timeout values");
	}
	for (int i = 0; i < 3; i++) {
		int status = parse_timeout(args[i], 0, &c->timeouts[i], ret_error);

		if (status)
			return status;
	}
	return 0;
}

static int parse_rest(poptContext popt, struct adm_command *c, struct adm_error *ret_error)
{
	const char *arg;
	int tag;

	while ((tag = poptGetNextOpt(popt)) > 0) {
		const struct row *row = &rows[tag - 1];
		int status;

		if (row->cmd != ADM_NONE)
			return adm_fail(ret_error, "invalid option `%s'", poptBadOption(popt, POPT_BADOPTION_NOALIAS));
		status = take_option(popt, row, c, ret_error);
		if (status)
			return status;
	}
	if (tag < -1)
		return adm_refuse(ret_error, "%s: %s", poptBadOption(popt, POPT_BADOPTION_NOALIAS), poptStrerror(tag));
	if (c->cmd == ADM_SET) {
		int status = parse_set(popt, c, ret_error);

		if (status)
			return status;
	}
	arg = poptGetArg(popt);
	return arg ? adm_fail(ret_error, "unexpected argument %s", arg) : 0;
}

static int parse(poptContext popt, const char *program, struct adm_command *c, struct adm_error *ret_error)
{
	int tag = poptGetNextOpt(popt), status;

	if (tag <= 0 || rows[tag - 1].cmd == ADM_NONE)
		return adm_try_help(ret_error, program);
	c->cmd = rows[tag - 1].cmd;
	if (c->cmd == ADM_HELP || c->cmd == ADM_VERSION)
		return 0;
	status = take_option(popt, &rows[tag - 1], c, ret_error);
	return status ? status : parse_rest(popt, c, ret_error);
}

/* What a server's address takes from its service. */
static void settle_server(struct adm_command *c)
{
	if (!c->srv.at.has_port)
		c->srv.at.port = c->svc.at.port;
	if (c->cmd != ADM_DEL_SERVER && !c->svc.fwmark && c->srv.fwd != ADM_MASQ)
		c->srv.at.port = c->svc.at.port; /* a packet that is not rewritten keeps its port */
}

int adm_parse(int argc, char **argv, struct adm_command *ret_command, struct adm_error *ret_error)
{
	struct adm_command c = {.srv = {.weight = 1, .fwd = ADM_ROUTE}};
	poptContext popt = poptGetContext("ipvsadm", argc, (const char **)argv, popt_table(), 0);
	int status;

	if (!popt)
		return adm_fail(ret_error, "Memory allocation problem");
	status = parse(popt, argv[0], &c, ret_error);
	poptFreeContext(popt);
	if (status == 0) {
		settle_server(&c);
		*ret_command = c;
	}
	return status;
}
