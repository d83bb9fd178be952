/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_OUTPUT_PCAPNG_H
#define CLI_OUTPUT_PCAPNG_H
/* A writer of pcapng files (draft-ietf-opsawg-pcapng): Ethernet, nanoseconds, a comment a packet. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct pcapng;

struct pcapng_packet {
	const char *interface; /* its name */
	bool outbound;
	long long ns; /* since 1970 */
	const uint8_t *bytes;
	uint32_t kept, len; /* bytes here; bytes of the packet */
	const char *comment;
};

/* Begins a file; the stream stays the caller's. NULL without memory or when the first block can't be written. */
struct pcapng *pcapng_new(FILE *file);
void pcapng_free(struct pcapng *pcapng);

/* 0, or -1: it could not be written (errno). Interfaces are described when their first packet comes. */
int pcapng_write(struct pcapng *pcapng, const struct pcapng_packet *packet);

#endif
