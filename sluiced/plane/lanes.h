/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_LANES_H
#define SLUICED_LANES_H
/*
 * DOC: the lanes on their interfaces
 *
 * Attaches the full lane (tcx where the kernel has it, clsact otherwise; ingress and egress) to every Ethernet-like L3 interface, and the
 * express lane (XDP) in front of it where asked; pinned, so that they outlive the daemon, and adopted by the next one.
 * An interface that can't be attached is logged and left out; the rest goes on.
 */

#include <stdbool.h>
#include <stdint.h>

struct plane;
struct neigh_link;
struct lanes;

enum lanes_xdp { LANES_XDP_AUTO, LANES_XDP_NATIVE, LANES_XDP_GENERIC, LANES_XDP_OFF }; /* auto: native on physical NICs only */

struct lanes_status {
	char name[16];
	uint32_t ifindex;
	const char *full; /* "tcx", "clsact", "off" */
	const char *express; /* "native", "generic", "off" */
	bool tapped; /* somebody looks at its packets (lanes_tap()) */
};

int lanes_new(struct plane *plane, enum lanes_xdp xdp, struct lanes **ret_lanes);
void lanes_free(struct lanes *lanes); /* leaves them attached */
void lanes_link(struct lanes *lanes, const struct neigh_link *link, bool present);
/* Programs that are to see every packet before the lanes do (bpf/tap.h). */
struct lanes_taps {
	int in, out; /* tc programs, in front of the full lane */
	int express; /* an XDP program that calls the express lane when it has looked */
};

/*
 * Put them in front of the lanes of every interface that is there now, or (NULL) take them away. Where the express lane is on, it alone is
 * tapped on the way in: it sees what the full lane will. An interface that can't be tapped is logged and left out; returns how many are.
 */
unsigned lanes_tap(struct lanes *lanes, const struct lanes_taps *taps);

/* Have the program of the mark device on it. 0 or -errno; 0 over a fake plane. */
int lanes_attach_mark(struct lanes *lanes, uint32_t ifindex);
/* The i-th attached interface, or false. */
bool lanes_status(const struct lanes *lanes, unsigned i, struct lanes_status *ret_status);

#endif
