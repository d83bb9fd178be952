/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trace from anywhere: read, and what was understood written and read again, the same; then a part of it simulated. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "cli/simulate/simulate.h"

static int read_from(const void *data, size_t size, struct sim_trace *trace)
{
	FILE *in = fmemopen((void *)data, size, "r"), *err = fopen("/dev/null", "w");
	int failed;

	fuzz_check(in && err);
	sim_trace_init(trace);
	failed = sim_trace_read(in, "trace", err, trace);
	fclose(in);
	fclose(err);
	return failed;
}

static void check(const struct sim_trace *trace)
{
	fuzz_check(trace->clients <= trace->count && trace->server_count <= SIM_MAX_SERVERS);
	for (uint32_t i = 0; i < trace->count; i++) {
		const struct sim_conn *c = &trace->conns[i];

		fuzz_check(c->who < trace->clients && (c->server == SIM_NO_SERVER || c->server < trace->server_count));
		fuzz_check(!i || c[-1].start <= c->start);
	}
}

static void again(const struct sim_trace *trace)
{
	struct sim_trace second;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	sim_trace_write_all(out, trace);
	fclose(out);
	fuzz_check(read_from(text, size, &second) == 0 && second.count == trace->count && second.clients == trace->clients);
	for (uint32_t i = 0; i < trace->count; i++)
		fuzz_check(second.conns[i].start == trace->conns[i].start && second.conns[i].lasts == trace->conns[i].lasts);
	sim_trace_fini(&second);
	free(text);
}

static void simulate(const struct sim_trace *trace)
{
	static struct sim_setup setup;
	static struct sim_result result;
	uint64_t given = 0;

	setup.server_count = trace->server_count < 8 ? trace->server_count : 8;
	for (unsigned i = 0; i < setup.server_count; i++)
		setup.servers[i] = (struct sim_server){.at = trace->servers[i], .weight = i, .slow = 1, .upper = 5};
	setup.persist = SIM_SECOND;
	fuzz_check(sim_run(trace, &setup, trace->count % 2 ? SL_SCHED_WLC : SL_SCHED_WRR, &result) == 0);
	for (unsigned i = 0; i < setup.server_count; i++)
		given += result.conns[i];
	fuzz_check(given + result.refused == trace->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sim_trace trace;

	if (!size)
		return 0;
	if (read_from(data, size, &trace) == 0) {
		check(&trace);
		again(&trace);
		simulate(&trace);
	}
	sim_trace_fini(&trace);
	return 0;
}
