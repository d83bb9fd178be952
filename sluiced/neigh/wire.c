/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "sluiced/neigh/wire.h"

/* An attribute that was found: its value and length; NULL if it was not there. */
struct value {
	const void *data;
	size_t size;
};

/* Attributes of types below `count` in `size` bytes at `data`; the last one of a type counts. -EBADMSG if one is longer than what is left.
 */
static int find(const void *data, size_t size, struct value *values, unsigned count)
{
	const char *p = data;
	struct nlattr a;
	size_t step;
	unsigned type;

	memset(values, 0, count * sizeof(*values));
	while (size >= sizeof(a)) {
		memcpy(&a, p, sizeof(a));
		if (a.nla_len < sizeof(a) || a.nla_len > size)
			return -EBADMSG;
		type = a.nla_type & NLA_TYPE_MASK;
		if (type < count)
			values[type] = (struct value){p + sizeof(a), a.nla_len - sizeof(a)};
		step = NLA_ALIGN(a.nla_len);
		if (step >= size)
			return 0;
		p += step;
		size -= step;
	}
	return 0;
}

/* The fixed header of a message, copied out, and its attributes. */
static int open_message(const struct nlmsghdr *nlh, void *head, size_t head_size, struct value *values, unsigned count)
{
	const char *payload = (const char *)nlh + NLMSG_HDRLEN;
	size_t size;

	if (nlh->nlmsg_len < NLMSG_HDRLEN + head_size)
		return -EBADMSG;
	memcpy(head, payload, head_size);
	size = nlh->nlmsg_len - NLMSG_HDRLEN;
	if (size <= NLMSG_ALIGN(head_size))
		return find(NULL, 0, values, count);
	return find(payload + NLMSG_ALIGN(head_size), size - NLMSG_ALIGN(head_size), values, count);
}

/* A 32-bit value; 0 if it is not there. -EBADMSG of another size. */
static int get_u32(const struct value *value, uint32_t *ret)
{
	uint32_t n = 0;

	if (value->data) {
		if (value->size != sizeof(n))
			return -EBADMSG;
		memcpy(&n, value->data, sizeof(n));
	}
	*ret = n;
	return 0;
}

/* A text that fits and ends within its attribute. */
static int get_text(const struct value *value, char *text, size_t room)
{
	size_t n = value->data ? strnlen(value->data, value->size) : 0;

	if (value->data && (n == value->size || n >= room))
		return -EBADMSG;
	memset(text, 0, room);
	if (n)
		memcpy(text, value->data, n);
	return 0;
}

static const struct sl_addr v4_prefix = {.b = {[10] = 0xff, [11] = 0xff}};

bool sl_addr_is_v4(const struct sl_addr *addr)
{
	return !memcmp(addr, &v4_prefix, 12);
}

/* An address of this family; zero if it is not there. */
static int get_addr(uint8_t family, const void *data, size_t size, struct sl_addr *ret)
{
	struct sl_addr addr = {0};

	if (data && family == AF_INET && size == 4) {
		addr = v4_prefix;
		memcpy(&addr.b[12], data, 4);
	} else if (data && family == AF_INET6 && size == 16) {
		memcpy(addr.b, data, 16);
	} else if (data) {
		return -EBADMSG;
	}
	*ret = addr;
	return 0;
}

/* Port of a bridge, bond or team; a VRF's members are routed interfaces like any other. */
static int get_slave(const struct value *master, const struct value *info, bool *ret_slave)
{
	struct value v[IFLA_INFO_SLAVE_KIND + 1];
	char kind[32];
	uint32_t index;
	int err = get_u32(master, &index);

	err = err ?: find(info->data, info->size, v, IFLA_INFO_SLAVE_KIND + 1);
	err = err ?: get_text(&v[IFLA_INFO_SLAVE_KIND], kind, sizeof(kind));
	if (!err)
		*ret_slave = index && strcmp(kind, "vrf");
	return err;
}

int wire_link(const struct nlmsghdr *nlh, struct neigh_link *ret_link)
{
	struct value v[IFLA_PARENT_DEV_NAME + 1];
	struct neigh_link link = {0};
	struct ifinfomsg ifi;
	int err = open_message(nlh, &ifi, sizeof(ifi), v, IFLA_PARENT_DEV_NAME + 1);

	if (err)
		return err;
	if (ifi.ifi_family != AF_UNSPEC)
		return -ENOMSG;
	if (ifi.ifi_index <= 0 || !v[IFLA_IFNAME].data)
		return -EBADMSG;
	link.ifindex = ifi.ifi_index;
	link.up = ifi.ifi_flags & IFF_UP;
	link.loopback = ifi.ifi_flags & IFF_LOOPBACK;
	link.ether = ifi.ifi_type == ARPHRD_ETHER;
	link.physical = v[IFLA_PARENT_DEV_NAME].data;
	err = get_text(&v[IFLA_IFNAME], link.name, sizeof(link.name));
	err = err ?: get_u32(&v[IFLA_MTU], &link.mtu);
	err = err ?: get_slave(&v[IFLA_MASTER], &v[IFLA_LINKINFO], &link.slave);
	if (err)
		return err;
	if (v[IFLA_ADDRESS].size == sizeof(link.mac))
		memcpy(link.mac, v[IFLA_ADDRESS].data, sizeof(link.mac));
	*ret_link = link;
	return 0;
}

int wire_neigh(const struct nlmsghdr *nlh, struct wire_neigh *ret_neigh)
{
	struct value v[NDA_FLAGS_EXT + 1];
	struct wire_neigh neigh = {0};
	struct ndmsg ndm;
	uint32_t flags;
	int err = open_message(nlh, &ndm, sizeof(ndm), v, NDA_FLAGS_EXT + 1);

	if (err)
		return err;
	if (ndm.ndm_family != AF_INET && ndm.ndm_family != AF_INET6)
		return -ENOMSG;
	if (ndm.ndm_ifindex <= 0 || !v[NDA_DST].data)
		return -EBADMSG;
	neigh.ifindex = ndm.ndm_ifindex;
	neigh.state = ndm.ndm_state;
	err = get_addr(ndm.ndm_family, v[NDA_DST].data, v[NDA_DST].size, &neigh.addr);
	err = err ?: get_u32(&v[NDA_FLAGS_EXT], &flags);
	if (err)
		return err;
	neigh.managed = flags & NTF_EXT_MANAGED;
	neigh.ours = v[NDA_PROTOCOL].size == 1 && *(const uint8_t *)v[NDA_PROTOCOL].data == WIRE_PROTOCOL;
	neigh.has_mac = v[NDA_LLADDR].size == sizeof(neigh.mac);
	if (neigh.has_mac)
		memcpy(neigh.mac, v[NDA_LLADDR].data, sizeof(neigh.mac));
	*ret_neigh = neigh;
	return 0;
}

/* RTA_VIA: a gateway of another family than the route's. */
static int get_via(const struct value *via, struct sl_addr *ret)
{
	struct rtvia head;

	if (via->size < sizeof(head))
		return -EBADMSG;
	memcpy(&head, via->data, sizeof(head));
	return get_addr(head.rtvia_family, (const char *)via->data + sizeof(head), via->size - sizeof(head), ret);
}

static int get_mtu(const struct value *metrics, uint32_t *ret)
{
	struct value v[RTAX_MTU + 1];
	int err = find(metrics->data, metrics->size, v, RTAX_MTU + 1);

	return err ?: get_u32(&v[RTAX_MTU], ret);
}

static int get_gateway(uint8_t family, const struct value *v, const struct sl_addr *dst, struct sl_addr *ret)
{
	if (v[RTA_VIA].data)
		return get_via(&v[RTA_VIA], ret);
	if (v[RTA_GATEWAY].data)
		return get_addr(family, v[RTA_GATEWAY].data, v[RTA_GATEWAY].size, ret);
	*ret = *dst;
	return 0;
}

int wire_route(const struct nlmsghdr *nlh, const struct sl_addr *dst, struct wire_route *ret_route)
{
	struct value v[RTA_VIA + 1];
	struct wire_route route = {0};
	struct rtmsg rtm;
	int err = open_message(nlh, &rtm, sizeof(rtm), v, RTA_VIA + 1);

	if (err)
		return err;
	if (nlh->nlmsg_type != RTM_NEWROUTE || (rtm.rtm_family != AF_INET && rtm.rtm_family != AF_INET6))
		return -ENOMSG;
	err = get_u32(&v[RTA_OIF], &route.ifindex);
	err = err ?: get_mtu(&v[RTA_METRICS], &route.mtu);
	err = err ?: get_addr(rtm.rtm_family, v[RTA_PREFSRC].data, v[RTA_PREFSRC].size, &route.src);
	err = err ?: get_gateway(rtm.rtm_family, v, dst, &route.gw);
	if (err)
		return err;
	route.local = rtm.rtm_type == RTN_LOCAL;
	if (rtm.rtm_type != RTN_UNICAST && !route.local)
		route = (struct wire_route){0};
	*ret_route = route;
	return 0;
}

static struct nlmsghdr *put_header(void *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh;

	memset(buf, 0, WIRE_REQUEST);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	return nlh;
}

struct nlmsghdr *wire_put_dump(void *buf, uint16_t type)
{
	struct nlmsghdr *nlh = put_header(buf, type, NLM_F_DUMP);

	/* Links have the largest fixed header of what is dumped; zeroes mean: all. */
	mnl_nlmsg_put_extra_header(nlh, type == RTM_GETLINK ? sizeof(struct ifinfomsg) : sizeof(struct ndmsg));
	return nlh;
}

static void put_addr(struct nlmsghdr *nlh, uint16_t type, const struct sl_addr *addr)
{
	if (sl_addr_is_v4(addr))
		mnl_attr_put(nlh, type, 4, &addr->b[12]);
	else
		mnl_attr_put(nlh, type, 16, addr->b);
}

static uint8_t family_of(const struct sl_addr *addr)
{
	return sl_addr_is_v4(addr) ? AF_INET : AF_INET6;
}

struct nlmsghdr *wire_put_route(void *buf, const struct sl_addr *dst)
{
	struct nlmsghdr *nlh = put_header(buf, RTM_GETROUTE, 0);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = family_of(dst);
	rtm->rtm_dst_len = rtm->rtm_family == AF_INET ? 32 : 128;
	put_addr(nlh, RTA_DST, dst);
	return nlh;
}

static struct nlmsghdr *put_neigh(void *buf, uint16_t type, uint16_t flags, uint32_t ifindex, const struct sl_addr *addr)
{
	struct nlmsghdr *nlh = put_header(buf, type, NLM_F_ACK | flags);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = family_of(addr);
	ndm->ndm_ifindex = (int)ifindex;
	put_addr(nlh, NDA_DST, addr);
	return nlh;
}

struct nlmsghdr *wire_put_keep(void *buf, uint32_t ifindex, const struct sl_addr *addr, bool exclusive)
{
	struct nlmsghdr *nlh = put_neigh(buf, RTM_NEWNEIGH, NLM_F_CREATE | (exclusive ? NLM_F_EXCL : 0), ifindex, addr);

	mnl_attr_put_u32(nlh, NDA_FLAGS_EXT, NTF_EXT_MANAGED);
	mnl_attr_put_u8(nlh, NDA_PROTOCOL, WIRE_PROTOCOL);
	return nlh;
}

/* NTF_USE without NTF_EXT_MANAGED takes the mark away and leaves the state as it is. */
struct nlmsghdr *wire_put_release(void *buf, uint32_t ifindex, const struct sl_addr *addr)
{
	struct nlmsghdr *nlh = put_neigh(buf, RTM_NEWNEIGH, 0, ifindex, addr);
	struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);

	ndm->ndm_flags = NTF_USE;
	return nlh;
}

struct nlmsghdr *wire_put_delete(void *buf, uint32_t ifindex, const struct sl_addr *addr)
{
	return put_neigh(buf, RTM_DELNEIGH, 0, ifindex, addr);
}
