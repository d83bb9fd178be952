/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: adoption: the model from the plane
 *
 * What the lanes obey is the truth: the entries of the services and the members they point to. A daemon that was killed in the
 * middle of a change may have left a server that is in no list (it lingers until its connections are gone) or a released run of
 * members (it is free again); both are put right here. An entry that makes no sense is removed, and said so.
 */

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "sluiced/plane/reconcile_own.h"

struct found {
	struct sl_svc_key key;
	struct sl_svc svc;
};

struct adoption {
	struct reconcile *rec;
	struct model *model;
	uint64_t now_ms;
	struct found *found;
	size_t count;
};

static int by_order(const void *a, const void *b)
{
	uint32_t x = ((const struct found *)a)->svc.order, y = ((const struct found *)b)->svc.order;

	return x < y ? -1 : x > y;
}

/* All services of the plane, oldest first. */
static int find_svcs(struct adoption *a)
{
	struct plane *plane = a->rec->plane;
	const struct sl_svc_key *prev = NULL;

	a->found = calloc(SL_MAX_SVCS, sizeof(*a->found));
	if (!a->found)
		return -ENOMEM;
	for (; a->count < SL_MAX_SVCS; a->count++) {
		struct found *next = &a->found[a->count];
		int err = plane->ops->svc_next(plane, prev, &next->key, &next->svc);

		if (err == -ENOENT)
			break;
		if (err)
			return err;
		prev = &next->key;
	}
	qsort(a->found, a->count, sizeof(*a->found), by_order);
	return 0;
}

static bool sane_svc(const struct found *f)
{
	return f->svc.id > 0 && f->svc.id < SL_MAX_SVCS && strcmp(model_sched_text(f->svc.sched), "none") != 0 &&
	       (f->key.proto == IPPROTO_TCP || f->key.proto == IPPROTO_UDP) && f->svc.first <= SL_MAX_MEMBERS &&
	       f->svc.count <= SL_MAX_MEMBERS - f->svc.first && f->svc.count < SL_MAX_DESTS;
}

static int adopt_svc(struct adoption *a, const struct found *f)
{
	struct reconcile *rec = a->rec;
	struct svc_conf conf = {.sched = f->svc.sched, .flags = f->svc.flags};
	char text[MODEL_NAME_TEXT];
	struct rec_svc *rs;
	struct svc *svc;

	if (!sane_svc(f) || !pool_claim(&rec->svc_ids, f->svc.id, 1)) {
		log_warn("the entry of service %s made no sense and is removed", model_svc_text(&f->key, text));
		return plane_svc_del(rec->plane, &f->key);
	}
	rec_svc_enter(rec, f->svc.id, &f->key);
	rs = &rec->svcs[f->svc.id];
	rs->svc = f->svc;
	rs->active = true;
	rs->owns_region = pool_claim(&rec->members, f->svc.first, f->svc.count);
	rs->owns_table = rec_table_claim(rec, &f->svc);
	svc = svc_new(&f->key, &conf);
	if (!svc)
		return -ENOMEM;
	svc->order = f->svc.order;
	svc->next_order = 1;
	svc_link(a->model, svc, &a->model->svcs);
	a->model->next_order = svc->order + 1;
	return rec_vip_get(rec, &f->key.addr, false);
}

/* The service a server belongs to; one that has only connections left is found by the name its servers carry. */
static struct rec_svc *owner(struct reconcile *rec, const struct sl_dest *entry)
{
	struct rec_svc *rs = rec_svc_find(rec, &entry->svc_key);

	if (!rs && entry->svc && entry->svc < SL_MAX_SVCS && pool_claim(&rec->svc_ids, entry->svc, 1)) {
		rec_svc_enter(rec, entry->svc, &entry->svc_key);
		rs = &rec->svcs[entry->svc];
	}
	return rs && rs->svc.id == entry->svc ? rs : NULL;
}

static int adopt_dest(struct adoption *a, uint32_t id)
{
	struct reconcile *rec = a->rec;
	const struct sl_dest *entry = &rec->plane->dests[id];
	struct rec_svc *rs = entry->flags & SL_DEST_USED ? owner(rec, entry) : NULL;

	if (!(entry->flags & SL_DEST_USED))
		return 0;
	if (!rs) {
		log_warn("the entry of server %u made no sense and is removed", id);
		plane_dest_clear(rec->plane, id);
		return 0;
	}
	pool_claim(&rec->dest_ids, id, 1);
	rec_dest_link(rec, rs, id);
	return rec->hooks.watch(rec->hooks.arg, id, &entry->addr);
}

/* May the member's server be taken into the model? */
static bool sane_member(const struct reconcile *rec, const struct rec_svc *rs, const struct sl_member *m)
{
	const struct sl_dest *entry = m->dest > 0 && m->dest < SL_MAX_DESTS ? &rec->plane->dests[m->dest] : NULL;

	return entry && entry->flags & SL_DEST_USED && entry->svc == rs->svc.id && m->weight >= 0 &&
	       (entry->fwd == SL_FWD_MASQ || entry->fwd == SL_FWD_TUNNEL || entry->fwd == SL_FWD_DROUTE) &&
	       rec->dests[m->dest].stamp != rec->stamp;
}

static int adopt_member(struct adoption *a, struct svc *svc, const struct sl_member *m)
{
	const struct sl_dest *entry = &a->rec->plane->dests[m->dest];
	struct dest_conf conf = {.fwd = entry->fwd, .weight = m->weight, .last_weight = entry->last_weight};
	struct dest_key key = dest_key(&entry->addr, entry->port);
	struct dest *dest = dest_new(svc, &key, &conf);

	if (!dest)
		return -ENOMEM;
	dest->order = entry->order;
	dest_link(a->model, dest, svc->dests.prev);
	if (svc->next_order <= dest->order)
		svc->next_order = dest->order + 1;
	a->rec->dests[m->dest].stamp = a->rec->stamp;
	return 0;
}

/* The servers of a service, in the order of its members; those that are in no list linger. */
static int adopt_members(struct adoption *a, struct rec_svc *rs)
{
	struct reconcile *rec = a->rec;
	struct svc *svc = model_svc(a->model, &rs->key);
	struct list *at, *safe;

	rec->stamp++;
	for (uint32_t i = 0; svc && i < rs->svc.count; i++) {
		const struct sl_member *m = &rec->plane->members[rs->svc.first + i];
		int err = sane_member(rec, rs, m) ? adopt_member(a, svc, m) : 0;

		if (err)
			return err;
	}
	list_each (at, safe, &rs->dests) {
		struct rec_dest *rd = container_of(at, struct rec_dest, link);

		if (rd->stamp != rec->stamp)
			rec_dest_linger(rec, rd - rec->dests, a->now_ms);
	}
	return 0;
}

static int adopt_all(struct adoption *a)
{
	struct reconcile *rec = a->rec;
	int err = find_svcs(a);

	for (size_t i = 0; !err && i < a->count; i++)
		err = adopt_svc(a, &a->found[i]);
	for (uint32_t id = 1; !err && id < SL_MAX_DESTS; id++)
		err = adopt_dest(a, id);
	for (uint32_t id = 1; !err && id < SL_MAX_SVCS; id++) {
		if (rec->svcs[id].svc.id)
			err = adopt_members(a, &rec->svcs[id]);
	}
	for (size_t i = 0; !err && i < a->count; i++)
		err = rec_svc_apply(rec, a->model, &a->found[i].key, a->now_ms);
	return err;
}

int reconcile_adopt(struct reconcile *rec, struct model *model, uint64_t now_ms)
{
	const __u32 *seconds = rec->plane->settings->timeout_s;
	struct adoption a = {.rec = rec, .model = model, .now_ms = now_ms};
	int err;

	model->timeouts = (struct model_timeouts){seconds[SL_ST_ESTABLISHED], seconds[SL_ST_FIN_WAIT], seconds[SL_ST_UDP]};
	err = adopt_all(&a);
	free(a.found);
	return err;
}
