/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/api/field.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static const struct {
	const char *name;
	enum sl_fwd fwd;
} fwds[] = {{"masq", SL_FWD_MASQ}, {"tunnel", SL_FWD_TUNNEL}, {"route", SL_FWD_DROUTE}};

static const struct {
	const char *name;
	unsigned proto;
} protos[] = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int field_only(const json_t *object, const char *const *names, struct rpc_error *ret_error)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)object, name, value) {
		const char *const *known = names;

		while (*known && strcmp(*known, name) != 0)
			known++;
		if (!*known)
			return rpc_fail(ret_error, RPC_BAD_PARAMS, "there is no field \"%.40s\" here: leave it out", name);
	}
	return 0;
}

int field_text(const json_t *object, const char *name, const char **ret_value, struct rpc_error *ret_error)
{
	const json_t *value = json_object_get(object, name);

	if (value && !json_is_string(value))
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"%s\" must be a string", name);
	if (value)
		*ret_value = json_string_value(value);
	return 0;
}

int field_number(const json_t *object, const char *name, int64_t *ret_value, struct rpc_error *ret_error)
{
	const json_t *value = json_object_get(object, name);

	if (value && !json_is_integer(value))
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"%s\" must be a whole number", name);
	if (value)
		*ret_value = json_integer_value(value);
	return 0;
}

int field_addr(const json_t *object, struct sl_addr *ret_addr, struct rpc_error *ret_error)
{
	const char *text = NULL;
	int err = field_text(object, "addr", &text, ret_error);

	if (err)
		return err;
	if (!text)
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"addr\" is missing");
	if (addr_parse(text, ret_addr->b)) {
		return rpc_fail_errno(
		    ret_error, -EINVAL, "\"%.50s\" is no address: write one like 192.0.2.1 or 2001:db8::1, not a name", text);
	}
	return 0;
}

int field_port(const json_t *object, __be16 *ret_port, struct rpc_error *ret_error)
{
	int64_t port = ntohs(*ret_port);
	int err = field_number(object, "port", &port, ret_error);

	if (err)
		return err;
	if (port < 0 || port > 65535)
		return rpc_fail_errno(ret_error, -ERANGE, "port %lld is out of range: write 1 to 65535", (long long)port);
	*ret_port = htons(port);
	return 0;
}

static int field_proto(const json_t *object, __u8 *ret_proto, struct rpc_error *ret_error)
{
	const char *text = NULL;
	int err = field_text(object, "proto", &text, ret_error);

	if (err)
		return err;
	if (!text)
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"proto\" is missing: write \"tcp\" or \"udp\"");
	for (size_t i = 0; i < COUNT(protos); i++) {
		if (strcmp(protos[i].name, text) == 0) {
			*ret_proto = protos[i].proto;
			return 0;
		}
	}
	if (strcmp(text, "sctp") == 0)
		return rpc_fail_errno(ret_error, -ENOSYS, "SCTP services are not built yet: use \"tcp\" or \"udp\"");
	return rpc_fail_errno(ret_error, -EINVAL, "\"%.20s\" is no protocol of a service: write \"tcp\" or \"udp\"", text);
}

int field_svc(const json_t *object, struct sl_svc_key *ret_key, struct rpc_error *ret_error)
{
	struct sl_svc_key key = {0};
	int err = field_proto(object, &key.proto, ret_error);

	if (!err)
		err = field_addr(object, &key.addr, ret_error);
	if (!err && !json_object_get(object, "port"))
		err = rpc_fail(ret_error, RPC_BAD_PARAMS, "\"port\" is missing");
	if (!err)
		err = field_port(object, &key.port, ret_error);
	if (!err)
		*ret_key = key;
	return err;
}

int field_fwd(const json_t *object, enum sl_fwd *ret_fwd, struct rpc_error *ret_error)
{
	const char *text = NULL;
	int err = field_text(object, "fwd", &text, ret_error);

	if (err || !text)
		return err;
	for (size_t i = 0; i < COUNT(fwds); i++) {
		if (strcmp(fwds[i].name, text) == 0) {
			*ret_fwd = fwds[i].fwd;
			return 0;
		}
	}
	return rpc_fail_errno(ret_error, -EINVAL, "\"%.20s\" is no forwarding method: write \"masq\", \"tunnel\" or \"route\"", text);
}

const char *field_fwd_text(unsigned fwd)
{
	for (size_t i = 0; i < COUNT(fwds); i++) {
		if (fwds[i].fwd == fwd)
			return fwds[i].name;
	}
	return "local";
}

const char *field_proto_text(unsigned proto)
{
	for (size_t i = 0; i < COUNT(protos); i++) {
		if (protos[i].proto == proto)
			return protos[i].name;
	}
	return "other";
}

json_t *field_end(const struct sl_addr *addr, __be16 port)
{
	json_t *object = json_object();

	if (field_set_end(object, addr, port) == 0)
		return object;
	json_decref(object);
	return NULL;
}

int field_set_end(json_t *object, const struct sl_addr *addr, __be16 port)
{
	char text[ADDR_TEXT];

	if (json_object_set_new_nocheck(object, "addr", json_string_nocheck(addr_print(addr->b, text))))
		return -1;
	return json_object_set_new_nocheck(object, "port", json_integer(ntohs(port)));
}
