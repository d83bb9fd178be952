/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/report.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SECTIONS = 12, MAX_FIGURES = 96, MAX_SAMPLES = 32, MAX_NOTES = 12, MAX_TARGETS = 12, MAX_FACTS = 24, MAX_NAMES = 24 };

struct figure {
	char row[48];
	char column[24];
	double samples[MAX_SAMPLES];
	unsigned count;
};

struct target {
	char text[96];
	const char *unit;
	enum report_bound bound;
	double got;
	double limit;
	bool met;
};

struct section {
	const char *id;
	const char *title;
	const char *unit;
	struct figure figures[MAX_FIGURES];
	struct target targets[MAX_TARGETS];
	char notes[MAX_NOTES][256];
	unsigned figure_count;
	unsigned target_count;
	unsigned note_count;
};

struct fact {
	const char *name;
	char text[160];
};

struct report {
	struct section sections[MAX_SECTIONS];
	struct fact facts[MAX_FACTS];
	unsigned section_count;
	unsigned fact_count;
};

struct names {
	const char *name[MAX_NAMES];
	unsigned count;
};

struct report *report_new(void)
{
	return calloc(1, sizeof(struct report));
}

void report_free(struct report *report)
{
	free(report);
}

void report_fact(struct report *report, const char *name, const char *format, ...)
{
	struct fact *fact;
	va_list args;

	if (report->fact_count == MAX_FACTS)
		return;
	fact = &report->facts[report->fact_count++];
	fact->name = name;
	va_start(args, format);
	vsnprintf(fact->text, sizeof(fact->text), format, args);
	va_end(args);
}

void report_section(struct report *report, const char *id, const char *title, const char *unit)
{
	struct section *s;

	if (report->section_count == MAX_SECTIONS)
		return;
	s = &report->sections[report->section_count++];
	s->id = id;
	s->title = title;
	s->unit = unit;
}

static struct section *last_section(struct report *report)
{
	return &report->sections[report->section_count - 1];
}

void report_note(struct report *report, const char *format, ...)
{
	struct section *s = last_section(report);
	va_list args;

	if (s->note_count == MAX_NOTES)
		return;
	va_start(args, format);
	vsnprintf(s->notes[s->note_count++], sizeof(s->notes[0]), format, args);
	va_end(args);
}

static const struct figure *find_figure(const struct section *s, const char *row, const char *column)
{
	for (unsigned i = 0; i < s->figure_count; i++)
		if (!strcmp(s->figures[i].row, row) && !strcmp(s->figures[i].column, column))
			return &s->figures[i];
	return NULL;
}

void report_sample(struct report *report, const char *row, const char *column, double sample)
{
	struct section *s = last_section(report);
	struct figure *f = (struct figure *)find_figure(s, row, column);

	if (!f) {
		if (s->figure_count == MAX_FIGURES)
			return;
		f = &s->figures[s->figure_count++];
		snprintf(f->row, sizeof(f->row), "%s", row);
		snprintf(f->column, sizeof(f->column), "%s", column);
	}
	if (f->count < MAX_SAMPLES)
		f->samples[f->count++] = sample;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The q-quantile of a figure's samples: 0 least, 0.5 median, 1 greatest. */
static double quantile(const struct figure *f, double q)
{
	double sorted[MAX_SAMPLES], at;
	unsigned i;

	if (!f || !f->count)
		return NAN;
	memcpy(sorted, f->samples, f->count * sizeof(sorted[0]));
	qsort(sorted, f->count, sizeof(sorted[0]), by_value);
	at = q * (f->count - 1);
	i = (unsigned)at;
	if (i + 1 >= f->count)
		return sorted[f->count - 1];
	return sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]);
}

double report_median(const struct report *report, const char *row, const char *column)
{
	return quantile(find_figure(&report->sections[report->section_count - 1], row, column), 0.5);
}

void report_target(struct report *report, const char *text, double got, enum report_bound bound, double limit, const char *unit)
{
	struct section *s = last_section(report);
	struct target *t;

	if (s->target_count == MAX_TARGETS)
		return;
	t = &s->targets[s->target_count++];
	snprintf(t->text, sizeof(t->text), "%s", text);
	t->unit = unit;
	t->bound = bound;
	t->got = got;
	t->limit = limit;
	t->met = bound == REPORT_AT_MOST ? got <= limit : got >= limit;
}

static void names_add(struct names *names, const char *name)
{
	for (unsigned i = 0; i < names->count; i++)
		if (!strcmp(names->name[i], name))
			return;
	if (names->count < MAX_NAMES)
		names->name[names->count++] = name;
}

/* A column's number of flows ("65,536"), or 0. */
static unsigned long column_number(const char *name)
{
	unsigned long n = 0;

	for (; *name; name++)
		if (*name >= '0' && *name <= '9')
			n = n * 10 + (*name - '0');
	return n;
}

static int by_number(const void *a, const void *b)
{
	unsigned long x = column_number(*(const char *const *)a), y = column_number(*(const char *const *)b);

	return (x > y) - (x < y);
}

static void print_value(FILE *out, double value)
{
	if (isnan(value))
		fprintf(out, " %11s", "");
	else
		fprintf(out, " %11.*f", fabs(value) < 10 ? 2 : fabs(value) < 100 ? 1 : 0, value);
}

static void print_matrix(const struct section *s, FILE *out)
{
	struct names rows = {.count = 0}, columns = {.count = 0};

	for (unsigned i = 0; i < s->figure_count; i++) {
		names_add(&rows, s->figures[i].row);
		names_add(&columns, s->figures[i].column);
	}
	if (!rows.count)
		return;
	qsort(columns.name, columns.count, sizeof(columns.name[0]), by_number);
	fprintf(out, "  %-44s", s->unit);
	for (unsigned c = 0; c < columns.count; c++)
		fprintf(out, " %11s", columns.name[c]);
	fprintf(out, "\n");
	for (unsigned r = 0; r < rows.count; r++) {
		fprintf(out, "  %-44s", rows.name[r]);
		for (unsigned c = 0; c < columns.count; c++)
			print_value(out, quantile(find_figure(s, rows.name[r], columns.name[c]), 0.5));
		fprintf(out, "\n");
	}
}

/* How far the rounds lay apart: the median, over the figures, of the middle half of the samples by their median. */
static double spread(const struct section *s)
{
	struct figure spreads = {.count = 0};

	for (unsigned i = 0; i < s->figure_count && spreads.count < MAX_SAMPLES; i++) {
		const struct figure *f = &s->figures[i];

		if (f->count > 1)
			spreads.samples[spreads.count++] = (quantile(f, 0.75) - quantile(f, 0.25)) / quantile(f, 0.5);
	}
	return quantile(&spreads, 0.5);
}

static void print_section(const struct section *s, FILE *out)
{
	double apart = spread(s);

	fprintf(out, "%s\n", s->title);
	print_matrix(s, out);
	if (!isnan(apart))
		fprintf(out, "  (half of a figure's rounds lie within %.1f%%)\n", 100 * apart);
	for (unsigned i = 0; i < s->note_count; i++)
		fprintf(out, "  %s\n", s->notes[i]);
	for (unsigned i = 0; i < s->target_count; i++) {
		const struct target *t = &s->targets[i];

		fprintf(out, "  %-6s  %s: %.2f%s, target %s %.2f%s\n", t->met ? "met" : "MISSED", t->text, t->got, t->unit,
		    t->bound == REPORT_AT_MOST ? "at most" : "at least", t->limit, t->unit);
	}
	fprintf(out, "\n");
}

void report_print(const struct report *report, FILE *out)
{
	for (unsigned i = 0; i < report->fact_count; i++)
		fprintf(out, "%-12s %s\n", report->facts[i].name, report->facts[i].text);
	fprintf(out, "\n");
	for (unsigned i = 0; i < report->section_count; i++)
		print_section(&report->sections[i], out);
}

static json_t *figures_json(const struct section *s)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < s->figure_count; i++) {
		const struct figure *f = &s->figures[i];
		json_t *samples = json_array();

		for (unsigned k = 0; k < f->count; k++)
			json_array_append_new(samples, json_real(f->samples[k]));
		json_array_append_new(list, json_pack("{s:s, s:s, s:f, s:f, s:f, s:o}", "row", f->row, "column", f->column, "median",
						quantile(f, 0.5), "min", quantile(f, 0), "max", quantile(f, 1), "samples", samples));
	}
	return list;
}

static json_t *targets_json(const struct section *s)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < s->target_count; i++) {
		const struct target *t = &s->targets[i];

		json_array_append_new(list,
		    json_pack("{s:s, s:o, s:s, s:f, s:s, s:b}", "text", t->text, "got", isnan(t->got) ? json_null() : json_real(t->got),
			"bound", t->bound == REPORT_AT_MOST ? "at most" : "at least", "limit", t->limit, "unit", t->unit, "met", t->met));
	}
	return list;
}

static json_t *section_json(const struct section *s)
{
	json_t *notes = json_array();

	for (unsigned i = 0; i < s->note_count; i++)
		json_array_append_new(notes, json_string(s->notes[i]));
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "id", s->id, "title", s->title, "unit", s->unit, "figures", figures_json(s),
	    "targets", targets_json(s), "notes", notes);
}

int report_json(const struct report *report, FILE *out)
{
	json_t *facts = json_object(), *sections = json_array(), *root;
	int err;

	for (unsigned i = 0; i < report->fact_count; i++)
		json_object_set_new(facts, report->facts[i].name, json_string(report->facts[i].text));
	for (unsigned i = 0; i < report->section_count; i++)
		json_array_append_new(sections, section_json(&report->sections[i]));
	root = json_pack("{s:o, s:o}", "facts", facts, "sections", sections);
	if (!root)
		return -ENOMEM;
	err = json_dumpf(root, out, JSON_INDENT(1) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
	json_decref(root);
	return err ? -EIO : 0;
}
