/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PACKET_HOST_CORE_H
#define PACKET_HOST_CORE_H
/*
 * DOC: the core as plain C
 *
 * host_core.c is compiled once as each lane; this is all that the tests see of it. Frames lie at the end of their
 * buffer, so that a sanitizer sees a read beyond them, and have room for a tunnel's header in front.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_broom;

#define HOST_HEADROOM 66 /* room for 40, and the IP header behind 14 bytes of Ethernet is aligned */

struct host_frame {
	uint8_t *head;
	uint8_t *data;
	uint8_t *end;
	uint32_t ifindex;
	uint32_t segs;
	uint32_t mark;
	bool egress;
	bool marked;
};

enum host_verdict { HOST_PASS, HOST_DROP, HOST_SEND };

/* Runs the pipeline over `host`; the frame's data moves when a tunnel header is added. */
enum host_verdict host_core_full(struct host_frame *frame);
enum host_verdict host_core_express(struct host_frame *frame);

/* What the broom program does. */
void host_core_sweep(struct sl_broom *broom);

#endif
