/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GOLDEN_CASE_H
#define GOLDEN_CASE_H
/*
 * DOC: a golden case: what a director is told, what clients send it, which servers it chose
 *
 * README.md describes the text. oracle.c reads a case and writes it again with the choices of the kernel's own IPVS in it;
 * tests/packet/replay.c reads the result and holds Sluice's lanes to it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"

enum case_kind {
	CASE_COMMENT, /* also an empty line */
	CASE_ADMIN, /* a command line of ipvsadm's */
	CASE_PACKETS,
	CASE_MARK, /* firewall mark of the clients' packets from here on */
	CASE_WAIT, /* seconds pass */
	CASE_LOADS, /* connections of every server now */
};

/* What a line of packets begins with. */
struct case_word {
	const char *name;
	uint8_t proto; /* IPPROTO_* */
	uint8_t flags; /* of TCP: PKT_* of tests/lib/pktbuild.h */
	bool reply; /* from the server that has the connection */
	bool answered; /* where it went is recorded */
};

/* One end of a line's packets: the first address and port, and how far the next packet's lie from them. */
struct case_end {
	uint8_t addr[16]; /* as base/addr.h */
	uint16_t port;
	uint32_t addr_step, addr_turn; /* turn: the offset is taken modulo this; 0 is none */
	uint16_t port_step;
};

/* A server as an answer: the last 16 bits of its address, and its port where that is not the service's. 0: none was chosen. */
struct case_server {
	uint16_t number, port;
};

/* counted, loads: a server and what belongs to it. */
struct case_answer {
	struct case_server server;
	uint32_t n[2]; /* counted: connections; loads: active, inactive */
};

#define CASE_MAX_ANSWERS 1024

struct case_step {
	enum case_kind kind;
	unsigned line;
	const char *text; /* the line without its answers, until the next step is read */
	const struct case_word *word;
	struct case_end src, dst; /* client and virtual service, for replies too */
	uint32_t count; /* of packets */
	bool counted; /* the answer is how many each server got */
	uint32_t number; /* mark; seconds */
	unsigned answer_count;
	struct case_answer answers[CASE_MAX_ANSWERS];
};

struct case_reader {
	FILE *file;
	unsigned line;
	struct case_end dst; /* the last one that was said */
	char text[65536], ahead[8192];
	char why[128]; /* what is wrong with the text */
};

void case_open(struct case_reader *reader, FILE *file);

/* The next step: 1, 0 at the end, or -EINVAL and reader->why. */
int case_next(struct case_reader *reader, struct case_step *ret_step);

/* A step as text. */
void case_print(FILE *out, const struct case_step *step);

/* The end of packet i: its address (16 bytes) and port. */
void case_end_at(const struct case_end *end, uint32_t i, uint8_t ret_addr[16], uint16_t *ret_port);

/* The name of a server for clients of `vport`. */
struct case_server case_server(const uint8_t addr[16], uint16_t port, uint16_t vport);

/* "7" or "7:8080" or "-"; returns `text`. */
#define CASE_SERVER_TEXT 16
const char *case_server_text(const struct case_server *server, char text[CASE_SERVER_TEXT]);

#endif
