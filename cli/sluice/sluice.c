// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/sluice.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/ipvsadm/ipvsadm.h"

static int show_help(const struct sluice_command *command, int argc, char **argv);
static int show_version(const struct sluice_command *command, int argc, char **argv);
static int run_ipvsadm(const struct sluice_command *command, int argc, char **argv);

static const struct sluice_command commands[] = {
    {"status", "[--json]", "services, servers, connections, rates, interfaces and drops",
	"Traffic is a second's, over the last seconds, as ipvsadm --rate has it. Only the reasons of drops that are not zero are shown.\n",
	sluice_show_status},
    {"connections", "[--json]", "every connection in the table",
	"EXPIRES is when the entry goes if no packet comes, in minutes and seconds.\n", sluice_connections},
    {"counters", "[--json]", "why packets were dropped and what else happened, each with its sentence", "", sluice_counters},
    {"ping", "[--wait TIME]", "is sluiced there and ready?",
	"--wait TIME  wait up to TIME (10s, 500ms, 1m; a bare number is seconds) until it is; the exit status is 3 if it is not\n",
	sluice_ping},
    {"ipvsadm", "ARGUMENT...", "the classic command; see ipvsadm(8)", "", run_ipvsadm},
    {"help", "[COMMAND]", "this help, or a command's", "", show_help},
    {"version", "", "the version of this program", "", show_version},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_overview(FILE *out)
{
	fprintf(out, "usage: sluice COMMAND [ARGUMENT...]\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-11s %-13s  %s\n", commands[i].name, commands[i].form, commands[i].what);
	fprintf(out, "\nIt speaks to the sluiced of its network namespace; for another: ip netns exec NAMESPACE sluice COMMAND.\n"
		     "Exit status: 0 done, 1 failed, 2 wrong usage, 3 sluiced is not running.\n");
}

int sluice_command_help(const struct sluice_command *command)
{
	printf("usage: sluice %s%s%s\n%s\n", command->name, *command->form ? " " : "", command->form, command->what);
	if (*command->help)
		printf("\n%s", command->help);
	return SLUICE_OK;
}

int sluice_wrong_usage(const struct sluice_command *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "sluice %s: ", command->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "; see: sluice help %s\n", command->name);
	return SLUICE_USAGE;
}

bool sluice_options(const struct sluice_command *command, int argc, char **argv, bool *ret_json, int *ret_status)
{
	bool json = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			json = true;
			continue;
		}
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			*ret_status = sluice_command_help(command);
		else
			*ret_status = sluice_wrong_usage(command, "what is `%s'?", argv[i]);
		return false;
	}
	*ret_json = json;
	return true;
}

static int explain(const struct client *client, int err)
{
	char *text = client_explain(client, err);

	fflush(stdout);
	fprintf(stderr, "%s\n", text ? text : strerror(ENOMEM));
	free(text);
	return err == -ECONNREFUSED ? SLUICE_ABSENT : SLUICE_FAILED;
}

int sluice_open(struct client **ret_client)
{
	int err = client_open(ret_client);

	return err < 0 ? explain(NULL, err) : SLUICE_OK;
}

int sluice_call(struct client *client, const char *method, json_t *params, json_t **ret_result)
{
	int err = client_call(client, method, params, ret_result);

	return err < 0 ? explain(client, err) : SLUICE_OK;
}

static const struct sluice_command *command_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

static const char *command_name(unsigned i)
{
	return i < COMMANDS ? commands[i].name : NULL;
}

static int unknown_command(const char *name)
{
	const char *nearest = sluice_nearest(name, command_name);

	fprintf(stderr, "sluice: there is no command `%s'", name);
	if (nearest)
		fprintf(stderr, "; did you mean `%s'?\n", nearest);
	else
		fprintf(stderr, "; see: sluice help\n");
	return SLUICE_USAGE;
}

static int show_help(const struct sluice_command *command, int argc, char **argv)
{
	const struct sluice_command *about = argc > 1 ? command_find(argv[1]) : NULL;

	if (argc > 1 && !about)
		return unknown_command(argv[1]);
	if (about)
		return sluice_command_help(about);
	print_overview(stdout);
	return SLUICE_OK;
}

static int show_version(const struct sluice_command *command, int argc, char **argv)
{
	if (argc > 1)
		return sluice_wrong_usage(command, "what is `%s'?", argv[1]);
	printf("sluice " SLUICE_VERSION "\n");
	return SLUICE_OK;
}

static int run_ipvsadm(const struct sluice_command *command, int argc, char **argv)
{
	argv[0] = "sluice ipvsadm";
	return adm_main(argc, argv);
}

int sluice_main(int argc, char **argv)
{
	const struct sluice_command *command;
	const char *name = argc > 1 ? argv[1] : NULL;
	int status;

	if (!name) {
		print_overview(stderr);
		return SLUICE_USAGE;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
		name = "version";
	command = command_find(name);
	if (!command)
		return unknown_command(name);
	status = command->main(command, argc - 1, argv + 1);
	if (fflush(stdout) != 0 && status == SLUICE_OK) {
		fprintf(stderr, "sluice: can't write: %s\n", strerror(errno));
		return SLUICE_FAILED;
	}
	return status;
}
