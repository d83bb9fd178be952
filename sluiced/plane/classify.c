/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/plane/classify.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "sluiced/plane/pool.h"

/* sl_mark_rule.said: what the operator's rule says, and below it the rule's place in the operator's order. */
#define SAID_DST (1U << 31)
#define SAID_SRC (1U << 30)
#define SAID_PLACE 0xffffffU

#define V4_BITS 96

/* A destination and its list, in force or in the making. */
struct set {
	struct prefix dst;
	struct sl_mark_set set;
	bool ours; /* the list's place in the pool is claimed */
	bool kept; /* while a change is made: it is in both */
};

struct sets {
	struct set *set; /* sorted by destination */
	uint32_t count;
};

struct classify {
	struct plane *plane;
	struct pool pool; /* of mark_rules */
	struct sets held; /* in force */
};

static const struct prefix all_v4 = {.addr = {[10] = 0xff, [11] = 0xff}, .len = V4_BITS}, all_v6 = {.len = 0};

/* May packets to this destination fit the rule? */
static bool reaches(const struct rule *rule, const struct prefix *dst)
{
	if (rule->has_dst)
		return prefix_covers(&rule->dst, dst);
	return !rule->has_src || prefix_is_v4(&rule->src) == prefix_is_v4(dst);
}

static struct sl_mark_key key_of(const struct prefix *dst)
{
	struct sl_mark_key key = {.len = dst->len};

	memcpy(key.dst, dst->addr, sizeof(key.dst));
	return key;
}

static struct sl_mark_rule entry_of(const struct rule *rule, uint32_t place)
{
	struct sl_mark_rule entry = {
	    .proto = rule->proto,
	    .first_port = rule->first_port,
	    .last_port = rule->last_port,
	    .id = rule->id,
	    .mark = rule->mark,
	    .said = place | (rule->has_dst ? SAID_DST : 0) | (rule->has_src ? SAID_SRC : 0),
	};

	if (rule->has_src) {
		memcpy(entry.src.b, rule->src.addr, sizeof(entry.src));
		entry.src_len = rule->src.len;
	}
	return entry;
}

static int compare_sets(const void *a, const void *b)
{
	const struct set *x = a, *y = b;

	return prefix_compare(&x->dst, &y->dst);
}

static void add_dst(struct sets *sets, const struct prefix *dst)
{
	sets->set[sets->count++] = (struct set){.dst = *dst};
}

/* In the trie the IPv4 addresses are a part of a short enough IPv6 prefix. */
static bool surrounds_v4(const struct prefix *dst)
{
	static const uint8_t zero[16];

	return dst->len < V4_BITS && !memcmp(dst->addr, dst->len > 80 ? all_v4.addr : zero, dst->len / 8) &&
	       !((dst->addr[dst->len / 8] ^ all_v4.addr[dst->len / 8]) & (0xff00 >> dst->len % 8 & 0xff));
}

/*
 * The destinations that need a list: those that rules name, and a family's whole if a rule names none. What surrounds IPv4 makes it need
 * a list of its own, if only to be kept out.
 */
static void add_dsts(struct sets *sets, const struct rule *rule)
{
	if (rule->has_dst)
		add_dst(sets, &rule->dst);
	else if (reaches(rule, &all_v6))
		add_dst(sets, &all_v6);
	if (!rule->has_dst || surrounds_v4(&rule->dst))
		add_dst(sets, &all_v4);
}

static int plan_sets(const struct rule *rules, unsigned count, struct sets *ret_sets)
{
	struct sets sets = {.set = calloc(2 * (size_t)count + 1, sizeof(*sets.set))};
	uint32_t kept = 0;

	if (!sets.set)
		return -ENOMEM;
	for (unsigned i = 0; i < count; i++)
		add_dsts(&sets, &rules[i]);
	qsort(sets.set, sets.count, sizeof(*sets.set), compare_sets);
	for (uint32_t i = 0; i < sets.count; i++)
		if (!kept || prefix_compare(&sets.set[kept - 1].dst, &sets.set[i].dst))
			sets.set[kept++] = sets.set[i];
	sets.count = kept;
	*ret_sets = sets;
	return 0;
}

/* A destination's list; one that would be empty gets an entry that gives no mark. Returns its length; list has room for count + 1. */
static uint32_t make_list(const struct rule *rules, unsigned count, const struct prefix *dst, struct sl_mark_rule *list)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < count; i++)
		if (reaches(&rules[i], dst))
			list[n++] = entry_of(&rules[i], i);
	if (!n)
		list[n++] = (struct sl_mark_rule){.last_port = 65535};
	return n;
}

static struct set *find_set(const struct sets *sets, const struct prefix *dst)
{
	struct set key = {.dst = *dst};

	return sets->count ? bsearch(&key, sets->set, sets->count, sizeof(key), compare_sets) : NULL;
}

/* What rests will do once every program that runs now has ended. */
static int take(struct classify *classify, uint32_t count, uint32_t *ret_first)
{
	int err = pool_take(&classify->pool, count, ret_first);

	if (err != -ENOSPC || syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0)
		return err;
	pool_settle(&classify->pool);
	return pool_take(&classify->pool, count, ret_first);
}

/* The list's place: where it is already, if it is the same, else a new one, written. */
static int place_list(struct classify *classify, struct set *set, const struct sl_mark_rule *list, uint32_t count)
{
	struct set *was = find_set(&classify->held, &set->dst);
	int err;

	if (was && was->ours && was->set.count == count &&
	    !memcmp(&classify->plane->mark_rules[was->set.first], list, count * sizeof(*list))) {
		set->set = was->set;
		set->ours = set->kept = was->kept = true;
		return 0;
	}
	err = take(classify, count, &set->set.first);
	if (err)
		return err;
	set->set.count = count;
	set->ours = true;
	plane_mark_rules_set(classify->plane, set->set.first, list, count);
	return 0;
}

static int place_lists(struct classify *classify, const struct rule *rules, unsigned count, struct sets *sets)
{
	struct sl_mark_rule *list = calloc((size_t)count + 1, sizeof(*list));
	int err = list ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < sets->count && !err; i++)
		err = place_list(classify, &sets->set[i], list, make_list(rules, count, &sets->set[i].dst, list));
	free(list);
	return err;
}

static int put_set(struct classify *classify, const struct set *set, bool on)
{
	struct sl_mark_key key = key_of(&set->dst);

	return plane_mark_set(classify->plane, &key, on ? &set->set : NULL);
}

/* Has the trie as it was for the first `count` of these again. */
static void put_back(struct classify *classify, const struct sets *sets, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct set *was = find_set(&classify->held, &sets->set[i].dst);
		int err;

		if (sets->set[i].kept)
			continue;
		err = put_set(classify, was ? was : &sets->set[i], was);
		if (err)
			log_err("a destination of the classifier could not be put back as it was: %s", strerror(-err));
	}
}

static int switch_sets(struct classify *classify, const struct sets *sets)
{
	for (uint32_t i = 0; i < sets->count; i++) {
		int err = sets->set[i].kept ? 0 : put_set(classify, &sets->set[i], true);

		if (err) {
			put_back(classify, sets, i);
			return err;
		}
	}
	return 0;
}

/* Lists that are not in force any more rest; what never was is free at once, if `seen` is false. */
static void drop_lists(struct classify *classify, const struct sets *sets, bool seen)
{
	for (uint32_t i = 0; i < sets->count; i++) {
		const struct set *set = &sets->set[i];

		if (!set->ours || set->kept || !set->set.count)
			continue;
		if (seen)
			pool_release(&classify->pool, set->set.first, set->set.count);
		else
			pool_return(&classify->pool, set->set.first, set->set.count);
	}
}

/* Destinations that have no list any more; all of them, or none on failure. */
static int remove_gone(struct classify *classify, const struct sets *sets)
{
	const struct sets *held = &classify->held;
	uint32_t i;
	int err = 0;

	for (i = 0; i < held->count && !err; i++)
		if (!find_set(sets, &held->set[i].dst))
			err = put_set(classify, &held->set[i], false);
	for (uint32_t done = 0; err && done + 1 < i; done++)
		if (!find_set(sets, &held->set[done].dst) && put_set(classify, &held->set[done], true))
			log_err("a destination of the classifier could not be put back as it was");
	return err;
}

static int switch_all(struct classify *classify, const struct sets *sets)
{
	int err = switch_sets(classify, sets);

	if (err)
		return err;
	err = remove_gone(classify, sets);
	if (err)
		put_back(classify, sets, sets->count);
	return err;
}

int classify_set(struct classify *classify, const struct rule *rules, unsigned count, uint64_t now_ms)
{
	struct sets sets;
	int err = plan_sets(rules, count, &sets);

	if (err)
		return err;
	pool_tick(&classify->pool, now_ms);
	for (uint32_t i = 0; i < classify->held.count; i++)
		classify->held.set[i].kept = false;
	err = sets.count > SL_MAX_MARK_SETS ? -ENOSPC : place_lists(classify, rules, count, &sets);
	if (err) {
		drop_lists(classify, &sets, false);
	} else {
		err = switch_all(classify, &sets);
		if (err)
			drop_lists(classify, &sets, true);
	}
	if (err) {
		free(sets.set);
		return err;
	}
	plane_marks_set(classify->plane, count);
	drop_lists(classify, &classify->held, true);
	for (uint32_t i = 0; i < sets.count; i++)
		sets.set[i].kept = false;
	free(classify->held.set);
	classify->held = sets;
	return 0;
}

int classify_new(struct plane *plane, struct classify **ret_classify)
{
	struct classify *classify = calloc(1, sizeof(*classify));
	int err = classify ? pool_init(&classify->pool, SL_MAX_MARK_RULES) : -ENOMEM;

	if (err) {
		free(classify);
		return err;
	}
	classify->plane = plane;
	*ret_classify = classify;
	return 0;
}

void classify_free(struct classify *classify)
{
	if (!classify)
		return;
	pool_fini(&classify->pool);
	free(classify->held.set);
	free(classify);
}

void classify_tick(struct classify *classify, uint64_t now_ms)
{
	pool_tick(&classify->pool, now_ms);
}

/* Every destination in the trie, with its claim on the pool. */
static int read_sets(struct classify *classify)
{
	struct sets *held = &classify->held;
	struct plane *plane = classify->plane;
	struct sl_mark_key key, prev;
	struct sl_mark_set set;

	held->set = calloc(SL_MAX_MARK_SETS, sizeof(*held->set));
	if (!held->set)
		return -ENOMEM;
	while (held->count < SL_MAX_MARK_SETS && !plane->ops->mark_next(plane, held->count ? &prev : NULL, &key, &set)) {
		struct set *s = &held->set[held->count++];

		s->dst.len = key.len > 128 ? 128 : key.len;
		memcpy(s->dst.addr, key.dst, sizeof(s->dst.addr));
		s->set = set;
		s->ours = pool_claim(&classify->pool, set.first, set.count);
		prev = key;
	}
	qsort(held->set, held->count, sizeof(*held->set), compare_sets);
	return 0;
}

static struct rule rule_of(const struct sl_mark_rule *entry, const struct prefix *dst)
{
	struct rule rule = {
	    .mark = entry->mark,
	    .id = entry->id,
	    .first_port = entry->first_port,
	    .last_port = entry->last_port,
	    .proto = entry->proto,
	    .has_dst = entry->said & SAID_DST,
	    .has_src = entry->said & SAID_SRC,
	};

	if (rule.has_dst)
		rule.dst = *dst;
	if (rule.has_src) {
		memcpy(rule.src.addr, entry->src.b, sizeof(rule.src.addr));
		rule.src.len = entry->src_len;
	}
	return rule;
}

/* A rule found in a list, by id: of all destinations that list it the shortest is its own. */
struct found {
	uint32_t place;
	uint8_t dst_len;
	bool there;
	struct rule rule;
};

static void find_rules(const struct classify *classify, struct found *found)
{
	for (uint32_t i = 0; i < classify->held.count; i++) {
		const struct set *set = &classify->held.set[i];

		for (uint32_t j = 0; set->ours && j < set->set.count; j++) {
			const struct sl_mark_rule *entry = &classify->plane->mark_rules[set->set.first + j];
			struct found *f = &found[entry->id];
			struct rule rule = rule_of(entry, &set->dst);

			if (!entry->id || rule_wrong(&rule) || (f->there && f->dst_len <= set->dst.len))
				continue;
			*f = (struct found){.place = entry->said & SAID_PLACE, .dst_len = set->dst.len, .there = true, .rule = rule};
		}
	}
}

static int compare_found(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return x->place < y->place ? -1 : x->place > y->place;
}

int classify_adopt(struct classify *classify, struct rule **ret_rules, unsigned *ret_count)
{
	struct found *found = calloc(RULE_MAX_ID + 1, sizeof(*found));
	unsigned count = 0;
	struct rule *rules;
	int err = found ? read_sets(classify) : -ENOMEM;

	if (err) {
		free(found);
		return err;
	}
	find_rules(classify, found);
	for (unsigned id = 1; id <= RULE_MAX_ID; id++)
		if (found[id].there)
			found[count++] = found[id];
	qsort(found, count, sizeof(*found), compare_found);
	rules = calloc(count + 1, sizeof(*rules));
	for (unsigned i = 0; rules && i < count; i++)
		rules[i] = found[i].rule;
	free(found);
	if (!rules)
		return -ENOMEM;
	*ret_rules = rules;
	*ret_count = count;
	return 0;
}
