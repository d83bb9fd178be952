/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/model/diff.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A service or server that has been looked at: only its first record says how it was. */
struct seen {
	struct hnode node;
	struct sl_svc_key svc;
	struct dest_key dest; /* all zero: the service itself */
};

static bool is_dest_rec(const struct txn_rec *rec)
{
	return rec->kind >= REC_DEST_ADD && rec->kind <= REC_DEST_DELETE;
}

/* Note the record's object in `seen`; false if it was there. */
static bool see(struct htab *tab, struct seen *seen, const struct txn_rec *rec)
{
	uint64_t hash;

	*seen = (struct seen){.svc = rec->key};
	if (is_dest_rec(rec))
		seen->dest = rec->dest->key;
	hash = hash_bytes(&seen->dest, sizeof(seen->dest), hash_bytes(&seen->svc, sizeof(seen->svc), 0));
	for (struct hnode *node = htab_first(tab, hash); node; node = htab_next(node)) {
		struct seen *other = container_of(node, struct seen, node);

		if (memcmp(&other->svc, &seen->svc, sizeof(seen->svc)) == 0 && memcmp(&other->dest, &seen->dest, sizeof(seen->dest)) == 0)
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
		item->svc_was = rec->kind == REC_SVC_EDIT ? rec->svc_was : rec->svc->conf;
	if (now)
		item->svc_is = now->conf;
	return settle(item, was, now != NULL, same && item->svc_was.sched == item->svc_is.sched);
}

static bool diff_dest(const struct txn *txn, const struct txn_rec *rec, struct diff_item *item)
{
	const struct svc *svc = model_svc(txn->model, &rec->key);
	const struct dest *now = svc ? model_dest(svc, txn->model, &rec->dest->key) : NULL;
	bool was = rec->kind != REC_DEST_ADD, same = now && now == rec->dest;

	item->is_dest = true;
	item->dest = rec->dest->key;
	if (was)
		item->dest_was = rec->kind == REC_DEST_EDIT ? rec->dest_was : rec->dest->conf;
	if (now)
		item->dest_is = now->conf;
	return settle(
	    item, was, now != NULL, same && item->dest_was.fwd == item->dest_is.fwd && item->dest_was.weight == item->dest_is.weight);
}

static bool diff_timeouts(const struct txn *txn, const struct txn_rec *rec, struct diff_item *item)
{
	item->kind = DIFF_TIMEOUTS;
	item->timeouts_is = txn->model->timeouts;
	return memcmp(&rec->timeouts_was, &txn->model->timeouts, sizeof(rec->timeouts_was)) != 0;
}

static bool diff_rec(const struct txn *txn, const struct txn_rec *rec, struct diff_item *item)
{
	*item = (struct diff_item){.svc = rec->key};
	if (rec->kind == REC_TIMEOUTS)
		return diff_timeouts(txn, rec, item);
	return is_dest_rec(rec) ? diff_dest(txn, rec, item) : diff_svc(txn, rec, item);
}

int diff_init(struct diff *ret_diff, const struct txn *txn)
{
	struct diff diff = {.items = calloc(txn->count + 1, sizeof(*diff.items))};
	struct seen *seen = calloc(txn->count + 1, sizeof(*seen));
	bool timeouts_seen = false;
	struct htab tab;

	if (!diff.items || !seen) {
		free(diff.items);
		free(seen);
		return -ENOMEM;
	}
	htab_init(&tab);
	for (size_t i = 0; i < txn->count; i++) {
		const struct txn_rec *rec = &txn->recs[i];
		bool first;

		if (rec->kind == REC_ZERO)
			continue;
		first = rec->kind == REC_TIMEOUTS ? !timeouts_seen : see(&tab, &seen[i], rec);
		timeouts_seen |= rec->kind == REC_TIMEOUTS;
		if (first && diff_rec(txn, rec, &diff.items[diff.count]))
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

static const char *fwd_text(enum sl_fwd fwd)
{
	static const char *const texts[] = {
#define X(name, number, text) [number] = text,
#include "sluice/fwd.def"
#undef X
	};

	return texts[fwd];
}

const char *diff_text(const struct diff_item *item, char text[DIFF_TEXT])
{
	const struct dest_conf *dest = item->kind == DIFF_DELETE ? &item->dest_was : &item->dest_is;
	const struct svc_conf *svc = item->kind == DIFF_DELETE ? &item->svc_was : &item->svc_is;
	char name[2][MODEL_NAME_TEXT];

	if (item->kind == DIFF_TIMEOUTS) {
		const struct model_timeouts *t = &item->timeouts_is;

		snprintf(text, DIFF_TEXT, "~ timeouts tcp %u tcpfin %u udp %u", t->tcp, t->tcpfin, t->udp);
	} else if (item->is_dest) {
		snprintf(text, DIFF_TEXT, "%c %s -> %s %s weight %d", "+~-"[item->kind], model_svc_text(&item->svc, name[0]),
		    model_dest_text(&item->dest, name[1]), fwd_text(dest->fwd), dest -> weight);
	} else {
		snprintf(text, DIFF_TEXT, "%c %s %s", "+~-"[item->kind], model_svc_text(&item->svc, name[0]), model_sched_text(svc->sched));
	}
	return text;
}
