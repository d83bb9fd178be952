/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages as a kernel sent them, whole, cut at every length, and with every byte spoilt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "sluiced/neigh/wire.h"

#define LARGEST 8192

/* One message in memory of exactly its size, so that a sanitizer sees the first byte read beyond it. */
struct message {
	struct nlmsghdr *nlh;
	size_t size;
};

static size_t read_hex(const char *hex, uint8_t *bytes)
{
	size_t n = 0;

	while (n < LARGEST && sscanf(hex + 2 * n, "%2hhx", &bytes[n]) == 1)
		n++;
	return n;
}

static struct message copy(const void *bytes, size_t size)
{
	struct message m = {.nlh = malloc(size ?: 1), .size = size};

	assert_non_null(m.nlh);
	memcpy(m.nlh, bytes, size);
	return m;
}

static struct message load(const char *name)
{
	static char line[2 * LARGEST + 64], found[64];
	static uint8_t bytes[LARGEST];
	FILE *f = fopen(MESSAGES, "r");
	size_t n = 0;
	int at;

	assert_non_null(f);
	while (!n && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %n", found, &at) == 1 && !strcmp(found, name))
			n = read_hex(line + at, bytes);
	fclose(f);
	assert_true(n >= sizeof(struct nlmsghdr));
	return copy(bytes, n);
}

static struct sl_addr addr(const char *text)
{
	struct sl_addr a;

	assert_int_equal(addr_parse(text, a.b), 0);
	return a;
}

static void assert_addr(const struct sl_addr *a, const char *text)
{
	char printed[ADDR_TEXT];

	assert_string_equal(addr_print(a->b, printed), text);
}

static const struct {
	const char *message, *name;
	uint32_t mtu;
	bool ether, slave, loopback;
} links[] = {
    {"link-lo", "lo", 65536, false, false, true},
    {"link-veth0", "veth0", 1500, true, false, false},
    {"link-veth1", "veth1", 1500, true, true, false},
    {"link-br0", "br0", 1500, true, false, false},
};

static void link_is_read(void **state)
{
	struct neigh_link link;
	unsigned i;

	for (i = 0; i < sizeof(links) / sizeof(*links); i++) {
		struct message m = load(links[i].message);

		assert_int_equal(wire_link(m.nlh, &link), 0);
		assert_string_equal(link.name, links[i].name);
		assert_int_equal(link.mtu, links[i].mtu);
		assert_int_equal(link.ether, links[i].ether);
		assert_int_equal(link.slave, links[i].slave);
		assert_int_equal(link.loopback, links[i].loopback);
		assert_true(link.up);
		assert_false(link.physical);
		assert_true(link.loopback || link.mac[0]);
		free(m.nlh);
	}
}

static const struct {
	const char *message, *addr;
	uint16_t state;
	bool managed;
} neighs[] = {
    {"neigh-192.0.2.254", "192.0.2.254", NUD_REACHABLE, false},
    {"neigh-2001:db8::fe", "2001:db8::fe", NUD_PERMANENT, false},
    {"neigh-192.0.2.9", "192.0.2.9", NUD_INCOMPLETE, true},
};

static void neighbour_is_read(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 0xfe};
	struct wire_neigh neigh;
	unsigned i;

	for (i = 0; i < sizeof(neighs) / sizeof(*neighs); i++) {
		struct message m = load(neighs[i].message);

		assert_int_equal(wire_neigh(m.nlh, &neigh), 0);
		assert_addr(&neigh.addr, neighs[i].addr);
		assert_int_equal(neigh.state, neighs[i].state);
		assert_int_equal(neigh.managed, neighs[i].managed);
		assert_int_equal(neigh.has_mac, !neighs[i].managed);
		assert_false(neigh.ours);
		if (neigh.has_mac)
			assert_memory_equal(neigh.mac, mac, 6);
		free(m.nlh);
	}
}

static const struct {
	const char *message, *dst, *gw, *src;
	uint32_t mtu;
	bool local, way;
} routes[] = {
    {"route-198.51.100.7", "198.51.100.7", "192.0.2.254", "192.0.2.1", 1400, false, true},
    {"route-192.0.2.9", "192.0.2.9", "192.0.2.9", "192.0.2.1", 0, false, true},
    {"route-192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1", 0, true, true},
    {"route-203.0.113.5", "203.0.113.5", "2001:db8::254", "192.0.2.1", 0, false, true},
    {"route-192.0.2.255", "192.0.2.255", "::", "::", 0, false, false},
    {"route-2001:db8::9", "2001:db8::9", "2001:db8::9", "2001:db8::1", 0, false, true},
    {"route-2001:db8::1", "2001:db8::1", "2001:db8::1", "2001:db8::1", 0, true, true},
};

static void route_is_read(void **state)
{
	struct wire_route route;
	struct sl_addr dst;
	unsigned i;

	for (i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		struct message m = load(routes[i].message);

		dst = addr(routes[i].dst);
		assert_int_equal(wire_route(m.nlh, &dst, &route), 0);
		assert_addr(&route.gw, routes[i].gw);
		assert_addr(&route.src, routes[i].src);
		assert_int_equal(route.mtu, routes[i].mtu);
		assert_int_equal(route.local, routes[i].local);
		assert_int_equal(route.ifindex != 0, routes[i].way);
		free(m.nlh);
	}
}

/* A bridge tells of its ports and its forwarding table by the same message types; a port that leaves is no link that goes. */
static void bridge_talk_is_not_ours(void **state)
{
	struct message port = load("bridge-link"), fdb = load("fdb");
	struct neigh_link link;
	struct wire_neigh neigh;

	assert_int_equal(wire_link(port.nlh, &link), -ENOMSG);
	assert_int_equal(wire_neigh(fdb.nlh, &neigh), -ENOMSG);
	free(port.nlh);
	free(fdb.nlh);
}

/* Every reader on every message: whatever the bytes, no access beyond the message, and outputs only on success. */
static void read_all_ways(const struct nlmsghdr *nlh)
{
	static const struct sl_addr dst;
	struct neigh_link link = {.ifindex = 0xdead};
	struct wire_neigh neigh = {.ifindex = 0xdead};
	struct wire_route route = {.ifindex = 0xdead};

	if (wire_link(nlh, &link))
		assert_int_equal(link.ifindex, 0xdead);
	else
		assert_true(memchr(link.name, 0, sizeof(link.name)) && link.ifindex);
	if (wire_neigh(nlh, &neigh))
		assert_int_equal(neigh.ifindex, 0xdead);
	if (wire_route(nlh, &dst, &route))
		assert_int_equal(route.ifindex, 0xdead);
}

static const char *const all[] = {"link-lo", "link-veth1", "link-br0", "bridge-link", "fdb", "neigh-192.0.2.254", "neigh-2001:db8::fe",
    "neigh-192.0.2.9", "route-198.51.100.7", "route-203.0.113.5", "route-2001:db8::9"};

static void cut_at_every_length(void **state)
{
	unsigned i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct message m = load(all[i]);
		size_t size;

		for (size = sizeof(struct nlmsghdr); size < m.size; size++) {
			struct message cut = copy(m.nlh, size);

			cut.nlh->nlmsg_len = size;
			read_all_ways(cut.nlh);
			free(cut.nlh);
		}
		free(m.nlh);
	}
}

/* The length field of the header is the transport's to check; all behind it is spoilt. */
static void every_byte_spoilt(void **state)
{
	static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	size_t i, at, v;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct message m = load(all[i]);

		for (at = sizeof(uint32_t); at < m.size; at++) {
			uint8_t *byte = (uint8_t *)m.nlh + at, was = *byte;

			for (v = 0; v < sizeof(values); v++) {
				*byte = values[v];
				read_all_ways(m.nlh);
			}
			*byte = was;
		}
		free(m.nlh);
	}
}

/* An attribute that claims more than there is spoils the message; nothing is believed from it. */
static void attribute_longer_than_message(void **state)
{
	struct message m = load("neigh-192.0.2.254");
	struct nlattr *first = (void *)((char *)m.nlh + NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct ndmsg)));
	struct wire_neigh neigh;

	first->nla_len = 0xffff;
	assert_int_equal(wire_neigh(m.nlh, &neigh), -EBADMSG);
	first->nla_len = 3;
	assert_int_equal(wire_neigh(m.nlh, &neigh), -EBADMSG);
	free(m.nlh);
}

static void address_of_the_wrong_size(void **state)
{
	struct message m = load("neigh-192.0.2.254");
	struct ndmsg *ndm = (void *)((char *)m.nlh + NLMSG_HDRLEN);
	struct wire_neigh neigh;

	ndm->ndm_family = 10;
	assert_int_equal(wire_neigh(m.nlh, &neigh), -EBADMSG);
	free(m.nlh);
}

/* What we ask the kernel to keep is what we find again at the teardown. */
static void kept_neighbour_is_ours(void **state)
{
	char buf[WIRE_REQUEST] __attribute__((aligned(8)));
	struct sl_addr v4 = addr("192.0.2.9"), v6 = addr("2001:db8::9");
	struct wire_neigh neigh;
	struct nlmsghdr *nlh = wire_put_keep(buf, 7, &v4, true);

	assert_int_equal(nlh->nlmsg_type, RTM_NEWNEIGH);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	assert_int_equal(wire_neigh(nlh, &neigh), 0);
	assert_true(neigh.ours && neigh.managed && neigh.ifindex == 7);
	assert_addr(&neigh.addr, "192.0.2.9");
	nlh = wire_put_release(buf, 7, &v6);
	assert_int_equal(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_int_equal(wire_neigh(nlh, &neigh), 0);
	assert_true(!neigh.managed && !neigh.ours);
	assert_addr(&neigh.addr, "2001:db8::9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(link_is_read),
	    cmocka_unit_test(neighbour_is_read),
	    cmocka_unit_test(route_is_read),
	    cmocka_unit_test(bridge_talk_is_not_ours),
	    cmocka_unit_test(cut_at_every_length),
	    cmocka_unit_test(every_byte_spoilt),
	    cmocka_unit_test(attribute_longer_than_message),
	    cmocka_unit_test(address_of_the_wrong_size),
	    cmocka_unit_test(kept_neighbour_is_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
