// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: reading many commands
 *
 * All lines are read and checked first; then their changes go to the daemon as one transaction, which does all of them or none. A message
 * begins with its line's number. Lines that only ask are answered afterwards, in their order.
 *
 * What is read becomes JSON text at once, so that memory is that of the request, which has a limit; a line has one too, and so has the
 * input.
 */
#include "cli/ipvsadm/ipvsadm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"

#define LINE_SIZE 4096
#define OPS_BYTES (CLIENT_MAX_REQUEST - 4096) /* of operations; the rest of the request fits beside them */
#define INPUT_BYTES (64ull << 20)
#define MAX_ERRORS 20
#define MAX_QUESTIONS 64

struct change {
	uint32_t line; /* 0: none of the input's */
	enum adm_cmd cmd;
};

struct restore {
	struct client *client;
	const char *program;
	uint32_t line; /* being read, from 1 */
	unsigned long long bytes; /* read so far */
	char *ops; /* {"ops": [... */
	size_t len, size;
	struct change *changes; /* one an operation */
	size_t count, room;
	struct adm_command questions[MAX_QUESTIONS];
	size_t asked;
	unsigned errors;
	bool full; /* no line after this one can help */
	int status; /* of the first error, or of the last question */
};

/* Prints and frees it. line: 0: it belongs to none. */
static void report(struct restore *r, uint32_t line, struct adm_error *error)
{
	fflush(stdout);
	if (error->text && line)
		fprintf(stderr, "line %u: %s\n", line, error->text);
	else if (error->text)
		fprintf(stderr, "%s\n", error->text);
	if (!r->errors++)
		r->status = error->status;
	adm_error_free(error);
}

/* Room for `more` bytes of operations and one more change. */
static int reserve(struct restore *r, size_t more)
{
	if (r->len + more > r->size) {
		size_t size = 2 * r->size + more + 65536;
		char *ops = realloc(r->ops, size);

		if (!ops)
			return -ENOMEM;
		r->ops = ops;
		r->size = size;
	}
	if (r->count == r->room) {
		size_t room = 2 * r->room + 256;
		struct change *changes = reallocarray(r->changes, room, sizeof(*changes));

		if (!changes)
			return -ENOMEM;
		r->changes = changes;
		r->room = room;
	}
	return 0;
}

static void append(struct restore *r, const char *text, size_t len)
{
	memcpy(r->ops + r->len, text, len);
	r->len += len;
}

static int add_text(struct restore *r, enum adm_cmd cmd, const char *text, struct adm_error *ret_error)
{
	static const char head[] = "{\"ops\":[";
	size_t len = strlen(text);

	r->full = r->len + len > OPS_BYTES;
	if (r->full)
		return adm_fail(ret_error, "more rules than fit into one transaction (%u MiB)", CLIENT_MAX_REQUEST >> 20);
	if (reserve(r, len + sizeof(head) + 3) < 0)
		return adm_fail(ret_error, "Memory allocation problem");
	append(r, r->count ? "," : head, r->count ? 1 : sizeof(head) - 1);
	append(r, text, len);
	r->changes[r->count++] = (struct change){r->line, cmd};
	return 0;
}

static int add_change(struct restore *r, enum adm_cmd cmd, json_t *op, struct adm_error *ret_error)
{
	char *text = json_dumps(op, JSON_COMPACT);
	int status = text ? add_text(r, cmd, text, ret_error) : adm_fail(ret_error, "Memory allocation problem");

	free(text);
	json_decref(op);
	return status;
}

static int add_command(struct restore *r, const struct adm_command *command, struct adm_error *ret_error)
{
	json_t *op = adm_change_op(command);

	if (op)
		return add_change(r, command->cmd, op, ret_error);
	if (command->cmd == ADM_RESTORE)
		return adm_try_help(ret_error, r->program); /* it would read its own input */
	if (r->asked == MAX_QUESTIONS)
		return adm_fail(ret_error, "more than %d lines that only ask", MAX_QUESTIONS);
	r->questions[r->asked++] = *command;
	return 0;
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

static int run_line(struct restore *r, char *line, struct adm_error *ret_error)
{
	char *argv[LINE_SIZE / 2 + 2];
	struct adm_command command;
	int argc = split(line, r->program, argv), status;

	if (argc == 1)
		return 0;
	status = adm_parse(argc, argv, &command, ret_error);
	if (status == 0)
		status = adm_check(&command, ret_error);
	return status ? status : add_command(r, &command, ret_error);
}

/* One line into `line`, without its end; false: there is none, or *ret_error says why it can't be read. */
static bool read_line(struct restore *r, FILE *in, char line[LINE_SIZE], struct adm_error *ret_error)
{
	size_t len = 0;
	int c;

	r->line++;
	while ((c = getc_unlocked(in)) != EOF && c != '\n') {
		r->bytes++;
		if (c == '\0')
			adm_fail(ret_error, "a zero byte: this is no file of rules");
		else if (len == LINE_SIZE - 1)
			adm_fail(ret_error, "a line is longer than %d characters", LINE_SIZE - 1);
		else
			line[len++] = c;
		if (ret_error->status)
			return false;
	}
	line[len] = '\0';
	if (ferror(in))
		adm_fail(ret_error, "can't read the rules: %s", strerror(errno));
	else if (++r->bytes > INPUT_BYTES)
		adm_fail(ret_error, "the rules are longer than %llu MiB", INPUT_BYTES >> 20);
	return !ret_error->status && (c != EOF || len);
}

/* comments: a line that begins with # is none. */
static void read_lines(struct restore *r, FILE *in, bool comments)
{
	struct adm_error error = {0};
	char line[LINE_SIZE];

	while (r->errors < MAX_ERRORS && !r->full && read_line(r, in, line, &error))
		if (!(comments && *line == '#') && run_line(r, line, &error)) {
			report(r, r->line, &error);
			error.status = 0;
		}
	if (error.status)
		report(r, r->line, &error);
	if (r->errors == MAX_ERRORS)
		fprintf(stderr, "%d errors; the rest was not read.\n", MAX_ERRORS);
}

static void send_changes(struct restore *r)
{
	struct adm_error error = {0};
	json_t *result;
	int err;

	append(r, "]}", sizeof("]}"));
	err = client_call_text(r->client, "change", r->ops, &result);
	if (err == 0) {
		json_decref(result);
		return;
	}
	if (err == -EREMOTEIO) {
		int guilty = client_refusal(r->client)->op;
		struct change none = {0}, *change = guilty >= 0 && (size_t)guilty < r->count ? &r->changes[guilty] : &none;

		adm_change_error(change->cmd, r->client, &error);
		report(r, change->line, &error);
	} else {
		adm_call_failed(r->client, err, 255, &error);
		report(r, 0, &error);
	}
}

static void ask(struct restore *r)
{
	for (size_t i = 0; i < r->asked; i++) {
		struct adm_error error = {0};

		r->status = adm_run(r->client, &r->questions[i], r->program, &error);
		if (error.status)
			report(r, 0, &error);
	}
}

/* The whole of it, once the lines are read. */
static void carry_out(struct restore *r)
{
	if (!r->errors && r->count)
		send_changes(r);
	if (r->errors)
		fprintf(stderr, "Nothing was changed.\n");
	else
		ask(r);
}

int adm_restore(struct client *client, FILE *in, const char *program, bool clear)
{
	struct restore r = {.client = client, .program = program};
	struct adm_error error = {0};

	if (clear && add_text(&r, ADM_FLUSH, "{\"op\":\"clear\"}", &error))
		report(&r, 0, &error);
	read_lines(&r, in, clear);
	carry_out(&r);
	free(r.ops);
	free(r.changes);
	return r.status;
}
