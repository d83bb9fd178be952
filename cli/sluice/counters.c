// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/sluice.h"

#include <stdio.h>

#include "cli/client.h"
#include "cli/output/output.h"

int sluice_counters(const struct sluice_command *command, int argc, char **argv)
{
	struct client *client;
	json_t *result;
	bool json;
	int status;

	if (!sluice_options(command, argc, argv, &json, &status))
		return status;
	status = sluice_open(&client);
	if (status != SLUICE_OK)
		return status;
	status = sluice_call(client, "counters", NULL, &result);
	if (status == SLUICE_OK) {
		output_of(json)->counters(stdout, result);
		json_decref(result);
	}
	client_close(client);
	return status;
}
