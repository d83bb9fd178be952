/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control interface: lines of JSON-RPC to a director over plain memory, as somebody who may change everything. */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "sluiced/api/rpc.h"

static uint64_t now_ms(void *arg)
{
	return 1000;
}

static bool interface(void *arg, unsigned i, struct lanes_status *ret_status)
{
	*ret_status = (struct lanes_status){.name = "eth0", .ifindex = 2, .full = "tcx", .express = "off"};
	return i < 2;
}

static int watch(void *arg, uint32_t dest, const struct sl_addr *addr)
{
	fuzz_check(dest > 0 && dest < SL_MAX_DESTS);
	return 0;
}

static void unwatch(void *arg, uint32_t dest)
{
}

static void start(struct api *api)
{
	static const struct reconcile_hooks hooks = {.watch = watch, .unwatch = unwatch};

	model_init(&api->model);
	api->plane = plane_fake_new(SL_MIN_SLOTS);
	api->now_ms = now_ms;
	api->interface = interface;
	fuzz_check(api->plane && !reconcile_new(api->plane, &hooks, &api->rec) && !stats_new(api->plane, api->rec, &api->stats));
	fuzz_check(!reconcile_adopt(api->rec, &api->model, 0));
}

/* The answer is one line; whoever sent garbage hears so. */
static void ask(struct api *api, const char *line, size_t size)
{
	size_t answer_size = 0;
	char *answer = rpc_answer(api, API_CHANGE, line, size, &answer_size);

	if (!answer)
		return;
	fuzz_check(answer_size > 1 && answer[answer_size - 1] == '\n' && !memchr(answer, '\n', answer_size - 1));
	free(answer);
}

/* The director stays up from input to input, emptied: starting one takes longer than all requests of an input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char clear[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"change\",\"params\":{\"ops\":[{\"op\":\"clear\"}]}}";
	static struct api api;
	const char *line = (const char *)data, *end = line + size;

	if (!api.plane)
		start(&api);
	while (line < end) {
		const char *stop = memchr(line, '\n', end - line);

		stop = stop ? stop : end;
		ask(&api, line, stop - line);
		line = stop + 1;
	}
	ask(&api, clear, sizeof(clear) - 1);
	reconcile_tick(api.rec, 1000);
	fuzz_check(!api.model.svc_count && !api.model.dest_count);
	return 0;
}
