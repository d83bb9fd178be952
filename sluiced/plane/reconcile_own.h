/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_RECONCILE_OWN_H
#define SLUICED_RECONCILE_OWN_H
/* What reconcile.c and the rec_*.c files share, and nobody else sees. */

#include "sluiced/plane/classify.h"
#include "sluiced/plane/pool.h"
#include "sluiced/plane/reconcile.h"

/* What a service's entry points to: runs of the pools, written aside before the entry is switched to them. */
enum rec_area { AREA_MEMBERS, AREA_TABLE, AREA_BOUNDS, AREAS };

struct rec_run {
	uint32_t first, count;
};

/* A dest id in use. Its name and address are in the plane's entry. */
struct rec_dest {
	struct hnode node;
	struct list link; /* of rec_svc.dests */
	struct list lingering; /* of reconcile.lingering, when removed */
	struct list claim; /* of rec_origin.claims, if its replies are one-packet ones */
	struct rec_origin *origin;
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
	struct rec_run runs[AREAS]; /* of that entry, as far as they are ours */
	struct list dests;
	uint32_t cache_goal; /* entries of lblc or lblcr still to forget in this walk */
	bool active; /* the plane has the entry; else only connections are left */
	bool busy; /* a change is under way: it needs its id */
};

struct rec_vip {
	struct hnode node;
	struct sl_addr addr;
	unsigned count; /* of its services */
};

/* Where the replies of a NAT server without connections come from; several services may have the server, the newest one gets it. */
struct rec_origin {
	struct hnode node;
	struct sl_svc_key server; /* its address, port and protocol */
	struct sl_svc_key svc; /* as the plane has it */
	bool written; /* the plane has it */
	struct list claims; /* of struct rec_dest */
};

/* Kinds of services that the lanes look for only if there are any. */
enum rec_kind_of { KIND_MARK, KIND_FTP, KIND_PORT0, KINDS };

/* The walk through what lblc and lblcr remember. */
struct rec_caches {
	uint64_t next_ms; /* when it begins again */
	unsigned checks;
	bool walking, full;
	uint32_t tick; /* the lanes' when it began */
	struct sl_cache_key key; /* where it is */
	struct sl_cache cache;
};

struct reconcile {
	struct plane *plane;
	struct reconcile_hooks hooks;
	struct classify *classify;
	struct pool dest_ids, svc_ids, areas[AREAS];
	struct htab svc_tab, dest_tab, vip_tab, origin_tab;
	unsigned kinds[KINDS]; /* active services of this kind */
	unsigned origins; /* entries of the plane's map */
	bool adopting; /* not all claims to origins are known yet */
	struct list lingering;
	unsigned lingering_count;
	uint32_t stamp;
	uint32_t highest; /* dest id so far */
	uint64_t commit; /* counts them */
	struct rec_caches caches;
	struct rec_dest *dests; /* SL_MAX_DESTS */
	struct rec_svc *svcs; /* SL_MAX_SVCS */
};

/* rec_caches.c */
void rec_caches_tick(struct reconcile *rec, uint64_t now_ms);

/* rec_turn.c */
uint64_t rec_cursor(const struct reconcile *rec, const struct sl_svc *svc);
void rec_turns(struct reconcile *rec, const struct txn *txn);
struct svc_turn rec_turn(const struct reconcile *rec, const struct svc *svc);

/* rec_ids.c */
struct rec_svc *rec_svc_find(const struct reconcile *rec, const struct sl_svc_key *key);
int rec_svc_get(struct reconcile *rec, const struct sl_svc_key *key, struct rec_svc **ret_rs); /* found, or with a new id */
void rec_svc_enter(struct reconcile *rec, uint32_t id, const struct sl_svc_key *key);
void rec_svc_drop_unused(struct reconcile *rec, struct rec_svc *rs); /* let its id go if nothing needs it */
uint32_t rec_dest_find(const struct reconcile *rec, uint32_t svc, const struct dest_key *key);
void rec_dest_link(struct reconcile *rec, struct rec_svc *rs, uint32_t id); /* the plane's entry is written */
void rec_dest_linger(struct reconcile *rec, uint32_t id, uint64_t now_ms);
void rec_dest_unlinger(struct reconcile *rec, uint32_t id);
void rec_dest_drop(struct reconcile *rec, uint32_t id, bool seen); /* seen: programs may know the id */
int rec_id_take(struct reconcile *rec, struct pool *pool, uint32_t *ret_id);

/* rec_name.c. A service's name is known, or not any more: its address, its kind, its mark. write: else the plane is not told (adoption). */
int rec_name_get(struct reconcile *rec, const struct sl_svc_key *key, bool write);
void rec_name_put(struct reconcile *rec, const struct sl_svc_key *key);
void rec_kinds_write(struct reconcile *rec); /* the flags as the counts have it */
void rec_vips_free(struct reconcile *rec);

/* rec_dest.c */
uint8_t rec_dest_flags(const struct reconcile *rec, bool removed, int32_t weight);
void rec_dest_flags_refresh(struct reconcile *rec); /* the settings that decide them were changed */
void rec_ledger_start(struct reconcile *rec, uint32_t id, bool fresh);
int rec_dest_take(struct reconcile *rec, struct rec_svc *rs, const struct dest *dest, uint32_t *ret_id);
void rec_dest_keep(struct reconcile *rec, struct rec_svc *rs, const struct dest *dest, uint32_t id);

/* rec_origin.c */
int rec_origins_find(struct reconcile *rec); /* adoption: what the plane has */
int rec_origin_set(struct reconcile *rec, uint32_t dest, bool on);
int rec_origins_set(struct reconcile *rec, struct rec_svc *rs); /* of all its servers */
void rec_origins_sweep(struct reconcile *rec); /* adoption: when all claims are known */
void rec_origins_free(struct reconcile *rec);

/* rec_svc.c */
int rec_svc_apply(struct reconcile *rec, const struct model *model, const struct sl_svc_key *key, uint64_t now_ms);
bool rec_area_claim(struct reconcile *rec, struct rec_svc *rs, enum rec_area area, struct rec_run run);

/* rec_marks.c: the classifier's rules. */
int rec_marks_write(struct reconcile *rec, const struct model *model, uint64_t now_ms);
int rec_marks_adopt(struct reconcile *rec, struct model *model);

/* rec_global.c: timeouts, settings, sync daemons. */
void rec_global_write(struct reconcile *rec, const struct model *model);
void rec_global_adopt(const struct reconcile *rec, struct model *model);
void rec_own_write(struct reconcile *rec, const struct model *model, const struct svc *svc, uint32_t id);
void rec_own_adopt(const struct reconcile *rec, uint32_t id, struct svc_conf *conf);
void rec_own_least_write(struct reconcile *rec);

#endif
