/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PACKET_PLANE_LANE_H
#define PACKET_PLANE_LANE_H
/*
 * DOC: a plane over the memory of a lane under test
 *
 * With it the daemon's own code, from the model to the reconciler, writes what the lane then runs on. All servers have one next hop of
 * each family, clients another. Ids up to PLANE_LANE_IDS are cleared when a plane is made, so one after the other can use a lane.
 */

#include "sluiced/plane/plane.h"
#include "tests/packet/lane.h"

#define PLANE_LANE_IDS 4096

/* NULL without memory. The lane stays the caller's. */
struct plane *plane_lane_new(struct lane *lane);

/* Takes the services and the addresses out of the lane. */
void plane_lane_free(struct plane *plane);

/* The way to a server, for reconcile_hooks; arg is the plane. */
int plane_lane_watch(void *arg, uint32_t dest, const struct sl_addr *addr);
void plane_lane_unwatch(void *arg, uint32_t dest);

/* The addresses of the lane's devices and of the hosts next to them. */
extern const uint8_t plane_lane_mac[LANE_SIDES][6], plane_lane_next[LANE_SIDES][6];

#endif
