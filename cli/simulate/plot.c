// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: the picture
 *
 * A row a scheduler, all to one scale: on the left which part of the connections each server got, on the right the imbalance over time. The
 * first row is what the weights ask for. One SVG that needs nothing else.
 */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>

#include "cli/simulate/simulate.h"

/* Geometry, in pixels. */
enum {
	WIDTH = 960,
	MARGIN = 28,
	NAMES = 84, /* where the bars begin */
	BAR_WIDTH = 330,
	BAR_HEIGHT = 22,
	LINES = 470, /* where the lines begin */
	LINES_WIDTH = 330,
	FIGURES = 824, /* where the figures begin */
	HEAD = 132, /* above the first row */
	ROW = 50,
	LINES_HEIGHT = 36,
	FOOT = 34,
	LABELLED = 8, /* with more servers the bars have no figures and the legend no addresses */
};

#define PALETTE 8
/* Okabe and Ito's: told apart by the colour-blind too. The last of two hues where there are many servers. */
static const char *const palette[PALETTE] = {"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7f7f7f"};

struct plot {
	FILE *out;
	const struct sim_report *report;
	double top; /* of the imbalance's scale */
	double seconds;
};

/* Text between tags: what would be markup is escaped, what can't be shown is left out. */
static void print_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '&': fputs("&amp;", out); break;
		default:
			if ((unsigned char)*text >= ' ' && (unsigned char)*text < 0x7f)
				fputc(*text, out);
		}
	}
}

__attribute__((format(printf, 5, 6))) static void label(
    const struct plot *plot, double x, double y, const char *class, const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(plot->out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, class);
	print_text(plot->out, text);
	fputs("</text>\n", plot->out);
}

static const char *colour(const struct plot *plot, unsigned server)
{
	return plot->report->setup->server_count <= PALETTE ? palette[server] : palette[server % 2 ? 4 : 0];
}

/* One server's part of a bar, and its figure if there is room. */
static double draw_part(const struct plot *plot, double x, double y, const char *fill, double part)
{
	double width = part * BAR_WIDTH;

	if (width <= 0)
		return x;
	fprintf(plot->out, "<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%d\" fill=\"%s\"/>\n", x, y, width, BAR_HEIGHT, fill);
	if (plot->report->setup->server_count <= LABELLED && width >= 32)
		label(plot, x + width / 2, y + BAR_HEIGHT - 6.5, *fill == '#' ? "in" : "on", "%.1f", 100 * part);
	return x + width;
}

/* result NULL: what the weights ask for. */
static void draw_bar(const struct plot *plot, double y, const struct sim_result *result)
{
	const struct sim_setup *setup = plot->report->setup;
	double x = NAMES;

	for (unsigned i = 0; i < setup->server_count; i++)
		x = draw_part(plot, x, y, colour(plot, i), result ? (double)result->conns[i] / result->total : sim_due(setup, i));
	if (result && result->refused)
		draw_part(plot, x, y, "url(#refused)", (double)result->refused / result->total);
	fprintf(plot->out, "<rect x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%d\" class=\"frame\"/>\n", NAMES, y, BAR_WIDTH, BAR_HEIGHT);
}

/* An imbalance as a distance from the foot of its panel: logarithmic, so that 1.1 and 1.2 are apart where others are at 4. */
static double height(const struct plot *plot, double imbalance)
{
	double h = imbalance <= 1 ? 0 : log(imbalance) / log(plot->top);

	return (h > 1 ? 1 : h) * LINES_HEIGHT;
}

static void draw_grid(const struct plot *plot, double foot)
{
	static const double lines[] = {1, 1.5, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000};
	double last = 1e9;

	fprintf(plot->out, "<rect x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%d\" class=\"panel\"/>\n", LINES, foot - LINES_HEIGHT,
	    LINES_WIDTH, LINES_HEIGHT);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]) && lines[i] <= plot->top; i++) {
		double y = foot - height(plot, lines[i]);

		fprintf(plot->out, "<path d=\"M%d %.1fh%d\" class=\"grid\"/>\n", LINES, y, LINES_WIDTH);
		if (last - y < 11)
			continue;
		label(plot, LINES - 5, y + 3.5, "tick", "%g", lines[i]);
		last = y;
	}
}

/* The line breaks where there was nothing to look at. */
static void draw_line(const struct plot *plot, double foot, const struct sim_result *result)
{
	bool on = false;

	fputs("<path d=\"", plot->out);
	for (unsigned i = 0; i < SIM_SAMPLES; i++) {
		if (result->series[i] > 0)
			fprintf(plot->out, "%s%.1f %.1f", on ? "L" : "M", LINES + (double)LINES_WIDTH * (i + 1) / SIM_SAMPLES,
			    foot - height(plot, result->series[i]));
		on = result->series[i] > 0;
	}
	fputs("\" class=\"line\"/>\n", plot->out);
}

static void draw_changes(const struct plot *plot, double from, double to)
{
	const struct sim_setup *setup = plot->report->setup;

	for (unsigned i = 0; i < setup->change_count; i++) {
		const struct sim_change *c = &setup->changes[i];
		double x = LINES + (plot->seconds > 0 ? (double)c->at / SIM_SECOND / plot->seconds * LINES_WIDTH : 0);

		fprintf(plot->out, "<path d=\"M%.1f %.1fV%.1f\" class=\"change\"/>\n", x, from, to);
		label(plot, x, from - 4, "tick mid", "%u %s", c->server + 1, c->join ? "joins" : "leaves");
	}
}

static void draw_row(const struct plot *plot, double y, const struct sim_result *result)
{
	label(plot, NAMES - 12, y + BAR_HEIGHT - 6, "name", "%s", result->name);
	draw_bar(plot, y, result);
	draw_grid(plot, y + BAR_HEIGHT + 7);
	draw_line(plot, y + BAR_HEIGHT + 7, result);
	if (result->max > 0) {
		label(plot, FIGURES + 34, y + BAR_HEIGHT - 6, "figure", "%.2f", result->mean);
		label(plot, FIGURES + 72, y + BAR_HEIGHT - 6, "figure", "%.2f", result->p99);
		label(plot, FIGURES + 110, y + BAR_HEIGHT - 6, "figure", "%.2f", result->max);
	}
}

static void draw_legend(const struct plot *plot)
{
	const struct sim_setup *setup = plot->report->setup;
	double x = MARGIN;

	if (setup->server_count > LABELLED) {
		label(plot, MARGIN, 76, "note", "A bar's parts are the %u servers, from the first on the left.", setup->server_count);
		return;
	}
	for (unsigned i = 0; i < setup->server_count;
	    i++, x += (WIDTH - 2.0 * MARGIN) / (setup->server_count > 4 ? setup->server_count : 4)) {
		char text[SIM_END_TEXT];

		sim_end_text(&setup->servers[i].at.addr, setup->servers[i].at.port, text);
		fprintf(plot->out, "<rect x=\"%.1f\" y=\"66\" width=\"12\" height=\"12\" fill=\"%s\"/>\n", x, colour(plot, i));
		if (setup->server_count <= 4)
			label(plot, x + 18, 76, "note", "%u  %s", i + 1, text);
		else
			label(plot, x + 18, 76, "note", "server %u", i + 1);
	}
}

static void draw_head(const struct plot *plot)
{
	const struct sim_report *report = plot->report;

	label(plot, MARGIN, 36, "title", "%u connections of %u clients in %.0f s, %u servers", report->trace->count, report->trace->clients,
	    plot->seconds, report->setup->server_count);
	label(plot, MARGIN, 54, "note", "sluice simulate: %.120s%s", report->source, report->made_up ? " (made up)" : "");
	draw_legend(plot);
	label(plot, NAMES, 108, "column", "Share of the connections, %%");
	label(plot, LINES, 108, "column", "Imbalance over time (most / mean, by weight)");
	label(plot, FIGURES + 34, 108, "figure", "mean");
	label(plot, FIGURES + 72, 108, "figure", "99%%");
	label(plot, FIGURES + 110, 108, "figure", "most");
}

static void begin(const struct plot *plot, int tall)
{
	fprintf(plot->out,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n"
	    "<style>text{font:12px system-ui,'DejaVu Sans',sans-serif;fill:#222}.title{font-size:17px;font-weight:600}.note{fill:#555}"
	    ".column{font-weight:600}.name{text-anchor:end;font-weight:600;font-size:13px}.in{text-anchor:middle;font-size:11px;"
	    "fill:#fff;paint-order:stroke;stroke:#0006;stroke-width:2px}.on{text-anchor:middle;font-size:11px;paint-order:stroke;stroke:#"
	    "fff;stroke-width:4px}.tick{font-size:9.5px;fill:#777;text-anchor:end}"
	    ".mid{text-anchor:middle}.figure{text-anchor:end;font-size:11.5px}.grid{stroke:#ddd;fill:none}.panel{fill:#fafafa}"
	    ".line{stroke:#0072b2;stroke-width:1.3;fill:none;stroke-linejoin:round}.change{stroke:#d55e00;stroke-dasharray:3 3;fill:none}"
	    ".frame{fill:none;stroke:#0003}</style>\n"
	    "<defs><pattern id=\"refused\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
	    "<rect width=\"6\" height=\"6\" fill=\"#eee\"/><rect width=\"2\" height=\"6\" fill=\"#999\"/></pattern></defs>\n"
	    "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
	    WIDTH, tall, WIDTH, tall, WIDTH, tall);
}

/* The scale's top: the worst there was, but not so little that noise looks like much. */
static double scale(const struct sim_report *report)
{
	double top = 1.5;

	for (unsigned r = 0; r < report->count; r++)
		top = report->results[r].max > top ? report->results[r].max : top;
	return top;
}

void sim_plot(FILE *out, const struct sim_report *report)
{
	struct plot plot = {.out = out, .report = report, .top = scale(report), .seconds = (double)sim_length(report->trace) / SIM_SECOND};
	int tall = HEAD + ROW * report->count + BAR_HEIGHT + FOOT;
	double y = HEAD - 12, last = HEAD + ROW * report->count + BAR_HEIGHT;

	begin(&plot, tall);
	draw_head(&plot);
	label(&plot, NAMES - 12, y + BAR_HEIGHT - 6, "name", "weights");
	draw_bar(&plot, y, NULL);
	for (unsigned i = 0; i < report->count; i++)
		draw_row(&plot, HEAD + ROW * (i + 1) - 12, &report->results[i]);
	draw_changes(&plot, HEAD + ROW - 20, last);
	label(&plot, LINES, last + 16, "tick", "0");
	label(&plot, LINES + LINES_WIDTH, last + 16, "tick", "%.0f s", plot.seconds);
	label(&plot, NAMES, last + 22, "note", "Hatched: refused, for want of a server that may take one.");
	fputs("</svg>\n", out);
}
