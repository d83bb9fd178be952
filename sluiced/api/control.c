/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/api/control.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "sluiced/api/client.h"
#include "sluiced/api/peer.h"

#define TICK_MS 5000
#define BACKLOG 64

struct listener {
	uv_pipe_t pipe;
	int fd; /* until the loop has it */
	bool open;
};

struct control {
	uv_loop_t *loop;
	struct api *api;
	uv_timer_t timer;
	struct listener abstract, path;
	struct list clients;
	struct client_room room;
	bool started;
};

/* The most clients that may do this or less. */
static const unsigned most_clients[] = {
    [API_NONE] = CONTROL_MAX_CLIENTS / 8,
    [API_READ] = CONTROL_MAX_CLIENTS / 4 * 3,
    [API_CHANGE] = CONTROL_MAX_CLIENTS,
};

static void client_gone(struct client *client)
{
	list_remove(&client->link);
	client_free(client);
}

/* In the order in which they came. */
static void on_room(struct client_room *room)
{
	struct control *control = container_of(room, struct control, room);
	struct list *at, *safe;

	list_each (at, safe, &control->clients)
		client_try(container_of(at, struct client, link));
}

/* The client that is silent longest, of those that may do no more than the new one; NULL while there is room. */
static struct client *in_the_way(struct control *control, enum api_access access)
{
	struct client *oldest = NULL;
	struct list *at, *safe;
	unsigned count = 0;

	list_each (at, safe, &control->clients) {
		struct client *client = container_of(at, struct client, link);

		if (client->closing || client->access > access)
			continue;
		count++;
		if (!oldest || client->since_ms < oldest->since_ms)
			oldest = client;
	}
	return count >= most_clients[access] ? oldest : NULL;
}

static void connected(uv_stream_t *stream, int status)
{
	struct control *control = stream->data;
	struct client *client, *old;
	int err = status ? status : client_new(control->loop, control->api, &control->room, client_gone, &client);

	if (err) {
		log_warn_limited("a client of the control socket was not served: %s", uv_strerror(err));
		return;
	}
	err = client_start(client, stream);
	old = in_the_way(control, client->access);
	list_append(&control->clients, &client->link);
	if (err)
		client_close(client);
	else if (old)
		client_close(old);
}

/* Clients that hold something up. */
static void tick(uv_timer_t *timer)
{
	struct control *control = timer->data;
	struct list *at, *safe;

	list_each (at, safe, &control->clients) {
		struct client *client = container_of(at, struct client, link);

		if (client_busy(client) && uv_now(control->loop) - client->since_ms > CONTROL_STALL_MS)
			client_close(client);
	}
}

static socklen_t abstract_addr(struct sockaddr_un *addr, const char *name)
{
	*addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(addr->sun_path + 1, name, strlen(name));
	return offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
}

/* Who has the name? */
static pid_t holder(const struct sockaddr_un *addr, socklen_t size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	pid_t pid = fd >= 0 && connect(fd, (const struct sockaddr *)addr, size) == 0 ? peer_pid(fd) : -1;

	if (fd >= 0)
		close(fd);
	return pid;
}

static int bind_abstract(struct control *control, const char *name, pid_t *ret_pid)
{
	struct sockaddr_un addr;
	socklen_t size = abstract_addr(&addr, name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&addr, size) < 0) {
		err = -errno;
		close(fd);
		if (err == -EADDRINUSE)
			*ret_pid = holder(&addr, size);
		return err;
	}
	control->abstract.fd = fd;
	return 0;
}

/* A path has no network namespace: it belongs to the first one, which is process 1's. */
static bool is_first_netns(void)
{
	struct stat own, first;

	return stat("/proc/self/ns/net", &own) == 0 && stat("/proc/1/ns/net", &first) == 0 && own.st_dev == first.st_dev &&
	       own.st_ino == first.st_ino;
}

/* Having the abstract name, we are the only daemon: a file that is there was left behind. */
static int bind_path(struct control *control)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = CONTROL_PATH};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	mkdir("/run/sluice", 0755);
	unlink(CONTROL_PATH);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || chmod(CONTROL_PATH, 0666) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	control->path.fd = fd;
	return 0;
}

int control_new(uv_loop_t *loop, struct api *api, const char *name, struct control **ret_control, pid_t *ret_pid)
{
	struct control *control = calloc(1, sizeof(*control));
	int err;

	if (!control)
		return -ENOMEM;
	control->loop = loop;
	control->api = api;
	control->abstract.fd = control->path.fd = -1;
	list_init(&control->clients);
	control->room.on_room = on_room;
	err = bind_abstract(control, name ? name : CONTROL_NAME, ret_pid);
	if (err) {
		free(control);
		return err;
	}
	if (!name && is_first_netns()) {
		err = bind_path(control);
		if (err)
			log_warn("%s can't be made (%s); the abstract socket @%s serves", CONTROL_PATH, strerror(-err), CONTROL_NAME);
	}
	*ret_control = control;
	return 0;
}

static int listen_on(struct control *control, struct listener *listener)
{
	int err;

	if (listener->fd < 0)
		return 0;
	err = uv_pipe_init(control->loop, &listener->pipe, 0);
	if (err)
		return err;
	listener->open = true;
	listener->pipe.data = control;
	err = uv_pipe_open(&listener->pipe, listener->fd);
	if (err)
		return err;
	listener->fd = -1;
	return uv_listen((uv_stream_t *)&listener->pipe, BACKLOG, connected);
}

int control_start(struct control *control)
{
	int err = uv_timer_init(control->loop, &control->timer);

	if (err)
		return err;
	control->started = true;
	control->timer.data = control;
	err = uv_timer_start(&control->timer, tick, TICK_MS, TICK_MS);
	if (!err)
		err = listen_on(control, &control->abstract);
	return err ? err : listen_on(control, &control->path);
}

static void listener_stop(struct listener *listener)
{
	if (listener->open)
		uv_close((uv_handle_t *)&listener->pipe, NULL);
	if (listener->fd >= 0)
		close(listener->fd);
	listener->open = false;
	listener->fd = -1;
}

void control_stop(struct control *control)
{
	struct list *at, *safe;

	if (!control)
		return;
	if (control->path.open || control->path.fd >= 0)
		unlink(CONTROL_PATH);
	listener_stop(&control->path);
	listener_stop(&control->abstract);
	if (control->started)
		uv_close((uv_handle_t *)&control->timer, NULL);
	control->started = false;
	list_each (at, safe, &control->clients)
		client_close(container_of(at, struct client, link));
}

void control_free(struct control *control)
{
	free(control);
}
