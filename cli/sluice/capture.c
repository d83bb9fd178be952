// SPDX-License-Identifier: GPL-2.0-or-later
/* Real packets into a file, as they came and as they left. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/output/frame.h"
#include "cli/output/pcapng.h"
#include "cli/sluice/watch.h"

#define FRAME_MAX 2048

struct capture {
	FILE *file;
	struct pcapng *pcapng;
	unsigned long packets;
};

/* As it left, where it left. What it grew by (a tunnel's header) the whole packet grew by. */
static int write_out(struct capture *c, const json_t *packet, struct pcapng_packet *p)
{
	const char *interface = json_string_value(json_object_get(json_object_get(packet, "hop"), "interface"));
	uint8_t bytes[FRAME_MAX];
	uint32_t came = p->len > 1514 ? 590 : p->kept;

	p->kept = frame_bytes(json_string_value(json_object_get(packet, "out")), bytes, sizeof(bytes));
	p->len += p->kept - came;
	p->bytes = bytes;
	p->interface = interface ? interface : p->interface;
	p->outbound = true;
	return pcapng_write(c->pcapng, p);
}

static int on_packet(void *arg, const json_t *packet)
{
	const char *interface = json_string_value(json_object_get(packet, "interface"));
	const char *verdict = json_string_value(json_object_get(packet, "verdict"));
	struct capture *c = arg;
	uint8_t bytes[FRAME_MAX];
	char comment[400];
	struct pcapng_packet p = {
	    .interface = interface ? interface : "?",
	    .ns = watch_time(packet),
	    .bytes = bytes,
	    .kept = frame_bytes(json_string_value(json_object_get(packet, "in")), bytes, sizeof(bytes)),
	    .len = json_integer_value(json_object_get(packet, "len")),
	    .comment = watch_comment(packet, comment, sizeof(comment)),
	};
	int err = pcapng_write(c->pcapng, &p);

	if (!err && verdict && strcmp(verdict, "sent") == 0)
		err = write_out(c, packet, &p);
	if (err || fflush(c->file)) {
		fprintf(stderr, "sluice: can't write the file: %s\n", strerror(errno));
		return SLUICE_FAILED;
	}
	c->packets++;
	return SLUICE_OK;
}

static int run(const struct sluice_args *args)
{
	const char *name = args->word[0];
	bool piped = strcmp(name, "-") == 0;
	struct capture c = {.file = piped ? stdout : fopen(name, "we")};
	int status = SLUICE_FAILED;

	if (c.file)
		c.pcapng = pcapng_new(c.file);
	if (!c.pcapng)
		fprintf(stderr, "sluice: can't write %s: %s\n", name, strerror(errno));
	else
		status = watch_run(args, on_packet, &c);
	pcapng_free(c.pcapng);
	if (c.file && !piped)
		fclose(c.file);
	if (status == SLUICE_OK && !piped)
		fprintf(stderr, "%lu packets\n", c.packets);
	return status;
}

static const struct sluice_word words[] = {{"FILE", SLUICE_TEXT, .count = SLUICE_ONE}, {}};
static const struct sluice_option options[] = {WATCH_OPTIONS, {}};
static const struct sluice_name examples[] = {
    {"capture web.pcapng --service tcp/192.0.2.1:80 --time 10s", "ten seconds of a service"},
    {"capture - --server 10.0.0.11 | tshark -r -", "one server, live"},
    {},
};

const struct sluice_command sluice_cmd_capture = {
    .name = "capture",
    .what = "real packets into a pcapng file, as they came and as they left",
    .help = "Each packet is there as it came (inbound) and, if it was sent, as it left (outbound); the comment says what became of it, and "
	    "the\n"
	    "service and server. FILE is - for the standard output. At most 1,600 bytes of a packet are kept; of one that is larger than "
	    "1,514\n"
	    "bytes, 590 of what left.\n",
    .examples = examples,
    .words = words,
    .options = options,
    .run = run,
};
