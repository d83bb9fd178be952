/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_NEIGH_RTNL_H
#define SLUICED_NEIGH_RTNL_H
/*
 * DOC: the rtnetlink sockets
 *
 * One socket listens and is drained in the loop; another asks and waits for the answer, which the kernel gives at once. When the listener
 * loses messages (ENOBUFS), it says so, and its owner asks for everything again.
 */

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "sluiced/neigh/wire.h"

struct rtnl;

struct rtnl_listener {
	void (*link)(void *arg, const struct neigh_link *link, bool present);
	void (*neigh)(void *arg, const struct wire_neigh *neigh, bool present);
	void (*routing)(void *arg); /* an address, route, rule or next hop object changed */
	void (*lost)(void *arg);
	void (*drained)(void *arg); /* after a batch of the above */
};

/* Listens from here on. The listener is borrowed. 0 or -errno. */
int rtnl_new(uv_loop_t *loop, const struct rtnl_listener *listener, void *arg, struct rtnl **ret_rtnl);
void rtnl_free(struct rtnl *rtnl);

/* Everything there is, each told to the listener as a notification would be. */
int rtnl_dump_links(struct rtnl *rtnl);
int rtnl_dump_neighs(struct rtnl *rtnl);

/* The way to dst. No route is not an error: ret_route->ifindex is 0. */
int rtnl_route(struct rtnl *rtnl, const struct sl_addr *dst, struct wire_route *ret_route);

/* wire.h says what each does. -EEXIST from keep: exclusive was asked and the entry is there. */
int rtnl_keep(struct rtnl *rtnl, uint32_t ifindex, const struct sl_addr *addr, bool exclusive);
int rtnl_release(struct rtnl *rtnl, uint32_t ifindex, const struct sl_addr *addr);

/* A socket that asks and waits, for requests of other parts. */
struct rtnl_asker;

int rtnl_asker_new(struct rtnl_asker **ret_asker);
void rtnl_asker_free(struct rtnl_asker *asker);

/* Sends the request and passes every answer to fn (may be NULL). 0, -errno, the kernel's refusal too, or what fn left in errno. */
int rtnl_asker_ask(struct rtnl_asker *asker, struct nlmsghdr *nlh, int (*fn)(const struct nlmsghdr *nlh, void *data), void *data);

#endif
