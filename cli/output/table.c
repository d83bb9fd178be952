// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output/output.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_COLUMNS 16

struct row {
	enum table_style style;
	char *cells[MAX_COLUMNS];
};

struct table {
	const char *align;
	size_t columns, rows, size;
	int width[MAX_COLUMNS];
	struct row *row;
};

struct table *table_new(const char *align)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table) {
		table->align = align;
		table->columns = strlen(align);
	}
	return table;
}

static struct row *row_new(struct table *table)
{
	if (table->rows == table->size) {
		size_t size = table->size ? 2 * table->size : 32;
		struct row *row = reallocarray(table->row, size, sizeof(*row));

		if (!row)
			return NULL;
		table->row = row;
		table->size = size;
	}
	return &table->row[table->rows++];
}

void table_add(struct table *table, enum table_style style, ...)
{
	struct row *row = table ? row_new(table) : NULL;
	va_list args;

	if (!row)
		return;
	row->style = style;
	va_start(args, style);
	for (size_t i = 0; i < table->columns; i++) {
		const char *cell = va_arg(args, const char *);
		int width = strlen(cell);

		row->cells[i] = strdup(cell);
		if (width > table->width[i])
			table->width[i] = width;
	}
	va_end(args);
}

static bool has_colour(FILE *out)
{
	const char *no = getenv("NO_COLOR");

	return isatty(fileno(out)) && !(no && *no);
}

static void print_row(FILE *out, const struct table *table, const struct row *row, bool colour)
{
	static const char *const colours[] = {
	    [TABLE_PLAIN] = "", [TABLE_HEAD] = "\033[2m", [TABLE_STRONG] = "\033[1m", [TABLE_WARN] = "\033[33m"};
	const char *on = colour ? colours[row->style] : "";
	size_t last = table->columns;

	while (last > 0 && row->cells[last - 1] && !*row->cells[last - 1])
		last--; /* no blanks at the end of a line */
	fputs(on, out);
	for (size_t i = 0; i < last; i++) {
		const char *cell = row->cells[i] ? row->cells[i] : "?";
		bool pad = table->align[i] == 'r' || i + 1 < last;

		fprintf(out, "%s%*s", i ? "  " : "", table->align[i] == 'r' ? table->width[i] : pad ? -table->width[i] : 0, cell);
	}
	fputs(*on ? "\033[0m\n" : "\n", out);
}

void table_print(FILE *out, struct table *table)
{
	bool colour = has_colour(out);

	if (!table)
		return;
	for (size_t r = 0; r < table->rows; r++) {
		print_row(out, table, &table->row[r], colour);
		for (size_t i = 0; i < table->columns; i++)
			free(table->row[r].cells[i]);
	}
	free(table->row);
	free(table);
}
