/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections, a page at a time. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sluiced/api/cmd.h"
#include "sluiced/api/field.h"

#define PAGE 1000 /* connections an answer */
#define SLOTS (1U << 18) /* slots looked at for one answer: some milliseconds, however few fit */

/* What is asked for. */
struct filter {
	bool client_said, server_said;
	struct prefix client;
	struct sl_addr server;
	uint32_t svc; /* 0: of any */
	const char *state; /* or NULL */
	bool templates;
};

static const char *state_text(enum sl_state state)
{
	static const char *const texts[SL_MAX_STATES] = {
#define X(name, number, text, seconds, active, rank) [number] = text,
#include "sluice/state.def"
#undef X
	};

	return texts[state] ? texts[state] : "NONE";
}

static int read_service(const struct api *api, const json_t *params, struct filter *filter, struct rpc_error *ret_error)
{
	static const char *const names[] = {FIELD_SVC, NULL};
	const json_t *service = json_object_get(params, "service");
	char text[MODEL_NAME_TEXT];
	struct sl_svc_key key;
	int err;

	if (!service)
		return 0;
	if (!json_is_object(service))
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"service\" must be an object: a service's name");
	err = field_only(service, names, ret_error);
	if (!err)
		err = field_svc(service, &key, ret_error);
	if (err)
		return err;
	filter->svc = reconcile_svc_any(api->rec, &key);
	if (!filter->svc)
		return rpc_fail_errno(ret_error, -ESRCH, "there is no service %s", model_svc_text(&key, text));
	return 0;
}

static int read_server(const json_t *params, struct filter *filter, struct rpc_error *ret_error)
{
	const char *text = NULL;
	int err = field_text(params, "server", &text, ret_error);

	if (err || !text)
		return err;
	if (addr_parse(text, filter->server.b))
		return rpc_fail_errno(ret_error, -EINVAL, "\"%.50s\" is no address: write one like 192.0.2.11", text);
	filter->server_said = true;
	return 0;
}

static int read_state(const json_t *params, struct filter *filter, struct rpc_error *ret_error)
{
	int err = field_text(params, "state", &filter->state, ret_error);

	if (err || !filter->state)
		return err;
	for (unsigned state = SL_ST_NONE; state < SL_MAX_STATES; state++) {
		if (strcmp(state_text(state), filter->state) == 0)
			return 0;
	}
	return rpc_fail_errno(
	    ret_error, -EINVAL, "there is no state \"%.20s\": write one as it is listed, like ESTABLISHED", filter->state);
}

static int read_filter(const struct api *api, const json_t *params, struct filter *filter, struct rpc_error *ret_error)
{
	int err;

	*filter = (struct filter){.templates = true};
	err = field_prefix(params, "client", &filter->client_said, &filter->client, ret_error);
	if (!err)
		err = read_service(api, params, filter, ret_error);
	if (!err)
		err = read_server(params, filter, ret_error);
	if (!err)
		err = read_state(params, filter, ret_error);
	return err ? err : field_bool(params, "templates", &filter->templates, ret_error);
}

static bool from_client(const struct filter *filter, const struct sl_conn *conn)
{
	struct prefix client = {.len = 128};

	if (!filter->client_said)
		return true;
	memcpy(client.addr, conn->caddr.b, sizeof(client.addr));
	return !(conn->flags & SL_CONN_CALL) && prefix_covers(&filter->client, &client);
}

static bool fits(const struct filter *filter, const struct plane_conn *c)
{
	if (!filter->templates && sl_state_template(c->state))
		return false;
	if (filter->svc && c->conn.svc != filter->svc)
		return false;
	if (filter->server_said && memcmp(&c->daddr, &filter->server, sizeof(c->daddr)) != 0)
		return false;
	return from_client(filter, &c->conn) && (!filter->state || strcmp(state_text(c->state), filter->state) == 0);
}

static void write_end(struct text *out, const char *name, const struct sl_addr *addr, __be16 port)
{
	char text[ADDR_TEXT];

	text_name(out, name);
	text_raw(out, "{");
	text_name_word(out, "addr", addr_print(addr->b, text));
	text_name_number(out, "port", ntohs(port));
	text_raw(out, "}");
}

/* What was in a packet: only what can be printed, and needs no escape. */
static void write_call(struct text *out, const struct api *api, const struct sl_addr *hash)
{
	char text[SL_CALL_TEXT + 1];
	struct sl_call call;
	uint32_t len;

	text_name_word(out, "pe", model_pe_text(SL_PE_SIP));
	if (api->plane->ops->call(api->plane, hash, &call))
		return;
	len = call.len < SL_CALL_TEXT ? call.len : SL_CALL_TEXT;
	for (uint32_t i = 0; i < len; i++) {
		char c = call.text[i];

		text[i] = c >= ' ' && c < 0x7f && c != '"' && c != '\\' ? c : '?';
	}
	text[len] = 0;
	text_name_word(out, "call", text);
}

/* A template that was made from a Call-ID has no client. */
static void write_client(struct text *out, const struct sl_conn *conn)
{
	struct sl_addr none = {.w = {0}};

	if (addr_is_v4(conn->vaddr.b))
		none.b[10] = none.b[11] = 0xff;
	if (conn->flags & SL_CONN_CALL)
		write_end(out, "client", &none, 0);
	else
		write_end(out, "client", &conn->caddr, conn->cport);
}

static void write_conn(struct text *out, const struct api *api, const struct plane_conn *c)
{
	const struct sl_conn *conn = &c->conn;
	struct sl_svc_key key;

	text_comma(out);
	text_raw(out, "{");
	text_name_number(out, "slot", c->slot);
	text_name_word(out, "proto", field_proto_text(conn->proto));
	text_name_word(out, "state", state_text(c->state));
	text_name_number(out, "expires", c->expires_s);
	text_name_number(out, "idle", c->idle_s);
	write_client(out, conn);
	write_end(out, "virtual", &conn->vaddr, conn->vport);
	write_end(out, "server", &c->daddr, conn->dport);
	text_name_word(out, "fwd", field_fwd_text(conn->fwd));
	if (sl_state_template(c->state))
		text_name_bool(out, "template", true);
	if (conn->flags & SL_CONN_MARK && reconcile_svc_key(api->rec, conn->svc, &key))
		text_name_number(out, "fwmark", svc_key_mark_of(&key));
	if (conn->flags & SL_CONN_CALL)
		write_call(out, api, &conn->caddr);
	text_raw(out, "}");
}

/* Those that fit, until there are a page of them or enough has been looked at; returns where to go on. */
static uint32_t write_page(struct text *out, struct api *api, const struct filter *filter, uint32_t from, struct plane_conn conns[PAGE])
{
	uint32_t end = from + SLOTS, slots = api->plane->slots, found = 0;

	while (found < PAGE && from < slots && from < end) {
		uint32_t count = plane_conns(api->plane, from, conns, PAGE - found, &from);

		for (uint32_t i = 0; i < count; i++) {
			if (!fits(filter, &conns[i]))
				continue;
			write_conn(out, api, &conns[i]);
			found++;
		}
	}
	return from;
}

int cmd_connections(struct api *api, const json_t *params, struct text *out, struct rpc_error *ret_error)
{
	struct plane_conn *conns;
	struct filter filter;
	int64_t from = 0;
	uint32_t next;
	int err = field_number(params, "after", &from, ret_error);

	if (!err && (from < 0 || from > api->plane->slots))
		err = rpc_fail_errno(ret_error, -ERANGE, "\"after\" is out of range: write the \"next\" of the answer before");
	if (!err)
		err = read_filter(api, params, &filter, ret_error);
	if (err)
		return err;
	conns = calloc(PAGE, sizeof(*conns));
	if (!conns)
		return rpc_fail_errno(ret_error, -EIO, "out of memory");
	text_raw(out, "{");
	text_name(out, "connections");
	text_raw(out, "[");
	next = write_page(out, api, &filter, from, conns);
	text_raw(out, "]");
	free(conns);
	text_name(out, "next");
	if (next < api->plane->slots)
		text_number(out, next);
	else
		text_raw(out, "null");
	text_raw(out, "}");
	return 0;
}
