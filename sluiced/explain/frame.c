/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/explain/frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "base/addr.h"

#define TTL 64

/* One's complement sum of 16-bit words (RFC 1071). */
static uint32_t sum(uint32_t s, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		s += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return s;
}

static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return htons((uint16_t)~s);
}

/* The checksum of layer 4: pseudo-header (addresses, length, protocol) and all that follows. */
static uint16_t l4_check(const struct frame_flow *flow, const void *l4, size_t len)
{
	size_t skip = addr_is_v4(flow->src.b) ? 12 : 0;
	uint32_t s = sum(0, flow->src.b + skip, 16 - skip);

	s = sum(s, flow->dst.b + skip, 16 - skip) + flow->proto + (uint32_t)len;
	return fold(sum(s, l4, len));
}

static size_t make_l4(const struct frame_flow *flow, uint8_t *at)
{
	if (flow->proto == IPPROTO_UDP) {
		size_t len = sizeof(struct udphdr) + flow->payload_len;
		struct udphdr udp = {.source = flow->sport, .dest = flow->dport, .len = htons((uint16_t)len)};

		memcpy(at, &udp, sizeof(udp));
		if (flow->payload_len)
			memcpy(at + sizeof(udp), flow->payload, flow->payload_len);
		udp.check = l4_check(flow, at, len) ?: 0xffff;
		memcpy(at, &udp, sizeof(udp));
		return len;
	}
	struct tcphdr tcp = {.source = flow->sport, .dest = flow->dport, .seq = htonl(1), .doff = 5, .window = htons(65535)};

	memcpy(at, &tcp, sizeof(tcp));
	at[13] = flow->tcp_flags;
	tcp.check = l4_check(flow, at, sizeof(tcp));
	memcpy(at + offsetof(struct tcphdr, check), &tcp.check, sizeof(tcp.check));
	return sizeof(tcp);
}

static void make_l3(const struct frame_flow *flow, uint8_t *at, size_t payload)
{
	struct ipv6hdr ip6 = {.version = 6, .payload_len = htons((uint16_t)payload), .nexthdr = flow->proto, .hop_limit = TTL};
	struct iphdr ip = {.version = 4,
	    .ihl = 5,
	    .tot_len = htons((uint16_t)(sizeof(ip) + payload)),
	    .ttl = TTL,
	    .protocol = flow->proto,
	    .frag_off = htons(0x4000)};

	if (!addr_is_v4(flow->src.b)) {
		memcpy(&ip6.saddr, flow->src.b, 16);
		memcpy(&ip6.daddr, flow->dst.b, 16);
		memcpy(at, &ip6, sizeof(ip6));
		return;
	}
	ip.saddr = flow->src.w[3];
	ip.daddr = flow->dst.w[3];
	ip.check = fold(sum(0, &ip, sizeof(ip)));
	memcpy(at, &ip, sizeof(ip));
}

int frame_make(const struct frame_flow *flow, const uint8_t dmac[6], uint8_t *ret_frame, size_t size)
{
	bool v4 = addr_is_v4(flow->src.b);
	size_t l3 = v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr), l4;
	struct ethhdr eth = {.h_source = {2, 0, 0, 0, 0, 1}, .h_proto = htons(v4 ? ETH_P_IP : ETH_P_IPV6)};

	if (flow->payload_len > size || ETH_HLEN + l3 + sizeof(struct tcphdr) + flow->payload_len > size)
		return -EMSGSIZE;
	memcpy(eth.h_dest, dmac, 6);
	memcpy(ret_frame, &eth, sizeof(eth));
	l4 = make_l4(flow, ret_frame + ETH_HLEN + l3);
	make_l3(flow, ret_frame + ETH_HLEN, l4);
	return (int)(ETH_HLEN + l3 + l4);
}

static void addr_v4(struct sl_addr *addr, __be32 v4)
{
	memset(addr->b, 0, sizeof(addr->b));
	addr->b[10] = addr->b[11] = 0xff;
	addr->w[3] = v4;
}

int frame_read(const uint8_t *frame, size_t len, struct frame_flow *ret_flow)
{
	struct frame_flow flow = {0};
	uint16_t type, ports[2];
	struct ipv6hdr ip6;
	struct iphdr ip;
	size_t l4;

	if (len < ETH_HLEN + sizeof(ip))
		return -EPROTO;
	memcpy(&type, frame + 12, 2);
	memcpy(&ip, frame + ETH_HLEN, sizeof(ip));
	if (type == htons(ETH_P_IP) && ip.ihl >= 5) {
		l4 = ETH_HLEN + ip.ihl * 4U;
		flow.proto = ip.protocol;
		addr_v4(&flow.src, ip.saddr);
		addr_v4(&flow.dst, ip.daddr);
	} else if (type == htons(ETH_P_IPV6) && len >= ETH_HLEN + sizeof(ip6)) {
		memcpy(&ip6, frame + ETH_HLEN, sizeof(ip6));
		l4 = ETH_HLEN + sizeof(ip6);
		flow.proto = ip6.nexthdr;
		memcpy(flow.src.b, &ip6.saddr, 16);
		memcpy(flow.dst.b, &ip6.daddr, 16);
	} else {
		return -EPROTO;
	}
	if ((flow.proto != IPPROTO_TCP && flow.proto != IPPROTO_UDP) || len < l4 + 14 * (flow.proto == IPPROTO_TCP) ||
	    len < l4 + sizeof(ports))
		return -EPROTO;
	memcpy(ports, frame + l4, sizeof(ports));
	flow.sport = ports[0];
	flow.dport = ports[1];
	flow.tcp_flags = flow.proto == IPPROTO_TCP ? frame[l4 + 13] : 0;
	*ret_flow = flow;
	return 0;
}

void frame_lengthen(uint8_t *frame, size_t len, int delta)
{
	uint16_t type;
	size_t at;
	int length;

	if (len < ETH_HLEN + sizeof(struct iphdr))
		return;
	memcpy(&type, frame + 12, 2);
	at = ETH_HLEN + (type == htons(ETH_P_IPV6) ? offsetof(struct ipv6hdr, payload_len) : offsetof(struct iphdr, tot_len));
	length = (frame[at] << 8 | frame[at + 1]) + delta;
	if (length < 0 || length > UINT16_MAX)
		return;
	frame[at] = length >> 8;
	frame[at + 1] = length & 0xff;
	if (type == htons(ETH_P_IP)) {
		struct iphdr ip;
		uint16_t check;

		memset(frame + ETH_HLEN + offsetof(struct iphdr, check), 0, 2);
		memcpy(&ip, frame + ETH_HLEN, sizeof(ip));
		check = ETH_HLEN + ip.ihl * 4U <= len ? fold(sum(0, frame + ETH_HLEN, ip.ihl * 4U)) : 0;
		memcpy(frame + ETH_HLEN + offsetof(struct iphdr, check), &check, 2);
	}
}
