/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_SLUICE_H
#define CLI_SLUICE_H
/*
 * DOC: sluice, the command line of the director
 *
 * A table of subcommands (sluice.c), a file each. A subcommand asks the daemon and gives the answer to a printer (cli/output/), which is
 * text for people or JSON for programs.
 */

#include <jansson.h>
#include <stdbool.h>

struct client;

enum sluice_status {
	SLUICE_OK = 0,
	SLUICE_FAILED = 1, /* the daemon refused, or its answer could not be had */
	SLUICE_USAGE = 2,
	SLUICE_ABSENT = 3, /* no daemon in this network namespace */
};

struct sluice_command {
	const char *name, *form, *what; /* form: what follows the name; what: a line */
	const char *help; /* the rest of its help, whole lines; "" */
	int (*main)(const struct sluice_command *command, int argc, char **argv); /* argv[0] is the name */
};

/* The subcommands. Each returns an enum sluice_status. */
int sluice_ping(const struct sluice_command *command, int argc, char **argv);
int sluice_show_status(const struct sluice_command *command, int argc, char **argv);
int sluice_connections(const struct sluice_command *command, int argc, char **argv);
int sluice_counters(const struct sluice_command *command, int argc, char **argv);

/* Prints a subcommand's help to stdout; returns SLUICE_OK. */
int sluice_command_help(const struct sluice_command *command);
/* Says "sluice NAME: text" and where the help is; returns SLUICE_USAGE. */
int sluice_wrong_usage(const struct sluice_command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Options of a subcommand that takes none but --json and --help. True: go on; false: *ret_status is the exit status. */
bool sluice_options(const struct sluice_command *command, int argc, char **argv, bool *ret_json, int *ret_status);

/* client_open() and client_call() that say what went wrong. Return an enum sluice_status. */
int sluice_open(struct client **ret_client);
int sluice_call(struct client *client, const char *method, json_t *params, json_t **ret_result);

/* suggest.c: the name nearest to `word` of those that next() gives until NULL; NULL: none is near. */
const char *sluice_nearest(const char *word, const char *(*next)(unsigned i));

/* duration.c: "10s", "500ms", "2m", "3" (seconds) up to a day as milliseconds; -EINVAL. */
int sluice_duration_parse(const char *text, unsigned *ret_ms);

int sluice_main(int argc, char **argv);

#endif
