/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What would become of a packet: the facts of explain.h as JSON, and why each server was chosen or not. */

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "sluiced/api/cmd.h"
#include "sluiced/api/field.h"

#define ACK 0x10
#define WHY_TEXT 96

/* The letters of tcpdump for the flags of a TCP packet. */
static int read_flags(const json_t *params, uint8_t *ret_flags, struct rpc_error *ret_error)
{
	static const char letters[] = "FSRPA";
	const char *text = "S";
	uint8_t flags = 0;
	int err = field_text(params, "flags", &text, ret_error);

	if (err)
		return err;
	for (; *text; text++) {
		const char *at = *text == '.' ? &letters[4] : strchr(letters, *text);

		if (!at)
			return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"flags\" has a %c: write some of F, S, R, P and A (or .)", *text);
		flags |= 1 << (at - letters);
	}
	*ret_flags = flags;
	return 0;
}

static int read_end(const json_t *params, const char *name, struct sl_addr *ret_addr, __be16 *ret_port, struct rpc_error *ret_error)
{
	static const char *const names[] = {"addr", "port", NULL};
	const json_t *end = json_object_get(params, name);
	int err;

	if (!json_is_object(end))
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"%s\" must be an object with \"addr\" and \"port\"", name);
	err = field_only(end, names, ret_error);
	err = err ? err : field_addr(end, ret_addr, ret_error);
	return err ? err : field_port(end, ret_port, ret_error);
}

static int read_interface(const json_t *params, uint32_t *ret_ifindex, struct rpc_error *ret_error)
{
	const char *name = NULL;
	int err = field_text(params, "interface", &name, ret_error);

	if (err || !name)
		return err;
	*ret_ifindex = if_nametoindex(name);
	return *ret_ifindex ? 0 : rpc_fail_errno(ret_error, -EINVAL, "there is no interface \"%.15s\" here", name);
}

static int read_proto(const json_t *params, uint8_t *ret_proto, struct rpc_error *ret_error)
{
	const char *text = NULL;
	int err = field_text(params, "proto", &text, ret_error);

	if (err)
		return err;
	if (!text || (strcmp(text, "tcp") != 0 && strcmp(text, "udp") != 0))
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"proto\" must be \"tcp\" or \"udp\"");
	*ret_proto = text[0] == 't' ? IPPROTO_TCP : IPPROTO_UDP;
	return 0;
}

static int read_ask(const json_t *params, struct explain_ask *ask, struct rpc_error *ret_error)
{
	const char *payload = NULL;
	int64_t mark = 0;
	int err = read_proto(params, &ask->flow.proto, ret_error);

	err = err ? err : read_end(params, "client", &ask->flow.src, &ask->flow.sport, ret_error);
	err = err ? err : read_end(params, "virtual", &ask->flow.dst, &ask->flow.dport, ret_error);
	err = err ? err : read_flags(params, &ask->flow.tcp_flags, ret_error);
	err = err ? err : read_interface(params, &ask->ifindex, ret_error);
	err = err ? err : field_number(params, "mark", &mark, ret_error);
	err = err ? err : field_text(params, "payload", &payload, ret_error);
	if (err)
		return err;
	if (addr_is_v4(ask->flow.src.b) != addr_is_v4(ask->flow.dst.b))
		return rpc_fail_errno(ret_error, -EINVAL, "the client and the virtual address are of two families");
	if (mark < 0 || mark > UINT32_MAX)
		return rpc_fail_errno(ret_error, -ERANGE, "\"mark\" is out of range: write 0 to 4294967295");
	ask->mark = mark;
	ask->flow.payload = payload;
	ask->flow.payload_len = payload ? strlen(payload) : 0;
	return 0;
}

/* The services that could take the packet, in the lanes' order: by its mark, by address and port, FTP's for its data, the one for all
 * ports. */
static const struct svc *find_svc(const struct api *api, const struct frame_flow *flow, uint32_t mark)
{
	struct sl_svc_key keys[4] = {{.port = 0}, {.port = flow->dport}, {.port = htons(21)}, {.port = 0}};
	bool ftp = flow->proto == IPPROTO_TCP && (flow->dport == htons(20) || ntohs(flow->dport) >= 1024);
	const struct svc *svc = NULL;

	for (int i = 1; i < 4; i++) {
		keys[i].addr = flow->dst;
		keys[i].proto = flow->proto;
	}
	if (addr_is_v4(flow->dst.b))
		keys[0].addr.b[10] = keys[0].addr.b[11] = 0xff;
	keys[0].addr.w[3] = htonl(mark);
	for (int i = 0; i < 4 && !svc; i++)
		if ((i != 0 || mark) && (i != 2 || ftp))
			svc = model_svc(&api->model, &keys[i]);
	return svc;
}

struct candidate {
	int32_t weight;
	struct sl_load load;
};

static void why_turn(const struct candidate *c, char text[WHY_TEXT])
{
	snprintf(text, WHY_TEXT, "takes its turn");
}

static void why_lc(const struct candidate *c, char text[WHY_TEXT])
{
	snprintf(text, WHY_TEXT, "load 257 x %u + %u = %llu", c->load.active, c->load.inactive, 257ULL * c->load.active + c->load.inactive);
}

static void why_wlc(const struct candidate *c, char text[WHY_TEXT])
{
	unsigned long long load = 257ULL * c->load.active + c->load.inactive;

	snprintf(
	    text, WHY_TEXT, "load 257 x %u + %u = %llu, by weight %.2f", c->load.active, c->load.inactive, load, (double)load / c->weight);
}

static void why_sed(const struct candidate *c, char text[WHY_TEXT])
{
	snprintf(text, WHY_TEXT, "expected delay (%u + 1) / %d = %.4f", c->load.active, c->weight, (c->load.active + 1.0) / c->weight);
}

static void why_nq(const struct candidate *c, char text[WHY_TEXT])
{
	if (c->load.active == 0)
		snprintf(text, WHY_TEXT, "idle");
	else
		why_sed(c, text);
}

static void why_fo(const struct candidate *c, char text[WHY_TEXT])
{
	snprintf(text, WHY_TEXT, "priority %d", c->weight);
}

static void why_ovf(const struct candidate *c, char text[WHY_TEXT])
{
	snprintf(text, WHY_TEXT, "%u of %d active: %s", c->load.active, c->weight,
	    c->load.active > (uint32_t)c->weight ? "overflows" : "has room");
}

static void why_hash(const struct candidate *c, char text[WHY_TEXT])
{
	snprintf(text, WHY_TEXT, "by the hash");
}

static void why_twos(const struct candidate *c, char text[WHY_TEXT])
{
	char load[WHY_TEXT];

	why_wlc(c, load);
	snprintf(text, WHY_TEXT, "at random; %.80s", load);
}

static void (*const whys[])(const struct candidate *c, char text[WHY_TEXT]) = {
    [SL_SCHED_RR] = why_turn,
    [SL_SCHED_WRR] = why_turn,
    [SL_SCHED_LC] = why_lc,
    [SL_SCHED_WLC] = why_wlc,
    [SL_SCHED_LBLC] = why_wlc,
    [SL_SCHED_LBLCR] = why_wlc,
    [SL_SCHED_DH] = why_hash,
    [SL_SCHED_SH] = why_hash,
    [SL_SCHED_SED] = why_sed,
    [SL_SCHED_NQ] = why_nq,
    [SL_SCHED_FO] = why_fo,
    [SL_SCHED_OVF] = why_ovf,
    [SL_SCHED_MH] = why_hash,
    [SL_SCHED_TWOS] = why_twos,
};

/* A server as the scheduler saw it. */
static json_t *server_object(const struct api *api, const struct svc *svc, const struct dest *dest, uint32_t chosen)
{
	uint32_t id = reconcile_dest_id(api->rec, reconcile_svc_id(api->rec, &svc->key), &dest->key);
	struct candidate c = {.weight = dest->conf.weight, .load = plane_load(api->plane, id)};
	json_t *object = json_object();
	char why[WHY_TEXT];

	c.load.over = api->plane->loads[id].over;
	if (c.weight <= 0)
		snprintf(why, sizeof(why), "quiesced (weight 0)");
	else if (c.load.over)
		snprintf(why, sizeof(why), "overloaded (upper threshold %u)", api->plane->dests[id].upper);
	else
		whys[svc->conf.sched](&c, why);
	field_set_end(object, &dest->key.addr, dest->key.port);
	json_object_set_new_nocheck(object, "weight", json_integer(c.weight));
	json_object_set_new_nocheck(object, "active", json_integer(c.load.active));
	json_object_set_new_nocheck(object, "inactive", json_integer(c.load.inactive));
	json_object_set_new_nocheck(object, "chosen", json_boolean(id && id == chosen));
	json_object_set_new_nocheck(object, "why", json_string(why));
	return object;
}

static json_t *service_object(const struct api *api, const struct svc *svc, uint32_t chosen, bool brief)
{
	json_t *object, *servers = brief ? NULL : json_array();
	char text[MODEL_NAME_TEXT];
	struct list *at, *safe;

	if (brief)
		return json_pack("{s:s, s:s}", "name", model_svc_text(&svc->key, text), "sched", model_sched_text(svc->conf.sched));
	list_each (at, safe, &svc->dests)
		json_array_append_new(servers, server_object(api, svc, container_of(at, struct dest, link), chosen));
	object = json_pack(
	    "{s:s, s:s, s:o}", "name", model_svc_text(&svc->key, text), "sched", model_sched_text(svc->conf.sched), "servers", servers);
	return object;
}

static const char *state_text(enum sl_state state)
{
	static const char *const texts[SL_MAX_STATES] = {
#define X(name, number, text, seconds, active, rank) [number] = text,
#include "sluice/state.def"
#undef X
	};

	return texts[state] ? texts[state] : "NONE";
}

static json_t *entry_object(const struct api *api, const struct sl_conn *conn, enum sl_state state, bool known)
{
	const struct sl_dest *dest = &api->plane->dests[conn->dest % SL_MAX_DESTS];

	return json_pack("{s:b, s:s, s:o, s:o, s:o, s:s}", "known", known, "state", state_text(state), "client",
	    field_end(&conn->caddr, conn->cport), "virtual", field_end(&conn->vaddr, conn->vport), "server",
	    field_end(&dest->addr, conn->dport), "fwd", field_fwd_text(conn->fwd));
}

static json_t *mac_text(const __u8 mac[6])
{
	return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static json_t *hop_object(const struct api *api, uint32_t id)
{
	const struct sl_hop *hop = &api->plane->hops[id % SL_MAX_HOPS];
	char name[IF_NAMESIZE] = "", gw[ADDR_TEXT];

	if (!id)
		return json_null();
	if_indextoname(hop->ifindex, name);
	return json_pack("{s:s, s:s, s:o, s:o, s:b, s:I}", "interface", name, "gateway", addr_print(hop->gw.b, gw), "mac",
	    mac_text(hop->dmac), "source_mac", mac_text(hop->smac), "resolved", (hop->flags & SL_HOP_RESOLVED) != 0, "mtu",
	    (json_int_t)hop->mtu);
}

static json_t *hex_text(const uint8_t *bytes, uint32_t len)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * SANDBOX_FRAME];

	for (uint32_t i = 0; i < len && i < SANDBOX_FRAME; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return json_stringn(text, 2 * (len < SANDBOX_FRAME ? len : SANDBOX_FRAME));
}

static json_t *reason_object(uint32_t reason)
{
	static const char *const texts[SL_MAX_REASONS][2] = {
#define X(name, number, text) [number] = {#name, text},
#include "sluice/reasons.def"
#undef X
	};

	if (!reason || reason >= SL_MAX_REASONS || !texts[reason][0])
		return json_null();
	return json_pack("{s:s, s:s}", "name", texts[reason][0], "text", texts[reason][1]);
}

json_t *cmd_explain_object(const struct api *api, const struct explain_result *r, bool brief)
{
	static const char *const verdicts[] = {
	    [EXPLAIN_PASS] = "passed", [EXPLAIN_DELIVER] = "delivered", [EXPLAIN_DROP] = "dropped", [EXPLAIN_SEND] = "sent"};
	const struct svc *svc =
	    r->dest ? model_svc(&api->model, &api->plane->dests[r->dest % SL_MAX_DESTS].svc_key) : find_svc(api, &r->flow, r->in.mark);
	char name[IF_NAMESIZE] = "";
	json_t *object = json_object();

	if_indextoname(r->in.ifindex, name);
	json_object_set_new_nocheck(object, "interface", json_string(name));
	json_object_set_new_nocheck(object, "service", svc ? service_object(api, svc, r->dest, brief) : json_null());
	json_object_set_new_nocheck(
	    object, "template", r->has_template ? entry_object(api, &r->template, r->template_state, r->template_known) : json_null());
	json_object_set_new_nocheck(object, "connection", r->has_conn ? entry_object(api, &r->conn, r->state, r->conn_known) : json_null());
	json_object_set_new_nocheck(object, "reply", json_boolean(r->reply));
	json_object_set_new_nocheck(object, "hop", hop_object(api, r->hop));
	json_object_set_new_nocheck(object, "verdict", json_string(verdicts[r->verdict]));
	json_object_set_new_nocheck(object, "reason", reason_object(r->reason));
	json_object_set_new_nocheck(object, "in", hex_text(r->in.frame, r->in.len));
	json_object_set_new_nocheck(object, "out", hex_text(r->out.frame, r->out.len));
	return object;
}

static int refuse(int err, const char *why, struct rpc_error *ret_error)
{
	switch (err) {
	case -EAGAIN: return rpc_fail_errno(ret_error, err, "the program for explanations is being loaded: ask again");
	case -EMSGSIZE: return rpc_fail_errno(ret_error, -ERANGE, "the payload is too long: a packet has at most 1,500 bytes");
	case -ENETUNREACH: return rpc_fail_errno(ret_error, -EINVAL, "there is no route to the client: say by which interface it comes in");
	default: return rpc_fail_errno(ret_error, -EIO, "%s", why ? why : strerror(-err));
	}
}

int cmd_explain(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	struct explain_ask ask = {.flow = {.proto = 0}};
	struct explain_result result;
	const char *why = NULL;
	int err = read_ask(params, &ask, ret_error);

	if (err)
		return err;
	if (!api->lanes)
		return rpc_fail_errno(ret_error, -ENOSYS, "this director has no lanes that could explain anything");
	err = api->lanes->explain(api->lanes_arg, &ask, &result, &why);
	if (err)
		return refuse(err, why, ret_error);
	*ret_result = cmd_explain_object(api, &result, false);
	return 0;
}
