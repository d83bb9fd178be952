// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/output/lists.h"
#include "cli/sluice/saved.h"
#include "cli/sluice/sluice.h"

/* The row of a setting; NULL. Borrowed. */
static const json_t *find(const json_t *answer, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(answer, "settings"), i, row) {
		const char *its = json_string_value(json_object_get(row, "name"));

		if (its && strcmp(its, name) == 0)
			return row;
	}
	return NULL;
}

static int unknown(const struct sluice_args *args, const char *name)
{
	return sluice_wrong_name(args, name, sluice_settings_names, "setting");
}

/* NAME=VALUE as an operation; `row` is the setting. */
static int take_value(const struct sluice_args *args, const json_t *row, const char *name, const char *text, json_t *ops)
{
	long long least = json_integer_value(json_object_get(row, "least")), most = json_integer_value(json_object_get(row, "most")), value;
	char *end;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (!*text || *end || errno || value < least || value > most)
		return sluice_wrong(args, "%s takes a number from %lld to %lld, not `%s'", name, least, most, text);
	json_array_append_new(ops, json_pack("{s:s, s:s, s:I}", "op", "setting", "name", name, "value", (json_int_t)value));
	return SLUICE_OK;
}

/* The words: those with "=" become operations, the others rows that are wanted. */
static int take_words(const struct sluice_args *args, const json_t *answer, json_t *ops, json_t *wanted)
{
	int status = SLUICE_OK;

	for (unsigned i = 0; i < args->words && status == SLUICE_OK; i++) {
		char name[64];
		size_t len = strcspn(args->word[i], "=");
		const json_t *row;

		snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : sizeof(name) - 1), args->word[i]);
		row = find(answer, name);
		if (!row)
			return unknown(args, name);
		if (args->word[i][len])
			status = take_value(args, row, name, args->word[i] + len + 1, ops);
		else
			json_array_append(wanted, (json_t *)row);
	}
	return status;
}

/* What the file holds, as operations. */
static int take_file(const struct sluice_args *args, const char *path, const json_t *answer, json_t *ops)
{
	json_t *saved, *pair;
	int status;
	size_t i;

	status = saved_load(args, path, &saved);
	if (status != SLUICE_OK)
		return status;
	json_array_foreach (saved, i, pair) {
		const char *name = json_string_value(json_array_get(pair, 0)), *value = json_string_value(json_array_get(pair, 1));
		const json_t *row = find(answer, name);

		status = row ? take_value(args, row, name, value, ops) : unknown(args, name);
		if (status != SLUICE_OK) {
			fprintf(stderr, "This is in %s, of which nothing was taken.\n", path);
			break;
		}
	}
	json_decref(saved);
	return status;
}

static int change(struct client *client, json_t *ops)
{
	json_t *result;
	int status = sluice_call(client, "change", json_pack("{s:O}", "ops", ops), &result);

	if (status == SLUICE_OK)
		json_decref(result);
	return status;
}

/* After a change the rows are asked for anew: what is shown or saved is what holds. */
static int save(const struct sluice_args *args, struct client *client, const char *path)
{
	json_t *answer;
	int status = sluice_call(client, "settings", NULL, &answer);

	if (status != SLUICE_OK)
		return status;
	status = saved_store(path, answer);
	json_decref(answer);
	return status;
}

static int work(const struct sluice_args *args, struct client *client, json_t *answer, json_t *ops, json_t *wanted)
{
	const char *path = sluice_text(args, "file", SAVED_PATH);
	int status = take_words(args, answer, ops, wanted);

	if (status == SLUICE_OK && sluice_has(args, "load"))
		status = take_file(args, path, answer, ops);
	if (status == SLUICE_OK && json_array_size(ops))
		status = change(client, ops);
	if (status == SLUICE_OK && sluice_has(args, "save"))
		status = save(args, client, path);
	if (status != SLUICE_OK)
		return status;
	if (json_array_size(wanted))
		return sluice_show(args, json_pack("{s:O}", "settings", wanted), lists_settings);
	if (!args->words && !sluice_has(args, "load") && !sluice_has(args, "save"))
		return sluice_show(args, json_incref(answer), lists_settings);
	return SLUICE_OK;
}

static int run(const struct sluice_args *args)
{
	json_t *ops, *wanted, *answer;
	struct client *client;
	int status;

	if (sluice_has(args, "file") && !sluice_has(args, "load") && !sluice_has(args, "save"))
		return sluice_wrong(args, "--file needs --save or --load");
	status = sluice_open(&client);
	if (status != SLUICE_OK)
		return status;
	status = sluice_call(client, "settings", NULL, &answer);
	if (status == SLUICE_OK) {
		ops = json_array();
		wanted = json_array();
		status = work(args, client, answer, ops, wanted);
		json_decref(ops);
		json_decref(wanted);
		json_decref(answer);
	}
	client_close(client);
	return status;
}

static const struct sluice_word words[] = {{"NAME[=VALUE]", SLUICE_SETTING, .count = SLUICE_ANY}, {}};

static const struct sluice_option options[] = {
    {"save", SLUICE_FLAG, .text = "keep those that differ from their default in " SAVED_PATH},
    {"load", SLUICE_FLAG, .text = "set what is kept there, as sluiced.service does at its start; no file is no error"},
    {"file", SLUICE_TEXT, "FILE", .text = "another file for --save and --load"},
    {},
};

static const struct sluice_name examples[] = {
    {"settings", "all of them, with default, range and meaning"},
    {"settings conn_reuse_mode", "one"},
    {"settings expire_nodest_conn=1 expire_quiescent_template=1 --save", "set two, both or none, and keep them"},
    {"settings --json | jq -r '.settings[] | select(.value != .default).name'", "those that differ from their default"},
    {},
};

const struct sluice_command sluice_cmd_settings = {
    .name = "settings",
    .what = "show, set and keep the settings of /proc/sys/net/ipv4/vs",
    .help = "They have the names, ranges and defaults they have there. What is set holds at once, and until the machine is started anew "
	    "unless it\n"
	    "is kept.\n",
    .words = words,
    .options = options,
    .examples = examples,
    .run = run,
};
