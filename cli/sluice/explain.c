// SPDX-License-Identifier: GPL-2.0-or-later
/* What would become of a packet, stage by stage. */
#include "cli/sluice/sluice.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/client.h"
#include "cli/output/frame.h"
#include "cli/output/output.h"

#define NOT_READY 10 /* the daemon's error code (docs/api.md) */
#define WAIT_MS 50
#define WAITS 1200 /* a minute: the verifier of a slow machine */
#define FRAME_MAX 4096

int sluice_call_ready(struct client *client, const char *method, json_t *params, json_t **ret_result)
{
	int err = 0;

	for (int i = 0; i < WAITS; i++) {
		err = client_call(client, method, json_incref(params), ret_result);
		if (err != -EREMOTEIO || client_refusal(client)->code != NOT_READY)
			break;
		nanosleep(&(struct timespec){.tv_nsec = WAIT_MS * 1000000L}, NULL);
	}
	json_decref(params);
	return err ? sluice_explain(client, err) : SLUICE_OK;
}

static const char *text(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "?";
}

/* "192.0.2.1:80" of {"addr", "port"}. */
static const char *end_text(const json_t *end, char out[64])
{
	const char *addr = text(end, "addr");

	snprintf(
	    out, 64, strchr(addr, ':') ? "[%.45s]:%lld" : "%.45s:%lld", addr, (long long)json_integer_value(json_object_get(end, "port")));
	return out;
}

static void show_frame(FILE *out, const char *title, const json_t *hex)
{
	uint8_t bytes[FRAME_MAX];
	char line[FRAME_TEXT];
	size_t len = frame_bytes(json_string_value(hex), bytes, sizeof(bytes));

	fprintf(out, "%-12s%s\n", title, frame_full(bytes, len, line));
}

static void show_servers(FILE *out, const json_t *service)
{
	const json_t *servers = json_object_get(service, "servers"), *server;
	struct table *table = table_new("llrrrl");
	size_t i;

	json_array_foreach (servers, i, server) {
		bool chosen = json_is_true(json_object_get(server, "chosen"));
		char name[64], weight[24], active[24], inactive[24];

		snprintf(weight, sizeof(weight), "weight %lld", (long long)json_integer_value(json_object_get(server, "weight")));
		snprintf(active, sizeof(active), "%lld active", (long long)json_integer_value(json_object_get(server, "active")));
		snprintf(inactive, sizeof(inactive), "%lld inactive", (long long)json_integer_value(json_object_get(server, "inactive")));
		table_add(table, chosen ? TABLE_STRONG : TABLE_PLAIN, chosen ? "          * " : "            ", end_text(server, name),
		    weight, active, inactive, text(server, "why"));
	}
	table_print(out, table);
}

static void show_service(FILE *out, const json_t *answer)
{
	const json_t *service = json_object_get(answer, "service");

	if (!json_is_object(service)) {
		fprintf(out, "%-12snone: the packet is the host's\n", "service");
		return;
	}
	fprintf(out, "%-12s%s\n", "service", text(service, "name"));
}

static void show_entry(FILE *out, const char *title, const json_t *entry, const char *none)
{
	char ends[3][64];

	if (!json_is_object(entry)) {
		fprintf(out, "%-12s%s\n", title, none);
		return;
	}
	fprintf(out, "%-12s%s, %s: %s > %s, server %s, %s\n", title, json_is_true(json_object_get(entry, "known")) ? "known" : "new",
	    text(entry, "state"), end_text(json_object_get(entry, "client"), ends[0]), end_text(json_object_get(entry, "virtual"), ends[1]),
	    end_text(json_object_get(entry, "server"), ends[2]), text(entry, "fwd"));
}

static void show_choice(FILE *out, const json_t *answer)
{
	const json_t *service = json_object_get(answer, "service");
	bool known = json_is_true(json_object_get(json_object_get(answer, "connection"), "known"));
	bool stuck = json_is_true(json_object_get(json_object_get(answer, "template"), "known"));

	if (!json_is_object(service))
		return;
	fprintf(out, "%-12s%s%s\n", "scheduler", text(service, "sched"),
	    known   ? ", not asked: the connection is known"
	    : stuck ? ", not asked: the template says the server"
		    : "");
	show_servers(out, service);
}

static void show_hop(FILE *out, const json_t *answer)
{
	const json_t *hop = json_object_get(answer, "hop");

	if (!json_is_object(hop))
		return;
	fprintf(out, "%-12s%s by %s, %s, MTU %lld%s\n", "next hop", text(hop, "gateway"), text(hop, "interface"), text(hop, "mac"),
	    (long long)json_integer_value(json_object_get(hop, "mtu")),
	    json_is_true(json_object_get(hop, "resolved")) ? "" : " (not resolved: the kernel will ask for it)");
}

static void show(FILE *out, const json_t *answer)
{
	const json_t *reason = json_object_get(answer, "reason");
	const char *verdict = text(answer, "verdict");

	show_frame(out, "packet", json_object_get(answer, "in"));
	fprintf(out, "%-12s%s%s\n", "comes in by", text(answer, "interface"),
	    json_is_true(json_object_get(answer, "reply")) ? ", a server's reply" : "");
	show_service(out, answer);
	show_entry(out, "template", json_object_get(answer, "template"), "none");
	show_entry(out, "connection", json_object_get(answer, "connection"), "none");
	show_choice(out, answer);
	show_hop(out, answer);
	fprintf(out, "%-12s%s", "verdict", verdict);
	if (json_is_object(reason))
		fprintf(out, ": %s, %s", text(reason, "name"), text(reason, "text"));
	fprintf(out, "\n");
	if (strcmp(verdict, "sent") == 0 || strcmp(verdict, "delivered") == 0)
		show_frame(out, "leaves as", json_object_get(answer, "out"));
}

static int read_end(const struct sluice_args *args, const char *word, json_t **ret_end)
{
	const char *why;
	json_t *end = sluice_server(word, &why);

	if (end && json_object_get(end, "port")) {
		*ret_end = end;
		return SLUICE_OK;
	}
	if (end)
		why = "has no port: write it as 192.0.2.1:80 or [2001:db8::1]:80";
	json_decref(end);
	return sluice_wrong(args, "\"%s\" %s", word, why);
}

static int read_params(const struct sluice_args *args, json_t **ret_params)
{
	static const char *const texts[] = {"flags", "interface", "payload"};
	json_t *client = NULL, *virtual = NULL, *params;
	int status = read_end(args, args->word[1], &client);

	status = status == SLUICE_OK ? read_end(args, args->word[2], &virtual) : status;
	if (status != SLUICE_OK) {
		json_decref(client);
		return status;
	}
	params = json_pack("{s:s, s:o, s:o}", "proto", args->word[0], "client", client, "virtual", virtual);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (sluice_has(args, texts[i]))
			json_object_set_new(params, texts[i], json_string(sluice_text(args, texts[i], "")));
	if (sluice_has(args, "mark"))
		json_object_set_new(params, "mark", json_integer(sluice_number(args, "mark", 0)));
	*ret_params = params;
	return SLUICE_OK;
}

static int run(const struct sluice_args *args)
{
	struct client *client;
	json_t *params, *answer;
	int status = read_params(args, &params);

	if (status != SLUICE_OK)
		return status;
	status = sluice_open(&client);
	if (status != SLUICE_OK) {
		json_decref(params);
		return status;
	}
	status = sluice_call_ready(client, "explain", params, &answer);
	client_close(client);
	return status == SLUICE_OK ? sluice_show(args, answer, show) : status;
}

static const struct sluice_name protos[] = {{"tcp", "TCP"}, {"udp", "UDP"}, {}};
static const struct sluice_word words[] = {{"PROTOCOL", SLUICE_CHOICE, .count = SLUICE_ONE, .names = protos},
    {"CLIENT:PORT", SLUICE_TEXT, .count = SLUICE_ONE}, {"VIP:PORT", SLUICE_TEXT, .count = SLUICE_ONE}, {}};
static const struct sluice_option options[] = {
    {"flags", SLUICE_TEXT, "FLAGS", "of TCP, as tcpdump writes them: S (a first packet), S., ., F., R", .names = NULL},
    {"interface", SLUICE_TEXT, "NAME", "where it comes in; else where the way to the client goes out", .names = NULL},
    {"mark", SLUICE_NUMBER, "MARK", "its firewall mark", 0, 4294967295, NULL},
    {"payload", SLUICE_TEXT, "TEXT", "of UDP: a SIP message, say", .names = NULL},
    {},
};
static const struct sluice_name examples[] = {
    {"explain tcp 198.51.100.7:4000 192.0.2.1:80", "where would this client's next connection go, and why"},
    {"explain tcp 198.51.100.7:4000 192.0.2.1:80 --flags .", "and a packet in the middle of one"},
    {},
};

const struct sluice_command sluice_cmd_explain = {
    .name = "explain",
    .what = "what would become of a packet, and why",
    .help =
	"The lanes' own program runs a made-up packet over copies of what concerns it; nothing changes. The first time sluiced loads the\n"
	"program, which takes a second or two.\n",
    .examples = examples,
    .words = words,
    .options = options,
    .run = run,
};
