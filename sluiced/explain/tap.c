/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/explain/tap.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

struct tap {
	struct programs *programs;
	struct lanes *lanes;
	struct ring_buffer *ring;
	uint64_t lost_before;
	/* of the read under way */
	tap_fn fn;
	void *arg;
	unsigned left;
};

/* A sample of the ring; the one after which there is no room ends the reading. */
static int on_sample(void *arg, void *data, size_t size)
{
	struct tap *tap = arg;
	const struct sl_tapped *head = data;

	if (size < sizeof(*head) || head->kept > size - sizeof(*head))
		return 0;
	tap->fn(tap->arg, head, (const uint8_t *)(head + 1));
	return --tap->left ? 0 : -ENOSPC;
}

static uint64_t lost(const struct tap *tap)
{
	unsigned cpus = programs_plane(tap->programs)->plane.cpus;
	uint64_t rows[cpus], sum = 0;
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(programs_fd(tap->programs, PROGRAMS_TAP_LOST), &zero, rows))
		return 0;
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		sum += rows[cpu];
	return sum;
}

static void ends_clear(int map)
{
	struct sl_svc_key key;

	for (int i = 0; i < SL_TAP_ENDS && !bpf_map_get_next_key(map, NULL, &key); i++)
		bpf_map_delete_elem(map, &key);
}

static int filter_set(const struct tap *tap, const struct tap_want *want)
{
	int ends = programs_fd(tap->programs, PROGRAMS_TAP_ENDS);
	uint32_t zero = 0, one = 1;

	ends_clear(ends);
	for (uint32_t i = 0; i < want->filter.ends; i++)
		if (bpf_map_update_elem(ends, &want->ends[i], &one, BPF_ANY))
			return -errno;
	return bpf_map_update_elem(programs_fd(tap->programs, PROGRAMS_TAP_FILTER), &zero, &want->filter, BPF_ANY) ? -errno : 0;
}

/* What an earlier tap left in the ring is nobody's. */
static void drop(void *arg, const struct sl_tapped *head, const uint8_t *bytes)
{
}

static int attach(const struct tap *tap)
{
	struct lanes_taps taps = {
	    .in = programs_fd(tap->programs, PROGRAMS_TAP_IN),
	    .out = programs_fd(tap->programs, PROGRAMS_TAP_OUT),
	    .express = programs_fd(tap->programs, PROGRAMS_TAP_EXPRESS),
	};
	int lane = programs_plane(tap->programs)->prog[PROG_EXPRESS];
	uint32_t zero = 0;

	if (lane >= 0 && bpf_map_update_elem(programs_fd(tap->programs, PROGRAMS_TAP_LANE), &zero, &lane, BPF_ANY))
		return -errno;
	return lanes_tap(tap->lanes, &taps) ? 0 : -ENODEV;
}

int tap_new(struct programs *programs, struct lanes *lanes, const struct tap_want *want, struct tap **ret_tap)
{
	struct tap *tap = calloc(1, sizeof(*tap));
	int err;

	if (!tap)
		return -ENOMEM;
	tap->programs = programs;
	tap->lanes = lanes;
	tap->ring = ring_buffer__new(programs_fd(programs, PROGRAMS_TAP_RING), on_sample, tap, NULL);
	err = tap->ring ? filter_set(tap, want) : -errno;
	if (!err) {
		tap_read(tap, ~0U, drop, NULL);
		tap->lost_before = lost(tap);
		err = attach(tap);
	}
	if (err) {
		tap_free(tap);
		return err;
	}
	*ret_tap = tap;
	return 0;
}

void tap_free(struct tap *tap)
{
	if (!tap)
		return;
	lanes_tap(tap->lanes, NULL);
	ring_buffer__free(tap->ring);
	free(tap);
}

unsigned tap_read(struct tap *tap, unsigned max, tap_fn fn, void *arg)
{
	tap->fn = fn;
	tap->arg = arg;
	tap->left = max;
	ring_buffer__consume(tap->ring);
	return max - tap->left;
}

uint64_t tap_lost(const struct tap *tap)
{
	return lost(tap) - tap->lost_before;
}
