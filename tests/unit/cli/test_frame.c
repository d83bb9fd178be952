// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames in words, and captures. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/output/frame.h"
#include "cli/output/pcapng.h"

#define ETH4                       \
	"020000000012020000000001" \
	"0800"
#define ETH6                       \
	"020000000012020000000001" \
	"86dd"
#define IP4(proto, rest)   \
	"4500002800004000" \
	"40" proto "0000"  \
	"c6336407"         \
	"c0000201" rest

static const struct row {
	const char *hex, *brief, *full;
} rows[] = {
    {ETH4 IP4("06", "0fa00050000000010000000050020000"), "tcp 198.51.100.7:4000 > 192.0.2.1:80 S",
	"02:00:00:00:00:01 > 02:00:00:00:00:12, IPv4 198.51.100.7 > 192.0.2.1 ttl 64, TCP 4000 > 80 S"},
    {ETH4 IP4("11", "0fa0003500080000"), "udp 198.51.100.7:4000 > 192.0.2.1:53",
	"02:00:00:00:00:01 > 02:00:00:00:00:12, IPv4 198.51.100.7 > 192.0.2.1 ttl 64, UDP 4000 > 53"},
    {ETH4 IP4("04", IP4("11", "0fa0003500080000")), "udp 198.51.100.7:4000 > 192.0.2.1:53",
	"02:00:00:00:00:01 > 02:00:00:00:00:12, IPv4 198.51.100.7 > 192.0.2.1 ttl 64, IPv4 198.51.100.7 > 192.0.2.1 ttl 64, UDP 4000 > 53"},
    {ETH4 IP4("01", "0800"), "ICMP type 8 code 0",
	"02:00:00:00:00:01 > 02:00:00:00:00:12, IPv4 198.51.100.7 > 192.0.2.1 ttl 64, ICMP type 8 code 0"},
    {ETH4 IP4("2f", "00000800" IP4("11", "0fa0003500080000")), "udp 198.51.100.7:4000 > 192.0.2.1:53",
	"02:00:00:00:00:01 > 02:00:00:00:00:12, IPv4 198.51.100.7 > 192.0.2.1 ttl 64, GRE, IPv4 198.51.100.7 > 192.0.2.1 ttl 64, UDP 4000 "
	"> 53"},
    {ETH6 "6000000000141140"
	  "20010db8000000000000000000000007"
	  "20010db8000000000000000000000001"
	  "0fa0003500080000",
	"udp [2001:db8::7]:4000 > [2001:db8::1]:53",
	"02:00:00:00:00:01 > 02:00:00:00:00:12, IPv6 2001:db8::7 > 2001:db8::1 hop limit 64, UDP 4000 > 53"},
    {ETH4 "450000280000400040060000c6336407c0000201"
	  "0fa0",
	"protocol 6 198.51.100.7 > 192.0.2.1", "02:00:00:00:00:01 > 02:00:00:00:00:12, IPv4 198.51.100.7 > 192.0.2.1 ttl 64, protocol 6"},
    {"0200000000120200000000010806", "type 2054", "02:00:00:00:00:01 > 02:00:00:00:00:12, type 2054"},
    {"0200", "2 bytes", "2 bytes"},
    {"", "0 bytes", "0 bytes"},
};

static void words(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t bytes[256];
		char text[FRAME_TEXT];
		size_t len = frame_bytes(rows[i].hex, bytes, sizeof(bytes));

		assert_string_equal(frame_brief(bytes, len, text), rows[i].brief);
		assert_string_equal(frame_full(bytes, len, text), rows[i].full);
	}
}

/* Every beginning of every frame, and every frame with each byte changed: nothing outside the bytes is read (the sanitizers would tell). */
static void cut_and_bent(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t whole[256];
		size_t len = frame_bytes(rows[i].hex, whole, sizeof(whole));

		for (size_t cut = 0; cut <= len; cut++) {
			uint8_t *bytes = malloc(cut + !cut);
			char text[FRAME_TEXT];

			memcpy(bytes, whole, cut);
			frame_full(bytes, cut, text);
			assert_true(strlen(text) < FRAME_TEXT);
			for (size_t at = 0; at < cut; at++) {
				bytes[at] ^= 0xff;
				frame_full(bytes, cut, text);
				frame_brief(bytes, cut, text);
				bytes[at] ^= 0xff;
			}
			free(bytes);
		}
	}
}

static void hexadecimal(void **state)
{
	uint8_t bytes[4];

	assert_int_equal(frame_bytes(NULL, bytes, sizeof(bytes)), 0);
	assert_int_equal(frame_bytes("0a1", bytes, sizeof(bytes)), 1);
	assert_int_equal(bytes[0], 0x0a);
	assert_int_equal(frame_bytes("zz", bytes, sizeof(bytes)), 0);
	assert_int_equal(frame_bytes("0102030405", bytes, sizeof(bytes)), 4);
}

static uint32_t word(const char *file, size_t at)
{
	uint32_t value;

	memcpy(&value, file + at, sizeof(value));
	return value;
}

/* The blocks follow one another, each framed by its length; an interface is described once. */
static void blocks(void **state)
{
	static const uint32_t types[] = {0x0a0d0d0a, 1, 6, 6};
	struct pcapng_packet packet = {"eth0", false, 1, (const uint8_t *)"12345", 5, 60, "sent"};
	struct pcapng *pcapng;
	size_t size = 0, at = 0;
	char *file = NULL;
	FILE *stream = open_memstream(&file, &size);

	pcapng = pcapng_new(stream);
	assert_non_null(pcapng);
	assert_int_equal(pcapng_write(pcapng, &packet), 0);
	packet.outbound = true;
	assert_int_equal(pcapng_write(pcapng, &packet), 0);
	pcapng_free(pcapng);
	fclose(stream);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		uint32_t len = word(file, at + 4);

		assert_int_equal(word(file, at), types[i]);
		assert_int_equal(len % 4, 0);
		assert_true(at + len <= size);
		assert_int_equal(word(file, at + len - 4), len);
		at += len;
	}
	assert_int_equal(at, size);
	free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words), cmocka_unit_test(cut_and_bent), cmocka_unit_test(hexadecimal), cmocka_unit_test(blocks)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
