/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/mark/wire.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "sluiced/neigh/wire.h"

static struct nlmsghdr *put_header(void *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh;

	memset(buf, 0, WIRE_REQUEST);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	return nlh;
}

static uint8_t family_of(bool v6)
{
	return v6 ? AF_INET6 : AF_INET;
}

/* Attributes that say something else than "which packets": they don't make a rule another. */
static bool is_no_selector(uint16_t type)
{
	return type == FRA_SUPPRESS_PREFIXLEN || type == FRA_SUPPRESS_IFGROUP || type == FRA_UNSPEC || type == FRA_PAD;
}

static int take_number(const struct nlattr *attr, uint32_t *ret)
{
	if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
		return -EBADMSG;
	*ret = mnl_attr_get_u32(attr);
	return 0;
}

static int take_iif(const struct nlattr *attr, char iif[16])
{
	if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0 || mnl_attr_get_payload_len(attr) > 16)
		return -EBADMSG;
	strcpy(iif, mnl_attr_get_str(attr));
	return 0;
}

static int take_protocol(const struct nlattr *attr, uint8_t *ret)
{
	if (mnl_attr_validate(attr, MNL_TYPE_U8) < 0)
		return -EBADMSG;
	*ret = mnl_attr_get_u8(attr);
	return 0;
}

/* The kernel says with every rule that it suppresses nothing: all bits set. */
static int take_other(const struct nlattr *attr, struct rules_rule *rule)
{
	uint32_t none = 0;

	if (!is_no_selector(mnl_attr_get_type(attr)) || take_number(attr, &none) || none != 0xffffffff)
		rule->plain = false;
	return 0;
}

static int take_attr(const struct nlattr *attr, struct rules_rule *rule)
{
	switch (mnl_attr_get_type(attr)) {
	case FRA_PRIORITY: return take_number(attr, &rule->pref);
	case FRA_TABLE: return take_number(attr, &rule->table);
	case FRA_GOTO: return take_number(attr, &rule->target);
	case FRA_FWMARK: return take_number(attr, &rule->mark);
	case FRA_FWMASK: return take_number(attr, &rule->mask);
	case FRA_IIFNAME: return take_iif(attr, rule->iif);
	case FRA_PROTOCOL: return take_protocol(attr, &rule->protocol);
	default: return take_other(attr, rule);
	}
}

static enum rules_action action_of(uint8_t action)
{
	switch (action) {
	case FR_ACT_TO_TBL: return RULES_LOOKUP;
	case FR_ACT_GOTO: return RULES_GOTO;
	case FR_ACT_NOP: return RULES_NOP;
	default: return RULES_OTHER;
	}
}

int mark_wire_rule(const struct nlmsghdr *nlh, bool v6, struct rules_rule *ret_rule)
{
	const struct fib_rule_hdr *hdr = mnl_nlmsg_get_payload(nlh);
	struct rules_rule rule = {0};
	const struct nlattr *attr;
	int err = 0;

	if (nlh->nlmsg_type != RTM_NEWRULE || mnl_nlmsg_get_payload_len(nlh) < sizeof(*hdr) || hdr->family != family_of(v6))
		return -ENOMSG;
	rule.action = action_of(hdr->action);
	rule.table = hdr->table;
	rule.plain = !hdr->src_len && !hdr->dst_len && !hdr->tos && !(hdr->flags & FIB_RULE_INVERT);
	mnl_attr_for_each(attr, nlh, sizeof(*hdr))
	{
		err = take_attr(attr, &rule);
		if (err)
			return err;
	}
	if (rule.action != RULES_LOOKUP)
		rule.table = 0;
	*ret_rule = rule;
	return 0;
}

struct nlmsghdr *mark_wire_put_dump(void *buf, bool v6)
{
	struct nlmsghdr *nlh = put_header(buf, RTM_GETRULE, NLM_F_DUMP);
	struct fib_rule_hdr *hdr = mnl_nlmsg_put_extra_header(nlh, sizeof(*hdr));

	hdr->family = family_of(v6);
	return nlh;
}

struct nlmsghdr *mark_wire_put_rule(void *buf, bool v6, const struct rules_rule *rule, bool add)
{
	static const uint8_t actions[] = {[RULES_LOOKUP] = FR_ACT_TO_TBL, [RULES_GOTO] = FR_ACT_GOTO, [RULES_NOP] = FR_ACT_NOP};
	struct nlmsghdr *nlh = put_header(buf, add ? RTM_NEWRULE : RTM_DELRULE, NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_EXCL : 0));
	struct fib_rule_hdr *hdr = mnl_nlmsg_put_extra_header(nlh, sizeof(*hdr));

	hdr->family = family_of(v6);
	hdr->action = actions[rule->action];
	hdr->table = rule->table < 256 ? rule->table : RT_TABLE_UNSPEC;
	mnl_attr_put_u32(nlh, FRA_PRIORITY, rule->pref);
	if (rule->table)
		mnl_attr_put_u32(nlh, FRA_TABLE, rule->table);
	if (rule->target)
		mnl_attr_put_u32(nlh, FRA_GOTO, rule->target);
	if (rule->mask) {
		mnl_attr_put_u32(nlh, FRA_FWMARK, rule->mark);
		mnl_attr_put_u32(nlh, FRA_FWMASK, rule->mask);
	}
	if (*rule->iif)
		mnl_attr_put_strz(nlh, FRA_IIFNAME, rule->iif);
	mnl_attr_put_u8(nlh, FRA_PROTOCOL, rule->protocol);
	return nlh;
}

static struct nlmsghdr *put_ifinfo(void *buf, uint16_t type, uint16_t flags, uint32_t ifindex)
{
	struct nlmsghdr *nlh = put_header(buf, type, NLM_F_ACK | flags);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	ifi->ifi_index = (int)ifindex;
	return nlh;
}

struct nlmsghdr *mark_wire_put_link(void *buf, const char *name, const char *kind)
{
	struct nlmsghdr *nlh = put_ifinfo(buf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	static const uint8_t mac[6] = {SL_MARK_MAC};
	struct nlattr *info;

	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put(nlh, IFLA_ADDRESS, sizeof(mac), mac);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(nlh, info);
	return nlh;
}

struct nlmsghdr *mark_wire_put_link_conf(void *buf, uint32_t ifindex, bool v6)
{
	struct nlmsghdr *nlh = put_ifinfo(buf, RTM_NEWLINK, 0, ifindex);
	struct nlattr *spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC), *family = mnl_attr_nest_start(nlh, family_of(v6)), *conf;

	if (v6) {
		mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	} else {
		conf = mnl_attr_nest_start(nlh, IFLA_INET_CONF);
		mnl_attr_put_u32(nlh, IPV4_DEVCONF_RP_FILTER, 2);
		mnl_attr_nest_end(nlh, conf);
	}
	mnl_attr_nest_end(nlh, family);
	mnl_attr_nest_end(nlh, spec);
	return nlh;
}

struct nlmsghdr *mark_wire_put_link_mtu(void *buf, uint32_t ifindex, uint32_t mtu)
{
	struct nlmsghdr *nlh = put_ifinfo(buf, RTM_NEWLINK, 0, ifindex);

	mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	return nlh;
}

/* Without ARP every neighbour has the device's own address. */
struct nlmsghdr *mark_wire_put_link_up(void *buf, uint32_t ifindex)
{
	struct nlmsghdr *nlh = put_ifinfo(buf, RTM_NEWLINK, 0, ifindex);
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	ifi->ifi_flags = ifi->ifi_change = IFF_UP | IFF_NOARP;
	return nlh;
}

struct nlmsghdr *mark_wire_put_link_delete(void *buf, uint32_t ifindex)
{
	return put_ifinfo(buf, RTM_DELLINK, 0, ifindex);
}

struct nlmsghdr *mark_wire_put_addr(void *buf, uint32_t ifindex)
{
	static const uint8_t dummy[4] = {192, 0, 0, 8}; /* RFC 7600's IPv4 dummy address */
	struct nlmsghdr *nlh = put_header(buf, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = 32;
	ifa->ifa_scope = RT_SCOPE_LINK;
	ifa->ifa_index = ifindex;
	mnl_attr_put(nlh, IFA_LOCAL, sizeof(dummy), dummy);
	mnl_attr_put(nlh, IFA_ADDRESS, sizeof(dummy), dummy);
	return nlh;
}

/* A gateway that nobody is: one neighbour, however many destinations. */
struct nlmsghdr *mark_wire_put_route(void *buf, bool v6, uint32_t ifindex)
{
	static const uint8_t gw4[4] = {192, 0, 0, 11}, gw6[16] = {0xfe, 0x80, [15] = 8};
	struct nlmsghdr *nlh = put_header(buf, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = family_of(v6);
	rtm->rtm_protocol = RULES_PROTOCOL;
	rtm->rtm_scope = RT_SCOPE_UNIVERSE;
	rtm->rtm_type = RTN_UNICAST;
	rtm->rtm_flags = RTNH_F_ONLINK;
	mnl_attr_put_u32(nlh, RTA_TABLE, RULES_TABLE);
	mnl_attr_put_u32(nlh, RTA_OIF, ifindex);
	if (v6)
		mnl_attr_put(nlh, RTA_GATEWAY, sizeof(gw6), gw6);
	else
		mnl_attr_put(nlh, RTA_GATEWAY, sizeof(gw4), gw4);
	return nlh;
}
