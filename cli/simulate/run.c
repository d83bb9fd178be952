// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: one scheduler, one trace
 *
 * Connections begin in the trace's order. Between two of them happens, in the order of time, what is due: connections end (a heap), those
 * that ended are forgotten (TCP's and UDP's stay equally long, so each is a queue), servers leave and come, the imbalance is looked at.
 * What is due at the same moment happens in that order, and before a connection begins.
 *
 * As in IPVS a TCP connection is active until it ends, then inactive until it is forgotten; a UDP one is inactive all the time. The
 * imbalance counts connections between their beginning and their end, whatever they are to IPVS.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "cli/simulate/core.h"
#include "cli/simulate/heap.h"

/* Those to be forgotten: each connection comes in once, in order. */
struct queue {
	struct sim_due *due;
	uint32_t head, tail;
};

/* A client's persistence. */
struct template
{
	uint64_t until;
	uint32_t conns; /* under it */
	uint16_t server; /* + 1; 0: there was never one */
};

struct run {
	const struct sim_trace *trace;
	const struct sim_setup *setup;
	struct sim_result *result;
	enum sl_sched sched; /* 0: as recorded */
	struct sim_heap ends;
	struct queue tcp, udp;
	struct template *templates; /* by client; NULL: no persistence */
	uint16_t *before; /* by client: its server before a change */
	uint32_t *probe; /* by client: its first connection */
	uint32_t open[SIM_MAX_SERVERS];
	bool present[SIM_MAX_SERVERS];
	uint16_t order[SIM_MAX_SERVERS]; /* of those present, newest first */
	unsigned count;
	unsigned change, sample; /* the next */
	uint64_t length;
};

uint64_t sim_length(const struct sim_trace *trace)
{
	return trace->count ? trace->conns[trace->count - 1].start : 0;
}

static uint16_t pick(const struct run *run, const struct sim_conn *conn, uint64_t now)
{
	if (run->sched)
		return sim_core_pick(conn, now);
	return conn->server < run->setup->server_count ? conn->server : SIM_NO_SERVER;
}

static void load(const struct run *run, uint16_t server, int active, int inactive)
{
	if (run->sched)
		sim_core_load(run->setup->servers, server, active, inactive);
}

/* The largest number of open connections a weight has, over the mean of all: 1 is perfect. 0: there are none. */
static double imbalance(const struct run *run)
{
	double worst = 0, weights = 0, conns = 0;

	for (unsigned i = 0; i < run->count; i++) {
		uint16_t server = run->order[i];
		double weight = run->setup->servers[server].weight, open = run->open[server];

		if (weight <= 0)
			continue;
		weights += weight;
		conns += open;
		worst = open / weight > worst ? open / weight : worst;
	}
	return conns > 0 ? worst * weights / conns : 0;
}

static uint64_t sample_time(const struct run *run, unsigned i)
{
	return run->length / SIM_SAMPLES * (i + 1) + run->length % SIM_SAMPLES * (i + 1) / SIM_SAMPLES;
}

/* The server's place among those present: behind it the list closes up, in front is the newest. */
static void enter(struct run *run, uint16_t server)
{
	memmove(run->order + 1, run->order, run->count++ * sizeof(*run->order));
	run->order[0] = server;
	run->present[server] = true;
}

static void leave(struct run *run, uint16_t server)
{
	unsigned at = 0;

	while (run->order[at] != server)
		at++;
	memmove(run->order + at, run->order + at + 1, (--run->count - at) * sizeof(*run->order));
	run->present[server] = false;
}

static void probe_before(struct run *run, uint64_t now)
{
	for (uint32_t i = 0; i < run->trace->clients; i++)
		run->before[i] = pick(run, &run->trace->conns[run->probe[i]], now);
}

static void probe_after(struct run *run, const struct sim_change *change, struct sim_moved *moved)
{
	for (uint32_t i = 0; i < run->trace->clients; i++) {
		uint16_t was = run->before[i], is = pick(run, &run->trace->conns[run->probe[i]], change->at);

		if (was == SIM_NO_SERVER || is == SIM_NO_SERVER)
			continue;
		moved->clients++;
		if (was == is)
			continue;
		if ((change->join ? is : was) == change->server)
			moved->had_to++;
		else
			moved->needless++;
	}
}

/* A server leaves or joins; what is there already, or is not, stays so. */
static int do_change(struct run *run, const struct sim_change *change)
{
	struct sim_moved *moved = &run->result->moved[run->change++];
	bool probed = run->probe && run->sched;
	int err = 0;

	*moved = (struct sim_moved){.open = run->open[change->server], .stable = probed};
	if (run->present[change->server] == change->join || !run->sched)
		return 0;
	if (probed)
		probe_before(run, change->at);
	if (change->join)
		enter(run, change->server);
	else
		leave(run, change->server);
	err = sim_core_switch(run->setup->servers, run->order, run->count);
	if (probed && !err)
		probe_after(run, change, moved);
	return err;
}

static void forget(struct run *run, struct sim_due due)
{
	if (run->templates)
		run->templates[due.who].conns--;
	load(run, due.server, 0, -1);
}

static void end(struct run *run, struct sim_due due)
{
	struct queue *queue = due.proto == IPPROTO_UDP ? &run->udp : &run->tcp;

	run->open[due.server]--;
	if (due.proto != IPPROTO_UDP)
		load(run, due.server, -1, 1);
	due.at += due.proto == IPPROTO_UDP ? SIM_UDP_LINGER : run->setup->linger;
	queue->due[queue->tail++] = due;
}

enum what { END, FORGET_TCP, FORGET_UDP, CHANGE, SAMPLE, WHATS };

/* When the next of each kind is due. */
static void next_times(const struct run *run, uint64_t ret_at[WHATS])
{
	const struct sim_setup *setup = run->setup;

	ret_at[END] = run->ends.count ? run->ends.due[0].at : SIM_NEVER;
	ret_at[FORGET_TCP] = run->tcp.head < run->tcp.tail ? run->tcp.due[run->tcp.head].at : SIM_NEVER;
	ret_at[FORGET_UDP] = run->udp.head < run->udp.tail ? run->udp.due[run->udp.head].at : SIM_NEVER;
	ret_at[CHANGE] = run->change < setup->change_count ? setup->changes[run->change].at : SIM_NEVER;
	ret_at[SAMPLE] = run->sample < SIM_SAMPLES ? sample_time(run, run->sample) : SIM_NEVER;
}

/* Everything that is due up to now. */
static int advance(struct run *run, uint64_t now)
{
	int err = 0;

	while (!err) {
		uint64_t at[WHATS];
		enum what first = END;

		next_times(run, at);
		for (enum what i = END + 1; i < WHATS; i++)
			first = at[i] < at[first] ? i : first;
		if (at[first] > now || at[first] == SIM_NEVER)
			return 0;
		switch (first) {
		case END: end(run, sim_heap_pop(&run->ends)); break;
		case FORGET_TCP: forget(run, run->tcp.due[run->tcp.head++]); break;
		case FORGET_UDP: forget(run, run->udp.due[run->udp.head++]); break;
		case CHANGE: err = do_change(run, &run->setup->changes[run->change]); break;
		default: run->result->series[run->sample++] = imbalance(run); break;
		}
	}
	return err;
}

/* The template's server, if it is there and may be used; overloaded or not, as in IPVS. */
static uint16_t persistent(const struct run *run, const struct sim_conn *conn)
{
	const struct template *t = run->templates ? &run->templates[conn->who] : NULL;

	if (!t || !t->server || (!t->conns && t->until <= conn->start) || !run->present[t->server - 1])
		return SIM_NO_SERVER;
	return t->server - 1;
}

static int begin(struct run *run, const struct sim_conn *conn)
{
	uint16_t server = persistent(run, conn);
	struct sim_due due = {.who = conn->who, .proto = conn->proto};
	double slow;

	if (server == SIM_NO_SERVER)
		server = pick(run, conn, conn->start);
	if (server == SIM_NO_SERVER) {
		run->result->refused++;
		return 0;
	}
	if (run->templates) {
		struct template *t = &run->templates[conn->who];

		*t = (struct template){.until = conn->start + run->setup->persist, .conns = t->conns + 1, .server = server + 1};
	}
	run->result->conns[server]++;
	run->open[server]++;
	load(run, server, conn->proto != IPPROTO_UDP, conn->proto == IPPROTO_UDP);
	if (conn->lasts == SIM_NEVER)
		return 0;
	slow = run->sched ? run->setup->servers[server].slow : 1;
	due.server = server;
	due.at = conn->start + (slow == 1 ? conn->lasts : (uint64_t)(conn->lasts * slow));
	return sim_heap_push(&run->ends, due);
}

static int by_size(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

/* The figures of the series: samples from the end of the warm-up on that had something to look at. */
static void sum_up(const struct run *run)
{
	struct sim_result *result = run->result;
	uint64_t warmup = run->setup->warmup == SIM_NEVER ? run->length / 10 : run->setup->warmup;
	float sorted[SIM_SAMPLES];
	unsigned count = 0;
	double sum = 0;

	for (unsigned i = 0; i < run->sample; i++)
		if (sample_time(run, i) >= warmup && result->series[i] > 0)
			sum += sorted[count++] = result->series[i];
	if (!count)
		return;
	qsort(sorted, count, sizeof(*sorted), by_size);
	result->mean = sum / count;
	result->p99 = sorted[(count * 99 + 99) / 100 - 1];
	result->max = sorted[count - 1];
}

/* Who is there at the beginning: all but those that first join. Added in their order, so the last is the newest. */
static void present_first(struct run *run)
{
	const struct sim_setup *setup = run->setup;

	for (unsigned i = 0; i < setup->server_count; i++) {
		unsigned c = 0;

		while (c < setup->change_count && setup->changes[c].server != i)
			c++;
		if (c == setup->change_count || !setup->changes[c].join || !run->sched)
			enter(run, i);
	}
}

static int prepare_probe(struct run *run)
{
	uint32_t clients = run->trace->clients;

	run->before = calloc(clients, sizeof(*run->before));
	run->probe = calloc(clients, sizeof(*run->probe));
	if (!run->before || !run->probe)
		return -ENOMEM;
	for (uint32_t i = run->trace->count; i--;)
		run->probe[run->trace->conns[i].who] = i;
	return 0;
}

static int prepare(struct run *run)
{
	const struct sim_setup *setup = run->setup;
	uint32_t conns = run->trace->count ? run->trace->count : 1;

	run->tcp.due = malloc(conns * sizeof(*run->tcp.due));
	run->udp.due = malloc(conns * sizeof(*run->udp.due));
	if (setup->persist && run->sched)
		run->templates = calloc(run->trace->clients + 1, sizeof(*run->templates));
	if (!run->tcp.due || !run->udp.due || (setup->persist && run->sched && !run->templates))
		return -ENOMEM;
	present_first(run);
	if (!run->sched)
		return 0;
	if (setup->change_count && sim_core_stable(run->sched) && run->trace->clients && prepare_probe(run))
		return -ENOMEM;
	return sim_core_switch(setup->servers, run->order, run->count);
}

static int replay(struct run *run)
{
	int err = prepare(run);

	for (uint32_t i = 0; i < run->trace->count && !err; i++) {
		const struct sim_conn *conn = &run->trace->conns[i];

		err = advance(run, conn->start);
		if (!err)
			err = begin(run, conn);
	}
	if (!err)
		err = advance(run, run->length);
	return err;
}

static const char *sched_name(enum sl_sched sched)
{
	switch (sched) {
#define X(name, number, text) \
	case SL_SCHED_##name: return text;
#include "sluice/sched.def"
#undef X
	}
	return "recorded";
}

int sim_run(const struct sim_trace *trace, const struct sim_setup *setup, enum sl_sched sched, struct sim_result *ret_result)
{
	struct run *run = calloc(1, sizeof(*run));
	int err = run ? 0 : -ENOMEM;

	if (!err && sched)
		err = sim_core_init(sched, setup->flags[sched], setup->seed);
	if (!err) {
		memset(ret_result, 0, sizeof(*ret_result));
		ret_result->name = sched_name(sched);
		ret_result->total = trace->count;
		run->trace = trace;
		run->setup = setup;
		run->result = ret_result;
		run->sched = sched;
		run->length = sim_length(trace);
		err = replay(run);
		sum_up(run);
		free(run->ends.due);
		free(run->tcp.due);
		free(run->udp.due);
		free(run->templates);
		free(run->before);
		free(run->probe);
	}
	if (sched)
		sim_core_fini();
	free(run);
	return err;
}
