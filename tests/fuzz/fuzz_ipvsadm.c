/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules for ipvsadm -R: words, options, addresses, batches. The daemon is a fake that takes every other transaction and refuses an
 * operation of the rest; names are looked up nowhere.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "cli/client.h"
#include "cli/ipvsadm/ipvsadm.h"

struct client {
	unsigned calls;
	struct client_refusal refusal;
};

/* Text that goes out must be JSON. */
int client_call_text(struct client *client, const char *method, const char *params, json_t **ret_result)
{
	json_t *json = json_loads(params, 0, NULL);
	size_t ops = json_array_size(json_object_get(json, "ops"));

	fuzz_check(json);
	json_decref(json);
	if (strcmp(method, "change"))
		return -ECONNRESET;
	if (client->calls++ % 2) {
		client->refusal =
		    (struct client_refusal){.code = 2, .name = "ESRCH", .message = "no such service", .op = client->calls % (ops + 1)};
		return -EREMOTEIO;
	}
	*ret_result = json_object();
	return 0;
}

int client_call(struct client *client, const char *method, json_t *params, json_t **ret_result)
{
	char *text = params ? json_dumps(params, 0) : strdup("{}");
	int err;

	fuzz_check(text);
	err = client_call_text(client, method, text, ret_result);
	json_decref(params);
	free(text);
	return err;
}

const struct client_refusal *client_refusal(const struct client *client)
{
	return &client->refusal;
}

char *client_explain(const struct client *client, int err)
{
	return strdup("no daemon");
}

int client_open(struct client **ret_client)
{
	return -ECONNREFUSED;
}

void client_close(struct client *client)
{
}

/* Numeric addresses go on to the real one; no name leaves the machine. */
int __real_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res);
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	struct addrinfo numeric = *hints;

	numeric.ai_flags |= AI_NUMERICHOST;
	return __real_getaddrinfo(node, service, &numeric, res);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct client client = {.calls = size >> 1};
	FILE *in, *out = stdout, *err = stderr, *nowhere;

	if (!size)
		return 0;
	in = fmemopen((void *)data, size, "r");
	nowhere = fopen("/dev/null", "w");
	fuzz_check(in && nowhere);
	stdout = stderr = nowhere; /* file descriptor 2 stays a sanitizer's */
	adm_restore(&client, in, "ipvsadm", size & 1);
	stdout = out;
	stderr = err;
	fclose(nowhere);
	fclose(in);
	return 0;
}
