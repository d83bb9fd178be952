/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_SANDBOX_H
#define SLUICED_SANDBOX_H
/*
 * DOC: the real program, where it can change nothing
 *
 * The full lane once more, over the running director's configuration maps, but with a connection table, loads, cursors, counters and caches
 * of its own: small copies that hold no more than what concerns the packet in hand. So what it does to a packet is what the lanes would do,
 * and nobody notices.
 */

#include <stddef.h>

#include "sluiced/plane/plane.h"

struct sandbox;

#define SANDBOX_FRAME 2048 /* the largest frame, in and out */

struct sandbox_packet {
	uint8_t frame[SANDBOX_FRAME];
	uint32_t len;
	uint32_t ifindex; /* it came in by */
	uint32_t mark;
	bool egress; /* it leaves the host instead */
};

struct sandbox_result {
	int action; /* TC_ACT_* */
	uint32_t reason; /* enum sl_reason; 0: not dropped */
	uint8_t frame[SANDBOX_FRAME];
	uint32_t len;
};

struct programs;

/* Over programs that are ready, which stay the caller's. 0 or -errno. */
int sandbox_new(struct programs *programs, struct sandbox **ret_sandbox);
void sandbox_free(struct sandbox *sandbox);

/* Forget what was put in, and take over the servers' loads, the cursors and the overload flags of this moment. */
void sandbox_reset(struct sandbox *sandbox);

/* Put a connection or template in, as it is in the real table: `word` is its word there. False: no room, or it is in already. */
bool sandbox_put(struct sandbox *sandbox, uint64_t word, const struct sl_conn *conn, uint32_t real_slot);

int sandbox_cache_put(struct sandbox *sandbox, const struct sl_cache_key *key, const struct sl_cache *cache);

/* Run the packet. 0 or -errno. */
int sandbox_run(struct sandbox *sandbox, const struct sandbox_packet *packet, struct sandbox_result *ret_result);

/* What is in its table now, put in or begun by the packet; slot by slot: false after the last. *slot is 0 at first. */
bool sandbox_next(struct sandbox *sandbox, uint32_t *slot, uint64_t *ret_word, struct sl_conn *ret_conn);

/* Was this slot's entry put in? */
bool sandbox_known(const struct sandbox *sandbox, uint32_t slot);

/* What is in its cache, at most one. */
bool sandbox_cache(struct sandbox *sandbox, struct sl_cache_key *ret_key, struct sl_cache *ret_cache);

#endif
