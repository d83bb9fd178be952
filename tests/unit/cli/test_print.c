// SPDX-License-Identifier: GPL-2.0-or-later
/* How numbers, names and rows come out: widths, units, order. */
#include "tests/unit/cli/test.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ipvsadm/ipvsadm.h"

static void test_largenum(void **state)
{
	static const struct {
		unsigned long long number;
		const char *text, *exact;
	} rows[] = {
	    {0, "        0", "        0"},
	    {99999999, " 99999999", " 99999999"},
	    {100000000, "  100000K", " 100000000"},
	    {223089355, "  223089K", " 223089355"},
	    {999999999, "  999999K", " 999999999"},
	    {1000000000, "    1000M", " 1000000000"},
	    {99999999999, "   99999M", " 99999999999"},
	    {100000000000, "     100G", " 100000000000"},
	    {99999999999999, "   99999G", " 99999999999999"},
	    {100000000000000, "     100T", " 100000000000000"},
	    {18446744073709551615ULL, "18446744T", " 18446744073709551615"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[ADM_NUMBER_SIZE];

		adm_largenum(rows[i].number, false, text);
		assert_string_equal(text, rows[i].text);
		adm_largenum(rows[i].number, true, text);
		assert_string_equal(text, rows[i].exact);
	}
}

static struct adm_entry entry(const char *text)
{
	struct adm_entry e = {.proto = *text == 'u' ? IPPROTO_UDP : IPPROTO_TCP};

	assert_int_equal(adm_addr_parse(text + 2, e.proto, &e.at), 0);
	return e;
}

static void test_order(void **state)
{
	/* each stands before the next; 192.0.2.1 before 10.9.9.9 because their difference wraps */
	static const char *const sorted[] = {"t 192.0.2.1:22", "t 192.0.2.1:80", "t 192.0.2.2:8443", "t 10.9.9.9:443", "u 192.0.2.1:53",
	    "t [2001:db8::1]:80", "t [2001:db8::2]:22", "t [2001:db8:1111::1]:65535", "u [2001:db8::1]:53"};
	struct adm_entry entries[ARRAY_SIZE(sorted)];

	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++)
		entries[ARRAY_SIZE(sorted) - 1 - i] = entry(sorted[i]);
	qsort(entries, ARRAY_SIZE(entries), sizeof(entries[0]), adm_order_services);
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++) {
		struct adm_entry wanted = entry(sorted[i]);

		if (adm_order_services(&entries[i], &wanted) != 0)
			fail_msg("%s is not in its place", sorted[i]);
	}
}

static void test_server_order(void **state)
{
	static const struct {
		const char *a, *b;
		int sign;
	} rows[] = {
	    {"t 10.0.0.1:80", "t 10.0.0.2:80", -1},
	    {"t 10.0.0.1:81", "t 10.0.0.1:80", 1},
	    {"t 10.0.0.1:80", "t 10.0.0.1:80", 0},
	    {"t 192.0.2.11:80", "t [2001:db8::11]:80", -1}, /* families are not told apart: 0xc0... - 0x20... is negative */
	    {"t 10.0.0.1:80", "t [2001:db8::11]:80", -1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct adm_entry a = entry(rows[i].a), b = entry(rows[i].b);
		int order = adm_order_servers(&a, &b);

		if ((order > 0) - (order < 0) != rows[i].sign)
			fail_msg("%s against %s: %d", rows[i].a, rows[i].b, order);
	}
}

static void test_numeric_names(void **state)
{
	static const char *const rows[][2] = {
	    {"t 192.0.2.1:80", "192.0.2.1:80"},
	    {"t [2001:db8:0::1]:53", "[2001:db8::1]:53"},
	    {"t [2001:db8:1111:2222:3333:4444:5555:6666]:65535", "[2001:db8:1111:2222:3333:4444:5555:6666]:65535"},
	    {"t [::ffff:192.0.2.1]:80", "[::ffff:192.0.2.1]:80"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct adm_entry e = entry(rows[i][0]);
		char name[ADM_NAME_SIZE];

		adm_name(&e.at, e.proto, true, name);
		assert_string_equal(name, rows[i][1]);
	}
}

static void test_json_addr(void **state)
{
	static const struct {
		const char *json;
		bool good;
	} rows[] = {
	    {"{\"addr\": \"192.0.2.1\", \"port\": 80}", true},
	    {"{\"addr\": \"2001:db8::1\", \"port\": 65535}", true},
	    {"{\"addr\": \"2001:db8::1\", \"port\": 65536}", false},
	    {"{\"addr\": \"192.0.2\", \"port\": 80}", false},
	    {"{\"port\": 80}", false},
	    {"[]", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *json = json_loads(rows[i].json, 0, NULL);
		struct adm_addr addr;

		if (adm_addr_json(json, &addr) != rows[i].good)
			fail_msg("%s", rows[i].json);
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_largenum),
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_server_order),
	    cmocka_unit_test(test_numeric_names),
	    cmocka_unit_test(test_json_addr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
