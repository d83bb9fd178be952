/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SVC_H
#define SLUICE_SVC_H
/*
 * DOC: from a first packet to a connection
 *
 * The service of the packet's destination, a server by its scheduler, an entry in the table. A packet that may not begin a
 * connection is the host's: it answers what a host answers to a packet of no connection.
 */

#include "bpf/sched/sched.h"
#include "bpf/state.h"
#include "bpf/stats.h"
#include "bpf/table.h"

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
 * The packet's service and a server of it. The kernel may give a replaced value's memory to another service while it
 * is still being read; so the key is asked again afterwards: a generation that is still there has been there all the time.
 */
SL_INLINE int svc_pick(struct pkt *p, struct table_new *ret_new)
{
	struct sl_svc_key key = {.addr = p->dst, .port = p->dport, .proto = p->proto};

	for (int i = 0; i < SVC_TRIES; i++) {
		const struct sl_svc *svc = map_svc(&key);
		__u64 ident;

		if (!svc)
			return PKT_PASS;
		if (svc_bad_source(p))
			return pkt_drop(p, SL_DROP_BAD_SOURCE);
		ident = svc_ident(svc);
		barrier();
		ret_new->svc = svc->id;
		ret_new->dest = sched_pick(svc);
		barrier();
		svc = map_svc(&key);
		if (likely(svc && svc_ident(svc) == ident))
			return PKT_NEXT;
	}
	return pkt_drop(p, SL_DROP_SVC_CHANGING);
}

/* Does the director see one side of this connection only? */
SL_INLINE __u64 svc_way(const struct sl_dest *d)
{
	return d->fwd == SL_FWD_MASQ ? 0 : SL_W_1WAY;
}

APART int svc_schedule(struct pkt *p)
{
	const struct sl_dest *d;
	struct table_new new = {};
	int verdict;

	if (!p || !state_opens(p))
		return PKT_PASS;
	verdict = svc_pick(p, &new);
	if (verdict != PKT_NEXT)
		return verdict;
	d = map_dest(new.dest);
	if (!new.dest || !d)
		return pkt_drop(p, SL_DROP_NO_SERVER);
	new.dport = d->port;
	new.fwd = d->fwd;
	new.way = svc_way(d);
	new.state = state_first(p, new.way);
	verdict = table_enter(p, &new);
	if (verdict == PKT_NEXT)
		stats_conn(new.dest);
	return verdict;
}

#endif
