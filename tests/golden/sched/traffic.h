/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GOLDEN_TRAFFIC_H
#define GOLDEN_TRAFFIC_H
/*
 * DOC: the packets of a golden case
 *
 * Whoever plays a case, the kernel's IPVS or a lane, gets the same packets from here and is judged by what comes out: a packet on
 * its way to a server has the server as its destination (NAT), or as the destination of a header in front of it (a tunnel). Servers
 * live in 10.0.0.0/8 and fd00::/8, clients never do.
 */

#include "tests/golden/sched/case.h"
#include "tests/lib/pktbuild.h"

#define TRAFFIC_MAX_CONNS 32768

/* Who has a client's connection, for the replies. */
struct traffic_conn {
	uint8_t client[16], server[16];
	uint16_t client_port, server_port, vport;
};

struct traffic {
	unsigned count;
	struct traffic_conn conns[TRAFFIC_MAX_CONNS];
};

struct traffic_packet {
	struct traffic_conn conn;
	bool chosen; /* it was seen on its way to conn.server */
	size_t len;
	uint8_t frame[PKT_MAX]; /* Ethernet without addresses */
};

/* Packet i of a step. False: there is none, as the client of this reply has no connection. */
bool traffic_build(const struct traffic *traffic, const struct case_step *step, uint32_t i, struct traffic_packet *ret_packet);

/* An IP packet came out: is it this one, on its way to a server? */
void traffic_see(struct traffic_packet *packet, const uint8_t *ip, size_t len);

/* Nothing more will come out: to which server it went. */
struct case_server traffic_end(struct traffic *traffic, const struct case_step *step, const struct traffic_packet *packet);

/* The answers of a step, one after the other. */
void traffic_answer(struct case_step *step, struct case_server server);

#endif
