/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_CLIENT_H
#define SLUICED_CLIENT_H
/* One client of the control socket: lines in, lines out. */

#include <uv.h>

#include "base/list.h"
#include "sluiced/api/api.h"

/* What all clients share: memory for what they send and take. */
struct client_room {
	size_t in, out;
	void (*on_room)(struct client_room *room); /* an answer was taken: who waited may go on */
};

struct client {
	uv_pipe_t pipe;
	uv_write_t write;
	struct list link; /* of the control's clients, longest silent first */
	struct api *api;
	struct client_room *room;
	enum api_access access;
	uint64_t since_ms; /* of its last sign of life, uv_now() */
	char *in; /* what it sent and we did not handle */
	size_t in_size, in_room;
	char *out; /* the answer it is taking */
	size_t out_size;
	bool eof, closing, last; /* it ended; we close; we close after this answer */
	bool waiting; /* for others to take their answers */
	void (*on_close)(struct client *client); /* the owner's: unlink, free */
};

int client_new(
    uv_loop_t *loop, struct api *api, struct client_room *room, void (*on_close)(struct client *client), struct client **ret_client);
int client_start(struct client *client, uv_stream_t *listener); /* accepts */
void client_close(struct client *client); /* on_close follows from the loop */
void client_free(struct client *client);

/* If it waits for room: is there some now? */
void client_try(struct client *client);

/* Is it in the middle of a line or an answer? */
bool client_busy(const struct client *client);

#endif
