/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Firewall-mark services: marks that the packet has, that the classifier gives, that come by the mark device. */
#include "tests/packet/rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define ALL W_FAMILIES | W_PROTOS
#define FIRST 5 /* rule: a list need not begin at the pool's beginning */

/* The row's service becomes one of this mark. */
static const char *serve_mark(struct rig *rig, uint32_t mark)
{
	rig->lane->ops->svc_set(rig->lane, &rig->key, NULL);
	memset(&rig->key, 0, sizeof(rig->key));
	if (!rig->w.v6)
		rig->key.addr.w[2] = htonl(0xffff);
	rig->key.addr.w[3] = htonl(mark);
	rig->lane->settings->flags |= SL_SET_MARK_SVCS;
	rig_commit(rig);
	return NULL;
}

static const char *mark_5(struct rig *rig)
{
	return serve_mark(rig, 5);
}

static const char *mark_max(struct rig *rig)
{
	return serve_mark(rig, 4294967295);
}

/* The same number, the other family. */
static const char *mark_5_other(struct rig *rig)
{
	rig->w.v6 = !rig->w.v6;
	serve_mark(rig, 5);
	rig->w.v6 = !rig->w.v6;
	return NULL;
}

/* The mark's service beside the row's own, which has RS2. */
static const char *mark_5_beside(struct rig *rig)
{
	struct sl_svc_key own = rig->key;
	struct sl_svc_key key = {0};
	struct sl_svc svc = rig->svc;

	if (!rig->w.v6)
		key.addr.w[2] = htonl(0xffff);
	key.addr.w[3] = htonl(5);
	svc.first = 50;
	svc.count = 1;
	rig->lane->members[50] = (struct sl_member){.dest = who_dest(RS1), .weight = 1};
	rig->lane->settings->flags |= SL_SET_MARK_SVCS;
	rig->lane->ops->svc_set(rig->lane, &key, &svc);
	rig->key = own;
	return NULL;
}

static const char *unmark_5(struct rig *rig)
{
	struct sl_svc_key key = {0};

	if (!rig->w.v6)
		key.addr.w[2] = htonl(0xffff);
	key.addr.w[3] = htonl(5);
	rig->lane->ops->svc_set(rig->lane, &key, NULL);
	return NULL;
}

/* A rule: text of its destination and source (NULL: any) by family, and the rest. */
struct said {
	const char *dst[2], *src[2];
	uint8_t proto;
	uint16_t first, last; /* both 0: any */
	uint32_t mark;
};

static uint8_t put_prefix(const char *text, bool v6, void *ret_addr)
{
	char addr[64];
	uint8_t *b = ret_addr;
	char *slash;

	memset(b, 0, 16);
	if (!v6)
		b[10] = b[11] = 0xff;
	if (!text)
		return v6 ? 0 : 96;
	snprintf(addr, sizeof(addr), "%s", text);
	slash = strchr(addr, '/');
	*slash = 0;
	inet_pton(v6 ? AF_INET6 : AF_INET, addr, v6 ? b : b + 12);
	return atoi(slash + 1) + (v6 ? 0 : 96);
}

/* One set for each destination named, in the rows' order: the tests say for themselves what is in it. */
static const char *classify(struct rig *rig, const struct said *said, size_t count)
{
	static struct sl_mark_key known[16];
	static unsigned known_count;
	uint32_t at = FIRST;

	while (known_count)
		rig->lane->ops->mark_set(rig->lane, &known[--known_count], NULL);
	rig->lane->settings->flags |= SL_SET_MARKS;
	for (size_t i = 0; i < count; i++) {
		struct sl_mark_key key;
		struct sl_mark_set set = {.first = at};

		key.len = put_prefix(said[i].dst[rig->w.v6], rig->w.v6, key.dst);
		while (i < count) {
			struct sl_mark_rule *r = &rig->lane->mark_rules[at++];

			memset(r, 0, sizeof(*r));
			r->src_len = said[i].src[0] ? put_prefix(said[i].src[rig->w.v6], rig->w.v6, &r->src) : 0;
			r->proto = said[i].proto;
			r->first_port = said[i].first;
			r->last_port = said[i].first || said[i].last ? said[i].last : 65535;
			r->mark = said[i].mark;
			set.count++;
			if (i + 1 == count || said[i + 1].dst[0] != said[i].dst[0])
				break;
			i++;
		}
		rig->lane->ops->mark_set(rig->lane, &key, &set);
		known[known_count++] = key;
	}
	return NULL;
}

#define RULES(name, ...)                                                                          \
	static const char *name(struct rig *rig)                                                  \
	{                                                                                         \
		static const struct said said[] = {__VA_ARGS__};                                  \
		return serve_mark(rig, 5) ?: classify(rig, said, sizeof(said) / sizeof(said[0])); \
	}

static const char vip4[] = "192.0.2.1/32", vip6[] = "2001:db8:2::1/128", net4[] = "192.0.0.0/16", net6[] = "2001:db8::/32";
#define TO_VIP .dst = {vip4, vip6}
#define TO_NET .dst = {net4, net6}
#define BY_CLIENT .src = {"198.51.100.7/32", "2001:db8:c::7/128"}
#define BY_NET .src = {"198.51.100.0/24", "2001:db8:c::/48"}

RULES(to_vip, {TO_VIP, .mark = 5})
RULES(to_all, {.mark = 5})
RULES(to_vip_other, {TO_VIP, .mark = 6})
RULES(to_port, {TO_VIP, .first = 80, .last = 80, .mark = 5})
RULES(to_range, {TO_VIP, .first = 81, .last = 443, .mark = 5})
RULES(of_udp, {TO_VIP, .proto = IPPROTO_UDP, .mark = 5})
RULES(by_client, {TO_VIP, BY_CLIENT, .mark = 5})
RULES(by_net, {TO_VIP, BY_NET, .mark = 5})
RULES(first_wins, {TO_VIP, BY_CLIENT, .mark = 5}, {TO_VIP, .mark = 6})
RULES(first_does_not_fit, {TO_VIP, BY_CLIENT, .mark = 6}, {TO_VIP, .first = 9, .last = 9, .mark = 6}, {TO_VIP, .mark = 5})
RULES(longest_wins, {TO_NET, .mark = 6}, {TO_VIP, .mark = 5})
RULES(shorter_not_asked, {TO_NET, .mark = 5}, {TO_VIP, BY_CLIENT, .mark = 5})

/* So many rules that do not fit before the one that does. */
static const char *many_rules(struct rig *rig)
{
	static struct said said[4096];

	for (size_t i = 0; i < 4096; i++)
		said[i] = (struct said){TO_VIP, .first = 1000, .last = 1000 + i, .mark = 6};
	said[4095] = (struct said){TO_VIP, .mark = 5};
	return serve_mark(rig, 5) ?: classify(rig, said, 4096);
}

static const char *no_rules(struct rig *rig)
{
	rig->lane->settings->flags &= ~SL_SET_MARKS;
	return classify(rig, NULL, 0) ?: (rig->lane->settings->flags &= ~SL_SET_MARKS, NULL);
}

/* A server of a mark service need not name a port. */
static const char *no_port(struct rig *rig)
{
	rig->lane->dests[who_dest(RS1)].port = 0;
	return NULL;
}

static void port_stays(struct pkt_spec *spec, const struct world *w)
{
	spec->dport = w->vport;
}

static void last_hop(struct pkt_spec *spec, const struct world *w)
{
	spec->ip.ttl = 1;
}

static void first_hop(struct pkt_spec *spec, const struct world *w)
{
	spec->ip.ttl = 254;
}

static void a_question(struct pkt_spec *spec, const struct world *w)
{
	spec->proto = w->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	spec->type = w->v6 ? 128 : 8;
}

#define SERVE SERVICE(RR), SERVER(RS1, 1)

static const struct row
    rows_mark_table[] =
	{
	    {"mark: the packet's own finds its service, whatever the address", ALL | W_METHODS, IN_FULL,
		.steps =
		    {
			SERVE,
			CALL(mark_5),
			CLIENT_SENDS(SYN, .mark = 5, FORWARDED(RS1)),
			CLIENT_SENDS(ACK, FORWARDED(RS1)),
			CLIENT_SENDS(SYN, .cport = 40001, PASSED),
			CLIENT_SENDS(SYN, .cport = 40001, .mark = 4, PASSED),
			CONNS(1),
		    }},
	    {"mark: another VIP and port of the same mark", W_DR | W_FAMILIES, IN_FULL,
		.steps =
		    {
			SERVE,
			CALL(mark_5),
			CLIENT_SENDS(SYN, .mark = 5, .target = VIP2, .dport = 443, FORWARDED(RS1)),
			CLIENT_SENDS(ACK, .target = VIP2, .dport = 443, FORWARDED(RS1)),
			STATS(RS1, 1, 2, 0),
		    }},
	    {"mark: the largest", ALL, IN_FULL, .steps = {SERVE, CALL(mark_max), CLIENT_SENDS(SYN, .mark = 4294967295, FORWARDED(RS1))}},
	    {"mark: the other family's service of the same number is not asked", ALL, IN_FULL,
		.steps = {SERVE, CALL(mark_5_other), CLIENT_SENDS(SYN, .mark = 5, PASSED), CONNS(0)}},
	    {"mark: comes before address and port", ALL, IN_FULL,
		.steps =
		    {
			SERVE,
			SERVICE(RR),
			UNSERVER(RS1),
			SERVER(RS2, 1),
			CALL(mark_5_beside),
			CLIENT_SENDS(SYN, .mark = 5, FORWARDED(RS1)),
			CLIENT_SENDS(SYN, .cport = 40001, FORWARDED(RS2)),
			CLIENT_SENDS(SYN, .cport = 40002, .mark = 4, FORWARDED(RS2)),
			CALL(unmark_5),
			CLIENT_SENDS(SYN, .cport = 40003, .mark = 5, FORWARDED(RS2)),
		    }},
	    {"mark: a server without a port gets the packet's", ALL | W_NAT | W_DR, IN_FULL,
		.steps =
		    {
			SERVE,
			CALL(mark_5),
			CALL(no_port),
			CLIENT_SENDS(SYN, .mark = 5, FORWARDED(RS1), .tweak_out = port_stays),
			CLIENT_SENDS(ACK, FORWARDED(RS1), .tweak_out = port_stays),
		    }},

	    {"classifier: a rule for the VIP", ALL | W_METHODS, IN_FULL,
		.steps =
		    {
			SERVE,
			CALL(to_vip),
			CLIENT_SENDS(SYN, FORWARDED(RS1)),
			EVENT(MARKED, 1),
			CLIENT_SENDS(SYN, .cport = 40001, .target = VIP2, PASSED),
			EVENT(MARKED, 1),
		    }},
	    {"classifier: packets of a connection do not come there", ALL | W_REMOTE,
		.steps =
		    {
			SERVE,
			CALL(to_vip),
			CLIENT_SENDS(SYN, FORWARDED(RS1)),
			CLIENT_SENDS(ACK, FORWARDED(RS1)),
			EVENT(MARKED, 1),
			CALL(no_rules),
			CLIENT_SENDS(ACK, FORWARDED(RS1)),
			CLIENT_SENDS(SYN, .cport = 40001, PASSED),
			EVENT(MARKED, 1),
		    }},
	    {"classifier: a NAT server's replies", ALL | W_NAT,
		.steps = {SERVE, CALL(to_vip), CLIENT_SENDS(SYN, FORWARDED(RS1)), SERVER_SENDS(SYN_ACK, REPLIED(RS1))}},
	    {"classifier: a rule for everything", ALL,
		.steps =
		    {
			SERVE,
			CALL(to_all),
			CLIENT_SENDS(SYN, FORWARDED(RS1)),
			CLIENT_SENDS(SYN, .target = VIP2, .cport = 40001, FORWARDED(RS1)),
		    }},
	    {"classifier: a mark that no service has", ALL,
		.steps = {SERVE, CALL(to_vip_other), CLIENT_SENDS(SYN, PASSED), CONNS(0), EVENT(MARKED, 1)}},
	    {"classifier: one port", ALL,
		.steps =
		    {
			SERVE,
			CALL(to_port),
			CLIENT_SENDS(SYN, .dport = 80, FORWARDED(RS1)),
			CLIENT_SENDS(SYN, .dport = 79, PASSED),
			CLIENT_SENDS(SYN, .dport = 81, PASSED),
		    }},
	    {"classifier: a range of ports", ALL,
		.steps =
		    {
			SERVE,
			CALL(to_range),
			CLIENT_SENDS(SYN, .dport = 80, PASSED),
			CLIENT_SENDS(SYN, .dport = 81, FORWARDED(RS1)),
			CLIENT_SENDS(SYN, .dport = 300, FORWARDED(RS1)),
			CLIENT_SENDS(SYN, .dport = 443, FORWARDED(RS1)),
			CLIENT_SENDS(SYN, .dport = 444, PASSED),
			EVENT(MARKED, 3),
		    }},
	    {"classifier: a protocol that fits", W_FAMILIES | W_UDP, .steps = {SERVE, CALL(of_udp), CLIENT_SENDS(FORWARDED(RS1))}},
	    {"classifier: a protocol that does not", W_FAMILIES | W_TCP, .steps = {SERVE, CALL(of_udp), CLIENT_SENDS(SYN, PASSED)}},
	    {"classifier: one source", ALL,
		.steps = {SERVE, CALL(by_client), CLIENT_SENDS(SYN, FORWARDED(RS1)), CLIENT_SENDS(SYN, .client = CLIENT2, PASSED)}},
	    {"classifier: a prefix of sources", ALL,
		.steps =
		    {
			SERVE,
			CALL(by_net),
			CLIENT_SENDS(SYN, FORWARDED(RS1)),
			CLIENT_SENDS(SYN, .client = CLIENT2, FORWARDED(RS1)),
			CLIENT_SENDS(SYN, .client = STRANGER, PASSED),
		    }},
	    {"classifier: the first rule that fits", ALL,
		.steps = {SERVE, CALL(first_wins), CLIENT_SENDS(SYN, FORWARDED(RS1)), CLIENT_SENDS(SYN, .client = CLIENT2, PASSED)}},
	    {"classifier: rules that do not fit are passed over", ALL,
		.steps = {SERVE, CALL(first_does_not_fit), CLIENT_SENDS(SYN, .client = CLIENT2, FORWARDED(RS1)),
		    CLIENT_SENDS(SYN, PASSED)}},
	    {"classifier: the longest destination", ALL,
		.steps = {SERVE, CALL(longest_wins), CLIENT_SENDS(SYN, FORWARDED(RS1)), CLIENT_SENDS(SYN, .target = VIP2, PASSED)}},
	    {"classifier: only the list of the longest destination", ALL,
		.steps =
		    {
			SERVE,
			CALL(shorter_not_asked),
			CLIENT_SENDS(SYN, .client = CLIENT2, PASSED),
			CLIENT_SENDS(SYN, .client = CLIENT2, .target = VIP2, FORWARDED(RS1)),
			CLIENT_SENDS(SYN, FORWARDED(RS1)),
		    }},
	    {"classifier: the last of 4096 rules", ALL, .steps = {SERVE, CALL(many_rules), CLIENT_SENDS(SYN, FORWARDED(RS1))}},
	    {"classifier: TCP that begins nothing is not looked at", W_TCP | W_FAMILIES,
		.steps = {SERVE, CALL(to_vip), CLIENT_SENDS(ACK, PASSED), EVENT(MARKED, 0)}},
	    {"classifier: a packet's own mark wins", ALL, IN_FULL,
		.steps =
		    {
			SERVE,
			CALL(to_vip),
			CLIENT_SENDS(SYN, .mark = 6, PASSED),
			EVENT(MARKED, 0),
			CALL(to_vip_other),
			CLIENT_SENDS(SYN, .mark = 5, FORWARDED(RS1)),
			EVENT(MARKED, 0),
		    }},

	    {"mark device: a first packet, then its connection at the front door", ALL | W_REMOTE, IN_FULL,
		.steps =
		    {
			SERVE,
			CALL(mark_5),
			CLIENT_SENDS(SYN, PASSED),
			MARKED_SENDS(SYN, .mark = 5, FORWARDED(RS1)),
			CONNS(1),
			CLIENT_SENDS(ACK, FORWARDED(RS1)),
			STATS(RS1, 1, 2, 0),
		    }},
	    {"mark device: a NAT server's replies", ALL | W_NAT, IN_FULL,
		.steps = {SERVE, CALL(mark_5), MARKED_SENDS(SYN, .mark = 5, FORWARDED(RS1)), SERVER_SENDS(SYN_ACK, REPLIED(RS1))}},
	    {"mark device: a local server gets it from the other side of the device", ALL | W_LOCAL | W_LOCAL_DR, IN_FULL,
		.steps =
		    {
			SERVE,
			CALL(mark_5),
			MARKED_SENDS(SYN, .mark = 5, FORWARDED(RS1)),
			MARKED_SENDS(ACK, .mark = 5, FORWARDED(RS1)),
			CONNS(1),
			STATS(RS1, 1, 2, 0),
		    }},
	    {"mark device: what no service takes goes on as it came in", ALL, IN_FULL,
		.steps = {SERVE, CALL(mark_5), MARKED_SENDS(SYN, .mark = 4, PASSED), MARKED_SENDS(SYN, PASSED), CONNS(0)}},
	    {"mark device: TCP that begins nothing goes on", W_TCP | W_FAMILIES, IN_FULL,
		.steps = {SERVE, CALL(mark_5), MARKED_SENDS(ACK, .mark = 5, PASSED), MARKED_SENDS(RST, .mark = 5, PASSED)}},
	    {"mark device: other protocols go on", W_FAMILIES, IN_FULL,
		.steps = {SERVE, CALL(mark_5), MARKED_SENDS(.mark = 5, .tweak = a_question, PASSED)}},
	    {"mark device: the host's hop is the director's", ALL | W_REMOTE, IN_FULL,
		.steps =
		    {
			SERVE,
			CALL(mark_5),
			MARKED_SENDS(SYN, .mark = 5, .tweak = last_hop, FORWARDED(RS1)),
			MARKED_SENDS(SYN, .mark = 5, .cport = 40001, .tweak = first_hop, FORWARDED(RS1)),
		    }},
	    {"mark device: no server", ALL, IN_FULL,
		.steps = {SERVICE(RR), CALL(mark_5), MARKED_SENDS(SYN, .mark = 5, DROPPED(NO_SERVER))}},
};

ROWS(rows_mark);
