// SPDX-License-Identifier: GPL-2.0-or-later
/* Real packets, a line each. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/output/frame.h"
#include "cli/sluice/watch.h"

#define FRAME_MAX 2048

static void show_time(long long ns)
{
	time_t seconds = ns / 1000000000;
	struct tm tm;
	char text[16];

	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	printf("%s.%06lld", text, ns % 1000000000 / 1000);
}

static void show_packet(const json_t *packet)
{
	const char *interface = json_string_value(json_object_get(packet, "interface"));
	const char *out_interface = json_string_value(json_object_get(json_object_get(packet, "hop"), "interface"));
	const char *verdict = json_string_value(json_object_get(packet, "verdict"));
	uint8_t bytes[FRAME_MAX];
	char in[FRAME_TEXT], out[FRAME_TEXT], comment[300];
	size_t len = frame_bytes(json_string_value(json_object_get(packet, "in")), bytes, sizeof(bytes));

	frame_brief(bytes, len, in);
	show_time(watch_time(packet));
	printf(" %s%s %s: %s", interface ? interface : "?", json_is_true(json_object_get(packet, "express")) ? " express" : "", in,
	    watch_comment(packet, comment, sizeof(comment)));
	if (verdict && (strcmp(verdict, "sent") == 0 || strcmp(verdict, "delivered") == 0)) {
		len = frame_bytes(json_string_value(json_object_get(packet, "out")), bytes, sizeof(bytes));
		printf("; out%s%s %s", out_interface ? " " : "", out_interface ? out_interface : "", frame_brief(bytes, len, out));
	}
	printf("\n");
}

static int on_packet(void *arg, const json_t *packet)
{
	const struct sluice_args *args = arg;

	if (args->json) {
		json_dumpf(packet, stdout, JSON_COMPACT);
		printf("\n");
	} else {
		show_packet(packet);
	}
	return fflush(stdout) ? SLUICE_FAILED : SLUICE_OK;
}

static int run(const struct sluice_args *args)
{
	return watch_run(args, on_packet, (void *)args);
}

static const struct sluice_option options[] = {WATCH_OPTIONS, {}};
static const struct sluice_name examples[] = {
    {"trace --service tcp/192.0.2.1:80 --count 20", "the next 20 packets of a service"},
    {"trace --client 198.51.100.7", "everything of one client, until Ctrl-C"},
    {},
};

const struct sluice_command sluice_cmd_trace = {
    .name = "trace",
    .what = "real packets as they come, and what becomes of each",
    .help =
	"A packet is copied in front of the lanes and explained afterwards, so one that began a connection shows it as known. It costs\n"
	"nothing while nobody looks. With --json a packet is a line of JSON, as watch.read of docs/api.md has it.\n",
    .examples = examples,
    .options = options,
    .run = run,
};
