/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_SIMULATE_H
#define CLI_SIMULATE_H
/*
 * DOC: sluice simulate
 *
 * What would each scheduler have done with these connections? A trace (trace.c reads one, model.c makes one up) goes through one scheduler
 * after the other (run.c). core.c is the lanes' own scheduling code over plain memory, and the only file here that knows it; run.c
 * knows time: when connections begin, end and are forgotten, when servers leave and come. text.c, json.c and plot.c show what came out.
 *
 * A server is known by its place, 0 .., in the list it was given in; on the command line and in what is printed the first is 1. Times are
 * microseconds from the beginning of the trace. The same trace, servers, options and seed give the same result to the last byte.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sluice/abi.h"

enum sim_limits {
	SIM_MAX_CONNS = 1 << 24,
	SIM_MAX_SERVERS = 1000,
	SIM_MAX_CHANGES = 64,
	SIM_MAX_CLIENTS = 1 << 22, /* of a model */
	SIM_MAX_VIRTUALS = 1 << 16,
	SIM_SCHEDS = 15, /* numbers of schedulers */
	SIM_SAMPLES = 500, /* of the imbalance, evenly over the trace */
	SIM_BAD_LINES = 10, /* of a trace that are told of */
};

#define SIM_SECOND 1000000ULL
#define SIM_NEVER UINT64_MAX
#define SIM_NO_SERVER UINT16_MAX
#define SIM_MAX_SECONDS 1000000000ULL

/* An end of a connection. */
struct sim_end {
	struct sl_addr addr;
	__be16 port;
};

struct sim_conn {
	uint64_t start;
	uint64_t lasts; /* SIM_NEVER: its end is not known */
	struct sl_addr client, virtual;
	__be16 cport, vport;
	uint32_t who; /* the client's number, from 0 */
	uint16_t server; /* where it was recorded to have gone: sim_trace.servers; or SIM_NO_SERVER */
	uint8_t proto;
};

/* Connections by their start. Owns its memory: sim_trace_fini(). */
struct sim_trace {
	struct sim_conn *conns;
	uint32_t count, room;
	uint32_t clients; /* different ones */
	struct sim_end servers[SIM_MAX_SERVERS]; /* that were recorded, by their first appearance */
	unsigned server_count;
};

void sim_trace_init(struct sim_trace *trace);
void sim_trace_fini(struct sim_trace *trace);
/* One more connection; who need not be filled. -ENOMEM, -E2BIG: there are SIM_MAX_CONNS. */
int sim_trace_add(struct sim_trace *trace, const struct sim_conn *conn);
/* Sorts by start and numbers the clients; call it after the last. -ENOMEM. */
int sim_trace_finish(struct sim_trace *trace);
/* Keeps only the connections to this service; port 0: to any port. */
void sim_trace_only(struct sim_trace *trace, uint8_t proto, const struct sim_end *virtual);

/* trace.c: reads (and finishes) a trace; wrong lines go to `err` as "name:line: sentence". 0, or -EINVAL after wrong lines, -ENOMEM,
 * -E2BIG. */
int sim_trace_read(FILE *in, const char *name, FILE *err, struct sim_trace *trace);
void sim_trace_write_head(FILE *out);
void sim_trace_write_all(FILE *out, const struct sim_trace *trace);
/* server: where it went; NULL: not known. */
void sim_trace_write(FILE *out, const struct sim_conn *conn, const struct sim_end *server);

/* Text of an address and port, "192.0.2.1:80", "[2001:db8::1]:80". */
#define SIM_END_TEXT 64
const char *sim_end_text(const struct sl_addr *addr, __be16 port, char ret_text[SIM_END_TEXT]);
/* The same backwards; false: it is none. */
bool sim_end_parse(const char *text, struct sl_addr *ret_addr, __be16 *ret_port);
/* "12.5", "3", "0.000001": seconds up to SIM_MAX_SECONDS as microseconds. */
bool sim_seconds_parse(const char *text, uint64_t *ret_us);

/* A random sequence (splitmix64): the state is the seed. */
uint64_t sim_draw(uint64_t *state);
double sim_draw_unit(uint64_t *state); /* above 0, up to 1 */

enum sim_model {
	SIM_POISSON, /* always: arrivals are */
	SIM_HEAVY_TAIL, /* Pareto durations; the number is its alpha */
	SIM_BIG_CLIENT, /* one client has this part of the connections */
	SIM_SLOW_SERVER, /* on the first server connections last so many times as long */
	SIM_MODELS,
};

extern const struct sim_model_row {
	const char *name;
	double number, least, most; /* what may follow the name, as in big-client=0.5 */
} sim_models[SIM_MODELS];

struct sim_model_conf {
	double number[SIM_MODELS]; /* 0: this one not */
	uint32_t connections, clients, virtuals;
	double rate; /* connections a second */
	double mean; /* duration, seconds */
};

/* model.c: makes up (and finishes) a trace. -ENOMEM. */
int sim_model_trace(const struct sim_model_conf *conf, uint64_t seed, struct sim_trace *trace);

struct sim_server {
	struct sim_end at;
	int32_t weight;
	uint32_t upper, lower; /* thresholds; 0: none */
	double slow; /* connections last so many times as long */
};

struct sim_change {
	uint64_t at;
	unsigned server;
	bool join; /* else it leaves */
};

struct sim_setup {
	struct sim_server servers[SIM_MAX_SERVERS];
	unsigned server_count;
	struct sim_change changes[SIM_MAX_CHANGES]; /* by time; a server whose first change is to join is not there at the beginning */
	unsigned change_count;
	uint32_t flags[SIM_SCHEDS]; /* by scheduler: SL_SVC_SCHED* */
	uint64_t persist; /* 0: none */
	uint64_t linger; /* of a TCP connection that has ended, as an inactive one */
	uint64_t warmup; /* the imbalance is not looked at before; SIM_NEVER: a tenth of the trace */
	uint64_t seed;
};

#define SIM_UDP_LINGER (300 * SIM_SECOND)

/* What a change did. */
struct sim_moved {
	uint32_t open; /* connections that were open at the server */
	bool stable; /* the scheduler gives a client always the same server; else nothing below */
	uint32_t clients; /* that had a server before and after */
	uint32_t had_to; /* it left, or it is the new one */
	uint32_t needless; /* neither, and yet another */
};

struct sim_result {
	const char *name;
	uint64_t conns[SIM_MAX_SERVERS]; /* given to each server */
	uint64_t total, refused;
	double mean, p99, max; /* imbalance; 0 when there was nothing to look at */
	float series[SIM_SAMPLES]; /* imbalance over time; 0: nothing to look at */
	struct sim_moved moved[SIM_MAX_CHANGES];
};

/* run.c. sched 0: the servers that were recorded; the trace's servers must then be the setup's. -ENOMEM. */
int sim_run(const struct sim_trace *trace, const struct sim_setup *setup, enum sl_sched sched, struct sim_result *ret_result);

/* What is shown. */
struct sim_report {
	const struct sim_trace *trace;
	const struct sim_setup *setup;
	const char *source; /* the trace's name, or the models' */
	bool made_up;
	const struct sim_result *results;
	unsigned count;
};

uint64_t sim_length(const struct sim_trace *trace); /* from the first connection's start to the last's */
/* Part of the weight that a server has of all, 0 .. 1. */
double sim_due(const struct sim_setup *setup, unsigned server);

void sim_print_text(FILE *out, const struct sim_report *report);
int sim_print_json(FILE *out, const struct sim_report *report);
void sim_plot(FILE *out, const struct sim_report *report);

/* What the command line asks for. Its texts are the command line's. */
struct sim_args {
	struct sim_setup setup;
	struct sim_model_conf model;
	bool scheds[SIM_SCHEDS]; /* none: all */
	const char *source; /* the trace; NULL: the models' */
	const char *models; /* as they were named */
	const char *plot, *write; /* files; NULL: none */
	const char *service; /* of the running director; NULL: none */
	bool json, servers_said;
};

/* args.c. SLUICE_OK, or it has said what is wrong and returns SLUICE_USAGE. */
struct sluice_args;
int sim_args(const struct sluice_args *from, struct sim_args *ret_args);

/* service.c: the servers, weights, thresholds and flags of a service of the running director; an enum sluice_status. */
int sim_service(struct sim_args *args, struct sim_end *ret_virtual, uint8_t *ret_proto);

#endif
