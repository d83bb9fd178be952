/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_MARK_H
#define SLUICE_MARK_H
/*
 * DOC: the classifier
 *
 * Gives a packet that has no mark the mark of the first rule that fits it, so that a firewall-mark service can take it without
 * netfilter. Only packets that may begin a connection come here. The longest destination prefix names the rules that may fit; a
 * rule then has a source prefix, a protocol and destination ports.
 */

#include "bpf/pkt.h"
#include "bpf/sched/scan.h"

struct mark_walk {
	const struct pkt *p;
	__u32 first; /* rule */
	__u32 mark; /* of the rule that fits; 0 none yet */
};

/* The bits of a 64-bit half that a prefix of `len` bits has in it. */
SL_INLINE __u64 mark_mask(__u32 len)
{
	return len >= 64 ? ~0ULL : ~(~0ULL >> len);
}

SL_INLINE int mark_src_fits(const struct sl_mark_rule *r, const struct sl_addr *src)
{
	__u32 len = r->src_len;
	__u64 high = bpf_be64_to_cpu(r->src.d[0] ^ src->d[0]), low = bpf_be64_to_cpu(r->src.d[1] ^ src->d[1]);

	return !(high & mark_mask(len)) && !(len > 64 && low & mark_mask(len - 64));
}

SL_INLINE int mark_fits(const struct sl_mark_rule *r, const struct pkt *p)
{
	__u32 port = bpf_ntohs(p->dport);

	return (!r->proto || r->proto == p->proto) && port >= r->first_port && port <= r->last_port && mark_src_fits(r, &p->src);
}

static long mark_visit(__u32 i, void *arg)
{
	struct mark_walk *walk = arg;
	const struct sl_mark_rule *r = map_mark_rule(walk->first + i);

	if (!r || !mark_fits(r, walk->p))
		return 0;
	walk->mark = r->mark;
	return 1;
}

/* The mark of the first rule that fits the packet; 0: none does. */
APART __u32 mark_classify(const struct pkt *p)
{
	struct sl_mark_key key = {.len = 128};
	const struct sl_mark_set *set;
	struct mark_walk walk = {};

	if (!p)
		return 0;
	__builtin_memcpy(key.dst, &p->dst, sizeof(key.dst));
	set = map_mark_set(&key);
	if (!set)
		return 0;
	walk.p = p;
	walk.first = set->first;
	bpf_loop(set->count, mark_visit, &walk, 0);
	if (walk.mark)
		map_count(SL_MAX_REASONS + SL_EV_MARKED);
	return walk.mark;
}

#endif
