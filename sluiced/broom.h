/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_BROOM_H
#define SLUICED_BROOM_H
/*
 * DOC: the broom's pace
 *
 * The whole table is swept about once a second, a slice at a time; a slice is so small that it takes no longer than two
 * milliseconds, also when the table is so large that a round then takes longer. The lanes do not depend on it: they take
 * expired slots themselves when they need them.
 */

#include <stdint.h>

#include "sluiced/plane/plane.h"

#define BROOM_EVERY_MS 20
#define BROOM_ROUND_MS 1000
#define BROOM_MOST_NS 2000000

struct broom {
	struct plane *plane;
	uint32_t buckets; /* of the table */
	uint32_t next; /* bucket */
	uint32_t slice; /* buckets at a time */
};

void broom_init(struct broom *broom, struct plane *plane);

/* Sweep the next slice; call it every BROOM_EVERY_MS. 0 or -errno. */
int broom_tick(struct broom *broom);

/* The next slice's size after one of `count` buckets took `ns`. */
uint32_t broom_pace(const struct broom *broom, uint32_t count, uint64_t ns);

#endif
