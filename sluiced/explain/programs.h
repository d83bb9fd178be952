/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_PROGRAMS_H
#define SLUICED_PROGRAMS_H
/*
 * DOC: the programs for explanations, loaded when they are first wanted
 *
 * The sandbox's full lane and the taps. Loading takes the verifier a second, which is too long for the daemon's loop, and privileges that
 * the daemon gives up: a child process, made before that, sleeps until the first call, loads them, sends the file descriptors and ends.
 */

#include "sluiced/plane/plane_bpf.h"

struct programs;

#define SANDBOX_SLOTS 1024

/* What there is: the sandbox's programs and its own maps; the taps' programs and maps. */
enum programs_fd {
	PROGRAMS_INGRESS,
	PROGRAMS_EGRESS,
	PROGRAMS_TAGS,
	PROGRAMS_CONNS,
	PROGRAMS_LOADS,
	PROGRAMS_CURSORS,
	PROGRAMS_COUNTERS,
	PROGRAMS_CACHES,
	PROGRAMS_TAP_IN,
	PROGRAMS_TAP_OUT,
	PROGRAMS_TAP_EXPRESS,
	PROGRAMS_TAP_LANE,
	PROGRAMS_TAP_FILTER,
	PROGRAMS_TAP_ENDS,
	PROGRAMS_TAP_RING,
	PROGRAMS_TAP_LOST,
	PROGRAMS_COUNT
};

/* To be called while the daemon may still load programs. NULL without memory or over a fake plane. */
struct programs *programs_new(struct plane *plane);
void programs_free(struct programs *programs);

/* 0: ready. -EAGAIN: not yet (the first call begins), ask again. Else why they can't be had: *ret_why is a sentence that `programs` owns.
 */
int programs_ready(struct programs *programs, const char **ret_why);

struct plane_bpf *programs_plane(const struct programs *programs);

/* The descriptor of one of them, owned by `programs`; once they are ready. */
int programs_fd(const struct programs *programs, enum programs_fd item);

#endif
