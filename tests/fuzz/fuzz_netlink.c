/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes from rtnetlink: each message of a datagram is taken for a link, a neighbour and a route, whatever it says it is. */
#include "tests/fuzz/fuzz.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "sluiced/neigh/wire.h"

static void take(const struct nlmsghdr *nlh)
{
	static const struct sl_addr dst = {.b = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1}};
	struct neigh_link link;
	struct wire_neigh neigh;
	struct wire_route route;

	if (!wire_link(nlh, &link))
		fuzz_check(memchr(link.name, 0, sizeof(link.name)));
	wire_neigh(nlh, &neigh);
	wire_route(nlh, &dst, &route);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Aligned as the daemon's buffer is, and no byte longer than the datagram. */
	uint8_t *copy = malloc(size ? size : 1);
	const struct nlmsghdr *nlh = (const void *)copy;
	int left = size;

	fuzz_check(copy);
	memcpy(copy, data, size);
	/* libmnl compares lengths as signed numbers; the kernel sends none so large. */
	while (mnl_nlmsg_ok(nlh, left) && nlh->nlmsg_len <= (uint32_t)left) {
		take(nlh);
		nlh = mnl_nlmsg_next(nlh, &left);
	}
	free(copy);
	return 0;
}

/* Our own requests are messages too. */
void fuzz_seeds(fuzz_give give, void *arg)
{
	static const struct sl_addr v4 = {.b = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 11}}, v6 = {.b = {0xfd, [15] = 11}};
	uint32_t buf[WIRE_REQUEST / 4];
	const struct nlmsghdr *nlh;

#define GIVE(name, request) \
	nlh = request;      \
	give(arg, name, (const uint8_t *)nlh, nlh->nlmsg_len)
	GIVE("dump", wire_put_dump(buf, RTM_GETLINK));
	GIVE("route-v4", wire_put_route(buf, &v4));
	GIVE("route-v6", wire_put_route(buf, &v6));
	GIVE("keep-v4", wire_put_keep(buf, 2, &v4, true));
	GIVE("keep-v6", wire_put_keep(buf, 2, &v6, false));
	GIVE("release", wire_put_release(buf, 2, &v4));
	GIVE("delete", wire_put_delete(buf, 2, &v6));
#undef GIVE
}
