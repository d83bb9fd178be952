// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output/output.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

struct key {
	json_t *json;
	unsigned char bytes[1 + 16 + 2 + 1]; /* family, address, port, protocol: compared as they stand */
};

static void key_fill(struct key *key, json_t *json)
{
	const char *addr = json_string_value(json_object_get(json, "addr"));
	const char *proto = json_string_value(json_object_get(json, "proto"));
	json_int_t port = json_integer_value(json_object_get(json, "port"));
	bool v6 = addr && strchr(addr, ':');

	memset(key, 0, sizeof(*key));
	key->json = json;
	key->bytes[0] = v6;
	if (addr)
		inet_pton(v6 ? AF_INET6 : AF_INET, addr, key->bytes + 1);
	key->bytes[17] = port >> 8;
	key->bytes[18] = port;
	key->bytes[19] = proto ? *proto : 0;
}

static int compare(const void *a, const void *b)
{
	return memcmp(((const struct key *)a)->bytes, ((const struct key *)b)->bytes, sizeof(((struct key *)0)->bytes));
}

json_t *output_sorted(const json_t *array)
{
	size_t count = json_array_size(array);
	struct key *keys = calloc(count + 1, sizeof(*keys));
	json_t *sorted = json_array();

	for (size_t i = 0; keys && i < count; i++)
		key_fill(&keys[i], json_array_get(array, i));
	if (keys)
		qsort(keys, count, sizeof(*keys), compare);
	for (size_t i = 0; i < count; i++)
		json_array_append(sorted, keys ? keys[i].json : json_array_get(array, i));
	free(keys);
	return sorted;
}
