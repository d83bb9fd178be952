/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/lib/pktbuild.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum { ETH = 14, P_IP = 0x0800, P_IP6 = 0x86dd, P_VLAN = 0x8100, P_QINQ = 0x88a8 };

/* A buffer that is written to its end and never beyond: `ok` turns false instead. */
struct out {
	uint8_t *data;
	size_t len, max;
	bool ok;
};

static uint8_t *out_room(struct out *o, size_t n)
{
	static uint8_t waste[PKT_MAX];

	if (!o->ok || n > o->max - o->len) {
		o->ok = false;
		return waste;
	}
	o->len += n;
	return memset(o->data + o->len - n, 0, n);
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

uint64_t pktbuild_sum(const void *data, size_t len, uint64_t sum)
{
	const uint8_t *p = data;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += get16(p + i);
	return len & 1 ? sum + (p[len - 1] << 8) : sum;
}

uint16_t pktbuild_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static bool is_v6(const struct pkt_ip *ip)
{
	return strchr(ip->src, ':') != NULL;
}

static void put_eth(struct out *o, const struct pkt_spec *s)
{
	uint8_t *p = out_room(o, 12);
	uint16_t type = s->ethertype ? s->ethertype : is_v6(&s->ip) ? P_IP6 : P_IP;

	if (s->dmac)
		memcpy(p, s->dmac, 6);
	if (s->smac)
		memcpy(p + 6, s->smac, 6);
	for (int i = 0; i < 2 && s->vlan[i]; i++) {
		p = out_room(o, 4);
		put16(p, i == 0 && s->vlan[1] ? P_QINQ : P_VLAN);
		put16(p + 2, s->vlan[i]);
	}
	put16(out_room(o, 2), type);
}

static uint8_t ip_ttl(const struct pkt_ip *ip)
{
	return ip->ttl_zero ? 0 : ip->ttl ? ip->ttl : 64;
}

static size_t put_ip4(struct out *o, const struct pkt_spec *s)
{
	const struct pkt_ip *ip = &s->ip;
	size_t at = o->len, hlen = 20 + ip->opt_len;
	uint8_t *p = out_room(o, hlen);

	p[0] = (ip->version ? ip->version : 4) << 4 | (ip->ihl ? ip->ihl : hlen / 4);
	p[1] = ip->tos;
	put16(p + 4, ip->id);
	put16(p + 6, (ip->df ? 0x4000 : 0) | (ip->mf ? 0x2000 : 0) | ip->frag_off / 8);
	p[8] = ip_ttl(ip);
	p[9] = s->proto;
	o->ok = o->ok && inet_pton(AF_INET, ip->src, p + 12) == 1 && inet_pton(AF_INET, ip->dst, p + 16) == 1;
	memset(p + 20, 1, ip->opt_len);
	return at;
}

static uint8_t ext_number(uint8_t ext)
{
	return ext == PKT_HBH ? 0 : ext;
}

static void put_ext(struct out *o, const struct pkt_ip *ip, uint8_t ext, uint8_t next)
{
	uint8_t *p = out_room(o, 8);

	p[0] = next;
	if (ext == 44) {
		put16(p + 2, ip->frag_off | (ip->mf ? 1 : 0));
		put32(p + 4, ip->id);
	} else if (ext == 51) { /* authentication header: length in words less 2; 16 bytes */
		p[1] = 2;
		out_room(o, 8);
	} else if (ext == 43) { /* a routing header with no segments left */
		p[2] = 253;
	} else {
		p[2] = 1; /* PadN of 4 */
		p[3] = 4;
	}
}

static size_t put_ip6(struct out *o, const struct pkt_spec *s)
{
	const struct pkt_ip *ip = &s->ip;
	size_t at = o->len;
	uint8_t *p = out_room(o, 40);

	put32(p, (uint32_t)(ip->version ? ip->version : 6) << 28 | ip->tos << 20 | ip->flow);
	p[6] = ip->ext[0] ? ext_number(ip->ext[0]) : s->proto;
	p[7] = ip_ttl(ip);
	o->ok = o->ok && inet_pton(AF_INET6, ip->src, p + 8) == 1 && inet_pton(AF_INET6, ip->dst, p + 24) == 1;
	for (int i = 0; i < PKT_EXTS && ip->ext[i]; i++)
		put_ext(o, ip, ip->ext[i], i + 1 < PKT_EXTS && ip->ext[i + 1] ? ext_number(ip->ext[i + 1]) : s->proto);
	return at;
}

/* Lengths and the header checksum, when all behind the header is there. */
static void end_ip(struct out *o, const struct pkt_spec *s, size_t at)
{
	uint8_t *p = o->data + at;

	if (!o->ok)
		return;
	if (is_v6(&s->ip)) {
		put16(p + 4, o->len - at - 40 + s->ip.len_add);
		return;
	}
	put16(p + 2, o->len - at + s->ip.len_add);
	put16(p + 10, pktbuild_fold(pktbuild_sum(p, 20 + s->ip.opt_len, 0)));
	if (s->bad & PKT_BAD_IP_SUM)
		put16(p + 10, get16(p + 10) + 1);
}

static size_t put_tcp(struct out *o, const struct pkt_spec *s)
{
	uint8_t *p = out_room(o, 20 + s->opt_len);

	put16(p, s->sport);
	put16(p + 2, s->dport);
	put32(p + 4, s->seq);
	put32(p + 8, s->ack);
	p[12] = (s->doff ? s->doff : 5 + s->opt_len / 4) << 4;
	p[13] = s->flags;
	put16(p + 14, 0x2000);
	memset(p + 20, 1, s->opt_len);
	return 16;
}

static size_t put_udp(struct out *o, const struct pkt_spec *s)
{
	uint8_t *p = out_room(o, 8);

	put16(p, s->sport);
	put16(p + 2, s->dport);
	put16(p + 4, 8 + s->payload + s->udp_len_add);
	return 6;
}

static size_t put_icmp(struct out *o, const struct pkt_spec *s)
{
	uint8_t *p = out_room(o, 8);

	p[0] = s->type;
	p[1] = s->code;
	put16(p + 4, s->sport);
	return 2;
}

/* Writes the transport header; returns where its checksum is in it, or 0 when it has none. */
static size_t put_l4(struct out *o, const struct pkt_spec *s)
{
	if (s->bad & PKT_NO_L4)
		return 0;
	switch (s->proto) {
	case IPPROTO_TCP: return put_tcp(o, s);
	case IPPROTO_UDP: return put_udp(o, s);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6: return put_icmp(o, s);
	default: return 0;
	}
}

/* Sum of the pseudo header in front of `len` bytes of `proto`, of the IP header at ip. */
static uint64_t pseudo(const uint8_t *ip, uint8_t proto, size_t len)
{
	if (ip[0] >> 4 == 6)
		return pktbuild_sum(ip + 8, 32, len + proto);
	return pktbuild_sum(ip + 12, 8, len + proto);
}

static void end_l4(struct out *o, const struct pkt_spec *s, size_t ip_at, size_t at, size_t csum)
{
	uint64_t sum = 0;
	uint16_t v;

	if (!o->ok || !csum || (s->bad & PKT_ZERO_L4_SUM))
		return;
	if (s->proto != IPPROTO_ICMP) {
		sum = s->proto + o->len - at;
		sum = is_v6(&s->ip) ? pktbuild_sum(o->data + ip_at + 8, 32, sum) : pktbuild_sum(o->data + ip_at + 12, 8, sum);
	}
	v = pktbuild_fold(pktbuild_sum(o->data + at, o->len - at, sum));
	if (s->proto == IPPROTO_UDP && !v)
		v = 0xffff;
	put16(o->data + at + csum, s->bad & PKT_BAD_L4_SUM ? v + 1 : v);
}

static void put_l3(struct out *o, const struct pkt_spec *s)
{
	size_t ip_at = is_v6(&s->ip) ? put_ip6(o, s) : put_ip4(o, s), at = o->len, csum = put_l4(o, s);

	if (s->inner)
		put_l3(o, s->inner);
	uint8_t *p = out_room(o, s->payload);

	for (int i = 0; i < s->payload; i++)
		p[i % PKT_MAX] = s->text ? s->text[i] : s->fill + i;
	end_l4(o, s, ip_at, at, csum);
	end_ip(o, s, ip_at);
}

size_t pktbuild(const struct pkt_spec *spec, uint8_t *buf, size_t max)
{
	struct out o = {.data = buf, .max = max, .ok = true};

	put_eth(&o, spec);
	put_l3(&o, spec);
	out_room(&o, spec->trailer);
	return o.ok ? o.len : 0;
}

size_t pktbuild_headers(const struct pkt_spec *spec)
{
	uint8_t buf[PKT_MAX];
	const struct pkt_spec *last = spec;
	size_t len = pktbuild(spec, buf, sizeof(buf)), tail = spec->trailer;

	for (; last; last = last->inner)
		tail += last->payload;
	return len > tail ? len - tail : 0;
}

/* Judging. */

/* Bounds of what is judged. */
struct view {
	const uint8_t *p;
	size_t len;
};

static const char *check_l3(struct view v, int depth);

static const char *check_l4(const uint8_t *ip, uint8_t proto, struct view v)
{
	size_t least = proto == IPPROTO_TCP ? 20 : 8;
	bool known = proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_ICMPV6 || proto == IPPROTO_ICMP;
	uint64_t sum = proto == IPPROTO_ICMP ? 0 : pseudo(ip, proto, v.len);

	if (!known)
		return NULL;
	if (v.len < least)
		return "transport header cut short";
	if (proto == IPPROTO_UDP && get16(v.p + 4) != v.len)
		return "UDP length is not that of the packet";
	if (proto == IPPROTO_UDP && !get16(v.p + 6))
		return ip[0] >> 4 == 6 ? "UDP over IPv6 without checksum" : NULL;
	return pktbuild_fold(pktbuild_sum(v.p, v.len, sum)) ? "transport checksum is wrong" : NULL;
}

static const char *check_payload(const uint8_t *ip, uint8_t proto, struct view v, int depth)
{
	if (proto == IPPROTO_IPIP || proto == IPPROTO_IPV6)
		return depth < 8 ? check_l3(v, depth + 1) : "nested too deeply";
	return check_l4(ip, proto, v);
}

static const char *check_ip4(struct view v, int depth)
{
	size_t hlen, total;

	if (v.len < 20)
		return "IPv4 header cut short";
	hlen = (v.p[0] & 15) * 4;
	total = get16(v.p + 2);
	if (hlen < 20 || hlen > total || total > v.len)
		return "IPv4 lengths do not fit";
	if (pktbuild_fold(pktbuild_sum(v.p, hlen, 0)))
		return "IPv4 header checksum is wrong";
	if (get16(v.p + 6) & 0x3fff)
		return NULL; /* a fragment: the transport checksum is the whole datagram's */
	return check_payload(v.p, v.p[9], (struct view){v.p + hlen, total - hlen}, depth);
}

static size_t ext_len(uint8_t number, const uint8_t *p)
{
	return number == 44 ? 8 : number == 51 ? (p[1] + 2) * 4 : (p[1] + 1) * 8;
}

static const char *check_ip6(struct view v, int depth)
{
	size_t at = 40, end;
	uint8_t next;

	if (v.len < 40)
		return "IPv6 header cut short";
	end = 40 + get16(v.p + 4);
	if (end > v.len)
		return "IPv6 payload length does not fit";
	for (next = v.p[6]; next == 0 || next == 43 || next == 44 || next == 51 || next == 60;) {
		if (at + 8 > end)
			return "extension header cut short";
		if (next == 44 && (get16(v.p + at + 2) & 0xfff9))
			return NULL;
		const uint8_t *p = v.p + at;

		at += ext_len(next, p);
		next = p[0];
	}
	return at > end ? "extension header too long" : check_payload(v.p, next, (struct view){v.p + at, end - at}, depth);
}

static const char *check_l3(struct view v, int depth)
{
	if (v.len < 1)
		return "nothing where an IP header should be";
	if (v.p[0] >> 4 == 4)
		return check_ip4(v, depth);
	return v.p[0] >> 4 == 6 ? check_ip6(v, depth) : "neither IPv4 nor IPv6";
}

/* Where the network header is, and the Ethernet type; 0 when cut short. */
static size_t l3_offset(const uint8_t *frame, size_t len, uint16_t *ret_type)
{
	size_t at = 12;

	while (at + 6 <= len && (get16(frame + at) == P_VLAN || get16(frame + at) == P_QINQ))
		at += 4;
	if (at + 2 > len)
		return 0;
	*ret_type = get16(frame + at);
	return at + 2;
}

bool pktbuild_check(const uint8_t *frame, size_t len, const char **ret_why)
{
	uint16_t type = 0;
	size_t at = l3_offset(frame, len, &type);
	const char *why = NULL;

	if (!at)
		why = "no Ethernet header";
	else if (type == P_IP || type == P_IP6)
		why = check_l3((struct view){frame + at, len - at}, 0);
	if (why)
		*ret_why = why;
	return !why;
}

/* Showing. */

static void text_l4(FILE *f, uint8_t proto, struct view v)
{
	if ((proto == IPPROTO_TCP && v.len >= 20) || (proto == IPPROTO_UDP && v.len >= 8)) {
		fprintf(f, " %s %u>%u", proto == IPPROTO_TCP ? "tcp" : "udp", get16(v.p), get16(v.p + 2));
		if (proto == IPPROTO_TCP)
			fprintf(f, " flags %02x sum %04x", v.p[13], get16(v.p + 16));
		else
			fprintf(f, " len %u sum %04x", get16(v.p + 4), get16(v.p + 6));
		return;
	}
	fprintf(f, " proto %u, %zu bytes", proto, v.len);
}

static void text_l3(FILE *f, struct view v, int depth)
{
	char src[INET6_ADDRSTRLEN] = "", dst[INET6_ADDRSTRLEN] = "";
	bool v6 = v.len && v.p[0] >> 4 == 6;
	size_t hlen = v6 ? 40 : v.len ? (v.p[0] & 15) * 4 : 0;
	uint8_t proto;

	if (v.len < (v6 ? 40 : 20) || hlen < 20 || v.len < hlen) {
		fprintf(f, " (%zu bytes cut short)", v.len);
		return;
	}
	inet_ntop(v6 ? AF_INET6 : AF_INET, v.p + (v6 ? 8 : 12), src, sizeof(src));
	inet_ntop(v6 ? AF_INET6 : AF_INET, v.p + (v6 ? 24 : 16), dst, sizeof(dst));
	proto = v.p[v6 ? 6 : 9];
	fprintf(f, " [%s > %s ttl %u len %u", src, dst, v.p[v6 ? 7 : 8], get16(v.p + (v6 ? 4 : 2)));
	if (!v6)
		fprintf(f, " sum %04x frag %04x", get16(v.p + 10), get16(v.p + 6));
	struct view rest = {v.p + hlen, v.len - hlen};

	if ((proto == IPPROTO_IPIP || proto == IPPROTO_IPV6) && depth < 4)
		text_l3(f, rest, depth + 1);
	else
		text_l4(f, proto, rest);
	fputs("]", f);
}

void pktbuild_text(const uint8_t *frame, size_t len, char *buf, size_t size)
{
	FILE *f = fmemopen(buf, size, "w");
	uint16_t type = 0;
	size_t at = l3_offset(frame, len, &type);

	if (!f)
		return;
	fprintf(f, "%zu bytes", len);
	if (at) {
		fputs(", ", f);
		for (int i = 6; i < 12; i++)
			fprintf(f, "%02x", frame[i]);
		fputs(">", f);
		for (int i = 0; i < 6; i++)
			fprintf(f, "%02x", frame[i]);
		fprintf(f, " type %04x", type);
		if (type == P_IP || type == P_IP6)
			text_l3(f, (struct view){frame + at, len - at}, 0);
	}
	fclose(f);
}

static void diff_row(FILE *f, const char *name, const uint8_t *p, size_t len, size_t at)
{
	fprintf(f, "#   %s %04zx:", name, at);
	for (size_t i = at; i < at + 16 && i < len; i++)
		fprintf(f, " %02x", p[i]);
	fputs("\n", f);
}

void pktbuild_diff(FILE *f, const uint8_t *want, size_t want_len, const uint8_t *got, size_t got_len)
{
	char text[512];
	size_t longest = want_len > got_len ? want_len : got_len;

	pktbuild_text(want, want_len, text, sizeof(text));
	fprintf(f, "#   want %s\n", text);
	pktbuild_text(got, got_len, text, sizeof(text));
	fprintf(f, "#   got  %s\n", text);
	for (size_t at = 0; at < longest; at += 16) {
		size_t a = want_len > at ? want_len - at : 0, b = got_len > at ? got_len - at : 0;

		a = a > 16 ? 16 : a;
		b = b > 16 ? 16 : b;
		if (a == b && !memcmp(want + at, got + at, a))
			continue;
		diff_row(f, "want", want, want_len, at);
		diff_row(f, "got ", got, got_len, at);
	}
}
