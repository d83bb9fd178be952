/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_CLIENT_H
#define SLUICED_CLIENT_H
/* One client of the control socket: lines in, lines out. */

#include <uv.h>

#include "base/list.h"
#include "sluiced/api/api.h"

struct client {
	uv_pipe_t pipe;
	uv_write_t write;
	struct list link; /* of the control's clients, longest silent first */
	struct api *api;
	enum api_access access;
	uint64_t since_ms; /* of its last sign of life, uv_now() */
	char *in; /* what it sent and we did not handle */
	size_t in_size, in_room;
	char *out; /* the answer it is taking */
	bool eof, closing, last; /* it ended; we close; we close after this answer */
	void (*on_close)(struct client *client); /* the owner's: unlink, free */
};

int client_new(uv_loop_t *loop, struct api *api, void (*on_close)(struct client *client), struct client **ret_client);
int client_start(struct client *client, uv_stream_t *listener); /* accepts */
void client_close(struct client *client); /* on_close follows from the loop */
void client_free(struct client *client);

/* Is it in the middle of a line or an answer? */
bool client_busy(const struct client *client);

#endif
