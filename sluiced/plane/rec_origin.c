/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where replies come from when there is no connection to tell: the NAT servers of one-packet and of sip services, by address, port and
 * protocol. A server may be in several services; its packets are the newest one's.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "sluiced/plane/reconcile_own.h"

static struct rec_origin *find(const struct reconcile *rec, const struct sl_svc_key *server)
{
	struct hnode *node = htab_first(&rec->origin_tab, hash_bytes(server, sizeof(*server), 0));

	for (; node; node = htab_next(node)) {
		struct rec_origin *origin = container_of(node, struct rec_origin, node);

		if (memcmp(&origin->server, server, sizeof(*server)) == 0)
			return origin;
	}
	return NULL;
}

static struct rec_origin *enter(struct reconcile *rec, const struct sl_svc_key *server)
{
	struct rec_origin *origin = find(rec, server);

	if (origin)
		return origin;
	origin = calloc(1, sizeof(*origin));
	if (!origin)
		return NULL;
	origin->server = *server;
	list_init(&origin->claims);
	htab_insert(&rec->origin_tab, &origin->node, hash_bytes(server, sizeof(*server), 0));
	return origin;
}

static void drop_unused(struct reconcile *rec, struct rec_origin *origin)
{
	if (origin->written || !list_empty(&origin->claims))
		return;
	htab_remove(&rec->origin_tab, &origin->node);
	free(origin);
}

/* The claim of the newest service, of its newest server. */
static struct rec_dest *winner(const struct reconcile *rec, const struct rec_origin *origin)
{
	const struct sl_dest *dests = rec->plane->dests, *best_entry = NULL;
	struct rec_dest *best = NULL;
	struct list *at, *safe;

	list_each (at, safe, &origin->claims) {
		struct rec_dest *rd = container_of(at, struct rec_dest, claim);
		const struct sl_dest *entry = &dests[rd - rec->dests];
		uint32_t order = rec->svcs[entry->svc].svc.order, best_order = best ? rec->svcs[best_entry->svc].svc.order : 0;

		if (!best || order > best_order || (order == best_order && entry->order > best_entry->order)) {
			best = rd;
			best_entry = entry;
		}
	}
	return best;
}

static int write_origin(struct reconcile *rec, struct rec_origin *origin, const struct sl_svc_key *value)
{
	int err;

	if (value && origin->written && memcmp(&origin->svc, value, sizeof(*value)) == 0)
		return 0;
	if (!value && !origin->written)
		return 0;
	err = plane_origin_set(rec->plane, &origin->server, value);
	if (err && (value || err != -ENOENT))
		return err;
	rec->origins += (value != NULL) - origin->written;
	origin->written = value != NULL;
	if (value)
		origin->svc = *value;
	plane_flag_set(rec->plane, SL_SET_ORIGINS, rec->origins);
	return 0;
}

/* The plane has what the claims say. */
static int settle(struct reconcile *rec, struct rec_origin *origin)
{
	const struct rec_dest *rd = winner(rec, origin);
	struct sl_svc_key value;
	int err;

	if (rd) {
		value = rec->plane->dests[rd - rec->dests].svc_key;
		value.dest = rd - rec->dests;
	}
	err = write_origin(rec, origin, rd ? &value : NULL);
	if (!err)
		drop_unused(rec, origin);
	return err;
}

static struct sl_svc_key server_key(const struct sl_dest *entry)
{
	return (struct sl_svc_key){
	    .addr = entry->addr,
	    .port = entry->port,
	    .proto = entry->svc_key.proto,
	};
}

int rec_origin_set(struct reconcile *rec, uint32_t id, bool on)
{
	struct rec_dest *rd = &rec->dests[id];
	struct rec_origin *origin = rd->origin;
	struct sl_svc_key key;

	if (on && !origin) {
		key = server_key(&rec->plane->dests[id]);
		origin = enter(rec, &key);
		if (!origin)
			return -ENOMEM;
		list_append(&origin->claims, &rd->claim);
		rd->origin = origin;
	} else if (!on && origin) {
		list_remove(&rd->claim);
		rd->origin = NULL;
	}
	return origin && !rec->adopting ? settle(rec, origin) : 0;
}

/* A mark has no address to reply from; where any port will do, a server can't be told by its port. */
static bool wants_origin(const struct rec_svc *rs, const struct sl_dest *entry)
{
	if (svc_key_is_mark(&rs->key) || !entry->port || !rs->key.port)
		return false;
	return (rs->svc.flags & SL_SVC_ONEPACKET || rs->svc.pe == SL_PE_SIP) && entry->fwd == SL_FWD_MASQ &&
	       !(entry->flags & SL_DEST_REMOVED);
}

int rec_origins_set(struct reconcile *rec, struct rec_svc *rs)
{
	struct list *at, *safe;
	int err = 0;

	list_each (at, safe, &rs->dests) {
		struct rec_dest *rd = container_of(at, struct rec_dest, link);
		uint32_t id = rd - rec->dests;

		err = err ? err : rec_origin_set(rec, id, wants_origin(rs, &rec->plane->dests[id]));
	}
	return err;
}

int rec_origins_find(struct reconcile *rec)
{
	const struct sl_svc_key *prev = NULL;
	struct sl_svc_key server, value;

	for (uint32_t i = 0; i < SL_MAX_DESTS; i++) {
		int err = rec->plane->ops->origin_next(rec->plane, prev, &server, &value);
		struct rec_origin *origin;

		if (err)
			return err == -ENOENT ? 0 : err;
		origin = enter(rec, &server);
		if (!origin)
			return -ENOMEM;
		rec->origins += !origin->written;
		origin->written = true;
		origin->svc = value;
		prev = &origin->server;
	}
	return 0;
}

/* For every origin, the next one found first: settling may free it. */
static void each(struct reconcile *rec, void (*fn)(struct reconcile *rec, struct rec_origin *origin))
{
	for (size_t i = 0; i <= rec->origin_tab.mask; i++) {
		for (struct hnode *node = rec->origin_tab.buckets[i], *next; node; node = next) {
			next = node->next;
			fn(rec, container_of(node, struct rec_origin, node));
		}
	}
}

static void sweep(struct reconcile *rec, struct rec_origin *origin)
{
	int err = settle(rec, origin);

	if (err)
		log_warn_limited("where the replies of a server come from could not be written: %s", strerror(-err));
}

void rec_origins_sweep(struct reconcile *rec)
{
	each(rec, sweep);
	plane_flag_set(rec->plane, SL_SET_ORIGINS, rec->origins);
}

static void free_origin(struct reconcile *rec, struct rec_origin *origin)
{
	free(origin);
}

void rec_origins_free(struct reconcile *rec)
{
	each(rec, free_origin);
	htab_fini(&rec->origin_tab);
}
