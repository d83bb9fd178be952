// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/watch.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/client.h"

#define IDLE_MS 50

const struct sluice_name watch_protos[] = {{"tcp", "TCP"}, {"udp", "UDP"}, {}};

struct watch {
	struct client *client;
	json_t *id;
	watch_fn fn;
	void *arg;
	long long left; /* packets */
	long long until; /* monotonic ms; 0: for ever */
	long long lost;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = 1;
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static int read_params(const struct sluice_args *args, json_t **ret_params)
{
	static const char *const texts[] = {"client", "server", "proto"};
	json_t *params = json_object(), *service;
	const char *why;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (sluice_has(args, texts[i]))
			json_object_set_new(params, texts[i], json_string(sluice_text(args, texts[i], "")));
	if (sluice_has(args, "sample"))
		json_object_set_new(params, "sample", json_integer(sluice_number(args, "sample", 1)));
	if (sluice_has(args, "service")) {
		service = sluice_service_word(sluice_text(args, "service", ""), &why);
		if (!service) {
			json_decref(params);
			return sluice_wrong(args, "\"%s\" %s", sluice_text(args, "service", ""), why);
		}
		json_object_set_new(params, "service", service);
	}
	*ret_params = params;
	return SLUICE_OK;
}

/* One answer's packets. */
static int hand_over(struct watch *w, const json_t *answer)
{
	const json_t *packet;
	size_t i;

	w->lost = json_integer_value(json_object_get(answer, "lost"));
	json_array_foreach (json_object_get(answer, "packets"), i, packet) {
		int status = w->left ? w->fn(w->arg, packet) : SLUICE_OK;

		if (status != SLUICE_OK)
			return status;
		w->left -= w->left > 0;
	}
	return SLUICE_OK;
}

static int read_all(struct watch *w)
{
	int status = SLUICE_OK;

	while (status == SLUICE_OK && w->left && !interrupted && (!w->until || now_ms() < w->until)) {
		json_t *answer;
		bool more;

		status = sluice_call(w->client, "watch.read", json_pack("{s:O}", "watch", w->id), &answer);
		if (status != SLUICE_OK)
			break;
		status = hand_over(w, answer);
		more = json_is_true(json_object_get(answer, "more"));
		json_decref(answer);
		if (!more && w->left)
			nanosleep(&(struct timespec){.tv_nsec = IDLE_MS * 1000000L}, NULL);
	}
	return status;
}

static int watch(struct watch *w, json_t *params)
{
	json_t *answer, *stopped;
	int status = sluice_call_ready(w->client, "watch.start", params, &answer);

	if (status != SLUICE_OK)
		return status;
	w->id = json_object_get(answer, "watch");
	status = read_all(w);
	if (status == SLUICE_OK && sluice_call(w->client, "watch.stop", json_pack("{s:O}", "watch", w->id), &stopped) == SLUICE_OK)
		json_decref(stopped);
	json_decref(answer);
	if (w->lost)
		fprintf(stderr, "sluice: %lld packets came faster than they could be looked at and are missing: --sample helps\n", w->lost);
	return status;
}

int watch_run(const struct sluice_args *args, watch_fn fn, void *arg)
{
	struct watch w = {.fn = fn, .arg = arg, .left = sluice_number(args, "count", -1)};
	struct sigaction action = {.sa_handler = on_signal};
	json_t *params = NULL;
	int status = read_params(args, &params);

	if (status != SLUICE_OK)
		return status;
	if (sluice_has(args, "time"))
		w.until = now_ms() + sluice_number(args, "time", 0);
	status = sluice_open(&w.client);
	if (status != SLUICE_OK) {
		json_decref(params);
		return status;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	status = watch(&w, params);
	client_close(w.client);
	return status;
}

long long watch_time(const json_t *packet)
{
	static long long offset;
	struct timespec real, mono;

	if (!offset) {
		clock_gettime(CLOCK_REALTIME, &real);
		clock_gettime(CLOCK_MONOTONIC, &mono);
		offset = (real.tv_sec - mono.tv_sec) * 1000000000LL + real.tv_nsec - mono.tv_nsec;
	}
	return json_integer_value(json_object_get(packet, "ns")) + offset;
}

const char *watch_comment(const json_t *packet, char *text, size_t size)
{
	const json_t *service = json_object_get(packet, "service"), *conn = json_object_get(packet, "connection");
	const json_t *reason = json_object_get(packet, "reason"), *server = json_object_get(conn, "server");
	const char *verdict = json_string_value(json_object_get(packet, "verdict"));
	size_t used = snprintf(text, size, "%s", verdict ? verdict : "not explained");

	if (json_is_object(reason))
		used += snprintf(text + used, size - used, ": %s, %s", json_string_value(json_object_get(reason, "name")),
		    json_string_value(json_object_get(reason, "text")));
	if (json_is_object(service) && used < size)
		used += snprintf(text + used, size - used, "; service %s", json_string_value(json_object_get(service, "name")));
	if (json_is_object(conn) && used < size)
		snprintf(text + used, size - used, "; server %s port %lld; %s %s", json_string_value(json_object_get(server, "addr")),
		    (long long)json_integer_value(json_object_get(server, "port")), json_string_value(json_object_get(conn, "fwd")),
		    json_string_value(json_object_get(conn, "state")));
	return text;
}
