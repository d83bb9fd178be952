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
#include "sluiced/plane/allow.h"
#include "sluiced/plane/reconcile_own.h"
#include "sluiced/sched/table.h"

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

static bool sane_run(uint32_t first, uint32_t count, uint32_t size)
{
	return first <= size && count <= size - first;
}

static bool sane_svc(const struct found *f)
{
	const struct sl_svc *svc = &f->svc;

	return svc->id > 0 && svc->id < SL_MAX_SVCS && strcmp(model_sched_text(svc->sched), "none") != 0 &&
	       (f->key.proto == IPPROTO_TCP || f->key.proto == IPPROTO_UDP || svc_key_is_mark(&f->key)) &&
	       sane_run(svc->first, svc->count, SL_MAX_MEMBERS) && svc->count <= SL_MAX_SVC_DESTS &&
	       sane_run(svc->table, sched_table_words(svc->sched, svc->table_len), SL_MAX_TABLES) &&
	       sane_run(svc->allow, svc->allow_count, SL_MAX_BOUNDS) && svc->pe <= SL_PE_SIP && svc->persist_s <= MODEL_MAX_TIMEOUT;
}

/* The allow-list that the bounds mean; one that makes no sense lets nobody in, and that is said. */
static int adopt_allow(const struct reconcile *rec, const struct found *f, struct svc_conf *conf)
{
	struct prefix *prefixes = NULL;
	char text[MODEL_NAME_TEXT];
	uint32_t count = 0;
	int err;

	if (!(f->svc.flags & SL_SVC_ALLOW))
		return 0;
	err = allow_prefixes(&rec->plane->bounds[f->svc.allow], f->svc.allow_count, &prefixes, &count);
	if (err == -ENOMEM)
		return err;
	if (err)
		log_warn("the allow-list of service %s made no sense: nobody is let in", model_svc_text(&f->key, text));
	conf->allow = allow_new(prefixes, err ? 0 : count);
	free(prefixes);
	return conf->allow ? 0 : -ENOMEM;
}

#define SAID_FLAGS (SL_SVC_PERSISTENT | SL_SVC_ONEPACKET | SL_SVC_SCHED1 | SL_SVC_SCHED2 | SL_SVC_SCHED3)

static int adopt_conf(const struct reconcile *rec, const struct found *f, struct svc_conf *ret_conf)
{
	*ret_conf = (struct svc_conf){
	    .sched = f->svc.sched,
	    .flags = f->svc.flags & SAID_FLAGS,
	    .persist_s = f->svc.persist_s,
	    .mask = f->svc.mask,
	    .pe = f->svc.pe,
	};
	rec_own_adopt(rec, f->svc.id, ret_conf);
	return adopt_allow(rec, f, ret_conf);
}

/* The service in the model, behind those that are newer. */
static int adopt_into_model(struct adoption *a, const struct found *f)
{
	struct svc_conf conf;
	struct svc *svc;
	int err = adopt_conf(a->rec, f, &conf);

	if (err)
		return err;
	svc = svc_new(&f->key, &conf);
	if (!svc) {
		allow_put(conf.allow);
		return -ENOMEM;
	}
	svc->order = f->svc.order;
	svc->next_order = 1;
	svc_link(a->model, svc, &a->model->svcs);
	a->model->next_order = svc->order + 1;
	return 0;
}

static int adopt_svc(struct adoption *a, const struct found *f)
{
	struct reconcile *rec = a->rec;
	char text[MODEL_NAME_TEXT];
	struct rec_svc *rs;
	int err;

	if (!sane_svc(f) || !pool_claim(&rec->svc_ids, f->svc.id, 1)) {
		log_warn("the entry of service %s made no sense and is removed", model_svc_text(&f->key, text));
		return plane_svc_del(rec->plane, &f->key);
	}
	rec_svc_enter(rec, f->svc.id, &f->key);
	rs = &rec->svcs[f->svc.id];
	rs->svc = f->svc;
	rs->active = true;
	rec_area_claim(rec, rs, AREA_MEMBERS, (struct rec_run){f->svc.first, f->svc.count});
	rec_area_claim(rec, rs, AREA_TABLE, (struct rec_run){f->svc.table, sched_table_words(f->svc.sched, f->svc.table_len)});
	rec_area_claim(rec, rs, AREA_BOUNDS, (struct rec_run){f->svc.allow, f->svc.allow_count});
	err = adopt_into_model(a, f);
	return err ? err : rec_name_get(rec, &f->key, false);
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
	       (entry->fwd == SL_FWD_MASQ || entry->fwd == SL_FWD_TUNNEL || entry->fwd == SL_FWD_DROUTE) && entry->upper <= INT32_MAX &&
	       entry->lower_said <= entry->upper && entry->tun_type <= SL_TUN_GRE && entry->tun_flags <= SL_TUN_REMCSUM &&
	       rec->dests[m->dest].stamp != rec->stamp;
}

static int adopt_member(struct adoption *a, struct svc *svc, const struct sl_member *m)
{
	const struct sl_dest *entry = &a->rec->plane->dests[m->dest];
	struct dest_conf conf = {
	    .fwd = entry->fwd,
	    .weight = m->weight,
	    .last_weight = entry->last_weight,
	    .upper = entry->upper,
	    .lower = entry->lower_said,
	    .tunnel = {.type = entry->tun_type, .flags = entry->tun_flags, .port = entry->tun_port},
	};
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

	if (!err)
		err = rec_origins_find(rec);
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
	struct adoption a = {.rec = rec, .model = model, .now_ms = now_ms};
	int err;

	rec_global_adopt(rec, model);
	rec_global_write(rec, model);
	rec->adopting = true;
	err = adopt_all(&a);
	rec->adopting = false;
	free(a.found);
	if (!err)
		err = rec_marks_adopt(rec, model);
	if (err)
		return err;
	rec_origins_sweep(rec);
	rec_kinds_write(rec);
	rec_dest_flags_refresh(rec);
	rec_own_least_write(rec);
	return 0;
}
