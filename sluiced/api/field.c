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
} protos[] = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"sctp", IPPROTO_SCTP}, {"ip", 0}};

#define SAID_PROTOS 3 /* the first ones can be said; "ip" is only shown: a mark's templates */

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

int field_bool(const json_t *object, const char *name, bool *ret_value, struct rpc_error *ret_error)
{
	const json_t *value = json_object_get(object, name);

	if (value && !json_is_boolean(value))
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"%s\" must be true or false", name);
	if (value)
		*ret_value = json_is_true(value);
	return 0;
}

int field_prefix_text(const char *text, struct prefix *ret_prefix, struct rpc_error *ret_error)
{
	if (prefix_parse(text, ret_prefix))
		return rpc_fail_errno(ret_error, -EINVAL, "\"%.50s\" is no prefix: write one like 192.0.2.0/24 or 2001:db8::/32", text);
	return 0;
}

int field_prefix(const json_t *object, const char *name, bool *ret_said, struct prefix *ret_prefix, struct rpc_error *ret_error)
{
	const char *text = NULL;
	int err = field_text(object, name, &text, ret_error);

	if (!err && text)
		err = field_prefix_text(text, ret_prefix, ret_error);
	if (!err)
		*ret_said = text != NULL;
	return err;
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

int field_proto(const json_t *object, __u8 *ret_proto, struct rpc_error *ret_error)
{
	const char *text = NULL;
	int err = field_text(object, "proto", &text, ret_error);

	if (err || !text)
		return err;
	for (size_t i = 0; i < SAID_PROTOS; i++) {
		if (strcmp(protos[i].name, text) == 0) {
			*ret_proto = protos[i].proto;
			return 0;
		}
	}
	return rpc_fail_errno(ret_error, -EINVAL, "\"%.20s\" is no protocol of a service: write \"tcp\" or \"udp\"", text);
}

static int field_mark(const json_t *object, struct sl_svc_key *ret_key, struct rpc_error *ret_error)
{
	const char *family = "ipv4";
	int64_t mark = 0;
	int err = field_number(object, "fwmark", &mark, ret_error);

	if (!err)
		err = field_text(object, "family", &family, ret_error);
	if (err)
		return err;
	if (json_object_get(object, "proto") || json_object_get(object, "addr") || json_object_get(object, "port"))
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "a service has a \"fwmark\", or \"proto\", \"addr\" and \"port\", not both");
	if (mark < 0 || mark > UINT32_MAX)
		return rpc_fail_errno(ret_error, -ERANGE, "mark %lld is out of range: write 1 to 4294967295", (long long)mark);
	if (strcmp(family, "ipv4") != 0 && strcmp(family, "ipv6") != 0)
		return rpc_fail_errno(ret_error, -EINVAL, "\"%.20s\" is no address family: write \"ipv4\" or \"ipv6\"", family);
	*ret_key = svc_key_mark(mark, family[3] == '6');
	return 0;
}

int field_svc(const json_t *object, struct sl_svc_key *ret_key, struct rpc_error *ret_error)
{
	struct sl_svc_key key = {0};
	int err;

	if (json_object_get(object, "fwmark"))
		return field_mark(object, ret_key, ret_error);
	if (!json_object_get(object, "proto"))
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"proto\" is missing: write \"tcp\" or \"udp\"");
	if (json_object_get(object, "family"))
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"family\" is for a \"fwmark\": leave it out");
	err = field_proto(object, &key.proto, ret_error);
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

void field_set_svc(json_t *object, const struct sl_svc_key *key)
{
	if (svc_key_is_mark(key)) {
		json_object_set_new_nocheck(object, "fwmark", json_integer(svc_key_mark_of(key)));
		json_object_set_new_nocheck(object, "family", json_string_nocheck(addr_is_v4(key->addr.b) ? "ipv4" : "ipv6"));
		return;
	}
	json_object_set_new_nocheck(object, "proto", json_string_nocheck(field_proto_text(key->proto)));
	field_set_end(object, &key->addr, key->port);
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
