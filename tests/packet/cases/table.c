/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The full table. Sixteen slots are two buckets, so every flow may use all of them: what happens to the seventeenth
 * connection is then certain. Client ports count from 1000 in the order of the connections.
 */
#include "tests/packet/rig.h"

#include <arpa/inet.h>
#include <string.h>

#define ONE_SERVER SERVICE(RR), SERVER(RS1, 1)
#define NEWCOMER(...) CLIENT_SENDS(SYN, .cport = 999, __VA_ARGS__)

/* Every connection that was filled in is still there: its packets go to its server. */
static const char *all_live(struct rig *rig)
{
	for (uint32_t i = 0; i < rig->filled; i++) {
		struct shot shot = {.cport = 1000 + i, .flags = PKT_ACK, .want = WANT_FORWARD, .rs = RS1};
		const char *why = rig_shoot(rig, &shot);

		if (why)
			return why;
	}
	return NULL;
}

/* Connections that are not in their home bucket were counted as overflows. */
static const char *overflow_counted(struct rig *rig)
{
	uint32_t mask = rig->lane->slots / SL_BUCKET_SLOTS - 1, away = 0;
	uint64_t now[SL_MAX_COUNTERS];

	for (uint32_t slot = 0; slot < rig->lane->slots; slot++) {
		const struct sl_conn *c = &rig->lane->conns[slot];
		uint64_t hash = sl_flow_hash(&c->caddr, c->cport, c->proto, LANE_SEED0, LANE_SEED1);

		away += sl_state_live(sl_word_state(rig->lane->tags[slot])) && slot / SL_BUCKET_SLOTS != sl_hash_home(hash, mask);
	}
	rig->lane->ops->counters(rig->lane, now);
	if (!away)
		return "no connection is in its second bucket: the row proves nothing";
	return now[SL_MAX_REASONS + SL_EV_OVERFLOW] - rig->counters[SL_MAX_REASONS + SL_EV_OVERFLOW] == away
		   ? NULL
		   : "overflows were not counted right";
}

#define SMALL .slots = 16

static const struct row
    rows_table_table[] =
	{
	    {"every slot can be used", W_NAT | W_DR | W_PROTOS | W_FAMILIES, SMALL,
		.steps = {ONE_SERVER, FILL(16, ESTABLISHED), CONNS(16), CALL(all_live), CONNS(16)}},
	    {"a second bucket takes what the home bucket has no room for", W_NAT | W_DR | W_PROTOS, SMALL,
		.steps = {ONE_SERVER, FILL(16, ESTABLISHED), CALL(overflow_counted)}},
	    {"replies find connections in their second bucket", W_NAT, SMALL,
		.steps = {ONE_SERVER, FILL(16, ESTABLISHED), SERVER_SENDS(ACK, .cport = 1000, REPLIED(RS1)),
		    SERVER_SENDS(ACK, .cport = 1005, REPLIED(RS1)), SERVER_SENDS(ACK, .cport = 1010, REPLIED(RS1)),
		    SERVER_SENDS(ACK, .cport = 1015, REPLIED(RS1))}},
	    {"a table full of established connections refuses", W_NAT | W_DR | W_FAMILIES, SMALL,
		.steps =
		    {
			ONE_SERVER,
			FILL(16, ESTABLISHED),
			NEWCOMER(DROPPED(TABLE_FULL)),
			NEWCOMER(DROPPED(TABLE_FULL)),
			REASON(TABLE_FULL, 2),
			CONNS(16),
			LOAD(RS1, 16, 0),
			STATS(RS1, 16, 16, 0),
			CALL(all_live),
		    }},
	    {"a table full of UDP flows with replies refuses", W_NAT | W_UDP, SMALL,
		.steps = {ONE_SERVER, FILL(16, UDP), NEWCOMER(DROPPED(TABLE_FULL)), LOAD(RS1, 0, 16), CALL(all_live)}},
	    {"an expired connection gives way, established or not", W_NAT | W_DR, SMALL,
		.steps =
		    {
			ONE_SERVER,
			FILL(1, ESTABLISHED),
			AGE(902),
			FILL(15, ESTABLISHED),
			NEWCOMER(FORWARDED(RS1)),
			EVENT(EVICT_EXPIRED, 1),
			EVENT(EVICT_HALF_OPEN, 0),
			CONNS(16),
			LOAD(RS1, 16, 0),
			CLIENT_SENDS(ACK, .cport = 1000, PASSED),
			CLIENT_SENDS(ACK, .cport = 1001, FORWARDED(RS1)),
		    }},
	    {"a half-open connection gives way", W_NAT | W_DR, SMALL,
		.steps =
		    {
			ONE_SERVER,
			FILL(15, ESTABLISHED),
			FILL(1, SYN_RECV),
			NEWCOMER(FORWARDED(RS1)),
			EVENT(EVICT_HALF_OPEN, 1),
			CONNS(16),
			LOAD(RS1, 16, 0),
			CLIENT_SENDS(ACK, .cport = 1015, PASSED),
			CLIENT_SENDS(ACK, .cport = 999, FORWARDED(RS1)),
		    }},
	    {"a closing connection gives way", W_NAT | W_DR, SMALL,
		.steps =
		    {
			ONE_SERVER,
			FILL(15, ESTABLISHED),
			FILL(1, FIN_WAIT),
			NEWCOMER(FORWARDED(RS1)),
			EVENT(EVICT_CLOSING, 1),
			EVENT(EVICT_HALF_OPEN, 0),
			CONNS(16),
			LOAD(RS1, 16, 0),
		    }},
	    {"expired before half-open before closing", W_NAT, SMALL,
		.steps =
		    {
			ONE_SERVER,
			FILL(1, CLOSE),
			FILL(1, TIME_WAIT),
			FILL(1, SYN_RECV),
			FILL(13, ESTABLISHED),
			LOAD(RS1, 14, 2),
			AGE(11),
			NEWCOMER(FORWARDED(RS1)),
			EVENT(EVICT_EXPIRED, 1),
			LOAD(RS1, 15, 1),
			CLIENT_SENDS(ACK, .cport = 999, FORWARDED(RS1)),
			CLIENT_SENDS(SYN, .cport = 998, FORWARDED(RS1)),
			EVENT(EVICT_HALF_OPEN, 1),
			CLIENT_SENDS(ACK, .cport = 998, FORWARDED(RS1)),
			CLIENT_SENDS(SYN, .cport = 997, FORWARDED(RS1)),
			EVENT(EVICT_CLOSING, 1),
			CLIENT_SENDS(ACK, .cport = 997, FORWARDED(RS1)),
			CLIENT_SENDS(SYN, .cport = 996, DROPPED(TABLE_FULL)),
			LOAD(RS1, 16, 0),
		    }},
	    {"the oldest half-open connection gives way first", W_NAT, SMALL,
		.steps =
		    {
			ONE_SERVER,
			FILL(1, SYN_RECV),
			AGE(3),
			FILL(1, SYN_RECV),
			AGE(3),
			FILL(1, SYN_RECV),
			AGE(3),
			FILL(13, ESTABLISHED),
			NEWCOMER(FORWARDED(RS1)),
			EVENT(EVICT_HALF_OPEN, 1),
			CLIENT_SENDS(ACK, .cport = 1000, PASSED),
			CLIENT_SENDS(ACK, .cport = 1001, FORWARDED(RS1)),
			CLIENT_SENDS(ACK, .cport = 1002, FORWARDED(RS1)),
		    }},
	    {"the oldest closing connection gives way first", W_NAT, SMALL,
		.steps =
		    {
			ONE_SERVER,
			FILL(1, FIN_WAIT),
			AGE(3),
			FILL(1, TIME_WAIT),
			AGE(3),
			FILL(14, ESTABLISHED),
			NEWCOMER(FORWARDED(RS1)),
			EVENT(EVICT_CLOSING, 1),
			CLIENT_SENDS(ACK, .cport = 1000, PASSED),
			CLIENT_SENDS(ACK, .cport = 1001, FORWARDED(RS1)),
		    }},
	    {"of UDP flows, those of one packet give way, the others never", W_NAT | W_UDP, SMALL,
		.steps =
		    {
			ONE_SERVER,
			FILL(15, UDP),
			FILL(1, UDP_NEW),
			NEWCOMER(FORWARDED(RS1)),
			EVENT(EVICT_HALF_OPEN, 1),
			AGE(1),
			CLIENT_SENDS(.cport = 999, FORWARDED(RS1)),
			CLIENT_SENDS(.cport = 998, DROPPED(TABLE_FULL)),
			CONNS(16),
			LOAD(RS1, 0, 16),
		    }},
	    {"the broom makes room", W_NAT, SMALL,
		.steps =
		    {
			ONE_SERVER,
			FILL(16, ESTABLISHED),
			NEWCOMER(DROPPED(TABLE_FULL)),
			AGE(902),
			SWEEP(16),
			CONNS(0),
			LOAD(RS1, 0, 0),
			FILL(16, ESTABLISHED),
			CONNS(16),
			CLIENT_SENDS(ACK, .cport = 1016, FORWARDED(RS1)),
		    }},
	    {"a SYN flood evicts only itself", W_NAT | W_DR, SMALL,
		.steps = {ONE_SERVER, FILL(8, ESTABLISHED), FILL(64, SYN_RECV), CONNS(16), LOAD(RS1, 16, 0),
		    CLIENT_SENDS(ACK, .cport = 1000, FORWARDED(RS1)), CLIENT_SENDS(ACK, .cport = 1003, FORWARDED(RS1)),
		    CLIENT_SENDS(ACK, .cport = 1007, FORWARDED(RS1))}},
	    {"a packet of a connection in use is not scheduled anew when the table is full", W_NAT, SMALL,
		.steps = {ONE_SERVER, FILL(16, ESTABLISHED), CLIENT_SENDS(SYN, .cport = 1003, FORWARDED(RS1)), CONNS(16),
		    STATS(RS1, 16, 17, 0)}},
};

ROWS(rows_table);
