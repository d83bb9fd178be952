// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/sluice.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/ipvsadm/ipvsadm.h"

static const struct sluice_word help_words[] = {{"COMMAND", SLUICE_COMMAND, .count = SLUICE_ANY}, {}};

static int show_help(const struct sluice_args *args);
static int show_version(const struct sluice_args *args);
static int run_ipvsadm(int argc, char **argv);

static const struct sluice_command cmd_ipvsadm = {
    .name = "ipvsadm",
    .what = "the classic command; see ipvsadm(8)",
    .own_form = "ARGUMENT...",
    .own = run_ipvsadm,
};
static const struct sluice_command cmd_help = {
    .name = "help",
    .what = "this help, or a command's",
    .words = help_words,
    .run = show_help,
};
static const struct sluice_command cmd_version = {
    .name = "version",
    .what = "the version of this program",
    .run = show_version,
};

/* In the order of the help. */
const struct sluice_command *const sluice_commands[] = {
    &sluice_cmd_status,
    &sluice_cmd_service,
    &sluice_cmd_server,
    &sluice_cmd_allow,
    &sluice_cmd_mark,
    &sluice_cmd_settings,
    &sluice_cmd_timeouts,
    &sluice_cmd_connections,
    &sluice_cmd_totals,
    &sluice_cmd_counters,
    &sluice_cmd_proc,
    &sluice_cmd_interfaces,
    &sluice_cmd_explain,
    &sluice_cmd_trace,
    &sluice_cmd_capture,
    &sluice_cmd_sync,
    &sluice_cmd_ping,
    &sluice_cmd_record,
    &sluice_cmd_simulate,
    &cmd_ipvsadm,
    &cmd_help,
    &cmd_version,
    &sluice_cmd_complete,
    NULL,
};

const struct sluice_command *sluice_command_find(const struct sluice_command *const *commands, const char *name)
{
	for (; *commands; commands++)
		if (strcmp(name, (*commands)->name) == 0)
			return *commands;
	return NULL;
}

/* `path` is the command whose subcommand is missing: "", "server". */
static int unknown_command(const char *path, const char *name, const struct sluice_command *const *commands)
{
	const char *nearest = sluice_nearest_command(name, commands), *blank = *path ? " " : "";

	fprintf(stderr, "sluice%s%s: there is no command `%s'", blank, path, name);
	if (*name == '-')
		fprintf(stderr, "; options stand behind the command\n");
	else if (nearest)
		fprintf(stderr, "; did you mean `%s'?\n", nearest);
	else
		fprintf(stderr, "; see: sluice help%s%s\n", blank, path);
	return SLUICE_USAGE;
}

static int show_version(const struct sluice_args *args)
{
	if (args->json)
		printf("{\"version\": \"" SLUICE_VERSION "\"}\n");
	else
		printf("sluice " SLUICE_VERSION "\n");
	return SLUICE_OK;
}

static int run_ipvsadm(int argc, char **argv)
{
	return adm_main(argc, argv);
}

/* Where the words lead: how many of them are a command's name. */
struct found {
	const struct sluice_command *command;
	const struct sluice_command *const *among; /* the commands the next word was looked for in */
	int used;
	char path[64];
};

static void find(int argc, char **argv, struct found *found)
{
	*found = (struct found){.among = sluice_commands};
	while (found->used < argc) {
		const struct sluice_command *command = sluice_command_find(found->among, argv[found->used]);
		size_t len = strlen(found->path);

		if (!command)
			return;
		snprintf(found->path + len, sizeof(found->path) - len, "%s%s", len ? " " : "", command->name);
		found->command = command;
		found->used++;
		if (!command->subs)
			return;
		found->among = command->subs;
	}
}

static int show_help(const struct sluice_args *args)
{
	struct found found;

	find(args->words, (char **)args->word, &found);
	if (found.used < (int)args->words)
		return unknown_command(found.path, args->word[found.used], found.among);
	if (found.command)
		sluice_help(stdout, found.command, found.path);
	else
		sluice_overview(stdout, sluice_commands);
	return SLUICE_OK;
}

static int run_own(const struct found *found, int argc, char **argv)
{
	static char name[80];

	snprintf(name, sizeof(name), "sluice %s", found->path);
	argv[found->used - 1] = name;
	return found->command->own(argc - found->used + 1, argv + found->used - 1);
}

static int run(const struct found *found, int argc, char **argv)
{
	struct sluice_args args;
	int status;

	if (found->command->own)
		return run_own(found, argc, argv);
	status = sluice_parse(found->command, found->path, argc - found->used, argv + found->used, &args);
	if (status == SLUICE_OK && args.help)
		sluice_help(stdout, found->command, found->path);
	else if (status == SLUICE_OK)
		status = found->command->run(&args);
	sluice_args_free(&args);
	return status;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* The words end before a command that can run. */
static int incomplete(const struct found *found, int argc, char **argv)
{
	bool help = found->used < argc && is_help(argv[found->used]);
	FILE *out = help ? stdout : stderr;

	if (found->used < argc && !help)
		return unknown_command(found->path, argv[found->used], found->among);
	if (found->command)
		sluice_help(out, found->command, found->path);
	else
		sluice_overview(out, sluice_commands);
	return help ? SLUICE_OK : SLUICE_USAGE;
}

/* What was printed must have arrived. */
static int flushed(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (status == SLUICE_OK)
		fprintf(stderr, "sluice: can't write: %s\n", strerror(errno));
	return status == SLUICE_OK ? SLUICE_FAILED : status;
}

int sluice_main(int argc, char **argv)
{
	struct found found;

	if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0))
		argv[1] = "version";
	argc -= argc > 0;
	argv++;
	find(argc, argv, &found);
	if (!found.command || found.command->subs)
		return flushed(incomplete(&found, argc, argv));
	return flushed(run(&found, argc, argv));
}
