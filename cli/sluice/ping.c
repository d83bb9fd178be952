// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/sluice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/client.h"

#define STEP_MS 20

/* 0 and the answer of a daemon that is ready, or -errno. */
static int ask(json_t **ret_result, char **ret_why)
{
	struct client *client = NULL;
	int err = client_open(&client);

	if (err == 0)
		err = client_call(client, "ping", NULL, ret_result);
	if (err == 0 && !json_is_true(json_object_get(*ret_result, "ready"))) {
		json_decref(*ret_result);
		err = -EAGAIN;
	}
	free(*ret_why);
	*ret_why = err == -EAGAIN ? strdup("sluiced is there but not ready.") : err < 0 ? client_explain(client, err) : NULL;
	client_close(client);
	return err;
}

static bool may_come(int err)
{
	return err == -ECONNREFUSED || err == -EAGAIN || err == -ECONNRESET || err == -EPIPE;
}

static unsigned long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000UL + ts.tv_nsec / 1000000;
}

/* Asks until the daemon is ready or `wait` milliseconds are over. An abstract socket can't be watched, so this looks again and again. */
static int ask_for(unsigned wait, json_t **ret_result, char **ret_why)
{
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
	unsigned long deadline = now_ms() + wait;
	int err;

	for (;;) {
		err = ask(ret_result, ret_why);
		if (!may_come(err) || now_ms() >= deadline)
			return err;
		nanosleep(&step, NULL);
	}
}

static bool options(const struct sluice_command *command, int argc, char **argv, unsigned *ret_wait, int *ret_status)
{
	for (int i = 1; i < argc; i++) {
		const char *value = NULL;

		if (strncmp(argv[i], "--wait=", 7) == 0)
			value = argv[i] + 7;
		else if (strcmp(argv[i], "--wait") == 0 && i + 1 < argc)
			value = argv[++i];
		if (value && sluice_duration_parse(value, ret_wait) == 0)
			continue;
		if (value)
			*ret_status = sluice_wrong_usage(command, "`%s' is no time; write 10s, 500ms or 1m", value);
		else if (strcmp(argv[i], "--wait") == 0)
			*ret_status = sluice_wrong_usage(command, "--wait needs a time, such as 10s");
		else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			*ret_status = sluice_command_help(command);
		else
			*ret_status = sluice_wrong_usage(command, "what is `%s'?", argv[i]);
		return false;
	}
	return true;
}

int sluice_ping(const struct sluice_command *command, int argc, char **argv)
{
	unsigned wait = 0;
	char *why = NULL;
	json_t *result;
	int status, err;

	if (!options(command, argc, argv, &wait, &status))
		return status;
	err = ask_for(wait, &result, &why);
	if (err < 0) {
		fprintf(stderr, "%s\n", why ? why : strerror(-err));
		free(why);
		return may_come(err) ? SLUICE_ABSENT : SLUICE_FAILED;
	}
	printf("sluiced %s is ready (pid %lld, generation %lld)\n", json_string_value(json_object_get(result, "version")),
	    json_integer_value(json_object_get(result, "pid")), json_integer_value(json_object_get(result, "generation")));
	json_decref(result);
	return SLUICE_OK;
}
