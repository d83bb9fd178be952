/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_PERSIST_H
#define SLUICE_PERSIST_H
/*
 * DOC: persistence
 *
 * A client's connections to a persistent service go to one server as long as the client's template lives. What a template is found by is
 * IPVS's (ip_vs_sched_persist): the client's address under the service's mask, and
 *
 *   a service with a port   protocol, virtual address and port
 *   FTP (port 21), port 0   protocol and virtual address: all ports stick together
 *   a mark                  the mark: all that it stands for sticks together
 *   pe sip                  the Call-ID, in place of the client's address
 *
 * It is looked for as the packet would be that matched it: work.twin. A template whose server was removed, or is quiesced and
 * expire_quiescent_template set, is given up; the connections under it stay.
 */

#include "bpf/stats.h"
#include "bpf/work.h"

#define PERSIST_FTP 21
#define PERSIST_TRIES 4 /* to enter a template that other CPUs are entering too */

/* What the packet's template is found by. */
SL_INLINE void persist_key(const struct pkt *p, struct work *work)
{
	const struct sl_svc_key *key = &work->key;
	const struct sl_addr *mask = &work->svc.mask;
	struct pkt *t = &work->twin;

	__builtin_memset(t, 0, sizeof(*t));
	t->now = p->now;
	t->src = p->src;
	if (p->v6) {
		t->src.d[0] &= mask->d[0];
		t->src.d[1] &= mask->d[1];
	} else {
		t->src.w[3] &= mask->w[3];
	}
	t->dst = key->addr;
	if (work->svc.pe == SL_PE_SIP)
		t->src = work->sip.hash;
	if (!key->proto)
		return;
	t->proto = p->proto;
	if (p->dport == key->port && key->port != bpf_htons(PERSIST_FTP))
		t->dport = key->port;
}

/* Comes under the twin's template if it is in this bucket. Its slot + 1, or 0. */
APART int persist_find_in(struct pkt *t, __u32 bucket, __u32 tag)
{
	__u64 *words = map_tags(bucket);

	if (!words || !t)
		return 0;
	for (int i = 0; i < SL_BUCKET_SLOTS; i++) {
		__u32 slot = bucket * SL_BUCKET_SLOTS + i;
		__u64 w = READ_ONCE(words[i]);
		struct sl_conn *c;

		if (sl_word_tag(w) != tag || (sl_word_state(w) != SL_ST_TEMPLATE && sl_word_state(w) != SL_ST_TEMPLATE_ASSURED))
			continue;
		c = map_conn(slot);
		if (!c || !table_matches(t, c, PKT_CLIENT) || template_expire(slot, w, t->now))
			continue;
		if (template_join(c, sl_word_gen(w)))
			return slot + 1;
	}
	return 0;
}

/* May connections still be given to the template's server? */
SL_INLINE int persist_usable(const struct sl_conn *c)
{
	const struct sl_settings *set = map_settings();
	const struct sl_dest *d = map_dest(c->dest);

	if (!d || !set || !(d->flags & SL_DEST_USED) || d->flags & SL_DEST_REMOVED)
		return 0;
	return d->weight || !set->sysctl[SL_SYS_EXPIRE_QUIESCENT_TEMPLATE];
}

/* Comes under the template of the twin's key, and begins its time anew. Its slot + 1, or 0: there is none whose server may be used. */
APART int persist_find(struct pkt *t)
{
	__u32 found;
	struct sl_conn *c;
	__u64 hash;

	if (!t)
		return 0;
	hash = sl_flow_hash(&t->src, 0, t->proto, cfg_seed0, cfg_seed1);
	found = persist_find_in(t, sl_hash_home(hash, cfg_bucket_mask), sl_hash_tag(hash));
	if (!found)
		found = persist_find_in(t, sl_hash_second(hash, cfg_bucket_mask), sl_hash_tag(hash));
	c = map_conn(found - 1);
	if (!found || !c)
		return 0;
	if (persist_usable(c)) {
		WRITE_ONCE(c->seen, t->now);
		return found;
	}
	template_retire(found - 1);
	template_leave(found, 0);
	map_count(SL_MAX_REASONS + SL_EV_TEMPLATE_STALE);
	return 0;
}

/*
 * Enters a template to work.new's server; the connection to come is under it. PKT_NEXT: work.new says which. If another CPU was first, its
 * template is as good, and its server is taken.
 */
APART int persist_enter(struct pkt *p)
{
	struct work *work = work_get();
	int verdict = PKT_DROP;

	if (!p || !work)
		return PKT_DROP;
	for (int i = 0; i < PERSIST_TRIES; i++) {
		const struct sl_conn *c;

		verdict = table_enter(&work->twin, &work->new);
		work->new.template = work->twin.slot + 1;
		if (verdict == PKT_NEXT || work->twin.reason != SL_DROP_CLAIM_RACE)
			break;
		work->new.template = persist_find(&work->twin);
		c = map_conn(work->new.template - 1);
		if (work->new.template &&c) {
			work->new.dest = c->dest;
			return PKT_NEXT;
		}
	}
	p->reason = work->twin.reason;
	return verdict;
}

#endif
