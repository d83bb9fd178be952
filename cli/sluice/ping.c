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
	return err == -ECONNREFUSED || err == -EAGAIN || err == -ECONNRESET || err == -ECONNABORTED || err == -EPIPE;
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

static void print(FILE *out, const json_t *answer)
{
	fprintf(out, "sluiced %s is ready (pid %lld, generation %lld)\n", json_string_value(json_object_get(answer, "version")),
	    json_integer_value(json_object_get(answer, "pid")), json_integer_value(json_object_get(answer, "generation")));
}

static int run(const struct sluice_args *args)
{
	char *why = NULL;
	json_t *answer;
	int err = ask_for(sluice_number(args, "wait", 0), &answer, &why);

	if (err == 0)
		return sluice_show(args, answer, print);
	fprintf(stderr, "%s\n", why ? why : strerror(-err));
	free(why);
	return may_come(err) ? SLUICE_ABSENT : err == -EACCES || err == -EPERM ? SLUICE_FAILED : SLUICE_BROKEN;
}

static const struct sluice_option options[] = {
    {"wait", SLUICE_TIME, "TIME", .text = "wait up to TIME (10s, 500ms, 1m; a bare number is seconds) until it is"},
    {},
};

static const struct sluice_name examples[] = {
    {"ping --wait 10s && ipvsadm -R <rules", "restore the rules when the director is ready"},
    {},
};

const struct sluice_command sluice_cmd_ping = {
    .name = "ping",
    .what = "is sluiced there and ready?",
    .help = "The exit status is 3 if it is not.\n",
    .options = options,
    .examples = examples,
    .run = run,
};
