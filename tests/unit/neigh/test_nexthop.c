/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Next-hop decisions: the test plays the kernel and the clock, the plane is plain memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "sluiced/neigh/hops.h"
#include "sluiced/neigh/nexthop.h"
#include "sluiced/plane/plane.h"

#define SLOTS 1024
#define ETH 2 /* ifindex of the usual link */
#define MAX_ROUTES 16
#define MAX_KEYS 64

struct answer {
	struct sl_addr dst;
	struct wire_route route;
	int err;
};

/* The kernel and what was asked of it; hop_ids as the plane would have it. */
struct world {
	struct plane *plane;
	struct plane_ops ops;
	struct nexthop *nexthop;
	uint64_t now;
	struct answer answer[MAX_ROUTES];
	unsigned answers, asked, kept, released;
	bool exclusive;
	struct sl_addr last;
	struct {
		struct sl_neigh_key key;
		uint32_t hop;
	} id[MAX_KEYS];
};

static struct world w;

static struct sl_addr addr(const char *text)
{
	struct sl_addr a;

	assert_int_equal(addr_parse(text, a.b), 0);
	return a;
}

static int kernel_route(void *arg, const struct sl_addr *dst, struct wire_route *ret_route)
{
	unsigned i;

	w.asked++;
	*ret_route = (struct wire_route){0};
	for (i = 0; i < w.answers; i++) {
		if (memcmp(&w.answer[i].dst, dst, sizeof(*dst)))
			continue;
		*ret_route = w.answer[i].route;
		return w.answer[i].err;
	}
	return 0;
}

static int kernel_keep(void *arg, uint32_t ifindex, const struct sl_addr *a, bool exclusive)
{
	w.kept++;
	w.exclusive = exclusive;
	w.last = *a;
	return 0;
}

static int kernel_release(void *arg, uint32_t ifindex, const struct sl_addr *a)
{
	w.released++;
	w.last = *a;
	return 0;
}

static const struct nexthop_kernel kernel = {kernel_route, kernel_keep, kernel_release};

static int hop_id_set(struct plane *plane, const struct sl_neigh_key *key, uint32_t hop)
{
	unsigned i;

	for (i = 0; i < MAX_KEYS; i++) {
		if (!w.id[i].hop || !memcmp(&w.id[i].key, key, sizeof(*key))) {
			w.id[i].key = *key;
			w.id[i].hop = hop;
			return 0;
		}
	}
	return -E2BIG;
}

/* The hop that hop_ids leads to, 0 for none. */
static uint32_t client_hop(uint32_t ifindex, uint8_t last)
{
	struct sl_neigh_key key = {.ifindex = ifindex, .dmac = {2, 0, 0, 0, 0, last}};
	unsigned i;

	for (i = 0; i < MAX_KEYS; i++)
		if (w.id[i].hop && !memcmp(&w.id[i].key, &key, sizeof(key)))
			return w.id[i].hop;
	return 0;
}

static void set_route(const char *dst, uint32_t ifindex, const char *gw, uint32_t mtu)
{
	struct sl_addr d = addr(dst);
	unsigned i;

	for (i = 0; i < w.answers && memcmp(&w.answer[i].dst, &d, sizeof(d)); i++)
		;
	assert_true(i < MAX_ROUTES);
	w.answers = i == w.answers ? i + 1 : w.answers;
	w.answer[i] = (struct answer){.dst = d, .route = {.ifindex = ifindex, .gw = addr(gw), .src = addr("192.0.2.1"), .mtu = mtu}};
}

static struct neigh_link link_of(uint32_t ifindex)
{
	return (struct neigh_link){
	    .ifindex = ifindex, .name = "eth", .mac = {2, 1, 0, 0, 0, ifindex}, .mtu = 1500, .up = true, .ether = true};
}

static void tell_link(struct neigh_link link)
{
	nexthop_link(w.nexthop, &link, true, w.now);
}

static void tell_neigh(const char *a, uint8_t last, uint16_t state)
{
	struct wire_neigh neigh = {.ifindex = ETH, .addr = addr(a), .mac = {2, 0, 0, 0, 0, last}, .has_mac = last, .state = state};

	nexthop_neigh(w.nexthop, &neigh, true, w.now);
}

static void tell_managed(const char *a, uint8_t last, uint16_t state)
{
	struct wire_neigh neigh = {.ifindex = ETH, .addr = addr(a), .mac = {2, 0, 0, 0, 0, last}, .has_mac = last, .state = state};

	neigh.managed = neigh.ours = true;
	nexthop_neigh(w.nexthop, &neigh, true, w.now);
}

static void tell_gone(const char *a)
{
	struct wire_neigh neigh = {.ifindex = ETH, .addr = addr(a)};

	nexthop_neigh(w.nexthop, &neigh, false, w.now);
}

static void watch(uint32_t dest, const char *a)
{
	struct sl_addr at = addr(a);

	assert_int_equal(nexthop_watch(w.nexthop, dest, &at, w.now), 0);
}

/* Lets time pass, doing what is due on the way. */
static void pass(uint64_t ms)
{
	uint64_t end = w.now + ms;
	int next = 0, steps;

	for (steps = 0; steps < 10000; steps++) {
		next = nexthop_work(w.nexthop, w.now);
		if (next < 0 || w.now + next > end)
			break;
		w.now += next;
	}
	assert_true(steps < 10000);
	w.now = end;
}

static const struct sl_hop *hop_of(uint32_t dest)
{
	return &w.plane->hops[w.plane->dests[dest].hop];
}

static void start(void)
{
	w.nexthop = nexthop_new(w.plane, &kernel, NULL);
	assert_non_null(w.nexthop);
	nexthop_dump_begin(w.nexthop);
	tell_link(link_of(ETH));
	nexthop_started(w.nexthop, w.now);
}

static int setup(void **state)
{
	memset(&w, 0, sizeof(w));
	w.now = 1000;
	w.plane = plane_fake_new(SLOTS);
	assert_non_null(w.plane);
	w.ops = *w.plane->ops;
	w.ops.hop_id_set = hop_id_set;
	w.plane->ops = &w.ops;
	start();
	return 0;
}

static int teardown(void **state)
{
	nexthop_free(w.nexthop);
	plane_fake_free(w.plane);
	return 0;
}

static void unresolved_then_resolved(void **state)
{
	uint32_t first;

	set_route("192.0.2.9", ETH, "192.0.2.9", 0);
	watch(1, "192.0.2.9");
	first = w.plane->dests[1].hop;
	assert_true(first && !(hop_of(1)->flags & SL_HOP_RESOLVED) && hop_of(1)->ifindex == ETH && hop_of(1)->mtu == 1500);
	assert_true(w.kept == 1 && w.exclusive);
	tell_managed("192.0.2.9", 9, NUD_REACHABLE);
	assert_true(hop_of(1)->flags & SL_HOP_RESOLVED && hop_of(1)->dmac[5] == 9 && hop_of(1)->smac[5] == ETH);
	assert_int_not_equal(w.plane->dests[1].hop, first);
	assert_int_equal(w.kept, 1);
}

static void resolved_at_once_if_known(void **state)
{
	tell_neigh("192.0.2.9", 9, NUD_STALE);
	set_route("192.0.2.9", ETH, "192.0.2.9", 1400);
	watch(1, "192.0.2.9");
	assert_true(hop_of(1)->flags & SL_HOP_RESOLVED && hop_of(1)->mtu == 1400);
	assert_true(w.kept == 1 && !w.exclusive);
}

static void permanent_neighbour_is_left_alone(void **state)
{
	tell_neigh("192.0.2.9", 9, NUD_PERMANENT);
	set_route("192.0.2.9", ETH, "192.0.2.9", 0);
	watch(1, "192.0.2.9");
	assert_true(hop_of(1)->flags & SL_HOP_RESOLVED && !w.kept);
}

static void failed_neighbour_leaves_gateway_and_link(void **state)
{
	struct sl_addr gw = addr("192.0.2.254");

	set_route("198.51.100.9", ETH, "192.0.2.254", 0);
	tell_managed("192.0.2.254", 0xfe, NUD_REACHABLE);
	watch(1, "198.51.100.9");
	assert_true(hop_of(1)->flags & SL_HOP_RESOLVED);
	tell_managed("192.0.2.254", 0, NUD_FAILED);
	assert_true(w.plane->dests[1].hop && !(hop_of(1)->flags & SL_HOP_RESOLVED) && hop_of(1)->ifindex == ETH);
	assert_memory_equal(&hop_of(1)->gw, &gw, sizeof(gw));
}

static void local_address(void **state)
{
	set_route("192.0.2.1", 1, "192.0.2.1", 0);
	w.answer[0].route.local = true;
	watch(1, "192.0.2.1");
	assert_true(w.plane->dests[1].flags & SL_DEST_LOCAL && !w.plane->dests[1].hop);
	assert_true(w.plane->settings->flags & SL_SET_EGRESS);
	w.answer[0].route.local = false;
	w.answer[0].route.ifindex = ETH;
	nexthop_routing(w.nexthop, w.now);
	pass(100);
	assert_true(!(w.plane->dests[1].flags & SL_DEST_LOCAL) && w.plane->dests[1].hop);
	assert_false(w.plane->settings->flags & SL_SET_EGRESS);
}

static void route_changes_are_followed_after_a_pause(void **state)
{
	uint32_t gen = w.plane->settings->route_gen, i;

	watch(1, "198.51.100.9");
	assert_int_equal(w.plane->dests[1].hop, 0);
	set_route("198.51.100.9", ETH, "192.0.2.254", 0);
	w.asked = 0;
	for (i = 0; i < 50; i++)
		nexthop_routing(w.nexthop, w.now);
	nexthop_work(w.nexthop, w.now);
	assert_int_equal(w.asked, 0);
	assert_int_not_equal(w.plane->settings->route_gen, gen);
	pass(100);
	assert_int_equal(w.asked, 1);
	assert_true(hop_of(1)->ifindex == ETH);
}

static void failed_question_is_put_again(void **state)
{
	set_route("192.0.2.9", ETH, "192.0.2.9", 0);
	w.answer[0].err = -ETIMEDOUT;
	watch(1, "192.0.2.9");
	assert_int_equal(w.plane->dests[1].hop, 0);
	w.answer[0].err = 0;
	pass(2000);
	assert_true(w.plane->dests[1].hop);
}

static void client_hop_follows_its_mac(void **state)
{
	uint32_t gen = w.plane->settings->route_gen, first;

	tell_neigh("192.0.2.50", 50, NUD_REACHABLE);
	tell_neigh("2001:db8::50", 50, NUD_REACHABLE);
	first = client_hop(ETH, 50);
	assert_true(first && w.plane->hops[first].flags & SL_HOP_RESOLVED);
	pass(100);
	assert_int_equal(w.plane->settings->route_gen, gen);
	tell_neigh("192.0.2.50", 51, NUD_STALE); /* the other address keeps the old MAC's hop */
	nexthop_work(w.nexthop, w.now);
	assert_int_not_equal(w.plane->settings->route_gen, gen);
	assert_true(client_hop(ETH, 50) == first && client_hop(ETH, 51));
	tell_gone("2001:db8::50");
	assert_int_equal(client_hop(ETH, 50), 0);
}

static void reachable_or_stale_is_no_news(void **state)
{
	uint32_t gen;

	tell_neigh("192.0.2.50", 50, NUD_REACHABLE);
	pass(5000);
	gen = w.plane->settings->route_gen;
	w.plane->writes = 0;
	tell_neigh("192.0.2.50", 50, NUD_STALE);
	tell_neigh("192.0.2.50", 50, NUD_DELAY);
	tell_neigh("192.0.2.50", 50, NUD_PROBE);
	tell_neigh("192.0.2.50", 50, NUD_REACHABLE);
	pass(100);
	assert_int_equal(w.plane->writes, 0);
	assert_int_equal(w.plane->settings->route_gen, gen);
}

static void stale_client_is_looked_after(void **state)
{
	tell_neigh("192.0.2.50", 50, NUD_STALE);
	pass(1000);
	assert_int_equal(w.released, 1); /* the request that touches without keeping */
	pass(5000);
	assert_int_equal(w.released, 1);
}

static void multicast_and_odd_neighbours_get_no_hop(void **state)
{
	struct wire_neigh group = {.ifindex = ETH, .addr = addr("192.0.2.77"), .mac = {1, 0, 0x5e}, .has_mac = true, .state = NUD_NOARP};

	w.plane->writes = 0;
	nexthop_neigh(w.nexthop, &group, true, w.now);
	tell_neigh("192.0.2.78", 0, NUD_INCOMPLETE);
	tell_neigh("192.0.2.79", 0, NUD_FAILED);
	assert_int_equal(w.plane->writes, 0);
}

static void port_of_a_bridge_gives_no_client_hop(void **state)
{
	struct neigh_link port = link_of(ETH);

	tell_neigh("192.0.2.50", 50, NUD_REACHABLE);
	assert_true(client_hop(ETH, 50));
	port.slave = true;
	tell_link(port);
	assert_int_equal(client_hop(ETH, 50), 0);
}

static void express_lane_on_the_way_out(void **state)
{
	struct sl_link on = {.flags = SL_LINK_ON};

	set_route("192.0.2.9", ETH, "192.0.2.9", 0);
	tell_managed("192.0.2.9", 9, NUD_REACHABLE);
	watch(1, "192.0.2.9");
	assert_false(hop_of(1)->flags & SL_HOP_XDP);
	plane_link_set(w.plane, ETH, &on);
	tell_link(link_of(ETH));
	assert_true(hop_of(1)->flags & SL_HOP_XDP);
	assert_true(w.plane->hops[client_hop(ETH, 9)].flags & SL_HOP_XDP);
}

static void new_mac_of_the_interface(void **state)
{
	struct neigh_link link = link_of(ETH);

	set_route("192.0.2.9", ETH, "192.0.2.9", 0);
	tell_managed("192.0.2.9", 9, NUD_REACHABLE);
	watch(1, "192.0.2.9");
	link.mac[5] = 0x77;
	link.mtu = 9000;
	tell_link(link);
	assert_true(hop_of(1)->smac[5] == 0x77 && hop_of(1)->mtu == 9000);
}

static void device_without_link_layer(void **state)
{
	struct neigh_link tun = {.ifindex = 9, .name = "tun0", .mtu = 1400, .up = true};

	tell_link(tun);
	set_route("10.9.0.9", 9, "10.9.0.9", 0);
	watch(1, "10.9.0.9");
	assert_true(hop_of(1)->flags == SL_HOP_NOMAC && hop_of(1)->ifindex == 9);
	assert_int_equal(w.kept, 0);
}

static void vanished_link_takes_its_hops(void **state)
{
	struct neigh_link link = link_of(ETH);

	set_route("192.0.2.9", ETH, "192.0.2.9", 0);
	tell_managed("192.0.2.9", 9, NUD_REACHABLE);
	watch(1, "192.0.2.9");
	nexthop_link(w.nexthop, &link, false, w.now);
	assert_int_equal(w.plane->dests[1].hop, 0);
	assert_int_equal(client_hop(ETH, 9), 0);
}

static void gone(void *arg, const struct neigh_link *link)
{
	*(uint32_t *)arg = link->ifindex;
}

static void dump_finds_what_was_lost(void **state)
{
	uint32_t told = 0;

	tell_link(link_of(3));
	tell_neigh("192.0.2.50", 50, NUD_REACHABLE);
	nexthop_dump_begin(w.nexthop);
	tell_link(link_of(ETH));
	nexthop_links_end(w.nexthop, gone, &told, w.now);
	nexthop_neighs_end(w.nexthop, w.now);
	assert_int_equal(told, 3);
	assert_int_equal(client_hop(ETH, 50), 0);
}

static void mark_that_somebody_took_away_comes_back(void **state)
{
	set_route("192.0.2.9", ETH, "192.0.2.9", 0);
	watch(1, "192.0.2.9");
	tell_managed("192.0.2.9", 9, NUD_REACHABLE);
	tell_neigh("192.0.2.9", 9, NUD_REACHABLE); /* without the mark, and within a second: not at once */
	assert_int_equal(w.kept, 1);
	pass(3000);
	assert_int_equal(w.kept, 2);
}

static void unwatched_neighbour_is_released(void **state)
{
	set_route("192.0.2.9", ETH, "192.0.2.9", 0);
	watch(1, "192.0.2.9");
	watch(2, "192.0.2.9");
	tell_managed("192.0.2.9", 9, NUD_REACHABLE);
	nexthop_unwatch(w.nexthop, 1, w.now);
	assert_int_equal(w.released, 0);
	nexthop_unwatch(w.nexthop, 2, w.now);
	assert_int_equal(w.released, 1);
}

static void bad_ids_are_refused(void **state)
{
	struct sl_addr a = addr("192.0.2.9");

	assert_int_equal(nexthop_watch(w.nexthop, 0, &a, w.now), -EINVAL);
	assert_int_equal(nexthop_watch(w.nexthop, SL_MAX_DESTS, &a, w.now), -EINVAL);
	nexthop_unwatch(w.nexthop, 0, w.now);
	nexthop_unwatch(w.nexthop, SL_MAX_DESTS, w.now);
	nexthop_unwatch(w.nexthop, 5, w.now);
}

/* Everything is told again after a restart, and nothing is written. */
static void restart_writes_nothing(void **state)
{
	uint32_t hop, client;

	set_route("192.0.2.9", ETH, "192.0.2.9", 0);
	tell_managed("192.0.2.9", 9, NUD_REACHABLE);
	tell_neigh("192.0.2.50", 50, NUD_STALE);
	watch(1, "192.0.2.9");
	pass(10000);
	hop = w.plane->dests[1].hop;
	client = client_hop(ETH, 50);
	nexthop_free(w.nexthop);
	w.plane->writes = 0;
	start();
	tell_managed("192.0.2.9", 9, NUD_REACHABLE);
	tell_neigh("192.0.2.50", 50, NUD_STALE);
	watch(1, "192.0.2.9");
	pass(10000);
	assert_int_equal(w.plane->writes, 0);
	assert_true(w.plane->dests[1].hop == hop && client_hop(ETH, 50) == client);
}

static void restart_forgets_what_is_no_more(void **state)
{
	uint32_t client;

	tell_neigh("192.0.2.50", 50, NUD_REACHABLE);
	client = client_hop(ETH, 50);
	nexthop_free(w.nexthop);
	start();
	pass(10000);
	assert_int_equal(client_hop(ETH, 50), 0);
	assert_int_equal(w.plane->hops[client].ifindex, 0);
}

/* An id rests for a second before its hop is emptied, and a new content takes another id meanwhile. */
static void ids_rest_before_they_are_used_again(void **state)
{
	struct hops *hops = hops_new(w.plane);
	struct sl_hop a = {.ifindex = 5, .gw = addr("192.0.2.1")}, b = {.ifindex = 6, .gw = addr("192.0.2.1")};
	uint32_t id = hops_get(hops, &a);

	assert_true(id && hops_get(hops, &a) == id);
	hops_put(hops, id, 1000);
	hops_put(hops, id, 1000);
	assert_int_equal(hops_work(hops, 1999), 1);
	assert_int_equal(w.plane->hops[id].ifindex, 5);
	assert_int_not_equal(hops_get(hops, &b), id);
	assert_int_equal(hops_get(hops, &a), id);
	assert_int_equal(hops_work(hops, 5000), -1);
	hops_put(hops, id, 5000);
	assert_int_equal(hops_work(hops, 6000), -1);
	assert_int_equal(w.plane->hops[id].ifindex, 0);
	hops_free(hops);
}

static void ids_run_out_without_harm(void **state)
{
	struct hops *hops = hops_new(w.plane);
	struct sl_hop hop = {.gw = addr("192.0.2.1")};
	uint32_t i, id = 0;

	for (i = 1; i < SL_MAX_HOPS; i++) {
		hop.ifindex = i;
		id = hops_get(hops, &hop);
		assert_true(id && id < SL_MAX_HOPS);
	}
	hop.ifindex = i;
	assert_int_equal(hops_get(hops, &hop), 0);
	hops_put(hops, id, 1000);
	assert_int_equal(hops_get(hops, &hop), 0);
	hops_work(hops, 2000);
	assert_int_equal(hops_get(hops, &hop), id);
	hops_free(hops);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(unresolved_then_resolved),
	    TEST(resolved_at_once_if_known),
	    TEST(permanent_neighbour_is_left_alone),
	    TEST(failed_neighbour_leaves_gateway_and_link),
	    TEST(local_address),
	    TEST(route_changes_are_followed_after_a_pause),
	    TEST(failed_question_is_put_again),
	    TEST(client_hop_follows_its_mac),
	    TEST(reachable_or_stale_is_no_news),
	    TEST(stale_client_is_looked_after),
	    TEST(multicast_and_odd_neighbours_get_no_hop),
	    TEST(port_of_a_bridge_gives_no_client_hop),
	    TEST(express_lane_on_the_way_out),
	    TEST(new_mac_of_the_interface),
	    TEST(device_without_link_layer),
	    TEST(vanished_link_takes_its_hops),
	    TEST(dump_finds_what_was_lost),
	    TEST(mark_that_somebody_took_away_comes_back),
	    TEST(unwatched_neighbour_is_released),
	    TEST(bad_ids_are_refused),
	    TEST(restart_writes_nothing),
	    TEST(restart_forgets_what_is_no_more),
	    TEST(ids_rest_before_they_are_used_again),
	    TEST(ids_run_out_without_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
