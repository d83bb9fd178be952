/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_NEIGH_NEXTHOP_H
#define SLUICED_NEIGH_NEXTHOP_H
/*
 * DOC: next hops
 *
 * What is known of links and neighbours, which real servers are watched, and what follows for the plane. No socket and no clock: news come
 * in by the calls below, questions go out through struct nexthop_kernel, and nexthop_work() does what was put off. So the tests play the
 * kernel.
 *
 *   a link changes        its clients' hops and the hops of the servers behind it are made anew; every route is asked for again
 *   a neighbour changes   its client's hop, and the hops of the servers behind it
 *   routing changes       every watched server's route is asked for again, a slice a call; the clients' hops are forgotten at once
 */

#include <stdbool.h>
#include <stdint.h>

#include "sluiced/neigh/wire.h"

struct nexthop;
struct plane;

/* The kernel's side (rtnl.h says what each does). */
struct nexthop_kernel {
	int (*route)(void *arg, const struct sl_addr *dst, struct wire_route *ret_route);
	int (*keep)(void *arg, uint32_t ifindex, const struct sl_addr *addr, bool exclusive);
	int (*release)(void *arg, uint32_t ifindex, const struct sl_addr *addr);
};

/* NULL without memory; `kernel` is borrowed. */
struct nexthop *nexthop_new(struct plane *plane, const struct nexthop_kernel *kernel, void *arg);
void nexthop_free(struct nexthop *nexthop);

void nexthop_link(struct nexthop *nexthop, const struct neigh_link *link, bool present, uint64_t now_ms);
void nexthop_neigh(struct nexthop *nexthop, const struct wire_neigh *neigh, bool present, uint64_t now_ms);
void nexthop_routing(struct nexthop *nexthop, uint64_t now_ms);

/* Around a dump of links, then around one of neighbours: what is not told in between has gone. gone() hears of the links. */
void nexthop_dump_begin(struct nexthop *nexthop);
void nexthop_links_end(struct nexthop *nexthop, void (*gone)(void *arg, const struct neigh_link *link), void *arg, uint64_t now_ms);
void nexthop_neighs_end(struct nexthop *nexthop, uint64_t now_ms);

/* The first dump is complete: it changed nothing that was known before, so nothing is put off because of it. */
void nexthop_started(struct nexthop *nexthop, uint64_t now_ms);

/* 0, -EINVAL for an id that can't be, -ENOMEM. Watching an id again moves it to the new address. */
int nexthop_watch(struct nexthop *nexthop, uint32_t dest, const struct sl_addr *addr, uint64_t now_ms);
void nexthop_unwatch(struct nexthop *nexthop, uint32_t dest, uint64_t now_ms);

/* Does what is due. Milliseconds until it wants to be called again, 0 at once, -1 not before there is news. */
int nexthop_work(struct nexthop *nexthop, uint64_t now_ms);

#endif
