/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/broom.h"

#include <time.h>

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* A slice at which a round takes a second. */
static uint32_t full_slice(const struct broom *broom)
{
	return broom->buckets / (BROOM_ROUND_MS / BROOM_EVERY_MS) + 1;
}

void broom_init(struct broom *broom, struct plane *plane)
{
	*broom = (struct broom){.plane = plane, .buckets = plane->slots / SL_BUCKET_SLOTS};
	broom->slice = full_slice(broom);
	if (broom->slice > 4096) /* until its speed is known */
		broom->slice = 4096;
}

uint32_t broom_pace(const struct broom *broom, uint32_t count, uint64_t ns)
{
	uint64_t fits = ns ? (uint64_t)count * BROOM_MOST_NS / ns : UINT32_MAX, full = full_slice(broom);

	if (fits > 2 * (uint64_t)broom->slice) /* one slice that was quick by chance is no measure */
		fits = 2 * (uint64_t)broom->slice;
	if (fits < 1)
		fits = 1;
	return fits < full ? fits : full;
}

int broom_tick(struct broom *broom)
{
	struct sl_broom arg = {.first = broom->next, .count = broom->slice};
	uint64_t start = now_ns();
	int err = broom->plane->ops->sweep(broom->plane, &arg);

	if (err)
		return err;
	broom->next += broom->slice;
	broom->slice = broom_pace(broom, broom->slice, now_ns() - start);
	if (broom->next >= broom->buckets)
		broom->next = 0;
	return 0;
}
