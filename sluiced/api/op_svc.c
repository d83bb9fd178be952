/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/api/op_svc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sluiced/api/field.h"

static int read_flags(const json_t *object, struct op_svc *conf, struct rpc_error *ret_error)
{
	const json_t *list = json_object_get(object, "flags");

	if (list && !json_is_array(list))
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"flags\" must be an array of scheduler flags");
	if (json_array_size(list) > OP_MAX_FLAGS)
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"flags\" are too many: write each once");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *flag = json_string_value(json_array_get(list, i));

		if (!flag)
			return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"flags\" must be strings, like \"sh-port\"");
		conf->flags[conf->flag_count++] = flag;
	}
	return 0;
}

static int read_mask(const json_t *object, struct op_svc *conf, struct rpc_error *ret_error)
{
	const json_t *mask = json_object_get(object, "mask");
	const char *text = json_string_value(mask);

	if (!mask)
		return 0;
	if (json_is_integer(mask)) {
		conf->mask_kind = OP_MASK_LEN;
		conf->mask_len = json_integer_value(mask);
		return 0;
	}
	if (!text || addr_parse(text, conf->mask.b) || !addr_is_v4(conf->mask.b))
		return rpc_fail_errno(ret_error, -EINVAL, "\"mask\" must be a netmask like \"255.255.255.0\" or a prefix length like 24");
	conf->mask_kind = OP_MASK_ADDR;
	return 0;
}

static int read_own_timeouts(const json_t *object, struct op_svc *conf, struct rpc_error *ret_error)
{
	static const char *const names[] = {"tcp", "tcpfin", "udp", NULL};
	const json_t *timeouts = json_object_get(object, "timeouts");
	int err;

	if (!timeouts)
		return 0;
	if (!json_is_object(timeouts))
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"timeouts\" must be an object with \"tcp\", \"tcpfin\" and \"udp\"");
	err = field_only(timeouts, names, ret_error);
	if (!err)
		err = field_number(timeouts, "tcp", &conf->tcp, ret_error);
	if (!err)
		err = field_number(timeouts, "tcpfin", &conf->tcpfin, ret_error);
	return err ? err : field_number(timeouts, "udp", &conf->udp, ret_error);
}

static int read_prefixes(const json_t *list, struct prefix *prefixes, struct rpc_error *ret_error)
{
	int err = 0;

	for (size_t i = 0; !err && i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text)
			err = field_prefix_text(text, &prefixes[i], ret_error);
		else
			err = rpc_fail(ret_error, RPC_BAD_PARAMS, "\"allow\" must have strings, like \"192.0.2.0/24\"");
	}
	return err;
}

static int read_allow(const json_t *object, struct op_svc *conf, struct rpc_error *ret_error)
{
	const json_t *list = json_object_get(object, "allow");
	struct prefix *prefixes;
	int err;

	conf->allow_said = list != NULL;
	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"allow\" must be an array of prefixes, or null for everybody");
	if (json_array_size(list) > MODEL_MAX_PREFIXES)
		return rpc_fail_errno(ret_error, -ENOSPC, "at most %d prefixes fit an allow-list", MODEL_MAX_PREFIXES);
	prefixes = calloc(json_array_size(list) + 1, sizeof(*prefixes));
	err = prefixes ? read_prefixes(list, prefixes, ret_error) : rpc_fail_errno(ret_error, -EIO, "out of memory");
	if (!err) {
		conf->allow = allow_new(prefixes, json_array_size(list));
		if (!conf->allow)
			err = rpc_fail_errno(ret_error, -EIO, "out of memory");
	}
	free(prefixes);
	return err;
}

int op_read_svc(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	struct op_svc *conf = &op->conf;
	int err = field_svc(object, &op->svc, ret_error);

	conf->persistent = json_object_get(object, "persist") != NULL;
	if (!err)
		err = field_text(object, "sched", &conf->sched, ret_error);
	if (!err)
		err = read_flags(object, conf, ret_error);
	if (!err)
		err = field_number(object, "persist", &conf->persist, ret_error);
	if (!err)
		err = read_mask(object, conf, ret_error);
	if (!err)
		err = field_text(object, "pe", &conf->pe, ret_error);
	if (!err)
		err = field_bool(object, "ops", &conf->ops, ret_error);
	if (!err)
		err = read_own_timeouts(object, conf, ret_error);
	return err ? err : read_allow(object, conf, ret_error);
}

/* The service's name and the server's; its port is the service's unless it is said. */
int op_read_dest_name(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	static const char *const names[] = {"addr", "port", NULL};
	const json_t *server = json_object_get(object, "server");
	struct sl_addr addr;
	__be16 port;
	int err = field_svc(object, &op->svc, ret_error);

	if (err)
		return err;
	if (!json_is_object(server))
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"server\" must be an object with \"addr\" and \"port\"");
	port = op->svc.port;
	err = field_only(server, names, ret_error);
	if (!err)
		err = field_addr(server, &addr, ret_error);
	if (!err)
		err = field_port(server, &port, ret_error);
	if (!err)
		op->dest = dest_key(&addr, port);
	return err;
}

static int lookup(
    const char *text, const char *const *words, const char *what, const char *list, struct rpc_error *ret_error, int *ret_index)
{
	for (int i = 0; words[i]; i++) {
		if (text && strcmp(words[i], text) == 0) {
			*ret_index = i;
			return 0;
		}
	}
	return rpc_fail_errno(ret_error, -EINVAL, "\"%.20s\" is no %s: write %s", text ? text : "", what, list);
}

static int read_tunnel(const json_t *object, struct op_dest *server, struct rpc_error *ret_error)
{
	static const char *const names[] = {"type", "port", "csum", NULL};
	static const char *const types[] = {[SL_TUN_IPIP] = "ipip", [SL_TUN_GUE] = "gue", [SL_TUN_GRE] = "gre", NULL};
	static const char *const csums[] = {[0] = "none", [SL_TUN_CSUM] = "csum", [SL_TUN_REMCSUM] = "remcsum", NULL};
	const json_t *tunnel = json_object_get(object, "tunnel");
	const char *type = "ipip", *csum = "none";
	int err, type_at = 0, csum_at = 0;

	if (!tunnel)
		return 0;
	if (!json_is_object(tunnel))
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"tunnel\" must be an object with \"type\"");
	server->tunnel_said = true;
	err = field_only(tunnel, names, ret_error);
	if (!err)
		err = field_text(tunnel, "type", &type, ret_error);
	if (!err)
		err = field_text(tunnel, "csum", &csum, ret_error);
	if (!err)
		err = field_number(tunnel, "port", &server->tun_port, ret_error);
	if (!err)
		err = lookup(type, types, "tunnel type", "\"ipip\", \"gue\" or \"gre\"", ret_error, &type_at);
	if (!err)
		err = lookup(csum, csums, "tunnel checksum", "\"none\", \"csum\" or \"remcsum\"", ret_error, &csum_at);
	server->tun_type = type_at;
	server->tun_flags = csum_at;
	return err;
}

int op_read_dest(const json_t *object, struct op *op, struct rpc_error *ret_error)
{
	struct op_dest *server = &op->server;
	int err = op_read_dest_name(object, op, ret_error);

	server->fwd = SL_FWD_DROUTE;
	server->weight = 1;
	if (!err)
		err = field_fwd(object, &server->fwd, ret_error);
	if (!err)
		err = field_number(object, "weight", &server->weight, ret_error);
	if (!err)
		err = field_number(object, "upper", &server->upper, ret_error);
	if (!err)
		err = field_number(object, "lower", &server->lower, ret_error);
	return err ? err : read_tunnel(object, server, ret_error);
}
