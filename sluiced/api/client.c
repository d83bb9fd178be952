/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/api/client.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "sluiced/api/control.h"
#include "sluiced/api/peer.h"
#include "sluiced/api/rpc.h"

#define IN_FIRST 4096
#define IN_KEEP 65536 /* a buffer that grew larger is given back when it is empty */
#define LARGE (1 << 20) /* a request after which the kernel gets back what it took to read it */

static void client_go_on(struct client *client);

static size_t max_line(const struct client *client)
{
	return client->access == API_CHANGE ? CONTROL_MAX_LINE : CONTROL_MAX_LINE_READ;
}

int client_new(
    uv_loop_t *loop, struct api *api, struct client_room *room, void (*on_close)(struct client *client), struct client **ret_client)
{
	struct client *client = calloc(1, sizeof(*client));
	int err;

	if (!client)
		return -ENOMEM;
	client->api = api;
	client->room = room;
	client->on_close = on_close;
	list_init(&client->link);
	err = uv_pipe_init(loop, &client->pipe, 0);
	if (err) {
		free(client);
		return err;
	}
	client->pipe.data = client;
	*ret_client = client;
	return 0;
}

/* The answer was taken, or never will be. */
static void forget_answer(struct client *client)
{
	client->room->out -= client->out_size;
	free(client->out);
	client->out = NULL;
	client->out_size = 0;
}

static void forget_input(struct client *client)
{
	client->room->in -= client->in_room;
	free(client->in);
	client->in = NULL;
	client->in_room = client->in_size = 0;
}

void client_free(struct client *client)
{
	forget_answer(client);
	forget_input(client);
	client->room->on_room(client->room);
	free(client);
}

bool client_busy(const struct client *client)
{
	return client->out || client->in_size;
}

static void closed(uv_handle_t *handle)
{
	struct client *client = handle->data;

	client->on_close(client);
}

void client_close(struct client *client)
{
	if (client->closing)
		return;
	client->closing = true;
	uv_close((uv_handle_t *)&client->pipe, closed);
}

/* Room for one byte more than a line may have, so that too long a line shows; all clients together have so much. */
static void grow(struct client *client)
{
	size_t most = max_line(client) + 1, want = client->in_room ? 2 * client->in_room : IN_FIRST;
	char *in;

	want = want < most ? want : most;
	if (want > IN_KEEP && client->room->in - client->in_room + want > CONTROL_MAX_IN)
		return;
	in = realloc(client->in, want);
	if (!in)
		return;
	client->room->in += want - client->in_room;
	client->in = in;
	client->in_room = want;
}

static void room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
	struct client *client = handle->data;

	if (client->in_size == client->in_room)
		grow(client);
	*ret_buf = uv_buf_init(client->in + client->in_size, client->in_room - client->in_size);
}

static void wrote(uv_write_t *write, int status)
{
	struct client *client = write->data;

	forget_answer(client);
	client->since_ms = uv_now(write->handle->loop);
	client->room->on_room(client->room);
	if (client->closing)
		return;
	if (status < 0 || client->last)
		client_close(client);
	else
		client_go_on(client);
}

/* Send an answer; takes `out` over. */
static void answer(struct client *client, char *out, size_t size)
{
	uv_buf_t buf = uv_buf_init(out, size);

	client->out = out;
	client->out_size = size;
	client->room->out += size;
	client->write.data = client;
	if (!out || uv_write(&client->write, (uv_stream_t *)&client->pipe, &buf, 1, wrote)) {
		forget_answer(client);
		client_close(client);
	}
}

static void refuse(struct client *client, const char *text)
{
	size_t size = 0;
	char *out = rpc_refusal(RPC_NOT_REQUEST, text, &size);

	client->last = true;
	answer(client, out, size);
}

/* Forget the first `size` bytes of what came in. */
static void consume(struct client *client, size_t size)
{
	client->in_size -= size;
	memmove(client->in, client->in + size, client->in_size);
	if (client->in_size == 0 && client->in_room > IN_KEEP)
		forget_input(client);
}

/* Who may do nothing is told so once. */
static void handle_line(struct client *client, size_t size)
{
	size_t out_size = 0;
	char *out = rpc_answer(client->api, client->access, client->in, size, &out_size);

	consume(client, size + 1);
	if (size > LARGE)
		malloc_trim(0);
	client->last = client->access == API_NONE;
	if (out)
		answer(client, out, out_size);
	else if (client->last)
		client_close(client);
}

static bool is_blank(const char *line, size_t size)
{
	while (size && (line[size - 1] == '\r' || line[size - 1] == ' '))
		size--;
	return size == 0;
}

/* The lines that are here, as long as their answers are taken at once. */
static void client_go_on(struct client *client)
{
	client->waiting = false;
	while (!client->out && !client->closing && !client->waiting) {
		char *end = client->in_size ? memchr(client->in, '\n', client->in_size) : NULL;

		if (end && is_blank(client->in, end - client->in))
			consume(client, end - client->in + 1);
		else if (end && client->room->out > CONTROL_MAX_OUT)
			client->waiting = true;
		else if (end)
			handle_line(client, end - client->in);
		else if (client->in_size > max_line(client))
			refuse(client, "the request is longer than this peer may send");
		else
			break;
	}
	if (!client->out && client->eof && !client->waiting)
		client_close(client);
	else if ((client->out || client->waiting) && !client->closing)
		uv_read_stop((uv_stream_t *)&client->pipe);
	else if (!client->closing)
		client_start(client, NULL);
}

void client_try(struct client *client)
{
	if (!client->waiting || client->closing || client->room->out > CONTROL_MAX_OUT)
		return;
	client->since_ms = uv_now(client->pipe.loop);
	client_go_on(client);
}

static void was_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
	struct client *client = stream->data;

	client->since_ms = uv_now(stream->loop);
	if (count > 0)
		client->in_size += count;
	else if (count == UV_EOF)
		client->eof = true;
	else if (count == UV_ENOBUFS)
		return refuse(client, "there is no memory for the request now, for others send much at once: try again");
	else if (count < 0)
		return client_close(client);
	client_go_on(client);
}

int client_start(struct client *client, uv_stream_t *listener)
{
	uv_os_fd_t fd;
	int err = 0;

	if (listener) {
		err = uv_accept(listener, (uv_stream_t *)&client->pipe);
		if (!err)
			err = uv_fileno((uv_handle_t *)&client->pipe, &fd);
		if (!err)
			client->access = peer_access(fd);
		client->since_ms = uv_now(client->pipe.loop);
	}
	if (!err)
		err = uv_read_start((uv_stream_t *)&client->pipe, room, was_read);
	return err == UV_EALREADY ? 0 : err;
}
