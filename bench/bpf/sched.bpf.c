/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: the schedulers alone
 *
 * A loop over random clients, one choice each, by the lanes' own code over the lanes' maps. The empty loop prepares the same packet and
 * touches the same service. Nothing is entered: what is measured comes on top of a table's insert.
 */

#include "bpf/ctx/xdp.h"
#include "bpf/sched/sched.h"

#include "bench/bpf/sched.h"
#include "bench/flow.h"

struct sched_run sched_run;
struct sl_svc sched_svcs[SCHED_SVCS];

struct walk {
	struct pkt p;
	__u64 state;
	__u32 services;
	__u32 chosen;
};

SL_INLINE const struct sl_svc *walk_on(struct walk *w)
{
	w->state = flow_draw(w->state);
	w->p.src.w[3] = bpf_htonl(flow_addr(w->state >> 33));
	w->p.dst.w[3] = bpf_htonl(FLOW_VIP + (w->state >> 40 & 1023));
	w->p.sport = bpf_htons(flow_port(w->state >> 33 & (FLOW_MAX - 1)));
	return &sched_svcs[w->state >> 43 & (w->services - 1) & (SCHED_SVCS - 1)];
}

static long step_empty(__u32 i, void *data)
{
	struct walk *w = data;

	w->chosen += walk_on(w)->count != 0;
	return 0;
}

static long step_pick(__u32 i, void *data)
{
	struct walk *w = data;

	w->chosen += sched_pick(walk_on(w), &w->p) != 0;
	return 0;
}

#define SCHED_PROG(name)                                         \
	SEC("xdp") int run_##name(struct xdp_md *ctx)            \
	{                                                        \
		struct walk w = {};                              \
                                                                 \
		w.state = sched_run.state;                       \
		w.services = sched_run.services;                 \
		w.p.proto = IPPROTO_TCP;                         \
		w.p.now = table_now();                           \
		w.p.src.w[2] = w.p.dst.w[2] = bpf_htonl(0xffff); \
		bpf_loop(sched_run.count, step_##name, &w, 0);   \
		sched_run.state = w.state;                       \
		sched_run.chosen = w.chosen;                     \
		return 0;                                        \
	}

SCHED_PROG(empty)
SCHED_PROG(pick)

char _license[] SEC("license") = "GPL";
