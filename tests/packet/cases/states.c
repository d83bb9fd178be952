/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The states of TCP connections, typed in from IPVS's documentation of its tables, not from the core: what a packet of each kind makes of
 * a connection in each state, seen from the client's side, from the server's, and when only the client's is seen.
 */
#include "tests/packet/rig.h"

enum {
	NO = SL_ST_NONE,
	ES = SL_ST_ESTABLISHED,
	SS = SL_ST_SYN_SENT,
	SR = SL_ST_SYN_RECV,
	FW = SL_ST_FIN_WAIT,
	TW = SL_ST_TIME_WAIT,
	CL = SL_ST_CLOSE,
	CW = SL_ST_CLOSE_WAIT,
	LA = SL_ST_LAST_ACK,
	LI = SL_ST_LISTEN,
	SA = SL_ST_SYNACK,
};

#define ACTIVE(state) ((state) == ES || (state) == SS || (state) == SR || (state) == SA)

#define INPUT_WORLD W_NAT
#define INPUT_SENDS(ev) CLIENT_SENDS(ev, FORWARDED(RS1))
#define OUTPUT_WORLD W_NAT
#define OUTPUT_SENDS(ev) SERVER_SENDS(ev, REPLIED(RS1))
#define INPUT_ONLY_WORLD W_DR
#define INPUT_ONLY_SENDS(ev) CLIENT_SENDS(ev, FORWARDED(RS1))

/* One transition: from a state, by an event, to a state. */
#define T(view, from, ev, to)                                                 \
	{                                                                     \
		#view " " #from " + " #ev " = " #to, view##_WORLD, .steps = { \
			SERVICE(RR),                                          \
			SERVER(RS1, 1),                                       \
			CLIENT_SENDS(SYN, FORWARDED(RS1)),                    \
			{.op = OP_POKE, .n = from},                           \
			LOAD(RS1, ACTIVE(from), !ACTIVE(from)),               \
			view##_SENDS(ev),                                     \
			{.op = OP_STATE, .n = to},                            \
			LOAD(RS1, ACTIVE(to), !ACTIVE(to)),                   \
		}                                                             \
	}

/* A line of the table: the states that follow NO ES SS SR FW TW CL CW LA LI SA. */
#define LINE(view, ev, no, es, ss, sr, fw, tw, cl, cw, la, li, sa)                                                                    \
	T(view, NO, ev, no), T(view, ES, ev, es), T(view, SS, ev, ss), T(view, SR, ev, sr), T(view, FW, ev, fw), T(view, TW, ev, tw), \
	    T(view, CL, ev, cl), T(view, CW, ev, cw), T(view, LA, ev, la), T(view, LI, ev, li), T(view, SA, ev, sa)

#define FLAGS(flags_) .flags = (flags_)

/* A connection in this state lives so many seconds. */
#define LIFE(state, seconds)                               \
	{                                                  \
		"expiry of " #state, W_NAT, .steps = {     \
			SERVICE(RR),                       \
			SERVER(RS1, 1),                    \
			CLIENT_SENDS(SYN, FORWARDED(RS1)), \
			POKE(state),                       \
			AGE((seconds) - 1),                \
			SWEEP(0),                          \
			CONNS(1),                          \
			AGE(2),                            \
			SWEEP(1),                          \
			CONNS(0),                          \
			LOAD(RS1, 0, 0),                   \
			EVENT(EXPIRED, 1),                 \
		}                                          \
	}

static const struct row
    rows_states_table[] =
	{
	    LINE(INPUT, SYN, SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR),
	    LINE(INPUT, FIN, CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW),
	    LINE(INPUT, ACK, ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES),
	    LINE(INPUT, RST, CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR),
	    LINE(OUTPUT, SYN, SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR),
	    LINE(OUTPUT, FIN, TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW),
	    LINE(OUTPUT, ACK, ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES),
	    LINE(OUTPUT, RST, CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL),
	    LINE(INPUT_ONLY, SYN, SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR),
	    LINE(INPUT_ONLY, FIN, CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW),
	    LINE(INPUT_ONLY, ACK, ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES),
	    LINE(INPUT_ONLY, RST, CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL),

	    T(INPUT, ES, FLAGS(PKT_RST | PKT_SYN), CL),
	    T(INPUT, ES, FLAGS(PKT_RST | PKT_FIN | PKT_ACK), CL),
	    T(INPUT, ES, FLAGS(PKT_SYN | PKT_FIN), ES),
	    T(INPUT, ES, FLAGS(PKT_SYN | PKT_ACK), ES),
	    T(INPUT, SR, FLAGS(PKT_FIN | PKT_ACK | PKT_PSH | PKT_URG), TW),
	    T(INPUT, ES, FLAGS(PKT_PSH), CL),
	    T(INPUT_ONLY, ES, FLAGS(PKT_URG), CL),
	    T(OUTPUT, ES, FLAGS(PKT_PSH), CL),

	    LIFE(NONE, 2),
	    LIFE(ESTABLISHED, 900),
	    LIFE(SYN_SENT, 120),
	    LIFE(SYN_RECV, 60),
	    LIFE(FIN_WAIT, 120),
	    LIFE(TIME_WAIT, 120),
	    LIFE(CLOSE, 10),
	    LIFE(CLOSE_WAIT, 60),
	    LIFE(LAST_ACK, 30),
	    LIFE(LISTEN, 120),
	    LIFE(SYNACK, 120),

	    {"a whole connection, NAT", W_NAT | W_FAMILIES,
		.steps =
		    {
			SERVICE(RR),
			SERVER(RS1, 1),
			CLIENT_SENDS(SYN, FORWARDED(RS1)),
			STATE(SYN_RECV),
			LOAD(RS1, 1, 0),
			SERVER_SENDS(SYN_ACK, REPLIED(RS1)),
			STATE(SYN_RECV),
			CLIENT_SENDS(ACK, FORWARDED(RS1)),
			STATE(ESTABLISHED),
			LOAD(RS1, 1, 0),
			SERVER_SENDS(ACK, REPLIED(RS1)),
			CLIENT_SENDS(FIN, FORWARDED(RS1)),
			STATE(CLOSE_WAIT),
			LOAD(RS1, 0, 1),
			SERVER_SENDS(FIN, REPLIED(RS1)),
			STATE(TIME_WAIT),
			CLIENT_SENDS(ACK, FORWARDED(RS1)),
			STATE(TIME_WAIT),
			LOAD(RS1, 0, 1),
			STATS(RS1, 1, 4, 3),
			AGE(121),
			SWEEP(1),
			LOAD(RS1, 0, 0),
			CONNS(0),
		    }},
	    {"a whole connection, one side seen", W_ONE_WAY | W_FAMILIES,
		.steps =
		    {
			SERVICE(RR),
			SERVER(RS1, 1),
			CLIENT_SENDS(SYN, FORWARDED(RS1)),
			STATE(SYN_RECV),
			CLIENT_SENDS(ACK, FORWARDED(RS1)),
			STATE(ESTABLISHED),
			CLIENT_SENDS(FIN, FORWARDED(RS1)),
			STATE(FIN_WAIT),
			LOAD(RS1, 0, 1),
			CLIENT_SENDS(RST, FORWARDED(RS1)),
			STATE(CLOSE),
			LOAD(RS1, 0, 1),
			STATS(RS1, 1, 4, 0),
			AGE(11),
			SWEEP(1),
			LOAD(RS1, 0, 0),
		    }},
	    {"a SYN with ACK may begin a connection, as in IPVS", W_NAT,
		.steps = {SERVICE(RR), SERVER(RS1, 1), CLIENT_SENDS(SYN_ACK, FORWARDED(RS1)), STATE(SYN_RECV), LOAD(RS1, 1, 0)}},
	    {"UDP is one state, never active", W_UDP | W_NAT | W_FAMILIES,
		.steps =
		    {
			SERVICE(RR),
			SERVER(RS1, 1),
			CLIENT_SENDS(FORWARDED(RS1)),
			STATE(UDP_NEW),
			LOAD(RS1, 0, 1),
			SERVER_SENDS(REPLIED(RS1)),
			STATE(UDP),
			LOAD(RS1, 0, 1),
			CLIENT_SENDS(FORWARDED(RS1)),
			STATE(UDP),
			STATS(RS1, 1, 2, 1),
			AGE(299),
			SWEEP(0),
			AGE(2),
			SWEEP(1),
			LOAD(RS1, 0, 0),
		    }},
	    {"a UDP flow without replies lives when its client sends again later", W_UDP | W_NAT | W_ONE_WAY,
		.steps = {SERVICE(RR), SERVER(RS1, 1), CLIENT_SENDS(FORWARDED(RS1)), STATE(UDP_NEW), AGE(1), CLIENT_SENDS(FORWARDED(RS1)),
		    STATE(UDP), LOAD(RS1, 0, 1)}},
	    {"a flow of one UDP packet lives as long", W_UDP | W_NAT,
		.steps = {SERVICE(RR), SERVER(RS1, 1), CLIENT_SENDS(FORWARDED(RS1)), AGE(299), SWEEP(0), AGE(2), SWEEP(1),
		    LOAD(RS1, 0, 0)}},
	    {"a packet in either direction keeps a connection", W_NAT | W_PROTOS,
		.steps =
		    {
			SERVICE(RR),
			SERVER(RS1, 1),
			CLIENT_SENDS(SYN, FORWARDED(RS1)),
			CLIENT_SENDS(ACK, FORWARDED(RS1)),
			AGE(250),
			SERVER_SENDS(ACK, REPLIED(RS1)),
			AGE(250),
			SWEEP(0),
			CLIENT_SENDS(ACK, FORWARDED(RS1)),
			AGE(250),
			SWEEP(0),
			CONNS(1),
		    }},
	    {"an expired connection that the broom has not met is none", W_NAT | W_DR,
		.steps =
		    {
			SERVICE(RR),
			SERVER(RS1, 1),
			CLIENT_SENDS(SYN, FORWARDED(RS1)),
			CLIENT_SENDS(ACK, FORWARDED(RS1)),
			AGE(902),
			CLIENT_SENDS(ACK, PASSED),
			CONNS(0),
			LOAD(RS1, 0, 0),
		    }},
	    {"a SYN on an expired connection begins a new one", W_NAT | W_DR,
		.steps =
		    {
			SERVICE(RR),
			SERVER(RS1, 1),
			CLIENT_SENDS(SYN, FORWARDED(RS1)),
			CLIENT_SENDS(ACK, FORWARDED(RS1)),
			AGE(902),
			CLIENT_SENDS(SYN, FORWARDED(RS1)),
			STATE(SYN_RECV),
			LOAD(RS1, 1, 0),
			STATS(RS1, 2, 3, 0),
		    }},
	    {"a reply on an expired connection passes", W_NAT,
		.steps =
		    {
			SERVICE(RR),
			SERVER(RS1, 1),
			CLIENT_SENDS(SYN, FORWARDED(RS1)),
			AGE(62),
			SERVER_SENDS(SYN_ACK, PASSED),
			CONNS(0),
			LOAD(RS1, 0, 0),
		    }},
	    {"a UDP packet on an expired flow begins a new one", W_UDP | W_NAT,
		.steps =
		    {
			SERVICE(RR),
			SERVER(RS1, 1),
			CLIENT_SENDS(FORWARDED(RS1)),
			AGE(302),
			CLIENT_SENDS(FORWARDED(RS1)),
			CONNS(1),
			STATE(UDP_NEW),
			LOAD(RS1, 0, 1),
			STATS(RS1, 2, 2, 0),
		    }},
#define REUSE(state)                                                                                            \
	{                                                                                                       \
		"a SYN from the port of a connection in " #state " is scheduled anew", W_NAT | W_DR, .steps = { \
			SERVICE(RR),                                                                            \
			SERVER(RS1, 1),                                                                         \
			CLIENT_SENDS(SYN, FORWARDED(RS1)),                                                      \
			POKE(state),                                                                            \
			SERVER(RS2, 1),                                                                         \
			WEIGHT(RS1, 0),                                                                         \
			CLIENT_SENDS(SYN, FORWARDED(RS2)),                                                      \
			CONNS(1),                                                                               \
			STATE(SYN_RECV),                                                                        \
			LOAD(RS1, 0, 0),                                                                        \
			LOAD(RS2, 1, 0),                                                                        \
			EVENT(REUSED, 1),                                                                       \
		}                                                                                               \
	}
	    REUSE(TIME_WAIT),
	    REUSE(CLOSE),
#define KEEP(state, ev)                                                              \
	{                                                                            \
		#ev " in " #state " stays with its server", W_NAT | W_DR, .steps = { \
			SERVICE(RR),                                                 \
			SERVER(RS1, 1),                                              \
			CLIENT_SENDS(SYN, FORWARDED(RS1)),                           \
			POKE(state),                                                 \
			SERVER(RS2, 1),                                              \
			WEIGHT(RS1, 0),                                              \
			CLIENT_SENDS(ev, FORWARDED(RS1)),                            \
			CONNS(1),                                                    \
			LOAD(RS2, 0, 0),                                             \
			EVENT(REUSED, 0),                                            \
		}                                                                    \
	}
	    KEEP(FIN_WAIT, SYN),
	    KEEP(ESTABLISHED, SYN),
	    KEEP(SYN_RECV, SYN),
	    KEEP(CLOSE_WAIT, SYN),
	    KEEP(LAST_ACK, SYN),
	    KEEP(TIME_WAIT, ACK),
	    KEEP(CLOSE, ACK),
	    KEEP(CLOSE, RST),
};

ROWS(rows_states);
