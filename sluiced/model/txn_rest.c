/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations on what belongs to no service: counters, timeouts, settings, the classifier's rules, sync daemons. */

#include <errno.h>
#include <stdlib.h>

#include "sluiced/model/txn_own.h"

int txn_zero(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct txn_rec *rec;

	if (!op->all && !txn_need_svc(txn, op, ret_error))
		return -ESRCH;
	rec = txn_rec_new(txn, REC_ZERO, op->all ? NULL : &op->svc);
	if (!rec)
		return NO_MEMORY(ret_error);
	rec->all = op->all;
	return 0;
}

int txn_timeouts(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct model_timeouts *t = &txn->model->timeouts;
	int err = check_timeouts(op, ret_error);
	struct txn_rec *rec;

	if (err)
		return err;
	rec = txn_rec_new(txn, REC_TIMEOUTS, NULL);
	if (!rec)
		return NO_MEMORY(ret_error);
	rec->timeouts_was = *t;
	t->tcp = op->tcp ? op->tcp : t->tcp;
	t->tcpfin = op->tcpfin ? op->tcpfin : t->tcpfin;
	t->udp = op->udp ? op->udp : t->udp;
	return 0;
}

int txn_setting(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	const struct model_sysctl *sysctl = model_sysctl(op->name);
	struct model *model = txn->model;
	int err = check_setting(model, op, sysctl, ret_error);
	struct txn_rec *rec;

	if (err)
		return err;
	rec = txn_rec_new(txn, REC_SETTING, NULL);
	if (!rec)
		return NO_MEMORY(ret_error);
	rec->index = sysctl->index;
	rec->value_was = model->sysctl[sysctl->index];
	model->sysctl[sysctl->index] = op->value;
	return 0;
}

/* One above the highest, so that an id is not soon another rule's; the lowest free one when those are used up. */
static uint16_t new_rule_id(const struct model *model)
{
	struct list *at, *safe;
	uint32_t highest = 0, id = 1;

	list_each (at, safe, &model->mark_rules) {
		const struct mark_rule *rule = container_of(at, struct mark_rule, link);

		if (rule->rule.id > highest)
			highest = rule->rule.id;
	}
	if (highest < RULE_MAX_ID)
		return highest + 1;
	while (model_mark_rule(model, id))
		id++;
	return id;
}

/* The link behind which a new rule goes; NULL and the sentence. */
static struct list *rule_place(struct model *model, int64_t before, struct model_error *ret_error)
{
	struct mark_rule *rule = before > 0 && before <= RULE_MAX_ID ? model_mark_rule(model, before) : NULL;

	if (before == 0)
		return model->mark_rules.prev;
	if (rule)
		return rule->link.prev;
	check_refuse(ret_error, -ENOENT, "there is no rule %lld: the method marks lists them", (long long)before);
	return NULL;
}

int txn_mark_add(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct model *model = txn->model;
	struct mark_rule *rule;
	struct txn_rec *rec;
	struct list *after;
	int err = check_mark_rule(op, ret_error);

	if (err)
		return err;
	after = rule_place(model, op->rule_id, ret_error);
	if (!after)
		return -ENOENT;
	if (model->mark_rule_count >= RULE_MAX_COUNT)
		return check_refuse(ret_error, -ENOSPC, "there are %d rules, and that is the most there can be", RULE_MAX_COUNT);
	rule = malloc(sizeof(*rule));
	rec = rule ? txn_rec_new(txn, REC_MARK_ADD, NULL) : NULL;
	if (!rec) {
		free(rule);
		return NO_MEMORY(ret_error);
	}
	rule->rule = op->rule;
	rule->rule.id = new_rule_id(model);
	rule->rule.mark = op->mark;
	list_add(after, &rule->link);
	model->mark_rule_count++;
	rec->rule = rule;
	return 0;
}

static int remove_rule(struct txn *txn, struct mark_rule *rule, struct model_error *ret_error)
{
	struct txn_rec *rec = txn_rec_new(txn, REC_MARK_DELETE, NULL);

	if (!rec)
		return NO_MEMORY(ret_error);
	rec->rule = rule;
	rec->after = rule->link.prev;
	list_remove(&rule->link);
	txn->model->mark_rule_count--;
	return 0;
}

int txn_mark_delete(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct model *model = txn->model;
	struct list *at, *safe;
	struct mark_rule *rule;

	if (!op->all) {
		rule = op->rule_id > 0 && op->rule_id <= RULE_MAX_ID ? model_mark_rule(model, op->rule_id) : NULL;
		if (!rule) {
			return check_refuse(
			    ret_error, -ENOENT, "there is no rule %lld: the method marks lists them", (long long)op->rule_id);
		}
		return remove_rule(txn, rule, ret_error);
	}
	list_each (at, safe, &model->mark_rules) {
		int err = remove_rule(txn, container_of(at, struct mark_rule, link), ret_error);

		if (err)
			return err;
	}
	return 0;
}

static int set_sync(struct txn *txn, enum sync_role role, const struct sync_conf *conf, struct model_error *ret_error)
{
	struct txn_rec *rec = txn_rec_new(txn, REC_SYNC, NULL);

	if (!rec)
		return NO_MEMORY(ret_error);
	rec->index = role;
	rec->sync_was = txn->model->sync[role];
	txn->model->sync[role] = *conf;
	return 0;
}

static const char *role_text(enum sync_role role)
{
	return role == SYNC_MASTER ? "master" : "backup";
}

int txn_sync_start(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	struct model *model = txn->model;
	struct sync_conf conf;
	int err;

	if (model->mixed_count) {
		return check_refuse(ret_error, -EINVAL,
		    "%u servers are of another address family than their service: no sync daemon can run then", model->mixed_count);
	}
	err = check_sync(op, &conf, ret_error);
	if (err)
		return err;
	if (model->sync[op->sync.role].on)
		return check_refuse(ret_error, -EEXIST, "the %s sync daemon runs already: stop it first", role_text(op->sync.role));
	return set_sync(txn, op->sync.role, &conf, ret_error);
}

int txn_sync_stop(struct txn *txn, const struct op *op, struct model_error *ret_error)
{
	static const struct sync_conf off;

	if (!txn->model->sync[op->sync.role].on)
		return check_refuse(ret_error, -ESRCH, "no %s sync daemon runs", role_text(op->sync.role));
	return set_sync(txn, op->sync.role, &off, ret_error);
}
