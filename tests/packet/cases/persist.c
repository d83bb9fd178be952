/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Persistence: what a template is found by, whom it leads to, and how long it lives (ip_vs_sched_persist, ip_vs_conn_expire). */
#include "tests/packet/rig.h"

#define SERVERS SERVER(RS2, 1), SERVER(RS1, 1)
#define STICKY SERVICE(RR), PERSISTENT(300, 0), SERVERS
#define OTHER .client = CLIENT2
#define PORT(port_) .cport = port_

/* Where the server's port is the packet's. */
static void to_443(struct pkt_spec *spec, const struct world *w)
{
	spec->dport = 443;
}

static void to_2000(struct pkt_spec *spec, const struct world *w)
{
	spec->dport = 2000;
}

static const struct row rows_persist_table[] =
    {
	{"a client's connections stay on its server", W_NAT | W_DR | W_TUN | W_PROTOS | W_FAMILIES,
	    .steps =
		{
		    STICKY,
		    SEQUENCE("AAAA"),
		    CLIENT_SENDS(SYN, OTHER, FORWARDED(RS2)),
		    SEQUENCE("AA"),
		    CLIENT_SENDS(SYN, OTHER, PORT(2), FORWARDED(RS2)),
		    TEMPLATES(RS1, 1),
		    TEMPLATES(RS2, 1),
		    CONNS(8),
		    STATS(RS1, 6, 6, 0),
		}},
	{"without persistence they do not", W_NAT | W_PROTOS, .steps = {SERVICE(RR), SERVERS, SEQUENCE("ABAB"), TEMPLATES(RS1, 0)}},
	{"a mask makes a network one client", W_NAT | W_DR | W_V4,
	    .steps = {SERVICE(RR), PERSISTENT(300, 24), SERVERS, SEQUENCE("AA"), CLIENT_SENDS(SYN, OTHER, FORWARDED(RS1)),
		TEMPLATES(RS1, 1), TEMPLATES(RS2, 0)}},
	{"a prefix length, likewise", W_NAT | W_V6,
	    .steps = {SERVICE(RR), PERSISTENT(300, 64), SERVERS, SEQUENCE("AA"), CLIENT_SENDS(SYN, OTHER, FORWARDED(RS1)),
		TEMPLATES(RS1, 1), TEMPLATES(RS2, 0)}},
	{"replies under a template", W_NAT | W_PROTOS,
	    .steps = {STICKY, CLIENT_SENDS(SYN, FORWARDED(RS1)), SERVER_SENDS(SYN_ACK, REPLIED(RS1))}},
	{"one that established something is assured", W_NAT | W_DR,
	    .steps = {STICKY, CLIENT_SENDS(SYN, FORWARDED(RS1)), ASSURED(0, 1, 0), CLIENT_SENDS(ACK, FORWARDED(RS1)), ASSURED(1, 0, 0)}},
	{"a UDP conversation assures, a single packet does not", W_NAT | W_UDP,
	    .steps = {STICKY, CLIENT_SENDS(FORWARDED(RS1)), ASSURED(0, 1, 0), SERVER_SENDS(REPLIED(RS1)), ASSURED(1, 0, 0)}},

	{"port 0: all ports of the address stick together", W_DR | W_TUN | W_PROTOS | W_FAMILIES,
	    .steps = {LISTEN(0), STICKY, CLIENT_SENDS(SYN, FORWARDED(RS1)), CLIENT_SENDS(SYN, .dport = 443, FORWARDED(RS1)),
		CLIENT_SENDS(SYN, OTHER, .dport = 443, FORWARDED(RS2)), TEMPLATES(RS1, 1)}},
	{"port 0 and NAT: the server's port is the packet's", W_NAT,
	    .steps = {LISTEN(0), STICKY, CLIENT_SENDS(SYN, .dport = 443, FORWARDED(RS1), .tweak_out = to_443),
		CLIENT_SENDS(SYN, .dport = 2000, FORWARDED(RS1), .tweak_out = to_2000)}},
	{"FTP: data connections follow the control connection", W_DR,
	    .steps = {LISTEN(21), STICKY, CLIENT_SENDS(SYN, .dport = 21, FORWARDED(RS1)), CLIENT_SENDS(SYN, .dport = 2000, FORWARDED(RS1)),
		CLIENT_SENDS(SYN, .dport = 20, FORWARDED(RS1)), CLIENT_SENDS(SYN, .dport = 500, PASSED), TEMPLATES(RS1, 1), CONNS(3)}},
	{"FTP without persistence takes its own port only", W_DR,
	    .steps = {LISTEN(21), SERVICE(RR), SERVERS, CLIENT_SENDS(SYN, .dport = 21, FORWARDED(RS1)),
		CLIENT_SENDS(SYN, .dport = 2000, PASSED)}},
	{"FTP without a server: other ports are the host's", W_DR,
	    .steps = {LISTEN(21), SERVICE(RR), PERSISTENT(300, 0), CLIENT_SENDS(SYN, .dport = 21, DROPPED(NO_SERVER)),
		CLIENT_SENDS(SYN, .dport = 2000, PASSED)}},
	{"what comes from port 20 is never scheduled", W_DR,
	    .steps = {STICKY, CLIENT_SENDS(SYN, PORT(20), PASSED), CONNS(0), TEMPLATES(RS1, 0)}},

	{"a quiesced server keeps its clients", W_NAT | W_DR,
	    .steps = {STICKY, SEQUENCE("A"), WEIGHT(RS1, 0), SEQUENCE("AA"), CLIENT_SENDS(SYN, OTHER, FORWARDED(RS2))}},
	{"... not with expire_quiescent_template", W_NAT | W_DR,
	    .steps =
		{
		    STICKY,
		    SYSCTL(EXPIRE_QUIESCENT_TEMPLATE, 1),
		    SEQUENCE("A"),
		    WEIGHT(RS1, 0),
		    SEQUENCE("BB"),
		    EVENT(TEMPLATE_STALE, 1),
		    ASSURED(0, 1, 1),
		    TEMPLATES(RS1, 1),
		    TEMPLATES(RS2, 1),
		    WEIGHT(RS1, 1),
		    SEQUENCE("B"),
		}},
	{"a removed server's clients get another", W_NAT | W_DR,
	    .steps = {STICKY, CLIENT_SENDS(SYN, FORWARDED(RS1)), UNSERVER(RS1), SEQUENCE("BB"), CLIENT_SENDS(ACK, FORWARDED(RS1)),
		ASSURED(0, 1, 1)}},
	{"a template that was given up goes with its time", W_NAT,
	    .steps = {STICKY, CLIENT_SENDS(SYN, FORWARDED(RS1)), UNSERVER(RS1), SEQUENCE("B"), AGE(61), SWEEP(2), AGE(240), SWEEP(2),
		ASSURED(0, 0, 0)}},
	{"no server: no template", W_NAT,
	    .steps = {SERVICE(RR), PERSISTENT(300, 0), SERVER(RS1, 0), SEQUENCE("-"), TEMPLATES(RS1, 0), CONNS(0)}},

	{"a template lives as long as the service says", W_NAT | W_PROTOS,
	    .steps = {SERVICE(RR), PERSISTENT(1000, 0), SERVERS, SEQUENCE("A"), AGE(310), SWEEP(1), AGE(680), SWEEP(0), TEMPLATES(RS1, 1),
		AGE(12), SWEEP(1), TEMPLATES(RS1, 0), SEQUENCE("B")}},
	{"an expired template leads nowhere, whether or not the broom has been there", W_NAT | W_PROTOS,
	    .steps = {SERVICE(RR), PERSISTENT(1000, 0), SERVERS, SEQUENCE("A"), AGE(310), SWEEP(1), AGE(700), SEQUENCE("B"),
		TEMPLATES(RS1, 0), TEMPLATES(RS2, 1)}},
	{"every new connection begins its time anew", W_NAT,
	    .steps = {STICKY, SEQUENCE("A"), AGE(250), SWEEP(1), SEQUENCE("A"), AGE(250), SWEEP(1), SEQUENCE("A"), AGE(250), SWEEP(1),
		SEQUENCE("A")}},
	{"packets of a connection do not", W_NAT,
	    .steps = {STICKY, CLIENT_SENDS(SYN, FORWARDED(RS1)), CLIENT_SENDS(ACK, FORWARDED(RS1)), AGE(200),
		CLIENT_SENDS(ACK, FORWARDED(RS1)), AGE(150), CLIENT_SENDS(ACK, FORWARDED(RS1)), SWEEP(0), TEMPLATES(RS1, 1), POKE(CLOSE),
		AGE(11), SWEEP(1), AGE(48), SWEEP(0), AGE(4), SWEEP(1), TEMPLATES(RS1, 0)}},
	{"a template waits for its connections, a minute at a time", W_NAT | W_DR,
	    .steps = {SERVICE(RR), PERSISTENT(60, 0), SERVERS, CLIENT_SENDS(SYN, FORWARDED(RS1)), CLIENT_SENDS(ACK, FORWARDED(RS1)),
		AGE(70), SWEEP(0), AGE(70), SWEEP(0), AGE(70), SWEEP(0), CLIENT_SENDS(ACK, FORWARDED(RS1)), SEQUENCE("A"), CONNS(2),
		TEMPLATES(RS1, 1)}},
	{"a template shorter than its connections' timeout", W_NAT,
	    .steps = {SERVICE(RR), PERSISTENT(1, 0), SERVERS, SEQUENCE("A"), AGE(3), SWEEP(0), SEQUENCE("A"), AGE(30), SWEEP(0), AGE(31),
		SWEEP(2), AGE(30), SWEEP(1), SEQUENCE("B")}},

	{"a client's port in TIME_WAIT is not scheduled anew under a template", W_NAT,
	    .steps = {STICKY, CLIENT_SENDS(SYN, FORWARDED(RS1)), POKE(TIME_WAIT), CLIENT_SENDS(SYN, FORWARDED(RS1)), STATE(SYN_RECV),
		EVENT(REUSED, 0), STATS(RS1, 1, 2, 0)}},
	{"conn_reuse_mode 0: it is never", W_NAT | W_DR,
	    .steps = {SERVICE(RR), SERVERS, SYSCTL(CONN_REUSE_MODE, 0), CLIENT_SENDS(SYN, FORWARDED(RS1)), POKE(TIME_WAIT),
		CLIENT_SENDS(SYN, FORWARDED(RS1)), EVENT(REUSED, 0), POKE(CLOSE), CLIENT_SENDS(SYN, FORWARDED(RS1)), EVENT(REUSED, 0)}},
	{"conn_reuse_mode 1: not in FIN_WAIT", W_NAT | W_DR,
	    .steps = {SERVICE(RR), SERVERS, CLIENT_SENDS(SYN, FORWARDED(RS1)), POKE(FIN_WAIT), CLIENT_SENDS(SYN, FORWARDED(RS1)),
		EVENT(REUSED, 0)}},
	{"conn_reuse_mode 2: in FIN_WAIT too where replies are not seen", W_DR | W_TUN,
	    .steps = {SERVICE(RR), SERVERS, SYSCTL(CONN_REUSE_MODE, 2), CLIENT_SENDS(SYN, FORWARDED(RS1)), POKE(FIN_WAIT),
		CLIENT_SENDS(SYN, FORWARDED(RS2)), EVENT(REUSED, 1), POKE(TIME_WAIT), CLIENT_SENDS(SYN, FORWARDED(RS1)), EVENT(REUSED, 2)}},
	{"conn_reuse_mode 3: not where they are", W_NAT,
	    .steps = {SERVICE(RR), SERVERS, SYSCTL(CONN_REUSE_MODE, 3), CLIENT_SENDS(SYN, FORWARDED(RS1)), POKE(FIN_WAIT),
		CLIENT_SENDS(SYN, FORWARDED(RS1)), EVENT(REUSED, 0), POKE(CLOSE), CLIENT_SENDS(SYN, FORWARDED(RS2)), EVENT(REUSED, 1)}},
	{"expire_nodest_conn: a SYN leaves a quiesced server", W_NAT | W_DR,
	    .steps = {SERVICE(RR), SERVERS, SYSCTL(EXPIRE_NODEST_CONN, 1), CLIENT_SENDS(SYN, FORWARDED(RS1)),
		CLIENT_SENDS(ACK, FORWARDED(RS1)), WEIGHT(RS1, 0), CLIENT_SENDS(ACK, FORWARDED(RS1)), CLIENT_SENDS(SYN, FORWARDED(RS2)),
		EVENT(NODEST_EXPIRED, 1), LOAD(RS1, 0, 0), LOAD(RS2, 1, 0)}},
	{"sloppy_tcp: any packet begins a connection", W_NAT | W_DR,
	    .steps = {SERVICE(RR), SERVERS, CLIENT_SENDS(ACK, PASSED), SYSCTL(SLOPPY_TCP, 1), CLIENT_SENDS(RST, PASSED),
		CLIENT_SENDS(ACK, FORWARDED(RS1)), STATE(ESTABLISHED)}},
	{"sloppy_tcp: what is established at once assures its template", W_NAT,
	    .steps = {STICKY, SYSCTL(SLOPPY_TCP, 1), CLIENT_SENDS(ACK, FORWARDED(RS1)), STATE(ESTABLISHED), ASSURED(1, 0, 0)}},

	{"timeouts of a service's own", W_NAT | W_DR,
	    .steps = {SERVICE(RR), FLAG(OWN), OWN(ESTABLISHED, 30), SERVERS, CLIENT_SENDS(SYN, FORWARDED(RS1)),
		CLIENT_SENDS(ACK, FORWARDED(RS1)), AGE(29), CLIENT_SENDS(ACK, FORWARDED(RS1)), AGE(29), SWEEP(0),
		CLIENT_SENDS(ACK, FORWARDED(RS1)), AGE(31), CLIENT_SENDS(ACK, PASSED), CONNS(0)}},
	{"... longer than the global ones", W_NAT | W_UDP,
	    .steps = {SERVICE(RR), FLAG(OWN), OWN(UDP, 3000), OWN(UDP_NEW, 3000), SERVERS, CLIENT_SENDS(FORWARDED(RS1)), AGE(2900),
		SWEEP(0), CLIENT_SENDS(FORWARDED(RS1)), STATE(UDP), AGE(3001), SWEEP(1)}},
	{"states that a service does not name have the global timeout", W_NAT,
	    .steps = {SERVICE(RR), FLAG(OWN), OWN(ESTABLISHED, 30), SERVERS, CLIENT_SENDS(SYN, FORWARDED(RS1)), AGE(59), SWEEP(0), AGE(2),
		SWEEP(1)}},
	{"an expired connection of its own timeout gives way", W_NAT, .slots = 16,
	    .steps = {SERVICE(RR), FLAG(OWN), OWN(ESTABLISHED, 30), SERVER(RS1, 1), FILL(16, ESTABLISHED),
		CLIENT_SENDS(SYN, PORT(2), DROPPED(TABLE_FULL)), AGE(31), CLIENT_SENDS(SYN, PORT(2), FORWARDED(RS1)),
		EVENT(EVICT_EXPIRED, 1)}},

	{"a full table: templates in use stay, what is under them gives way", W_NAT | W_DR, .slots = 16,
	    .steps = {SERVICE(RR), PERSISTENT(300, 0), SERVER(RS1, 1), FILL(8, ESTABLISHED), ASSURED(0, 1, 0), FILL(40, SYN_RECV),
		CONNS(15), TEMPLATES(RS1, 1), CLIENT_SENDS(ACK, PORT(1000), FORWARDED(RS1)),
		CLIENT_SENDS(ACK, PORT(1007), FORWARDED(RS1))}},
	{"a template of no connection that was never assured gives way", W_NAT, .slots = 16,
	    .steps = {SERVICE(RR), PERSISTENT(300, 0), SERVER(RS1, 1), CLIENT_SENDS(SYN, OTHER, FORWARDED(RS1)), AGE(61), SWEEP(1),
		TEMPLATES(RS1, 1), FILL(14, ESTABLISHED), TEMPLATES(RS1, 2), CLIENT_SENDS(SYN, PORT(2), FORWARDED(RS1)),
		EVENT(EVICT_HALF_OPEN, 1), TEMPLATES(RS1, 1), CONNS(15)}},
	{"an assured one does not", W_NAT, .slots = 16,
	    .steps = {SERVICE(RR), PERSISTENT(300, 0), SERVER(RS1, 1), CLIENT_SENDS(SYN, OTHER, FORWARDED(RS1)),
		CLIENT_SENDS(ACK, OTHER, FORWARDED(RS1)), POKE(CLOSE), AGE(11), SWEEP(1), FILL(14, ESTABLISHED),
		CLIENT_SENDS(SYN, PORT(2), DROPPED(TABLE_FULL)), TEMPLATES(RS1, 2), CONNS(14)}},
	{"a template that was not assured goes with its last connection when that gives way", W_NAT, .slots = 16,
	    .steps = {SERVICE(RR), PERSISTENT(300, 0), SERVER(RS1, 1), CLIENT_SENDS(SYN, OTHER, PORT(3), FORWARDED(RS1)),
		FILL(13, ESTABLISHED), TEMPLATES(RS1, 2), CLIENT_SENDS(SYN, PORT(2), FORWARDED(RS1)), EVENT(EVICT_HALF_OPEN, 1),
		TEMPLATES(RS1, 1), CONNS(14)}},
	{"no room for the connection: no template is left behind", W_NAT, .slots = 16,
	    .steps = {SERVICE(RR), PERSISTENT(300, 0), SERVER(RS1, 1), FILL(14, ESTABLISHED), CLIENT_SENDS(SYN, OTHER, DROPPED(TABLE_FULL)),
		TEMPLATES(RS1, 1), CONNS(14)}},
};

ROWS(rows_persist);
