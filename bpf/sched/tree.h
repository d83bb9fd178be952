/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_TREE_H
#define SLUICE_SCHED_TREE_H
/*
 * DOC: the tree of weights
 *
 * What rr and wrr look up: the next member from here on that has at least a certain weight. A service's table is a binary
 * tree of maxima over its members' weights: word 1 is the root, the children of word n are words 2n and 2n + 1, the leaves are words
 * table_len and following, one a member; table_len is a power of two, and leaves without a member are 0. So a step costs as
 * many looks as the tree is high, twice at the most, whatever the weights are; and nearly always it is one look.
 *
 * The way through the tree is calculated, not branched: a verifier that sees two ways at every step sees 2^17 at the end.
 */

#include "bpf/pkt.h"

#define TREE_HEIGHT 17 /* of SL_MAX_SVC_DESTS leaves: log2 and one */
#define TREE_NONE 0xffffffffU

SL_INLINE __u32 tree_word(const __u32 *words, const struct sl_svc *svc, __u32 node)
{
	return words[(svc->table + node) & (SL_MAX_TABLES - 1)];
}

/* 1 if word < weight, else 0. */
SL_INLINE __u32 tree_below(__u32 word, __u32 weight)
{
	__u64 difference = (__u64)word - weight;

	asm volatile("" : "+r"(difference));
	return difference >> 63;
}

/* The first leaf under a node of at least this weight. */
SL_INLINE __u32 tree_down(const __u32 *words, const struct sl_svc *svc, __u32 node, __u32 weight)
{
	for (int i = 0; i < TREE_HEIGHT && node < svc->table_len; i++)
		node = 2 * node + tree_below(tree_word(words, svc, 2 * node), weight);
	return node - svc->table_len;
}

/* The first member from `at` on that has at least this weight, 1 or more; TREE_NONE if there is none. */
APART __u32 tree_next(const struct sl_svc *svc, __u32 at, __u32 weight)
{
	const __u32 *words = map_tables();
	__u32 node;

	if (!svc || !words || at >= svc->table_len)
		return TREE_NONE;
	node = svc->table_len + at;
	for (int i = 0; i < 2 * TREE_HEIGHT; i++) {
		if (tree_word(words, svc, node) >= weight)
			break;
		/* What lies right of it: of a left child the right one, of a right child what begins beside their parent. */
		node = (node >> (node & 1)) + 1;
		if (!(node & (node - 1)))
			return TREE_NONE;
	}
	return tree_down(words, svc, node, weight);
}

#endif
