/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_DIRECTOR_H
#define SLUICED_DIRECTOR_H
/*
 * DOC: the director: model, reconciler, broom, rates and control socket around a plane
 *
 * Everything of the daemon that does not depend on what the plane is made of: main.c gives it the maps, tests a fake.
 * Single-threaded; the timers live in the caller's loop.
 */

#include <sys/types.h>
#include <uv.h>

#include "sluiced/plane/lanes.h"
#include "sluiced/plane/plane.h"
#include "sluiced/plane/reconcile.h"

struct director;
struct api_lanes;

/* What it stands on; all of it stays the caller's and must live longer. */
struct director_base {
	uv_loop_t *loop;
	struct plane *plane;
	struct reconcile_hooks hooks;
	bool (*interface)(void *arg, unsigned i, struct lanes_status *ret_status);
	const struct api_lanes *lanes; /* called with `arg`; NULL: there are none */
	void *arg;
};

/*
 * Take the control socket's name (NULL: the usual one), so that there is one director only, before anything is touched.
 * -EADDRINUSE: *ret_pid has it, or somebody unknown (-1).
 */
int director_new(uv_loop_t *loop, const char *name, struct director **ret_director, pid_t *ret_pid);

/* Adopt what the plane holds, then serve. */
int director_start(struct director *director, const struct director_base *base);

/* Stop serving and close every handle; run the loop until it is done, then free. The lanes go on. */
void director_stop(struct director *director);
void director_free(struct director *director);

#endif
