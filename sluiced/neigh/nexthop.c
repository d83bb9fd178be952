/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/neighbour.h>
#include <stdlib.h>
#include <string.h>

#include "base/htab.h"
#include "base/list.h"
#include "sluiced/neigh/hops.h"
#include "sluiced/neigh/nexthop.h"
#include "sluiced/plane/plane.h"

#define ROUTES_PAUSE_MS 20 /* between the first news of a routing change and asking again: changes come in bursts */
#define ROUTES_SLICE 256 /* routes asked for in one call */
#define SETTLE_MS 1000 /* after the start: until then a hop of the earlier daemon may still be asked for */
#define KEEP_AGAIN_MS 1000 /* a neighbour that lost our mark gets it back at most this often */
#define TOUCH_MS 50 /* between two stale clients that the kernel is asked to look after */

#define NUD_VALID (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

struct link {
	struct hnode node; /* by ifindex */
	struct list all;
	struct neigh_link is;
	bool xdp; /* an express lane is on it, so it takes XDP_REDIRECT */
	uint32_t round;
};

struct neighbour {
	struct hnode node; /* by ifindex and address */
	struct list all;
	struct list watches; /* real servers behind it */
	struct list stale; /* in nexthop.stale */
	struct wire_neigh is; /* state NUD_NONE: the kernel has no such entry */
	uint32_t hop; /* the client's */
	uint32_t round;
	uint64_t kept_ms; /* when we asked to keep it; 0 never */
};

struct watch {
	struct list link; /* in neighbour.watches */
	struct list dirty; /* in nexthop.dirty */
	uint32_t dest, hop;
	struct sl_addr addr;
	struct wire_route route;
	struct neighbour *via; /* NULL: local, or no way */
};

struct nexthop {
	struct plane *plane;
	const struct nexthop_kernel *kernel;
	void *arg;
	struct hops *hops;
	struct htab links_by, neighbours_by;
	struct list links, neighbours, stale, dirty;
	uint32_t round; /* of dumps */
	bool bump; /* clients' hops have to be looked up again */
	bool settled;
	uint64_t settle_ms, routes_ms, touch_ms; /* routes_ms: all routes are due then; 0 none */
	struct watch *watch[SL_MAX_DESTS];
};

static struct link *find_link(const struct nexthop *nh, uint32_t ifindex)
{
	struct hnode *node;

	for (node = htab_first(&nh->links_by, ifindex); node; node = htab_next(node))
		if (container_of(node, struct link, node)->is.ifindex == ifindex)
			return container_of(node, struct link, node);
	return NULL;
}

static uint64_t neighbour_hash(uint32_t ifindex, const struct sl_addr *addr)
{
	return hash_bytes(addr->b, sizeof(addr->b), ifindex);
}

static struct neighbour *find_neighbour(const struct nexthop *nh, uint32_t ifindex, const struct sl_addr *addr)
{
	struct hnode *node;

	for (node = htab_first(&nh->neighbours_by, neighbour_hash(ifindex, addr)); node; node = htab_next(node)) {
		struct neighbour *n = container_of(node, struct neighbour, node);

		if (n->is.ifindex == ifindex && !memcmp(&n->is.addr, addr, sizeof(*addr)))
			return n;
	}
	return NULL;
}

static struct neighbour *make_neighbour(struct nexthop *nh, uint32_t ifindex, const struct sl_addr *addr)
{
	struct neighbour *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->is = (struct wire_neigh){.ifindex = ifindex, .addr = *addr};
	list_init(&n->watches);
	list_init(&n->stale);
	list_append(&nh->neighbours, &n->all);
	htab_insert(&nh->neighbours_by, &n->node, neighbour_hash(ifindex, addr));
	return n;
}

/* Nobody behind it and nothing in the kernel: not worth remembering. */
static void drop_neighbour(struct nexthop *nh, struct neighbour *n, uint64_t now_ms)
{
	if (n->is.state || !list_empty(&n->watches))
		return;
	hops_put(nh->hops, n->hop, now_ms);
	list_remove(&n->stale);
	list_remove(&n->all);
	htab_remove(&nh->neighbours_by, &n->node);
	free(n);
}

/* Does the kernel know a MAC that frames may be sent to? */
static bool is_resolved(const struct neighbour *n)
{
	static const uint8_t none[6];

	return n->is.state & NUD_VALID && n->is.has_mac && !(n->is.mac[0] & 1) && memcmp(n->is.mac, none, sizeof(none));
}

static void put_macs(struct sl_hop *hop, const struct neighbour *n, const struct link *link)
{
	hop->flags |= SL_HOP_RESOLVED | (link->xdp ? SL_HOP_XDP : 0);
	memcpy(hop->dmac, n->is.mac, sizeof(hop->dmac));
	memcpy(hop->smac, link->is.mac, sizeof(hop->smac));
}

/* The hop of clients behind this neighbour. A content that is the same as before keeps its id. */
static void refresh_client(struct nexthop *nh, struct neighbour *n, uint64_t now_ms)
{
	const struct link *link = find_link(nh, n->is.ifindex);
	uint32_t before = n->hop;
	struct sl_hop hop = {0};

	n->hop = 0;
	if (link && neigh_link_has_lanes(&link->is) && is_resolved(n)) {
		hop.ifindex = link->is.ifindex;
		hop.mtu = link->is.mtu;
		put_macs(&hop, n, link);
		n->hop = hops_get(nh->hops, &hop);
	}
	if (before && before != n->hop)
		nh->bump = true;
	hops_put(nh->hops, before, now_ms);
}

/* The hop of a real server; id 0 if there is no way, no link or no id left. */
static uint32_t server_hop(struct nexthop *nh, const struct watch *w)
{
	const struct link *link = w->via ? find_link(nh, w->route.ifindex) : NULL;
	struct sl_hop hop = {0};

	if (!link)
		return 0;
	hop.ifindex = link->is.ifindex;
	hop.mtu = w->route.mtu ?: link->is.mtu;
	hop.src = w->route.src;
	hop.gw = w->route.gw;
	if (!link->is.ether)
		hop.flags = SL_HOP_NOMAC;
	else if (is_resolved(w->via))
		put_macs(&hop, w->via, link);
	return hops_get(nh->hops, &hop);
}

/* Written aside first, then the server is switched to it, then the old one is let go. */
static void refresh_server(struct nexthop *nh, struct watch *w, uint64_t now_ms)
{
	uint32_t before = w->hop;

	w->hop = server_hop(nh, w);
	plane_dest_hop(nh->plane, w->dest, w->hop, w->route.local);
	hops_put(nh->hops, before, now_ms);
}

static void refresh_servers(struct nexthop *nh, struct neighbour *n, uint64_t now_ms)
{
	struct list *at, *safe;

	list_each (at, safe, &n->watches)
		refresh_server(nh, container_of(at, struct watch, link), now_ms);
}

/* An entry that somebody made permanent, or that needs no resolving, is left as it is. */
static bool wants_keeping(const struct nexthop *nh, const struct neighbour *n)
{
	const struct link *link = find_link(nh, n->is.ifindex);

	return link && link->is.up && link->is.ether && !list_empty(&n->watches) && !n->is.managed &&
	       !(n->is.state & (NUD_PERMANENT | NUD_NOARP));
}

/* Exclusively where we know of no entry: one that appeared meanwhile may be somebody's permanent one, and we shall hear of it. */
static void keep(struct nexthop *nh, struct neighbour *n, uint64_t now_ms)
{
	if (!wants_keeping(nh, n))
		return;
	if (n->kept_ms && now_ms - n->kept_ms < KEEP_AGAIN_MS) {
		nh->routes_ms = nh->routes_ms ?: now_ms + KEEP_AGAIN_MS;
		return;
	}
	n->kept_ms = now_ms ?: 1;
	nh->kernel->keep(nh->arg, n->is.ifindex, &n->is.addr, !n->is.state);
}

static void release(struct nexthop *nh, struct neighbour *n)
{
	if (list_empty(&n->watches) && n->is.managed && n->is.ours)
		nh->kernel->release(nh->arg, n->is.ifindex, &n->is.addr);
}

static void detach(struct nexthop *nh, struct watch *w, uint64_t now_ms)
{
	struct neighbour *n = w->via;

	if (!n)
		return;
	list_remove(&w->link);
	w->via = NULL;
	release(nh, n);
	drop_neighbour(nh, n, now_ms);
}

static void attach(struct nexthop *nh, struct watch *w)
{
	struct neighbour *n = find_neighbour(nh, w->route.ifindex, &w->route.gw) ?: make_neighbour(nh, w->route.ifindex, &w->route.gw);

	if (n)
		list_append(&n->watches, &w->link);
	w->via = n;
}

static bool goes_by(const struct wire_route *route, const struct neighbour *n)
{
	return !route->local && route->ifindex == n->is.ifindex && !memcmp(&route->gw, &n->is.addr, sizeof(route->gw));
}

/* Asks the kernel for the way. If the question fails, what was known stays, and all are asked again later. */
static void look_up(struct nexthop *nh, struct watch *w, uint64_t now_ms)
{
	struct wire_route route;

	if (nh->kernel->route(nh->arg, &w->addr, &route)) {
		nh->routes_ms = nh->routes_ms ?: now_ms + KEEP_AGAIN_MS;
		return;
	}
	w->route = route;
	if (w->via && !goes_by(&route, w->via))
		detach(nh, w, now_ms);
	if (!w->via && !route.local && route.ifindex)
		attach(nh, w);
	refresh_server(nh, w, now_ms);
	if (w->via)
		keep(nh, w->via, now_ms);
}

static void all_routes(struct nexthop *nh, uint64_t now_ms)
{
	nh->bump = true;
	nh->routes_ms = nh->routes_ms ?: now_ms + ROUTES_PAUSE_MS;
}

static void refresh_behind(struct nexthop *nh, uint32_t ifindex, uint64_t now_ms)
{
	struct list *at, *safe;

	list_each (at, safe, &nh->neighbours) {
		struct neighbour *n = container_of(at, struct neighbour, all);

		if (n->is.ifindex != ifindex)
			continue;
		refresh_client(nh, n, now_ms);
		refresh_servers(nh, n, now_ms);
		keep(nh, n, now_ms);
	}
}

static struct link *make_link(struct nexthop *nh, uint32_t ifindex)
{
	struct link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->is.ifindex = ifindex;
	list_append(&nh->links, &link->all);
	htab_insert(&nh->links_by, &link->node, ifindex);
	return link;
}

static void drop_link(struct nexthop *nh, struct link *link, uint64_t now_ms)
{
	uint32_t ifindex = link->is.ifindex;

	list_remove(&link->all);
	htab_remove(&nh->links_by, &link->node);
	free(link);
	refresh_behind(nh, ifindex, now_ms);
	all_routes(nh, now_ms);
}

static bool takes_redirect(const struct nexthop *nh, uint32_t ifindex)
{
	return ifindex < SL_MAX_LINKS && nh->plane->links[ifindex].flags & SL_LINK_ON;
}

/* An interface's counters and the like are told as news too: only what concerns hops counts. A new name does not. */
static bool same_link(const struct link *link, const struct neigh_link *is, bool xdp)
{
	return link->is.mtu == is->mtu && link->is.up == is->up && link->is.ether == is->ether && link->is.slave == is->slave &&
	       link->xdp == xdp && !memcmp(link->is.mac, is->mac, sizeof(is->mac));
}

void nexthop_link(struct nexthop *nh, const struct neigh_link *is, bool present, uint64_t now_ms)
{
	struct link *link = find_link(nh, is->ifindex);
	bool xdp = takes_redirect(nh, is->ifindex), same;

	if (!present) {
		if (link)
			drop_link(nh, link, now_ms);
		return;
	}
	same = link && same_link(link, is, xdp);
	link = link ?: make_link(nh, is->ifindex);
	if (!link)
		return;
	link->is = *is;
	link->xdp = xdp;
	link->round = nh->round;
	if (same)
		return;
	refresh_behind(nh, is->ifindex, now_ms);
	all_routes(nh, now_ms);
}

/* A stale entry of a client would stay as it is for ever: the lanes send without asking the kernel, so it does not look again. */
static void queue_stale(struct nexthop *nh, struct neighbour *n)
{
	bool stale = n->is.state & NUD_STALE && n->hop && !n->is.managed;

	if (stale && list_empty(&n->stale))
		list_append(&nh->stale, &n->stale);
	else if (!stale)
		list_remove(&n->stale);
}

static void update_neighbour(struct nexthop *nh, struct neighbour *n, const struct wire_neigh *is, uint64_t now_ms)
{
	bool same = is_resolved(n);

	same = same && n->is.has_mac && is->has_mac && is->state & NUD_VALID && !memcmp(n->is.mac, is->mac, sizeof(is->mac));
	n->is = *is;
	n->round = nh->round;
	if (!same) {
		refresh_client(nh, n, now_ms);
		refresh_servers(nh, n, now_ms);
	}
	queue_stale(nh, n);
	keep(nh, n, now_ms);
	drop_neighbour(nh, n, now_ms);
}

/* A neighbour that nobody needs and that can't be reached is not remembered: scans of empty networks make many. */
void nexthop_neigh(struct nexthop *nh, const struct wire_neigh *is, bool present, uint64_t now_ms)
{
	struct neighbour *n = find_neighbour(nh, is->ifindex, &is->addr);
	struct wire_neigh gone = {.ifindex = is->ifindex, .addr = is->addr};

	if (!n && present && (is->state & NUD_VALID || is->ours))
		n = make_neighbour(nh, is->ifindex, &is->addr);
	if (n)
		update_neighbour(nh, n, present ? is : &gone, now_ms);
}

void nexthop_routing(struct nexthop *nh, uint64_t now_ms)
{
	all_routes(nh, now_ms);
}

void nexthop_dump_begin(struct nexthop *nh)
{
	nh->round++;
}

void nexthop_links_end(struct nexthop *nh, void (*gone)(void *arg, const struct neigh_link *link), void *arg, uint64_t now_ms)
{
	struct list *at, *safe;

	list_each (at, safe, &nh->links) {
		struct link *link = container_of(at, struct link, all);

		if (link->round == nh->round)
			continue;
		gone(arg, &link->is);
		drop_link(nh, link, now_ms);
	}
}

void nexthop_neighs_end(struct nexthop *nh, uint64_t now_ms)
{
	struct list *at, *safe;

	list_each (at, safe, &nh->neighbours) {
		struct neighbour *n = container_of(at, struct neighbour, all);
		struct wire_neigh gone = {.ifindex = n->is.ifindex, .addr = n->is.addr};

		if (n->is.state && n->round != nh->round)
			update_neighbour(nh, n, &gone, now_ms);
	}
}

void nexthop_started(struct nexthop *nh, uint64_t now_ms)
{
	nh->bump = false;
	nh->routes_ms = 0;
	nh->settle_ms = now_ms + SETTLE_MS;
}

int nexthop_watch(struct nexthop *nh, uint32_t dest, const struct sl_addr *addr, uint64_t now_ms)
{
	struct watch *w;

	if (!dest || dest >= SL_MAX_DESTS)
		return -EINVAL;
	w = nh->watch[dest] ?: calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	if (!nh->watch[dest]) {
		list_init(&w->link);
		list_init(&w->dirty);
		w->dest = dest;
		nh->watch[dest] = w;
	}
	w->addr = *addr;
	look_up(nh, w, now_ms);
	return 0;
}

void nexthop_unwatch(struct nexthop *nh, uint32_t dest, uint64_t now_ms)
{
	struct watch *w = dest < SL_MAX_DESTS ? nh->watch[dest] : NULL;

	if (!w)
		return;
	nh->watch[dest] = NULL;
	detach(nh, w, now_ms);
	hops_put(nh->hops, w->hop, now_ms);
	list_remove(&w->dirty);
	free(w);
}

static void mark_all_dirty(struct nexthop *nh)
{
	uint32_t dest;

	for (dest = 1; dest < SL_MAX_DESTS; dest++)
		if (nh->watch[dest] && list_empty(&nh->watch[dest]->dirty))
			list_append(&nh->dirty, &nh->watch[dest]->dirty);
}

static void look_up_slice(struct nexthop *nh, uint64_t now_ms)
{
	unsigned i;

	for (i = 0; i < ROUTES_SLICE && !list_empty(&nh->dirty); i++) {
		struct watch *w = container_of(nh->dirty.next, struct watch, dirty);

		list_remove(&w->dirty);
		look_up(nh, w, now_ms);
	}
}

/* The earlier daemon's hops and marks that nobody asked for again. */
static void settle(struct nexthop *nh, uint64_t now_ms)
{
	struct list *at, *safe;

	nh->settled = true;
	hops_settle(nh->hops, now_ms);
	list_each (at, safe, &nh->neighbours)
		release(nh, container_of(at, struct neighbour, all));
}

/* One stale client at a time: the kernel verifies it as it would if it had sent to it. */
static void touch_stale(struct nexthop *nh, uint64_t now_ms)
{
	struct neighbour *n;

	if (list_empty(&nh->stale) || now_ms < nh->touch_ms)
		return;
	n = container_of(nh->stale.next, struct neighbour, stale);
	list_remove(&n->stale);
	nh->touch_ms = now_ms + TOUCH_MS;
	nh->kernel->release(nh->arg, n->is.ifindex, &n->is.addr);
}

/* The earlier of two times to come; -1: never. */
static int sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int until(uint64_t then_ms, uint64_t now_ms)
{
	return then_ms > now_ms ? (int)(then_ms - now_ms) : 0;
}

/* When something more is due. */
static int next_time(const struct nexthop *nh, int resting, uint64_t now_ms)
{
	int next = resting;

	if (!list_empty(&nh->dirty))
		return 0;
	if (nh->routes_ms)
		next = sooner(next, until(nh->routes_ms, now_ms));
	if (!nh->settled)
		next = sooner(next, until(nh->settle_ms, now_ms));
	if (!list_empty(&nh->stale))
		next = sooner(next, until(nh->touch_ms, now_ms));
	return next;
}

int nexthop_work(struct nexthop *nh, uint64_t now_ms)
{
	if (nh->routes_ms && now_ms >= nh->routes_ms) {
		nh->routes_ms = 0;
		mark_all_dirty(nh);
	}
	look_up_slice(nh, now_ms);
	if (!nh->settled && now_ms >= nh->settle_ms)
		settle(nh, now_ms);
	touch_stale(nh, now_ms);
	if (nh->bump)
		plane_route_gen_bump(nh->plane);
	nh->bump = false;
	return next_time(nh, hops_work(nh->hops, now_ms), now_ms);
}

struct nexthop *nexthop_new(struct plane *plane, const struct nexthop_kernel *kernel, void *arg)
{
	struct nexthop *nh = calloc(1, sizeof(*nh));

	if (!nh)
		return NULL;
	nh->plane = plane;
	nh->kernel = kernel;
	nh->arg = arg;
	nh->hops = hops_new(plane);
	if (!nh->hops) {
		free(nh);
		return NULL;
	}
	htab_init(&nh->links_by);
	htab_init(&nh->neighbours_by);
	list_init(&nh->links);
	list_init(&nh->neighbours);
	list_init(&nh->stale);
	list_init(&nh->dirty);
	return nh;
}

void nexthop_free(struct nexthop *nh)
{
	struct list *at, *safe;
	uint32_t dest;

	if (!nh)
		return;
	for (dest = 0; dest < SL_MAX_DESTS; dest++)
		free(nh->watch[dest]);
	list_each (at, safe, &nh->neighbours)
		free(container_of(at, struct neighbour, all));
	list_each (at, safe, &nh->links)
		free(container_of(at, struct link, all));
	htab_fini(&nh->neighbours_by);
	htab_fini(&nh->links_by);
	hops_free(nh->hops);
	free(nh);
}
