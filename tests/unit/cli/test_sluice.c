// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/cli/test.h"

#include <stdio.h>
#include <string.h>

#include "cli/output/output.h"
#include "cli/sluice/sluice.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_duration),
	    cmocka_unit_test(test_nearest),
	    cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
