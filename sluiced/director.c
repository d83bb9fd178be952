/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/director.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "sluiced/api/cmd.h"
#include "sluiced/api/control.h"
#include "sluiced/broom.h"

#define TICK_MS 1000
#define RATES_EVERY_MS (2000 / STATS_SLICES)

struct director {
	uv_loop_t *loop;
	struct api api;
	struct control *control;
	struct broom broom;
	struct director_base base;
	uv_timer_t timers[3];
	unsigned timer_count;
};

static uint64_t now_ms(void *arg)
{
	const struct director *director = arg;

	return uv_now(director->loop);
}

static bool interface(void *arg, unsigned i, struct lanes_status *ret_status)
{
	const struct director *director = arg;

	return director->base.interface(director->base.arg, i, ret_status);
}

static void on_tick(uv_timer_t *timer)
{
	struct director *director = timer->data;

	reconcile_tick(director->api.rec, uv_now(director->loop));
	cmd_watch_tick(&director->api);
	cmd_record_tick(&director->api);
}

static void on_broom(uv_timer_t *timer)
{
	struct director *director = timer->data;
	int err = broom_tick(&director->broom);

	if (err)
		log_warn_limited("the broom could not sweep: %s", strerror(-err));
}

static void on_rates(uv_timer_t *timer)
{
	struct director *director = timer->data;

	stats_tick(director->api.stats);
}

static const struct {
	uv_timer_cb fn;
	unsigned every_ms;
} timers[] = {{on_tick, TICK_MS}, {on_broom, BROOM_EVERY_MS}, {on_rates, RATES_EVERY_MS}};

int director_new(uv_loop_t *loop, const char *name, struct director **ret_director, pid_t *ret_pid)
{
	struct director *director = calloc(1, sizeof(*director));
	int err;

	if (!director)
		return -ENOMEM;
	director->loop = loop;
	director->api.now_ms = now_ms;
	director->api.interface = interface;
	director->api.arg = director;
	model_init(&director->api.model);
	err = control_new(loop, &director->api, name, &director->control, ret_pid);
	if (err) {
		director_free(director);
		return err;
	}
	*ret_director = director;
	return 0;
}

static int timers_start(struct director *director)
{
	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
		int err = uv_timer_init(director->loop, &director->timers[i]);

		if (err)
			return err;
		director->timer_count++;
		director->timers[i].data = director;
		err = uv_timer_start(&director->timers[i], timers[i].fn, timers[i].every_ms, timers[i].every_ms);
		if (err)
			return err;
	}
	return 0;
}

static int adopt(struct director *director)
{
	struct api *api = &director->api;
	int err = reconcile_new(api->plane, &director->base.hooks, &api->rec);

	if (!err)
		err = stats_new(api->plane, api->rec, &api->stats);
	if (!err)
		err = reconcile_adopt(api->rec, &api->model, uv_now(director->loop));
	if (!err && api->plane->adopted) {
		log_notice("adopted %u services with %u servers; %lu writes were needed", api->model.svc_count, api->model.dest_count,
		    api->plane->writes);
	}
	return err;
}

int director_start(struct director *director, const struct director_base *base)
{
	int err;

	director->base = *base;
	director->api.plane = base->plane;
	director->api.lanes = base->lanes;
	director->api.lanes_arg = base->arg;
	broom_init(&director->broom, base->plane);
	uv_update_time(director->loop);
	err = adopt(director);
	if (!err)
		plane_flag_set(base->plane, SL_SET_RECORD, false); /* whoever recorded spoke to the daemon before */
	if (!err)
		err = timers_start(director);
	return err ? err : control_start(director->control);
}

void director_stop(struct director *director)
{
	if (!director)
		return;
	control_stop(director->control);
	cmd_watch_end(&director->api);
	cmd_record_end(&director->api);
	while (director->timer_count)
		uv_close((uv_handle_t *)&director->timers[--director->timer_count], NULL);
}

void director_free(struct director *director)
{
	if (!director)
		return;
	control_free(director->control);
	stats_free(director->api.stats);
	reconcile_free(director->api.rec);
	model_fini(&director->api.model);
	free(director);
}
