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

static int run(const struct sluice_args *args)
{
	struct client *client;
	json_t *all;
	int status = sluice_open(&client);

	if (status != SLUICE_OK)
		return status;
	all = json_object();
	status = gather(client, all);
	client_close(client);
	if (status == SLUICE_OK)
		return sluice_show(args, all, output_text.status);
	json_decref(all);
	return status;
}

const struct sluice_command sluice_cmd_status = {
    .name = "status",
    .what = "services, servers, connections, rates, interfaces and drops",
    .help =
	"Traffic is a second's, over the last seconds, as ipvsadm --rate has it. Only the reasons of drops that are not zero are shown.\n",
    .run = run,
};
