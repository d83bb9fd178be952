// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: connections that nobody made
 *
 * Arrivals are Poisson: the time from one to the next is exponential. Durations are exponential, or Pareto (heavy-tail): many short ones
 * and a few that last very long. Clients are drawn evenly, but for the big one.
 */
#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>

#include "cli/simulate/simulate.h"

#define CLIENT_BITS 22
#define CLIENT_NET 0x64400000 /* 100.64.0.0/10 */
#define VIRTUAL 0xc0000201 /* 192.0.2.1, when there is one */
#define VIRTUAL_NET 0xc6120000 /* 198.18.0.0/15 */
#define LONGEST 10000 /* no duration is longer than so many times the mean: a hundredth of a tail with alpha 1.5 is cut off */

_Static_assert(SIM_MAX_CLIENTS == 1 << CLIENT_BITS, "every client has an address");

const struct sim_model_row sim_models[SIM_MODELS] = {
    [SIM_POISSON] = {"poisson", 1, 1, 1},
    [SIM_HEAVY_TAIL] = {"heavy-tail", 1.5, 1.05, 10},
    [SIM_BIG_CLIENT] = {"big-client", 0.5, 0.01, 1},
    [SIM_SLOW_SERVER] = {"slow-server", 10, 0.01, 1000},
};

uint64_t sim_draw(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

double sim_draw_unit(uint64_t *state)
{
	return ((sim_draw(state) >> 11) + 1) * 0x1p-53;
}

static double exponential(double mean, uint64_t *state)
{
	return -mean * log(sim_draw_unit(state));
}

static double pareto(double mean, double alpha, uint64_t *state)
{
	double x = mean * (alpha - 1) / alpha * pow(sim_draw_unit(state), -1 / alpha);

	return x < LONGEST * mean ? x : LONGEST * mean;
}

static void v4(struct sl_addr *ret_addr, uint32_t addr)
{
	*ret_addr = (struct sl_addr){.w = {0, 0, htonl(0xffff), htonl(addr)}};
}

/* The n-th client's address: one of its own, with nothing regular about it that a hash might like. */
static uint32_t client_addr(uint32_t n)
{
	const uint32_t mask = (1u << CLIENT_BITS) - 1;

	n = n * 0x9e3779b1u & mask;
	n ^= n >> 11;
	n = n * 0x85ebca6bu & mask;
	n ^= n >> 13;
	return CLIENT_NET + n;
}

static struct sim_conn draw_conn(const struct sim_model_conf *conf, uint64_t *state)
{
	struct sim_conn c = {.proto = IPPROTO_TCP, .server = SIM_NO_SERVER, .vport = htons(80)};
	bool big = conf->number[SIM_BIG_CLIENT] > 0 && sim_draw_unit(state) <= conf->number[SIM_BIG_CLIENT];
	double alpha = conf->number[SIM_HEAVY_TAIL], lasts = alpha > 0 ? pareto(conf->mean, alpha, state) : exponential(conf->mean, state);

	v4(&c.client, client_addr(big ? 0 : sim_draw(state) % conf->clients));
	c.cport = htons(1024 + sim_draw(state) % (65536 - 1024));
	v4(&c.virtual, conf->virtuals == 1 ? VIRTUAL : VIRTUAL_NET + sim_draw(state) % conf->virtuals);
	c.lasts = lasts * SIM_SECOND;
	return c;
}

int sim_model_trace(const struct sim_model_conf *conf, uint64_t seed, struct sim_trace *trace)
{
	double now = 0;
	int err = 0;

	for (uint32_t i = 0; i < conf->connections && !err; i++) {
		struct sim_conn c = draw_conn(conf, &seed);

		now += exponential(1 / conf->rate, &seed);
		c.start = now * SIM_SECOND;
		err = sim_trace_add(trace, &c);
	}
	return err ? err : sim_trace_finish(trace);
}
