// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/client.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ABSTRACT_NAME "@sluice"
#define SOCKET_PATH "/run/sluice/sluice.sock"
#define ANSWER_SECONDS 60
#define PATIENCES 10 /* how many times that an answer may take which comes in pieces */
#define MAX_ANSWER (256u << 20)

struct client {
	int fd;
	int next_id;
	char *buf; /* an answer line */
	size_t len, size;
	json_t *answer; /* what `refusal` points into */
	struct client_refusal refusal;
};

/* Seconds of silence after which the daemon is given up. */
static int patience(void)
{
	const char *text = secure_getenv("SLUICE_TIMEOUT");
	long seconds = text ? strtol(text, NULL, 10) : 0;

	return seconds >= 1 && seconds <= 86400 ? seconds : ANSWER_SECONDS;
}

/* `name` is a path or @name. */
static int connect_to(const char *name, int *ret_fd)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval wait = {.tv_sec = patience()};
	size_t len = strlen(name);
	int fd;

	if (len >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, name, len);
	if (name[0] == '@')
		addr.sun_path[0] = '\0';
	else
		len++;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)&addr, offsetof(struct sockaddr_un, sun_path) + len) < 0) {
		int err = -errno;

		close(fd);
		return err == -ENOENT ? -ECONNREFUSED : err == -EAGAIN ? -ETIMEDOUT : err;
	}
	*ret_fd = fd;
	return 0;
}

/* Does the peer live in our network namespace? */
static bool peer_is_near(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	struct stat ours, theirs;
	char path[64];

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)peer.pid);
	return stat("/proc/self/ns/net", &ours) == 0 && stat(path, &theirs) == 0 && ours.st_dev == theirs.st_dev &&
	       ours.st_ino == theirs.st_ino;
}

static int connect_daemon(int *ret_fd)
{
	const char *name = secure_getenv("SLUICE_SOCKET");
	int fd, err;

	if (name && *name)
		return connect_to(name, ret_fd);
	err = connect_to(ABSTRACT_NAME, ret_fd);
	if (err == 0 || connect_to(SOCKET_PATH, &fd) < 0)
		return err;
	if (!peer_is_near(fd)) {
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

int client_open(struct client **ret_client)
{
	struct client *client = calloc(1, sizeof(*client));
	int err;

	if (!client)
		return -ENOMEM;
	err = connect_daemon(&client->fd);
	if (err < 0) {
		free(client);
		return err;
	}
	*ret_client = client;
	return 0;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	close(client->fd);
	json_decref(client->answer);
	free(client->buf);
	free(client);
}

static int send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		data += n;
		len -= n;
	}
	return 0;
}

static int grow(struct client *client)
{
	size_t size = client->size ? 2 * client->size : 65536;
	char *buf;

	if (size > MAX_ANSWER)
		return -EMSGSIZE;
	buf = realloc(client->buf, size);
	if (!buf)
		return -ENOMEM;
	client->buf = buf;
	client->size = size;
	return 0;
}

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/*
 * One line into client->buf, without its end. A daemon answers one request with one line, so nothing follows it. One that sends a byte now
 * and then is not waited for either.
 */
static int receive_line(struct client *client)
{
	time_t end_of_patience = now() + (time_t)PATIENCES * patience();

	client->len = 0;
	for (;;) {
		ssize_t n;
		char *end;

		if (client->len == client->size) {
			int err = grow(client);

			if (err < 0)
				return err;
		}
		n = recv(client->fd, client->buf + client->len, client->size - client->len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			return client->len ? -ECONNABORTED : -ECONNRESET;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : errno == ECONNRESET && client->len ? -ECONNABORTED : -errno;
		end = memchr(client->buf + client->len, '\n', n);
		client->len += n;
		if (end) {
			client->len = end - client->buf;
			return 0;
		}
		if (now() > end_of_patience)
			return -ETIMEDOUT;
	}
}

static int send_request(struct client *client, const char *method, const char *params)
{
	char *line;
	int err,
	    len = asprintf(&line, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"%s\",\"params\":%s}\n", ++client->next_id, method, params);

	if (len < 0)
		return -ENOMEM;
	err = send_all(client->fd, line, len);
	free(line);
	return err;
}

static void note_refusal(struct client *client, const json_t *error)
{
	json_t *data = json_object_get(error, "data");
	const char *name = json_string_value(json_object_get(data, "errno"));
	const char *message = json_string_value(json_object_get(error, "message"));
	json_t *op = json_object_get(data, "op");

	client->refusal.code = json_integer_value(json_object_get(error, "code"));
	client->refusal.name = name ? name : "";
	client->refusal.message = message ? message : "sluiced refused without saying why";
	client->refusal.op = json_is_integer(op) ? json_integer_value(op) : -1;
}

int client_call_text(struct client *client, const char *method, const char *params, json_t **ret_result)
{
	json_t *error, *result;
	int err = send_request(client, method, params);

	if (err == 0)
		err = receive_line(client);
	if (err < 0)
		return err;
	json_decref(client->answer);
	client->answer = json_loadb(client->buf, client->len, 0, NULL);
	error = json_object_get(client->answer, "error");
	result = json_object_get(client->answer, "result");
	if (json_is_object(error)) {
		note_refusal(client, error);
		return -EREMOTEIO;
	}
	if (!result)
		return -EBADMSG;
	*ret_result = json_incref(result);
	return 0;
}

int client_call(struct client *client, const char *method, json_t *params, json_t **ret_result)
{
	char *text = params ? json_dumps(params, JSON_COMPACT) : strdup("{}");
	int err = text ? client_call_text(client, method, text, ret_result) : -ENOMEM;

	json_decref(params);
	free(text);
	return err;
}

const struct client_refusal *client_refusal(const struct client *client)
{
	return &client->refusal;
}

static const char *const not_running =
    "sluiced is not running in this network namespace.\n"
    "Start it with `systemctl start sluiced`, or by hand, as root, with `sluiced`. The director of another network namespace\n"
    "is reached with `ip netns exec NAMESPACE COMMAND`.";

#define WHO_MAY "only root and the groups sluice (may change) and sluice-ro (may read) may speak to sluiced"

char *client_explain(const struct client *client, int err)
{
	char *text = NULL;

	switch (err) {
	case -ECONNREFUSED: return strdup(not_running);
	case -EREMOTEIO: return strdup(client_refusal(client)->message);
	case -EACCES:
	case -EPERM: return strdup("Permission denied: " WHO_MAY ".");
	case -ECONNRESET:
	case -EPIPE: return strdup("sluiced closed the connection without an answer: " WHO_MAY ". Its log says more.");
	case -ECONNABORTED: return strdup("sluiced closed the connection in the middle of its answer. Its log says more.");
	case -EMSGSIZE: return strdup("sluiced's answer is longer than 256 MiB, which can't be.");
	case -EBADMSG: return strdup("sluiced's answer was not understood; is it of another version?");
	case -ETIMEDOUT: return asprintf(&text, "sluiced did not answer within %d s.", patience()) < 0 ? NULL : text;
	}
	return asprintf(&text, "Can't speak to sluiced: %s.", strerror(-err)) < 0 ? NULL : text;
}
