/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H
/*
 * DOC: a client of the control socket
 *
 * One connection, one request at a time (docs/api.md). The daemon of this network namespace listens on the abstract socket @sluice; where
 * that can't be reached, /run/sluice/sluice.sock is tried, but only a daemon of this same network namespace is believed there, so that a
 * command in a namespace without a director never changes another director. The environment variable SLUICE_SOCKET names another socket: a
 * path, or
 * @name for an abstract one. SLUICE_TIMEOUT is how many seconds of silence are borne, 60 if it is not set.
 */

#include <jansson.h>

#define CLIENT_MAX_REQUEST (32u << 20) /* bytes of a request, as the daemon has it for who may change */

struct client;

/* The error object of the last refused call; valid until the next call. */
struct client_refusal {
	int code; /* docs/api.md, Errors */
	const char *name; /* data.errno, "" when there is none */
	const char *message; /* a sentence */
	int op; /* data.op, -1 when there is none */
};

/* 0 and an open client (client_close() it), or -errno: -ECONNREFUSED: nobody listens; -EACCES: may not connect. */
int client_open(struct client **ret_client);
void client_close(struct client *client);

/*
 * Calls a method. Takes `params` over (NULL: none). 0 and a new reference to the result; -EREMOTEIO: the daemon refused, see
 * client_refusal(); other -errno: no (intelligible) answer came.
 */
int client_call(struct client *client, const char *method, json_t *params, json_t **ret_result);

/* The same with params as JSON text without line ends. */
int client_call_text(struct client *client, const char *method, const char *params, json_t **ret_result);

const struct client_refusal *client_refusal(const struct client *client);

/* A sentence or two (malloc'ed, NULL without memory) on why client_open() or client_call() gave `err`, and what to do. */
char *client_explain(const struct client *client, int err);

#endif
