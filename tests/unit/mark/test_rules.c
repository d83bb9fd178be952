/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routing rules for marks, over a made-up kernel: from any state, stopped anywhere, and always with a rule that looks up `local`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "sluiced/mark/rules.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static struct rules_rule kernel[64];
static size_t count;
static int left; /* changes until the kernel refuses; -1: never */
static unsigned changes;

static const struct rules_rule host[] = {
    {.pref = 0, .action = RULES_LOOKUP, .table = RT_TABLE_LOCAL, .protocol = RTPROT_KERNEL, .plain = true},
    {.pref = 100, .action = RULES_LOOKUP, .table = 77, .mark = 9, .mask = 0xff, .protocol = RTPROT_BOOT, .plain = true},
    {.pref = 32766, .action = RULES_LOOKUP, .table = RT_TABLE_MAIN, .protocol = RTPROT_KERNEL, .plain = true},
    {.pref = 32767, .action = RULES_LOOKUP, .table = RT_TABLE_DEFAULT, .protocol = RTPROT_KERNEL, .plain = true},
};

/* A host that has put its VRFs before `local`. */
static const struct rules_rule moved_host[] = {
    {.pref = 1000, .action = RULES_OTHER, .plain = false},
    {.pref = 2000, .action = RULES_LOOKUP, .table = RT_TABLE_LOCAL, .protocol = RTPROT_BOOT, .plain = true},
    {.pref = 32766, .action = RULES_LOOKUP, .table = RT_TABLE_MAIN, .protocol = RTPROT_KERNEL, .plain = true},
};

static bool same(const struct rules_rule *a, const struct rules_rule *b)
{
	return a->pref == b->pref && a->action == b->action && a->table == b->table && a->target == b->target && a->mark == b->mark &&
	       a->mask == b->mask && !strcmp(a->iif, b->iif) && a->plain == b->plain;
}

static bool any_local(void)
{
	for (size_t i = 0; i < count; i++)
		if (kernel[i].action == RULES_LOOKUP && kernel[i].table == RT_TABLE_LOCAL && !kernel[i].mask)
			return true;
	return false;
}

static void insert(const struct rules_rule *rule)
{
	size_t at = count++;

	for (; at && kernel[at - 1].pref > rule->pref; at--)
		kernel[at] = kernel[at - 1];
	kernel[at] = *rule;
}

static int change(void *arg, bool v6, const struct rules_rule *rule, bool add)
{
	size_t at = 0;

	if (!left)
		return -EIO;
	left -= left > 0;
	changes++;
	while (at < count && !same(&kernel[at], rule))
		at++;
	assert_true(add == (at == count)); /* it asks for nothing that is so already */
	if (add)
		insert(rule);
	else
		memmove(&kernel[at], &kernel[at + 1], (--count - at) * sizeof(*kernel));
	assert_true(any_local());
	return 0;
}

static const struct rules_ops ops = {change};

static void boot(const struct rules_rule *rules, size_t n)
{
	memcpy(kernel, rules, n * sizeof(*rules));
	count = n;
	left = -1;
	changes = 0;
}

static int sync(const uint32_t *marks, size_t n)
{
	struct rules_rule have[64];
	size_t have_count = count;

	memcpy(have, kernel, sizeof(have));
	return rules_sync(&ops, NULL, false, have, have_count, marks, n);
}

static void assert_kernel(const struct rules_rule *rules, size_t n)
{
	assert_int_equal(count, n);
	for (size_t i = 0; i < n; i++)
		assert_true(same(&kernel[i], &rules[i]));
}

/* Who gets a marked packet that came in by this interface, to an address of the host or another: a table. */
static uint32_t route(const char *iif, uint32_t mark, bool to_host)
{
	uint32_t from = 0;

	for (size_t i = 0; i < count; i++) {
		const struct rules_rule *r = &kernel[i];

		if (r->pref < from || r->action == RULES_OTHER || (*r->iif && strcmp(r->iif, iif)) || (mark ^ r->mark) & r->mask)
			continue;
		if (r->action == RULES_GOTO)
			from = r->target;
		else if (r->action == RULES_LOOKUP && (r->table != RT_TABLE_LOCAL || to_host))
			return r->table;
	}
	return 0;
}

static void assert_routes(const uint32_t *marks, size_t n, bool on)
{
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(route("eth0", marks[i], true), on ? RULES_TABLE : RT_TABLE_LOCAL);
		assert_int_equal(route("eth0", marks[i], false), on ? RULES_TABLE : RT_TABLE_MAIN);
		assert_int_equal(route("lo", marks[i], true), RT_TABLE_LOCAL);
		assert_int_equal(route("sluice0", marks[i], true), RT_TABLE_LOCAL);
		assert_int_equal(route("sluice0", marks[i], false), RT_TABLE_MAIN);
	}
	assert_int_equal(route("eth0", 0, true), RT_TABLE_LOCAL);
	assert_int_equal(route("eth0", 0, false), RT_TABLE_MAIN);
	assert_int_equal(route("eth0", 0x80000001, false), RT_TABLE_MAIN); /* the whole mark counts */
}

static const uint32_t some[] = {1, 2, 4294967295}, others[] = {2, 3};

static void up_and_down(void **state)
{
	boot(host, LENGTH(host));
	assert_true(sync(some, LENGTH(some)) > 0);
	assert_routes(some, LENGTH(some), true);
	assert_int_equal(sync(some, LENGTH(some)), 0); /* again: nothing to do */
	assert_true(sync(others, LENGTH(others)) > 0);
	assert_routes(others, LENGTH(others), true);
	assert_routes(some, 1, false);
	assert_true(sync(NULL, 0) > 0);
	assert_kernel(host, LENGTH(host));
	assert_int_equal(sync(NULL, 0), 0);
}

static void others_marks_are_theirs(void **state)
{
	boot(host, LENGTH(host));
	sync(some, LENGTH(some));
	assert_int_equal(route("eth0", 0x209, false), 77);
	assert_int_equal(route("lo", 0x209, false), 77);
}

static void moved_elsewhere_stays(void **state)
{
	boot(moved_host, LENGTH(moved_host));
	assert_true(sync(some, LENGTH(some)) > 0);
	assert_routes(some, LENGTH(some), true);
	assert_false(rules_shadowed(kernel, count));
	assert_true(sync(NULL, 0) > 0);
	assert_kernel(moved_host, LENGTH(moved_host));
}

/* Stopped after n changes, then begun anew by the next daemon, or by a teardown. */
static void stopped_anywhere(void **state)
{
	for (int n = 0;; n++) {
		int last;

		boot(host, LENGTH(host));
		left = n;
		last = sync(some, LENGTH(some));
		left = -1;
		sync(some, LENGTH(some));
		assert_routes(some, LENGTH(some), true);
		left = n;
		sync(NULL, 0);
		left = -1;
		sync(n % 2 ? others : NULL, n % 2 ? LENGTH(others) : 0);
		sync(NULL, 0);
		assert_kernel(host, LENGTH(host));
		boot(host, LENGTH(host));
		left = n;
		sync(some, LENGTH(some));
		left = -1;
		sync(NULL, 0);
		assert_kernel(host, LENGTH(host));
		if (last >= 0)
			break;
	}
}

/* Somebody removes one of ours, or all that says `local`: it is put back. */
static void removed_by_others(void **state)
{
	struct rules_rule whole[64];
	size_t n;

	boot(host, LENGTH(host));
	sync(some, LENGTH(some));
	memcpy(whole, kernel, sizeof(whole));
	n = count;
	for (size_t i = 0; i < n; i++) {
		if (whole[i].pref > RULES_PREF_LOCAL)
			break;
		memcpy(kernel, whole, sizeof(whole));
		count = n - 1;
		memmove(&kernel[i], &kernel[i + 1], (count - i) * sizeof(*kernel));
		assert_int_equal(sync(some, LENGTH(some)), 1);
		assert_routes(some, LENGTH(some), true);
	}
}

static void a_local_in_front_is_told(void **state)
{
	struct rules_rule first = host[0];

	boot(host, LENGTH(host));
	assert_true(rules_shadowed(kernel, count));
	sync(some, LENGTH(some));
	assert_false(rules_shadowed(kernel, count));
	first.pref = 1;
	insert(&first);
	assert_true(rules_shadowed(kernel, count));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(up_and_down),
	    cmocka_unit_test(others_marks_are_theirs),
	    cmocka_unit_test(moved_elsewhere_stays),
	    cmocka_unit_test(stopped_anywhere),
	    cmocka_unit_test(removed_by_others),
	    cmocka_unit_test(a_local_in_front_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
