/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_MARK_RULES_H
#define SLUICED_MARK_RULES_H
/*
 * DOC: which routing rules there have to be, and how to get there
 *
 * Pure: it is told the rules of a family as they are and the marks in use, and asks for one change after the other. mark.h says what
 * the rules are. Whatever state it begins in, and wherever it is stopped, some rule looks up the table `local`, and the next
 * call goes on from there. Rules of others are not touched, but for the move of `lookup local`.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RULES_TABLE 8300
#define RULES_PREF_SKIP 1
#define RULES_PREF_MARK 2
#define RULES_PREF_LOCAL 3
#define RULES_PROTOCOL 83 /* FRA_PROTOCOL of our rules and RTA_PROTOCOL of our routes; `ip rule` shows "proto 83" */

enum rules_action { RULES_OTHER, RULES_LOOKUP, RULES_GOTO, RULES_NOP };

/* A routing rule, as far as we care. */
struct rules_rule {
	uint32_t pref;
	enum rules_action action;
	uint32_t table; /* RULES_LOOKUP */
	uint32_t target; /* RULES_GOTO */
	uint32_t mark, mask; /* mask 0: any mark */
	char iif[16]; /* empty: any */
	uint8_t protocol;
	bool plain; /* it has no other selector */
};

/* 0 or -errno; a rule that is there already, or is gone already, is no failure. */
struct rules_ops {
	int (*change)(void *arg, bool v6, const struct rules_rule *rule, bool add);
};

/*
 * Have the rules for these marks, sorted; with none, have the rules as they were before there were any. Returns the number of changes made,
 * or -errno of the first that failed; what was done stays.
 */
int rules_sync(
    const struct rules_ops *ops, void *arg, bool v6, const struct rules_rule *have, size_t count, const uint32_t *marks, size_t mark_count);

/* Is there a rule between the first and ours that looks up `local`, so that VIPs of the host never come to ours? */
bool rules_shadowed(const struct rules_rule *have, size_t count);

#endif
