/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/output/frame.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ETH_LEN 14
#define MAX_LAYERS 8 /* of IP in IP, and so on */

/* A frame that is being read, and the text that is being made of it. */
struct reader {
	const uint8_t *at;
	size_t left;
	char *text;
	size_t used;
	bool brief;
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	bool v6;
};

static __attribute__((format(printf, 2, 3))) void say(struct reader *r, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(r->text + r->used, FRAME_TEXT - r->used, format, args);
	va_end(args);
	r->used = n < 0 || r->used + n >= FRAME_TEXT ? FRAME_TEXT - 1 : r->used + n;
}

static uint16_t be16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static bool step(struct reader *r, size_t len)
{
	if (len > r->left)
		return false;
	r->at += len;
	r->left -= len;
	return true;
}

static void ports(struct reader *r, const char *proto)
{
	const char *open = r->v6 ? "[" : "", *close = r->v6 ? "]" : "";

	if (r->brief)
		say(r, "%s %s%s%s:%u > %s%s%s:%u", proto, open, r->src, close, be16(r->at), open, r->dst, close, be16(r->at + 2));
	else
		say(r, ", %s %u > %u", proto, be16(r->at), be16(r->at + 2));
}

static void flags(struct reader *r, uint8_t bits)
{
	static const char letters[] = "FSRP.U";

	say(r, " ");
	for (int i = 0; letters[i]; i++)
		if (bits & 1 << i)
			say(r, "%c", letters[i]);
}

static void unknown(struct reader *r, const char *what, unsigned number)
{
	if (r->brief && r->src[0])
		say(r, "%s %u %s > %s", what, number, r->src, r->dst);
	else
		say(r, "%s%s %u", r->brief ? "" : ", ", what, number);
}

/* Layer 4. Returns the EtherType of a packet inside, or 0. */
static unsigned layer4(struct reader *r, unsigned proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		if (r->left < 14)
			break;
		ports(r, r->brief ? "tcp" : "TCP");
		flags(r, r->at[13]);
		return 0;
	case IPPROTO_UDP:
		if (r->left < 8)
			break;
		ports(r, r->brief ? "udp" : "UDP");
		return 0;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (r->left < 2)
			break;
		say(r, "%sICMP type %u code %u", r->brief ? "" : ", ", r->at[0], r->at[1]);
		return 0;
	case IPPROTO_IPIP: return 0x0800;
	case IPPROTO_IPV6: return 0x86dd;
	case IPPROTO_GRE:
		if (r->left < 4)
			break;
		proto = be16(r->at + 2);
		say(r, "%s", r->brief ? "" : ", GRE");
		return step(r, r->at[0] & 0x80 ? 8 : 4) ? proto : 0;
	}
	unknown(r, "protocol", proto);
	return 0;
}

static unsigned ipv4(struct reader *r)
{
	unsigned proto, len = (r->at[0] & 15) * 4;
	const uint8_t *ip = r->at;

	r->v6 = false;
	inet_ntop(AF_INET, ip + 12, r->src, sizeof(r->src));
	inet_ntop(AF_INET, ip + 16, r->dst, sizeof(r->dst));
	proto = ip[9];
	if (!r->brief)
		say(r, ", IPv4 %s > %s ttl %u", r->src, r->dst, ip[8]);
	if (be16(ip + 6) & 0x1fff) {
		say(r, r->brief ? "fragment %s > %s" : ", fragment", r->src, r->dst);
		return 0;
	}
	return len >= 20 && step(r, len) ? layer4(r, proto) : 0;
}

static unsigned ipv6(struct reader *r)
{
	const uint8_t *ip = r->at;
	unsigned proto = ip[6];

	r->v6 = true;
	inet_ntop(AF_INET6, ip + 8, r->src, sizeof(r->src));
	inet_ntop(AF_INET6, ip + 24, r->dst, sizeof(r->dst));
	if (!r->brief)
		say(r, ", IPv6 %s > %s hop limit %u", r->src, r->dst, ip[7]);
	step(r, 40);
	return layer4(r, proto);
}

static void read_frame(struct reader *r)
{
	const uint8_t *eth = r->at;
	unsigned type;

	if (r->left < ETH_LEN) {
		say(r, "%zu bytes", r->left);
		return;
	}
	type = be16(eth + 12);
	if (!r->brief)
		say(r, "%02x:%02x:%02x:%02x:%02x:%02x > %02x:%02x:%02x:%02x:%02x:%02x", eth[6], eth[7], eth[8], eth[9], eth[10], eth[11],
		    eth[0], eth[1], eth[2], eth[3], eth[4], eth[5]);
	step(r, ETH_LEN);
	for (int i = 0; type && i < MAX_LAYERS; i++) {
		if (type == 0x0800 && r->left >= 20)
			type = ipv4(r);
		else if (type == 0x86dd && r->left >= 40)
			type = ipv6(r);
		else
			break;
	}
	if (type)
		unknown(r, "type", type);
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t frame_bytes(const char *hex, uint8_t *ret_bytes, size_t size)
{
	size_t n = 0;

	for (; hex && n < size; n++, hex += 2) {
		int high = digit(hex[0]), low = high < 0 ? -1 : digit(hex[1]);

		if (low < 0)
			break;
		ret_bytes[n] = high << 4 | low;
	}
	return n;
}

static const char *text_of(const uint8_t *frame, size_t len, bool brief, char text[FRAME_TEXT])
{
	struct reader r = {.at = frame, .left = len, .text = text, .brief = brief};

	text[0] = '\0';
	read_frame(&r);
	return text;
}

const char *frame_brief(const uint8_t *frame, size_t len, char text[FRAME_TEXT])
{
	return text_of(frame, len, true, text);
}

const char *frame_full(const uint8_t *frame, size_t len, char text[FRAME_TEXT])
{
	return text_of(frame, len, false, text);
}
