/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_PKT_H
#define SLUICE_PKT_H
/*
 * DOC: all facts of one packet
 *
 * A stage takes the context and the packet, adds what it has found out, and returns PKT_NEXT or a final verdict. No stage
 * calls a later one. The lane that includes the pipeline has chosen a ctx/ header first: that is where struct sl_ctx,
 * CTX_EXPRESS and the ctx_*() and map_*() functions come from.
 */

#ifndef CTX_EXPRESS
#error "include one of ctx/xdp.h, ctx/tc.h or ctx/host.h first"
#endif

#include <stddef.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "sluice/abi.h"
#include "sluice/word.h"

#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))
#define barrier() asm volatile("" ::: "memory")
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define NOINLINE static __attribute__((noinline, unused))

/*
 * A function that the verifier proves once, by itself, and not again for every path that leads to it. Its pointers
 * are memory of their type's size, or NULL as far as the verifier knows.
 */
#ifdef CTX_HOST
#define APART NOINLINE
#else
#define APART __attribute__((noinline))
#endif

enum pkt_verdict {
	PKT_NEXT, /* go on with the next stage */
	PKT_PASS, /* not ours, or for the host: up, untouched */
	PKT_DELIVER, /* a local real server: up, rewritten if need be; by pkt.out_if, from behind, if that is not 0 */
	PKT_DROP, /* pkt.reason says why */
	PKT_SEND, /* out by pkt.out_if; the link-layer header is written */
	PKT_NEIGH, /* out by pkt.out_if; the kernel resolves pkt.gw first (full lane only) */
};

enum pkt_dir { PKT_CLIENT, PKT_SERVER };

enum pkt_frag { PKT_WHOLE, PKT_FRAG_FIRST, PKT_FRAG_LATER };

struct pkt {
	/* parse */
	struct sl_addr src;
	struct sl_addr dst;
	__be16 sport;
	__be16 dport;
	__u8 proto;
	__u8 v6;
	__u8 ttl;
	__u8 tcp_flags; /* byte 13 of the TCP header */
	__u8 frag; /* enum pkt_frag */
	__u8 dont_frag : 1;
	__u8 entered : 1; /* this packet began the connection: its state has been told already */
	__u16 l4; /* offset of the layer 4 header in the frame */
	__u16 hdr_len; /* layer 3 and 4 headers */
	__u16 segs; /* packets on the wire that this one stands for */
	__u32 l3_len; /* layer 3 length of this packet, without link-layer padding */
	__be32 frag_id;

	/* conn lookup, or new connection; copied from the slot, checked by its generation */
	__u8 dir; /* enum pkt_dir */
	__u8 fwd; /* enum sl_fwd */
	__be16 dest_port;
	__u32 now; /* tick */
	__u64 word;
	__u32 slot;
	__u32 dest;
	__u32 seen; /* tick of the last packet before this one */
	__u32 client_hop;
	__u32 client_if;
	__u32 mark; /* firewall mark: the packet's own, or the classifier's */
	union {
		struct sl_addr vaddr; /* server side: what the client knows the server as */
		struct sl_addr gw; /* of PKT_NEIGH, when the packet is done with */
	};
	__be16 vport;

	/* verdict */
	__u16 reason; /* enum sl_reason */
	__u32 out_if;
};

#define PKT_L3 ETH_HLEN
#define PKT_MAX_L4 511 /* layer 4 headers that begin further in are not looked at */

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

SL_INLINE int pkt_drop(struct pkt *p, enum sl_reason reason)
{
	p->reason = reason;
	return PKT_DROP;
}

SL_INLINE int addr_equal(const struct sl_addr *a, const struct sl_addr *b)
{
	return a->d[0] == b->d[0] && a->d[1] == b->d[1];
}

SL_INLINE void addr_from_v4(struct sl_addr *addr, __be32 v4)
{
	addr->d[0] = 0;
	addr->w[2] = bpf_htonl(0xffff);
	addr->w[3] = v4;
}

SL_INLINE int addr_is_v4(const struct sl_addr *addr)
{
	return addr->d[0] == 0 && addr->w[2] == bpf_htonl(0xffff);
}

/* MAC addresses lie at even offsets: three loads, where the compiler would make it six. */
SL_INLINE int mac_equal(const void *a, const void *b)
{
	const __u16 *x = a, *y = b;

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]));
}

SL_INLINE void mac_copy(void *to, const void *from)
{
	const __u16 *f = from;
	__u16 *t = to;

	t[0] = f[0];
	t[1] = f[1];
	t[2] = f[2];
}

/* Packets on the wire that this one stands for; the express lane sees none that stands for more than one. */
SL_INLINE __u32 pkt_segs(const struct pkt *p)
{
	return CTX_EXPRESS ? 1 : p->segs;
}

/* Offset of the layer 4 header, bounded so that the verifier sees it. */
SL_INLINE __u32 pkt_l4(const struct pkt *p)
{
	__u32 off = p->l4;

	asm volatile("" : "+r"(off));
	return off & PKT_MAX_L4;
}

#endif
