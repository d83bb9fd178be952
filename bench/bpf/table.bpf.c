/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: the connection table alone, and a BPF LRU hash in its place
 *
 * Loops over random (or all) flows, one operation each. The table's functions are the lanes' own. The empty loop prepares the same
 * packet and does nothing with it.
 */

#include "bpf/ctx/xdp.h"
#include "bpf/claim.h"

#include "bench/bpf/lru.h"
#include "bench/bpf/table.h"
#include "bench/flow.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* set at load */
	__type(key, struct lru_key);
	__type(value, struct lru_conn);
} lru_conns SEC(".maps");

struct table_run table_run;

struct walk {
	struct pkt p;
	__u64 state;
	__u32 done;
	__u32 mask;
	__u32 offset; /* of the client addresses: 0, or what leads to addresses that no flow has */
};

SL_INLINE __u32 walk_random(struct walk *w)
{
	w->state = flow_draw(w->state);
	return w->state >> 33 & w->mask;
}

SL_INLINE void walk_to(struct walk *w, __u32 flow)
{
	addr_from_v4(&w->p.src, bpf_htonl(flow_addr(flow) + w->offset));
	w->p.sport = bpf_htons(flow_port(flow));
}

SL_INLINE struct lru_key walk_key(const struct walk *w)
{
	struct lru_key key = {
	    .saddr = w->p.src.w[3], .daddr = w->p.dst.w[3], .ports = w->p.sport | (__u32)w->p.dport << 16, .proto = IPPROTO_TCP};

	return key;
}

static long step_empty(__u32 i, void *data)
{
	struct walk *w = data;

	walk_to(w, walk_random(w));
	w->done += w->p.sport != 0;
	return 0;
}

static long step_hit(__u32 i, void *data)
{
	struct walk *w = data;

	walk_to(w, walk_random(w));
	w->done += table_find(&w->p, PKT_CLIENT);
	return 0;
}

static long step_hit_lru(__u32 i, void *data)
{
	struct lru_conn *c;
	struct walk *w = data;

	walk_to(w, walk_random(w));
	struct lru_key key = walk_key(w);

	c = bpf_map_lookup_elem(&lru_conns, &key);
	if (c)
		w->done += c->dest != 0;
	return 0;
}

static long step_enter(__u32 i, void *data)
{
	struct table_new new = {.dest = 1, .svc = 1, .dport = 80, .fwd = SL_FWD_MASQ, .state = SL_ST_ESTABLISHED};
	struct walk *w = data;

	walk_to(w, i);
	w->done += table_enter(&w->p, &new) == PKT_NEXT;
	return 0;
}

static long step_enter_lru(__u32 i, void *data)
{
	const struct lru_conn new = {.dest = 1};
	struct walk *w = data;

	walk_to(w, i);
	struct lru_key key = walk_key(w);

	w->done += !bpf_map_update_elem(&lru_conns, &key, &new, BPF_NOEXIST);
	return 0;
}

SL_INLINE void walk_begin(struct walk *w)
{
	w->state = table_run.state;
	w->mask = table_run.mask;
	w->offset = table_run.missing ? FLOW_MAX : 0;
	w->p.proto = IPPROTO_TCP;
	w->p.now = table_now();
	w->p.dport = bpf_htons(FLOW_VPORT);
	addr_from_v4(&w->p.dst, bpf_htonl(FLOW_VIP));
}

SL_INLINE int walk_end(const struct walk *w)
{
	table_run.state = w->state;
	table_run.done = w->done;
	return 0;
}

#define TABLE_PROG(name)                                       \
	SEC("xdp") int run_##name(struct xdp_md *ctx)          \
	{                                                      \
		struct walk w = {};                            \
                                                               \
		walk_begin(&w);                                \
		bpf_loop(table_run.count, step_##name, &w, 0); \
		return walk_end(&w);                           \
	}

TABLE_PROG(empty)
TABLE_PROG(hit)
TABLE_PROG(hit_lru)
TABLE_PROG(enter)
TABLE_PROG(enter_lru)

char _license[] SEC("license") = "GPL";
