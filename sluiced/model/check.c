/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/model/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int check_refuse(struct model_error *error, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return err;
}

/* Has the server's address a sense at all? */
static int check_dest_addr(const struct op *op, struct model_error *ret_error)
{
	char text[ADDR_TEXT];

	addr_print(op->dest.addr.b, text);
	if (!addr_is_unicast(op->dest.addr.b))
		return check_refuse(ret_error, -EINVAL, "%s can't be a real server: use the unicast address of the server", text);
	if (addr_is_link_local6(op->dest.addr.b)) {
		return check_refuse(
		    ret_error, -EINVAL, "%s is link-local and can't be a real server: use a global or unique local address", text);
	}
	if (addr_is_v4(op->svc.addr.b) != addr_is_v4(op->dest.addr.b) && op->server.fwd != SL_FWD_TUNNEL) {
		return check_refuse(
		    ret_error, -EINVAL, "%s is of another address family than its service: only fwd \"tunnel\" (-i) can do that", text);
	}
	if (op->dest.port == 0 && op->svc.port != 0 && op->server.fwd == SL_FWD_MASQ)
		return check_refuse(ret_error, -EINVAL, "port 0 can't be a server's port: name one, or leave it out for the service's");
	return 0;
}

static int check_numbers(const struct op_dest *said, struct model_error *ret_error)
{
	const struct {
		const char *name;
		int64_t value;
	} rows[] = {{"weight", said->weight}, {"upper", said->upper}, {"lower", said->lower}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].value < 0 || rows[i].value > INT32_MAX) {
			return check_refuse(ret_error, -ERANGE, "%s %lld is out of range: write 0 to %d", rows[i].name,
			    (long long)rows[i].value, INT32_MAX);
		}
	}
	if (said->lower > said->upper) {
		return check_refuse(ret_error, -ERANGE, "the lower threshold %lld is above the upper one, %lld: write at most that",
		    (long long)said->lower, (long long)said->upper);
	}
	return 0;
}

static int check_tunnel(const struct op_dest *said, struct dest_conf *conf, struct model_error *ret_error)
{
	if (!said->tunnel_said)
		return 0;
	if (said->fwd != SL_FWD_TUNNEL)
		return check_refuse(ret_error, -EINVAL, "tunnel options are for fwd \"tunnel\" (-i): leave them out");
	if (said->tun_port < 0 || said->tun_port > 65535)
		return check_refuse(ret_error, -ERANGE, "tunnel port %lld is out of range: write 1 to 65535", (long long)said->tun_port);
	if (said->tun_type == SL_TUN_GUE && said->tun_port == 0)
		return check_refuse(ret_error, -EINVAL, "a gue tunnel needs the UDP port of its far end: add \"port\" (--tun-port)");
	if (said->tun_type != SL_TUN_GUE && said->tun_port != 0)
		return check_refuse(ret_error, -EINVAL, "only a gue tunnel has a port: leave it out");
	if (said->tun_type == SL_TUN_IPIP && said->tun_flags)
		return check_refuse(ret_error, -EINVAL, "an ipip tunnel has no checksum: leave \"csum\" out");
	if (said->tun_type == SL_TUN_GRE && said->tun_flags & SL_TUN_REMCSUM)
		return check_refuse(ret_error, -EINVAL, "a gre tunnel has no remote checksum: write \"none\" or \"csum\"");
	conf->tunnel = (struct dest_tunnel){said->tun_type, said->tun_flags, htons(said->tun_port)};
	return 0;
}

int check_dest(const struct op *op, struct dest_conf *ret_conf, struct model_error *ret_error)
{
	struct dest_conf conf = {.fwd = op->server.fwd, .weight = op->server.weight, .upper = op->server.upper, .lower = op->server.lower};
	int err = check_dest_addr(op, ret_error);

	if (!err)
		err = check_numbers(&op->server, ret_error);
	if (!err)
		err = check_tunnel(&op->server, &conf, ret_error);
	if (!err)
		*ret_conf = conf;
	return err;
}

int check_timeout(const char *name, int64_t seconds, const char *zero, struct model_error *ret_error)
{
	if (seconds >= 0 && seconds <= MODEL_MAX_TIMEOUT)
		return 0;
	return check_refuse(ret_error, -ERANGE, "timeout %s of %lld s is out of range: write 1 to %d, or 0 %s", name, (long long)seconds,
	    MODEL_MAX_TIMEOUT, zero);
}

int check_timeouts(const struct op *op, struct model_error *ret_error)
{
	int err = check_timeout("tcp", op->tcp, "to keep it", ret_error);

	if (!err)
		err = check_timeout("tcpfin", op->tcpfin, "to keep it", ret_error);
	return err ? err : check_timeout("udp", op->udp, "to keep it", ret_error);
}

/* What IPVS asks of single settings besides their range. */
static int check_sense(const struct model *model, const struct model_sysctl *sysctl, int64_t value, struct model_error *ret_error)
{
	int64_t threshold = sysctl->index == SL_SYS_SYNC_THRESHOLD ? value : model->sysctl[SL_SYS_SYNC_THRESHOLD];
	int64_t period = sysctl->index == SL_SYS_SYNC_PERIOD ? value : model->sysctl[SL_SYS_SYNC_PERIOD];

	if (sysctl->index == SL_SYS_SYNC_PORTS && value & (value - 1))
		return check_refuse(ret_error, -EINVAL, "sync_ports can't be %lld: write a power of two from 1 to 64", (long long)value);
	if ((sysctl->index == SL_SYS_SYNC_THRESHOLD || sysctl->index == SL_SYS_SYNC_PERIOD) && period && threshold >= period) {
		return check_refuse(ret_error, -EINVAL, "sync_threshold %lld must be below sync_period %lld, or sync_period 0",
		    (long long)threshold, (long long)period);
	}
	return 0;
}

int check_setting(const struct model *model, const struct op *op, const struct model_sysctl *sysctl, struct model_error *ret_error)
{
	if (!sysctl)
		return check_refuse(ret_error, -ENOENT, "there is no setting \"%.40s\": the method settings lists them", op->name);
	if (op->value < sysctl->least || op->value > sysctl->most) {
		return check_refuse(ret_error, -ERANGE, "%s %lld is out of range: write %d to %d", sysctl->name, (long long)op->value,
		    sysctl->least, sysctl->most);
	}
	return check_sense(model, sysctl, op->value, ret_error);
}

int check_mark_rule(const struct op *op, struct model_error *ret_error)
{
	struct rule rule = op->rule;
	const char *wrong;

	if (op->mark < 1 || op->mark > UINT32_MAX)
		return check_refuse(ret_error, -ERANGE, "mark %lld is out of range: write 1 to 4294967295", (long long)op->mark);
	rule.mark = op->mark;
	wrong = rule_wrong(&rule);
	if (wrong)
		return check_refuse(ret_error, -EINVAL, "%s", wrong);
	if (!rule.proto && (rule.first_port != 0 || rule.last_port != 65535))
		return check_refuse(ret_error, -EINVAL, "ports need a protocol: add \"proto\"");
	return 0;
}

static int check_group(const struct op_sync *said, struct sync_conf *conf, struct model_error *ret_error)
{
	static const struct sl_addr usual = {.b = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 224, 0, 0, 81}};
	const struct sl_addr *group = said->group_said ? &said->group : &usual;
	char text[ADDR_TEXT];

	if (addr_is_v4(group->b) ? (group->b[12] & 0xf0) != 0xe0 : group->b[0] != 0xff)
		return check_refuse(ret_error, -EINVAL, "%s is no multicast group", addr_print(group->b, text));
	conf->group = *group;
	return 0;
}

static int check_sync_numbers(const struct op_sync *said, struct model_error *ret_error)
{
	const struct {
		const char *name;
		int64_t value, least, most;
	} rows[] = {
	    {"id", said->id, 0, 255}, {"maxlen", said->maxlen, 1, 65507}, {"port", said->port, 1, 65535}, {"ttl", said->ttl, 1, 255}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].value != -1 && (rows[i].value < rows[i].least || rows[i].value > rows[i].most)) {
			return check_refuse(ret_error, -ERANGE, "%s %lld is out of range: write %lld to %lld", rows[i].name,
			    (long long)rows[i].value, (long long)rows[i].least, (long long)rows[i].most);
		}
	}
	return 0;
}

/* How long a message of the sync protocol may be, as start_sync_thread() settles it. */
static uint16_t sync_maxlen(const struct op_sync *said, const struct sync_conf *conf)
{
	int64_t headers = addr_is_v4(conf->group.b) ? 28 : 48, mtu = 1500, least = 1, maxlen = said->maxlen;

	if (said->role == SYNC_BACKUP) {
		mtu = said->mtu < 1500 ? 1500 : said->mtu > 65535 ? 65535 : said->mtu;
		least = 1024;
	}
	if (maxlen == -1)
		return mtu - headers;
	if (maxlen < least)
		return least;
	return maxlen > 65535 - headers ? 65535 - headers : maxlen;
}

int check_sync(const struct op *op, struct sync_conf *ret_conf, struct model_error *ret_error)
{
	const struct op_sync *said = &op->sync;
	struct sync_conf conf = {.on = true};
	int err = check_sync_numbers(said, ret_error);

	if (!err)
		err = check_group(said, &conf, ret_error);
	if (err)
		return err;
	if (!said->mtu)
		return check_refuse(
		    ret_error, -ENODEV, "there is no interface \"%.15s\": name one of this network namespace", said->interface);
	snprintf(conf.interface, sizeof(conf.interface), "%s", said->interface);
	conf.id = said->id == -1 ? 0 : said->id;
	conf.port = said->port == -1 ? 8848 : said->port;
	conf.ttl = said->ttl == -1 ? 1 : said->ttl;
	conf.maxlen = sync_maxlen(said, &conf);
	*ret_conf = conf;
	return 0;
}
