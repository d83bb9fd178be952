// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output/output.h"

static void print(FILE *out, const json_t *json)
{
	json_dumpf(json, out, JSON_INDENT(2));
	fputc('\n', out);
}

static bool first; /* of the connections that are being printed */

static void connections_begin(FILE *out)
{
	fputs("{\"connections\": [", out);
	first = true;
}

static void connections(FILE *out, const json_t *page)
{
	json_t *conn;
	size_t i;

	json_array_foreach ((json_t *)page, i, conn) {
		fputs(first ? "\n" : ",\n", out);
		first = false;
		json_dumpf(conn, out, 0);
	}
}

static void connections_end(FILE *out)
{
	fputs(first ? "]}\n" : "\n]}\n", out);
}

const struct output output_json = {
    .status = print,
    .counters = print,
    .connections_begin = connections_begin,
    .connections = connections,
    .connections_end = connections_end,
};
