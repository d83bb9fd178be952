// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/sluice.h"

#include <stdio.h>

#include "cli/client.h"
#include "cli/output/output.h"

/* A page at a time: the table may have millions. */
static int print_pages(struct client *client, const struct output *output)
{
	json_t *params = NULL, *result, *next;
	bool first = true;

	do {
		int status = sluice_call(client, "connections", params, &result);

		if (status != SLUICE_OK)
			return status;
		if (first)
			output->connections_begin(stdout);
		first = false;
		output->connections(stdout, json_object_get(result, "connections"));
		next = json_object_get(result, "next");
		params = json_is_integer(next) ? json_pack("{s:O}", "after", next) : NULL;
		json_decref(result);
	} while (params);
	output->connections_end(stdout);
	return SLUICE_OK;
}

int sluice_connections(const struct sluice_command *command, int argc, char **argv)
{
	struct client *client;
	bool json;
	int status;

	if (!sluice_options(command, argc, argv, &json, &status))
		return status;
	status = sluice_open(&client);
	if (status != SLUICE_OK)
		return status;
	status = print_pages(client, output_of(json));
	client_close(client);
	return status;
}
