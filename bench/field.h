/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_FIELD_H
#define BENCH_FIELD_H
/*
 * DOC: a director to be measured, of any kind, between a client and its servers
 *
 * A field is one topology (net.h) with one kind of director in it. Several stand side by side, so that rounds can go
 * from one to the next without setting anything up.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/net.h"

struct veth_bench;

enum field_kind {
	FIELD_XDP_REDIRECT, /* a program that sets MAC addresses and redirects */
	FIELD_EXPRESS,
	FIELD_TC_REDIRECT,
	FIELD_FULL,
	FIELD_FORWARD, /* the kernel's IP forwarding */
	FIELD_NFT, /* nftables DNAT, numgen, connection tracking */
};

struct field {
	struct net net;
	enum field_kind kind;
	pid_t daemon;
	struct veth_bench *veth; /* generator and sink, when made for frames */
};

/*
 * Sets a field up. proto ("udp" or "tcp") and port are the service's. With frames, the sink drops what
 * reaches the servers, and interfaces take XDP frames. 0 or -errno; a sentence is printed.
 */
int field_open(struct field *field, enum field_kind kind, const char *build, const char *proto, int port, bool frames);
void field_close(struct field *field);

/* Address that clients send to: the servers' own when the director only forwards. Host order. */
uint32_t field_target(const struct field *field);

/* What a run of live frames found. */
struct field_run {
	double ns; /* a frame, through all of the topology */
	double arrived; /* of the frames sent, 0 .. 1 */
};

/* Sends `frames` frames of `flows` flows (a power of two), at random or in turn. 0 or -errno. */
int field_send(struct field *field, uint32_t flows, bool serial, uint32_t frames, struct field_run *ret_run);

#endif
