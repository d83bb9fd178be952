/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_SLUICE_H
#define CLI_SLUICE_H
/*
 * DOC: sluice, the command line of the director
 *
 * A command is a table: its words, its options, its help and its examples, and a function that is called when the command line fits it.
 * From the tables come the parser (args.c), --help (help.c), what the shells complete (complete.c) and the manual page (tables.c). A new
 * command is a file with a `const struct sluice_command`, its line in the table in sluice.c, and its line in sluice.h.
 *
 * A command asks the daemon (ask.c) and gives the answer to a printer (cli/output/): text for people, or JSON, as it came, with --json.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct client;

enum sluice_status {
	SLUICE_OK = 0,
	SLUICE_FAILED = 1, /* refused, or what was asked for did not come about */
	SLUICE_USAGE = 2,
	SLUICE_ABSENT = 3, /* no daemon in this network namespace */
	SLUICE_BROKEN = 4, /* the daemon's answer could not be had or not be understood */
};

/* A word that may stand somewhere, and what it means. Arrays of them end with a NULL name. */
struct sluice_name {
	const char *name, *text;
};

/* What a word of the command line is; with it come its check and its completion. */
enum sluice_kind {
	SLUICE_FLAG, /* an option without a value */
	SLUICE_NUMBER, /* least .. most */
	SLUICE_TIME, /* 10s, 500ms, 2m, 3 (seconds); least .. most, in milliseconds */
	SLUICE_TEXT,
	SLUICE_CHOICE, /* one of names */
	SLUICE_LIST, /* some of names, with commas between them */
	SLUICE_PREFIX, /* 192.0.2.0/24, 2001:db8::/32, or an address */
	SLUICE_ADDR, /* an address */
	SLUICE_SERVICE, /* tcp 192.0.2.1:80 or mark 5; as an option's value tcp/192.0.2.1:80, mark/5 */
	SLUICE_SERVER, /* 10.0.0.11:80 or 10.0.0.11 */
	SLUICE_SETTING, /* NAME or NAME=VALUE */
	SLUICE_COMMAND, /* of this program */
};

/*
 * A number, a time and a list with `names` may also be one of these words; a number then is -1 - its index in names, and of a list the word
 * stands alone.
 */
struct sluice_option {
	const char *name; /* without the dashes; NULL ends the array */
	enum sluice_kind kind;
	const char *value; /* what help calls its value: TIME; NULL: it has none */
	const char *text; /* a line */
	long long least, most;
	const struct sluice_name *names;
};

/* A word that is no option. */
struct sluice_word {
	const char *name; /* as help has it: SERVICE; NULL ends the array */
	enum sluice_kind kind;
	enum {
		SLUICE_ONE,
		SLUICE_MAYBE,
		SLUICE_SOME,
		SLUICE_ANY
	} count; /* one; none or one; one or more; any number. What is not one is last */
	const struct sluice_name *names;
};

struct sluice_args;

struct sluice_command {
	const char *name; /* one word */
	const char *what; /* a line */
	const char *help; /* more: whole lines; NULL: nothing */
	const struct sluice_name *examples; /* a command line without the "sluice", and what it does; NULL: none */
	const struct sluice_command *const *subs; /* the commands below this word, NULL at the end; then nothing else below counts */
	const struct sluice_word *words; /* NULL: none */
	const struct sluice_option *options; /* besides --json and --help, which all have; NULL: none */
	int (*run)(const struct sluice_args *args); /* an enum sluice_status */
	int (*own)(int argc, char **argv); /* in place of run: it reads its arguments itself; argv[0] is "sluice NAME" */
	const char *own_form; /* own: what help writes after the name */
	bool hidden; /* not in help, nor completed */
};

/* A command line that fits its command. Filled by sluice_parse(), which checks everything that can be checked without the daemon. */
struct sluice_args {
	const struct sluice_command *command;
	const char *path; /* "server drain" */
	bool json, help;
	json_t *service; /* the service that is named by the words: SVC of docs/api.md; NULL: none */
	json_t *server; /* likewise: {"addr", ["port"]} */
	const char **word; /* the others, in order */
	unsigned words;
	struct sluice_given {
		const struct sluice_option *option;
		const char *text;
		long long number;
	} *given; /* the options, in order */
	unsigned givens;
};

/* args.c. SLUICE_OK, or it has said what is wrong and returns SLUICE_USAGE; either way the caller frees. `argv` begins after the command.
 */
int sluice_parse(const struct sluice_command *command, const char *path, int argc, char **argv, struct sluice_args *ret_args);
void sluice_args_free(struct sluice_args *args);
/* The last of an option of this name; NULL: not given. The name must be one of the command's. */
const struct sluice_given *sluice_option(const struct sluice_args *args, const char *name);
bool sluice_has(const struct sluice_args *args, const char *name);
const char *sluice_text(const struct sluice_args *args, const char *name, const char *otherwise);
long long sluice_number(const struct sluice_args *args, const char *name, long long otherwise);
/* Says "sluice PATH: text" and where the help is; returns SLUICE_USAGE. */
int sluice_wrong(const struct sluice_args *args, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same, with "did you mean" before the end where a name is near `word`. */
int sluice_wrong_name(const struct sluice_args *args, const char *word, const struct sluice_name *names, const char *what);

/* place.c. Texts to the objects of docs/api.md; a new reference. NULL: *ret_why is the rest of a sentence that begins with the text. */
json_t *sluice_service(const char *proto, const char *where, const char **ret_why);
json_t *sluice_service_word(const char *text, const char **ret_why); /* tcp/192.0.2.1:80, mark/5 */
json_t *sluice_server(const char *text, const char **ret_why);
bool sluice_prefix_check(const char *text);
/* ask.c: the daemon. Each says on stderr what went wrong and returns an enum sluice_status. */
int sluice_open(struct client **ret_client);
int sluice_call(struct client *client, const char *method, json_t *params, json_t **ret_result); /* takes params over */
int sluice_ask(const char *method, json_t *params, json_t **ret_result); /* open, call, close */
/* explain.c: as sluice_call(), but waits while the daemon says that it is not ready for this yet. */
int sluice_call_ready(struct client *client, const char *method, json_t *params, json_t **ret_result);
/* Changes all of `ops`, which it takes over, or nothing; with --json prints the answer. */
int sluice_change(const struct sluice_args *args, struct client *client, json_t *ops);
/* One service as the daemon has it, without counters: a new reference to a SERVICE. */
int sluice_ask_service(struct client *client, const json_t *name, json_t **ret_service);
/* Prints an answer: as JSON, or by `text`. Takes it over; returns SLUICE_OK. */
int sluice_show(const struct sluice_args *args, json_t *answer, void (*text)(FILE *out, const json_t *answer));
/* Says why a call ended with `err`; its exit status. */
int sluice_explain(const struct client *client, int err);

/* names.c */
extern const struct sluice_name sluice_schedulers[], sluice_flags[], sluice_states[], sluice_protocols[], sluice_methods[],
    sluice_settings_names[];
const struct sluice_name *sluice_name_find(const struct sluice_name *names, const char *name);
/* Is this one of the scheduler's flags? */
bool sluice_flag_fits(const char *flag, const char *scheduler);
/* The API's word for a method: masq for nat, route for dr, tunnel for tun. */
const char *sluice_method_api(const char *method);

/* suggest.c: the name nearest to `word`; NULL: none is near. */
const char *sluice_nearest(const char *word, const struct sluice_name *names);
const char *sluice_nearest_command(const char *word, const struct sluice_command *const *commands);
const char *sluice_nearest_option(const char *word, const struct sluice_option *options);

/* duration.c: "10s", "500ms", "1h30m", "3" (seconds), up to 31 days, as milliseconds; -EINVAL. */
int sluice_duration_parse(const char *text, unsigned *ret_ms);

/* help.c */
void sluice_help(FILE *out, const struct sluice_command *command, const char *path);
void sluice_overview(FILE *out, const struct sluice_command *const *commands);
/* "SERVICE [SERVER] PREFIX..." and so on, the options too. */
void sluice_form(FILE *out, const struct sluice_command *command);
extern const struct sluice_option sluice_common_options[];

/* sluice.c */
extern const struct sluice_command *const sluice_commands[];
const struct sluice_command *sluice_command_find(const struct sluice_command *const *commands, const char *name);
int sluice_main(int argc, char **argv);

/* The commands, a file each. */
extern const struct sluice_command sluice_cmd_status, sluice_cmd_connections, sluice_cmd_counters, sluice_cmd_ping, sluice_cmd_complete;
extern const struct sluice_command sluice_cmd_service, sluice_cmd_server, sluice_cmd_allow, sluice_cmd_mark, sluice_cmd_settings;
extern const struct sluice_command sluice_cmd_explain, sluice_cmd_trace, sluice_cmd_capture;
extern const struct sluice_command sluice_cmd_timeouts, sluice_cmd_interfaces, sluice_cmd_sync, sluice_cmd_totals, sluice_cmd_proc;
extern const struct sluice_command sluice_cmd_simulate, sluice_cmd_record; /* cli/simulate/ */

#endif
