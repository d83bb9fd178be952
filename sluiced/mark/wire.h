/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_MARK_WIRE_H
#define SLUICED_MARK_WIRE_H
/* The mark device's part of rtnetlink's bytes: rules, the device, its routes. `buf` has WIRE_REQUEST bytes (sluiced/neigh/wire.h). */

#include <linux/netlink.h>

#include "sluiced/mark/rules.h"

/* 0, -EBADMSG for a malformed message, -ENOMSG for one of another family or type. */
int mark_wire_rule(const struct nlmsghdr *nlh, bool v6, struct rules_rule *ret_rule);

struct nlmsghdr *mark_wire_put_dump(void *buf, bool v6);
struct nlmsghdr *mark_wire_put_rule(void *buf, bool v6, const struct rules_rule *rule, bool add);

/* Make a device of this kind, down. */
struct nlmsghdr *mark_wire_put_link(void *buf, const char *name, const char *kind);
/* No IPv6 addresses of its own, and any IPv4 source may come in: what does has been let in by another interface. */
struct nlmsghdr *mark_wire_put_link_conf(void *buf, uint32_t ifindex, bool v6);
struct nlmsghdr *mark_wire_put_link_mtu(void *buf, uint32_t ifindex, uint32_t mtu);
struct nlmsghdr *mark_wire_put_link_up(void *buf, uint32_t ifindex);
struct nlmsghdr *mark_wire_put_link_delete(void *buf, uint32_t ifindex);

/* An IPv4 address: a device without one lets no source in where rp_filter is on for all. */
struct nlmsghdr *mark_wire_put_addr(void *buf, uint32_t ifindex);

/* The default route of RULES_TABLE to the device. */
struct nlmsghdr *mark_wire_put_route(void *buf, bool v6, uint32_t ifindex);

#endif
