/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H
/*
 * DOC: printers
 *
 * The same answers in two forms: text for people, aligned, with colour on a terminal only (and not where NO_COLOR is set), and JSON for
 * programs, whose members are those of docs/api.md.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct output {
	void (*status)(FILE *out, const json_t *status); /* ping's, services', interfaces' and counters' answers in one object */
	void (*counters)(FILE *out, const json_t *counters);
	void (*connections_begin)(FILE *out);
	void (*connections)(FILE *out, const json_t *page); /* an array; called for each page */
	void (*connections_end)(FILE *out);
};

extern const struct output output_text, output_json;

static inline const struct output *output_of(bool json)
{
	return json ? &output_json : &output_text;
}

/* order.c: a new array of the same objects, sorted by "addr", "port" and "proto", IPv4 first. */
json_t *output_sorted(const json_t *array);

/* table.c: rows of cells, aligned when they are printed. */
enum table_style { TABLE_PLAIN, TABLE_HEAD, TABLE_STRONG, TABLE_WARN };
struct table;
/* `align` has a character a column: l or r. NULL without memory, which the other functions take. */
struct table *table_new(const char *align);
/* As many strings as there are columns; they are copied. */
void table_add(struct table *table, enum table_style style, ...);
/* Prints and frees it. */
void table_print(FILE *out, struct table *table);

#endif
