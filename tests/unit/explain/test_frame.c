// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames that are made can be read, their checksums are right, and a length that is changed keeps them so. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/addr.h"
#include "sluiced/explain/frame.h"

#define ETH 14

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 0x12};

static uint16_t sum(const uint8_t *p, size_t len, uint32_t s)
{
	for (size_t i = 0; i < len; i++)
		s += i % 2 ? p[i] : p[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static struct frame_flow flow(const char *src, const char *dst, uint8_t proto, const char *payload)
{
	struct frame_flow f = {
	    .sport = htons(4000), .dport = htons(80), .proto = proto, .tcp_flags = 2, .payload = payload, .payload_len = strlen(payload)};

	assert_int_equal(addr_parse(src, f.src.b), 0);
	assert_int_equal(addr_parse(dst, f.dst.b), 0);
	return f;
}

static const struct row {
	const char *src, *dst;
	uint8_t proto;
	const char *payload;
} rows[] = {
    {"198.51.100.7", "192.0.2.1", IPPROTO_TCP, ""},
    {"198.51.100.7", "192.0.2.1", IPPROTO_UDP, ""},
    {"198.51.100.7", "192.0.2.1", IPPROTO_UDP, "odd"},
    {"2001:db8::7", "2001:db8::1", IPPROTO_TCP, ""},
    {"2001:db8::7", "2001:db8::1", IPPROTO_UDP, "INVITE sip:x"},
};

static void made_and_read(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame_flow f = flow(rows[i].src, rows[i].dst, rows[i].proto, rows[i].payload), back;
		uint8_t frame[1600];
		int len = frame_make(&f, mac, frame, sizeof(frame));
		size_t l3 = addr_is_v4(f.src.b) ? 20 : 40;

		assert_true(len > 0);
		assert_memory_equal(frame, mac, 6);
		assert_int_equal(frame_read(frame, len, &back), 0);
		assert_memory_equal(&back.src, &f.src, 16);
		assert_memory_equal(&back.dst, &f.dst, 16);
		assert_int_equal(back.sport, f.sport);
		assert_int_equal(back.dport, f.dport);
		assert_int_equal(back.tcp_flags, f.proto == IPPROTO_TCP ? 2 : 0);
		if (l3 == 20)
			assert_int_equal(sum(frame + ETH, 20, 0), 0xffff);
		/* pseudo-header: the addresses are the end of layer 3 in either family */
		assert_int_equal(
		    sum(frame + ETH + l3 - (l3 == 20 ? 8 : 32), len - ETH - l3 + (l3 == 20 ? 8 : 32), f.proto + len - ETH - l3), 0xffff);
	}
}

static void too_long(void **state)
{
	static char payload[2000];
	struct frame_flow f;
	uint8_t frame[1600];

	memset(payload, 'x', sizeof(payload) - 1);
	f = flow("198.51.100.7", "192.0.2.1", IPPROTO_UDP, payload);
	assert_int_equal(frame_make(&f, mac, frame, sizeof(frame)), -EMSGSIZE);
}

static void lengthened(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame_flow f = flow(rows[i].src, rows[i].dst, rows[i].proto, rows[i].payload);
		uint8_t frame[1600], was[1600];
		int len = frame_make(&f, mac, frame, sizeof(frame));

		memcpy(was, frame, len);
		frame_lengthen(frame, len, 1000);
		assert_true(memcmp(was, frame, len) != 0);
		if (addr_is_v4(f.src.b))
			assert_int_equal(sum(frame + ETH, 20, 0), 0xffff);
		frame_lengthen(frame, len, -1000);
		assert_memory_equal(was, frame, len);
		frame_lengthen(frame, len, 70000);
		assert_memory_equal(was, frame, len);
	}
}

static void no_flow(void **state)
{
	struct frame_flow f = flow("198.51.100.7", "192.0.2.1", IPPROTO_TCP, ""), back;
	uint8_t frame[1600];
	int len = frame_make(&f, mac, frame, sizeof(frame));

	for (int cut = 0; cut < ETH + 20 + 14; cut++)
		assert_int_equal(frame_read(frame, cut, &back), -EPROTO);
	frame[ETH + 9] = IPPROTO_ICMP;
	assert_int_equal(frame_read(frame, len, &back), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(made_and_read), cmocka_unit_test(too_long), cmocka_unit_test(lengthened), cmocka_unit_test(no_flow)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
