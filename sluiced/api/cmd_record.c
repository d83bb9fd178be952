/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections as they begin and end: what sluice record reads. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "sluiced/api/cmd.h"
#include "sluiced/api/field.h"

#define SILENT_MS 10000 /* a recorder that reads no more has gone */
#define PAGE 1000 /* events an answer */
#define SECOND_NS 1000000000ULL

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND_NS + ts.tv_nsec;
}

/* Events that found no room, since the director was started. */
static int lost(struct api *api, uint64_t *ret_lost, struct rpc_error *ret_error)
{
	uint64_t values[SL_MAX_COUNTERS];
	int err = api->plane->ops->counters(api->plane, values);

	if (err)
		return rpc_fail_errno(ret_error, -EIO, "the kernel's counters can't be read: %s", strerror(-err));
	*ret_lost = values[SL_MAX_REASONS + SL_EV_TRAIL_LOST];
	return 0;
}

/* The id of the service that is wanted; 0: all are. */
static int wanted(const struct api *api, const json_t *params, uint32_t *ret_svc, struct rpc_error *ret_error)
{
	const json_t *name = json_object_get(params, "service");
	char text[MODEL_NAME_TEXT];
	struct sl_svc_key key;
	int err;

	*ret_svc = 0;
	if (!name)
		return 0;
	err = field_svc(name, &key, ret_error);
	if (err)
		return err;
	if (!model_svc(&api->model, &key))
		return rpc_fail_errno(ret_error, -ESRCH, "there is no service %s", model_svc_text(&key, text));
	*ret_svc = reconcile_svc_id(api->rec, &key);
	return 0;
}

/* What somebody left in the ring who recorded before. */
static int drain(struct api *api, struct sl_trail *events)
{
	int count;

	do
		count = api->plane->ops->trail(api->plane, events, PAGE);
	while (count == PAGE);
	return count < 0 ? count : 0;
}

static int begin(struct api *api, uint32_t svc, json_t **ret_result, struct rpc_error *ret_error)
{
	struct sl_trail *events = calloc(PAGE, sizeof(*events));
	uint64_t id = 0;
	int err = events ? drain(api, events) : -ENOMEM;

	free(events);
	if (err)
		return rpc_fail_errno(ret_error, -EIO, "the lanes' events can't be read: %s", strerror(-err));
	err = lost(api, &api->record.lost, ret_error);
	if (err)
		return err;
	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		id = api->now_ms(api->arg);
	api->record.id = (id >> 12) | 1; /* JSON's numbers have 53 bits */
	api->record.read_ms = api->now_ms(api->arg);
	api->record.svc = svc;
	*ret_result = json_pack("{s:I, s:I}", "record", (json_int_t)api->record.id, "ns", (json_int_t)now_ns());
	plane_flag_set(api->plane, SL_SET_RECORD, true);
	return 0;
}

int cmd_record_start(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	uint32_t svc;
	int err = wanted(api, params, &svc, ret_error);

	if (err)
		return err;
	if (api->record.id)
		return rpc_fail_errno(ret_error, -EEXIST, "somebody is recording already: one can at a time");
	return begin(api, svc, ret_result, ret_error);
}

static int need_record(struct api *api, const json_t *params, struct rpc_error *ret_error)
{
	int64_t id = 0;
	int err = field_number(params, "record", &id, ret_error);

	if (err)
		return err;
	if (!api->record.id || (uint64_t)id != api->record.id)
		return rpc_fail_errno(
		    ret_error, -ESRCH, "there is no such recording (any more): who does not read for %d s loses it", SILENT_MS / 1000);
	api->record.read_ms = api->now_ms(api->arg);
	return 0;
}

/* A connection's name: a slot is used again, but not soon with the same generation. */
static json_t *name_of(const struct sl_trail *event)
{
	return json_integer((json_int_t)event->slot << 16 | event->gen);
}

static json_t *begin_object(const struct api *api, const struct sl_trail *event)
{
	const struct sl_dest *dest = &api->plane->dests[event->dest % SL_MAX_DESTS];

	return json_pack("{s:I, s:o, s:s, s:o, s:o, s:o}", "begin", (json_int_t)event->ns, "id", name_of(event), "proto",
	    field_proto_text(event->proto), "client", field_end(&event->caddr, event->cport), "virtual",
	    field_end(&event->vaddr, event->vport), "server", field_end(&dest->addr, event->dport));
}

static json_t *end_object(const struct api *api, const struct sl_trail *event)
{
	const struct sl_settings *s = api->plane->settings;
	uint64_t age = ((uint64_t)event->age << s->tick_shift) * SECOND_NS / (s->hz ? s->hz : 1);

	return json_pack("{s:I, s:o}", "end", (json_int_t)(event->ns > age ? event->ns - age : 0), "id", name_of(event));
}

static bool is_wanted(const struct api *api, const struct sl_trail *event)
{
	return event->what == SL_TRAIL_END || !api->record.svc || event->svc == api->record.svc;
}

static json_t *event_list(const struct api *api, const struct sl_trail *events, int count)
{
	json_t *list = json_array();

	for (int i = 0; i < count; i++)
		if (is_wanted(api, &events[i]))
			json_array_append_new(
			    list, events[i].what == SL_TRAIL_BEGIN ? begin_object(api, &events[i]) : end_object(api, &events[i]));
	return list;
}

int cmd_record_read(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	struct sl_trail *events;
	uint64_t missed = 0;
	int count, err = need_record(api, params, ret_error);

	err = err ? err : lost(api, &missed, ret_error);
	if (err)
		return err;
	events = calloc(PAGE, sizeof(*events));
	if (!events)
		return rpc_fail_errno(ret_error, -EIO, "out of memory");
	count = api->plane->ops->trail(api->plane, events, PAGE);
	if (count < 0)
		err = rpc_fail_errno(ret_error, -EIO, "the lanes' events can't be read: %s", strerror(-count));
	else
		*ret_result = json_pack("{s:o, s:b, s:I}", "events", event_list(api, events, count), "more", count == PAGE, "lost",
		    (json_int_t)(missed - api->record.lost));
	free(events);
	return err;
}

void cmd_record_end(struct api *api)
{
	if (api->record.id)
		plane_flag_set(api->plane, SL_SET_RECORD, false);
	api->record = (struct api_record){.id = 0};
}

int cmd_record_stop(struct api *api, const json_t *params, json_t **ret_result, struct rpc_error *ret_error)
{
	int err = need_record(api, params, ret_error);

	if (err)
		return err;
	cmd_record_end(api);
	*ret_result = json_object();
	return 0;
}

void cmd_record_tick(struct api *api)
{
	if (api->record.id && api->now_ms(api->arg) - api->record.read_ms > SILENT_MS)
		cmd_record_end(api);
}
