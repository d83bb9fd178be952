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

static int run(const struct sluice_args *args)
{
	struct client *client;
	int status = sluice_open(&client);

	if (status != SLUICE_OK)
		return status;
	status = print_pages(client, output_of(args->json));
	client_close(client);
	return status;
}

const struct sluice_command sluice_cmd_connections = {
    .name = "connections",
    .what = "every connection in the table",
    .help = "EXPIRES is when the entry goes if no packet comes, in minutes and seconds.\n",
    .run = run,
};
