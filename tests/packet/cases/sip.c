/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --pe sip: what is taken for a Call-ID, and that a call stays on its server. The express lane passes up what would begin a connection. */
#include "tests/packet/rig.h"

#include <string.h>

#define CALLS SERVICE(RR), FLAG(PERSISTENT), PERSISTENT(300, 0), CALL(with_sip), SERVER(RS2, 1), SERVER(RS1, 1)
#define SAYS(text_) .text = text_
#define INVITE(headers_) SAYS("INVITE sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/UDP pc\r\n" headers_ "CSeq: 1 INVITE\r\n\r\nv=0\r\n")
#define CALL_ID(id_) INVITE("Call-ID: " id_ "\r\n")
#define TO_RS1 FORWARDED(RS1), EXPRESS_PASSES
#define TO_RS2 FORWARDED(RS2), EXPRESS_PASSES
#define REFUSED DROPPED(NO_CALL_ID), EXPRESS_PASSES

static const char *with_sip(struct rig *rig)
{
	rig->svc.pe = SL_PE_SIP;
	rig_commit(rig);
	return NULL;
}

/* A message that is taken for call "abc@pc": it follows the one before. And one that is not. */
#define IS_ABC(name, message)                                                         \
	{                                                                             \
		name, W_DR | W_UDP, IN_FULL, .steps = {                               \
			CALLS,                                                        \
			CLIENT_SENDS(CALL_ID("other"), TO_RS1),                       \
			CLIENT_SENDS(.cport = 2, CALL_ID("abc@pc"), TO_RS2),          \
			CLIENT_SENDS(.cport = 3, .client = CLIENT2, message, TO_RS2), \
			CLIENT_SENDS(.cport = 4, .client = CLIENT2, message, TO_RS2), \
			CONNS(4),                                                     \
			TEMPLATES(RS2, 1),                                            \
		}                                                                     \
	}
#define IS_NONE(name, message)                                                                                               \
	{                                                                                                                    \
		name, W_DR | W_UDP, IN_FULL, .steps = { CALLS, CLIENT_SENDS(message, REFUSED), CONNS(0), TEMPLATES(RS1, 0) } \
	}

#define TEN "1234567890"
#define FIFTY TEN TEN TEN TEN TEN
#define LONGEST FIFTY FIFTY FIFTY FIFTY FIFTY "12345"
#define KILO FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY

static const struct row rows_sip_table[] =
    {
	{"a call stays on its server, whatever address and port it comes from", W_NAT | W_DR | W_TUN | W_UDP | W_FAMILIES,
	    .steps =
		{
		    CALLS,
		    CLIENT_SENDS(CALL_ID("one@pc"), TO_RS1),
		    CLIENT_SENDS(.client = CLIENT2, CALL_ID("one@pc"), TO_RS1),
		    CLIENT_SENDS(.cport = 2, CALL_ID("two@pc"), TO_RS2),
		    CLIENT_SENDS(.cport = 3, CALL_ID("one@pc"), TO_RS1),
		    CLIENT_SENDS(.client = CLIENT2, .cport = 4, CALL_ID("two@pc"), TO_RS2),
		}},
	{"what comes after the first message goes by its connection", W_NAT | W_DR | W_UDP, IN_FULL,
	    .steps = {CALLS, CLIENT_SENDS(CALL_ID("one@pc"), TO_RS1), CLIENT_SENDS(SAYS("no SIP at all"), FORWARDED(RS1)),
		TEMPLATES(RS1, 1), CONNS(1)}},
	{"... in the express lane too", W_NAT | W_DR | W_UDP, IN_EXPRESS,
	    .steps = {CALLS, CLIENT_SENDS(CALL_ID("one@pc"), .other_lane = true, FORWARDED(RS1)), CLIENT_SENDS(SAYS("x"), FORWARDED(RS1)),
		CONNS(1)}},
	{"one-packet: every message goes by its Call-ID", W_NAT | W_DR | W_UDP, IN_FULL,
	    .steps = {CALLS, FLAG(ONEPACKET), CLIENT_SENDS(CALL_ID("one"), TO_RS1), CLIENT_SENDS(CALL_ID("two"), TO_RS2),
		CLIENT_SENDS(CALL_ID("one"), TO_RS1), CLIENT_SENDS(SAYS("x"), REFUSED), CONNS(0), TEMPLATES(RS1, 1), TEMPLATES(RS2, 1)}},

	IS_ABC("Call-ID: in any case", INVITE("cAlL-iD: abc@pc\r\n")),
	IS_ABC("Call-ID: the compact form", INVITE("i: abc@pc\r\n")),
	IS_ABC("Call-ID: the compact form, great", INVITE("I:abc@pc\r\n")),
	IS_ABC("Call-ID: no space", INVITE("Call-ID:abc@pc\r\n")),
	IS_ABC("Call-ID: white space around the colon", INVITE("Call-ID \t : \t abc@pc\r\n")),
	IS_ABC("Call-ID: white space behind", INVITE("Call-ID: abc@pc \t \r\n")),
	IS_ABC("Call-ID: folded before the value", INVITE("Call-ID:\r\n abc@pc\r\n")),
	IS_ABC("Call-ID: folded more than once", INVITE("Call-ID: \r\n \r\n\tabc@pc\r\n")),
	IS_ABC("Call-ID: folded after the value", INVITE("Call-ID: abc@pc\r\n \r\n")),
	IS_ABC("Call-ID: lines that end with LF", SAYS("BYE sip:a SIP/2.0\nFrom: x\nCall-ID: abc@pc\nTo: y\n\n")),
	IS_ABC("Call-ID: lines that end with CR", SAYS("BYE sip:a SIP/2.0\rFrom: x\rCall-ID: abc@pc\rTo: y\r\r")),
	IS_ABC("Call-ID: at the very end", SAYS("BYE sip:a SIP/2.0\r\nCall-ID: abc@pc\r\n")),
	IS_ABC("Call-ID: of an answer", SAYS("SIP/2.0 200 OK\r\nCall-ID: abc@pc\r\n\r\n")),
	IS_ABC("Call-ID: the first of two", INVITE("Call-ID: abc@pc\r\nCall-ID: second\r\n")),
	IS_ABC("Call-ID: after names that begin alike",
	    INVITE("Call: a\r\nCall-IDs: b\r\nCall-I\r\nInfo: c\r\nCall-Info: d\r\nCall-ID: abc@pc\r\n")),
	IS_ABC("Call-ID: after a folded line that looks like one", INVITE("Subject: x\r\n Call-ID: no\r\nCall-ID: abc@pc\r\n")),
	IS_ABC("Call-ID: the first line is no header", SAYS("i: no\r\nCall-ID: abc@pc\r\n\r\n")),
	IS_NONE("Call-ID: in the body only", SAYS("INVITE sip:a SIP/2.0\r\nVia: x\r\n\r\nCall-ID: abc@pc\r\n")),
	IS_NONE("Call-ID: none", INVITE("From: x\r\n")),
	IS_NONE("Call-ID: empty", INVITE("Call-ID:\r\n")),
	IS_NONE("Call-ID: white space only", INVITE("Call-ID: \t \r\n")),
	IS_NONE("Call-ID: two words", INVITE("Call-ID: abc pc\r\n")),
	IS_NONE("Call-ID: folded in the middle", INVITE("Call-ID: abc\r\n pc\r\n")),
	IS_NONE("Call-ID: a control character", INVITE("Call-ID: abc\001pc\r\n")),
	IS_NONE("Call-ID: cut off", SAYS("INVITE sip:a SIP/2.0\r\nCall-ID: abc@pc")),
	IS_NONE("Call-ID: cut off in the name", SAYS("INVITE sip:a SIP/2.0\r\nCall-I")),
	IS_NONE("a keep-alive", SAYS("\r\n\r\n")),
	IS_NONE("one byte", SAYS("x")),
	{"an empty datagram", W_DR | W_UDP, IN_FULL, .steps = {CALLS, CLIENT_SENDS(.empty = true, REFUSED), CONNS(0)}},
	{"the longest Call-ID", W_DR | W_UDP, IN_FULL,
	    .steps = {CALLS, CLIENT_SENDS(CALL_ID(LONGEST), TO_RS1), CLIENT_SENDS(.cport = 2, CALL_ID("x"), TO_RS2),
		CLIENT_SENDS(.cport = 3, CALL_ID(LONGEST), TO_RS1)}},
	IS_NONE("one that is longer", CALL_ID(LONGEST "6")),
	{"Call-IDs differ in every character, also in case", W_DR | W_UDP, IN_FULL,
	    .steps = {CALLS, CLIENT_SENDS(CALL_ID("abcdefgh1"), TO_RS1), CLIENT_SENDS(.cport = 2, CALL_ID("abcdefgh2"), TO_RS2),
		CLIENT_SENDS(.cport = 3, CALL_ID("Abcdefgh1"), TO_RS1), CLIENT_SENDS(.cport = 4, CALL_ID("abcdefgh"), TO_RS2),
		CLIENT_SENDS(.cport = 5, CALL_ID("abcdefgh1"), TO_RS1), TEMPLATES(RS1, 2), TEMPLATES(RS2, 2)}},
	IS_ABC("a long message", INVITE("X: " KILO "\r\nCall-ID: abc@pc\r\n")),

	{"a server's own request: its dialog gets a connection", W_NAT | W_UDP | W_FAMILIES, IN_FULL,
	    .steps =
		{
		    CALLS,
		    ORIGIN(RS2),
		    SERVER_SENDS(.rs = RS2, CALL_ID("out@rs2"), .want = WANT_REPLY),
		    CONNS(1),
		    TEMPLATES(RS2, 1),
		    ASSURED(1, 0, 0),
		    STATS(RS2, 1, 0, 1),
		    CLIENT_SENDS(SAYS("SIP/2.0 200 OK\r\n"), FORWARDED(RS2)),
		    CLIENT_SENDS(.client = CLIENT2, CALL_ID("out@rs2"), TO_RS2),
		    SERVER_SENDS(.rs = RS2, SAYS("x"), .want = WANT_REPLY),
		    STATS(RS2, 2, 2, 2),
		}},
	{"... a call that another server had moves to it", W_NAT | W_UDP, IN_FULL,
	    .steps = {CALLS, ORIGIN(RS2), CLIENT_SENDS(CALL_ID("one"), TO_RS1),
		SERVER_SENDS(.rs = RS2, .cport = 7, CALL_ID("one"), .want = WANT_REPLY), CLIENT_SENDS(.cport = 8, CALL_ID("one"), TO_RS2)}},
	{"... without a Call-ID it is not the service's", W_NAT | W_UDP, IN_FULL,
	    .steps = {CALLS, ORIGIN(RS2), SERVER_SENDS(.rs = RS2, SAYS("no SIP"), PASSED), CONNS(0)}},
	{"... one-packet: it needs no connection", W_NAT | W_UDP, IN_FULL,
	    .steps = {CALLS, FLAG(ONEPACKET), ORIGIN(RS2), SERVER_SENDS(.rs = RS2, CALL_ID("out"), .want = WANT_REPLY), CONNS(0),
		TEMPLATES(RS2, 1), CLIENT_SENDS(CALL_ID("out"), TO_RS2)}},
};

ROWS(rows_sip);
