/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prefixes as text; allow-lists as bounds and back, against a matcher that knows nothing of bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sluiced/plane/allow.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define MOST 40 /* prefixes of a random list */

static const struct {
	const char *text;
	int err;
	const char *printed; /* NULL: as it was */
} texts[] = {
    {"192.0.2.0/24", 0, NULL},
    {"192.0.2.77/24", 0, "192.0.2.0/24"},
    {"192.0.2.1", 0, NULL},
    {"192.0.2.1/32", 0, "192.0.2.1"},
    {"0.0.0.0/0", 0, NULL},
    {"255.255.255.255/1", 0, "128.0.0.0/1"},
    {"2001:db8::/32", 0, NULL},
    {"2001:db8::1/128", 0, "2001:db8::1"},
    {"2001:db8:ffff::/33", 0, "2001:db8:8000::/33"},
    {"::/0", 0, NULL},
    {"::/95", 0, NULL},
    {"192.0.2.0/33", -ERANGE, NULL},
    {"2001:db8::/129", -ERANGE, NULL},
    {"192.0.2.0/", -EINVAL, NULL},
    {"192.0.2.0/-1", -EINVAL, NULL},
    {"192.0.2.0/ 8", -EINVAL, NULL},
    {"192.0.2.0/8 ", -EINVAL, NULL},
    {"192.0.2.0/0008", -EINVAL, NULL},
    {"192.0.2.0/255.255.255.0", -EINVAL, NULL},
    {"192.0.2/24", -EINVAL, NULL},
    {"::ffff:192.0.2.0/120", -EINVAL, NULL},
    {"/24", -EINVAL, NULL},
    {"", -EINVAL, NULL},
    {"1111111111111111111111111111111111111111111111111111111111/1", -EINVAL, NULL},
};

static void prefix_texts(void **state)
{
	for (size_t i = 0; i < LENGTH(texts); i++) {
		struct prefix prefix;
		char text[PREFIX_TEXT];

		if (prefix_parse(texts[i].text, &prefix) != texts[i].err)
			fail_msg("%s: %d", texts[i].text, prefix_parse(texts[i].text, &prefix));
		if (!texts[i].err)
			assert_string_equal(prefix_print(&prefix, text), texts[i].printed ? texts[i].printed : texts[i].text);
	}
}

static struct prefix prefix(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p), 0);
	return p;
}

static const struct {
	const char *outer, *inner;
	bool covers;
} coverings[] = {
    {"10.0.0.0/8", "10.1.0.0/16", true},
    {"10.0.0.0/8", "10.0.0.0/8", true},
    {"10.0.0.0/8", "10.0.0.0/7", false},
    {"10.0.0.0/8", "11.0.0.0/16", false},
    {"0.0.0.0/0", "10.0.0.1", true},
    {"::/0", "2001:db8::1", true},
    {"::/0", "10.0.0.1", false},
    {"::/0", "0.0.0.0/0", false},
    {"::fffe:0:0/95", "10.0.0.1", false},
    {"0.0.0.0/0", "::/0", false},
};

static void prefix_coverings(void **state)
{
	for (size_t i = 0; i < LENGTH(coverings); i++) {
		struct prefix outer = prefix(coverings[i].outer), inner = prefix(coverings[i].inner);

		if (prefix_covers(&outer, &inner) != coverings[i].covers)
			fail_msg("%s, %s", coverings[i].outer, coverings[i].inner);
	}
}

/* What the lanes do, the slow way. */
static bool admits(const struct sl_addr *bounds, uint32_t count, const uint8_t addr[16])
{
	uint32_t below = 0;

	while (below < count && memcmp(bounds[below].b, addr, 16) <= 0)
		below++;
	return below % 2;
}

static bool fits(const struct prefix *prefixes, uint32_t count, const uint8_t addr[16])
{
	struct prefix alone = {.len = 128};

	memcpy(alone.addr, addr, 16);
	for (uint32_t i = 0; i < count; i++)
		if (prefix_covers(&prefixes[i], &alone))
			return true;
	return false;
}

static void print_all(const struct prefix *prefixes, uint32_t count, char *text, size_t size)
{
	char one[PREFIX_TEXT];

	*text = 0;
	for (uint32_t i = 0; i < count; i++) {
		strncat(text, i ? " " : "", size - strlen(text) - 1);
		strncat(text, prefix_print(&prefixes[i], one), size - strlen(text) - 1);
	}
}

static const struct {
	const char *said[6];
	uint32_t bounds;
	const char *back;
} lists[] = {
    {{NULL}, 0, ""},
    {{"192.0.2.0/24"}, 2, "192.0.2.0/24"},
    {{"192.0.2.0/25", "192.0.2.128/25"}, 2, "192.0.2.0/24"},
    {{"10.0.0.0/8", "10.1.2.3", "10.0.0.0/8"}, 2, "10.0.0.0/8"},
    {{"10.0.0.3", "10.0.0.1", "10.0.0.2"}, 2, "10.0.0.1 10.0.0.2/31"},
    {{"0.0.0.0/0"}, 2, "0.0.0.0/0"},
    {{"::/0"}, 3, "::/0"},
    {{"0.0.0.0/0", "::/0"}, 1, "::/0 0.0.0.0/0"},
    {{"::/0", "10.0.0.0/8"}, 5, "::/0 10.0.0.0/8"},
    {{"ffff::/16"}, 1, "ffff::/16"},
    {{"::fffe:0:0/95"}, 2, "::fffe:0:0/96"},
    {{"255.255.255.255", "0.0.0.0"}, 4, "0.0.0.0 255.255.255.255"},
    {{"2001:db8::/32", "192.0.2.0/24"}, 4, "192.0.2.0/24 2001:db8::/32"},
};

static void known_lists(void **state)
{
	for (size_t i = 0; i < LENGTH(lists); i++) {
		struct prefix prefixes[6], *back;
		uint32_t count = 0, bound_count, back_count;
		struct sl_addr *bounds;
		char text[512];

		while (count < 6 && lists[i].said[count]) {
			prefixes[count] = prefix(lists[i].said[count]);
			count++;
		}
		assert_int_equal(allow_bounds(prefixes, count, &bounds, &bound_count), 0);
		assert_int_equal(bound_count, lists[i].bounds);
		assert_int_equal(allow_prefixes(bounds, bound_count, &back, &back_count), 0);
		print_all(back, back_count, text, sizeof(text));
		assert_string_equal(text, lists[i].back);
		free(back);
		free(bounds);
	}
}

static uint32_t seed = 1;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* Few different bits, near the places where something can go wrong: both ends, and both sides of IPv4. */
static void draw_addr(uint8_t addr[16])
{
	memset(addr, draw(2) ? 0 : 0xff, 16);
	if (draw(4)) {
		memset(addr, 0, 10);
		addr[10] = addr[11] = 0xff - (draw(4) == 0);
		memset(addr + 12, draw(2) ? 0 : 0xff, 4);
	}
	if (draw(2))
		addr[15] = draw(256);
	if (draw(3) == 0)
		addr[draw(16)] ^= 1 << draw(8);
}

static void draw_prefix(struct prefix *ret_prefix)
{
	char text[PREFIX_TEXT];
	struct prefix p;

	draw_addr(p.addr);
	if (addr_is_v4(p.addr))
		p.len = 96 + (draw(2) ? 24 + draw(9) : draw(33));
	else
		p.len = draw(3) ? 90 + draw(39) : draw(129);
	*ret_prefix = prefix(prefix_print(&p, text));
}

static void next_to(uint8_t addr[16], int up)
{
	for (int i = 15; i >= 0; i--) {
		addr[i] += up ? 1 : -1;
		if (addr[i] != (up ? 0 : 0xff))
			break;
	}
}

/* At every bound, beside it, and at random places, both say the same. */
static void compare(const struct prefix *prefixes, uint32_t count, const struct sl_addr *bounds, uint32_t bound_count)
{
	uint8_t addr[16];

	for (uint32_t i = 0; i < 3 * bound_count + 20; i++) {
		if (i < 3 * bound_count) {
			memcpy(addr, bounds[i / 3].b, 16);
			if (i % 3)
				next_to(addr, i % 3 == 1);
		} else {
			draw_addr(addr);
		}
		assert_int_equal(admits(bounds, bound_count, addr), fits(prefixes, count, addr));
	}
}

static void random_lists(void **state)
{
	for (int round = 0; round < 3000; round++) {
		struct prefix prefixes[MOST], *back;
		uint32_t count = draw(MOST), bound_count, back_count, again_count;
		struct sl_addr *bounds, *again;

		for (uint32_t i = 0; i < count; i++)
			draw_prefix(&prefixes[i]);
		assert_int_equal(allow_bounds(prefixes, count, &bounds, &bound_count), 0);
		compare(prefixes, count, bounds, bound_count);
		assert_int_equal(allow_prefixes(bounds, bound_count, &back, &back_count), 0);
		compare(back, back_count, bounds, bound_count);
		assert_int_equal(allow_bounds(back, back_count, &again, &again_count), 0);
		assert_int_equal(again_count, bound_count);
		assert_memory_equal(again, bounds, bound_count * sizeof(*bounds));
		free(again);
		free(back);
		free(bounds);
	}
}

static void no_bounds(void **state)
{
	struct sl_addr bounds[3] = {{.b = {[15] = 5}}, {.b = {[15] = 5}}, {.b = {[15] = 4}}};
	struct prefix *prefixes;
	uint32_t count;

	assert_int_equal(allow_prefixes(bounds, 2, &prefixes, &count), -EINVAL);
	bounds[1].b[15] = 9;
	assert_int_equal(allow_prefixes(bounds, 3, &prefixes, &count), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(prefix_texts),
	    cmocka_unit_test(prefix_coverings),
	    cmocka_unit_test(known_lists),
	    cmocka_unit_test(random_lists),
	    cmocka_unit_test(no_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
