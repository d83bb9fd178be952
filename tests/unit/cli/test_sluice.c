// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/cli/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output/cell.h"
#include "cli/output/output.h"
#include "cli/output/proc.h"
#include "cli/sluice/prefixes.h"
#include "cli/sluice/sluice.h"
#include "cli/sluice/top.h"

static void test_duration(void **state)
{
	static const struct {
		const char *text;
		int err;
		unsigned ms;
	} rows[] = {
	    {"10s", 0, 10000},
	    {"10", 0, 10000},
	    {"500ms", 0, 500},
	    {"2m", 0, 120000},
	    {"24h", 0, 86400000},
	    {"0", 0, 0},
	    {"25h", 0, 90000000},
	    {"31d", 0, 2678400000},
	    {"1h30m", 0, 5400000},
	    {"1d1s500ms", 0, 86401500},
	    {"1h30", -22, 0},
	    {"30d25h", -22, 0},
	    {"32d", -22, 0},
	    {"2678401", -22, 0},
	    {"", -22, 0},
	    {"s", -22, 0},
	    {"-1s", -22, 0},
	    {"1.5s", -22, 0},
	    {"10 s", -22, 0},
	    {"99999999999999999999999s", -22, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned ms = 0;
		int err = sluice_duration_parse(rows[i].text, &ms);

		if (err != rows[i].err || ms != rows[i].ms)
			fail_msg("\"%s\": %d, %u ms", rows[i].text, err, ms);
	}
}

static const struct sluice_name names[] = {{"status", NULL}, {"connections", NULL}, {"counters", NULL}, {"ping", NULL}, {"rr", NULL}, {}};

static void test_nearest(void **state)
{
	static const char *const rows[][2] = {{"stauts", "status"}, {"conn", "connections"}, {"pnig", "ping"}, {"counter", "counters"},
	    {"zzz", NULL}, {"x", NULL}, {"r", NULL}, {"zz", NULL}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *nearest = sluice_nearest(rows[i][0], names);

		if (!nearest != !rows[i][1] || (nearest && strcmp(nearest, rows[i][1]) != 0))
			fail_msg("%s: %s", rows[i][0], nearest ? nearest : "none");
	}
}

static void test_table(void **state)
{
	struct table *table = table_new("lrl");
	char text[256];
	FILE *out = tmpfile();
	size_t len;

	table_add(table, TABLE_HEAD, "NAME", "N", "");
	table_add(table, TABLE_PLAIN, "a", "1000", "text");
	table_print(out, table);
	rewind(out);
	len = fread(text, 1, sizeof(text) - 1, out);
	text[len] = '\0';
	fclose(out);
	assert_string_equal(text, "NAME     N\na     1000  text\n");
}

/* --- command lines --- */

static const struct sluice_name colours[] = {{"red", NULL}, {"green", NULL}, {"off", NULL}, {}};
static const struct sluice_name never[] = {{"never", NULL}, {}};
static const struct sluice_option options[] = {
    {"flag", SLUICE_FLAG, .text = ""},
    {"number", SLUICE_NUMBER, "N", "", 1, 100, NULL},
    {"any", SLUICE_NUMBER, "N", .text = ""},
    {"time", SLUICE_TIME, "TIME", "", 1000, 60000, never},
    {"text", SLUICE_TEXT, "TEXT", .text = ""},
    {"colour", SLUICE_CHOICE, "COLOUR", "", 0, 0, colours},
    {"colours", SLUICE_LIST, "COLOUR,...", "", 0, 0, colours},
    {"prefix", SLUICE_PREFIX, "PREFIX", .text = ""},
    {"at", SLUICE_ADDR, "ADDRESS", .text = ""},
    {"service", SLUICE_SERVICE, "SERVICE", .text = ""},
    {},
};
static const struct sluice_word all_words[] = {{"SERVICE", SLUICE_SERVICE, .count = SLUICE_ONE},
    {"SERVER", SLUICE_SERVER, .count = SLUICE_ONE}, {"WORD", SLUICE_TEXT, .count = SLUICE_ANY}, {}};
static const struct sluice_command command = {.name = "try", .words = all_words, .options = options};

#define MAX_WORDS 32

/* Splits at blanks; '' is an empty word. What is said on stderr goes into `ret_said`. */
static int parse(const char *line, struct sluice_args *ret_args, char **ret_said)
{
	static char copy[512];
	char *argv[MAX_WORDS], *save, *word;
	FILE *err = stderr;
	size_t size;
	int argc = 0, status;

	snprintf(copy, sizeof(copy), "%s", line);
	for (word = strtok_r(copy, " ", &save); word && argc < MAX_WORDS; word = strtok_r(NULL, " ", &save))
		argv[argc++] = strcmp(word, "''") == 0 ? "" : word;
	stderr = open_memstream(ret_said, &size);
	status = sluice_parse(&command, "try", argc, argv, ret_args);
	fclose(stderr);
	stderr = err;
	return status;
}

#define BASE "tcp 192.0.2.1:80 10.0.0.1 "

static void test_wrong_lines(void **state)
{
	static const struct {
		const char *line, *said; /* without "sluice try: " and where the help is */
	} rows[] = {
	    {"", "SERVICE is missing"},
	    {"tcp", "where is the service? tcp ADDRESS:PORT"},
	    {"mark6", "which mark? mark6 NUMBER"},
	    {"mark x", "`x' is no mark; write a number from 1 to 4294967295"},
	    {"mark 00000000001", "`00000000001' is no mark; write a number from 1 to 4294967295"},
	    {"tcp/192.0.2.1:80", "SERVER is missing"},
	    {"tpc/192.0.2.1:80", "`tpc/192.0.2.1:80' is no service; write tcp/192.0.2.1:80 or mark/5"},
	    {"tcp/ 10.0.0.1", "`tcp/' is no address; write it as 192.0.2.1:80 or [2001:db8::1]:80"},
	    {"tcp 192.0.2.1:", "`192.0.2.1:' has no port that can be: write a number from 0 to 65535"},
	    {"tcp 192.0.2.1:+1", "`192.0.2.1:+1' has no port that can be: write a number from 0 to 65535"},
	    {"tcp 192.0.2.1:65536", "`192.0.2.1:65536' has no port that can be: write a number from 0 to 65535"},
	    {"tcp [2001:db8::1", "`[2001:db8::1' is no address; write it as 192.0.2.1:80 or [2001:db8::1]:80"},
	    {"tcp [2001:db8::1]80", "`[2001:db8::1]80' is no address; write it as 192.0.2.1:80 or [2001:db8::1]:80"},
	    {"tcp ''", "`' is no address; write it as 192.0.2.1:80 or [2001:db8::1]:80"},
	    {BASE "--nubmer 3", "there is no option `--nubmer'; did you mean `--number'?"},
	    {BASE "-n 3", "there is no option `-n'"},
	    {BASE "-number 3", "there is no option `-number'; did you mean `--number'?"},
	    {BASE "--flag=1", "--flag takes no value"},
	    {BASE "--number", "--number needs a value: N"},
	    {BASE "--number 0", "--number takes a number from 1 to 100, not `0'"},
	    {BASE "--number 101", "--number takes a number from 1 to 100, not `101'"},
	    {BASE "--number=", "--number takes a number from 1 to 100, not `'"},
	    {BASE "--number 0x10", "--number takes a number from 1 to 100, not `0x10'"},
	    {BASE "--any 99999999999999999999", "--any takes a number, not `99999999999999999999'"},
	    {BASE "--time 500ms", "--time takes a time from 1000ms to 60s, not `500ms'"},
	    {BASE "--time nver", "`nver' is no time; write 10s, 500ms or 1m"},
	    {BASE "--colour gren", "--colour can't be `gren'; did you mean `green'?"},
	    {BASE "--colour blue", "--colour can't be `blue'; it is one of red, green, off"},
	    {BASE "--colours red,gren", "--colours can't be `gren'; did you mean `green'?"},
	    {BASE "--colours ''", "--colours: the list is empty"},
	    {BASE "--prefix 10.0.0.0/33", "`10.0.0.0/33' is no prefix; write 192.0.2.0/24, 2001:db8::/32 or an address"},
	    {BASE "--prefix 2001:db8::/129", "`2001:db8::/129' is no prefix; write 192.0.2.0/24, 2001:db8::/32 or an address"},
	    {BASE "--prefix 10.0.0.0/", "`10.0.0.0/' is no prefix; write 192.0.2.0/24, 2001:db8::/32 or an address"},
	    {BASE "--at 10.0.0.1:80", "`10.0.0.1:80' is no address; write it as 192.0.2.1 or 2001:db8::1"},
	    {BASE "--service 192.0.2.1:80", "`192.0.2.1:80' is no service; write tcp/192.0.2.1:80 or mark/5"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sluice_args args;
		char wanted[512], *said;
		int status = parse(rows[i].line, &args, &said);

		snprintf(wanted, sizeof(wanted), "sluice try: %s; see: sluice help try\n", rows[i].said);
		if (status != SLUICE_USAGE || strcmp(said, wanted) != 0)
			fail_msg("\"%s\": status %d, \"%s\"", rows[i].line, status, said);
		sluice_args_free(&args);
		free(said);
	}
}

static void test_good_lines(void **state)
{
	static const struct {
		const char *line, *service, *server;
		unsigned words;
	} rows[] = {
	    {"tcp 192.0.2.1:80 10.0.0.1", "{\"addr\":\"192.0.2.1\",\"port\":80,\"proto\":\"tcp\"}", "{\"addr\":\"10.0.0.1\"}", 0},
	    {"tcp/192.0.2.1:80 10.0.0.1:8080 a b", "{\"addr\":\"192.0.2.1\",\"port\":80,\"proto\":\"tcp\"}",
		"{\"addr\":\"10.0.0.1\",\"port\":8080}", 2},
	    {"udp [2001:DB8:0::1]:53 2001:db8::2", "{\"addr\":\"2001:db8::1\",\"port\":53,\"proto\":\"udp\"}", "{\"addr\":\"2001:db8::2\"}",
		0},
	    {"--flag sctp --number 3 192.0.2.1 --json 10.0.0.1 -- --flag", "{\"addr\":\"192.0.2.1\",\"port\":0,\"proto\":\"sctp\"}",
		"{\"addr\":\"10.0.0.1\"}", 1},
	    {"mark 4294967295 10.0.0.1 -", "{\"family\":\"ipv4\",\"fwmark\":4294967295}", "{\"addr\":\"10.0.0.1\"}", 1},
	    {"mark6/7 10.0.0.1", "{\"family\":\"ipv6\",\"fwmark\":7}", "{\"addr\":\"10.0.0.1\"}", 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sluice_args args;
		char *said, *service, *server;
		int status = parse(rows[i].line, &args, &said);

		service = json_dumps(args.service, JSON_COMPACT | JSON_SORT_KEYS);
		server = json_dumps(args.server, JSON_COMPACT | JSON_SORT_KEYS);
		if (status != SLUICE_OK || strcmp(service, rows[i].service) != 0 || strcmp(server, rows[i].server) != 0 ||
		    args.words != rows[i].words)
			fail_msg("\"%s\": status %d, %s, %s, %u words, \"%s\"", rows[i].line, status, service, server, args.words, said);
		sluice_args_free(&args);
		free(said);
		free(service);
		free(server);
	}
}

static void test_options(void **state)
{
	struct sluice_args args;
	char *said;

	assert_int_equal(parse(BASE "--number 3 --number=7 --time never --colour green --text --json --json", &args, &said), SLUICE_OK);
	assert_int_equal(sluice_number(&args, "number", 0), 7); /* the last one counts */
	assert_int_equal(sluice_number(&args, "time", 0), -1); /* the first word in place of a time */
	assert_int_equal(sluice_number(&args, "colour", -1), 1);
	assert_string_equal(sluice_text(&args, "text", ""), "--json"); /* a value, whatever it looks like */
	assert_true(args.json);
	assert_false(sluice_has(&args, "flag"));
	assert_int_equal(sluice_number(&args, "any", 42), 42);
	sluice_args_free(&args);
	free(said);
	assert_int_equal(parse("--number x --help", &args, &said), SLUICE_OK); /* whoever asks for help gets it */
	assert_true(args.help);
	sluice_args_free(&args);
	free(said);
}

/* Every command says what it is, its words and options have what help and completion need, and nothing stands twice. */
static void check_commands(const struct sluice_command *const *commands)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct sluice_command *c = commands[i];

		if (!c->what || !*c->what || (!!c->run + !!c->own + !!c->subs) != 1)
			fail_msg("%s", c->name);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(c->name, commands[k]->name);
		for (const struct sluice_option *o = c->options; o && o->name; o++) {
			if (!o->text || !o->value != (o->kind == SLUICE_FLAG) ||
			    ((o->kind == SLUICE_CHOICE || o->kind == SLUICE_LIST) && !o->names))
				fail_msg("%s --%s", c->name, o->name);
			if (strcmp(o->name, "json") == 0 || strcmp(o->name, "help") == 0)
				fail_msg("%s --%s is of all commands", c->name, o->name);
		}
		if (c->subs)
			check_commands(c->subs);
	}
}

static void test_table_of_commands(void **state)
{
	check_commands(sluice_commands);
	for (const struct output_proc *proc = output_procs; proc->name; proc++)
		if (!sluice_name_find(sluice_cmd_proc.words->names, proc->name))
			fail_msg("sluice proc does not know %s", proc->name);
}

static void test_cells(void **state)
{
	static const struct {
		long long seconds;
		const char *text;
	} times[] = {{0, "0s"}, {59, "59s"}, {60, "1m"}, {90, "1m30s"}, {3600, "1h"}, {5400, "1h30m"}, {3601, "1h1s"}, {86400, "1d"},
	    {2678400, "31d"}};
	static const struct {
		long long n;
		const char *text;
	} bytes[] = {{0, "0 B"}, {999, "999 B"}, {1000, "1.0 kB"}, {99949, "99.9 kB"}, {100000, "100 kB"}, {999499, "999 kB"},
	    {999500, "1.0 MB"}, {5000000000000, "5.0 TB"}};
	char cell[CELL];

	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		assert_string_equal(cell_time(cell, times[i].seconds), times[i].text);
	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++)
		assert_string_equal(cell_bytes(cell, bytes[i].n), bytes[i].text);
}

/* Exact while there is room; with more names than that never too large, and too small by no more than it says. */
static void test_top(void **state)
{
	struct top *top = top_new(8);
	char text[TOP_NAME];
	const char *first;
	size_t names;

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "%u", i % 100);
		top_add(top, i % 2 ? "most" : text);
	}
	names = top_sort(top);
	assert_in_range(names, 1, 8);
	assert_in_range(top_get(top, 0, &first) + top_error(top), 500, 1000);
	assert_in_range(top_get(top, 0, &first), 1, 500);
	assert_string_equal(first, "most");
	top_free(top);
	top = top_new(8);
	for (unsigned i = 0; i < 80; i++) {
		snprintf(text, sizeof(text), "%u", i % 8);
		top_add(top, text);
	}
	assert_int_equal(top_sort(top), 8);
	assert_int_equal(top_error(top), 0);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(top_get(top, i, &first), 10);
	top_free(top);
}

static void test_prefixes(void **state)
{
	static const struct {
		const char *from, *list, *in, *out;
	} rows[] = {
	    {"[\"10.1.2.3/8\"]", "[\"10.0.0.0/8\"]", "[\"10.1.2.3/8\"]", "[]"},
	    {"[\"10.0.0.0/9\"]", "[\"10.0.0.0/8\"]", "[]", "[\"10.0.0.0/9\"]"},
	    {"[\"192.0.2.1\"]", "[\"192.0.2.1/32\"]", "[\"192.0.2.1\"]", "[]"},
	    {"[\"2001:db8::1/64\"]", "[\"10.0.0.0/8\",\"2001:db8::/64\"]", "[\"2001:db8::1/64\"]", "[]"},
	    {"[\"0.0.0.0/0\"]", "[\"::/0\"]", "[]", "[\"0.0.0.0/0\"]"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int in = 0; in < 2; in++) {
			json_t *from = json_loads(rows[i].from, 0, NULL), *list = json_loads(rows[i].list, 0, NULL);
			json_t *found = sluice_prefixes_among(from, list, in);
			char *text = json_dumps(found, JSON_COMPACT);

			assert_string_equal(text, in ? rows[i].in : rows[i].out);
			json_decref(from);
			json_decref(list);
			json_decref(found);
			free(text);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_duration),
	    cmocka_unit_test(test_nearest),
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_wrong_lines),
	    cmocka_unit_test(test_good_lines),
	    cmocka_unit_test(test_options),
	    cmocka_unit_test(test_table_of_commands),
	    cmocka_unit_test(test_cells),
	    cmocka_unit_test(test_top),
	    cmocka_unit_test(test_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
