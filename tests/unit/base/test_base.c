/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The leaf library: addresses as text, the hash table, the log's limit. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/addr.h"
#include "base/htab.h"
#include "base/list.h"
#include "base/log.h"

static const struct {
	const char *text;
	int err;
	const char *again; /* NULL: the same */
	bool v4, unicast, link_local;
} addrs[] = {
    {"192.0.2.1", 0, NULL, true, true, false},
    {"0.0.0.0", 0, NULL, true, false, false},
    {"0.1.2.3", 0, NULL, true, false, false},
    {"127.0.0.1", 0, NULL, true, true, false},
    {"223.255.255.255", 0, NULL, true, true, false},
    {"224.0.0.1", 0, NULL, true, false, false},
    {"239.255.255.255", 0, NULL, true, false, false},
    {"255.255.255.255", 0, NULL, true, false, false},
    {"2001:db8::1", 0, NULL, false, true, false},
    {"2001:0DB8:0:0:0:0:0:1", 0, "2001:db8::1", false, true, false},
    {"::", 0, NULL, false, false, false},
    {"::1", 0, NULL, false, true, false},
    {"fe80::1", 0, NULL, false, true, true},
    {"febf::1", 0, NULL, false, true, true},
    {"fec0::1", 0, NULL, false, true, false},
    {"ff02::1", 0, NULL, false, false, false},
    {"::ffff:192.0.2.1", -EINVAL, NULL, false, false, false},
    {"", -EINVAL, NULL, false, false, false},
    {"192.0.2", -EINVAL, NULL, false, false, false},
    {"192.0.2.256", -EINVAL, NULL, false, false, false},
    {"192.0.2.1 ", -EINVAL, NULL, false, false, false},
    {"fe80::1%eth0", -EINVAL, NULL, false, false, false},
    {"www.example.com", -EINVAL, NULL, false, false, false},
};

static void addresses(void **state)
{
	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		uint8_t addr[16] = {7};
		char text[ADDR_TEXT];

		assert_int_equal(addr_parse(addrs[i].text, addr), addrs[i].err);
		if (addrs[i].err) {
			assert_int_equal(addr[0], 7); /* untouched */
			continue;
		}
		assert_string_equal(addr_print(addr, text), addrs[i].again ? addrs[i].again : addrs[i].text);
		assert_int_equal(addr_is_v4(addr), addrs[i].v4);
		assert_int_equal(addr_is_unicast(addr), addrs[i].unicast);
		assert_int_equal(addr_is_link_local6(addr), addrs[i].link_local);
	}
}

static void addresses_with_ports(void **state)
{
	char text[ADDR_PORT_TEXT];
	uint8_t addr[16];

	assert_int_equal(addr_parse("192.0.2.1", addr), 0);
	assert_string_equal(addr_port_print(addr, 65535, text), "192.0.2.1:65535");
	assert_int_equal(addr_parse("2001:db8:1111:2222:3333:4444:5555:6666", addr), 0);
	assert_string_equal(addr_port_print(addr, 80, text), "[2001:db8:1111:2222:3333:4444:5555:6666]:80");
}

struct item {
	struct hnode node;
	unsigned value;
};

/* Many members, also of one hash; found, removed, gone. */
static void hash_table(void **state)
{
	enum { COUNT = 5000 };
	static struct item items[COUNT];
	struct htab tab;
	unsigned same = 0;

	htab_init(&tab);
	for (unsigned i = 0; i < COUNT; i++) {
		items[i].value = i;
		htab_insert(&tab, &items[i].node, i % 10 ? hash_bytes(&i, sizeof(i), 0) : 42);
	}
	assert_int_equal(tab.count, COUNT);
	for (struct hnode *node = htab_first(&tab, 42); node; node = htab_next(node)) {
		assert_int_equal(container_of(node, struct item, node)->value % 10, 0);
		same++;
	}
	assert_int_equal(same, COUNT / 10);
	for (unsigned i = 0; i < COUNT; i += 2)
		htab_remove(&tab, &items[i].node);
	for (unsigned i = 1; i < COUNT; i += 2) {
		struct hnode *node = htab_first(&tab, hash_bytes(&i, sizeof(i), 0));

		while (node && container_of(node, struct item, node)->value != i)
			node = htab_next(node);
		assert_non_null(node);
	}
	assert_null(htab_first(&tab, 42));
	htab_fini(&tab);
}

static void hash_sees_every_byte(void **state)
{
	for (size_t size = 1; size < 30; size++) {
		unsigned char data[30] = {0};
		uint64_t plain = hash_bytes(data, size, 1);

		assert_int_not_equal(plain, hash_bytes(data, size - 1, 1));
		assert_int_not_equal(plain, hash_bytes(data, size, 2));
		for (size_t i = 0; i < size; i++) {
			data[i] = 1;
			assert_int_not_equal(plain, hash_bytes(data, size, 1));
			data[i] = 0;
		}
	}
}

static void log_levels(void **state)
{
	enum log_level level = LOG_LEVEL_ERR;

	assert_int_equal(log_level_parse("debug", &level), 0);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_int_equal(log_level_parse("loud", &level), -EINVAL);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
}

static void log_is_limited(void **state)
{
	struct log_limit limit = {0};
	unsigned said = 0;

	for (int i = 0; i < 1000; i++)
		said += log_limit_ok(&limit);
	assert_int_equal(said, 10);
	assert_int_equal(limit.left_out, 990);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses),
	    cmocka_unit_test(addresses_with_ports),
	    cmocka_unit_test(hash_table),
	    cmocka_unit_test(hash_sees_every_byte),
	    cmocka_unit_test(log_levels),
	    cmocka_unit_test(log_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
