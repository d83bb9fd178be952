/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_CONTROL_H
#define SLUICED_CONTROL_H
/*
 * DOC: the control sockets
 *
 * The abstract socket @sluice is per network namespace, and its name can be bound once: it is also what keeps a second
 * daemon out. In the network namespace of process 1 there is /run/sluice/sluice.sock too.
 *
 * A client sends lines and gets a line for each, in order; the next is not looked at before the last answer is taken, so no
 * answer piles up. Everything is bounded: the length of a line and the number of clients by what the peer may do (who may do
 * nothing can't crowd out who may), the memory for all requests and answers under way, the time for the rest of a line or for taking
 * an answer. When there is no room for a client, the one that was silent longest goes.
 */

#include <sys/types.h>
#include <uv.h>

#include "sluiced/api/api.h"

#define CONTROL_NAME "sluice" /* abstract: after a zero byte */
#define CONTROL_PATH "/run/sluice/sluice.sock"
#define CONTROL_MAX_LINE (32 << 20) /* a request of who may change: a restore of everything fits */
#define CONTROL_MAX_LINE_READ (64 << 10) /* of the others */
#define CONTROL_MAX_IN (128 << 20) /* requests under way, of all clients together */
#define CONTROL_MAX_OUT (64 << 20) /* answers under way beyond which the next request waits */
#define CONTROL_MAX_CLIENTS 64
#define CONTROL_STALL_MS 30000 /* to finish a line, or take an answer */

struct control;

/*
 * Take the sockets' names; nobody can connect yet. -EADDRINUSE: another daemon has them, *ret_pid is its process, or -1.
 * name NULL: @sluice, and the path where it belongs; else only this abstract name (tests).
 */
int control_new(uv_loop_t *loop, struct api *api, const char *name, struct control **ret_control, pid_t *ret_pid);

/* Let clients connect. */
int control_start(struct control *control);

/* Close every socket; run the loop until it is done, then free. */
void control_stop(struct control *control);
void control_free(struct control *control);

#endif
