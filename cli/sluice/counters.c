// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/sluice.h"

#include "cli/output/output.h"

static int run(const struct sluice_args *args)
{
	json_t *answer;
	int status = sluice_ask("counters", NULL, &answer);

	return status == SLUICE_OK ? sluice_show(args, answer, output_text.counters) : status;
}

const struct sluice_command sluice_cmd_counters = {
    .name = "counters",
    .what = "why packets were dropped and what else happened, each with its sentence",
    .run = run,
};
