/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sluiced_fake [NAME]: the daemon over plain memory, for the tests of its clients: everything but maps, lanes and routes.
 * Serves the abstract socket @sluice of its network namespace, or @NAME; ends on SIGTERM or SIGINT.
 */

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "sluiced/director.h"

static int watch(void *arg, uint32_t dest, const struct sl_addr *addr)
{
	return 0;
}

static void unwatch(void *arg, uint32_t dest)
{
}

static bool interface(void *arg, unsigned i, struct lanes_status *ret_status)
{
	*ret_status = (struct lanes_status){.name = "fake0", .ifindex = 2, .full = "tcx", .express = "off"};
	return i == 0;
}

static void on_signal(uv_signal_t *signal, int number)
{
	director_stop(signal->data);
	for (int i = 0; i < 2; i++)
		uv_close((uv_handle_t *)(signal - (number == SIGTERM) + i), NULL);
}

int main(int argc, char **argv)
{
	struct plane *plane = plane_fake_new(SL_MIN_SLOTS);
	const int numbers[] = {SIGINT, SIGTERM};
	struct director_base base = {.plane = plane, .hooks = {.watch = watch, .unwatch = unwatch}, .interface = interface};
	struct director *director;
	uv_signal_t signals[2];
	pid_t pid = -1;
	int err;

	log_open("sluiced_fake", LOG_LEVEL_INFO);
	base.loop = uv_default_loop();
	if (!plane)
		fatal("out of memory");
	err = director_new(base.loop, argc > 1 ? argv[1] : NULL, &director, &pid);
	if (err)
		fatal("the control socket can't be had (process %d has it?): %s", pid, strerror(-err));
	err = director_start(director, &base);
	if (err)
		fatal("%s", strerror(-err));
	for (int i = 0; i < 2; i++) {
		uv_signal_init(base.loop, &signals[i]);
		signals[i].data = director;
		uv_signal_start(&signals[i], on_signal, numbers[i]);
	}
	puts("ready");
	fflush(stdout);
	uv_run(base.loop, UV_RUN_DEFAULT);
	director_free(director);
	plane_fake_free(plane);
	return uv_loop_close(base.loop) != 0;
}
