// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "cli/output/lists.h"
#include "cli/sluice/service.h"

static const struct sluice_name names[] = {{"tcp", "an established TCP connection without a packet"},
    {"tcpfin", "a TCP connection after a FIN"}, {"udp", "a UDP flow without a packet"}, {}};

/* One NAME=TIME of `len` bytes. */
static int take(const struct sluice_args *args, const char *text, size_t len, json_t *timeouts)
{
	char word[64], *value;
	unsigned ms;

	snprintf(word, sizeof(word), "%.*s", (int)(len < sizeof(word) ? len : sizeof(word) - 1), text);
	value = strchr(word, '=');
	if (!value)
		return sluice_wrong(args, "`%s' is no timeout; write NAME=TIME, such as tcp=15m", word);
	*value++ = '\0';
	if (!sluice_name_find(names, word))
		return sluice_wrong_name(args, word, names, "timeout (tcp, tcpfin, udp)");
	if (sluice_duration_parse(value, &ms) < 0 || ms < 1000 || ms % 1000)
		return sluice_wrong(args, "`%s' is no time; write whole seconds, 15m, 2h or 1d, 31d at most", value);
	json_object_set_new(timeouts, word, json_integer(ms / 1000));
	return SLUICE_OK;
}

int sluice_timeouts_take(const struct sluice_args *args, const char *text, json_t *timeouts)
{
	int status = SLUICE_OK;

	do {
		size_t len = strcspn(text, ",");

		status = take(args, text, len, timeouts);
		text += len + (text[len] == ',');
	} while (*text && status == SLUICE_OK);
	return status;
}

static int run(const struct sluice_args *args)
{
	json_t *op, *answer;
	int status = SLUICE_OK;

	if (!args->words) {
		status = sluice_ask("timeouts", NULL, &answer);
		return status == SLUICE_OK ? sluice_show(args, answer, lists_timeouts) : status;
	}
	op = json_pack("{s:s}", "op", "timeouts");
	for (unsigned i = 0; i < args->words && status == SLUICE_OK; i++)
		status = sluice_timeouts_take(args, args->word[i], op);
	if (status == SLUICE_OK)
		return sluice_change(args, NULL, json_pack("[o]", op));
	json_decref(op);
	return status;
}

static const struct sluice_word words[] = {{"NAME=TIME", SLUICE_TEXT, .count = SLUICE_ANY, .names = names}, {}};

static const struct sluice_name examples[] = {
    {"timeouts", "what they are"},
    {"timeouts tcp=15m udp=30", "set two, the third stays"},
    {},
};

const struct sluice_command sluice_cmd_timeouts = {
    .name = "timeouts",
    .what = "show or set when silent connections are forgotten",
    .help = "NAME is tcp, tcpfin or udp. A service may have its own: sluice service edit --timeouts.\n",
    .words = words,
    .examples = examples,
    .run = run,
};
