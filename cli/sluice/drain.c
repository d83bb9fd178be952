// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/output/cell.h"
#include "cli/sluice/drained.h"
#include "cli/sluice/server.h"

#define LOOK_MS 250 /* how often --wait looks */

static const struct sluice_word words[] = {
    {"SERVICE", SLUICE_SERVICE, .count = SLUICE_ONE}, {"SERVER", SLUICE_SERVER, .count = SLUICE_ONE}, {}};

/* "tcp 192.0.2.1:80 10.0.0.11:80": how it is typed, and the name it is remembered by. */
static void name_of(char name[2 * CELL], const struct sluice_args *args, const json_t *server)
{
	char service[CELL], place[CELL];

	snprintf(name, 2 * CELL, "%s %s", cell_service(service, args->service), cell_place(place, "", server));
}

/* A server of weight 0 is drained already: what it weighed stays known. */
static void remember(const char *name, long long weight)
{
	int err = weight > 0 ? drained_keep(name, weight) : 0;

	if (err < 0)
		fprintf(stderr, "Its weight can't be remembered (%s); bring it back with: sluice server undrain %s --weight %lld\n",
		    strerror(-err), name, weight);
}

static unsigned long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000UL + ts.tv_nsec / 1000000;
}

/* Says how many are left when that has changed: in place on a terminal, else a line each. */
static void show_left(const struct sluice_args *args, long long left, long long before)
{
	bool terminal = isatty(1);

	if (args->json || left == before)
		return;
	printf(terminal ? "\r\033[K%lld connection%s left" : "%lld connection%s left\n", left, left == 1 ? "" : "s");
	if (terminal && left == 0)
		putchar('\n');
	fflush(stdout);
}

/* Until the server has no connection or the time is over. *ret_left: how many it has then. A server that is gone has none. */
static int wait_for(const struct sluice_args *args, struct client *client, unsigned long ms, long long *ret_left)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
	unsigned long deadline = now_ms() + ms;
	long long before = -1;

	for (;;) {
		json_t *service;
		const json_t *server;
		int status = sluice_ask_service(client, args->service, &service);

		if (status != SLUICE_OK)
			return status;
		server = sluice_server_find(service, args->server);
		*ret_left = cell_number_of(server, "active") + cell_number_of(server, "inactive");
		json_decref(service);
		show_left(args, *ret_left, before);
		before = *ret_left;
		if (*ret_left == 0 || now_ms() >= deadline)
			return SLUICE_OK;
		nanosleep(&pause, NULL);
	}
}

static int wait_if_told(const struct sluice_args *args, struct client *client, long long weight, const char *name)
{
	long long left = 0;
	int status;

	if (sluice_has(args, "wait")) {
		status = wait_for(args, client, sluice_number(args, "wait", 0), &left);
		if (status != SLUICE_OK)
			return status;
	}
	if (args->json)
		printf("{\"weight\": %lld, \"left\": %lld}\n", weight, left);
	if (!left)
		return SLUICE_OK;
	if (!args->json && isatty(1))
		putchar('\n');
	fflush(stdout);
	fprintf(stderr, "%s still has %lld connection%s.\n", name, left, left == 1 ? "" : "s");
	return SLUICE_FAILED;
}

/* One change, quietly: the answer that --json prints is the command's own. */
static int change(struct client *client, json_t *op)
{
	json_t *result;
	int status = sluice_call(client, "change", json_pack("{s:[o]}", "ops", op), &result);

	if (status == SLUICE_OK)
		json_decref(result);
	return status;
}

/* With `weight` for the server; *ret_before is what it had, `name` becomes its. */
static int set_weight(const struct sluice_args *args, struct client *client, const json_t *service, const json_t *server, long long weight)
{
	json_t *op = sluice_server_edit(args, server);

	json_object_set_new(op, "weight", json_integer(weight));
	return change(client, op);
}

static int drain(const struct sluice_args *args, struct client *client, const json_t *service)
{
	const json_t *server = sluice_server_find(service, args->server);
	long long weight = cell_number_of(server, "weight");
	char name[2 * CELL];
	int status = set_weight(args, client, service, server, 0);

	if (status != SLUICE_OK)
		return status;
	name_of(name, args, server);
	remember(name, weight);
	return wait_if_told(args, client, weight ? weight : drained_weight(name), name);
}

static int undrain(const struct sluice_args *args, struct client *client, const json_t *service)
{
	const json_t *server = sluice_server_find(service, args->server);
	long long weight, has = cell_number_of(server, "weight");
	char name[2 * CELL];
	int status;

	name_of(name, args, server ? server : args->server);
	weight = sluice_number(args, "weight", drained_weight(name));
	if (server && has > 0 && !sluice_has(args, "weight")) {
		fprintf(stderr, "%s is not drained: its weight is %lld.\n", name, has);
		return SLUICE_FAILED;
	}
	if (server && !weight) {
		fprintf(stderr, "What %s weighed is not known; write: sluice server undrain %s --weight N\n", name, name);
		return SLUICE_FAILED;
	}
	status = set_weight(args, client, service, server, weight);
	if (status != SLUICE_OK)
		return status;
	drained_keep(name, 0);
	if (args->json)
		printf("{\"weight\": %lld}\n", weight);
	return SLUICE_OK;
}

static int run(const struct sluice_args *args, int (*with)(const struct sluice_args *args, struct client *client, const json_t *service))
{
	struct client *client;
	json_t *service;
	int status = sluice_open(&client);

	if (status != SLUICE_OK)
		return status;
	status = sluice_ask_service(client, args->service, &service);
	if (status == SLUICE_OK) {
		status = with(args, client, service);
		json_decref(service);
	}
	client_close(client);
	return status;
}

static int run_drain(const struct sluice_args *args)
{
	return run(args, drain);
}

static int run_undrain(const struct sluice_args *args)
{
	return run(args, undrain);
}

static const struct sluice_option drain_options[] = {
    {"wait", SLUICE_TIME, "TIME", .text = "show the connections that are left until there are none; status 1 if some are after TIME"},
    {},
};

static const struct sluice_name drain_examples[] = {
    {"server drain tcp 192.0.2.1:80 10.0.0.11:80 --wait 10m", "no new connections; wait for the last"},
    {},
};

const struct sluice_command sluice_cmd_drain = {
    .name = "drain",
    .what = "give a server no new connections (weight 0)",
    .help = "What it weighed is remembered for undrain, until the machine is started anew. Clients of a persistent service come back to a\n"
	    "drained server as long as their templates live, unless the setting expire_quiescent_template is 1.\n"
	    "With --json: {\"weight\": what it weighed, \"left\": connections after waiting}.\n",
    .words = words,
    .options = drain_options,
    .examples = drain_examples,
    .run = run_drain,
};

static const struct sluice_option undrain_options[] = {
    {"weight", SLUICE_NUMBER, "N", "instead of the remembered one", 1, 2147483647, NULL},
    {},
};

static const struct sluice_name undrain_examples[] = {
    {"server undrain tcp 192.0.2.1:80 10.0.0.11:80", "back to the weight it was drained with"},
    {},
};

const struct sluice_command sluice_cmd_undrain = {
    .name = "undrain",
    .what = "give a drained server its weight back",
    .words = words,
    .options = undrain_options,
    .examples = undrain_examples,
    .run = run_undrain,
};
