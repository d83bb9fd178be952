/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server's entry: written, kept, and what the settings make of it. */

#include <string.h>

#include "sluiced/plane/reconcile_own.h"

/* When the connections of a server end although it could go on serving them: expire_nodest_conn, expire_nodest_udp. */
uint8_t rec_dest_flags(const struct reconcile *rec, bool removed, int32_t weight)
{
	const __s32 *sysctl = rec->plane->settings->sysctl;
	uint8_t flags = SL_DEST_USED;

	if (removed)
		flags |= SL_DEST_REMOVED | (sysctl[SL_SYS_EXPIRE_NODEST_CONN] ? SL_DEST_EXPIRE : 0);
	if (sysctl[SL_SYS_EXPIRE_NODEST_UDP] >= (removed ? 1 : 2) && (removed || weight == 0))
		flags |= SL_DEST_EXPIRE_UDP;
	return flags;
}

void rec_dest_flags_refresh(struct reconcile *rec)
{
	for (uint32_t svc = 1; svc < SL_MAX_SVCS; svc++) {
		for (uint32_t id = 0; rec->svcs[svc].svc.id && (id = reconcile_next_dest(rec, svc, id));) {
			struct sl_dest entry = rec->plane->dests[id];

			entry.flags = rec_dest_flags(rec, entry.flags & SL_DEST_REMOVED, entry.weight);
			plane_dest_set(rec->plane, id, &entry);
		}
	}
}

static struct sl_dest dest_entry(const struct reconcile *rec, const struct rec_svc *rs, const struct dest *dest, uint32_t id)
{
	const struct dest_conf *conf = &dest->conf;

	return (struct sl_dest){
	    .addr = dest->key.addr,
	    .port = dest->key.port,
	    .fwd = conf->fwd,
	    .flags = rec_dest_flags(rec, false, conf->weight),
	    .svc = rs - rec->svcs,
	    .weight = conf->weight,
	    .order = dest->order,
	    .gen = rec->plane->dests[id].gen,
	    .upper = conf->upper,
	    .lower = conf->lower ? conf->lower : conf->upper - (conf->upper >> 2),
	    .lower_said = conf->lower,
	    .tun_type = conf->tunnel.type,
	    .tun_flags = conf->tunnel.flags,
	    .tun_port = conf->tunnel.port,
	    .svc_key = rs->key,
	    .last_weight = conf->last_weight,
	};
}

/* What a dest has counted so far is not this use's (start), or not to be shown (base). */
void rec_ledger_start(struct reconcile *rec, uint32_t id, bool fresh)
{
	struct sl_ledger *ledger = &rec->plane->ledger[id];
	struct sl_stats stats = plane_stats(rec->plane, id);

	memcpy(ledger->base, &stats, sizeof(ledger->base));
	if (fresh)
		memcpy(ledger->retired, &stats, sizeof(ledger->retired));
}

/* A server that was not known: an id of its own, its ledger, its entry, its way. */
int rec_dest_take(struct reconcile *rec, struct rec_svc *rs, const struct dest *dest, uint32_t *ret_id)
{
	struct sl_dest entry;
	uint32_t id;
	int err = rec_id_take(rec, &rec->dest_ids, &id);

	if (err)
		return err;
	rec_ledger_start(rec, id, true);
	plane_over_clear(rec->plane, id);
	entry = dest_entry(rec, rs, dest, id);
	entry.gen++;
	plane_dest_set(rec->plane, id, &entry);
	err = rec->hooks.watch(rec->hooks.arg, id, &entry.addr);
	if (err) {
		plane_dest_clear(rec->plane, id);
		pool_return(&rec->dest_ids, id, 1);
		return err;
	}
	rec_dest_link(rec, rs, id);
	rec->dests[id].fresh = true;
	*ret_id = id;
	return 0;
}

/* A server that has its id already; perhaps it had been removed and comes back to its connections. */
void rec_dest_keep(struct reconcile *rec, struct rec_svc *rs, const struct dest *dest, uint32_t id)
{
	struct sl_dest was = rec->plane->dests[id];
	struct sl_dest entry = dest_entry(rec, rs, dest, id);

	rec_dest_unlinger(rec, id);
	plane_dest_set(rec->plane, id, &entry);
	if (was.upper != entry.upper || was.lower_said != entry.lower_said)
		plane_over_settle(rec->plane, id);
}
