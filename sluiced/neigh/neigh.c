/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "sluiced/neigh/neigh.h"
#include "sluiced/neigh/nexthop.h"
#include "sluiced/neigh/rtnl.h"
#include "sluiced/plane/plane.h"

#define RESYNC_AGAIN_MS 1000 /* after a dump that failed */

struct neigh {
	uv_loop_t *loop;
	struct plane *plane;
	neigh_link_fn on_link;
	void *arg;
	struct rtnl *rtnl;
	struct nexthop *nexthop;
	uv_timer_t *timer;
	uint64_t resync_ms; /* messages were lost: everything is asked for again then; 0 no */
};

static uint64_t now(const struct neigh *neigh)
{
	return uv_now(neigh->loop);
}

static void work(struct neigh *neigh);

static void on_link(void *arg, const struct neigh_link *link, bool present)
{
	struct neigh *neigh = arg;

	neigh->on_link(neigh->arg, link, present);
	nexthop_link(neigh->nexthop, link, present, now(neigh));
}

static void on_neigh(void *arg, const struct wire_neigh *entry, bool present)
{
	struct neigh *neigh = arg;

	nexthop_neigh(neigh->nexthop, entry, present, now(neigh));
}

static void on_routing(void *arg)
{
	struct neigh *neigh = arg;

	nexthop_routing(neigh->nexthop, now(neigh));
}

static void on_lost(void *arg)
{
	struct neigh *neigh = arg;

	neigh->resync_ms = neigh->resync_ms ?: now(neigh);
}

static void on_drained(void *arg)
{
	work(arg);
}

static const struct rtnl_listener listener = {on_link, on_neigh, on_routing, on_lost, on_drained};

static void link_gone(void *arg, const struct neigh_link *link)
{
	struct neigh *neigh = arg;

	neigh->on_link(neigh->arg, link, false);
}

/* Everything as it is now, in place of what was told; what the dumps don't name has gone. */
static int sync_all(struct neigh *neigh)
{
	int err;

	nexthop_dump_begin(neigh->nexthop);
	err = rtnl_dump_links(neigh->rtnl);
	if (err)
		return err;
	nexthop_links_end(neigh->nexthop, link_gone, neigh, now(neigh));
	err = rtnl_dump_neighs(neigh->rtnl);
	if (err)
		return err;
	nexthop_neighs_end(neigh->nexthop, now(neigh));
	return 0;
}

static void resync(struct neigh *neigh)
{
	int err = sync_all(neigh);

	neigh->resync_ms = err ? now(neigh) + RESYNC_AGAIN_MS : 0;
	if (err)
		log_warn_limited("rtnetlink: can't read the interfaces and neighbours again (%s); next try in a second", strerror(-err));
	else
		log_debug("rtnetlink: messages were lost; interfaces, routes and neighbours read again");
	nexthop_routing(neigh->nexthop, now(neigh));
}

static void on_timer(uv_timer_t *timer)
{
	work(timer->data);
}

static void work(struct neigh *neigh)
{
	int next;

	if (neigh->resync_ms && now(neigh) >= neigh->resync_ms)
		resync(neigh);
	next = nexthop_work(neigh->nexthop, now(neigh));
	if (neigh->resync_ms && (next < 0 || next > RESYNC_AGAIN_MS))
		next = RESYNC_AGAIN_MS;
	if (next < 0)
		uv_timer_stop(neigh->timer);
	else
		uv_timer_start(neigh->timer, on_timer, next, 0);
}

static int kernel_route(void *arg, const struct sl_addr *dst, struct wire_route *ret_route)
{
	struct neigh *neigh = arg;

	return rtnl_route(neigh->rtnl, dst, ret_route);
}

static int kernel_keep(void *arg, uint32_t ifindex, const struct sl_addr *addr, bool exclusive)
{
	struct neigh *neigh = arg;
	int err = rtnl_keep(neigh->rtnl, ifindex, addr, exclusive);

	if (err && err != -EEXIST && err != -ENODEV && err != -ENETDOWN)
		log_warn_limited("rtnetlink: can't have a neighbour kept resolved: %s", strerror(-err));
	return err;
}

static int kernel_release(void *arg, uint32_t ifindex, const struct sl_addr *addr)
{
	struct neigh *neigh = arg;

	return rtnl_release(neigh->rtnl, ifindex, addr);
}

static const struct nexthop_kernel kernel = {kernel_route, kernel_keep, kernel_release};

static int make_timer(struct neigh *neigh)
{
	neigh->timer = malloc(sizeof(*neigh->timer));
	if (!neigh->timer)
		return -ENOMEM;
	neigh->timer->data = neigh;
	return uv_timer_init(neigh->loop, neigh->timer);
}

/*
 * While no daemon looked, any route may have changed, so what connections remember of the way to their clients is asked for again. That
 * is a cache's epoch, no configuration: it is not counted as a write.
 */
static void forget_clients(struct plane *plane)
{
	unsigned long writes = plane->writes;

	plane_route_gen_bump(plane);
	plane->writes = writes;
}

/* The first news are the interfaces and neighbours that were there; they change nothing that was known before. */
static int start(struct neigh *neigh)
{
	int err = rtnl_new(neigh->loop, &listener, neigh, &neigh->rtnl);

	err = err ?: make_timer(neigh);
	err = err ?: sync_all(neigh);
	if (err)
		return err;
	nexthop_started(neigh->nexthop, now(neigh));
	if (neigh->plane->adopted)
		forget_clients(neigh->plane);
	work(neigh);
	return 0;
}

int neigh_new(uv_loop_t *loop, struct plane *plane, neigh_link_fn on_link_fn, void *arg, struct neigh **ret_neigh)
{
	struct neigh *neigh = calloc(1, sizeof(*neigh));
	int err;

	if (!neigh)
		return -ENOMEM;
	uv_update_time(loop);
	*neigh = (struct neigh){.loop = loop, .plane = plane, .on_link = on_link_fn, .arg = arg};
	neigh->nexthop = nexthop_new(plane, &kernel, neigh);
	err = neigh->nexthop ? start(neigh) : -ENOMEM;
	if (err) {
		neigh_free(neigh);
		return err;
	}
	*ret_neigh = neigh;
	return 0;
}

static void timer_closed(uv_handle_t *handle)
{
	free(handle);
}

void neigh_free(struct neigh *neigh)
{
	if (!neigh)
		return;
	if (neigh->timer)
		uv_close((uv_handle_t *)neigh->timer, timer_closed);
	rtnl_free(neigh->rtnl);
	nexthop_free(neigh->nexthop);
	free(neigh);
}

int neigh_watch(struct neigh *neigh, uint32_t dest, const struct sl_addr *addr)
{
	int err = nexthop_watch(neigh->nexthop, dest, addr, now(neigh));

	work(neigh);
	return err;
}

void neigh_unwatch(struct neigh *neigh, uint32_t dest)
{
	nexthop_unwatch(neigh->nexthop, dest, now(neigh));
	work(neigh);
}
