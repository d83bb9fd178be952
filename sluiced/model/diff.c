/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/model/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a record is about; built from zeroed memory, so that it can be compared as bytes. */
struct about {
	struct sl_svc_key svc;
	struct dest_key dest; /* all zero: not a server */
	uint64_t other; /* a rule's address, or kind and index */
};

/* Something that has been looked at: only its first record says how it was. */
struct seen {
	struct hnode node;
	struct about about;
};

static enum diff_what what_of(const struct txn_rec *rec)
{
	static const enum diff_what whats[REC_KINDS] = {
	    [REC_SVC_ADD] = DIFF_SVC,
	    [REC_SVC_EDIT] = DIFF_SVC,
	    [REC_SVC_DELETE] = DIFF_SVC,
	    [REC_DEST_ADD] = DIFF_DEST,
	    [REC_DEST_EDIT] = DIFF_DEST,
	    [REC_DEST_DELETE] = DIFF_DEST,
	    [REC_TIMEOUTS] = DIFF_TIMEOUTS,
	    [REC_SETTING] = DIFF_SETTING,
	    [REC_MARK_ADD] = DIFF_MARK,
	    [REC_MARK_DELETE] = DIFF_MARK,
	    [REC_SYNC] = DIFF_SYNC,
	};

	return whats[rec->kind];
}

static struct about about_of(const struct txn_rec *rec)
{
	struct about about;

	memset(&about, 0, sizeof(about));
	about.svc = rec->key;
	switch (what_of(rec)) {
	case DIFF_SVC: break;
	case DIFF_DEST: about.dest = rec->dest->key; break;
	case DIFF_MARK: about.other = (uintptr_t)rec->rule; break;
	default: about.other = (uint64_t)rec->kind << 32 | rec->index; break;
	}
	return about;
}

/* Note the record's object; false if it was there. */
static bool see(struct htab *tab, struct seen *seen, const struct txn_rec *rec)
{
	uint64_t hash;

	seen->about = about_of(rec);
	hash = hash_bytes(&seen->about, sizeof(seen->about), 0);
	for (struct hnode *node = htab_first(tab, hash); node; node = htab_next(node)) {
		if (memcmp(&container_of(node, struct seen, node)->about, &seen->about, sizeof(seen->about)) == 0)
			return false;
	}
	htab_insert(tab, &seen->node, hash);
	return true;
}

/* Settle `kind` from existence before and now; false if there is no difference. */
static bool settle(struct diff_item *item, bool was, bool is, bool same)
{
	item->kind = !was ? DIFF_ADD : !is ? DIFF_DELETE : DIFF_EDIT;
	return was != is || (is && !same);
}

static bool diff_svc(const struct txn *txn, const struct txn_rec *rec, struct diff_item *item)
{
	const struct svc *now = model_svc(txn->model, &rec->key);
	bool was = rec->kind != REC_SVC_ADD, same = now && now == rec->svc;

	if (was)
		item->svc_was = rec->kind == REC_SVC_EDIT ? &rec->svc_was : &rec->svc->conf;
	if (now)
		item->svc_is = &now->conf;
	return settle(item, was, now != NULL, same && was && svc_conf_equal(item->svc_was, item->svc_is));
}

static bool diff_dest(const struct txn *txn, const struct txn_rec *rec, struct diff_item *item)
{
	const struct svc *svc = model_svc(txn->model, &rec->key);
	const struct dest *now = svc ? model_dest(svc, txn->model, &rec->dest->key) : NULL;
	bool was = rec->kind != REC_DEST_ADD, same = now && now == rec->dest;

	if (was)
		item->dest_was = rec->kind == REC_DEST_EDIT ? &rec->dest_was : &rec->dest->conf;
	if (now)
		item->dest_is = &now->conf;
	return settle(item, was, now != NULL, same && was && dest_conf_equal(item->dest_was, item->dest_is));
}

/* A rule is never edited. */
static bool diff_mark(const struct txn *txn, const struct txn_rec *rec, struct diff_item *item)
{
	return settle(item, rec->kind == REC_MARK_DELETE, model_mark_rule(txn->model, rec->rule->rule.id) == rec->rule, true);
}

static bool same_sync(const struct sync_conf *a, const struct sync_conf *b)
{
	return strcmp(a->interface, b->interface) == 0 && a->id == b->id && a->ttl == b->ttl && a->maxlen == b->maxlen &&
	       a->port == b->port && memcmp(&a->group, &b->group, sizeof(a->group)) == 0;
}

static bool diff_sync(const struct txn *txn, const struct txn_rec *rec, struct diff_item *item)
{
	const struct sync_conf *was = &rec->sync_was, *is = &txn->model->sync[rec->index];

	return settle(item, was->on, is->on, same_sync(was, is));
}

static bool diff_rec(const struct txn *txn, const struct txn_rec *rec, struct diff_item *item)
{
	const struct model *model = txn->model;

	*item = (struct diff_item){.kind = DIFF_EDIT, .what = what_of(rec), .rec = rec, .model = model};
	switch (item->what) {
	case DIFF_SVC: return diff_svc(txn, rec, item);
	case DIFF_DEST: return diff_dest(txn, rec, item);
	case DIFF_TIMEOUTS: return memcmp(&rec->timeouts_was, &model->timeouts, sizeof(rec->timeouts_was)) != 0;
	case DIFF_SETTING: return rec->value_was != model->sysctl[rec->index];
	case DIFF_MARK: return diff_mark(txn, rec, item);
	case DIFF_SYNC: return diff_sync(txn, rec, item);
	}
	return false;
}

int diff_init(struct diff *ret_diff, const struct txn *txn)
{
	struct diff diff = {.items = calloc(txn->count + 1, sizeof(*diff.items))};
	struct seen *seen = calloc(txn->count + 1, sizeof(*seen));
	struct htab tab;

	if (!diff.items || !seen) {
		free(diff.items);
		free(seen);
		return -ENOMEM;
	}
	htab_init(&tab);
	for (size_t i = 0; i < txn->count; i++) {
		const struct txn_rec *rec = &txn->recs[i];

		if (rec->kind != REC_ZERO && see(&tab, &seen[i], rec) && diff_rec(txn, rec, &diff.items[diff.count]))
			diff.count++;
	}
	htab_fini(&tab);
	free(seen);
	*ret_diff = diff;
	return 0;
}

void diff_fini(struct diff *diff)
{
	free(diff->items);
	*diff = (struct diff){0};
}
