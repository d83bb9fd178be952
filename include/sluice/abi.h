/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_ABI_H
#define SLUICE_ABI_H
/*
 * DOC: the contract between the lanes (bpf/) and the control plane (sluiced/)
 *
 * Everything the two sides share is declared here and in the .def lists beside this file; word.h has the arithmetic on
 * the connection table's words. Nothing else may be shared. Every struct has a fixed size, asserted where it is declared.
 *
 * Byte order: fields that come from a packet (addresses, ports) are kept as on the wire and typed __be16 / __u8[]; every
 * other field is in host order.
 *
 * The maps, and who writes them ("daemon" is sluiced/plane/, through the mapped memory where the map is mappable):
 *
 *   settings   ARRAY[1] of sl_settings, mappable      daemon
 *   svcs       HASH sl_svc_key -> sl_svc              daemon; one update switches a service to a new generation
 *   members    ARRAY[1] of sl_member[], mappable      daemon: a service's servers, contiguous, written aside before the switch
 *   dests      ARRAY of sl_dest, mappable             daemon; index = dest id
 *   hops       ARRAY of sl_hop, mappable              daemon; a published hop is never changed, only replaced by another id
 *   hop_ids    HASH sl_neigh_key -> __u32 hop id      daemon; from the next hop the kernel's FIB names to its id
 *   links      ARRAY of sl_link, mappable             daemon; index = ifindex
 *   vips       HASH sl_addr -> __u32                  daemon; the addresses that have a service (for fragments)
 *
 *   tags       ARRAY of __u64[8], mappable            lanes and broom, by compare-and-swap alone (word.h)
 *   conns      ARRAY of sl_conn, mappable             the owner of a BUSY slot; client_hop and seen also by lanes, each one aligned word
 *   loads      ARRAY[1] of sl_load[], mappable        whoever wins the swap that changes a connection's state, atomically
 *   cursors    ARRAY[1] of __u64[], mappable          lanes (rr, wrr), by compare-and-swap; index = service id
 *   stats      ARRAY of sl_stats, mappable            lanes; index = cpu * SL_MAX_DESTS + dest id: a CPU has its own lines
 *   counters   PERCPU_ARRAY of __u64                  lanes; index = enum sl_reason, then enum sl_event
 *   frags      LRU_HASH sl_frag_key -> sl_frag        full lane
 *   ledger     ARRAY of sl_ledger, mappable           daemon alone; what it must remember over a restart
 *
 * All maps are pinned: the lanes outlive the daemon, and the next daemon adopts them.
 */

#include <linux/types.h>

#define SL_ABI_VERSION 1

enum sl_limits {
	SL_MAX_SVCS = 16385, /* service ids are 1..16384; 0 is no service */
	SL_MAX_DESTS = 65536, /* dest ids are 1..65535; 0 is no dest */
	SL_MAX_MEMBERS = 262144, /* entries of the member pool, old and new generations together */
	SL_MAX_HOPS = 65536, /* hop ids are 1..65535; 0 is no hop; an id fits 16 bits (sl_conn.client_hop) */
	SL_MAX_LINKS = 4096, /* interfaces with a larger ifindex have no express lane */
	SL_MAX_FRAGS = 16384, /* datagrams whose later fragments are being followed */
	SL_BUCKET_SLOTS = 8, /* slots of a bucket: one cache line of tag words */
	SL_MIN_SLOTS = 1 << 10, /* connection table: least, default and most slots; a power of two */
	SL_DEFAULT_SLOTS = 1 << 20,
	SL_MAX_SLOTS = 1 << 26,
};

/* An address of either family; IPv4 a.b.c.d is ::ffff:a.b.c.d (RFC 4291 2.5.5.2). Network byte order. */
struct sl_addr {
	union {
		__u8 b[16];
		__be32 w[4];
		__u64 d[2];
	};
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct sl_addr) == 16, "sl_addr");

/* Forwarding methods; the numbers are IPVS's IP_VS_CONN_F_* (include/uapi/linux/ip_vs.h). */
enum sl_fwd {
#define X(name, number, text) SL_FWD_##name = number,
#include "fwd.def"
#undef X
};

/* Schedulers that are built. */
enum sl_sched {
#define X(name, number, text) SL_SCHED_##name = number,
#include "sched.def"
#undef X
};

/* States of a connection table slot: two of the table itself, then the protocols'. */
enum sl_state {
#define X(name, number, text, seconds, active, rank) SL_ST_##name = number,
#include "state.def"
#undef X
	SL_MAX_STATES = 32,
};

/* Why a packet was dropped. The numbers are for ever: logs and dashboards know them. */
enum sl_reason {
#define X(name, number, text) SL_DROP_##name = number,
#include "reasons.def"
#undef X
	SL_MAX_REASONS = 64,
};

/* What else is counted: index in the counters map is SL_MAX_REASONS + event. */
enum sl_event {
#define X(name, number, text) SL_EV_##name = number,
#include "events.def"
#undef X
	SL_MAX_EVENTS = 64,
	SL_MAX_COUNTERS = SL_MAX_REASONS + SL_MAX_EVENTS,
};

/* The one element of the settings map. Ticks are jiffies >> tick_shift, about a quarter of a second. */
struct sl_settings {
	__u32 abi; /* SL_ABI_VERSION of who made the maps */
	__u32 hz; /* jiffies a second */
	__u32 tick_shift; /* jiffies to ticks */
	__u32 slots; /* of the connection table */
	__u64 seed[2]; /* key of the flow hash; drawn once, when the maps are made */
	__u32 route_gen; /* a cached client_hop of another generation is looked up again; 16 bits are used */
	__u32 flags; /* SL_SET_* */
	__u32 timeout[SL_MAX_STATES]; /* by state, in ticks */
	__u32 timeout_s[SL_MAX_STATES]; /* by state, in seconds, as the operator said it */
	__u32 reserved[24];
};
_Static_assert(sizeof(struct sl_settings) == 392, "sl_settings");

#define SL_SET_EGRESS 1 /* some dest is local: replies leave by the egress lane */

/* Key of a virtual service. */
struct sl_svc_key {
	struct sl_addr addr;
	__be16 port;
	__u8 proto; /* IPPROTO_TCP, IPPROTO_UDP */
	__u8 zero[5];
};
_Static_assert(sizeof(struct sl_svc_key) == 24, "sl_svc_key");

/* A virtual service of one generation. Its servers are members[first .. first+count), in IPVS's list order: newest first. */
struct sl_svc {
	__u32 id; /* 1 .. SL_MAX_SVCS-1; id and gen are read as one word */
	__u32 gen; /* counts the switches; its low 16 bits are in the scheduler's cursor */
	__u32 first; /* into members */
	__u32 count;
	__u32 sched; /* enum sl_sched */
	__u32 flags;
	__u32 max_weight; /* of the members; for wrr */
	__u32 gcd_weight; /* of the members' weights > 0; 0 when there is none */
	__u32 order; /* the daemon's: services sort by it in "kernel order" */
	__u32 start; /* rr, wrr: cursor position this generation starts from (word.h) */
	__u32 reserved[6];
};
_Static_assert(sizeof(struct sl_svc) == 64, "sl_svc");

/* What a scheduler sees of a real server, besides sl_load. */
struct sl_member {
	__u32 dest;
	__s32 weight; /* 0: quiesced */
};
_Static_assert(sizeof(struct sl_member) == 8, "sl_member");

/* A real server of one service. The id is not given to another before the last connection has left it. */
struct sl_dest {
	struct sl_addr addr;
	__be16 port;
	__u8 fwd; /* enum sl_fwd: method of new connections; a connection keeps the one it began with */
	__u8 flags; /* SL_DEST_* */
	__u32 svc;
	__u32 hop; /* 0: no route */
	__s32 weight; /* the daemon's, for adoption; the scheduler reads sl_member */
	__u32 order; /* the daemon's: list order within the service, newest largest */
	__u32 gen; /* counts the uses of this id */
	struct sl_svc_key svc_key; /* the daemon's: the service's name, known even when the service is gone and this dest lingers */
};
_Static_assert(sizeof(struct sl_dest) == 64, "sl_dest");

#define SL_DEST_USED 1 /* this id is taken */
#define SL_DEST_LOCAL 2 /* the address is one of the director's own: deliver up (LocalNode) */
#define SL_DEST_REMOVED 4 /* no longer in the service; its connections go on */

/* A next hop. Written before its id is published, never changed after. */
struct sl_hop {
	__u32 ifindex;
	__u32 mtu;
	__u32 flags; /* SL_HOP_* */
	__u8 dmac[6];
	__u8 smac[6];
	struct sl_addr src; /* preferred source towards it: outer source of tunnels */
	struct sl_addr gw; /* the neighbour: gateway or the server itself */
	__u32 reserved;
};
_Static_assert(sizeof(struct sl_hop) == 64, "sl_hop");

#define SL_HOP_RESOLVED 1 /* dmac is known */
#define SL_HOP_XDP 2 /* the device takes XDP_REDIRECT */
#define SL_HOP_NOMAC 4 /* a device without link-layer header (tun) */

/* Key of hop_ids: what bpf_fib_lookup() answers. */
struct sl_neigh_key {
	__u32 ifindex;
	__u8 dmac[6];
	__u8 zero[2];
};
_Static_assert(sizeof(struct sl_neigh_key) == 12, "sl_neigh_key");

/* An interface with an express lane: frames to other MACs are not ours (promiscuous NIC, unknown unicast). */
struct sl_link {
	__u8 mac[6];
	__u8 flags; /* SL_LINK_* */
	__u8 zero;
};
_Static_assert(sizeof(struct sl_link) == 8, "sl_link");

#define SL_LINK_ON 1

/*
 * A connection. One slot serves both directions: a packet matches as client -> virtual, or as dest -> client.
 * Everything but client_hop and seen is constant from publication (word.h) to the end.
 */
struct sl_conn {
	struct sl_addr caddr;
	struct sl_addr vaddr;
	__be16 cport;
	__be16 vport;
	__be16 dport; /* of the real server */
	__u8 proto;
	__u8 fwd; /* enum sl_fwd */
	__u32 dest;
	__u32 svc;
	__u32 client_hop; /* route_gen << 16 | hop id: where replies go (NAT); 0 not known */
	__u32 client_if; /* interface the client's first packet came in by */
	__u32 seen; /* tick of the last packet: a plain store; the broom brings it into the word */
	__u32 template; /* slot of the persistence template + 1; 0 none */
};
_Static_assert(sizeof(struct sl_conn) == 64, "sl_conn");

/*
 * Connections of a dest, in one word so that one atomic add moves one from active to inactive.
 * Readers take negative halves, which a race can show for nanoseconds, as 0.
 */
struct sl_load {
	union {
		__u64 word; /* inactive << 32 | active, on the little-endian machines we support */
		struct {
			__u32 active;
			__u32 inactive;
		};
	};
};
_Static_assert(sizeof(struct sl_load) == 8, "sl_load");

/* Traffic of a dest on one CPU. Bytes are of layer 3; a GSO packet counts as the segments it will become. */
struct sl_stats {
	__u64 conns;
	__u64 in_pkts;
	__u64 out_pkts;
	__u64 in_bytes;
	__u64 out_bytes;
	__u64 reserved[3];
};
_Static_assert(sizeof(struct sl_stats) == 64, "sl_stats");

/*
 * The daemon's memory of counters: index = dest id, and SL_MAX_DESTS + service id.
 * dest: shown = stats, summed over CPUs, - base
 * service: shown = (stats - the dest's retired, summed over its dests, lingering ones too) + retired - base
 */
struct sl_ledger {
	__u64 base[5]; /* counters at the last zeroing: conns, in_pkts, out_pkts, in_bytes, out_bytes */
	__u64 retired[5]; /* service: what its departed dests had counted; dest: the id's counters when this use of it began */
};
_Static_assert(sizeof(struct sl_ledger) == 80, "sl_ledger");

/* Key and value of frags: the ports of a datagram's first fragment. */
struct sl_frag_key {
	struct sl_addr src;
	struct sl_addr dst;
	__be32 id;
	__u8 proto;
	__u8 zero[3];
};
_Static_assert(sizeof(struct sl_frag_key) == 40, "sl_frag_key");

struct sl_frag {
	__be16 sport;
	__be16 dport;
	__u32 tick;
};
_Static_assert(sizeof(struct sl_frag) == 8, "sl_frag");

/* Argument of the broom program (BPF_PROG_TYPE_SYSCALL): in first, count; out the rest. */
struct sl_broom {
	__u32 first; /* bucket */
	__u32 count; /* buckets; the program stops at the end of the table */
	__u32 live; /* connections met and left */
	__u32 freed; /* connections expired */
	__u64 jiffies;
	__u32 tick;
	__u32 zero;
};
_Static_assert(sizeof(struct sl_broom) == 32, "sl_broom");

#endif
