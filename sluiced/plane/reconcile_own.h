/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_RECONCILE_OWN_H
#define SLUICED_RECONCILE_OWN_H
/* What reconcile.c, rec_ids.c and rec_adopt.c share, and nobody else sees. */

#include "sluiced/plane/pool.h"
#include "sluiced/plane/reconcile.h"
#include "sluiced/sched/table.h"

/* A dest id in use. Its name and address are in the plane's entry. */
struct rec_dest {
	struct hnode node;
	struct list link; /* of rec_svc.dests */
	struct list lingering; /* of reconcile.lingering, when removed */
	uint64_t removed_ms;
	uint32_t stamp; /* of the last change that wanted it */
	uint32_t place; /* in the list of that change */
	bool fresh; /* new in a change under way */
	bool moved; /* was removed and added again in a change under way */
};

/* A service id in use. */
struct rec_svc {
	struct hnode node;
	struct sl_svc_key key;
	struct sl_svc svc; /* the entry as written last */
	struct list dests;
	bool active; /* the plane has the entry; else only connections are left */
	bool owns_region; /* svc.first and svc.count are ours in the member pool */
	bool owns_table; /* svc.table and svc.table_len likewise in the table pool */
};

struct rec_vip {
	struct hnode node;
	struct sl_addr addr;
	unsigned count; /* of its services */
};

struct reconcile {
	struct plane *plane;
	struct reconcile_hooks hooks;
	struct pool dest_ids, svc_ids, members, tables;
	struct htab svc_tab, dest_tab, vip_tab;
	struct list lingering;
	unsigned lingering_count;
	uint32_t stamp;
	struct rec_dest *dests; /* SL_MAX_DESTS */
	struct rec_svc *svcs; /* SL_MAX_SVCS */
};

/* rec_ids.c */
struct rec_vip *rec_vip(const struct reconcile *rec, const struct sl_addr *addr);
struct rec_svc *rec_svc_find(const struct reconcile *rec, const struct sl_svc_key *key);
int rec_svc_get(struct reconcile *rec, const struct sl_svc_key *key, struct rec_svc **ret_rs); /* found, or with a new id */
void rec_svc_enter(struct reconcile *rec, uint32_t id, const struct sl_svc_key *key);
void rec_svc_drop_unused(struct reconcile *rec, struct rec_svc *rs); /* let its id go if nothing needs it */
uint32_t rec_dest_find(const struct reconcile *rec, uint32_t svc, const struct dest_key *key);
void rec_dest_link(struct reconcile *rec, struct rec_svc *rs, uint32_t id); /* the plane's entry is written */
void rec_dest_linger(struct reconcile *rec, uint32_t id, uint64_t now_ms);
void rec_dest_unlinger(struct reconcile *rec, uint32_t id);
void rec_dest_drop(struct reconcile *rec, uint32_t id, bool seen); /* seen: programs may know the id */

/* rec_table.c */
int rec_pool_take(struct pool *pool, uint32_t count, uint32_t *ret_first); /* what rests is had too, if need be */
int rec_table_place(struct reconcile *rec, const struct rec_svc *rs, const struct sched_table *table, struct sl_svc *next, bool *ret_new);
void rec_table_return(struct reconcile *rec, const struct sl_svc *svc); /* the lanes have never seen it */
void rec_table_release(struct reconcile *rec, const struct sl_svc *svc);
bool rec_table_claim(struct reconcile *rec, const struct sl_svc *svc); /* of a service that is adopted; false: it makes no sense */

/* reconcile.c */
int rec_vip_get(struct reconcile *rec, const struct sl_addr *addr, bool write);
int rec_svc_apply(struct reconcile *rec, const struct model *model, const struct sl_svc_key *key, uint64_t now_ms);

#endif
