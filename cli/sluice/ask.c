// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/sluice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"

int sluice_explain(const struct client *client, int err)
{
	char *text = client_explain(client, err);

	fflush(stdout);
	fprintf(stderr, "%s\n", text ? text : strerror(ENOMEM));
	free(text);
	switch (err) {
	case -ECONNREFUSED: return SLUICE_ABSENT;
	case -EREMOTEIO:
	case -EACCES:
	case -EPERM: return SLUICE_FAILED;
	}
	return SLUICE_BROKEN;
}

int sluice_open(struct client **ret_client)
{
	int err = client_open(ret_client);

	return err < 0 ? sluice_explain(NULL, err) : SLUICE_OK;
}

int sluice_call(struct client *client, const char *method, json_t *params, json_t **ret_result)
{
	int err = client_call(client, method, params, ret_result);

	return err < 0 ? sluice_explain(client, err) : SLUICE_OK;
}

int sluice_ask(const char *method, json_t *params, json_t **ret_result)
{
	struct client *client;
	int status = sluice_open(&client);

	if (status != SLUICE_OK) {
		json_decref(params);
		return status;
	}
	status = sluice_call(client, method, params, ret_result);
	client_close(client);
	return status;
}

int sluice_change(const struct sluice_args *args, struct client *client, json_t *ops)
{
	json_t *result, *params = json_pack("{s:o}", "ops", ops);
	int status = client ? sluice_call(client, "change", params, &result) : sluice_ask("change", params, &result);

	if (status != SLUICE_OK)
		return status;
	if (args->json)
		return sluice_show(args, result, NULL);
	json_decref(result);
	return SLUICE_OK;
}

int sluice_ask_service(struct client *client, const json_t *name, json_t **ret_service)
{
	json_t *params = json_copy((json_t *)name), *result;
	int status;

	json_object_set_new(params, "sums", json_false());
	status = sluice_call(client, "services", params, &result);
	if (status != SLUICE_OK)
		return status;
	*ret_service = json_incref(json_array_get(json_object_get(result, "services"), 0));
	json_decref(result);
	return *ret_service ? SLUICE_OK : sluice_explain(client, -EBADMSG);
}

int sluice_show(const struct sluice_args *args, json_t *answer, void (*text)(FILE *out, const json_t *answer))
{
	if (!args->json) {
		text(stdout, answer);
	} else {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(answer);
	return SLUICE_OK;
}
