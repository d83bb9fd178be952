/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PKTBUILD_H
#define PKTBUILD_H
/*
 * DOC: building and judging packets
 *
 * A test says what a packet is (struct pkt_spec) and pktbuild() writes the bytes, right by default and wrong exactly where
 * the spec asks for it. The same spec says what must come out: the expected packet is built from scratch, so a test never
 * trusts the code under test for a checksum. pktbuild_check() judges a frame of unknown origin.
 * Nothing here shares code with the lanes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PKT_MAX 4096
#define PKT_EXTS 64

/* What is deliberately wrong with a packet. */
enum pkt_bad {
	PKT_BAD_IP_SUM = 1 << 0, /* IPv4 header checksum off by one */
	PKT_BAD_L4_SUM = 1 << 1, /* transport checksum off by one */
	PKT_ZERO_L4_SUM = 1 << 2, /* transport checksum 0: UDP over IPv4 without checksum */
	PKT_NO_L4 = 1 << 3, /* no transport header: the payload follows (a later fragment) */
};

/* An IP header; the family is the addresses'. A zero field takes the usual value. */
struct pkt_ip {
	const char *src, *dst; /* text */
	uint8_t ttl; /* 64 */
	bool ttl_zero; /* ttl is really 0 */
	uint8_t tos;
	uint16_t id;
	bool df, mf;
	uint16_t frag_off; /* bytes, a multiple of 8 */
	uint8_t opt_len; /* IPv4 options: so many bytes of no-operation; a multiple of 4 */
	uint8_t ext[PKT_EXTS]; /* IPv6: extension headers in order; 44 takes frag_off, mf and id; ends with 0 (hop-by-hop is PKT_HBH) */
	uint8_t ihl; /* forced, in words */
	uint8_t version; /* forced */
	int16_t len_add; /* added to the total (IPv4) or payload (IPv6) length */
	uint16_t flow; /* IPv6 flow label */
};

#define PKT_HBH 255 /* in pkt_ip.ext: hop-by-hop options, whose own number 0 ends the list */

struct pkt_spec {
	const uint8_t *dmac, *smac; /* NULL: zeros */
	uint16_t vlan[2]; /* tags, outer first; 0 none */
	uint16_t ethertype; /* 0: by family */
	struct pkt_ip ip;
	uint8_t proto; /* transport protocol; with `inner`, 4 or 41 make a tunnel, ICMP makes an error */
	uint16_t sport, dport;
	uint8_t flags; /* TCP */
	uint8_t opt_len; /* TCP: so many bytes of no-operation; a multiple of 4 */
	uint8_t doff; /* TCP: forced, in words */
	uint32_t seq, ack;
	uint8_t type, code; /* ICMP */
	int16_t udp_len_add;
	uint16_t payload; /* bytes: 0, 1, 2, ... from fill */
	uint8_t fill;
	const char *text; /* the payload, of as many bytes as `payload` says */
	uint16_t trailer; /* bytes behind the packet: Ethernet padding */
	const struct pkt_spec *inner; /* the payload is this packet from its IP header on */
	unsigned bad; /* enum pkt_bad */
};

/* TCP flags. */
enum { PKT_FIN = 1, PKT_SYN = 2, PKT_RST = 4, PKT_PSH = 8, PKT_ACK = 16, PKT_URG = 32 };

/* Writes the frame; returns its length, or 0 if it does not fit or an address does not parse. */
size_t pktbuild(const struct pkt_spec *spec, uint8_t *buf, size_t max);

/* Length of the headers of this frame (Ethernet up to and with the transport header, inner ones too). */
size_t pktbuild_headers(const struct pkt_spec *spec);

/*
 * Is the frame well formed: lengths that fit, IPv4 header checksum, transport checksum (UDP's 0 over IPv4 is right),
 * through tunnels? Frames that are not IP are. On false, *ret_why is a static sentence.
 */
bool pktbuild_check(const uint8_t *frame, size_t len, const char **ret_why);

/* One line of text about a frame. */
void pktbuild_text(const uint8_t *frame, size_t len, char *buf, size_t size);

/* Both frames in words, then the rows of bytes that differ; every line begins with "# ". */
void pktbuild_diff(FILE *f, const uint8_t *want, size_t want_len, const uint8_t *got, size_t got_len);

/* RFC 1071 sum of bytes on top of `sum`, not folded; and the folded complement. */
uint64_t pktbuild_sum(const void *data, size_t len, uint64_t sum);
uint16_t pktbuild_fold(uint64_t sum);

#endif
