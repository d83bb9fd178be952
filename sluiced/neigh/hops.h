/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_NEIGH_HOPS_H
#define SLUICED_NEIGH_HOPS_H
/*
 * DOC: hop ids
 *
 * A published hop is never changed: another content is another id. Whoever wants the same content shares the id. An id that nobody
 * wants any more rests for a second, because a packet under way may still look at it; then its hop is emptied and the id
 * can be given out again. Hops that an earlier daemon left in the plane are found by their content, so that a restart
 * which changes nothing writes nothing.
 *
 * A hop without gateway (gw zero) is a client's: it stands for {interface, MAC} alone, and hop_ids leads to it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "sluice/abi.h"

struct hops;
struct plane;

#define HOPS_REST_MS 1000

/* Over the plane's hops as they are now. NULL without memory. */
struct hops *hops_new(struct plane *plane);
void hops_free(struct hops *hops);

/* The id of a hop with this content, one reference more; 0 when ids have run out. */
uint32_t hops_get(struct hops *hops, const struct sl_hop *hop);

/* One reference less; 0 does nothing. */
void hops_put(struct hops *hops, uint32_t id, uint64_t now_ms);

/* Once, when everything that is wanted has been asked for: what the earlier daemon left and nobody wants goes. */
void hops_settle(struct hops *hops, uint64_t now_ms);

/* Empties what has rested. Milliseconds until there is more to do, or -1. */
int hops_work(struct hops *hops, uint64_t now_ms);

#endif
