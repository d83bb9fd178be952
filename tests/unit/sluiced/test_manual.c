/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every drop reason and event is in the manual page, in its words. MANUAL is the page's path. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct {
	const char *name, *text;
} rows[] = {
#define X(name, number, text) {#name, text},
#include "sluice/reasons.def"
#include "sluice/events.def"
#undef X
};

/* The page on one line: mdoc breaks sentences where it likes. */
static char page[65536];

static int read_page(void **state)
{
	FILE *f = fopen(MANUAL, "r");
	size_t size = f ? fread(page, 1, sizeof(page) - 1, f) : 0;

	for (size_t i = 0; i < size; i++)
		page[i] = page[i] == '\n' ? ' ' : page[i];
	if (f)
		fclose(f);
	return size ? 0 : -1;
}

static void named_and_explained(void **state)
{
	char item[300];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(item, sizeof(item), ".It Dv %s %s ", rows[i].name, rows[i].text);
		if (!strstr(page, item))
			fail_msg("docs/man/sluiced.8 lacks \"%s\"", item);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(named_and_explained)};

	return cmocka_run_group_tests(tests, read_page, NULL);
}
