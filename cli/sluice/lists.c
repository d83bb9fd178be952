// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands that ask one question and print the answer. */
#include "cli/output/lists.h"

#include "cli/sluice/sluice.h"

static int ask(const struct sluice_args *args, const char *method, void (*print)(FILE *out, const json_t *answer))
{
	json_t *answer;
	int status = sluice_ask(method, NULL, &answer);

	return status == SLUICE_OK ? sluice_show(args, answer, print) : status;
}

static int run_interfaces(const struct sluice_args *args)
{
	return ask(args, "interfaces", lists_interfaces);
}

static int run_sync(const struct sluice_args *args)
{
	return ask(args, "sync", lists_sync);
}

static int run_totals(const struct sluice_args *args)
{
	return ask(args, "totals", lists_totals);
}

const struct sluice_command sluice_cmd_interfaces = {
    .name = "interfaces",
    .what = "list the interfaces and their lanes",
    .help = "The full lane is attached as tcx or by clsact, the express lane native (in the driver) or generic.\n",
    .run = run_interfaces,
};

const struct sluice_command sluice_cmd_sync = {
    .name = "sync",
    .what = "list the connection synchronisation daemons",
    .help = "They are started and stopped with ipvsadm --start-daemon and --stop-daemon.\n",
    .run = run_sync,
};

const struct sluice_command sluice_cmd_totals = {
    .name = "totals",
    .what = "traffic of all services, by CPU",
    .run = run_totals,
};
