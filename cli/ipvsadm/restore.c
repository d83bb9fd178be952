// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: reading many commands
 *
 * To the reader of its messages -R carries out one line after the other: a line that is refused is reported and the next one is read, a
 * line that can't be understood ends everything, the exit status is that of the last line carried out. The daemon, though, is asked as
 * seldom as possible: consecutive changes wait and are sent as one transaction. When it refuses the n-th of them it has done none, so the
 * first n-1 are sent again without the rest, the n-th is reported, and the way goes on in small steps that double while all goes well.
 */
#include "cli/ipvsadm/ipvsadm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"

#define LINE_SIZE 4096
#define BATCH_BYTES (7 << 20) /* of the 8 MiB a request may have */

struct change {
	struct adm_command command;
	json_t *op;
};

struct restore {
	struct client *client;
	const char *program;
	struct change *changes; /* that wait */
	size_t count, size;
	size_t bytes; /* of their operations as JSON */
	int status; /* of the last line carried out */
	bool over; /* no line may follow */
};

static void report(struct restore *r, struct adm_error *error)
{
	fflush(stdout);
	if (error->text)
		fprintf(stderr, "%s\n", error->text);
	r->status = error->status;
	r->over = error->last;
	adm_error_free(error);
}

/* One transaction. */
static int send_changes(struct restore *r, size_t from, size_t count)
{
	json_t *ops = json_array(), *result;
	int err;

	for (size_t i = from; i < from + count; i++)
		json_array_append(ops, r->changes[i].op);
	err = client_call(r->client, "change", json_pack("{s:o}", "ops", ops), &result);
	if (err == 0)
		json_decref(result);
	return err;
}

/* The transaction of `count` changes from `from` on failed: reports the guilty one when it is the first. Returns how many to send next. */
static size_t handle_failure(struct restore *r, size_t *from, size_t count, int err)
{
	int guilty = err == -EREMOTEIO ? client_refusal(r->client)->op : -1;
	struct adm_error error = {0};

	if (guilty > 0 && (size_t)guilty < count)
		return guilty;
	if (err == -EREMOTEIO && (guilty == 0 || count == 1))
		adm_change_error(&r->changes[*from].command, r->client, &error);
	else
		adm_call_failed(r->client, err, 255, &error);
	if (guilty < 0 && count > 1)
		error.last = true; /* refused as a whole: nobody knows what the rest is worth */
	report(r, &error);
	*from += 1;
	return 1;
}

/* Carries out what waits. */
static void flush_changes(struct restore *r)
{
	size_t from = 0, step = r->count;

	while (from < r->count && !r->over) {
		size_t count = step < r->count - from ? step : r->count - from;
		int err = send_changes(r, from, count);

		if (err < 0) {
			step = handle_failure(r, &from, count, err);
			continue;
		}
		r->status = 0;
		from += count;
		step = 2 * count;
	}
	for (size_t i = 0; i < r->count; i++)
		json_decref(r->changes[i].op);
	r->count = r->bytes = 0;
}

static int add_change(struct restore *r, const struct adm_command *command, json_t *op)
{
	if (r->count == r->size) {
		size_t size = r->size ? 2 * r->size : 64;
		struct change *changes = reallocarray(r->changes, size, sizeof(*changes));

		if (!changes)
			return -ENOMEM;
		r->changes = changes;
		r->size = size;
	}
	r->changes[r->count++] = (struct change){*command, op};
	r->bytes += json_dumpb(op, NULL, 0, JSON_COMPACT) + 1;
	if (r->bytes >= BATCH_BYTES)
		flush_changes(r);
	return 0;
}

/* An error of a line that itself changes nothing: what waits comes before it. */
static void fail_line(struct restore *r, struct adm_error *error)
{
	flush_changes(r);
	if (r->over)
		adm_error_free(error);
	else
		report(r, error);
}

static void run_command(struct restore *r, const struct adm_command *command)
{
	struct adm_error error = {0};
	json_t *op = adm_change_op(command);

	if (op && add_change(r, command, op) == 0)
		return;
	json_decref(op);
	flush_changes(r);
	if (r->over)
		return;
	if (command->cmd == ADM_RESTORE)
		adm_try_help(&error, r->program); /* it would read its own input */
	else
		adm_run(r->client, command, r->program, &error);
	if (error.status)
		report(r, &error);
	else
		r->status = 0;
	r->over |= command->cmd == ADM_HELP || command->cmd == ADM_VERSION;
}

static void run_line(struct restore *r, int argc, char **argv)
{
	struct adm_command command;
	struct adm_error error = {0};

	if (adm_parse(argc, argv, &command, &error) || adm_check(&command, &error))
		fail_line(r, &error);
	else
		run_command(r, &command);
}

/* Splits a line at blanks; a word "ipvsadm" is left out, wherever it stands. Returns the number of words, with the program's name. */
static int split(char *line, const char *program, char *argv[LINE_SIZE / 2 + 2])
{
	char *save, *word;
	int argc = 0;

	argv[argc++] = (char *)program;
	for (word = strtok_r(line, " \t\r\n", &save); word; word = strtok_r(NULL, " \t\r\n", &save))
		if (strcmp(word, "ipvsadm") != 0)
			argv[argc++] = word;
	argv[argc] = NULL;
	return argc;
}

/* comments: a line that begins with # is none. */
static void read_lines(struct restore *r, FILE *in, bool comments)
{
	char line[LINE_SIZE + 1], *argv[LINE_SIZE / 2 + 2];
	struct adm_error error = {0};
	int argc;

	while (!r->over && fgets(line, sizeof(line), in)) {
		if (strlen(line) == LINE_SIZE && line[LINE_SIZE - 1] != '\n') {
			adm_fail(&error, "a line is longer than %d characters", LINE_SIZE - 1);
			fail_line(r, &error);
			return;
		}
		argc = comments && *line == '#' ? 0 : split(line, r->program, argv);
		if (argc > 1)
			run_line(r, argc, argv);
	}
	if (!r->over && ferror(in)) {
		adm_fail(&error, "can't read the rules: %s", strerror(errno));
		fail_line(r, &error);
	}
}

int adm_restore(struct client *client, FILE *in, const char *program, bool clear)
{
	struct restore r = {.client = client, .program = program};

	if (clear)
		run_command(&r, &(struct adm_command){.cmd = ADM_FLUSH});
	read_lines(&r, in, clear);
	flush_changes(&r);
	free(r.changes);
	return r.status;
}
