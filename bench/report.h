/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H
/*
 * DOC: the report
 *
 * Figures stand in sections; a section is a matrix of rows (what was measured) and columns (with how many flows). Every
 * round adds one sample to each figure; the report shows medians. Targets and notes belong to a section, facts
 * (machine, kernel, versions) to the whole report. The same content is printed as text and as JSON.
 */

#include <stdbool.h>
#include <stdio.h>

struct report;

enum report_bound { REPORT_AT_MOST, REPORT_AT_LEAST };

struct report *report_new(void); /* NULL without memory */
void report_free(struct report *report);

void report_fact(struct report *report, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Begins a section; what follows belongs to it. The strings must outlive the report. */
void report_section(struct report *report, const char *id, const char *title, const char *unit);
void report_note(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One sample of the figure at (row, column) of the present section. */
void report_sample(struct report *report, const char *row, const char *column, double sample);

/* Median of the samples so far; NAN if there are none. */
double report_median(const struct report *report, const char *row, const char *column);

/* Is `got` within `bound` of `limit`? A NAN is a miss. */
void report_target(struct report *report, const char *text, double got, enum report_bound bound, double limit, const char *unit);

void report_print(const struct report *report, FILE *out);
int report_json(const struct report *report, FILE *out); /* 0 or -errno */

#endif
