/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H
/* A model and a reconciler over a fake plane, with a clock that stands until it is moved. */

#include "sluiced/plane/reconcile.h"
#include "sluiced/plane/stats.h"
#include "tests/unit/sluiced/script.h"

struct fixture {
	struct plane *plane;
	struct model model;
	struct reconcile *rec;
	struct stats *stats;
	uint64_t now_ms;
	bool watched[SL_MAX_DESTS];
	int watch_error; /* what the next watch answers */
	int marks; /* mark services that were told of */
	uint32_t last_mark;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Commit a script; 0 or -errno, the model unchanged then. */
int fixture_change(struct fixture *f, const char *script);

/* The daemon is killed and started again. */
void fixture_restart(struct fixture *f);

/* Let time pass in steps of a second. */
void fixture_wait(struct fixture *f, unsigned seconds);

/* The id of a server of tcp 192.0.2.1:80, or 0. */
uint32_t fixture_dest(const struct fixture *f, const char *addr, unsigned port);

/* The plane's entry of tcp 192.0.2.1:80; false if there is none. */
bool fixture_svc(const struct fixture *f, struct sl_svc *ret_svc);

#define WEB "tcp 192.0.2.1 80"

#endif
