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
 *   tables     ARRAY[1] of __u32[], mappable          daemon: what schedulers look up (wrr, sh, dh, mh), written aside before the switch
 *   bounds     ARRAY[1] of sl_addr[], mappable        daemon: source allow-lists as sorted bounds, written aside before the switch
 *   owns       ARRAY of sl_own, mappable              daemon; index = service id: timeouts of a service's own
 *   marks      LPM_TRIE sl_mark_key -> sl_mark_set    daemon; from a destination to the rules that may mark it
 *   mark_rules ARRAY[1] of sl_mark_rule[], mappable   daemon
 *   origins    HASH sl_svc_key -> sl_svc_key          daemon; NAT servers of one-packet and sip services, to the service they answer for
 *   dests      ARRAY of sl_dest, mappable             daemon; index = dest id
 *   hops       ARRAY of sl_hop, mappable              daemon; a published hop is never changed, only replaced by another id
 *   hop_ids    HASH sl_neigh_key -> __u32 hop id      daemon; from the next hop the kernel's FIB names to its id
 *   links      ARRAY of sl_link, mappable             daemon; index = ifindex
 *   vips       HASH sl_addr -> __u32                  daemon; the addresses that have a service (for fragments)
 *
 *   tags       ARRAY of __u64[8], mappable            lanes and broom, by compare-and-swap alone (word.h)
 *   conns      ARRAY of sl_conn, mappable             the owner of a BUSY slot; client_hop and seen also by lanes, each one aligned word
 *   loads      ARRAY[1] of sl_load[], mappable        whoever wins the swap that changes a connection's state, atomically
 *   cursors    ARRAY[1] of __u64[], mappable          lanes, atomically; index = service id; of lblc and lblcr the number of caches
 *   stats      ARRAY of sl_stats, mappable            lanes; index = cpu * SL_MAX_DESTS + dest id: a CPU has its own lines
 *   counters   PERCPU_ARRAY of __u64                  lanes; index = enum sl_reason, then enum sl_event
 *   frags      LRU_HASH sl_frag_key -> sl_frag        full lane
 *   caches     HASH sl_cache_key -> sl_cache          lanes (lblc, lblcr); the daemon forgets old ones
 *   calls      LRU_HASH sl_addr -> sl_call            full lane: the Call-ID a sip template was made from, for listings
 *   trail      RINGBUF of sl_trail                    lanes, while somebody records (trail.h)
 *   work       PERCPU_ARRAY[1], one for each object   a lane's scratch memory for what is too big for the stack
 *   ledger     ARRAY of sl_ledger, mappable           daemon alone; what it must remember over a restart
 *
 * All maps are pinned: the lanes outlive the daemon, and the next daemon adopts them.
 */

#include <linux/types.h>

#define SL_ABI_VERSION 2

enum sl_limits {
	SL_MAX_SVCS = 16385, /* service ids are 1..16384; 0 is no service */
	SL_MAX_DESTS = 131072, /* dest ids are 1..131071; 0 is no dest */
	SL_MAX_SVC_DESTS = 65535, /* servers of one service: a member's index fits 16 bits (tables) */
	SL_MAX_MEMBERS = 524288, /* entries of the member pool, old and new generations together */
	SL_MAX_TABLES = 1 << 22, /* words of the table pool, likewise */
	SL_MAX_BOUNDS = 1 << 19, /* bounds of all allow-lists, likewise */
	SL_MAX_MARK_RULES = 65536, /* of the classifier, old and new together; every set lists its own */
	SL_MAX_MARK_SETS = 1024, /* destination prefixes that rules name */
	SL_MAX_CACHES = 1 << 18, /* destinations that lblc and lblcr remember, of all services */
	SL_MAX_CALLS = 1 << 16,
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

/*
 * The settings of /proc/sys/net/ipv4/vs, by IPVS's names, and ours. SL_SYS_name is the index in sl_settings.sysctl.
 */
enum sl_sysctl {
#define X(name, number, text, value, least, most, unit) SL_SYS_##name = number,
#include "sysctl.def"
#undef X
	SL_MAX_SYSCTLS = 64,
};

/* Persistence engines. */
enum sl_pe { SL_PE_NONE, SL_PE_SIP };

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

/* A connection sync daemon that was started (ipvsadm --start-daemon), host order. */
struct sl_sync {
	struct sl_addr group;
	char interface[16];
	__u16 maxlen;
	__u16 port;
	__u8 id;
	__u8 ttl;
	__u8 on;
	__u8 zero;
};
_Static_assert(sizeof(struct sl_sync) == 40, "sl_sync");

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
	__u32 own_least[SL_MAX_STATES]; /* by state, in ticks: the least of the services' own timeouts (SL_W_OWN); the global one if none
					   has its own */
	__s32 sysctl[SL_MAX_SYSCTLS]; /* by enum sl_sysctl; times in seconds */
	__u32 mark_rules; /* rules of the classifier in force */
	__u32 mark_if; /* the mark device (sluiced/mark/); 0: there is none */
	struct sl_sync sync[2]; /* the daemon's: master, backup */
	__u32 reserved[2];
};
_Static_assert(sizeof(struct sl_settings) == 776, "sl_settings");

/* Link-layer address of the mark device: what the lanes send to it from behind is for the host. */
#define SL_MARK_MAC 0x02, 0x53, 0x4c, 0x00, 0x00, 0x01

#define SL_SET_EGRESS 1 /* some dest is local: replies leave by the egress lane */
#define SL_SET_MARK_SVCS 2 /* there are firewall-mark services */
#define SL_SET_FTP_SVCS 4 /* there is a service on TCP port 21 */
#define SL_SET_PORT0_SVCS 8 /* there are services for all ports */
#define SL_SET_MARKS 16 /* the classifier has rules */
#define SL_SET_ORIGINS 32 /* the map origins has entries */
#define SL_SET_RECORD 64 /* beginnings and ends of connections are told (trail.h) */

/*
 * Key of a virtual service. A firewall-mark service has proto 0 (IPPROTO_IP), port 0, and the mark, in network order, as the last word of
 * addr: ::ffff:mark for IPv4, ::mark for IPv6 (as IPVS has it in the template's virtual address).
 */
struct sl_svc_key {
	struct sl_addr addr;
	__be16 port; /* 0: all ports (persistent services) */
	__u8 proto; /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP; 0: a mark */
	__u8 zero;
	__u32 dest; /* in a value of origins: which of the service's servers; else 0 */
};
_Static_assert(sizeof(struct sl_svc_key) == 24, "sl_svc_key");

/* A virtual service of one generation. Its servers are members[first .. first+count), in IPVS's list order: newest first. */
struct sl_svc {
	__u32 id; /* 1 .. SL_MAX_SVCS-1; id and gen are read as one word */
	__u32 gen; /* counts the switches; its low 16 bits are in the scheduler's cursor */
	__u32 first; /* into members */
	__u32 count;
	__u32 sched; /* enum sl_sched */
	__u32 flags; /* SL_SVC_* */
	__u32 max_weight; /* of the members; for wrr */
	__u32 gcd_weight; /* of the members' weights > 0; 0 when there is none */
	__u64 total_weight; /* of the members' weights > 0; for twos */
	__u32 order; /* the daemon's: services sort by it in "kernel order" */
	__u32 start; /* rr, wrr: cursor position this generation starts from (word.h) */
	__u32 table; /* first word of the scheduler's table, in tables */
	__u32 table_len; /* in what the scheduler counts: see bpf/sched/ */
	__u32 allow; /* first of the allow-list's bounds */
	__u32 allow_count; /* 0: everybody is let in */
	struct sl_addr mask; /* persistence: which bits of the client's address count */
	__u32 persist_s; /* persistence timeout, seconds */
	__u32 pe; /* enum sl_pe */
	__u32 bound; /* generation in which it got its scheduler: what lblc and lblcr remember is of one binding */
	__u32 bar; /* wrr: weight of the cursor this generation starts from */
	__u32 reserved[8];
};
_Static_assert(sizeof(struct sl_svc) == 128, "sl_svc");

/* The numbers of IPVS's IP_VS_SVC_F_* where there is one. */
#define SL_SVC_PERSISTENT 0x1
#define SL_SVC_ONEPACKET 0x4
#define SL_SVC_SCHED1 0x8 /* sh-fallback, mh-fallback */
#define SL_SVC_SCHED2 0x10 /* sh-port, mh-port */
#define SL_SVC_SCHED3 0x20
#define SL_SVC_OWN 0x100 /* connections have the service's own timeouts (owns) */
#define SL_SVC_ALLOW 0x200 /* there is an allow-list: with no bounds nobody is let in */

/* Timeouts of one service's connections; states that it does not name for itself have the global ones. */
struct sl_own {
	__u32 timeout[SL_MAX_STATES]; /* by state, in ticks; of the template states: the persistence timeout */
	__u32 said[4]; /* the daemon's: tcp, tcpfin, udp as the operator said them, seconds; 0: the global one */
};
_Static_assert(sizeof(struct sl_own) == 144, "sl_own");

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
	__s32 weight; /* for adoption, and for lblc and lblcr; the other schedulers read sl_member */
	__u32 order; /* the daemon's: list order within the service, newest largest */
	__u32 gen; /* counts the uses of this id */
	__u32 upper; /* connections at which it is overloaded; 0: never */
	__u32 lower; /* connections below which it is so no more: the operator's, or three quarters of upper */
	__u8 tun_type; /* enum sl_tun */
	__u8 tun_flags; /* SL_TUN_* */
	__be16 tun_port; /* GUE */
	__u32 lower_said; /* the daemon's: lower as the operator said it */
	struct sl_svc_key svc_key; /* the daemon's: the service's name, known even when the service is gone and this dest lingers */
	__s32 last_weight; /* the daemon's: the weight before it was quiesced; for mh */
	__u32 reserved[10];
};
_Static_assert(sizeof(struct sl_dest) == 128, "sl_dest");

#define SL_DEST_USED 1 /* this id is taken */
#define SL_DEST_LOCAL 2 /* the address is one of the director's own: deliver up (LocalNode) */
#define SL_DEST_REMOVED 4 /* no longer in the service; its connections go on */
#define SL_DEST_EXPIRE 8 /* its connections end at their next packet, which may begin another (expire_nodest_conn) */
#define SL_DEST_EXPIRE_UDP 16 /* likewise its UDP flows (expire_nodest_udp, of removed and of quiesced servers) */

/* Tunnel types and flags; the numbers are IPVS's IP_VS_CONN_F_TUNNEL_TYPE_* and IP_VS_TUNNEL_ENCAP_FLAG_*. */
enum sl_tun { SL_TUN_IPIP, SL_TUN_GUE, SL_TUN_GRE };
#define SL_TUN_CSUM 1
#define SL_TUN_REMCSUM 2

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
 * Everything but client_hop, seen and refs is constant from publication (word.h) to the end.
 *
 * A persistence template is one too, in a state of its own (SL_ST_TEMPLATE...), so that no packet matches it: caddr is the client's address
 * under the service's mask, cport 0; vaddr, vport and proto as IPVS has them: the service's; port 0 for FTP and port-0 services; the key's
 * addr, proto 0 for mark services. For --pe sip caddr is a keyed hash of the Call-ID and flags has SL_CONN_CALL.
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
	__u16 svc;
	__u16 flags; /* SL_CONN_* */
	union {
		struct {
			__u32 client_hop; /* route_gen << 16 | hop id: where replies go (NAT); 0 not known */
			__u32 client_if; /* interface the client's first packet came in by */
		};
		__u64 refs; /* of a template: the connections under it (sl_refs() in word.h) */
	};
	__u32 seen; /* tick of the last packet: a plain store; the broom brings it into the word */
	__u32 template; /* slot of the persistence template + 1; 0 none */
};
_Static_assert(sizeof(struct sl_conn) == 64, "sl_conn");

#define SL_CONN_CALL 1 /* caddr is no address but the hash of a Call-ID */
#define SL_CONN_MARK 2 /* of a mark service */

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
	__u32 over; /* 1: overloaded, gets no new connection; set and cleared by whoever makes the total pass sl_dest's upper or lower */
	__u32 templates; /* persistence templates: ipvsadm's PersistConn */
};
_Static_assert(sizeof(struct sl_load) == 16, "sl_load");

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
 * dest: shown = stats, summed over CPUs, - base; of dest 0, which is none: base of the sum over all ids there ever were
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

/* A rule of the classifier: what it says of a packet whose destination is known to fit. Ports in host order. */
struct sl_mark_rule {
	struct sl_addr src; /* source prefix */
	__u8 src_len; /* in bits of the 128; 0: any */
	__u8 proto; /* 0: any */
	__u16 first_port; /* destination ports; 0 to 65535: any */
	__u16 last_port;
	__u16 id; /* the operator's rule it was made from */
	__u32 mark;
	__u32 said; /* the daemon's: the rule's place in the operator's order, and which prefixes it names */
};
_Static_assert(sizeof(struct sl_mark_rule) == 32, "sl_mark_rule");

/* Key and value of marks: the longest prefix names the rules that fit the destination, in the operator's order; the first that fits wins.
 */
struct sl_mark_key {
	__u32 len; /* in bits of the 128 */
	__be32 dst[4];
};
_Static_assert(sizeof(struct sl_mark_key) == 20, "sl_mark_key");

struct sl_mark_set {
	__u32 first; /* into mark_rules */
	__u32 count;
};
_Static_assert(sizeof(struct sl_mark_set) == 8, "sl_mark_set");

/* Key and value of caches: which servers a destination address has (lblc: one; lblcr: a set). */
struct sl_cache_key {
	struct sl_addr daddr;
	__u32 svc;
	__u32 bound; /* sl_svc.bound */
};
_Static_assert(sizeof(struct sl_cache_key) == 24, "sl_cache_key");

#define SL_CACHE_DESTS 32
struct sl_cache {
	__u32 used; /* tick of the last use */
	__u32 changed; /* lblcr: tick of the last change of the set */
	__u32 count;
	__u32 dest[SL_CACHE_DESTS]; /* id, and the lower bits of sl_dest.gen above it: the server, not who has its id later */
	__u32 zero;
};
_Static_assert(sizeof(struct sl_cache) == 144, "sl_cache");

#define SL_CACHE_DEST_MASK 0x1ffffU
#define SL_CACHE_GEN_SHIFT 17
#define SL_CACHE_GEN_MASK 0x7fffU

/* Value of calls. */
#define SL_CALL_TEXT 128
struct sl_call {
	__u32 len;
	char text[SL_CALL_TEXT]; /* its beginning, if it is longer */
};
_Static_assert(sizeof(struct sl_call) == 132, "sl_call");

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
