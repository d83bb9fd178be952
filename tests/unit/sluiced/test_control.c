/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket, with clients that do what clients should not; server and clients take turns in one loop. */

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "sluiced/api/control.h"
#include "sluiced/director.h"
#include "tests/unit/sluiced/fixture.h"

#define PING "{\"id\":1,\"method\":\"ping\"}\n"

static uv_loop_t loop;
static struct plane *plane;
static struct director *director;
static char name[60];

static int watch(void *arg, uint32_t dest, const struct sl_addr *addr)
{
	return 0;
}

static void unwatch(void *arg, uint32_t dest)
{
}

static bool interface(void *arg, unsigned i, struct lanes_status *ret_status)
{
	return false;
}

static int setup(void **state)
{
	struct director_base base = {.loop = &loop, .hooks = {.watch = watch, .unwatch = unwatch}, .interface = interface};
	pid_t pid;

	uv_loop_init(&loop);
	base.plane = plane = plane_fake_new(SL_MIN_SLOTS);
	snprintf(name, sizeof(name), "sluice-test-%d", getpid());
	return director_new(&loop, name, &director, &pid) || director_start(director, &base);
}

static int teardown(void **state)
{
	director_stop(director);
	uv_run(&loop, UV_RUN_DEFAULT);
	director_free(director);
	plane_fake_free(plane);
	assert_int_equal(uv_loop_close(&loop), 0);
	return 0;
}

static int dial(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	memcpy(addr.sun_path + 1, name, strlen(name));
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)), 0);
	return fd;
}

/* Let the server work until it has nothing more to do but wait. */
static void turn(void)
{
	for (int i = 0; i < 20; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
}

/* Send all of it, the server taking it in between. */
static bool send_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			return false;
		turn();
		if (n > 0) {
			data += n;
			size -= n;
		}
	}
	return true;
}

/* What has come, as text; NULL when the server has closed and nothing is left. */
static const char *take(int fd)
{
	static char text[1 << 20];
	size_t size = 0;
	ssize_t n = 0;

	do {
		turn();
		n = recv(fd, text + size, sizeof(text) - 1 - size, 0);
		size += n > 0 ? n : 0;
	} while (n > 0 && size < sizeof(text) - 1);
	text[size] = 0;
	return size == 0 && n == 0 ? NULL : text;
}

static unsigned lines(const char *text)
{
	unsigned n = 0;

	for (; text && *text; text++)
		n += *text == '\n';
	return n;
}

static void still_serves(void)
{
	int fd = dial();

	assert_true(send_all(fd, PING, strlen(PING)));
	assert_non_null(strstr(take(fd), "\"ready\":true"));
	close(fd);
	turn();
}

static void one_by_one(void **state)
{
	int fd = dial();

	for (const char *c = PING; *c; c++)
		assert_true(send_all(fd, c, 1));
	assert_int_equal(lines(take(fd)), 1);
	close(fd);
}

static void many_in_one_packet(void **state)
{
	char many[100 * sizeof(PING)] = "";
	int fd = dial();

	for (int i = 0; i < 100; i++)
		strcat(many, PING);
	assert_true(send_all(fd, many, strlen(many)));
	assert_int_equal(lines(take(fd)), 100);
	close(fd);
}

static void answer_after_half_close(void **state)
{
	int fd = dial();

	assert_true(send_all(fd, PING PING, 2 * strlen(PING)));
	shutdown(fd, SHUT_WR);
	assert_int_equal(lines(take(fd)), 2);
	assert_null(take(fd));
	close(fd);
}

static void blank_lines_are_nothing(void **state)
{
	int fd = dial();

	assert_true(send_all(fd, "\n\r\n  \n" PING, 7 + strlen(PING)));
	assert_int_equal(lines(take(fd)), 1);
	close(fd);
}

static void garbage_gets_an_error_and_the_next_line_an_answer(void **state)
{
	static const char garbage[] = "\x00\xff\xfe garbage {{{\n\xde\xad\xbe\xef\n";
	const char *text;
	int fd = dial();

	assert_true(send_all(fd, garbage, sizeof(garbage) - 1));
	assert_true(send_all(fd, PING, strlen(PING)));
	text = take(fd);
	assert_int_equal(lines(text), 3);
	assert_non_null(strstr(text, "-32700"));
	assert_non_null(strstr(text, "ready"));
	close(fd);
}

static void endless_line_is_refused(void **state)
{
	size_t size = CONTROL_MAX_LINE + 100000;
	char *line = malloc(size);
	const char *text;
	int fd = dial();

	memset(line, 'x', size);
	send_all(fd, line, size);
	text = take(fd);
	assert_non_null(text);
	assert_non_null(strstr(text, "longer"));
	assert_null(take(fd));
	close(fd);
	free(line);
	still_serves();
}

/* The largest request that may be; here it is one of spaces with a request at its end. */
static void longest_line_is_taken(void **state)
{
	char *line = malloc(CONTROL_MAX_LINE);
	int fd = dial();

	memset(line, ' ', CONTROL_MAX_LINE);
	memcpy(line + CONTROL_MAX_LINE - strlen(PING), PING, strlen(PING));
	assert_true(send_all(fd, line, CONTROL_MAX_LINE));
	assert_non_null(strstr(take(fd), "ready"));
	close(fd);
	free(line);
}

static void vanishing_clients(void **state)
{
	for (int i = 0; i < 200; i++) {
		int fd = dial();

		if (i % 3)
			assert_true(send_all(fd, PING, i % 2 ? 5 : strlen(PING)));
		close(fd);
		if (i % 5 == 0)
			turn();
	}
	still_serves();
}

/* Who doesn't take answers is not read any more: they do not pile up here. */
static void greedy_client_is_held(void **state)
{
	const char request[] = "{\"id\":1,\"method\":\"counters\"}\n";
	int fd = dial(), blocked = 0;
	size_t sent = 0;

	while (blocked < 50 && sent < (64 << 20)) {
		ssize_t n = send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);

		if (n < 0)
			blocked++;
		else
			sent += n;
		turn();
	}
	assert_true(sent < (4 << 20));
	still_serves();
	close(fd);
}

/* More clients than there is room for: the newest are served, those silent longest are gone. */
static void too_many_clients(void **state)
{
	int fds[CONTROL_MAX_CLIENTS + 10];
	char c;

	for (int i = 0; i < CONTROL_MAX_CLIENTS + 10; i++) {
		fds[i] = dial();
		turn();
	}
	assert_int_equal(recv(fds[0], &c, 1, 0), 0);
	assert_int_equal(recv(fds[CONTROL_MAX_CLIENTS + 9], &c, 1, 0), -1);
	still_serves();
	for (int i = 0; i < CONTROL_MAX_CLIENTS + 10; i++)
		close(fds[i]);
}

static void random_bytes(void **state)
{
	srand(7);
	for (int i = 0; i < 300; i++) {
		char data[300];
		int fd = dial();

		for (size_t j = 0; j < sizeof(data); j++)
			data[j] = rand() % 20 ? rand() : "\n{}[]\""[rand() % 6];
		send_all(fd, data, rand() % sizeof(data));
		take(fd);
		close(fd);
	}
	still_serves();
}

static void second_director_is_refused(void **state)
{
	struct director *second;
	pid_t pid = -1;

	assert_int_equal(director_new(&loop, name, &second, &pid), -EADDRINUSE);
	assert_int_equal(pid, getpid());
}

/* Stopped with clients in the middle of things. */
static void stops_under_clients(void **state)
{
	int fds[5];

	setup(NULL);
	for (int i = 0; i < 5; i++) {
		fds[i] = dial();
		assert_true(send_all(fds[i], PING, i * 5));
	}
	teardown(NULL);
	for (int i = 0; i < 5; i++)
		close(fds[i]);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(one_by_one),
	    T(many_in_one_packet),
	    T(answer_after_half_close),
	    T(blank_lines_are_nothing),
	    T(garbage_gets_an_error_and_the_next_line_an_answer),
	    T(endless_line_is_refused),
	    T(longest_line_is_taken),
	    T(vanishing_clients),
	    T(greedy_client_is_held),
	    T(too_many_clients),
	    T(random_bytes),
	    T(second_director_is_refused),
	    cmocka_unit_test(stops_under_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
