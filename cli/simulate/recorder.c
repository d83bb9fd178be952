// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "cli/simulate/record.h"

struct open {
	struct hnode node;
	uint64_t name;
	struct sim_conn conn;
	struct sim_end server;
};

static uint64_t hash(uint64_t name)
{
	return (name ^ name >> 29) * 0x9e3779b97f4a7c15ULL;
}

static struct open *of_node(struct hnode *node)
{
	return (struct open *)((char *)node - offsetof(struct open, node));
}

static struct open *find(const struct recorder *r, uint64_t name)
{
	for (struct hnode *node = htab_first(&r->open, hash(name)); node; node = htab_next(node))
		if (of_node(node)->name == name)
			return of_node(node);
	return NULL;
}

void recorder_init(struct recorder *r, FILE *out, uint64_t zero)
{
	*r = (struct recorder){.out = out, .zero = zero};
	htab_init(&r->open);
	sim_trace_write_head(out);
}

static void drop(struct recorder *r, struct open *open)
{
	sim_trace_write(r->out, &open->conn, &open->server);
	htab_remove(&r->open, &open->node);
	free(open);
}

void recorder_fini(struct recorder *r)
{
	for (size_t i = 0; i <= r->open.mask; i++)
		while (r->open.buckets[i])
			drop(r, of_node(r->open.buckets[i]));
	htab_fini(&r->open);
}

bool recorder_done(const struct recorder *r)
{
	return r->most && r->begun >= r->most && !r->open.count;
}

static bool read_end(const json_t *event, const char *name, struct sl_addr *ret_addr, __be16 *ret_port)
{
	const json_t *end = json_object_get(event, name);
	const char *addr = json_string_value(json_object_get(end, "addr"));
	json_int_t port = json_integer_value(json_object_get(end, "port"));
	char text[SIM_END_TEXT];

	if (!addr || strlen(addr) > INET6_ADDRSTRLEN || port < 0 || port > 65535)
		return false;
	snprintf(text, sizeof(text), strchr(addr, ':') ? "[%s]:%u" : "%s:%u", addr, (unsigned)port);
	return sim_end_parse(text, ret_addr, ret_port);
}

static uint64_t since(const struct recorder *r, json_int_t ns)
{
	return ns > 0 && (uint64_t)ns > r->zero ? ((uint64_t)ns - r->zero) / 1000 : 0;
}

/* A name that is still open is another connection's by now, whose end was missed. */
static int begin(struct recorder *r, const json_t *event, uint64_t name)
{
	const char *proto = json_string_value(json_object_get(event, "proto"));
	struct open *old = find(r, name), *open;

	if (old)
		drop(r, old);
	if (r->most && r->begun >= r->most)
		return 0;
	open = calloc(1, sizeof(*open));
	if (!open)
		return -ENOMEM;
	open->name = name;
	open->conn.lasts = SIM_NEVER;
	open->conn.start = since(r, json_integer_value(json_object_get(event, "begin")));
	open->conn.proto = !proto ? 0 : *proto == 't' ? IPPROTO_TCP : *proto == 'u' ? IPPROTO_UDP : IPPROTO_SCTP;
	if (!proto || !read_end(event, "client", &open->conn.client, &open->conn.cport) ||
	    !read_end(event, "virtual", &open->conn.virtual, &open->conn.vport) ||
	    !read_end(event, "server", &open->server.addr, &open->server.port)) {
		free(open);
		return -EBADMSG;
	}
	htab_insert(&r->open, &open->node, hash(name));
	r->begun++;
	return 0;
}

static void end(struct recorder *r, const json_t *event, uint64_t name)
{
	struct open *open = find(r, name);
	uint64_t at = since(r, json_integer_value(json_object_get(event, "end")));

	if (!open)
		return; /* begun before the recording, or ended already */
	open->conn.lasts = at > open->conn.start ? at - open->conn.start : 0;
	r->ended++;
	drop(r, open);
}

int recorder_take(struct recorder *r, const json_t *events)
{
	if (!json_is_array(events))
		return -EBADMSG;
	for (size_t i = 0; i < json_array_size(events); i++) {
		const json_t *event = json_array_get(events, i), *id = json_object_get(event, "id");
		int err = json_is_integer(id) ? 0 : -EBADMSG;

		if (!err && json_is_integer(json_object_get(event, "begin")))
			err = begin(r, event, json_integer_value(id));
		else if (!err && json_is_integer(json_object_get(event, "end")))
			end(r, event, json_integer_value(id));
		else
			err = -EBADMSG;
		if (err)
			return err;
	}
	return 0;
}
