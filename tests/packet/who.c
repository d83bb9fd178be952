/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is who in the rows: addresses, and the worlds. */
#include "tests/packet/rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const struct {
	const char *v4, *v6;
	uint8_t mac[6];
} parts[WHO_COUNT] = {
    [CLIENT] = {"198.51.100.7", "2001:db8:c::7", {2, 0, 0, 0, 1, 1}},
    [CLIENT2] = {"198.51.100.8", "2001:db8:c::8", {2, 0, 0, 0, 1, 1}},
    [VIP] = {"192.0.2.1", "2001:db8:2::1", {2, 0, 0, 0, 0, 1}},
    [VIP2] = {"192.0.2.2", "2001:db8:2::2", {2, 0, 0, 0, 0, 1}},
    [RS1] = {"10.1.0.11", "fd00:1::11", {2, 0, 0, 0, 2, 1}},
    [RS2] = {"10.1.0.12", "fd00:1::12", {2, 0, 0, 0, 2, 2}},
    [RS3] = {"10.1.0.13", "fd00:1::13", {2, 0, 0, 0, 2, 3}},
    [RS4] = {"10.1.0.14", "fd00:1::14", {2, 0, 0, 0, 2, 4}},
    [DIRECTOR] = {"10.1.0.1", "fd00:1::1", {2, 0, 0, 0, 0, 2}},
    [ROUTER] = {"203.0.113.1", "2001:db8:f::1", {2, 0, 0, 0, 1, 1}},
    [STRANGER] = {"10.9.9.9", "2001:db8:9::9", {2, 0, 0, 0, 9, 9}},
};

const char *who_addr(enum who who, bool v6)
{
	return v6 ? parts[who].v6 : parts[who].v4;
}

const uint8_t *who_mac(enum who who)
{
	return parts[who].mac;
}

uint32_t who_dest(enum who who)
{
	return who - RS1 + 1;
}

void who_sl_addr(enum who who, bool v6, struct sl_addr *ret_addr)
{
	memset(ret_addr, 0, sizeof(*ret_addr));
	if (v6) {
		inet_pton(AF_INET6, who_addr(who, v6), ret_addr->b);
		return;
	}
	ret_addr->b[10] = ret_addr->b[11] = 0xff;
	inet_pton(AF_INET, who_addr(who, v6), ret_addr->b + 12);
}

static const struct {
	unsigned bit;
	const char *text;
	enum sl_fwd fwd;
	bool local, other_family;
} methods[] = {
    {W_NAT, "nat", SL_FWD_MASQ, false, false},
    {W_DR, "dr", SL_FWD_DROUTE, false, false},
    {W_TUN, "tun", SL_FWD_TUNNEL, false, false},
    {W_TUNX, "tun other family", SL_FWD_TUNNEL, false, true},
    {W_LOCAL, "local nat", SL_FWD_MASQ, true, false},
    {W_LOCAL_DR, "local dr", SL_FWD_DROUTE, true, false},
};

enum { METHOD_COUNT = sizeof(methods) / sizeof(methods[0]), WORLD_COUNT = METHOD_COUNT * 4 };

bool world_next(unsigned worlds, unsigned *i, struct world *ret_world)
{
	worlds |= worlds & W_FAMILIES ? 0 : W_V4;
	worlds |= worlds & W_PROTOS ? 0 : W_TCP;
	worlds |= worlds & W_METHODS ? 0 : W_NAT;
	while (*i < WORLD_COUNT) {
		unsigned n = (*i)++, m = n / 4;
		bool v6 = n & 1, udp = n & 2;

		if (!(worlds & methods[m].bit) || !(worlds & (v6 ? W_V6 : W_V4)) || !(worlds & (udp ? W_UDP : W_TCP)))
			continue;
		*ret_world = (struct world){.v6 = v6,
		    .proto = udp ? IPPROTO_UDP : IPPROTO_TCP,
		    .method = methods[m].bit,
		    .fwd = methods[m].fwd,
		    .local = methods[m].local,
		    .vport = 80,
		    .dport = methods[m].fwd == SL_FWD_MASQ ? 8080 : 80};
		ret_world->server_v6 = methods[m].other_family ? !v6 : v6;
		return true;
	}
	return false;
}

const char *world_text(const struct world *w)
{
	static char text[64];
	unsigned m = 0;

	while (m + 1 < METHOD_COUNT && methods[m].bit != w->method)
		m++;
	snprintf(text, sizeof(text), "%s %s %s", methods[m].text, w->proto == IPPROTO_UDP ? "udp" : "tcp", w->v6 ? "v6" : "v4");
	return text;
}
