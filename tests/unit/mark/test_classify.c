/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The classifier's rules in the plane, against a matcher that tries them one after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sluiced/plane/classify.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define MOST 30 /* rules of a random list */

/* A trie of longest prefixes, the slow way. */
static struct {
	struct sl_mark_key key;
	struct sl_mark_set set;
} trie[SL_MAX_MARK_SETS];
static unsigned trie_count, fail_after;

static struct plane *plane;
static struct plane_ops ops;
static struct classify *classify;

static int trie_find(const struct sl_mark_key *key)
{
	for (unsigned i = 0; i < trie_count; i++)
		if (!memcmp(&trie[i].key, key, sizeof(*key)))
			return i;
	return -1;
}

static int mark_set(struct plane *p, const struct sl_mark_key *key, const struct sl_mark_set *set)
{
	int at = trie_find(key);

	if (fail_after && !--fail_after)
		return -E2BIG;
	if (set) {
		at = at < 0 ? (int)trie_count++ : at;
		trie[at].key = *key;
		trie[at].set = *set;
	} else if (at >= 0) {
		trie[at] = trie[--trie_count];
	} else {
		return -ENOENT;
	}
	return 0;
}

static int mark_next(struct plane *p, const struct sl_mark_key *prev, struct sl_mark_key *ret_key, struct sl_mark_set *ret_set)
{
	unsigned at = prev ? trie_find(prev) + 1 : 0;

	if (at >= trie_count)
		return -ENOENT;
	*ret_key = trie[at].key;
	*ret_set = trie[at].set;
	return 0;
}

static void open_classify(void)
{
	assert_int_equal(classify_new(plane, &classify), 0);
}

static int setup(void **state)
{
	plane = plane_fake_new(1024);
	assert_non_null(plane);
	ops = *plane->ops;
	ops.mark_set = mark_set;
	ops.mark_next = mark_next;
	plane->ops = &ops;
	trie_count = fail_after = 0;
	open_classify();
	return 0;
}

static int teardown(void **state)
{
	classify_free(classify);
	plane_fake_free(plane);
	return 0;
}

static bool bits_fit(const uint8_t *prefix, unsigned len, const uint8_t *addr)
{
	for (unsigned bit = 0; bit < len; bit++)
		if ((prefix[bit / 8] ^ addr[bit / 8]) & 0x80 >> bit % 8)
			return false;
	return true;
}

struct packet {
	uint8_t src[16], dst[16];
	uint8_t proto;
	uint16_t port;
};

/* As the lanes do it. */
static uint32_t mark_by_plane(const struct packet *p)
{
	const struct sl_mark_set *best = NULL;
	uint32_t len = 0;

	for (unsigned i = 0; i < trie_count; i++) {
		if (!bits_fit((const uint8_t *)trie[i].key.dst, trie[i].key.len, p->dst) || (best && trie[i].key.len < len))
			continue;
		best = &trie[i].set;
		len = trie[i].key.len;
	}
	for (uint32_t i = 0; best && i < best->count; i++) {
		const struct sl_mark_rule *r = &plane->mark_rules[best->first + i];

		if ((!r->proto || r->proto == p->proto) && p->port >= r->first_port && p->port <= r->last_port &&
		    bits_fit(r->src.b, r->src_len, p->src))
			return r->mark;
	}
	return 0;
}

static struct prefix alone(const uint8_t addr[16])
{
	struct prefix prefix = {.len = 128};

	memcpy(prefix.addr, addr, 16);
	return prefix;
}

/* As the operator means it. */
static uint32_t mark_by_rules(const struct rule *rules, unsigned count, const struct packet *p)
{
	struct prefix src = alone(p->src), dst = alone(p->dst);

	for (unsigned i = 0; i < count; i++) {
		const struct rule *r = &rules[i];

		if ((!r->has_dst || prefix_covers(&r->dst, &dst)) && (!r->has_src || prefix_covers(&r->src, &src)) &&
		    (!r->proto || r->proto == p->proto) && p->port >= r->first_port && p->port <= r->last_port)
			return r->mark;
	}
	return 0;
}

/* "dst src proto first-last mark", - for what is not said. */
static struct rule rule(unsigned id, const char *text)
{
	struct rule r = {.id = id};
	char dst[64], src[64], proto[8], ports[16];

	assert_int_equal(sscanf(text, "%63s %63s %7s %15s %u", dst, src, proto, ports, &r.mark), 5);
	r.has_dst = *dst != '-';
	r.has_src = *src != '-';
	if (r.has_dst)
		assert_int_equal(prefix_parse(dst, &r.dst), 0);
	if (r.has_src)
		assert_int_equal(prefix_parse(src, &r.src), 0);
	r.proto = *proto == 't' ? IPPROTO_TCP : *proto == 'u' ? IPPROTO_UDP : 0;
	r.last_port = 65535;
	if (*ports != '-')
		assert_int_equal(sscanf(ports, "%hu-%hu", &r.first_port, &r.last_port), 2);
	assert_null(rule_wrong(&r));
	return r;
}

static uint32_t ask(const char *src, const char *dst, uint8_t proto, uint16_t port)
{
	struct packet p = {.proto = proto, .port = port};

	assert_int_equal(addr_parse(src, p.src), 0);
	assert_int_equal(addr_parse(dst, p.dst), 0);
	return mark_by_plane(&p);
}

static void known_rules(void **state)
{
	struct rule rules[] = {
	    rule(1, "192.0.2.1 - t 80-80 5"),
	    rule(2, "192.0.2.0/24 10.0.0.0/8 - - 6"),
	    rule(3, "- - u - 7"),
	    rule(4, "::/0 - t - 8"),
	    rule(5, "- 10.9.0.0/16 t 25-25 9"),
	};

	assert_int_equal(classify_set(classify, rules, LENGTH(rules), 0), 0);
	assert_true(plane->settings->flags & SL_SET_MARKS);
	assert_int_equal(plane->settings->mark_rules, 5);
	assert_int_equal(ask("10.1.1.1", "192.0.2.1", IPPROTO_TCP, 80), 5);
	assert_int_equal(ask("10.1.1.1", "192.0.2.1", IPPROTO_TCP, 81), 6);
	assert_int_equal(ask("11.1.1.1", "192.0.2.1", IPPROTO_UDP, 80), 7);
	assert_int_equal(ask("11.1.1.1", "192.0.2.1", IPPROTO_TCP, 81), 0);
	assert_int_equal(ask("10.1.1.1", "192.0.2.2", IPPROTO_UDP, 80), 6);
	assert_int_equal(ask("11.1.1.1", "203.0.113.1", IPPROTO_TCP, 80), 0);
	assert_int_equal(ask("2001:db8::1", "2001:db8::2", IPPROTO_TCP, 80), 8);
	assert_int_equal(ask("2001:db8::1", "2001:db8::2", IPPROTO_UDP, 80), 7);
	assert_int_equal(ask("10.9.1.1", "203.0.113.1", IPPROTO_TCP, 25), 9);
	assert_int_equal(classify_set(classify, NULL, 0, 0), 0);
	assert_false(plane->settings->flags & SL_SET_MARKS);
	assert_int_equal(trie_count, 0);
}

/* Short IPv6 prefixes have the IPv4 addresses inside, as the trie sees it. */
static void other_family_stays_out(void **state)
{
	static const char *const around[] = {"::/0", "::/1", "::/80", "::/81", "::/88", "::fffe:0:0/95"};

	for (size_t i = 0; i < LENGTH(around); i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s - - - 5", around[i]);
		struct rule one = rule(1, text);

		assert_int_equal(classify_set(classify, &one, 1, i * 10000), 0);
		assert_int_equal(ask("10.1.1.1", "192.0.2.1", IPPROTO_TCP, 80), 0);
	}
	struct rule far = rule(1, "2001:db8::/32 - - - 5");

	assert_int_equal(classify_set(classify, &far, 1, 100000), 0);
	assert_int_equal(trie_count, 1);
}

static uint32_t seed = 1;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static void draw_addr(bool v6, uint8_t addr[16])
{
	memset(addr, 0, 16);
	if (v6) {
		addr[0] = draw(3) ? 0x20 : 0;
		addr[11] = draw(3) == 0;
	} else {
		addr[10] = addr[11] = 0xff;
		addr[12] = 10;
	}
	addr[14] = draw(2) ? draw(4) << 6 : 0;
	addr[15] = draw(4);
}

static struct prefix draw_prefix(bool v6)
{
	static const uint8_t len4[] = {96, 97, 104, 114, 120, 126, 128}, len6[] = {0, 1, 3, 80, 81, 95, 96, 114, 126, 128};
	char text[PREFIX_TEXT];
	struct prefix p;

	draw_addr(v6, p.addr);
	p.len = v6 ? len6[draw(LENGTH(len6))] : len4[draw(LENGTH(len4))];
	if (v6 && p.len > 80 && p.len < 96 && draw(2))
		memset(p.addr, 0, 16);
	assert_int_equal(prefix_parse(prefix_print(&p, text), &p), 0);
	return p;
}

static void draw_rule(struct rule *r, unsigned id)
{
	bool v6 = draw(2);

	*r = (struct rule){.id = id, .mark = 1 + draw(5), .last_port = 65535};
	r->has_dst = draw(3);
	r->has_src = draw(2);
	if (r->has_dst)
		r->dst = draw_prefix(v6);
	if (r->has_src)
		r->src = draw_prefix(v6);
	r->proto = draw(2) ? 0 : draw(2) ? IPPROTO_TCP : IPPROTO_UDP;
	if (draw(2)) {
		r->first_port = draw(4);
		r->last_port = r->first_port + draw(4);
	}
}

static unsigned draw_rules(struct rule *rules)
{
	unsigned count = draw(MOST);

	for (unsigned i = 0; i < count; i++)
		draw_rule(&rules[i], 1 + (i * 7 + count) % RULE_MAX_ID);
	return count;
}

static void compare(const struct rule *rules, unsigned count)
{
	for (int i = 0; i < 200; i++) {
		struct packet p = {.proto = draw(2) ? IPPROTO_TCP : IPPROTO_UDP, .port = draw(8)};
		bool v6 = draw(2);

		draw_addr(v6, p.src);
		draw_addr(v6, p.dst);
		assert_int_equal(mark_by_plane(&p), mark_by_rules(rules, count, &p));
	}
}

/* Also adopted by another classifier, which finds the same rules and has nothing to write. */
static void random_rules(void **state)
{
	for (int round = 0; round < 500; round++) {
		struct rule rules[MOST], *found;
		unsigned count = draw_rules(rules), found_count;

		assert_int_equal(classify_set(classify, rules, count, round * 3000), 0);
		compare(rules, count);
		if (round % 5)
			continue;
		classify_free(classify);
		open_classify();
		assert_int_equal(classify_adopt(classify, &found, &found_count), 0);
		assert_int_equal(found_count, count);
		for (unsigned i = 0; i < count; i++)
			assert_memory_equal(&found[i], &rules[i], sizeof(rules[i]));
		plane->writes = 0;
		assert_int_equal(classify_set(classify, found, found_count, round * 3000), 0);
		assert_int_equal(plane->writes, 0);
		free(found);
	}
}

static void failures_change_nothing(void **state)
{
	for (int round = 0; round < 300; round++) {
		struct rule old[MOST], new[MOST];
		unsigned old_count = draw_rules(old), new_count = draw_rules(new);

		assert_int_equal(classify_set(classify, old, old_count, round * 9000), 0);
		fail_after = 1 + draw(4);
		if (classify_set(classify, new, new_count, round * 9000 + 3000)) {
			fail_after = 0;
			compare(old, old_count);
		} else {
			fail_after = 0;
			compare(new, new_count);
		}
	}
}

/* Every rule in every list. */
static void too_many(void **state)
{
	struct rule *rules = calloc(RULE_MAX_COUNT, sizeof(*rules)), one = rule(1, "192.0.2.1 - - - 5");

	for (unsigned i = 0; i < 2000; i++) {
		char text[64];

		snprintf(text, sizeof(text), "10.0.%u.%u - - - 5", i >> 8, i & 255);
		rules[i] = rule(i + 1, text);
	}
	assert_int_equal(classify_set(classify, &one, 1, 0), 0);
	assert_int_equal(classify_set(classify, rules, 2000, 0), -ENOSPC);
	assert_int_equal(classify_set(classify, rules, 1024, 0), 0);
	for (unsigned i = 0; i < 100; i++)
		rules[1000 + i] = rule(2000 + i, "- - t - 5");
	assert_int_equal(classify_set(classify, rules, 1100, 10000), -ENOSPC);
	assert_int_equal(ask("10.1.1.1", "10.0.3.255", IPPROTO_UDP, 1), 5);
	assert_int_equal(classify_set(classify, NULL, 0, 20000), 0);
	free(rules);
}

/* A plane that somebody has spoilt: what can't be is left out, and gone with the next change. */
static void spoilt(void **state)
{
	struct sl_mark_key key = {.len = 128}, overlap = {.len = 100};
	struct rule one = rule(1, "192.0.2.1 - - - 5"), *found;
	unsigned count;

	assert_int_equal(classify_set(classify, &one, 1, 0), 0);
	mark_set(plane, &key, &(struct sl_mark_set){.first = SL_MAX_MARK_RULES - 1, .count = 4000000000U});
	mark_set(plane, &overlap, &trie[0].set);
	classify_free(classify);
	open_classify();
	assert_int_equal(classify_adopt(classify, &found, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(classify_set(classify, found, count, 0), 0);
	assert_int_equal(trie_count, 1);
	assert_int_equal(ask("10.1.1.1", "192.0.2.1", IPPROTO_UDP, 1), 5);
	free(found);
}

static void wrong_rules(void **state)
{
	struct rule r = rule(1, "192.0.2.1 - - - 5");

	r.mark = 0;
	assert_non_null(rule_wrong(&r));
	r = rule(1, "192.0.2.1 - - - 5");
	r.first_port = 9;
	r.last_port = 8;
	assert_non_null(rule_wrong(&r));
	r = rule(1, "192.0.2.1 - - - 5");
	r.has_src = true;
	assert_int_equal(prefix_parse("2001:db8::/32", &r.src), 0);
	assert_non_null(rule_wrong(&r));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(known_rules),
	    TEST(other_family_stays_out),
	    TEST(random_rules),
	    TEST(failures_change_nothing),
	    TEST(too_many),
	    TEST(spoilt),
	    TEST(wrong_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
