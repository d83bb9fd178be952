/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_CLASSIFY_H
#define SLUICED_CLASSIFY_H
/*
 * DOC: the classifier's rules in the plane
 *
 * The lanes look up the longest destination prefix (marks) and try its rules in order (mark_rules). So every destination prefix that
 * a rule names gets a list of its own with all the rules that may fit there: its own and those of every shorter prefix around it. A
 * packet then needs one lookup and one walk. Lists are written aside, then each prefix is switched to its new list by one
 * update: a packet sees the old rules or the new ones of its destination, nothing between. What was replaced rests (pool.h).
 */

#include "sluiced/model/rule.h"
#include "sluiced/plane/plane.h"

struct classify;

/* The plane stays the caller's. 0 or -ENOMEM. */
int classify_new(struct plane *plane, struct classify **ret_classify);
void classify_free(struct classify *classify);

/*
 * The rules that the plane holds, in their order; *ret_rules is the caller's to free(). Also claims their places: once, before anything
 * is set. Setting what was adopted writes nothing. What is not whole in the plane is left out, and goes with the next
 * classify_set(). 0 or -ENOMEM.
 */
int classify_adopt(struct classify *classify, struct rule **ret_rules, unsigned *ret_count);

/*
 * Have these rules in force, in this order, and no others. The rules are right (rule_wrong()) and their ids differ.
 * On failure -errno and the plane is as before; -ENOSPC: more prefixes or lists than there is room for.
 */
int classify_set(struct classify *classify, const struct rule *rules, unsigned count, uint64_t now_ms);

/* Call about once a second. */
void classify_tick(struct classify *classify, uint64_t now_ms);

#endif
