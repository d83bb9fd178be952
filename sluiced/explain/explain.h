/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_EXPLAIN_H
#define SLUICED_EXPLAIN_H
/*
 * DOC: what would become of a packet, and why
 *
 * A packet, made up or real, runs through the sandbox with what the running table knows of its flow. What the program makes there that
 * the running director has already (a template, a cached choice) is put in and the packet runs again; so the last run is
 * what the lanes would do now. Nothing but facts here: the words are the command's.
 */

#include "sluiced/explain/frame.h"
#include "sluiced/explain/sandbox.h"
#include "sluiced/explain/tap.h"

struct explain;

enum explain_verdict { EXPLAIN_PASS, EXPLAIN_DELIVER, EXPLAIN_DROP, EXPLAIN_SEND };

/* What was found out. */
struct explain_result {
	enum explain_verdict verdict;
	uint32_t reason; /* enum sl_reason, of EXPLAIN_DROP */
	bool has_conn; /* the packet belongs to a connection ... */
	bool conn_known; /* ... that was there before it */
	bool reply; /* it is its server's packet */
	enum sl_state state; /* of the connection after the packet */
	struct sl_conn conn;
	bool has_template, template_known;
	enum sl_state template_state;
	struct sl_conn template;
	uint32_t dest; /* the server's id; 0: none chosen */
	uint32_t hop; /* the way out, as far as it is known; 0 */
	struct frame_flow flow; /* the packet's; proto 0: it has none that we follow */
	struct sandbox_packet in;
	struct sandbox_result out;
};

/* What is asked for: a made-up packet. */
struct explain_ask {
	struct frame_flow flow;
	uint32_t ifindex; /* it comes in by; 0: the one with the route to its source */
	uint32_t mark;
};

/* NULL without memory or over a fake plane. */
struct explain *explain_new(struct plane *plane);
void explain_free(struct explain *explain);

/* 0, -EAGAIN: not yet, ask again; or -errno and perhaps a sentence (programs.h). */
int explain_ready(struct explain *explain, const char **ret_why);

/* Make the packet up. -EINVAL: no such interface; -ENETUNREACH: no way to its source; -EMSGSIZE: the payload does not fit. */
int explain_make(const struct explain_ask *ask, struct sandbox_packet *ret_packet);

/* Tap the lanes, instead of an earlier tap. As tap_new(); explain_ready() has said 0. */
int explain_tap(struct explain *explain, struct lanes *lanes, const struct tap_want *want);
void explain_untap(struct explain *explain);

/* One packet of the tap, explained. */
struct explain_tapped {
	struct sl_tapped head;
	uint8_t bytes[SL_TAP_KEPT]; /* as it came, head.kept of them */
	int err; /* 0: `result` tells */
	struct explain_result result; /* result.out has the lengths that the whole packet would have */
};

/* Take up to `max` packets that were tapped, and explain them. Returns their number; *ret_lost: how many found no room so far. */
unsigned explain_read(struct explain *explain, unsigned max, struct explain_tapped *ret_packets, uint64_t *ret_lost);

/* Explain this packet. 0 or -errno; explain_ready() has said 0. */
int explain_run(struct explain *explain, const struct sandbox_packet *packet, struct explain_result *ret_result);

#endif
