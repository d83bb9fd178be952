/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SVC_H
#define SLUICE_SVC_H
/*
 * DOC: from a first packet to a connection
 *
 * svc_schedule() at the end has the stages: the service of the packet's destination, whether it lets the client in, a server by its
 * scheduler, an entry in the table. A packet that may not begin a connection is the host's: it answers what a host answers to a packet of
 * no connection.
 */

#include "bpf/allow.h"
#include "bpf/call.h"
#include "bpf/mark.h"
#include "bpf/ops.h"
#include "bpf/persist.h"
#include "bpf/sched/sched.h"
#include "bpf/state.h"
#include "bpf/stats.h"
#include "bpf/work.h"

#define SVC_FTP_DATA 20 /* what comes from this port is never scheduled (ip_vs_schedule) */
#define SVC_TRIES 4 /* to read a service while nobody writes it */

/* Addresses that no client has (RFC 6890): zero, loopback, multicast, broadcast; and the virtual address itself. */
SL_INLINE int svc_bad_source(const struct pkt *p)
{
	const struct sl_addr *a = &p->src;

	if (addr_equal(a, &p->dst))
		return 1;
	if (addr_is_v4(a))
		return a->b[12] == 0 || a->b[12] == 127 || a->b[12] >= 224;
	return a->b[0] == 0xff || (a->d[0] == 0 && a->w[2] == 0 && bpf_ntohl(a->w[3]) <= 1);
}

/* Which service, which generation: the first two words of an sl_svc, read at once. */
SL_INLINE __u64 svc_ident(const struct sl_svc *svc)
{
	return READ_ONCE(*(const __u64 *)svc);
}

/*
 * Copies the service of this key. The kernel may give a replaced value's memory to another service while it is still being
 * read; so the key is asked again afterwards: a generation that is still there has been there all the time.
 * PKT_NEXT; PKT_PASS: there is no such service; PKT_DROP: it was changed each time.
 */
NOINLINE int svc_read(const struct sl_svc_key *key, struct sl_svc *ret_svc)
{
	for (int i = 0; i < SVC_TRIES; i++) {
		const struct sl_svc *svc = map_svc(key);
		__u64 ident;

		if (!svc)
			return PKT_PASS;
		ident = svc_ident(svc);
		barrier();
		*ret_svc = *svc;
		barrier();
		svc = map_svc(key);
		if (likely(svc && svc_ident(svc) == ident && svc_ident(ret_svc) == ident))
			return PKT_NEXT;
	}
	return PKT_DROP;
}

/* May FTP's service on port 21 take this packet: a data connection, active or passive (ip_vs_service_find)? */
SL_INLINE int svc_ftp_data(const struct pkt *p)
{
	return p->proto == IPPROTO_TCP && (p->dport == bpf_htons(20) || bpf_ntohs(p->dport) >= 1024);
}

/* The packet's service, in IPVS's order: by its mark, by address and port, FTP's for its data, the one for all ports. */
SL_INLINE int svc_find(struct pkt *p, struct work *work)
{
	const struct sl_settings *set = map_settings();
	__u32 kinds = set ? set->flags : 0;
	struct sl_svc_key key = {};
	int verdict = PKT_PASS;

	if (!p->mark && kinds & SL_SET_MARKS && kinds & SL_SET_MARK_SVCS)
		p->mark = mark_classify(p);
	if (p->mark && kinds & SL_SET_MARK_SVCS) {
		if (!p->v6)
			key.addr.w[2] = bpf_htonl(0xffff);
		key.addr.w[3] = bpf_htonl(p->mark);
		verdict = svc_read(&key, &work->svc);
		if (verdict == PKT_NEXT) {
			work->key = key;
			return verdict;
		}
	}
	key.addr = p->dst;
	key.port = p->dport;
	key.proto = p->proto;
	if (verdict == PKT_PASS)
		verdict = svc_read(&key, &work->svc);
	if (verdict == PKT_PASS && kinds & SL_SET_FTP_SVCS && svc_ftp_data(p)) {
		key.port = bpf_htons(21);
		verdict = svc_read(&key, &work->svc);
	}
	if (verdict == PKT_PASS && kinds & SL_SET_PORT0_SVCS) {
		key.port = 0;
		verdict = svc_read(&key, &work->svc);
	}
	work->key = key;
	return verdict;
}

/* May this client begin a connection to the service at all? */
SL_INLINE int svc_admit(struct pkt *p, const struct sl_svc *svc)
{
	if (svc_bad_source(p))
		return pkt_drop(p, SL_DROP_BAD_SOURCE);
	if (svc->flags & SL_SVC_ALLOW && !allow_admits(p, svc->allow, svc->allow_count))
		return pkt_drop(p, SL_DROP_NOT_ALLOWED);
	return PKT_NEXT;
}

/* Does the director see one side of this connection only? */
SL_INLINE __u64 svc_way(const struct sl_dest *d)
{
	return d->fwd == SL_FWD_MASQ ? 0 : SL_W_1WAY;
}

/* No server may be given. Ports that only FTP's service could have taken are the host's (ip_vs_leave). */
SL_INLINE int svc_nobody(struct pkt *p, const struct work *work)
{
	if (work->key.port == bpf_htons(PERSIST_FTP) && p->dport != work->key.port)
		return PKT_PASS;
	return pkt_drop(p, SL_DROP_NO_SERVER);
}

/* Is the service one for this very port? Others take a packet only for the sake of persistence. */
SL_INLINE int svc_exact(const struct pkt *p, const struct work *work)
{
	return !work->key.proto || work->key.port == p->dport;
}

/* Chooses work.new's server, by the client's template if the service is persistent and there is one. */
SL_INLINE int svc_choose(struct pkt *p, struct work *work)
{
	struct table_new *new = &work->new;
	const struct sl_conn *by;

	if (work->svc.flags & SL_SVC_PERSISTENT) {
		persist_key(p, work);
		new->template = persist_find(&work->twin);
		by = map_conn(new->template - 1);
		if (new->template &&by) {
			new->dest = by->dest;
			return PKT_NEXT;
		}
	} else if (!svc_exact(p, work)) {
		return svc_nobody(p, work);
	}
	new->dest = sched_pick(&work->svc, p);
	return new->dest ? PKT_NEXT : svc_nobody(p, work);
}

/* A template to work.new's server. */
SL_INLINE int svc_template(struct pkt *p, struct work *work)
{
	struct table_new *new = &work->new;
	const struct sl_dest *d = map_dest(new->dest);

	if (!d)
		return pkt_drop(p, SL_DROP_NO_SERVER);
	new->dport = work->twin.dport ? d->port : 0;
	new->fwd = d->fwd;
	new->way = SL_W_OWN;
	new->flags = (work->key.proto ? 0 : SL_CONN_MARK) | (work->svc.pe == SL_PE_SIP ? SL_CONN_CALL : 0);
	new->state = SL_ST_TEMPLATE;
	if (work->svc.pe == SL_PE_SIP)
		call_keep(work);
	return persist_enter(p);
}

/* The server's port of a new connection: persistence keeps the packet's where the service is for more than one. */
SL_INLINE __be16 svc_dest_port(const struct pkt *p, const struct work *work, const struct sl_dest *d)
{
	if (!d->port || (work->svc.flags & SL_SVC_PERSISTENT && p->dport != work->key.port))
		return p->dport;
	return d->port;
}

/* What becomes of the packet: a connection to work.new's server, or, of a one-packet service, nothing that lasts. */
SL_INLINE int svc_enter(struct pkt *p, struct work *work)
{
	struct table_new *new = &work->new;
	const struct sl_dest *d = map_dest(new->dest);
	int verdict;

	if (!d)
		return pkt_drop(p, SL_DROP_NO_SERVER);
	new->dport = svc_dest_port(p, work, d);
	new->fwd = d->fwd;
	if (ops_wanted(p, work))
		return ops_begin(p, work);
	new->way = svc_way(d) | (work->svc.flags & SL_SVC_OWN ? SL_W_OWN : 0);
	new->flags = work->key.proto ? 0 : SL_CONN_MARK;
	new->state = state_first(p, new->way &SL_W_1WAY);
	verdict = table_enter(p, new);
	if (verdict != PKT_NEXT)
		return verdict;
	stats_conn(new->dest);
	if (trail_on())
		trail_begin(p, new->svc);
	if (new->state == SL_ST_ESTABLISHED)
		template_assure(p->slot);
	return PKT_NEXT;
}

/* The packet has a service that lets it in, in this CPU's work: a server, and an entry in the table. */
APART int svc_begin(struct pkt *p)
{
	struct work *work = work_get();
	int verdict, made;

	if (!p || !work)
		return PKT_DROP;
	__builtin_memset(&work->new, 0, sizeof(work->new));
	work->new.svc = work->svc.id;
	verdict = svc_choose(p, work);
	made = verdict == PKT_NEXT && work->svc.flags & SL_SVC_PERSISTENT && !work->new.template;
	if (made)
		verdict = svc_template(p, work);
	if (verdict != PKT_NEXT)
		return verdict;
	verdict = svc_enter(p, work);
	if (verdict != PKT_NEXT)
		template_leave(work->new.template, made);
	return verdict;
}

/* The service of a packet without a connection, and whether it may begin one. */
APART int svc_lookup(struct pkt *p)
{
	struct work *work = work_get();
	int verdict;

	if (!p || !work || !state_opens(p) || p->sport == bpf_htons(SVC_FTP_DATA))
		return PKT_PASS;
	verdict = svc_find(p, work);
	if (verdict == PKT_DROP)
		return pkt_drop(p, SL_DROP_SVC_CHANGING);
	if (verdict != PKT_NEXT)
		return verdict;
	return svc_admit(p, &work->svc);
}

/* Does the packet come from a server that may speak without having been asked? Then this CPU's work has its service. */
APART int svc_origin(struct pkt *p)
{
	struct work *work = work_get();

	if (!p || !work || p->proto != IPPROTO_UDP || !ops_origin(p, work) || svc_read(&work->key, &work->svc) != PKT_NEXT)
		return PKT_PASS;
	work->new.svc = work->svc.id;
	return work->svc.flags & SL_SVC_ONEPACKET || work->svc.pe == SL_PE_SIP ? PKT_NEXT : PKT_PASS;
}

/* The call's template, which must lead to the server that speaks (ip_vs_new_conn_out); work.new is under it. */
SL_INLINE int svc_dial_template(struct pkt *p, struct work *work)
{
	struct table_new *new = &work->new;
	const struct sl_conn *by;

	__builtin_memset(&work->twin, 0, sizeof(work->twin));
	work->twin.now = p->now;
	work->twin.src = work->sip.hash;
	work->twin.dst = work->key.addr;
	work->twin.dport = work->key.port;
	work->twin.proto = p->proto;
	new->template = persist_find(&work->twin);
	by = map_conn(new->template - 1);
	if (!new->template || !by)
		return svc_template(p, work);
	if (by->dest == new->dest)
		return PKT_NEXT;
	template_retire(new->template - 1);
	template_leave(new->template, 0);
	return svc_template(p, work);
}

/* Enters the connection as its client's packet would have: that is the twin now. */
SL_INLINE int svc_dial_enter(struct pkt *p, struct work *work)
{
	struct table_new *new = &work->new;
	struct pkt *t = &work->twin;
	int verdict;

	__builtin_memset(t, 0, sizeof(*t));
	t->now = p->now;
	t->src = p->dst;
	t->sport = p->dport;
	t->dst = work->key.addr;
	t->dport = work->key.port;
	t->proto = p->proto;
	new->dport = p->sport;
	new->fwd = SL_FWD_MASQ;
	new->way = work->svc.flags &SL_SVC_OWN ? SL_W_OWN : 0;
	new->flags = 0;
	new->state = SL_ST_UDP_NEW;
	verdict = table_enter(t, new);
	if (verdict != PKT_NEXT)
		return pkt_drop(p, t->reason);
	stats_conn(new->dest);
	template_assure(t->slot);
	ops_answer(p, work);
	p->slot = t->slot;
	p->word = t->word;
	return PKT_NEXT;
}

/* A server's own message of a call: its dialog gets a connection, unless each datagram is one. */
APART int svc_dial(struct pkt *p)
{
	struct work *work = work_get();
	int verdict;

	if (!p || !work || !work->new.dest || !(work->svc.flags & SL_SVC_PERSISTENT))
		return PKT_PASS;
	verdict = svc_dial_template(p, work);
	if (verdict != PKT_NEXT)
		return verdict;
	if (!(work->svc.flags & SL_SVC_ONEPACKET))
		verdict = svc_dial_enter(p, work);
	if (verdict != PKT_NEXT || work->svc.flags & SL_SVC_ONEPACKET)
		template_leave(work->new.template, 0);
	return verdict;
}

/* ... The packet goes to its client as the service's. */
APART int svc_answer(struct pkt *p)
{
	struct work *work = work_get();

	if (!p || !work)
		return PKT_PASS;
	return work->svc.flags & SL_SVC_ONEPACKET ? ops_answer(p, work) : PKT_NEXT;
}

/* What a server sends without a connection. PKT_PASS: it is none that concerns us. */
SL_INLINE int svc_from_server(struct sl_ctx *ctx, struct pkt *p)
{
	const struct work *work = work_get();
	int verdict = svc_origin(p);

	if (verdict != PKT_NEXT || !work)
		return PKT_PASS;
	if (work->svc.pe != SL_PE_SIP)
		return svc_answer(p);
	if (call_wanted(ctx, p) != PKT_NEXT)
		return PKT_PASS;
	verdict = svc_dial(p);
	return verdict == PKT_NEXT ? svc_answer(p) : verdict;
}

/* A packet of no connection: the stages, in order. PKT_NEXT: it has one now, or needs none. */
SL_INLINE int svc_schedule(struct sl_ctx *ctx, struct pkt *p)
{
	const struct sl_settings *set = map_settings();
	int verdict = PKT_PASS;

	if (set && set->flags & SL_SET_ORIGINS)
		verdict = svc_from_server(ctx, p);
	if (verdict != PKT_PASS)
		return verdict;
	verdict = svc_lookup(p);
	if (verdict == PKT_NEXT)
		verdict = call_wanted(ctx, p);
	return verdict == PKT_NEXT ? svc_begin(p) : verdict;
}

#endif
