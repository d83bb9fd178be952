// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/sluice.h"

#include <stdio.h>

#include "cli/client.h"
#include "cli/output/output.h"

/* What the page is made of; the members of each answer are put together into one object. */
static const char *const methods[] = {"ping", "services", "interfaces", "counters"};

static int gather(struct client *client, json_t *all)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		json_t *result;
		int status = sluice_call(client, methods[i], NULL, &result);

		if (status != SLUICE_OK)
			return status;
		json_object_update(all, result);
		json_decref(result);
	}
	return SLUICE_OK;
}

int sluice_show_status(const struct sluice_command *command, int argc, char **argv)
{
	struct client *client;
	json_t *all;
	bool json;
	int status;

	if (!sluice_options(command, argc, argv, &json, &status))
		return status;
	status = sluice_open(&client);
	if (status != SLUICE_OK)
		return status;
	all = json_object();
	status = gather(client, all);
	if (status == SLUICE_OK)
		output_of(json)->status(stdout, all);
	json_decref(all);
	client_close(client);
	return status;
}
