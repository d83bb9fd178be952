/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One-packet scheduling, and connections that end because their server was removed or quiesced. */
#include "tests/packet/rig.h"

#define SERVERS SERVER(RS2, 1), SERVER(RS1, 1)
#define ONE_PACKET SERVICE(RR), FLAG(ONEPACKET), SERVERS

static void first_fragment(struct pkt_spec *spec, const struct world *w)
{
	spec->ip.mf = true;
	spec->ip.id = 77;
}

static void later_fragment(struct pkt_spec *spec, const struct world *w)
{
	spec->ip.frag_off = 1024;
	spec->ip.id = 77;
	spec->bad = PKT_NO_L4;
}

static const struct row rows_ops_table[] = {
    {"one-packet: each datagram is scheduled, none is entered", W_METHODS | W_UDP | W_FAMILIES, IN_FULL,
	.steps =
	    {
		ONE_PACKET,
		CLIENT_SENDS(FORWARDED(RS1)),
		CLIENT_SENDS(FORWARDED(RS2)),
		CLIENT_SENDS(FORWARDED(RS1)),
		CONNS(0),
		LOAD(RS1, 0, 0),
		STATS(RS1, 2, 2, 0),
		STATS(RS2, 1, 1, 0),
	    }},
    {"one-packet: likewise in the express lane", W_REMOTE | W_UDP | W_FAMILIES, IN_EXPRESS,
	.steps = {ONE_PACKET, CLIENT_SENDS(FORWARDED(RS1)), CLIENT_SENDS(FORWARDED(RS2)), CONNS(0), STATS(RS1, 1, 1, 0),
	    STATS(RS2, 1, 1, 0)}},
    {"one-packet: no server", W_NAT | W_UDP, .steps = {SERVICE(RR), FLAG(ONEPACKET), CLIENT_SENDS(DROPPED(NO_SERVER)), CONNS(0)}},
    {"one-packet: TCP is not concerned", W_NAT | W_DR, .steps = {ONE_PACKET, CLIENT_SENDS(SYN, FORWARDED(RS1)), CONNS(1)}},
    {"one-packet: answers are the service's", W_NAT | W_UDP | W_FAMILIES,
	.steps =
	    {
		ONE_PACKET,
		SERVER_SENDS(PASSED),
		ORIGIN(RS1),
		CLIENT_SENDS(FORWARDED(RS1)),
		SERVER_SENDS(REPLIED(RS1)),
		SERVER_SENDS(.cport = 555, REPLIED(RS1)),
		SERVER_SENDS(.rs = RS2, PASSED),
		SERVER_SENDS(.rs = STRANGER, PASSED),
		CONNS(0),
		STATS(RS1, 1, 1, 2),
	    }},
    {"one-packet: answers of a local server", W_LOCAL | W_UDP | W_FAMILIES, IN_FULL,
	.steps = {ONE_PACKET, ORIGIN(RS1), CLIENT_SENDS(FORWARDED(RS1)), LOCAL_SENDS(REPLIED(RS1)), STATS(RS1, 1, 1, 1), CONNS(0)}},
    {"one-packet: by the client's template if the service is persistent", W_NAT | W_DR | W_UDP | W_FAMILIES,
	.steps = {SERVICE(RR), FLAG(ONEPACKET), PERSISTENT(300, 0), SERVERS, CLIENT_SENDS(FORWARDED(RS1)),
	    CLIENT_SENDS(.cport = 2, FORWARDED(RS1)), CLIENT_SENDS(.client = CLIENT2, FORWARDED(RS2)), CONNS(0), TEMPLATES(RS1, 1),
	    STATS(RS1, 2, 2, 0), AGE(301), SWEEP(2)}},
    {"one-packet: a datagram in fragments goes to one server", W_DR | W_UDP | W_V4, IN_FULL,
	.steps = {ONE_PACKET, CLIENT_SENDS(.payload = 1016, .tweak = first_fragment, FORWARDED(RS1)),
	    CLIENT_SENDS(.tweak = later_fragment, FORWARDED(RS1)), CONNS(1)}},

    {"a removed server's connections go on", W_NAT | W_DR | W_PROTOS,
	.steps = {SERVICE(RR), SERVERS, CLIENT_SENDS(SYN, FORWARDED(RS1)), UNSERVER(RS1), CLIENT_SENDS(ACK, FORWARDED(RS1)),
	    EVENT(NODEST_EXPIRED, 0)}},
    {"... unless told otherwise: a TCP packet is then the host's", W_METHODS | W_FAMILIES, IN_FULL,
	.steps = {SERVICE(RR), SERVERS, CLIENT_SENDS(SYN, FORWARDED(RS1)), CLIENT_SENDS(ACK, FORWARDED(RS1)), UNSERVER(RS1),
	    DEST(RS1, EXPIRE), CLIENT_SENDS(ACK, PASSED), CONNS(0), LOAD(RS1, 0, 0), EVENT(NODEST_EXPIRED, 1), CLIENT_SENDS(ACK, PASSED),
	    EVENT(NODEST_EXPIRED, 1)}},
    {"... in the express lane too", W_REMOTE | W_FAMILIES, IN_EXPRESS,
	.steps = {SERVICE(RR), SERVERS, CLIENT_SENDS(SYN, FORWARDED(RS1)), UNSERVER(RS1), DEST(RS1, EXPIRE), CLIENT_SENDS(ACK, PASSED),
	    CONNS(0)}},
    {"... a SYN begins another connection at once", W_NAT | W_DR | W_TUN,
	.steps = {SERVICE(RR), SERVERS, CLIENT_SENDS(SYN, FORWARDED(RS1)), UNSERVER(RS1), DEST(RS1, EXPIRE),
	    CLIENT_SENDS(SYN, FORWARDED(RS2)), EVENT(NODEST_EXPIRED, 1), LOAD(RS1, 0, 0), LOAD(RS2, 1, 0), CONNS(1),
	    CLIENT_SENDS(ACK, FORWARDED(RS2))}},
    {"... a datagram goes on with another server at once", W_NAT | W_DR | W_TUN | W_UDP | W_FAMILIES,
	.steps = {SERVICE(RR), SERVERS, CLIENT_SENDS(FORWARDED(RS1)), UNSERVER(RS1), DEST(RS1, EXPIRE), CLIENT_SENDS(FORWARDED(RS2)),
	    CLIENT_SENDS(FORWARDED(RS2)), LOAD(RS1, 0, 0), LOAD(RS2, 0, 1), CONNS(1)}},
    {"... and if there is no other, it is dropped", W_NAT | W_DR | W_UDP,
	.steps = {SERVICE(RR), SERVER(RS1, 1), CLIENT_SENDS(FORWARDED(RS1)), UNSERVER(RS1), DEST(RS1, EXPIRE),
	    CLIENT_SENDS(DROPPED(NO_SERVER)), CONNS(0)}},
    {"... what follows of a datagram in fragments has nowhere to go", W_DR | W_UDP | W_V4, IN_FULL,
	.steps = {SERVICE(RR), SERVERS, CLIENT_SENDS(.payload = 1016, .tweak = first_fragment, FORWARDED(RS1)), UNSERVER(RS1),
	    DEST(RS1, EXPIRE), CLIENT_SENDS(.tweak = later_fragment, DROPPED(NO_DEST)), CONNS(1)}},
    {"UDP flows alone leave a server with expire_nodest_udp", W_NAT | W_DR | W_UDP,
	.steps = {SERVICE(RR), SERVERS, CLIENT_SENDS(FORWARDED(RS1)), WEIGHT(RS1, 0), DEST(RS1, EXPIRE_UDP), CLIENT_SENDS(FORWARDED(RS2)),
	    LOAD(RS1, 0, 0)}},
    {"... TCP stays", W_NAT | W_DR,
	.steps = {SERVICE(RR), SERVERS, CLIENT_SENDS(SYN, FORWARDED(RS1)), WEIGHT(RS1, 0), DEST(RS1, EXPIRE_UDP),
	    CLIENT_SENDS(ACK, FORWARDED(RS1))}},
    {"a server's last words still reach the client", W_NAT | W_PROTOS,
	.steps = {SERVICE(RR), SERVERS, CLIENT_SENDS(SYN, FORWARDED(RS1)), UNSERVER(RS1), DEST(RS1, EXPIRE),
	    SERVER_SENDS(FIN, REPLIED(RS1))}},
    {"under a template: the client gets another server", W_NAT | W_DR | W_PROTOS,
	.steps = {SERVICE(RR), PERSISTENT(300, 0), SERVERS, CLIENT_SENDS(SYN, FORWARDED(RS1)), UNSERVER(RS1), DEST(RS1, EXPIRE),
	    CLIENT_SENDS(SYN, FORWARDED(RS2)), EVENT(TEMPLATE_STALE, 1), TEMPLATES(RS1, 1), TEMPLATES(RS2, 1), CONNS(1)}},
};

ROWS(rows_ops);
