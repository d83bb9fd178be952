/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thresholds: a server is overloaded from the connection that makes its total reach the upper one to the one that makes it fall below the
 * lower one; 0 as the lower one is three quarters of the upper (ip_vs_bind_dest, ip_vs_unbind_dest).
 */
#include "tests/packet/rig.h"

#define ONE SERVICE(RR), SERVER(RS1, 1)
#define TWO SERVICE(RR), SERVER(RS2, 1), SERVER(RS1, 1)

static const struct row rows_thresholds_table[] =
    {
	{"upper: the connection that reaches it is the last", W_NAT | W_DR | W_PROTOS | W_FAMILIES,
	    .steps =
		{
		    ONE,
		    THRESHOLDS(RS1, 3, 0),
		    SEQUENCE("AA"),
		    OVER(RS1, 0),
		    SEQUENCE("A-"),
		    OVER(RS1, 1),
		    EVENT(OVERLOADED, 1),
		    REASON(NO_SERVER, 1),
		    CONNS(3),
		}},
	{"an overloaded server is passed over", W_NAT,
	    .steps = {TWO, THRESHOLDS(RS1, 2, 0), SEQUENCE("ABABBB"), OVER(RS1, 1), OVER(RS2, 0), LOAD(RS1, 2, 0), LOAD(RS2, 4, 0)}},
	{"active and inactive connections count alike", W_NAT,
	    .steps = {ONE, THRESHOLDS(RS1, 3, 1), CLIENT_SENDS(SYN, FORWARDED(RS1)), POKE(FIN_WAIT), SEQUENCE("AA-"), LOAD(RS1, 2, 1)}},
	{"lower: overloaded until the total falls below it", W_NAT | W_DR,
	    .steps =
		{
		    ONE,
		    THRESHOLDS(RS1, 4, 2),
		    CLIENT_SENDS(SYN, FORWARDED(RS1)),
		    AGE(50),
		    CLIENT_SENDS(SYN, .cport = 1, FORWARDED(RS1)),
		    AGE(5),
		    CLIENT_SENDS(SYN, .cport = 2, FORWARDED(RS1)),
		    AGE(1),
		    CLIENT_SENDS(SYN, .cport = 3, FORWARDED(RS1)),
		    OVER(RS1, 1),
		    AGE(5),
		    SWEEP(1),
		    LOAD(RS1, 3, 0),
		    OVER(RS1, 1),
		    AGE(50),
		    SWEEP(1),
		    LOAD(RS1, 2, 0),
		    OVER(RS1, 1),
		    SEQUENCE("-"),
		    AGE(5),
		    SWEEP(1),
		    LOAD(RS1, 1, 0),
		    OVER(RS1, 0),
		    SEQUENCE("AAA-"),
		    EVENT(OVERLOADED, 2),
		}},
	{"lower 0 is three quarters of upper", W_NAT,
	    .steps =
		{
		    ONE,
		    THRESHOLDS(RS1, 4, 0),
		    CLIENT_SENDS(SYN, FORWARDED(RS1)),
		    AGE(30),
		    SEQUENCE("AAA-"),
		    AGE(31),
		    SWEEP(1),
		    OVER(RS1, 1),
		    SEQUENCE("-"),
		    AGE(31),
		    SWEEP(3),
		    OVER(RS1, 0),
		    SEQUENCE("AAAA-"),
		}},
	{"upper 1", W_NAT | W_UDP, .steps = {ONE, THRESHOLDS(RS1, 1, 0), SEQUENCE("A-"), AGE(301), SWEEP(1), OVER(RS1, 0), SEQUENCE("A-")}},
	{"upper 0: never overloaded", W_NAT, .steps = {ONE, THRESHOLDS(RS1, 0, 0), SEQUENCE("AAAAAAAA"), OVER(RS1, 0)}},
	{"a connection in use goes on while its server is overloaded", W_NAT | W_DR,
	    .steps = {ONE, THRESHOLDS(RS1, 1, 0), CLIENT_SENDS(SYN, FORWARDED(RS1)), CLIENT_SENDS(ACK, FORWARDED(RS1)), OVER(RS1, 1)}},
	{"a port that is used anew", W_NAT,
	    .steps =
		{
		    ONE,
		    THRESHOLDS(RS1, 1, 0),
		    CLIENT_SENDS(SYN, FORWARDED(RS1)),
		    POKE(TIME_WAIT),
		    OVER(RS1, 1),
		    CLIENT_SENDS(SYN, FORWARDED(RS1)),
		    EVENT(REUSED, 1),
		    OVER(RS1, 1),
		    LOAD(RS1, 1, 0),
		}},
	{"eviction counts too", W_NAT, .slots = 16,
	    .steps =
		{
		    ONE,
		    THRESHOLDS(RS1, 16, 16),
		    FILL(15, ESTABLISHED),
		    CLIENT_SENDS(SYN, .cport = 1, FORWARDED(RS1)),
		    OVER(RS1, 1),
		    SERVER(RS2, 1),
		    WEIGHT(RS1, 0),
		    CLIENT_SENDS(SYN, .cport = 2, FORWARDED(RS2)),
		    EVENT(EVICT_HALF_OPEN, 1),
		    OVER(RS1, 0),
		    LOAD(RS1, 15, 0),
		}},
	{"a template is no connection", W_NAT | W_DR,
	    .steps =
		{
		    SERVICE(RR),
		    PERSISTENT(300, 0),
		    SERVER(RS1, 1),
		    THRESHOLDS(RS1, 2, 0),
		    SEQUENCE("A"),
		    TEMPLATES(RS1, 1),
		    OVER(RS1, 0),
		    SEQUENCE("A"),
		    OVER(RS1, 1),
		}},
	{"a client's template is followed to an overloaded server", W_NAT,
	    .steps = {SERVICE(RR), PERSISTENT(300, 0), SERVER(RS2, 1), SERVER(RS1, 1), THRESHOLDS(RS1, 2, 0), SEQUENCE("AAAA"),
		OVER(RS1, 1), LOAD(RS1, 4, 0), CLIENT_SENDS(SYN, .client = CLIENT2, FORWARDED(RS2))}},
};

ROWS(rows_thresholds);
