/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/sluiced/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int watch(void *arg, uint32_t dest, const struct sl_addr *addr)
{
	struct fixture *f = arg;

	if (f->watch_error)
		return f->watch_error;
	assert_false(f->watched[dest]);
	assert_memory_equal(&f->plane->dests[dest].addr, addr, sizeof(*addr));
	f->watched[dest] = true;
	plane_dest_hop(f->plane, dest, 1000 + dest, false);
	return 0;
}

static void unwatch(void *arg, uint32_t dest)
{
	struct fixture *f = arg;

	assert_true(f->watched[dest]);
	f->watched[dest] = false;
}

static void mark(void *arg, const struct sl_svc_key *key, bool on)
{
	struct fixture *f = arg;

	f->marks += on ? 1 : -1;
	f->last_mark = svc_key_mark_of(key);
}

static void start(struct fixture *f)
{
	const struct reconcile_hooks hooks = {f, watch, unwatch, mark};

	model_init(&f->model);
	assert_int_equal(reconcile_new(f->plane, &hooks, &f->rec), 0);
	assert_int_equal(stats_new(f->plane, f->rec, &f->stats), 0);
	assert_int_equal(reconcile_adopt(f->rec, &f->model, f->now_ms), 0);
}

static void stop(struct fixture *f)
{
	stats_free(f->stats);
	reconcile_free(f->rec);
	model_fini(&f->model);
	memset(f->watched, 0, sizeof(f->watched));
	f->marks = 0;
}

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->plane = plane_fake_new(SL_MIN_SLOTS);
	f->now_ms = 1000000;
	start(f);
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	stop(f);
	plane_fake_free(f->plane);
	free(f);
	return 0;
}

void fixture_restart(struct fixture *f)
{
	stop(f);
	f->plane->writes = 0;
	f->plane->adopted = true;
	start(f);
}

int fixture_change(struct fixture *f, const char *script)
{
	struct model_error error;
	struct txn txn;
	int err;

	txn_begin(&txn, &f->model);
	err = script_apply(&txn, script, &error);
	if (err)
		txn_undo(&txn);
	else
		err = reconcile_commit(f->rec, &txn, f->now_ms);
	txn_end(&txn);
	return err;
}

void fixture_wait(struct fixture *f, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++) {
		f->now_ms += 1000;
		reconcile_tick(f->rec, f->now_ms);
	}
}

uint32_t fixture_dest(const struct fixture *f, const char *addr, unsigned port)
{
	struct sl_svc_key svc = script_svc_key("tcp", "192.0.2.1", 80);
	struct dest_key key = script_dest_key(addr, port);
	const struct svc *s = model_svc(&f->model, &svc);

	if (!s || !model_dest(s, &f->model, &key))
		return 0;
	return reconcile_dest_id(f->rec, reconcile_svc_id(f->rec, &svc), &key);
}

bool fixture_svc(const struct fixture *f, struct sl_svc *ret_svc)
{
	struct sl_svc_key want = script_svc_key("tcp", "192.0.2.1", 80), key;
	int err = f->plane->ops->svc_next(f->plane, NULL, &key, ret_svc);

	while (!err && memcmp(&key, &want, sizeof(key)) != 0)
		err = f->plane->ops->svc_next(f->plane, &key, &key, ret_svc);
	return !err;
}
