/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real packets, as they come and as they leave: what sluice trace and sluice capture read. */

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/prefix.h"
#include "sluiced/api/cmd.h"
#include "sluiced/api/field.h"

#define SILENT_MS 10000 /* a watcher that reads no more has gone */
#define MAX_READ 64

struct want {
	struct tap_want tap;
	struct sl_svc_key ends[SL_TAP_ENDS];
	struct sl_addr server;
	bool full; /* there are more ends than room */
};

static void mask_of(const struct prefix *prefix, struct sl_addr *ret_mask)
{
	memset(ret_mask, 0, sizeof(*ret_mask));
	for (unsigned bit = 0; bit < prefix->len; bit++)
		ret_mask->b[bit / 8] |= 0x80 >> bit % 8;
}

static int read_client(const json_t *params, struct sl_tap_filter *filter, struct rpc_error *ret_error)
{
	const char *text = NULL;
	struct prefix prefix;
	int err = field_text(params, "client", &text, ret_error);

	if (err || !text)
		return err;
	if (prefix_parse(text, &prefix))
		return rpc_fail_errno(ret_error, -EINVAL, "\"%.50s\" is no prefix: write one like 192.0.2.0/24 or 2001:db8::/32", text);
	memcpy(filter->client.b, prefix.addr, sizeof(prefix.addr));
	mask_of(&prefix, &filter->mask);
	return 0;
}

static int read_proto(const json_t *params, struct sl_tap_filter *filter, struct rpc_error *ret_error)
{
	const char *text = NULL;
	int err = field_text(params, "proto", &text, ret_error);

	if (err || !text)
		return err;
	if (strcmp(text, "tcp") != 0 && strcmp(text, "udp") != 0)
		return rpc_fail_errno(ret_error, -EINVAL, "\"%.20s\" can't be watched: write \"tcp\" or \"udp\"", text);
	filter->proto = text[0] == 't' ? IPPROTO_TCP : IPPROTO_UDP;
	return 0;
}

static void add_end(struct want *want, const struct sl_addr *addr, __be16 port, __u8 proto)
{
	if (want->tap.filter.ends == SL_TAP_ENDS)
		want->full = true;
	else
		want->ends[want->tap.filter.ends++] = (struct sl_svc_key){.addr = *addr, .port = port, .proto = proto};
}

static bool is_server(const struct want *want, const struct dest *dest)
{
	return memcmp(&dest->key.addr, &want->server, sizeof(want->server)) == 0;
}

static bool has_server(const struct want *want, const struct svc *svc)
{
	struct list *at, *safe;

	list_each (at, safe, &svc->dests)
		if (is_server(want, container_of(at, struct dest, link)))
			return true;
	return false;
}

/* The ends of a service: its own and its servers'. A mark has no end of its own: then every packet is looked at. */
static void add_service(struct want *want, const struct svc *svc, bool by_server)
{
	struct list *at, *safe;

	if (by_server && !has_server(want, svc))
		return;
	add_end(want, &svc->key.addr, svc->key.port, svc->key.proto);
	list_each (at, safe, &svc->dests) {
		const struct dest *dest = container_of(at, struct dest, link);

		if (!by_server || is_server(want, dest))
			add_end(want, &dest->key.addr, dest->key.port, svc->key.proto);
	}
}

static int read_service(const struct api *api, const json_t *params, struct want *want, struct rpc_error *ret_error)
{
	const json_t *name = json_object_get(params, "service");
	char text[MODEL_NAME_TEXT];
	struct sl_svc_key key;
	const struct svc *svc;
	int err;

	if (!name)
		return 0;
	err = field_svc(name, &key, ret_error);
	if (err)
		return err;
	svc = model_svc(&api->model, &key);
	if (!svc)
		return rpc_fail_errno(ret_error, -ESRCH, "there is no service %s", model_svc_text(&key, text));
	if (key.proto)
		add_service(want, svc, false);
	return 0;
}

static int read_server(const struct api *api, const json_t *params, struct want *want, struct rpc_error *ret_error)
{
	const char *text = NULL;
	struct list *at, *safe;
	int err = field_text(params, "server", &text, ret_error);

	if (err || !text)
		return err;
	if (addr_parse(text, want->server.b))
		return rpc_fail_errno(ret_error, -EINVAL, "\"%.50s\" is no address of a server", text);
	if (json_object_get(params, "service"))
		return 0;
	list_each (at, safe, &api->model.svcs)
		add_service(want, container_of(at, struct svc, link), true);
	if (!want->tap.filter.ends)
		return rpc_fail_errno(ret_error, -ENOENT, "no service has a server %s", text);
	return 0;
}

static int read_want(const struct api *api, const json_t *params, struct want *want, struct rpc_error *ret_error)
{
	int64_t sample = 1;
	int err = read_client(params, &want->tap.filter, ret_error);

	err = err ? err : read_proto(params, &want->tap.filter, ret_error);
	err = err ? err : field_number(params, "sample", &sample, ret_error);
	err = err ? err : read_service(api, params, want, ret_error);
	err = err ? err : read_server(api, params, want, ret_error);
	if (err)
		return err;
	if (sample < 1 || sample > UINT32_MAX)
		return rpc_fail_errno(ret_error, -ERANGE, "\"sample\" is out of range: write 1 for every packet, 100 for one of a hundred");
	if (want->full)
		return rpc_fail_errno(
		    ret_error, -ENOSPC, "more than %d services and servers can't be watched at once: name fewer", SL_TAP_ENDS);
	want->tap.filter.sample = sample;
	want->tap.ends = want->ends;
	return 0;
}

static int refuse(int err, const char *why, struct rpc_error *ret_error)
{
	if (err == -EAGAIN)
		return rpc_fail_errno(ret_error, err, "the programs that watch are being loaded: ask again");
	if (err == -ENODEV)
		return rpc_fail_errno(ret_error, -EIO, "no interface could be tapped");
	return rpc_fail_errno(ret_error, -EIO, "%s", why ? why : strerror(-err));
}

static int start(struct api *api, const struct want *want, json_t **ret_result, struct rpc_error *ret_error)
{
	const char *why = NULL;
	uint64_t id = 0;
	int err = api->lanes->tap(api->lanes_arg, &want->tap, &why);

	if (err)
		return refuse(err, why, ret_error);
	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		id = api->now_ms(api->arg);
	id = (id >> 12) | 1; /* JSON's numbers have 53 bits */
	api->watch = (struct api_watch){.id = id, .read_ms = api->now_ms(api->arg), .server = want->server};
	*ret_result = json_pack("{s:I}", "watch", (json_int_t)id);
	return 0;
}

int cmd_watch_start(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	struct want *want;
	int err;

	if (!api->lanes)
		return rpc_fail_errno(ret_error, -ENOSYS, "this director has no lanes to watch");
	if (api->watch.id)
		return rpc_fail_errno(ret_error, -EEXIST, "somebody is watching already: one can at a time");
	want = calloc(1, sizeof(*want));
	if (!want)
		return rpc_fail_errno(ret_error, -EIO, "out of memory");
	err = read_want(api, params, want, ret_error);
	if (!err)
		err = start(api, want, ret_result, ret_error);
	free(want);
	return err;
}

static int need_watch(struct api *api, const json_t *params, struct rpc_error *ret_error)
{
	int64_t id = 0;
	int err = field_number(params, "watch", &id, ret_error);

	if (err)
		return err;
	if (!api->watch.id || (uint64_t)id != api->watch.id)
		return rpc_fail_errno(
		    ret_error, -ESRCH, "there is no such watch (any more): who does not read for %d s loses it", SILENT_MS / 1000);
	api->watch.read_ms = api->now_ms(api->arg);
	return 0;
}

static json_t *hex(const uint8_t *bytes, uint32_t len)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * SL_TAP_KEPT];

	for (uint32_t i = 0; i < len && i < SL_TAP_KEPT; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return json_stringn(text, 2 * len);
}

static bool is_wanted(const struct api *api, const struct explain_tapped *t)
{
	static const struct sl_addr any;
	uint32_t dest = t->err ? 0 : t->result.dest;

	return memcmp(&api->watch.server, &any, sizeof(any)) == 0 ||
	       (dest && memcmp(&api->plane->dests[dest % SL_MAX_DESTS].addr, &api->watch.server, sizeof(any)) == 0);
}

static json_t *packet_object(const struct api *api, const struct explain_tapped *t)
{
	json_t *object = t->err ? json_object() : cmd_explain_object(api, &t->result, true);

	json_object_set_new_nocheck(object, "ns", json_integer((json_int_t)t->head.ns));
	json_object_set_new_nocheck(object, "express", json_boolean(t->head.express));
	json_object_set_new_nocheck(object, "len", json_integer(t->head.len));
	json_object_set_new_nocheck(object, "in", hex(t->bytes, t->head.kept));
	return object;
}

int cmd_watch_read(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	struct explain_tapped *packets;
	int64_t max = MAX_READ;
	uint64_t lost = 0;
	json_t *list;
	unsigned count;
	int err = need_watch(api, params, ret_error);

	err = err ? err : field_number(params, "max", &max, ret_error);
	if (err)
		return err;
	max = max < 1 ? 1 : max > MAX_READ ? MAX_READ : max;
	packets = calloc(max, sizeof(*packets));
	if (!packets)
		return rpc_fail_errno(ret_error, -EIO, "out of memory");
	count = api->lanes->read(api->lanes_arg, max, packets, &lost);
	list = json_array();
	for (unsigned i = 0; i < count; i++)
		if (is_wanted(api, &packets[i]))
			json_array_append_new(list, packet_object(api, &packets[i]));
	free(packets);
	*ret_result = json_pack("{s:o, s:b, s:I}", "packets", list, "more", count == max, "lost", (json_int_t)lost);
	return 0;
}

void cmd_watch_end(struct api *api)
{
	if (api->watch.id)
		api->lanes->untap(api->lanes_arg);
	api->watch = (struct api_watch){.id = 0};
}

int cmd_watch_stop(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	int err = need_watch(api, params, ret_error);

	if (err)
		return err;
	cmd_watch_end(api);
	*ret_result = json_object();
	return 0;
}

void cmd_watch_tick(struct api *api)
{
	if (api->watch.id && api->now_ms(api->arg) - api->watch.read_ms > SILENT_MS)
		cmd_watch_end(api);
}
