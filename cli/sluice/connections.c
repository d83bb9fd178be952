// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/output/cell.h"
#include "cli/output/output.h"
#include "cli/sluice/sluice.h"
#include "cli/sluice/top.h"

#define TOP_ROOM 65536 /* names that are counted exactly */
#define TOP_ROWS 10

static const struct sluice_name switches[] = {{"only", "no connections"}, {"no", "no templates"}, {}};
static const struct sluice_name subjects[] = {{"clients", NULL}, {"services", NULL}, {"servers", NULL}, {"states", NULL}, {}};

static const struct sluice_option options[] = {
    {"client", SLUICE_PREFIX, "PREFIX", .text = "of these clients"},
    {"service", SLUICE_SERVICE, "SERVICE", .text = "of this service, as one word: tcp/192.0.2.1:80, mark/5"},
    {"server", SLUICE_ADDR, "ADDRESS", .text = "of this real server"},
    {"state", SLUICE_CHOICE, "STATE", "in this state", 0, 0, sluice_states},
    {"age", SLUICE_TIME, "TIME", .text = "whose last packet came at least TIME ago"},
    {"templates", SLUICE_CHOICE, "only|no", "persistence templates, which are listed with the connections", 0, 0, switches},
    {"count", SLUICE_FLAG, .text = "how many there are"},
    {"top", SLUICE_CHOICE, "WHAT", "who has most", 0, 0, subjects},
    {"limit", SLUICE_NUMBER, "N", "not more than N rows (of --top 10)", 1, 1000000000, NULL},
    {"watch", SLUICE_TIME, "TIME", "again every TIME", 100, 86400000, NULL},
    {"times", SLUICE_NUMBER, "N", "with --watch: N times, then end", 1, 1000000000, NULL},
    {},
};

/* One way through the table. */
struct walk {
	const struct sluice_args *args;
	struct client *client;
	json_t *filters; /* those that the daemon knows */
	long long age; /* seconds; -1: any */
	long long limit;
	bool templates_only;
	unsigned long long count;
	int (*page)(struct walk *walk, const json_t *conns);
	struct top *top;
	const struct output *output;
};

/* --- the pages --- */

static json_t *filters(const struct sluice_args *args)
{
	static const char *const texts[] = {"client", "server", "state"};
	json_t *params = json_object();
	const char *why;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (sluice_has(args, texts[i]))
			json_object_set_new(params, texts[i], json_string(sluice_text(args, texts[i], "")));
	if (sluice_has(args, "service"))
		json_object_set_new(params, "service", sluice_service_word(sluice_text(args, "service", ""), &why));
	if (strcmp(sluice_text(args, "templates", ""), "no") == 0)
		json_object_set_new(params, "templates", json_false());
	return params;
}

static bool fits(const struct walk *walk, const json_t *conn)
{
	if (walk->templates_only && !json_is_true(json_object_get(conn, "template")))
		return false;
	return walk->age < 0 || cell_number_of(conn, "idle") >= walk->age;
}

/* Those of a page that fit, as far as the limit goes; a new array. */
static json_t *sifted(struct walk *walk, const json_t *page)
{
	json_t *found = json_array(), *conn;
	size_t i;

	json_array_foreach ((json_t *)page, i, conn)
		if ((!walk->limit || walk->count < (unsigned long long)walk->limit) && fits(walk, conn)) {
			json_array_append(found, conn);
			walk->count++;
		}
	return found;
}

static int lacks_age(const struct walk *walk, const json_t *page)
{
	if (walk->age < 0 || json_array_size(page) == 0 || json_object_get(json_array_get(page, 0), "idle"))
		return SLUICE_OK;
	fprintf(stderr, "This sluiced does not tell how old a connection's last packet is: --age can't be had.\n");
	return SLUICE_FAILED;
}

static int take_page(struct walk *walk, const json_t *result)
{
	const json_t *page = json_object_get(result, "connections");
	int status = lacks_age(walk, page);
	json_t *found;

	if (status != SLUICE_OK)
		return status;
	found = sifted(walk, page);
	status = walk->page(walk, found);
	json_decref(found);
	return status;
}

/* A page at a time: the table may have millions. */
static int all_pages(struct walk *walk)
{
	long long after = -1;
	int status;

	do {
		json_t *params = json_copy(walk->filters), *result, *next;

		if (after >= 0)
			json_object_set_new(params, "after", json_integer(after));
		status = sluice_call(walk->client, "connections", params, &result);
		if (status != SLUICE_OK)
			return status;
		status = take_page(walk, result);
		next = json_object_get(result, "next");
		if (json_is_integer(next) && json_integer_value(next) <= after)
			status = sluice_explain(walk->client, -EBADMSG); /* it would never end */
		after = json_is_integer(next) ? json_integer_value(next) : -1;
		json_decref(result);
	} while (status == SLUICE_OK && after >= 0 && !(walk->limit && walk->count >= (unsigned long long)walk->limit) && !ferror(stdout));
	return status;
}

/* --- list --- */

static int print_page(struct walk *walk, const json_t *conns)
{
	walk->output->connections(stdout, conns);
	return SLUICE_OK;
}

static int list(struct walk *walk)
{
	int status;

	walk->page = print_page;
	walk->output = output_of(walk->args->json);
	walk->output->connections_begin(stdout);
	status = all_pages(walk);
	walk->output->connections_end(stdout);
	return status;
}

/* --- count --- */

static int pass_page(struct walk *walk, const json_t *conns)
{
	return SLUICE_OK;
}

static int count(struct walk *walk)
{
	int status;

	walk->page = pass_page;
	status = all_pages(walk);
	if (status == SLUICE_OK)
		printf(walk->args->json ? "{\"count\": %llu}\n" : "%llu\n", walk->count);
	return status;
}

/* --- top --- */

static void name_of(char name[CELL], const char *subject, const json_t *conn)
{
	const json_t *virtual = json_object_get(conn, "virtual");
	char before[16];

	if (strcmp(subject, "clients") == 0) {
		snprintf(name, CELL, "%s", cell_string_of(json_object_get(conn, "client"), "addr"));
	} else if (strcmp(subject, "servers") == 0) {
		cell_place(name, "", json_object_get(conn, "server"));
	} else if (strcmp(subject, "states") == 0) {
		snprintf(name, CELL, "%s", cell_string_of(conn, "state"));
	} else if (json_object_get(conn, "fwmark")) {
		snprintf(name, CELL, "mark %lld", cell_number_of(conn, "fwmark"));
	} else {
		snprintf(before, sizeof(before), "%s ", cell_string_of(conn, "proto"));
		cell_place(name, before, virtual);
	}
}

static int count_page(struct walk *walk, const json_t *conns)
{
	const char *subject = sluice_text(walk->args, "top", "");
	char name[CELL];
	json_t *conn;
	size_t i;

	json_array_foreach ((json_t *)conns, i, conn) {
		name_of(name, subject, conn);
		top_add(walk->top, name);
	}
	return SLUICE_OK;
}

static json_t *top_json(struct walk *walk, size_t rows)
{
	json_t *list = json_array();

	for (size_t i = 0; i < rows; i++) {
		const char *name;
		unsigned long long n = top_get(walk->top, i, &name);

		json_array_append_new(list, json_pack("{s:s, s:I}", "name", name, "count", (json_int_t)n));
	}
	return json_pack("{s:I, s:I, s:o}", "count", (json_int_t)walk->count, "error", (json_int_t)top_error(walk->top), "top", list);
}

static void print_top(FILE *out, const json_t *answer)
{
	long long all = cell_number_of(answer, "count"), error = cell_number_of(answer, "error");
	struct table *table = table_new("rrl");
	char cell[CELL], share[CELL];
	json_t *row;
	size_t i;

	table_add(table, TABLE_HEAD, "CONNECTIONS", "SHARE", "NAME");
	json_array_foreach (json_object_get(answer, "top"), i, row) {
		snprintf(share, sizeof(share), "%.1f%%", all ? 100.0 * cell_number_of(row, "count") / all : 0);
		table_add(table, TABLE_PLAIN, cell_number(cell, cell_number_of(row, "count")), share, cell_string_of(row, "name"));
	}
	table_print(out, table);
	if (error)
		fprintf(out, "There are very many names: each count may be too small by up to %lld.\n", error);
}

static int top(struct walk *walk)
{
	long long rows = walk->limit ? walk->limit : TOP_ROWS;
	size_t names;
	int status;

	walk->page = count_page;
	walk->limit = 0;
	walk->top = top_new(TOP_ROOM);
	if (!walk->top)
		return sluice_explain(walk->client, -ENOMEM);
	status = all_pages(walk);
	names = top_sort(walk->top);
	if (status == SLUICE_OK)
		status = sluice_show(walk->args, top_json(walk, names < (size_t)rows ? names : (size_t)rows), print_top);
	top_free(walk->top);
	return status;
}

/* --- once, or again and again --- */

static int once(struct walk *walk)
{
	const struct sluice_args *args = walk->args;
	long long age = sluice_number(args, "age", -1);

	walk->count = 0;
	walk->limit = sluice_number(args, "limit", walk->limit);
	walk->age = age < 0 ? -1 : (age + 999) / 1000;
	walk->templates_only = strcmp(sluice_text(args, "templates", ""), "only") == 0;
	if (sluice_has(args, "count"))
		return count(walk);
	return sluice_has(args, "top") ? top(walk) : list(walk);
}

/* Clears the screen of a terminal, and shows as many rows as it has; elsewhere an empty line stands between. */
static void begin_round(struct walk *walk, long long round)
{
	struct winsize window;

	if (walk->args->json || !isatty(1)) {
		if (round && !walk->args->json)
			putchar('\n');
		return;
	}
	fputs("\033[H\033[2J", stdout);
	if (!sluice_has(walk->args, "top") && ioctl(1, TIOCGWINSZ, &window) == 0 && window.ws_row > 3)
		walk->limit = window.ws_row - 2;
}

static int watch(struct walk *walk, long long ms)
{
	const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	long long times = sluice_number(walk->args, "times", 0);
	int status = SLUICE_OK;

	for (long long round = 0; status == SLUICE_OK && (!times || round < times); round++) {
		if (round)
			nanosleep(&pause, NULL);
		begin_round(walk, round);
		status = once(walk);
		if (fflush(stdout) != 0)
			break;
	}
	return status;
}

static int run(const struct sluice_args *args)
{
	struct walk walk = {.args = args};
	long long ms = sluice_number(args, "watch", 0);
	int status;

	if (sluice_has(args, "count") && sluice_has(args, "top"))
		return sluice_wrong(args, "--count and --top can't be had together");
	if (sluice_has(args, "times") && !ms)
		return sluice_wrong(args, "--times needs --watch TIME");
	status = sluice_open(&walk.client);
	if (status != SLUICE_OK)
		return status;
	walk.filters = filters(args);
	status = ms ? watch(&walk, ms) : once(&walk);
	json_decref(walk.filters);
	client_close(walk.client);
	return status;
}

static const struct sluice_name examples[] = {
    {"connections --service tcp/192.0.2.1:80 --state ESTABLISHED", "of a service, in a state"},
    {"connections --server 10.0.0.11 --count", "how many a server has"},
    {"connections --top clients --watch 2s", "who has most, every two seconds"},
    {"connections --client 198.51.100.0/24 --age 10m", "of a network, silent for ten minutes"},
    {},
};

const struct sluice_command sluice_cmd_connections = {
    .name = "connections",
    .what = "list, count or watch the connections in the table",
    .help = "Filters are joined by `and'. EXPIRES is when the entry goes if no packet comes, in minutes and seconds. The table is read in "
	    "pages while\n"
	    "packets flow: a connection that comes or goes meanwhile may be seen or not. With --json: {\"connections\": [...]}, "
	    "{\"count\": N}, or\n"
	    "{\"count\", \"error\", \"top\": [{\"name\", \"count\"}]}; \"error\" is not 0 when there are so many names that a count may be "
	    "too small by that.\n",
    .options = options,
    .examples = examples,
    .run = run,
};
