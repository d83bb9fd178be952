/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_NEIGH_WIRE_H
#define SLUICED_NEIGH_WIRE_H
/*
 * DOC: rtnetlink's bytes
 *
 * Messages to structs and back; no socket, no state. A message is taken for what it is: every attribute is checked against the
 * message's end and its own length before it is read, unknown ones are passed over, and what is malformed is refused whole.
 */

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sluice/abi.h"
#include "sluiced/neigh/neigh.h"

/* Marks the neighbour entries that we keep alive (NDA_PROTOCOL, shown by `ip neigh` as "proto 83"). */
#define WIRE_PROTOCOL 83

/* A neighbour entry of the kernel. */
struct wire_neigh {
	uint32_t ifindex;
	struct sl_addr addr;
	uint8_t mac[6];
	bool has_mac;
	bool managed; /* the kernel keeps it resolved */
	bool ours; /* by WIRE_PROTOCOL */
	uint16_t state; /* NUD_* */
};

/* The kernel's answer for one address. */
struct wire_route {
	bool local; /* one of our own addresses */
	uint32_t ifindex; /* 0: no way there */
	struct sl_addr gw; /* the neighbour: the gateway, of either family, or the address itself */
	struct sl_addr src; /* preferred source; zero: the kernel named none */
	uint32_t mtu; /* of the route; 0: the link's */
};

/* 0, -EBADMSG for a malformed message, -ENOMSG for one that is not about what we follow (a bridge's port, a bridge's forwarding table). */
int wire_link(const struct nlmsghdr *nlh, struct neigh_link *ret_link);
int wire_neigh(const struct nlmsghdr *nlh, struct wire_neigh *ret_neigh);
/* dst: what was asked for. An unreachable, blackhole or broadcast route is an answer: no way there. */
int wire_route(const struct nlmsghdr *nlh, const struct sl_addr *dst, struct wire_route *ret_route);

/* Requests. `buf` has room for WIRE_REQUEST bytes and is aligned for a struct nlmsghdr; sequence number and port are the sender's. */
#define WIRE_REQUEST 256
struct nlmsghdr *wire_put_dump(void *buf, uint16_t type);
struct nlmsghdr *wire_put_route(void *buf, const struct sl_addr *dst);
/* Keep the entry resolved from now on (made if it is not there), or leave it to the kernel's ageing again. */
struct nlmsghdr *wire_put_keep(void *buf, uint32_t ifindex, const struct sl_addr *addr, bool exclusive);
struct nlmsghdr *wire_put_release(void *buf, uint32_t ifindex, const struct sl_addr *addr);
struct nlmsghdr *wire_put_delete(void *buf, uint32_t ifindex, const struct sl_addr *addr);

bool sl_addr_is_v4(const struct sl_addr *addr);

#endif
