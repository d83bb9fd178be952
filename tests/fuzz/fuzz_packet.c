/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet's path over plain memory. Input: one byte for the forwarding method and scheduler, then packets, each a byte of flags, two of
 * length (little-endian) and the frame. A director with services of both families and protocols meets them one after the other in
 * one table; afterwards its loads must equal a count of it.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/packet/hostile.h"

#include <netinet/in.h>
#include <string.h>

enum { FLAG_EGRESS = 1, FLAG_INSIDE = 2, FLAG_EXPRESS = 4, FLAG_GSO = 8, FLAG_AGE = 16, FLAG_SWEEP = 32 };

static struct lane *lane;

static struct world world(uint8_t choice, bool v6, bool udp)
{
	struct world w;
	unsigned i = 0, method = 1U << (6 + choice % 6); /* one of W_METHODS */

	world_next(method | (v6 ? W_V6 : W_V4) | (udp ? W_UDP : W_TCP), &i, &w);
	return w;
}

/* Four services, each with its own ids, so that one packet meets the others' connections. */
static void set_up(struct rig *rig, uint8_t choice)
{
	for (int i = 0; i < 4; i++) {
		struct world w = world(choice, i & 1, i & 2);

		if (i == 0)
			rig_reset(rig, lane, &w);
		rig->w = w;
		rig->svc.count = 0;
		rig_service(rig, SL_SCHED_RR + choice / 8 % 4);
		rig_server(rig, RS1 + i, 1 + i);
	}
}

static void run_packet(const uint8_t *frame, size_t len, uint8_t flags)
{
	static struct lane_out out;
	struct lane_in in = {.frame = frame,
	    .len = len,
	    .side = flags & FLAG_INSIDE ? LANE_INSIDE : LANE_OUTSIDE,
	    .egress = flags & FLAG_EGRESS,
	    .express = flags & FLAG_EXPRESS};

	if (len < 14 || len > PKT_MAX)
		return;
	if (flags & FLAG_GSO && !in.express) {
		in.gso_segs = 3;
		in.gso_size = 500;
	}
	fuzz_check(lane->ops->run(lane, &in, &out) == 0);
	fuzz_check(out.len >= len && out.len <= len + 40);
	fuzz_check(out.verdict != LANE_PASS || out.len == len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rig rig;
	struct step age = {.op = OP_AGE, .n = 200};
	struct sl_broom broom = {.count = 16 / SL_BUCKET_SLOTS};
	size_t at = 1;

	lane = lane ? lane : lane_host_new(16);
	if (!lane || !size)
		return 0;
	set_up(&rig, data[0]);
	while (size - at >= 3 && size > at) {
		uint8_t flags = data[at];
		size_t len = data[at + 1] | data[at + 2] << 8;

		at += 3;
		len = len > size - at ? size - at : len;
		if (flags & FLAG_AGE)
			rig_step(&rig, &age);
		if (flags & FLAG_SWEEP)
			lane->ops->sweep(lane, &broom);
		run_packet(data + at, len, flags);
		at += len;
	}
	const char *why = rig_audit(&rig);

	if (why)
		fprintf(stderr, "%s\n", why);
	fuzz_check(!why);
	return 0;
}

/* Seeds: all packets of the rows in a world, a few dozen an input. */
struct seed {
	fuzz_give give;
	void *arg;
	uint8_t data[8192];
	size_t size;
	unsigned world, n;
};

static void flush(struct seed *s)
{
	char name[64];

	snprintf(name, sizeof(name), "rows-%02u-%02u", s->world, s->n++);
	if (s->size > 1)
		s->give(s->arg, name, s->data, s->size);
	s->data[0] = s->world / 4 + s->n * 8;
	s->size = 1;
}

static bool add(void *arg, const struct lane_in *in)
{
	struct seed *s = arg;
	uint8_t *p;

	if (s->size + 3 + in->len > sizeof(s->data))
		flush(s);
	p = s->data + s->size;
	p[0] = (in->egress ? FLAG_EGRESS : 0) | (in->side == LANE_INSIDE ? FLAG_INSIDE : 0);
	p[1] = in->len;
	p[2] = in->len >> 8;
	memcpy(p + 3, in->frame, in->len);
	s->size += 3 + in->len;
	return true;
}

void fuzz_seeds(fuzz_give give, void *arg)
{
	static struct seed s;
	struct world w;
	unsigned i = 0;

	s.give = give;
	s.arg = arg;
	while (world_next(W_FAMILIES | W_PROTOS | W_METHODS, &i, &w)) {
		s.world = i - 1;
		s.n = 0;
		s.size = 0;
		flush(&s);
		hostile_frames(&w, add, &s);
		flush(&s);
	}
}
