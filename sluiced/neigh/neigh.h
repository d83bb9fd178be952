/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_NEIGH_H
#define SLUICED_NEIGH_H
/*
 * DOC: routes, links and neighbours, followed over rtnetlink
 *
 * Keeps for every watched real server the next hop the kernel's routing would choose (abi.h, sl_hop), writes it to the plane, asks the
 * kernel to keep that neighbour resolved, and tells which interfaces there are. It also gives every known neighbour a hop id, so
 * that the lanes can cache the way back to clients. Modelled on the scan-and-compare of a routing daemon: a dump at the start
 * and after lost messages, notifications in between; idempotent.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <uv.h>

#include "sluice/abi.h"

struct neigh;
struct plane;

/* An interface, as far as the lanes care. */
struct neigh_link {
	uint32_t ifindex;
	char name[16];
	uint8_t mac[6];
	uint32_t mtu;
	bool up;
	bool ether; /* ARPHRD_ETHER */
	bool slave; /* port of a bridge, bond or team: its master sees the packets (a VRF is no such master) */
	bool physical; /* has a parent device: a NIC or virtio, no veth, bridge, bond, VLAN */
	bool loopback;
};

/* The mark device (sluiced/mark/), which has a program of its own instead. */
#define NEIGH_MARK_DEVICE "sluice0"

/* An interface gets lanes if it is Ethernet and nobody's port. It need not be up. */
static inline bool neigh_link_has_lanes(const struct neigh_link *link)
{
	return link->ether && !link->slave && !link->loopback && strcmp(link->name, NEIGH_MARK_DEVICE);
}

/*
 * Called in the loop, and by neigh_new() for the interfaces there are; present false when the interface has gone. By its end an
 * express lane must be in the plane's links, because a hop depends on it.
 */
typedef void (*neigh_link_fn)(void *arg, const struct neigh_link *link, bool present);

/*
 * Reads everything there is before it returns, so that neigh_watch() knows the way at once. Start the loop within a second of
 * watching the real servers the plane already has: what the plane holds and nobody has asked for by then goes. 0 or -errno.
 */
int neigh_new(uv_loop_t *loop, struct plane *plane, neigh_link_fn on_link, void *arg, struct neigh **ret_neigh);
void neigh_free(struct neigh *neigh);

/* Follow the way to this dest id's address; the plane's dest gets its hop and SL_DEST_LOCAL at once if they can be known. */
int neigh_watch(struct neigh *neigh, uint32_t dest, const struct sl_addr *addr);
void neigh_unwatch(struct neigh *neigh, uint32_t dest);

/*
 * Remove every neighbour entry of this network namespace that a director keeps alive, whether one is running or not (teardown; the kernel
 * resolves them again when somebody needs them). 0 or -errno.
 */
int neigh_release_all(void);

#endif
