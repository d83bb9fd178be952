/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forwarding: every method, protocol and family; replies; what the packet must look like afterwards. */
#include "tests/packet/rig.h"

#include <netinet/in.h>
#include <string.h>

#define ONE_SERVER SERVICE(RR), SERVER(RS1, 1)
#define ALL W_FAMILIES | W_PROTOS

static void odd(struct pkt_spec *spec, const struct world *w)
{
	spec->payload = 33;
	spec->fill = 200;
}

static void tos(struct pkt_spec *spec, const struct world *w)
{
	spec->ip.tos = 0xb9; /* EF, ECN capable */
}

static void dont_fragment(struct pkt_spec *spec, const struct world *w)
{
	spec->ip.df = true;
	spec->ip.id = 0;
}

static void ttl_1(struct pkt_spec *spec, const struct world *w)
{
	spec->ip.ttl = 1;
}

static void ttl_2(struct pkt_spec *spec, const struct world *w)
{
	spec->ip.ttl = 2;
}

static void ttl_0(struct pkt_spec *spec, const struct world *w)
{
	spec->ip.ttl_zero = true;
}

static void ttl_255(struct pkt_spec *spec, const struct world *w)
{
	spec->ip.ttl = 255;
}

static void no_checksum(struct pkt_spec *spec, const struct world *w)
{
	spec->bad = PKT_ZERO_L4_SUM;
}

/* A wrong transport checksum must stay wrong by as much: the server shall see that. */
static void bad_checksum(struct pkt_spec *spec, const struct world *w)
{
	spec->bad = PKT_BAD_L4_SUM;
}

static uint16_t udp_sum_of(const struct pkt_spec *spec)
{
	uint8_t frame[PKT_MAX];
	size_t len = pktbuild(spec, frame, sizeof(frame)), at = len - spec->payload - 2;

	return frame[at] << 8 | frame[at + 1];
}

/* A client port with which the checksum after NAT comes out as 0, which UDP writes as 0xffff. */
static void zero_after_nat(struct pkt_spec *spec, const struct world *w)
{
	struct pkt_spec out = *spec;

	out.ip.dst = who_addr(RS1, w->v6);
	out.dport = w->dport;
	for (uint16_t port = 1; port < 65535; port++) {
		out.sport = spec->sport = port;
		if (udp_sum_of(&out) == 0xffff)
			return;
	}
}

/* The same towards the client. */
static void zero_after_reply(struct pkt_spec *spec, const struct world *w)
{
	struct pkt_spec out = *spec;

	out.ip.src = who_addr(VIP, w->v6);
	out.sport = w->vport;
	for (uint16_t fill = 0; fill < 256; fill++)
		for (uint16_t payload = 1; payload < 64; payload++) {
			out.fill = spec->fill = fill;
			out.payload = spec->payload = payload;
			if (udp_sum_of(&out) == 0xffff)
				return;
		}
}

static void options_4(struct pkt_spec *spec, const struct world *w)
{
	spec->ip.opt_len = 4;
}

static void options_40(struct pkt_spec *spec, const struct world *w)
{
	spec->ip.opt_len = 40;
	spec->opt_len = 40;
}

static void extensions(struct pkt_spec *spec, const struct world *w)
{
	static const uint8_t ext[] = {PKT_HBH, 60, 43, 60};

	memcpy(spec->ip.ext, ext, sizeof(ext));
}

static void authenticated(struct pkt_spec *spec, const struct world *w)
{
	spec->ip.ext[0] = 51;
}

static void flow_label(struct pkt_spec *spec, const struct world *w)
{
	spec->ip.flow = 0xabcd;
	spec->ip.tos = 0x28;
}

static void padded(struct pkt_spec *spec, const struct world *w)
{
	spec->payload = 1;
	spec->trailer = 17;
}

/* In a tunnel the padding stays behind the inner packet, outside of every length. */
static void padded_out(struct pkt_spec *spec, const struct world *w)
{
	static struct pkt_spec inner;

	if (!spec->inner)
		return;
	inner = *spec->inner;
	inner.trailer = 0;
	spec->inner = &inner;
	spec->trailer = 17;
}

/* The server is one of the director's own addresses: its loopback one. */
static const char *on_loopback(struct rig *rig)
{
	struct sl_addr *addr = &rig->lane->dests[who_dest(RS1)].addr;

	if (rig->w.server_v6) {
		memset(addr, 0, sizeof(*addr));
		addr->b[15] = 1;
	} else {
		addr->b[12] = 127;
	}
	return NULL;
}

static const struct row rows_forward_table[] =
    {
	{"first packet", W_REMOTE | ALL, .steps = {ONE_SERVER, CLIENT_SENDS(SYN, FORWARDED(RS1)), CONNS(1), STATS(RS1, 1, 1, 0)}},
	{"first packet to a local server", W_LOCAL | W_LOCAL_DR | ALL,
	    .steps = {ONE_SERVER, CLIENT_SENDS(SYN, FORWARDED(RS1), EXPRESS_PASSES), CONNS(1)}},
	{"established", W_REMOTE | ALL,
	    .steps =
		{
		    ONE_SERVER,
		    CLIENT_SENDS(SYN, FORWARDED(RS1)),
		    CLIENT_SENDS(ACK, .empty = true, FORWARDED(RS1)),
		    CLIENT_SENDS(ACK, .payload = 1000, FORWARDED(RS1)),
		    CLIENT_SENDS(ACK, .tweak = odd, FORWARDED(RS1)),
		    CONNS(1),
		    STATS(RS1, 1, 4, 0),
		}},
	{"replies of NAT", W_NAT | ALL,
	    .steps =
		{
		    ONE_SERVER,
		    CLIENT_SENDS(SYN, FORWARDED(RS1)),
		    SERVER_SENDS(SYN_ACK, REPLIED(RS1)),
		    SERVER_SENDS(ACK, .empty = true, REPLIED(RS1)),
		    SERVER_SENDS(ACK, .payload = 1000, REPLIED(RS1)),
		    SERVER_SENDS(ACK, .tweak = odd, REPLIED(RS1)),
		    STATS(RS1, 1, 1, 4),
		}},
	{"replies of a local NAT server leave by egress", W_LOCAL | ALL, IN_FULL,
	    .steps =
		{
		    ONE_SERVER,
		    CLIENT_SENDS(SYN, FORWARDED(RS1)),
		    LOCAL_SENDS(SYN_ACK, REPLIED(RS1)),
		    LOCAL_SENDS(ACK, .tweak = odd, REPLIED(RS1)),
		    STATS(RS1, 1, 1, 2),
		}},
	{"what else the host sends is left alone at egress", W_LOCAL | ALL, IN_FULL,
	    .steps =
		{
		    ONE_SERVER,
		    LOCAL_SENDS(SYN_ACK, PASSED),
		    CLIENT_SENDS(SYN, FORWARDED(RS1)),
		    LOCAL_SENDS(SYN_ACK, .cport = 40001, PASSED),
		    LOCAL_SENDS(SYN_ACK, .dport = 9, PASSED),
		    LOCAL_SENDS(SYN_ACK, .rs = RS2, PASSED),
		    STATS(RS1, 1, 1, 0),
		}},
	{"two clients, two connections", W_REMOTE | ALL,
	    .steps =
		{
		    SERVICE(RR),
		    SERVER(RS1, 1),
		    SERVER(RS2, 1),
		    CLIENT_SENDS(SYN, FORWARDED(RS2)),
		    CLIENT_SENDS(SYN, .client = CLIENT2, FORWARDED(RS1)),
		    CLIENT_SENDS(SYN, .cport = 40001, FORWARDED(RS2)),
		    CLIENT_SENDS(ACK, FORWARDED(RS2)),
		    CLIENT_SENDS(ACK, .client = CLIENT2, FORWARDED(RS1)),
		    CLIENT_SENDS(ACK, .cport = 40001, FORWARDED(RS2)),
		    CONNS(3),
		}},
	{"a server's packet of no connection passes", W_NAT | ALL,
	    .steps =
		{
		    SERVICE(RR),
		    SERVER(RS1, 1),
		    SERVER_SENDS(SYN_ACK, PASSED),
		    CLIENT_SENDS(SYN, FORWARDED(RS1)),
		    SERVER_SENDS(SYN_ACK, .cport = 40001, PASSED),
		    SERVER_SENDS(SYN_ACK, .dport = 81, PASSED),
		    SERVER_SENDS(SYN_ACK, .rs = RS2, PASSED),
		    SERVER_SENDS(SYN_ACK, .client = CLIENT2, PASSED),
		}},
	{"replies of DR and TUN servers are not ours", W_ONE_WAY | W_FAMILIES,
	    .steps = {ONE_SERVER, CLIENT_SENDS(SYN, FORWARDED(RS1)), SERVER_SENDS(SYN_ACK, PASSED)}},
	{"bytes are of layer 3", W_NAT | W_V4,
	    .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .payload = 100, FORWARDED(RS1)), SERVER_SENDS(SYN_ACK, .empty = true, REPLIED(RS1)),
		BYTES(RS1, 140, 40)}},
	{"bytes are of layer 3, IPv6 and tunnels too", W_TUN | W_V6 | W_UDP,
	    .steps = {ONE_SERVER, CLIENT_SENDS(.payload = 100, FORWARDED(RS1)), BYTES(RS1, 148, 0)}},
	{"Ethernet padding is no part of the packet", W_REMOTE | ALL,
	    .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = padded, .tweak_out = padded_out, FORWARDED(RS1))}},

	{"odd lengths", W_REMOTE | ALL, .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = odd, FORWARDED(RS1))}},
	{"TOS and ECN", W_REMOTE | ALL, .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = tos, FORWARDED(RS1))}},
	{"DF", W_REMOTE | W_V4 | W_PROTOS, .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = dont_fragment, FORWARDED(RS1))}},
	{"traffic class and flow label", W_REMOTE | W_V6, .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = flow_label, FORWARDED(RS1))}},
	{"TTL 2 is forwarded with 1", W_REMOTE | ALL, .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = ttl_2, FORWARDED(RS1))}},
	{"TTL 255", W_REMOTE | ALL, .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = ttl_255, FORWARDED(RS1))}},
	{"TTL 1 is dropped", W_REMOTE | ALL,
	    .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = ttl_1, DROPPED(TTL_EXPIRED)),
		CLIENT_SENDS(SYN, .tweak = ttl_0, DROPPED(TTL_EXPIRED))}},
	{"a reply with TTL 1 is dropped", W_NAT | ALL,
	    .steps = {ONE_SERVER, CLIENT_SENDS(SYN, FORWARDED(RS1)), SERVER_SENDS(SYN_ACK, .tweak = ttl_1, DROPPED(TTL_EXPIRED)),
		SERVER_SENDS(SYN_ACK, .tweak = ttl_2, REPLIED(RS1))}},
	{"a local server on a loopback address is not reached by NAT", W_LOCAL | ALL, IN_FULL,
	    .steps = {ONE_SERVER, CALL(on_loopback), CLIENT_SENDS(SYN, DROPPED(DEST_LOOPBACK))}},
	{"TTL 1 reaches a local server", W_LOCAL | W_LOCAL_DR | ALL, IN_FULL,
	    .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = ttl_1, FORWARDED(RS1))}},

	{"UDP without checksum stays without", W_REMOTE | W_UDP | W_V4,
	    .steps = {ONE_SERVER, CLIENT_SENDS(.tweak = no_checksum, FORWARDED(RS1))}},
	{"UDP replies without checksum stay without", W_NAT | W_UDP | W_V4,
	    .steps = {ONE_SERVER, CLIENT_SENDS(FORWARDED(RS1)), SERVER_SENDS(.tweak = no_checksum, REPLIED(RS1))}},
	{"UDP's checksum of zero is written as ffff", W_NAT | W_UDP | W_FAMILIES,
	    .steps = {ONE_SERVER, CLIENT_SENDS(.tweak = zero_after_nat, FORWARDED(RS1))}},
	{"UDP's checksum of zero is written as ffff towards the client", W_NAT | W_UDP | W_FAMILIES,
	    .steps = {ONE_SERVER, CLIENT_SENDS(FORWARDED(RS1)), SERVER_SENDS(.tweak = zero_after_reply, REPLIED(RS1))}},
	{"a wrong transport checksum stays wrong", W_REMOTE | ALL,
	    .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = bad_checksum, FORWARDED(RS1))}},

	{"IP options", W_REMOTE | W_V4 | W_PROTOS,
	    .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = options_4, FORWARDED(RS1)),
		CLIENT_SENDS(ACK, .tweak = options_40, FORWARDED(RS1))}},
	{"IP options of a reply", W_NAT | W_V4 | W_PROTOS,
	    .steps = {ONE_SERVER, CLIENT_SENDS(SYN, FORWARDED(RS1)), SERVER_SENDS(SYN_ACK, .tweak = options_40, REPLIED(RS1))}},
	{"extension headers", W_REMOTE | W_V6 | W_PROTOS,
	    .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = extensions, FORWARDED(RS1)), CLIENT_SENDS(ACK, FORWARDED(RS1)), CONNS(1)}},
	{"extension headers of a reply", W_NAT | W_V6 | W_PROTOS,
	    .steps = {ONE_SERVER, CLIENT_SENDS(SYN, FORWARDED(RS1)), SERVER_SENDS(SYN_ACK, .tweak = extensions, REPLIED(RS1))}},
	{"an authentication header is stepped over", W_DR | W_V6,
	    .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = authenticated, FORWARDED(RS1))}},

	{"a removed server keeps its connections", W_REMOTE | ALL,
	    .steps =
		{
		    ONE_SERVER,
		    CLIENT_SENDS(SYN, FORWARDED(RS1)),
		    UNSERVER(RS1),
		    CLIENT_SENDS(ACK, FORWARDED(RS1)),
		    CLIENT_SENDS(SYN, .cport = 40001, DROPPED(NO_SERVER)),
		    SERVER(RS2, 1),
		    CLIENT_SENDS(SYN, .cport = 40001, FORWARDED(RS2)),
		    CLIENT_SENDS(ACK, FORWARDED(RS1)),
		}},
	{"what one lane began the other goes on with", W_REMOTE | ALL, IN_BPF,
	    .steps =
		{
		    ONE_SERVER,
		    CLIENT_SENDS(SYN, FORWARDED(RS1)),
		    CLIENT_SENDS(ACK, .other_lane = true, FORWARDED(RS1)),
		    CLIENT_SENDS(ACK, FORWARDED(RS1)),
		    CONNS(1),
		    STATS(RS1, 1, 3, 0),
		}},
	{"what the express lane passes up is scheduled and counted once", W_LOCAL | W_LOCAL_DR | ALL, IN_BPF | IN_EXPRESS,
	    .steps =
		{
		    ONE_SERVER,
		    CLIENT_SENDS(SYN, PASSED),
		    CLIENT_SENDS(SYN, .other_lane = true, FORWARDED(RS1)),
		    CONNS(1),
		    STATS(RS1, 1, 1, 0),
		}},
};

ROWS(rows_forward);
