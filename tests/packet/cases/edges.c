/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is not ours, what can't be forwarded, fragments, frames of other kinds. */
#include "tests/packet/rig.h"

#include <netinet/in.h>
#include <string.h>

#define ONE_SERVER SERVICE(RR), SERVER(RS1, 1)
#define ALL W_FAMILIES | W_PROTOS

/* A packet with other addresses than the row's parts. */
#define SOURCE(name, v4, v6_)                                          \
	static void name(struct pkt_spec *spec, const struct world *w) \
	{                                                              \
		spec->ip.src = w->v6 ? v6_ : v4;                       \
	}

SOURCE(from_zero, "0.0.0.0", "::")
SOURCE(from_loopback, "127.0.0.1", "::1")
SOURCE(from_multicast, "224.0.0.1", "ff02::1")
SOURCE(from_broadcast, "255.255.255.255", "ff0e::1")
SOURCE(from_the_vip, "192.0.2.1", "2001:db8:2::1")
SOURCE(from_class_e, "240.0.0.1", "ff05::2")

static void tagged(struct pkt_spec *spec, const struct world *w)
{
	spec->vlan[0] = 100;
}

static void tagged_twice(struct pkt_spec *spec, const struct world *w)
{
	spec->vlan[0] = 100;
	spec->vlan[1] = 200;
}

static void other_mac(struct pkt_spec *spec, const struct world *w)
{
	spec->dmac = who_mac(STRANGER);
}

static void broadcast_mac(struct pkt_spec *spec, const struct world *w)
{
	static const uint8_t all[6] = {255, 255, 255, 255, 255, 255};

	spec->dmac = all;
}

static void unknown_ethertype(struct pkt_spec *spec, const struct world *w)
{
	spec->ethertype = 0x88b5;
}

static void wrong_ethertype(struct pkt_spec *spec, const struct world *w)
{
	spec->ethertype = w->v6 ? 0x0800 : 0x86dd;
}

static void echo_request(struct pkt_spec *spec, const struct world *w)
{
	spec->proto = w->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	spec->type = w->v6 ? 128 : 8;
}

static void gre(struct pkt_spec *spec, const struct world *w)
{
	spec->proto = IPPROTO_GRE;
}

static void sctp(struct pkt_spec *spec, const struct world *w)
{
	spec->proto = IPPROTO_SCTP;
}

/* The row's packet, inside a tunnel to the virtual address: the tunnel is the host's. */
static void in_tunnel(struct pkt_spec *spec, const struct world *w)
{
	static struct pkt_spec inner;

	inner = *spec;
	spec->inner = &inner;
	spec->proto = w->v6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
	spec->payload = 0;
}

/* An ICMP error about a packet to the virtual service. */
static void icmp_error(struct pkt_spec *spec, const struct world *w)
{
	static struct pkt_spec inner;

	inner = *spec;
	spec->inner = &inner;
	spec->proto = w->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	spec->type = w->v6 ? 2 : 3;
	spec->code = w->v6 ? 0 : 4;
	spec->payload = 0;
}

static void ext_chain(struct pkt_spec *spec, unsigned n)
{
	memset(spec->ip.ext, 60, n);
	spec->payload = 0;
}

static void ext_7(struct pkt_spec *spec, const struct world *w)
{
	ext_chain(spec, 7);
}

static void ext_60(struct pkt_spec *spec, const struct world *w)
{
	ext_chain(spec, 60);
}

static void full_size(struct pkt_spec *spec, const struct world *w)
{
	spec->payload = 1500 - (w->v6 ? 40 : 20) - (w->proto == IPPROTO_UDP ? 8 : 20);
	spec->ip.df = !w->v6;
}

static void over_size(struct pkt_spec *spec, const struct world *w)
{
	full_size(spec, w);
	spec->payload++;
}

static void just_fits_tunnel(struct pkt_spec *spec, const struct world *w)
{
	full_size(spec, w);
	spec->payload -= w->server_v6 ? 40 : 20;
}

static void over_tunnel(struct pkt_spec *spec, const struct world *w)
{
	just_fits_tunnel(spec, w);
	spec->payload++;
}

static void first_fragment(struct pkt_spec *spec, const struct world *w)
{
	spec->ip.mf = true;
	spec->payload = 40;
	if (w->v6)
		spec->ip.ext[0] = 44;
}

static void fragment_at(struct pkt_spec *spec, const struct world *w, uint16_t off, bool more)
{
	spec->bad = PKT_NO_L4;
	spec->ip.mf = more;
	spec->ip.frag_off = off;
	if (w->v6)
		spec->ip.ext[0] = 44;
}

static void middle_fragment(struct pkt_spec *spec, const struct world *w)
{
	fragment_at(spec, w, 64, true);
}

static void last_fragment(struct pkt_spec *spec, const struct world *w)
{
	fragment_at(spec, w, 128, false);
}

static void other_datagram(struct pkt_spec *spec, const struct world *w)
{
	last_fragment(spec, w);
	spec->ip.id += 1000;
}

/* A fragment header on a datagram that is whole (RFC 6946). */
static void atomic_fragment(struct pkt_spec *spec, const struct world *w)
{
	spec->ip.ext[0] = 44;
}

static void short_tcp(struct pkt_spec *spec, const struct world *w)
{
	spec->ip.len_add = -(spec->payload + 4);
}

static void tiny_payload_gso(struct pkt_spec *spec, const struct world *w)
{
	spec->payload = 2000;
}

#define NOT_OURS(what, tweak_)                                                                                          \
	{                                                                                                               \
		what, W_NAT | W_DR | ALL, .steps = { ONE_SERVER, CLIENT_SENDS(SYN, .tweak = tweak_, PASSED), CONNS(0) } \
	}
#define BAD_SOURCE(what, tweak_)                                                                                                     \
	{                                                                                                                            \
		what, W_NAT | W_DR | ALL, .steps = { ONE_SERVER, CLIENT_SENDS(SYN, .tweak = tweak_, DROPPED(BAD_SOURCE)), CONNS(0) } \
	}

static const struct row rows_edges_table[] = {
    {"another address", W_REMOTE | ALL, .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .target = VIP2, PASSED), CONNS(0)}},
    {"another port", W_REMOTE | ALL, .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .dport = 81, PASSED), CONNS(0)}},
    {"no service at all", W_NAT | ALL, .steps = {CLIENT_SENDS(SYN, PASSED), SERVER_SENDS(SYN_ACK, PASSED), CONNS(0)}},
    NOT_OURS("a frame of another Ethernet type", unknown_ethertype),
    NOT_OURS("a frame whose Ethernet type lies", wrong_ethertype),
    NOT_OURS("an echo request to the virtual address", echo_request),
    NOT_OURS("GRE to the virtual address", gre),
    NOT_OURS("SCTP to the virtual address", sctp),
    NOT_OURS("a tunnel to the virtual address", in_tunnel),
    NOT_OURS("an ICMP error of no connection", icmp_error),
    NOT_OURS("a VLAN tag: the VLAN device has a lane of its own", tagged),
    NOT_OURS("two VLAN tags", tagged_twice),
    NOT_OURS("a transport header cut off by the IP length", short_tcp),
    {"a frame to another host", W_NAT | W_DR | ALL, IN_BPF, .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = other_mac, PASSED), CONNS(0)}},
    {"a broadcast frame", W_NAT | W_DR | ALL, IN_BPF, .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = broadcast_mac, PASSED), CONNS(0)}},
    {"TCP without connection is the host's", W_REMOTE | W_FAMILIES,
	.steps =
	    {
		ONE_SERVER,
		CLIENT_SENDS(ACK, PASSED),
		CLIENT_SENDS(FIN, PASSED),
		CLIENT_SENDS(RST, PASSED),
		CLIENT_SENDS(.flags = PKT_SYN | PKT_RST, PASSED),
		CLIENT_SENDS(.flags = PKT_PSH | PKT_URG, PASSED),
		CONNS(0),
		LOAD(RS1, 0, 0),
	    }},
    {"a Christmas tree of a connection closes it", W_NAT | W_DR,
	.steps = {ONE_SERVER, CLIENT_SENDS(SYN, FORWARDED(RS1)), CLIENT_SENDS(ACK, FORWARDED(RS1)),
	    CLIENT_SENDS(.flags = 0xff, FORWARDED(RS1)), STATE(CLOSE)}},
    {"an echo request beside a connection", W_NAT,
	.steps = {ONE_SERVER, CLIENT_SENDS(SYN, FORWARDED(RS1)), CLIENT_SENDS(SYN, .tweak = echo_request, PASSED)}},

    BAD_SOURCE("source address zero", from_zero),
    BAD_SOURCE("source address loopback", from_loopback),
    BAD_SOURCE("source address multicast", from_multicast),
    BAD_SOURCE("source address broadcast, or global multicast", from_broadcast),
    BAD_SOURCE("source address the virtual address itself", from_the_vip),
    BAD_SOURCE("source address class E, or site multicast", from_class_e),

    {"a packet as large as the MTU", W_NAT | W_DR | ALL, .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = full_size, FORWARDED(RS1))}},
    {"a packet larger than the MTU", W_NAT | W_DR | ALL, .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = over_size, DROPPED(TOO_BIG))}},
    {"a packet that just fits the tunnel", W_TUN | W_TUNX | ALL,
	.steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = just_fits_tunnel, FORWARDED(RS1))}},
    {"a packet too large for the tunnel", W_TUN | W_TUNX | ALL,
	.steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = over_tunnel, DROPPED(TOO_BIG))}},
    {"a reply larger than the MTU", W_NAT | ALL,
	.steps = {ONE_SERVER, CLIENT_SENDS(SYN, FORWARDED(RS1)), SERVER_SENDS(ACK, .tweak = over_size, DROPPED(TOO_BIG)),
	    SERVER_SENDS(ACK, .tweak = full_size, REPLIED(RS1))}},

    {"a server that does not answer ARP yet", W_REMOTE | ALL,
	.steps = {ONE_SERVER, HOP(RS1, 0), CLIENT_SENDS(SYN, .want = WANT_NEIGH, .rs = RS1, EXPRESS_PASSES), CONNS(1)}},
    {"... is counted", W_NAT, IN_FULL,
	.steps = {ONE_SERVER, HOP(RS1, 0), CLIENT_SENDS(SYN, .want = WANT_NEIGH, .rs = RS1), EVENT(HOP_UNRESOLVED, 1),
	    STATS(RS1, 1, 1, 0)}},
    {"... and answers then", W_NAT | W_DR | W_TUN,
	.steps = {ONE_SERVER, HOP(RS1, 0), CLIENT_SENDS(SYN, .want = WANT_NEIGH, .rs = RS1, EXPRESS_PASSES),
	    HOP(RS1, SL_HOP_RESOLVED | SL_HOP_XDP), CLIENT_SENDS(ACK, FORWARDED(RS1)), CONNS(1)}},
    {"a device that takes no XDP_REDIRECT", W_REMOTE | ALL, IN_EXPRESS,
	.steps = {ONE_SERVER, HOP(RS1, SL_HOP_RESOLVED), CLIENT_SENDS(SYN, PASSED), EVENT(EXPRESS_PASS, 1), STATS(RS1, 1, 0, 0)}},
    {"no route to the server", W_REMOTE | ALL, .steps = {ONE_SERVER, NO_ROUTE(RS1), CLIENT_SENDS(SYN, DROPPED(NO_ROUTE), EXPRESS_PASSES)}},

    {"fragments follow their first", W_REMOTE | W_FAMILIES | W_UDP,
	.steps =
	    {
		ONE_SERVER,
		CLIENT_SENDS(.tweak = first_fragment, FORWARDED(RS1), EXPRESS_PASSES),
		CLIENT_SENDS(.tweak = middle_fragment, FORWARDED(RS1), EXPRESS_PASSES),
		CLIENT_SENDS(.tweak = last_fragment, FORWARDED(RS1), EXPRESS_PASSES),
	    }},
    {"TCP fragments too", W_NAT | W_DR | W_FAMILIES,
	.steps =
	    {
		ONE_SERVER,
		CLIENT_SENDS(SYN, FORWARDED(RS1)),
		CLIENT_SENDS(ACK, .tweak = first_fragment, FORWARDED(RS1), EXPRESS_PASSES),
		CLIENT_SENDS(ACK, .tweak = last_fragment, FORWARDED(RS1), EXPRESS_PASSES),
		CONNS(1),
	    }},
    {"fragments of replies", W_NAT | W_FAMILIES | W_PROTOS,
	.steps =
	    {
		ONE_SERVER,
		CLIENT_SENDS(SYN, FORWARDED(RS1)),
		SERVER_SENDS(ACK, .tweak = first_fragment, REPLIED(RS1), EXPRESS_PASSES),
		SERVER_SENDS(ACK, .tweak = middle_fragment, REPLIED(RS1), EXPRESS_PASSES),
		SERVER_SENDS(ACK, .tweak = last_fragment, REPLIED(RS1), EXPRESS_PASSES),
	    }},
    {"a fragment of no known datagram to a virtual address", W_NAT | W_DR | ALL,
	.steps = {ONE_SERVER, CLIENT_SENDS(.tweak = last_fragment, DROPPED(FRAG_UNMATCHED), EXPRESS_PASSES),
	    CLIENT_SENDS(.tweak = first_fragment, .flags = PKT_SYN, FORWARDED(RS1), EXPRESS_PASSES),
	    CLIENT_SENDS(.tweak = other_datagram, DROPPED(FRAG_UNMATCHED), EXPRESS_PASSES)}},
    {"a fragment to an address that is not virtual", W_NAT | ALL,
	.steps = {ONE_SERVER, CLIENT_SENDS(.target = VIP2, .tweak = last_fragment, PASSED), SERVER_SENDS(.tweak = last_fragment, PASSED)}},
    {"an atomic fragment is no fragment", W_REMOTE | W_V6 | W_PROTOS,
	.steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = atomic_fragment, FORWARDED(RS1))}},

    {"seven extension headers", W_REMOTE | W_V6 | W_PROTOS, .steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = ext_7, FORWARDED(RS1))}},
    {"sixty extension headers are the host's", W_REMOTE | W_V6 | W_PROTOS,
	.steps = {ONE_SERVER, CLIENT_SENDS(SYN, .tweak = ext_60, PASSED)}},

    {"a GSO packet counts as its segments", W_NAT | W_V4, IN_BPF | IN_FULL,
	.steps =
	    {
		ONE_SERVER,
		CLIENT_SENDS(SYN, .empty = true, FORWARDED(RS1)),
		CLIENT_SENDS(ACK, .tweak = tiny_payload_gso, .gso_size = 500, .gso_segs = 4, FORWARDED(RS1)),
		STATS(RS1, 1, 5, 0),
		BYTES(RS1, 40 + 2000 + 4 * 40, 0),
	    }},
    {"a GSO reply counts as its segments", W_NAT | W_V6, IN_BPF | IN_FULL,
	.steps =
	    {
		ONE_SERVER,
		CLIENT_SENDS(SYN, .empty = true, FORWARDED(RS1)),
		SERVER_SENDS(ACK, .tweak = tiny_payload_gso, .gso_size = 500, .gso_segs = 4, REPLIED(RS1)),
		STATS(RS1, 1, 1, 4),
		BYTES(RS1, 60, 2000 + 4 * 60),
	    }},
};

ROWS(rows_edges);
