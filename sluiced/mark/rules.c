/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/mark/rules.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "sluiced/mark/mark.h"

#define ALL_BITS 0xffffffffU

static const struct rules_rule skips[] = {
    {.pref = RULES_PREF_SKIP, .action = RULES_GOTO, .target = RULES_PREF_LOCAL, .iif = "lo", .protocol = RULES_PROTOCOL, .plain = true},
    {.pref = RULES_PREF_SKIP,
	.action = RULES_GOTO,
	.target = RULES_PREF_LOCAL,
	.iif = MARK_DEVICE,
	.protocol = RULES_PROTOCOL,
	.plain = true},
};

#define SKIPS (sizeof(skips) / sizeof(skips[0]))

/* What `goto 3` goes to, whether or not the host's own rule is moved there. */
static const struct rules_rule target = {.pref = RULES_PREF_LOCAL, .action = RULES_NOP, .protocol = RULES_PROTOCOL, .plain = true};

/* The host's own rule, and where it is while there are marks. It stays the kernel's in name: managers of networks leave those alone. */
static const struct rules_rule local = {
    .pref = 0, .action = RULES_LOOKUP, .table = RT_TABLE_LOCAL, .protocol = RTPROT_KERNEL, .plain = true};
static const struct rules_rule moved = {
    .pref = RULES_PREF_LOCAL, .action = RULES_LOOKUP, .table = RT_TABLE_LOCAL, .protocol = RTPROT_KERNEL, .plain = true};

struct sync {
	const struct rules_ops *ops;
	void *arg;
	bool v6;
	const struct rules_rule *have;
	size_t count;
	int changes;
};

/* The protocol is told apart only where the kernel may be asked for it: a rule that somebody else put there in the same words will do. */
static bool same(const struct rules_rule *a, const struct rules_rule *b)
{
	return a->pref == b->pref && a->action == b->action && a->table == b->table && a->target == b->target && a->mark == b->mark &&
	       a->mask == b->mask && !strcmp(a->iif, b->iif) && a->plain && b->plain;
}

static bool has(const struct sync *s, const struct rules_rule *rule)
{
	for (size_t i = 0; i < s->count; i++)
		if (same(&s->have[i], rule))
			return true;
	return false;
}

static int change(struct sync *s, const struct rules_rule *rule, bool add)
{
	int err = s->ops->change(s->arg, s->v6, rule, add);

	s->changes += !err;
	return err;
}

static int want(struct sync *s, const struct rules_rule *rule, bool on)
{
	return has(s, rule) == on ? 0 : change(s, rule, on);
}

static bool is_mark_rule(const struct rules_rule *rule)
{
	return rule->pref == RULES_PREF_MARK && rule->action == RULES_LOOKUP && rule->table == RULES_TABLE && rule->mask == ALL_BITS &&
	       !*rule->iif && rule->plain;
}

static int compare_marks(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static bool in_use(uint32_t mark, const uint32_t *marks, size_t count)
{
	return count && bsearch(&mark, marks, count, sizeof(mark), compare_marks);
}

static int drop_marks(struct sync *s, const uint32_t *marks, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < s->count && !err; i++)
		if (is_mark_rule(&s->have[i]) && !in_use(s->have[i].mark, marks, count))
			err = change(s, &s->have[i], false);
	return err;
}

/* Which of these marks have a rule; NULL without memory. */
static bool *known_marks(const struct sync *s, const uint32_t *marks, size_t count)
{
	bool *known = calloc(count + 1, sizeof(*known));

	for (size_t i = 0; known && i < s->count; i++) {
		const struct rules_rule *rule = &s->have[i];
		const uint32_t *at = is_mark_rule(rule) && count ? bsearch(&rule->mark, marks, count, sizeof(*marks), compare_marks) : NULL;

		if (at)
			known[at - marks] = true;
	}
	return known;
}

static int add_marks(struct sync *s, const uint32_t *marks, size_t count)
{
	struct rules_rule rule = {
	    .pref = RULES_PREF_MARK,
	    .action = RULES_LOOKUP,
	    .table = RULES_TABLE,
	    .mask = ALL_BITS,
	    .protocol = RULES_PROTOCOL,
	    .plain = true,
	};
	bool *known = known_marks(s, marks, count);
	int err = known ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && !err; i++) {
		rule.mark = marks[i];
		if (!known[i])
			err = change(s, &rule, true);
	}
	free(known);
	return err;
}

static bool looks_up_local(const struct rules_rule *rule)
{
	return rule->action == RULES_LOOKUP && rule->table == RT_TABLE_LOCAL && rule->plain && !*rule->iif && !rule->mask;
}

/* The new rule first, then the old one goes. A host whose own set-up has moved it elsewhere is left so. */
static int move_local(struct sync *s)
{
	bool any = false;
	int err = 0;

	for (size_t i = 0; i < s->count; i++)
		any |= looks_up_local(&s->have[i]);
	if (!has(s, &local) && any)
		return 0;
	if (!has(s, &moved))
		err = change(s, &moved, true);
	return err ?: want(s, &local, false);
}

static int put_back_local(struct sync *s)
{
	int err = 0;

	if (!has(s, &moved))
		return 0;
	if (!has(s, &local))
		err = change(s, &local, true);
	return err ?: change(s, &moved, false);
}

static int bring_up(struct sync *s, const uint32_t *marks, size_t count)
{
	int err = want(s, &target, true);

	for (size_t i = 0; i < SKIPS && !err; i++)
		err = want(s, &skips[i], true);
	err = err ?: move_local(s);
	err = err ?: add_marks(s, marks, count);
	return err ?: drop_marks(s, marks, count);
}

static int take_down(struct sync *s)
{
	int err = drop_marks(s, NULL, 0);

	err = err ?: put_back_local(s);
	for (size_t i = SKIPS; i-- && !err;)
		err = want(s, &skips[i], false);
	return err ?: want(s, &target, false);
}

int rules_sync(
    const struct rules_ops *ops, void *arg, bool v6, const struct rules_rule *have, size_t count, const uint32_t *marks, size_t mark_count)
{
	struct sync s = {.ops = ops, .arg = arg, .v6 = v6, .have = have, .count = count};
	int err = mark_count ? bring_up(&s, marks, mark_count) : take_down(&s);

	return err ?: s.changes;
}

bool rules_shadowed(const struct rules_rule *have, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (have[i].pref < RULES_PREF_MARK && looks_up_local(&have[i]))
			return true;
	return false;
}
