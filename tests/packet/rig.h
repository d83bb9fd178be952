/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PACKET_RIG_H
#define PACKET_RIG_H
/*
 * DOC: rows
 *
 *      client 198.51.100.7 --- router --- [outside  director  inside] --- RS1 10.1.0.11, RS2, RS3, RS4
 *                                           VIP 192.0.2.1:80                     (and the same in IPv6)
 *
 * A row is a name, the worlds it holds in (family x protocol x forwarding method) and steps: a service, its servers, packets
 * with what must become of them, and what the maps must say afterwards. The same row runs in every lane. What must come
 * out is built from the specification of what went in, by the rules of the method, never taken from the code under test.
 */

#include "tests/packet/lane.h"

/* The parts that addresses are given to. */
enum who { NOBODY, CLIENT, CLIENT2, VIP, VIP2, RS1, RS2, RS3, RS4, DIRECTOR, ROUTER, STRANGER, WHO_COUNT };

enum world_bit {
	W_V4 = 1 << 0,
	W_V6 = 1 << 1,
	W_FAMILIES = W_V4 | W_V6,
	W_TCP = 1 << 2,
	W_UDP = 1 << 3,
	W_PROTOS = W_TCP | W_UDP,
	W_NAT = 1 << 4,
	W_DR = 1 << 5,
	W_TUN = 1 << 6, /* tunnel of the service's own family */
	W_TUNX = 1 << 7, /* of the other family */
	W_LOCAL = 1 << 8, /* the server is the director, method NAT */
	W_LOCAL_DR = 1 << 9, /* the same, method DR: delivered as it is */
	W_METHODS = W_NAT | W_DR | W_TUN | W_TUNX | W_LOCAL | W_LOCAL_DR,
	W_REMOTE = W_NAT | W_DR | W_TUN | W_TUNX,
	W_ONE_WAY = W_DR | W_TUN | W_TUNX,
};

/* One choice of each; rows name sets, a set left empty is V4, TCP or NAT. */
struct world {
	bool v6, server_v6;
	uint8_t proto;
	unsigned method; /* one of W_METHODS */
	enum sl_fwd fwd;
	bool local;
	uint16_t vport, dport;
};

enum lane_set { IN_HOST = 1, IN_BPF = 2, IN_FULL = 4, IN_EXPRESS = 8 };

enum want {
	WANT_ANY, /* no crash, and well formed if sent */
	WANT_FORWARD, /* to server `rs`, as the method says */
	WANT_REPLY, /* to the client, as from the virtual service */
	WANT_PASS, /* up, untouched */
	WANT_DROP, /* with `reason` */
	WANT_NEIGH, /* as FORWARD, but the kernel writes the link-layer header */
};

/* Where a packet comes from. */
enum from {
	FROM_CLIENT,
	FROM_SERVER,
	FROM_LOCAL, /* a local server's reply, leaving by egress */
	FROM_MARKED, /* a client's, routed to the mark device by the host, which took a hop off */
};

struct shot {
	enum from from;
	enum who client; /* CLIENT */
	enum who target; /* VIP */
	enum who rs; /* FROM_SERVER: who replies; WANT_FORWARD: who gets it; RS1 */
	uint16_t cport; /* 40000 */
	uint16_t dport; /* the service's */
	uint8_t flags; /* of TCP; ACK */
	uint16_t payload; /* 32 */
	bool empty; /* payload is really 0 */
	const char *text; /* the payload */
	uint32_t gso_size, gso_segs;
	uint32_t mark; /* the full lane's own knowledge */
	bool other_lane; /* through the lane beside the one under test: both share the maps */
	void (*tweak)(struct pkt_spec *spec, const struct world *w);
	void (*tweak_out)(struct pkt_spec *spec, const struct world *w); /* of what is expected, after the method's rules */
	enum want want, want_express; /* want_express: where the express lane differs; WANT_ANY: it does not */
	enum sl_reason reason;
};

struct rig;

struct step {
	enum step_op {
		OP_END,
		OP_SERVICE, /* sched */
		OP_SERVER, /* who, weight; list order is newest first */
		OP_UNSERVER, /* who: removed, as the daemon does it */
		OP_WEIGHT, /* who, weight */
		OP_HOP, /* who, hop flags; 0: unresolved */
		OP_NO_ROUTE, /* who: hop 0 */
		OP_SHOT,
		OP_SEQUENCE, /* text: new connections go to these servers; A is RS1 */
		OP_FILL, /* n new connections by cports from 1000 on; `state` afterwards */
		OP_STATE, /* the one connection's state */
		OP_POKE, /* sets the one connection's state, load included */
		OP_LOAD, /* who, active, inactive */
		OP_CONNS, /* n in the table, templates not counted */
		OP_COUNTER, /* index, n more since the row began */
		OP_STATS, /* who, conns, in and out packets */
		OP_BYTES, /* who, in and out bytes of layer 3 */
		OP_AGE, /* n ticks pass */
		OP_SWEEP, /* the broom: n freed */
		OP_PERSISTENT, /* the service: n seconds, m bits of the client's address, 0: all */
		OP_LISTEN, /* n: the port of the service to come, 0 for all */
		OP_FLAG, /* n: SL_SVC_* of the service */
		OP_OWN, /* state, seconds: a timeout of the service's own */
		OP_DEST, /* who, n: SL_DEST_* more */
		OP_SYSCTL, /* n: enum sl_sysctl, m: its value */
		OP_THRESHOLDS, /* who, upper, lower */
		OP_OVER, /* who, n: overloaded or not */
		OP_TEMPLATES, /* who, n templates in use of it */
		OP_ASSURED, /* n templates in the table are assured, m are not, k are given up */
		OP_ORIGIN, /* who: listed as a server whose answers come without a connection */
		OP_CALL, /* fn(rig): NULL or a sentence */
	} op;
	struct shot shot;
	enum who who;
	int64_t n, m, k;
	const char *text;
	const char *(*fn)(struct rig *rig);
};

#define ROW_STEPS 40

struct row {
	const char *name;
	unsigned worlds; /* enum world_bit */
	unsigned lanes; /* enum lane_set that it exists in; 0: all */
	uint32_t slots; /* of the table; 0: any */
	struct step steps[ROW_STEPS];
};

struct rows {
	const struct row *row;
	size_t count;
};

#define ROWS(name) const struct rows name = {name##_table, sizeof(name##_table) / sizeof(name##_table[0])}

/* The steps' short forms. */
#define SERVICE(sched_) {.op = OP_SERVICE, .n = SL_SCHED_##sched_}
#define SERVER(who_, weight_) {.op = OP_SERVER, .who = who_, .n = weight_}
#define UNSERVER(who_) {.op = OP_UNSERVER, .who = who_}
#define WEIGHT(who_, weight_) {.op = OP_WEIGHT, .who = who_, .n = weight_}
#define HOP(who_, flags_) {.op = OP_HOP, .who = who_, .n = flags_}
#define NO_ROUTE(who_) {.op = OP_NO_ROUTE, .who = who_}
#define CLIENT_SENDS(...)                                                  \
	{                                                                  \
		.op = OP_SHOT, .shot = {.from = FROM_CLIENT, __VA_ARGS__ } \
	}
#define SERVER_SENDS(...)                                                  \
	{                                                                  \
		.op = OP_SHOT, .shot = {.from = FROM_SERVER, __VA_ARGS__ } \
	}
#define LOCAL_SENDS(...)                                                  \
	{                                                                 \
		.op = OP_SHOT, .shot = {.from = FROM_LOCAL, __VA_ARGS__ } \
	}
#define MARKED_SENDS(...)                                                  \
	{                                                                  \
		.op = OP_SHOT, .shot = {.from = FROM_MARKED, __VA_ARGS__ } \
	}
#define FORWARDED(who_) .want = WANT_FORWARD, .rs = who_
#define REPLIED(who_) .want = WANT_REPLY, .rs = who_
#define PASSED .want = WANT_PASS
#define DROPPED(reason_) .want = WANT_DROP, .reason = SL_DROP_##reason_
#define EXPRESS_PASSES .want_express = WANT_PASS
#define SEQUENCE(text_) {.op = OP_SEQUENCE, .text = text_}
#define FILL(n_, state_) {.op = OP_FILL, .n = n_, .m = SL_ST_##state_}
#define STATE(state_) {.op = OP_STATE, .n = SL_ST_##state_}
#define POKE(state_) {.op = OP_POKE, .n = SL_ST_##state_}
#define LOAD(who_, active_, inactive_) {.op = OP_LOAD, .who = who_, .n = active_, .m = inactive_}
#define CONNS(n_) {.op = OP_CONNS, .n = n_}
#define EVENT(event_, n_) {.op = OP_COUNTER, .n = SL_MAX_REASONS + SL_EV_##event_, .m = n_}
#define REASON(reason_, n_) {.op = OP_COUNTER, .n = SL_DROP_##reason_, .m = n_}
#define STATS(who_, conns_, in_, out_) {.op = OP_STATS, .who = who_, .n = conns_, .m = in_, .k = out_}
#define BYTES(who_, in_, out_) {.op = OP_BYTES, .who = who_, .n = in_, .m = out_}
#define AGE(seconds_) {.op = OP_AGE, .n = (seconds_) * LANE_TICKS}
#define SWEEP(freed_) {.op = OP_SWEEP, .n = freed_}
#define PERSISTENT(seconds_, bits_) {.op = OP_PERSISTENT, .n = seconds_, .m = bits_}
#define LISTEN(port_) {.op = OP_LISTEN, .n = port_}
#define FLAG(flag_) {.op = OP_FLAG, .n = SL_SVC_##flag_}
#define OWN(state_, seconds_) {.op = OP_OWN, .n = SL_ST_##state_, .m = seconds_}
#define DEST(who_, flag_) {.op = OP_DEST, .who = who_, .n = SL_DEST_##flag_}
#define SYSCTL(name_, value_) {.op = OP_SYSCTL, .n = SL_SYS_##name_, .m = value_}
#define THRESHOLDS(who_, upper_, lower_) {.op = OP_THRESHOLDS, .who = who_, .n = upper_, .m = lower_}
#define OVER(who_, over_) {.op = OP_OVER, .who = who_, .n = over_}
#define TEMPLATES(who_, n_) {.op = OP_TEMPLATES, .who = who_, .n = n_}
#define ASSURED(assured_, not_, gone_) {.op = OP_ASSURED, .n = assured_, .m = not_, .k = gone_}
#define ORIGIN(who_) {.op = OP_ORIGIN, .who = who_}
#define CALL(fn_) {.op = OP_CALL, .fn = fn_}
#define SYN .flags = PKT_SYN
#define SYN_ACK .flags = PKT_SYN | PKT_ACK
#define ACK .flags = PKT_ACK
#define FIN .flags = PKT_FIN | PKT_ACK
#define RST .flags = PKT_RST

/* The state of a row that runs. */
struct rig {
	struct lane *lane;
	struct world w;
	struct sl_svc svc;
	struct sl_svc_key key;
	bool svc_set;
	bool listens; /* on `port`, not the world's */
	uint16_t port;
	struct sl_svc_key origins[4]; /* servers that were listed; proto 0: none */
	struct sl_member list[8]; /* newest first */
	uint64_t counters[SL_MAX_COUNTERS]; /* when the row began */
	uint32_t filled, sequence; /* connections that OP_FILL and OP_SEQUENCE made */
	uint32_t seq; /* of the row: datagram ids differ between rows */
	char why[512];
};

/* What a part is called. */
const char *who_addr(enum who who, bool v6);
const uint8_t *who_mac(enum who who);
uint32_t who_dest(enum who who); /* dest id = hop id of a server */
void who_sl_addr(enum who who, bool v6, struct sl_addr *ret_addr);

/* Empties the lane's maps and writes what every row starts from. */
void rig_reset(struct rig *rig, struct lane *lane, const struct world *w);
void rig_service(struct rig *rig, enum sl_sched sched);
void rig_server(struct rig *rig, enum who who, int weight);
void rig_unserver(struct rig *rig, enum who who);
void rig_weight(struct rig *rig, enum who who, int weight);
void rig_persistent(struct rig *rig, uint32_t seconds, unsigned bits);
void rig_listen(struct rig *rig, uint16_t port);
void rig_origin(struct rig *rig, enum who who);
void rig_commit(struct rig *rig); /* writes the service anew: next generation */

/* The packet of a shot, and the one that must come out of it. */
void rig_spec(const struct rig *rig, const struct shot *shot, struct pkt_spec *ret_spec);

/* Sends it and judges: NULL, or a sentence in rig->why, the difference printed. */
const char *rig_shoot(struct rig *rig, const struct shot *shot);

/* One step of a row. */
const char *rig_step(struct rig *rig, const struct step *step);

/* Connections; *ret_slot the last of them. */
uint32_t rig_conns(const struct rig *rig, uint32_t *ret_slot);

/* Templates. */
uint32_t rig_templates(const struct rig *rig, enum sl_state state);

/*
 * Does every dest's load equal a count of the table, is `over` what the thresholds ask for, does every template know how many connections
 * are under it, and is no slot BUSY? NULL or a sentence.
 */
const char *rig_audit(struct rig *rig);

/* The sets of rows. */
extern const struct rows rows_forward, rows_states, rows_sched, rows_table, rows_edges, rows_mark, rows_allow, rows_persist,
    rows_thresholds, rows_ops, rows_sip;

/* Worlds of a set, one after the other: false after the last. *i starts at 0. */
bool world_next(unsigned worlds, unsigned *i, struct world *ret_world);
const char *world_text(const struct world *w);

/* Runs every row that exists in this lane; returns the number that failed. */
int rows_run(struct lane *lane, const char *filter);

#endif
