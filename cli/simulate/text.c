// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>

#include "cli/output/output.h"
#include "cli/simulate/simulate.h"

#define MOST_COLUMNS 10 /* servers that have a column each */

/* Cells of a row of the table of servers. */
struct cells {
	char text[5 + MOST_COLUMNS][32];
};

double sim_due(const struct sim_setup *setup, unsigned server)
{
	double sum = 0;

	for (unsigned i = 0; i < setup->server_count; i++)
		sum += setup->servers[i].weight;
	return sum > 0 ? setup->servers[server].weight / sum : 0;
}

static double share(const struct sim_result *result, unsigned server)
{
	return result->total ? (double)result->conns[server] / result->total : 0;
}

static void add_row(struct table *table, enum table_style style, const struct cells *c)
{
	table_add(table, style, c->text[0], c->text[1], c->text[2], c->text[3], c->text[4], c->text[5], c->text[6], c->text[7], c->text[8],
	    c->text[9], c->text[10], c->text[11], c->text[12], c->text[13], c->text[14]);
}

#define CELL(c, n, ...) snprintf((c)->text[n], sizeof((c)->text[n]), __VA_ARGS__)

/* Shares in percent, a column each; of many servers only the least and the most, in parts of what their weight would give them. */
static void share_cells(struct cells *c, const struct sim_report *report, const struct sim_result *result)
{
	double least = 1e9, most = 0;

	for (unsigned i = 0; i < report->setup->server_count; i++) {
		double due = sim_due(report->setup, i), is = result ? share(result, i) : due;

		if (report->setup->server_count <= MOST_COLUMNS)
			CELL(c, 5 + i, "%.2f", 100 * is);
		if (due <= 0)
			continue;
		least = is / due < least ? is / due : least;
		most = is / due > most ? is / due : most;
	}
	if (report->setup->server_count > MOST_COLUMNS) {
		CELL(c, 5, "%.2f", least);
		CELL(c, 6, "%.2f", most);
	}
}

static void head_cells(struct cells *c, const struct sim_report *report)
{
	static const char *const names[] = {"SCHEDULER", "IMBALANCE", "99%", "MAX", "REFUSED"};

	for (int i = 0; i < 5; i++)
		CELL(c, i, "%s", names[i]);
	if (report->setup->server_count > MOST_COLUMNS) {
		CELL(c, 5, "LEAST");
		CELL(c, 6, "MOST");
		return;
	}
	for (unsigned i = 0; i < report->setup->server_count; i++)
		CELL(c, 5 + i, i ? "%u" : "%%  %u", i + 1);
}

static void result_cells(struct cells *c, const struct sim_report *report, const struct sim_result *result)
{
	CELL(c, 0, "%s", result->name);
	if (result->max > 0) {
		CELL(c, 1, "%.3f", result->mean);
		CELL(c, 2, "%.3f", result->p99);
		CELL(c, 3, "%.3f", result->max);
	} else {
		for (int i = 1; i < 4; i++)
			CELL(c, i, "-");
	}
	CELL(c, 4, "%" PRIu64, result->refused);
	share_cells(c, report, result);
}

static void print_shares(FILE *out, const struct sim_report *report)
{
	struct table *table = table_new("lrrrrrrrrrrrrrr");
	struct cells head = {0}, due = {0};

	head_cells(&head, report);
	add_row(table, TABLE_HEAD, &head);
	CELL(&due, 0, "by weight");
	CELL(&due, 1, "1.000");
	CELL(&due, 2, "1.000");
	CELL(&due, 3, "1.000");
	share_cells(&due, report, NULL);
	add_row(table, TABLE_HEAD, &due);
	for (unsigned i = 0; i < report->count; i++) {
		struct cells c = {0};

		result_cells(&c, report, &report->results[i]);
		add_row(table, report->results[i].refused ? TABLE_WARN : TABLE_PLAIN, &c);
	}
	table_print(out, table);
}

static void percent(char ret_text[32], uint32_t part, uint32_t whole)
{
	snprintf(ret_text, 32, "%.2f%%", whole ? 100.0 * part / whole : 0.0);
}

static void print_change(FILE *out, const struct sim_report *report, unsigned n)
{
	const struct sim_change *change = &report->setup->changes[n];
	struct table *table = table_new("lrrr");

	fprintf(out, "\nServer %u %s at %.3f s\n", change->server + 1, change->join ? "joins" : "leaves", (double)change->at / SIM_SECOND);
	table_add(table, TABLE_HEAD, "SCHEDULER", "OPEN ON IT", "CLIENTS THAT HAD TO MOVE", "MOVED FOR NOTHING");
	for (unsigned i = 0; i < report->count; i++) {
		const struct sim_moved *m = &report->results[i].moved[n];
		char open[32], had_to[32] = "-", needless[32] = "-";

		snprintf(open, sizeof(open), "%u", m->open);
		if (m->stable) {
			percent(had_to, m->had_to, m->clients);
			percent(needless, m->needless, m->clients);
		}
		table_add(table, TABLE_PLAIN, report->results[i].name, open, had_to, needless);
	}
	table_print(out, table);
}

void sim_print_text(FILE *out, const struct sim_report *report)
{
	const struct sim_trace *trace = report->trace;

	fprintf(out, "%u connections of %u clients in %.1f s (%s", trace->count, trace->clients, (double)sim_length(trace) / SIM_SECOND,
	    report->source);
	if (report->made_up)
		fprintf(out, ", seed %" PRIu64, report->setup->seed);
	fprintf(out, "), %u server%s\n\n", report->setup->server_count, report->setup->server_count == 1 ? "" : "s");
	print_shares(out, report);
	for (unsigned i = 0; i < report->setup->change_count; i++)
		print_change(out, report, i);
}
