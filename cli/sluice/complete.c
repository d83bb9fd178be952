// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: completion
 *
 * The shells' scripts (cli/complete/) call `sluice complete WORD...` with the words behind "sluice", the last of them being the one that is
 * typed, "" if it is not begun. It answers with lines of "candidate<tab>what it is". What stands in the tables it knows by itself; services
 * and servers it asks the daemon for, and is silent where there is none.
 */
#include "cli/sluice/sluice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/output/cell.h"

/* The line so far: `last` is being typed. */
struct line {
	int argc;
	char **argv;
	const char *last;
	const struct sluice_command *command;
};

static void offer(const char *last, const char *before, const char *word, const char *text)
{
	size_t len = strlen(before);

	if (strncmp(last, before, len) == 0 && strncmp(word, last + len, strlen(last + len)) == 0)
		printf("%s%s\t%s\n", before, word, text ? text : "");
}

static void offer_names(const char *last, const char *before, const struct sluice_name *names)
{
	for (; names && names->name; names++)
		offer(last, before, names->name, names->text);
}

static void offer_commands(const char *last, const struct sluice_command *const *commands)
{
	for (; *commands; commands++)
		if (!(*commands)->hidden)
			offer(last, "", (*commands)->name, (*commands)->what);
}

/* "--weight", as a candidate. */
static void offer_options(const char *last, const struct sluice_option *options)
{
	for (; options && options->name; options++)
		offer(last, "--", options->name, options->text);
}

/* The services of the daemon; NULL: none to be had. A new reference. */
static json_t *services(json_t *params)
{
	struct client *client;
	json_t *result = NULL;

	if (client_open(&client) < 0) {
		json_decref(params);
		return NULL;
	}
	if (client_call(client, "services", params, &result) < 0)
		result = NULL;
	client_close(client);
	return result;
}

/* Services of all protocols as one word, or of `proto` without it. */
static void offer_services(const char *last, const char *proto, char between)
{
	json_t *result = services(json_pack("{s:b}", "sums", 0)), *service;
	size_t i, skip = proto ? strlen(proto) + 1 : 0;

	json_array_foreach (json_object_get(result, "services"), i, service) {
		char text[CELL];

		cell_service(text, service);
		text[strcspn(text, " ")] = between;
		if (!proto || (strncmp(text, proto, skip - 1) == 0 && text[skip - 1] == between))
			offer(last, "", text + skip, json_string_value(json_object_get(service, "sched")));
	}
	json_decref(result);
}

static void offer_servers(const char *last, const json_t *service)
{
	json_t *params = json_copy((json_t *)service), *result, *server;
	size_t i;

	json_object_set_new(params, "sums", json_false());
	result = services(params);
	json_array_foreach (json_object_get(json_array_get(json_object_get(result, "services"), 0), "servers"), i, server) {
		char text[CELL];

		offer(last, "", cell_place(text, "", server), cell_method(server));
	}
	json_decref(result);
}

/* The value of an option; `last` may begin with "--name=". */
static void offer_value(const char *last, const struct sluice_option *option)
{
	const char *comma = strrchr(last, ',');
	char before[256] = "";

	if (option->kind == SLUICE_LIST && comma)
		snprintf(before, sizeof(before), "%.*s", (int)(comma + 1 - last), last);
	if (option->kind == SLUICE_SERVICE)
		offer_services(last, NULL, '/');
	else
		offer_names(last, before, option->names);
}

static const struct sluice_option *option_of(const struct sluice_command *command, const char *word)
{
	const struct sluice_option *option = command->options;

	if (strncmp(word, "--", 2) != 0)
		return NULL;
	for (; option && option->name; option++)
		if (strcmp(word + 2, option->name) == 0)
			return option;
	return NULL;
}

/* The words without options and their values; returns how many. `ret_value` is the option whose value is being typed. */
static int plain_words(struct line *line, char **words, const struct sluice_option **ret_value)
{
	int count = 0;

	for (int i = 0; i < line->argc; i++) {
		const struct sluice_option *option = option_of(line->command, line->argv[i]);

		if (option && option->kind != SLUICE_FLAG && ++i == line->argc)
			*ret_value = option;
		else if (line->argv[i][0] != '-' && !option)
			words[count++] = line->argv[i];
	}
	return count;
}

/* A service takes two words, or one with a slash. */
static void offer_service(const char *last, const char *proto)
{
	if (proto)
		offer_services(last, proto, ' ');
	else if (strchr(last, '/'))
		offer_services(last, NULL, '/');
	else
		offer_names(last, "", sluice_protocols);
}

static void offer_settings(const char *last)
{
	if (!strchr(last, '='))
		offer_names(last, "", sluice_settings_names);
}

/* The word that is being typed stands behind `count` others. */
static void offer_word(const struct line *line, char **words, int count)
{
	const struct sluice_word *word = line->command->words;
	json_t *service = NULL;
	const char *why;
	int at = 0;

	for (; word && word->name; word++) {
		bool many = word->count == SLUICE_SOME || word->count == SLUICE_ANY;

		if (word->kind == SLUICE_SERVICE && at < count) {
			bool two = !strchr(words[at], '/');

			if (two && at + 1 == count)
				break;
			json_decref(service);
			service = two ? sluice_service(words[at], words[at + 1], &why) : sluice_service_word(words[at], &why);
			at += 1 + two;
			continue;
		}
		if (at >= count || many)
			break;
		at++;
	}
	if (word && word->name && word->kind == SLUICE_SERVICE)
		offer_service(line->last, at < count ? words[at] : NULL);
	else if (word && word->name && word->kind == SLUICE_SERVER && service)
		offer_servers(line->last, service);
	else if (word && word->name && word->kind == SLUICE_SETTING)
		offer_settings(line->last);
	else if (word && word->name)
		offer_names(line->last, "", word->names);
	json_decref(service);
}

static void complete_command(struct line *line)
{
	const struct sluice_option *value = NULL;
	char **words = calloc(line->argc + 1, sizeof(*words));
	int count = words ? plain_words(line, words, &value) : 0;

	if (value)
		offer_value(line->last, value);
	else if (line->last[0] == '-') {
		offer_options(line->last, line->command->options);
		offer_options(line->last, sluice_common_options);
	} else if (words)
		offer_word(line, words, count);
	free(words);
}

static int run(int argc, char **argv)
{
	const struct sluice_command *const *among = sluice_commands;
	struct line line = {.last = argc > 1 ? argv[argc - 1] : ""};
	int at = 1;

	if (argc > 2 && strcmp(argv[1], "help") == 0)
		at = 2;
	for (; at < argc - 1 && among; at++) {
		line.command = sluice_command_find(among, argv[at]);
		if (!line.command)
			return SLUICE_OK;
		among = line.command->subs;
	}
	line.argc = argc - 1 - at;
	line.argv = argv + at;
	if (among)
		offer_commands(line.last, among);
	else if (strcmp(argv[1], "help") != 0 && !line.command->own)
		complete_command(&line);
	return SLUICE_OK;
}

const struct sluice_command sluice_cmd_complete = {
    .name = "complete",
    .what = "what a shell may complete a command line with",
    .own = run,
    .own_form = "WORD...",
    .hidden = true,
};
