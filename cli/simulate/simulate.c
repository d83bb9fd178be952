// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/sluice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/simulate/simulate.h"

static const enum sl_sched every[] = {
#define X(name, number, text) SL_SCHED_##name,
#include "sluice/sched.def"
#undef X
};
#define SCHEDS (sizeof(every) / sizeof(every[0]))

static int failed(const char *what, const char *name, int err)
{
	fprintf(stderr, "sluice simulate: %s %s: %s\n", what, name, strerror(-err));
	return SLUICE_FAILED;
}

/* A trace of a file, or of standard input. */
static int read_trace(const char *name, struct sim_trace *trace)
{
	bool is_stdin = strcmp(name, "-") == 0;
	FILE *in = is_stdin ? stdin : fopen(name, "re");
	int err;

	if (!in)
		return failed("can't open", name, -errno);
	err = sim_trace_read(in, is_stdin ? "standard input" : name, stderr, trace);
	if (!is_stdin)
		fclose(in);
	if (err && err != -EINVAL)
		return failed("can't read", name, err);
	return err ? SLUICE_FAILED : SLUICE_OK;
}

static int get_trace(const struct sim_args *args, struct sim_trace *trace)
{
	int err;

	if (args->source)
		return read_trace(args->source, trace);
	err = sim_model_trace(&args->model, args->setup.seed, trace);
	return err ? failed("can't make", "a trace", err) : SLUICE_OK;
}

static int write_trace(const char *name, const struct sim_trace *trace)
{
	FILE *out = fopen(name, "we");
	bool bad;

	if (!out)
		return failed("can't write", name, -errno);
	sim_trace_write_all(out, trace);
	bad = ferror(out);
	if (fclose(out) != 0 || bad)
		return failed("can't write", name, -errno);
	return SLUICE_OK;
}

/* The servers that were recorded are the servers, where nobody named others. */
static bool servers_of_trace(struct sim_setup *setup, const struct sim_trace *trace)
{
	if (!trace->server_count)
		return false;
	for (unsigned i = 0; i < trace->server_count; i++)
		setup->servers[i].at = trace->servers[i];
	setup->server_count = trace->server_count;
	return true;
}

/* What the words mean together. */
static int check(const struct sluice_args *from, const struct sim_args *args, const struct sim_trace *trace)
{
	const struct sim_setup *setup = &args->setup;
	double length = (double)sim_length(trace) / SIM_SECOND;

	for (unsigned i = 0; i < setup->change_count; i++) {
		const struct sim_change *c = &setup->changes[i];
		const char *what = c->join ? "join" : "leave";

		if (c->server >= setup->server_count)
			return sluice_wrong(from, "there is no server %u to %s: there are %u", c->server + 1, what, setup->server_count);
		if (c->at > sim_length(trace))
			return sluice_wrong(from, "no server can %s at %.3f s: the last connection begins at %.3f s", what,
			    (double)c->at / SIM_SECOND, length);
	}
	for (unsigned i = 0; i < setup->server_count; i++)
		if (setup->servers[i].lower > setup->servers[i].upper)
			return sluice_wrong(from, "server %u: the lower threshold, %u, is above the upper one, %u", i + 1,
			    setup->servers[i].lower, setup->servers[i].upper);
	return SLUICE_OK;
}

static int print(const struct sim_args *args, const struct sim_report *report)
{
	FILE *plot;
	bool bad;

	if (args->json && sim_print_json(stdout, report))
		return failed("can't print", "the result", -ENOMEM);
	if (!args->json)
		sim_print_text(stdout, report);
	if (!args->plot)
		return SLUICE_OK;
	plot = fopen(args->plot, "we");
	if (!plot)
		return failed("can't write", args->plot, -errno);
	sim_plot(plot, report);
	bad = ferror(plot);
	if (fclose(plot) != 0 || bad)
		return failed("can't write", args->plot, -errno);
	return SLUICE_OK;
}

/* Every wanted scheduler, one after the other; what the director did comes first. */
static int run_all(const struct sim_args *args, const struct sim_trace *trace, bool recorded)
{
	struct sim_result *results = calloc(SCHEDS + 1, sizeof(*results));
	struct sim_report report = {.trace = trace,
	    .setup = &args->setup,
	    .source = args->source ? args->source : args->models,
	    .made_up = !args->source,
	    .results = results};
	bool all = true;
	int err = results ? 0 : -ENOMEM, status;

	for (size_t i = 0; i < SIM_SCHEDS; i++)
		all = all && !args->scheds[i];
	if (recorded && !err)
		err = sim_run(trace, &args->setup, 0, &results[report.count++]);
	for (size_t i = 0; i < SCHEDS && !err; i++)
		if (all || args->scheds[every[i]])
			err = sim_run(trace, &args->setup, every[i], &results[report.count++]);
	status = err ? failed("can't simulate", report.source, err) : print(args, &report);
	free(results);
	return status;
}

static int run_trace(const struct sluice_args *from, struct sim_args *args, struct sim_trace *trace)
{
	struct sim_end virtual;
	bool recorded = false;
	uint8_t proto = 0;
	int status = args->service ? sim_service(args, &virtual, &proto) : SLUICE_OK;

	if (status == SLUICE_OK)
		status = get_trace(args, trace);
	if (status != SLUICE_OK)
		return status;
	if (args->source && proto)
		sim_trace_only(trace, proto, &virtual);
	if (!trace->count) {
		fprintf(stderr, "sluice simulate: there is no connection in %s\n", args->source);
		return SLUICE_FAILED;
	}
	if (args->model.number[SIM_SLOW_SERVER] > 0)
		args->setup.servers[0].slow = args->model.number[SIM_SLOW_SERVER];
	if (!args->servers_said && !args->service)
		recorded = servers_of_trace(&args->setup, trace);
	status = check(from, args, trace);
	if (status == SLUICE_OK && args->write)
		status = write_trace(args->write, trace);
	return status == SLUICE_OK ? run_all(args, trace, recorded) : status;
}

static int run(const struct sluice_args *from)
{
	struct sim_args *args = calloc(1, sizeof(*args));
	struct sim_trace *trace = calloc(1, sizeof(*trace));
	int status = SLUICE_FAILED;

	if (args && trace)
		status = sim_args(from, args);
	else
		fprintf(stderr, "sluice simulate: out of memory\n");
	if (status == SLUICE_OK)
		status = run_trace(from, args, trace);
	if (trace)
		sim_trace_fini(trace);
	free(args);
	free(trace);
	return status;
}

static const struct sluice_word words[] = {{"TRACE", SLUICE_TEXT, .count = SLUICE_MAYBE}, {}};

static const struct sluice_name flags[] = {
    {"sh-fallback", NULL},
    {"sh-port", NULL},
    {"mh-fallback", NULL},
    {"mh-port", NULL},
    {},
};

static const struct sluice_option options[] = {
    {"scheduler", SLUICE_LIST, "NAMES", .text = "only these schedulers", .names = sluice_schedulers},
    {"flags", SLUICE_LIST, "FLAGS", .text = "the schedulers' flags:", .names = flags},
    {"servers", SLUICE_TEXT, "SERVERS", .text = "how many servers (4), or each one's ADDRESS:PORT; without, those of the trace"},
    {"weights", SLUICE_TEXT, "WEIGHTS", .text = "each one's weight (1)"},
    {"upper", SLUICE_TEXT, "NUMBERS", .text = "each one's upper threshold, or one for all: connections at which it gets no more"},
    {"lower", SLUICE_TEXT, "NUMBERS", .text = "each one's lower threshold, below which it gets some again"},
    {"service", SLUICE_SERVICE, "SERVICE",
	.text = "servers, weights, thresholds, flags and persistence of this service of the running director"},
    {"slow", SLUICE_TEXT, "SERVER:FACTOR", .text = "connections last so many times as long on this server; may be repeated"},
    {"leave", SLUICE_TEXT, "TIME:SERVER", .text = "this server leaves then; may be repeated"},
    {"join", SLUICE_TEXT, "TIME:SERVER", .text = "this server joins then; may be repeated"},
    {"persist", SLUICE_TIME, "TIME", .text = "persistence"},
    {"linger", SLUICE_TIME, "TIME", .text = "how long a TCP connection that has ended stays inactive (2m)"},
    {"warmup", SLUICE_TIME, "TIME", .text = "the imbalance is looked at from here on (a tenth of the trace)"},
    {"model", SLUICE_TEXT, "MODELS", .text = "poisson, heavy-tail[=ALPHA], big-client[=PART], slow-server[=FACTOR], or some of them"},
    {"connections", SLUICE_NUMBER, "NUMBER", .text = "a model's connections (100000)", .least = 1, .most = SIM_MAX_CONNS},
    {"rate", SLUICE_TEXT, "NUMBER", .text = "and how many a second (1000)"},
    {"mean", SLUICE_TIME, "TIME", .text = "and how long they last on average (10s)", .least = 1, .most = 86400000},
    {"clients", SLUICE_NUMBER, "NUMBER", .text = "and of how many clients (10000)", .least = 1, .most = SIM_MAX_CLIENTS},
    {"virtuals", SLUICE_NUMBER, "NUMBER", .text = "and to how many virtual addresses (1)", .least = 1, .most = SIM_MAX_VIRTUALS},
    {"seed", SLUICE_NUMBER, "NUMBER", .text = "for everything that is drawn (1)", .least = 0, .most = 4294967295},
    {"plot", SLUICE_TEXT, "FILE", .text = "draw shares and imbalance as SVG"},
    {"write", SLUICE_TEXT, "FILE", .text = "write the trace that was simulated"},
    {},
};

static const struct sluice_name examples[] = {
    {"simulate --weights 4,3,2,1 --model heavy-tail", "every scheduler, connections of very different length"},
    {"simulate --scheduler sh,mh --servers 8 --leave 40s:3", "whom it moves when the third of eight servers leaves"},
    {"simulate --slow 1:5 --scheduler wrr,wlc,sed --plot slow.svg", "one server is slow"},
    {"simulate trace --service tcp/192.0.2.1:80", "what sluice record wrote, through every scheduler"},
    {},
};

const struct sluice_command sluice_cmd_simulate = {
    .name = "simulate",
    .what = "what would each scheduler have done with these connections?",
    .help = "TRACE is a file that `sluice record' wrote, - for standard input; without one the connections are made up by models. "
	    "They go\n"
	    "through the schedulers' own code. The imbalance is the most connections of a server over the mean of all, by weight, while\n"
	    "the trace runs: on average, what it is at most 99% of the time, and at its worst. 1 is perfect. Then come the connections\n"
	    "refused for want of a server, and each server's part of all in percent. docs/simulate.md tells more.\n",
    .examples = examples,
    .words = words,
    .options = options,
    .run = run,
};
