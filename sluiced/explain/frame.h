/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_FRAME_H
#define SLUICED_FRAME_H
/* Ethernet frames for the sandbox: made from a flow, and a flow read from one. Ports in network byte order. */

#include <stddef.h>
#include <stdint.h>

#include "sluice/abi.h"

struct frame_flow {
	struct sl_addr src, dst;
	__be16 sport, dport;
	uint8_t proto; /* IPPROTO_TCP or IPPROTO_UDP */
	uint8_t tcp_flags; /* byte 13 of the TCP header */
	const void *payload; /* of UDP: a SIP message, say */
	size_t payload_len;
};

/* A whole, well-formed frame to `dmac`. Its length, or -EMSGSIZE. */
int frame_make(const struct frame_flow *flow, const uint8_t dmac[6], uint8_t *ret_frame, size_t size);

/* The ends of a TCP or UDP packet; -EPROTO if it is none, or has no ports. */
int frame_read(const uint8_t *frame, size_t len, struct frame_flow *ret_flow);

/* Adds `delta` to the length that the (outermost) IP header says, its checksum kept right. A length that would not fit stays. */
void frame_lengthen(uint8_t *frame, size_t len, int delta);

#endif
