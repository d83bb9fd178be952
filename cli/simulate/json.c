// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "cli/simulate/simulate.h"

static double seconds(uint64_t us)
{
	return (double)us / SIM_SECOND;
}

static json_t *trace_json(const struct sim_report *report)
{
	const struct sim_trace *trace = report->trace;
	json_t *object = json_pack("{s:s, s:I, s:I, s:f}", "source", report->source, "connections", (json_int_t)trace->count, "clients",
	    (json_int_t)trace->clients, "seconds", seconds(sim_length(trace)));

	if (report->made_up)
		json_object_set_new(object, "seed", json_integer(report->setup->seed));
	return object;
}

static json_t *servers_json(const struct sim_setup *setup)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < setup->server_count; i++) {
		const struct sim_server *s = &setup->servers[i];
		char text[SIM_END_TEXT];

		sim_end_text(&s->at.addr, s->at.port, text);
		json_array_append_new(list,
		    json_pack("{s:I, s:s, s:I, s:f, s:I, s:I}", "server", (json_int_t)i + 1, "address", text, "weight",
			(json_int_t)s->weight, "due", sim_due(setup, i), "upper", (json_int_t)s->upper, "lower", (json_int_t)s->lower));
	}
	return list;
}

static json_t *shares_json(const struct sim_report *report, const struct sim_result *result)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < report->setup->server_count; i++)
		json_array_append_new(
		    list, json_pack("{s:I, s:I, s:f}", "server", (json_int_t)i + 1, "connections", (json_int_t)result->conns[i], "share",
			      result->total ? (double)result->conns[i] / result->total : 0.0));
	return list;
}

static json_t *changes_json(const struct sim_report *report, const struct sim_result *result)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < report->setup->change_count; i++) {
		const struct sim_change *change = &report->setup->changes[i];
		const struct sim_moved *m = &result->moved[i];
		json_t *object = json_pack("{s:f, s:s, s:I, s:I}", "time", seconds(change->at), "change", change->join ? "join" : "leave",
		    "server", (json_int_t)change->server + 1, "open", (json_int_t)m->open);

		if (m->stable)
			json_object_set_new(object, "moved",
			    json_pack("{s:I, s:I, s:I}", "clients", (json_int_t)m->clients, "had_to", (json_int_t)m->had_to, "needless",
				(json_int_t)m->needless));
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *series_json(const struct sim_result *result)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < SIM_SAMPLES; i++)
		json_array_append_new(list, result->series[i] > 0 ? json_real(result->series[i]) : json_null());
	return list;
}

static json_t *result_json(const struct sim_report *report, const struct sim_result *result)
{
	json_t *imbalance = result->max > 0 ? json_pack("{s:f, s:f, s:f, s:o}", "mean", result->mean, "p99", result->p99, "max",
						  result->max, "samples", series_json(result))
					    : json_null();

	return json_pack("{s:s, s:o, s:I, s:o, s:o}", "scheduler", result->name, "imbalance", imbalance, "refused",
	    (json_int_t)result->refused, "servers", shares_json(report, result), "changes", changes_json(report, result));
}

int sim_print_json(FILE *out, const struct sim_report *report)
{
	json_t *results = json_array(), *all;
	int err;

	for (unsigned i = 0; i < report->count; i++)
		json_array_append_new(results, result_json(report, &report->results[i]));
	all = json_pack("{s:o, s:o, s:o}", "trace", trace_json(report), "servers", servers_json(report->setup), "results", results);
	err = all && json_dumpf(all, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) == 0 ? 0 : -ENOMEM;
	fputc('\n', out);
	json_decref(all);
	return err;
}
