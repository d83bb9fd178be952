/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The classifier's rules between the model and the plane. */

#include <errno.h>
#include <stdlib.h>

#include "sluiced/plane/reconcile_own.h"

int rec_marks_write(struct reconcile *rec, const struct model *model, uint64_t now_ms)
{
	struct rule *rules = calloc(model->mark_rule_count + 1, sizeof(*rules));
	struct list *at, *safe;
	unsigned count = 0;
	int err;

	if (!rules)
		return -ENOMEM;
	list_each (at, safe, &model->mark_rules)
		rules[count++] = container_of(at, struct mark_rule, link)->rule;
	err = classify_set(rec->classify, rules, count, now_ms);
	free(rules);
	return err;
}

static int enter(struct model *model, const struct rule *rule)
{
	struct mark_rule *mark_rule = malloc(sizeof(*mark_rule));

	if (!mark_rule)
		return -ENOMEM;
	mark_rule->rule = *rule;
	list_append(&model->mark_rules, &mark_rule->link);
	model->mark_rule_count++;
	return 0;
}

int rec_marks_adopt(struct reconcile *rec, struct model *model)
{
	struct rule *rules = NULL;
	unsigned count = 0;
	int err = classify_adopt(rec->classify, &rules, &count);

	for (unsigned i = 0; !err && i < count; i++)
		err = enter(model, &rules[i]);
	free(rules);
	return err;
}
