// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/sluice.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

/* Decimal digits alone, at most `most`; -1. */
static long long number(const char *text, long long most)
{
	char *end;
	long long n;

	if (!isdigit((unsigned char)*text) || strlen(text) > 10)
		return -1;
	n = strtoll(text, &end, 10);
	return *end || n > most ? -1 : n;
}

/* Splits "addr:port", "[addr]:port", "addr" or "[addr]" in place; *ret_port is NULL where there is none. */
static bool split(char *text, char **ret_addr, char **ret_port)
{
	char *colon = strrchr(text, ':'), *end;

	*ret_addr = text;
	*ret_port = NULL;
	if (*text == '[') {
		end = strchr(text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return false;
		*ret_addr = text + 1;
		*ret_port = end[1] ? end + 2 : NULL;
		*end = '\0';
	} else if (colon && strchr(text, ':') == colon) {
		*ret_port = colon + 1;
		*colon = '\0';
	}
	return true;
}

/* {"addr", "port"}; without a port in the text `port`, or none if that is -1. */
static json_t *place(const char *text, long long port, const char **ret_why)
{
	char copy[128], *addr, *after;
	uint8_t bytes[16];
	json_t *json;

	*ret_why = "is no address; write it as 192.0.2.1:80 or [2001:db8::1]:80";
	if (strlen(text) >= sizeof(copy))
		return NULL;
	strcpy(copy, text);
	if (!split(copy, &addr, &after))
		return NULL;
	if (strchr(addr, '%')) {
		*ret_why = "has a scope, which a virtual server's addresses can't have";
		return NULL;
	}
	if (addr_parse(addr, bytes) < 0)
		return NULL;
	if (after) {
		port = number(after, 65535);
		*ret_why = "has no port that can be: write a number from 0 to 65535";
		if (port < 0)
			return NULL;
	}
	json = json_pack("{s:s}", "addr", addr_print(bytes, copy));
	if (port >= 0)
		json_object_set_new(json, "port", json_integer(port));
	return json;
}

json_t *sluice_service(const char *proto, const char *where, const char **ret_why)
{
	bool v6 = strcmp(proto, "mark6") == 0;
	json_t *json;

	if (!sluice_name_find(sluice_protocols, proto)) {
		*ret_why = "is no service; write tcp/192.0.2.1:80 or mark/5";
		return NULL;
	}
	if (v6 || strcmp(proto, "mark") == 0) {
		long long mark = number(where, 4294967295);

		*ret_why = "is no mark; write a number from 1 to 4294967295";
		return mark < 1 ? NULL : json_pack("{s:I, s:s}", "fwmark", (json_int_t)mark, "family", v6 ? "ipv6" : "ipv4");
	}
	json = place(where, 0, ret_why);
	json_object_set_new(json, "proto", json_string(proto));
	return json;
}

json_t *sluice_service_word(const char *text, const char **ret_why)
{
	size_t len = strcspn(text, "/");
	char proto[8] = "";

	if (text[len] && len < sizeof(proto))
		memcpy(proto, text, len);
	return sluice_service(proto, text[len] ? text + len + 1 : "", ret_why);
}

json_t *sluice_server(const char *text, const char **ret_why)
{
	return place(text, -1, ret_why);
}
