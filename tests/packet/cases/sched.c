/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Schedulers: which server gets which connection. A server added later stands earlier in the list. The sequences were worked out by hand
 * from the rules of ip_vs_*.c; what a kernel chose at length is in tests/golden/sched/.
 */
#include "tests/packet/rig.h"

#define THREE(sched, a, b, c) SERVICE(sched), SERVER(RS1, a), SERVER(RS2, b), SERVER(RS3, c)
#define THREE_FROM_LAST(sched, a, b, c) SERVICE(sched), SERVER(RS3, c), SERVER(RS2, b), SERVER(RS1, a)

#define NONE(sched)                                                                                                               \
	{#sched " with no server", W_NAT | W_PROTOS, .steps = {SERVICE(sched), CLIENT_SENDS(SYN, DROPPED(NO_SERVER)), CONNS(0)}}, \
	{                                                                                                                         \
		#sched " with quiesced servers only", W_NAT | W_PROTOS, .steps = {                                                \
			THREE(sched, 0, 0, 0),                                                                                    \
			CLIENT_SENDS(SYN, DROPPED(NO_SERVER)),                                                                    \
			CONNS(0),                                                                                                 \
			LOAD(RS1, 0, 0),                                                                                          \
		}                                                                                                                 \
	}

#define QUIESCE(sched)                                                                                           \
	{                                                                                                        \
		#sched ": a quiesced server keeps its connections and gets no new one", W_NAT | W_DR, .steps = { \
			SERVICE(sched),                                                                          \
			SERVER(RS1, 3),                                                                          \
			SEQUENCE("AA"),                                                                          \
			CLIENT_SENDS(SYN, FORWARDED(RS1)),                                                       \
			SERVER(RS2, 1),                                                                          \
			WEIGHT(RS1, 0),                                                                          \
			SEQUENCE("BBB"),                                                                         \
			CLIENT_SENDS(ACK, FORWARDED(RS1)),                                                       \
			LOAD(RS1, 3, 0),                                                                         \
			LOAD(RS2, 3, 0),                                                                         \
			WEIGHT(RS2, 0),                                                                          \
			SEQUENCE("--"),                                                                          \
			REASON(NO_SERVER, 2),                                                                    \
		}                                                                                                \
	}

static const struct row rows_sched_table[] = {
    NONE(RR),
    NONE(WRR),
    NONE(LC),
    NONE(WLC),
    NONE(LBLC),
    NONE(LBLCR),
    NONE(DH),
    NONE(SH),
    NONE(SED),
    NONE(NQ),
    NONE(FO),
    NONE(OVF),
    NONE(MH),
    NONE(TWOS),
    QUIESCE(RR),
    QUIESCE(WRR),
    QUIESCE(LC),
    QUIESCE(WLC),
    QUIESCE(LBLC),
    QUIESCE(LBLCR),
    QUIESCE(SED),
    QUIESCE(NQ),
    QUIESCE(FO),
    QUIESCE(TWOS),

    {"rr: newest first, round and round", W_NAT | W_DR | W_FAMILIES, .steps = {THREE(RR, 1, 1, 1), SEQUENCE("CBACBACBA")}},
    {"rr: weights other than 0 do not matter", W_NAT, .steps = {THREE(RR, 5, 1, 100), SEQUENCE("CBACBA")}},
    {"rr: weight 0 is passed over", W_NAT, .steps = {THREE(RR, 1, 0, 1), SEQUENCE("CACACA")}},
    {"rr: one server", W_NAT, .steps = {SERVICE(RR), SERVER(RS1, 1), SEQUENCE("AAAA")}},

    /* The first round is under the bar that the first server's weight set, divided by what has joined since: here 1. */
    {"wrr: 4, 3, 2", W_NAT | W_DR, .steps = {THREE_FROM_LAST(WRR, 4, 3, 2), SEQUENCE("ABCAABABCABCAABABC")}},
    {"wrr: equal weights are rr", W_NAT, .steps = {THREE(WRR, 1, 1, 1), SEQUENCE("CBACBA")}},
    {"wrr: equal larger weights are rr", W_NAT, .steps = {THREE(WRR, 7, 7, 7), SEQUENCE("CBACBA")}},
    {"wrr: 4 and 2 go by their divisor", W_NAT, .steps = {SERVICE(WRR), SERVER(RS2, 2), SERVER(RS1, 4), SEQUENCE("ABAABA")}},
    {"wrr: weight 0 is passed over", W_NAT, .steps = {THREE_FROM_LAST(WRR, 2, 0, 1), SEQUENCE("ACAACA")}},
    {"wrr: the list's order counts, not the weights'", W_NAT, .steps = {THREE(WRR, 4, 3, 2), SEQUENCE("CBAABACBACBAABACBA")}},
    {"wrr: 1 and 5", W_NAT, .steps = {SERVICE(WRR), SERVER(RS2, 5), SERVER(RS1, 1), SEQUENCE("ABBBBBABBBBB")}},
    {"wrr: one server of any weight", W_NAT, .steps = {SERVICE(WRR), SERVER(RS1, 65535), SEQUENCE("AAAA")}},
    {"wrr: weights far apart", W_NAT, .steps = {SERVICE(WRR), SERVER(RS2, 65535), SERVER(RS1, 1), SEQUENCE("ABBBBBBB")}},

    {"lc: ties go to the first in the list", W_NAT, .steps = {THREE(LC, 1, 1, 1), SEQUENCE("CBACBA")}},
    {"lc: weights other than 0 do not matter", W_NAT, .steps = {THREE(LC, 1, 50, 1), SEQUENCE("CBACBA")}},
    {"lc: weight 0 is passed over", W_NAT, .steps = {THREE(LC, 1, 0, 1), SEQUENCE("CACA")}},
    {"lc: an inactive connection weighs less than an active one", W_NAT,
	.steps =
	    {
		SERVICE(LC),
		SERVER(RS1, 1),
		CLIENT_SENDS(SYN, FORWARDED(RS1)),
		POKE(FIN_WAIT),
		SERVER(RS2, 1),
		SEQUENCE("BA"),
		LOAD(RS1, 1, 1),
		LOAD(RS2, 1, 0),
		SEQUENCE("BA"),
	    }},
    {"lc: UDP counts inactive connections", W_NAT | W_UDP, .steps = {THREE(LC, 1, 1, 1), SEQUENCE("CBACBA"), LOAD(RS1, 0, 2)}},

    {"wlc: idle servers: the first in the list, whatever its weight", W_NAT, .steps = {THREE(WLC, 9, 5, 1), SEQUENCE("CBA")}},
    {"wlc: 1 and 3", W_NAT, .steps = {SERVICE(WLC), SERVER(RS1, 1), SERVER(RS2, 3), SEQUENCE("BABBBABBBA")}},
    {"wlc: equal weights are lc", W_NAT, .steps = {THREE(WLC, 4, 4, 4), SEQUENCE("CBACBA")}},
    {"wlc: weight 0 is passed over", W_NAT, .steps = {THREE(WLC, 1, 0, 1), SEQUENCE("CACA")}},
    {"wlc: the largest weights do not overflow", W_NAT,
	.steps = {SERVICE(WLC), SERVER(RS1, 2147483647), SERVER(RS2, 2147483647), SEQUENCE("BABABA")}},

    {"sed: 1 and 3", W_NAT, .steps = {SERVICE(SED), SERVER(RS1, 1), SERVER(RS2, 3), SEQUENCE("BBBABBBA")}},
    {"sed: equal weights: the first in the list", W_NAT, .steps = {THREE(SED, 1, 1, 1), SEQUENCE("CBACBA")}},
    {"nq: an idle server first, then as sed", W_NAT, .steps = {SERVICE(NQ), SERVER(RS1, 1), SERVER(RS2, 3), SEQUENCE("BABBBBBA")}},
    {"nq: UDP is never active: always the first", W_NAT | W_UDP, .steps = {THREE(NQ, 1, 1, 1), SEQUENCE("CCCC")}},
    {"fo: the largest weight as long as it is there", W_NAT | W_FAMILIES,
	.steps = {THREE(FO, 1, 9, 5), SEQUENCE("BBB"), WEIGHT(RS2, 0), SEQUENCE("CC"), UNSERVER(RS3), SEQUENCE("AA"), WEIGHT(RS2, 9),
	    SEQUENCE("B")}},
    {"ovf: up to one more than the weight, then the next", W_NAT,
	.steps = {THREE(OVF, 1, 3, 0), SEQUENCE("BBBBAA--"), REASON(NO_SERVER, 2)}},
    {"dh: one destination, one server, whatever the weights", W_NAT | W_FAMILIES, .steps = {SERVICE(DH), SERVER(RS1, 5), SEQUENCE("AAA")}},
    {"sh: one client, one server", W_NAT | W_FAMILIES, .steps = {SERVICE(SH), SERVER(RS1, 5), SEQUENCE("AAA")}},
    {"mh: one client, one server", W_NAT | W_FAMILIES, .steps = {SERVICE(MH), SERVER(RS1, 5), SEQUENCE("AAA")}},
    {"mh: a quiesced server keeps its place, and its clients find nobody", W_NAT,
	.steps = {SERVICE(MH), SERVER(RS1, 5), WEIGHT(RS1, 0), SEQUENCE("--"), WEIGHT(RS1, 1), SEQUENCE("A")}},
    {"lblc: a destination stays where it is until that is busy and another is not", W_NAT,
	.steps = {SERVICE(LBLC), SERVER(RS1, 3), SERVER(RS2, 3), SEQUENCE("BBBBA"), LOAD(RS2, 4, 0)}},
    {"lblcr: the next joins the set", W_NAT, .steps = {SERVICE(LBLCR), SERVER(RS1, 3), SERVER(RS2, 3), SEQUENCE("BBBBAAA")}},
};

ROWS(rows_sched);
