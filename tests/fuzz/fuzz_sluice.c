/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command lines of sluice: words, options, services, servers, prefixes, times, lists. Each line of the input is one: words between blanks.
 * The daemon is a fake that knows one service and refuses every third request; no file is written and nothing is waited for.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#include "cli/client.h"
#include "cli/sluice/sluice.h"

struct client {
	unsigned calls;
	struct client_refusal refusal;
};

static struct client only;

static const char service[] =
    "{\"services\": [{\"proto\": \"tcp\", \"addr\": \"192.0.2.1\", \"port\": 80, \"sched\": \"sh\", \"flags\": [\"sh-port\"], "
    "\"allow\": [\"10.0.0.0/8\"], \"servers\": [{\"addr\": \"10.0.0.1\", \"port\": 80, \"fwd\": \"masq\", \"weight\": 2}]}], "
    "\"settings\": [{\"name\": \"conn_reuse_mode\", \"value\": 1, \"default\": 1, \"least\": 0, \"most\": 3}], "
    "\"connections\": [{\"client\": {\"addr\": \"192.0.2.9\", \"port\": 1}, \"idle\": 3}], \"next\": null, \"ready\": true}";

int client_call(struct client *client, const char *method, json_t *params, json_t **ret_result)
{
	json_decref(params);
	if (client->calls++ % 3 == 2) {
		client->refusal = (struct client_refusal){.code = 2, .name = "ESRCH", .message = "no such service", .op = 0};
		return -EREMOTEIO;
	}
	*ret_result = json_loads(service, 0, NULL);
	return 0;
}

int client_call_text(struct client *client, const char *method, const char *params, json_t **ret_result)
{
	return client_call(client, method, NULL, ret_result);
}

const struct client_refusal *client_refusal(const struct client *client)
{
	return &client->refusal;
}

char *client_explain(const struct client *client, int err)
{
	return strdup("refused");
}

int client_open(struct client **ret_client)
{
	*ret_client = &only;
	return 0;
}

void client_close(struct client *client)
{
}

/* Nothing is waited for, and no file is written. */
int __wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
	return 0;
}

/* A small table, which is soon full. */
struct top *__real_top_new(size_t room);
struct top *__wrap_top_new(size_t room)
{
	return __real_top_new(4);
}

int __wrap_drained_keep(const char *server, long long weight)
{
	return 0;
}

int __wrap_saved_store(const char *path, const json_t *answer)
{
	return 0;
}

/* Those that run on, wait or read their own arguments have tests of their own. */
static bool endless(int argc, char **argv)
{
	static const char *const words[] = {"simulate", "record", "trace", "capture", "explain", "ipvsadm"};

	for (size_t i = 0; argc > 1 && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(argv[1], words[i]) == 0)
			return true;
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "--watch", 7) == 0 || strncmp(argv[i], "--wait", 6) == 0)
			return true;
	return false;
}

static void run(char *line)
{
	char *argv[64] = {"sluice"}, *save, *word;
	int argc = 1;

	for (word = strtok_r(line, " ", &save); word && argc < 63; word = strtok_r(NULL, " ", &save))
		argv[argc++] = strcmp(word, "''") == 0 ? "" : word;
	argv[argc] = NULL;
	if (!endless(argc, argv)) {
		int status = sluice_main(argc, argv);

		fuzz_check(status >= SLUICE_OK && status <= SLUICE_BROKEN);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *in = stdin, *out = stdout, *err = stderr, *nowhere = fopen("/dev/null", "w"), *empty = fopen("/dev/null", "r");
	char *text = strndup((const char *)data, size), *save, *line;

	fuzz_check(text && nowhere && empty);
	stdout = stderr = nowhere; /* file descriptor 2 stays a sanitizer's */
	stdin = empty;
	only.calls = 0;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		run(line);
	stdin = in;
	stdout = out;
	stderr = err;
	fclose(nowhere);
	fclose(empty);
	free(text);
	return 0;
}
