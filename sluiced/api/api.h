/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_API_H
#define SLUICED_API_H
/*
 * DOC: the control interface (docs/api.md)
 *
 * control.c has the sockets and peers, rpc.c turns a line into a call and a result into a line, cmd.c is the table of commands, and the
 * cmd_*.c files are the commands. Nothing below control.c knows of sockets, so it runs under tests and fuzzing.
 */

#include "sluiced/explain/explain.h"
#include "sluiced/model/model.h"
#include "sluiced/plane/lanes.h"
#include "sluiced/plane/plane.h"
#include "sluiced/plane/reconcile.h"
#include "sluiced/plane/stats.h"

/* What a peer may do; each includes those before it. */
enum api_access { API_NONE, API_READ, API_CHANGE };

/* What needs lanes (explain.h). -EAGAIN: not ready yet; other errors perhaps with a sentence. */
struct api_lanes {
	int (*explain)(void *arg, const struct explain_ask *ask, struct explain_result *ret_result, const char **ret_why);
	int (*tap)(void *arg, const struct tap_want *want, const char **ret_why);
	void (*untap)(void *arg);
	unsigned (*read)(void *arg, unsigned max, struct explain_tapped *ret_packets, uint64_t *ret_lost);
};

/* Somebody who watches packets; one at a time. */
struct api_watch {
	uint64_t id; /* 0: nobody */
	uint64_t read_ms; /* when it was read last: who is silent for long has gone */
	struct sl_addr server; /* only packets of this server are wanted; all zero: of all */
};

/* Somebody who records connections; one at a time. */
struct api_record {
	uint64_t id; /* 0: nobody */
	uint64_t read_ms; /* when it was read last */
	uint64_t lost; /* events that had been lost when it began */
	uint32_t svc; /* only this service's connections are wanted; 0: all */
};

/* What the commands work on; owned by the director. */
struct api {
	struct model model;
	struct plane *plane;
	struct reconcile *rec;
	struct stats *stats;
	uint64_t (*now_ms)(void *arg);
	bool (*interface)(void *arg, unsigned i, struct lanes_status *ret_status); /* the i-th, or false */
	void *arg;
	const struct api_lanes *lanes; /* NULL where there are none; called with lanes_arg */
	void *lanes_arg;
	struct api_watch watch;
	struct api_record record;
};

#endif
