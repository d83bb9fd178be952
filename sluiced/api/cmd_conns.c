/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections, a page at a time. */

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

/* What was in a packet: only what can be printed. */
static void set_call(const struct api *api, json_t *object, const struct sl_addr *hash)
{
	char text[SL_CALL_TEXT + 1];
	struct sl_call call;
	uint32_t len;

	json_object_set_new_nocheck(object, "pe", json_string_nocheck(model_pe_text(SL_PE_SIP)));
	if (api->plane->ops->call(api->plane, hash, &call))
		return;
	len = call.len < SL_CALL_TEXT ? call.len : SL_CALL_TEXT;
	for (uint32_t i = 0; i < len; i++)
		text[i] = call.text[i] >= ' ' && call.text[i] < 0x7f ? call.text[i] : '?';
	text[len] = 0;
	json_object_set_new_nocheck(object, "call", json_string_nocheck(text));
}

/* A template that was made from a Call-ID has no client. */
static json_t *client_end(const struct sl_conn *conn)
{
	struct sl_addr none = {.w = {0}};

	if (!(conn->flags & SL_CONN_CALL))
		return field_end(&conn->caddr, conn->cport);
	if (addr_is_v4(conn->vaddr.b))
		none.b[10] = none.b[11] = 0xff;
	return field_end(&none, 0);
}

static json_t *conn_object(const struct api *api, const struct plane_conn *c)
{
	json_t *object = json_pack("{s:I, s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:s}", "slot", (json_int_t)c->slot, "proto",
	    field_proto_text(c->conn.proto), "state", state_text(c->state), "expires", (json_int_t)c->expires_s, "idle",
	    (json_int_t)c->idle_s, "client", client_end(&c->conn), "virtual", field_end(&c->conn.vaddr, c->conn.vport), "server",
	    field_end(&c->daddr, c->conn.dport), "fwd", field_fwd_text(c->conn.fwd));
	struct sl_svc_key key;

	if (sl_state_template(c->state))
		json_object_set_new_nocheck(object, "template", json_true());
	if (c->conn.flags & SL_CONN_MARK && reconcile_svc_key(api->rec, c->conn.svc, &key))
		json_object_set_new_nocheck(object, "fwmark", json_integer(svc_key_mark_of(&key)));
	if (c->conn.flags & SL_CONN_CALL)
		set_call(api, object, &c->conn.caddr);
	return object;
}

/* Those that fit, until there are a page of them or enough has been looked at. */
static uint32_t collect(struct api *api, const struct filter *filter, struct plane_conn conns[PAGE], uint32_t from, json_t *list)
{
	uint32_t end = from + SLOTS, slots = api->plane->slots, found = 0;

	while (found < PAGE && from < slots && from < end) {
		uint32_t count = plane_conns(api->plane, from, conns, PAGE - found, &from);

		for (uint32_t i = 0; i < count; i++) {
			if (!fits(filter, &conns[i]))
				continue;
			json_array_append_new(list, conn_object(api, &conns[i]));
			found++;
		}
	}
	return from;
}

int cmd_connections(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	struct plane_conn *conns;
	struct filter filter;
	int64_t from = 0;
	uint32_t next;
	json_t *list;
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
	list = json_array();
	next = collect(api, &filter, conns, from, list);
	free(conns);
	*ret_result = json_pack("{s:o, s:o}", "connections", list, "next", next < api->plane->slots ? json_integer(next) : json_null());
	return 0;
}
