/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/api/op.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sluiced/api/field.h"
#include "sluiced/api/op_svc.h"

typedef int (*read_fn)(const json_t *object, struct op *op, struct rpc_error *ret_error);

static int read_name(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	return field_svc(object, &op->svc, ret_error);
}

static int read_nothing(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	return 0;
}

static int read_zero(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	op->all = json_object_size(object) == 1;
	return op->all ? 0 : read_name(object, op, ret_error);
}

static int read_timeouts(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	int err = field_number(object, "tcp", &op->tcp, ret_error);

	if (!err)
		err = field_number(object, "tcpfin", &op->tcpfin, ret_error);
	return err ? err : field_number(object, "udp", &op->udp, ret_error);
}

static int need(const json_t *object, const char *name, struct rpc_error *ret_error)
{
	return json_object_get(object, name) ? 0 : rpc_fail(ret_error, RPC_BAD_PARAMS, "\"%s\" is missing", name);
}

static int read_setting(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	int err = need(object, "name", ret_error);

	if (!err)
		err = need(object, "value", ret_error);
	if (!err)
		err = field_text(object, "name", &op->name, ret_error);
	return err ? err : field_number(object, "value", &op->value, ret_error);
}

/* "80" or "80-443". */
static int read_ports(const json_t *object, struct rule *rule, struct rpc_error *ret_error)
{
	const char *text = NULL;
	unsigned first, last;
	int err = field_text(object, "ports", &text, ret_error), end = 0;

	rule->last_port = 65535;
	if (err || !text)
		return err;
	if (sscanf(text, "%5u%n", &first, &end) == 1 && !text[end])
		last = first;
	else if (sscanf(text, "%5u-%5u%n", &first, &last, &end) != 2 || text[end])
		return rpc_fail_errno(ret_error, -EINVAL, "\"%.20s\" are no ports: write them like \"80\" or \"80-443\"", text);
	if (strspn(text, "0123456789-") != strlen(text) || first > 65535 || last > 65535)
		return rpc_fail_errno(ret_error, -ERANGE, "the ports %.20s are out of range: write 0 to 65535", text);
	rule->first_port = first;
	rule->last_port = last;
	return 0;
}

static int read_rule(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	int err = need(object, "mark", ret_error);

	if (!err)
		err = field_number(object, "mark", &op->mark, ret_error);
	if (!err)
		err = field_number(object, "before", &op->rule_id, ret_error);
	if (!err)
		err = field_prefix(object, "dst", &op->rule.has_dst, &op->rule.dst, ret_error);
	if (!err)
		err = field_prefix(object, "src", &op->rule.has_src, &op->rule.src, ret_error);
	if (!err)
		err = field_proto(object, &op->rule.proto, ret_error);
	return err ? err : read_ports(object, &op->rule, ret_error);
}

static int read_rule_id(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	int err = field_bool(object, "all", &op->all, ret_error);

	if (err)
		return err;
	if (!op->all == !json_object_get(object, "id"))
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "write the \"id\" of a rule, or \"all\": true");
	return field_number(object, "id", &op->rule_id, ret_error);
}

static int read_role(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	const char *role = NULL;
	int err = field_text(object, "role", &role, ret_error);

	if (err)
		return err;
	if (!role || (strcmp(role, "master") != 0 && strcmp(role, "backup") != 0))
		return rpc_fail_errno(ret_error, -EINVAL, "\"role\" must be \"master\" or \"backup\"");
	op->sync.role = role[0] == 'm' ? SYNC_MASTER : SYNC_BACKUP;
	return field_number(object, "id", &op->sync.id, ret_error);
}

/* 0: there is no such interface. */
static uint32_t interface_mtu(const char *name)
{
	struct ifreq request = {0};
	int fd;
	uint32_t mtu = 0;

	if (strlen(name) >= sizeof(request.ifr_name))
		return 0;
	memcpy(request.ifr_name, name, strlen(name));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	if (ioctl(fd, SIOCGIFMTU, &request) == 0 && request.ifr_mtu > 0)
		mtu = request.ifr_mtu;
	close(fd);
	return mtu;
}

static int read_group(const json_t *object, struct op_sync *sync, struct rpc_error *ret_error)
{
	const char *text = NULL;
	int err = field_text(object, "group", &text, ret_error);

	if (err || !text)
		return err;
	if (addr_parse(text, sync->group.b))
		return rpc_fail_errno(ret_error, -EINVAL, "\"%.50s\" is no address: write a group like 224.0.0.81 or ff02::81", text);
	sync->group_said = true;
	return 0;
}

static int read_sync(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	struct op_sync *sync = &op->sync;
	int err;

	*sync = (struct op_sync){.interface = "eth0", .id = -1, .maxlen = -1, .port = -1, .ttl = -1};
	err = read_role(object, op, ret_error);
	if (!err)
		err = field_text(object, "interface", &sync->interface, ret_error);
	if (!err)
		err = read_group(object, sync, ret_error);
	if (!err)
		err = field_number(object, "maxlen", &sync->maxlen, ret_error);
	if (!err)
		err = field_number(object, "port", &sync->port, ret_error);
	if (!err)
		err = field_number(object, "ttl", &sync->ttl, ret_error);
	if (!err)
		sync->mtu = interface_mtu(sync->interface);
	return err;
}

static const struct {
	const char *name;
	enum op_kind kind;
	read_fn read;
	const char *fields[16];
} ops[] = {
    {"service.add", OP_SVC_ADD, op_read_svc, {OP_SVC_NAME, OP_SVC_OPTIONS, NULL}},
    {"service.edit", OP_SVC_EDIT, op_read_svc, {OP_SVC_NAME, OP_SVC_OPTIONS, NULL}},
    {"service.delete", OP_SVC_DELETE, read_name, {OP_SVC_NAME, NULL}},
    {"server.add", OP_DEST_ADD, op_read_dest, {OP_SVC_NAME, "server", OP_DEST_OPTIONS, NULL}},
    {"server.edit", OP_DEST_EDIT, op_read_dest, {OP_SVC_NAME, "server", OP_DEST_OPTIONS, NULL}},
    {"server.delete", OP_DEST_DELETE, op_read_dest_name, {OP_SVC_NAME, "server", NULL}},
    {"clear", OP_CLEAR, read_nothing, {"op", NULL}},
    {"zero", OP_ZERO, read_zero, {OP_SVC_NAME, NULL}},
    {"timeouts", OP_TIMEOUTS, read_timeouts, {"op", "tcp", "tcpfin", "udp", NULL}},
    {"setting", OP_SETTING, read_setting, {"op", "name", "value", NULL}},
    {"mark.add", OP_MARK_ADD, read_rule, {"op", "mark", "dst", "src", "proto", "ports", "before", NULL}},
    {"mark.delete", OP_MARK_DELETE, read_rule_id, {"op", "id", "all", NULL}},
    {"sync.start", OP_SYNC_START, read_sync, {"op", "role", "interface", "id", "maxlen", "group", "port", "ttl", NULL}},
    {"sync.stop", OP_SYNC_STOP, read_role, {"op", "role", "id", NULL}},
};

int op_init(struct op *ret_op, const json_t *object, struct rpc_error *ret_error)
{
	const char *name = json_string_value(json_object_get(object, "op"));
	int err;

	if (!name)
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "an operation is an object with an \"op\" that is a string");
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (strcmp(ops[i].name, name) != 0)
			continue;
		*ret_op = (struct op){.kind = ops[i].kind};
		err = field_only(object, ops[i].fields, ret_error);
		return err ? err : ops[i].read(object, ret_op, ret_error);
	}
	return rpc_fail(ret_error, RPC_BAD_PARAMS, "there is no operation \"%.40s\"", name);
}

void op_fini(struct op *op)
{
	allow_put(op->conf.allow);
}
