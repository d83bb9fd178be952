// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output/cell.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

long long cell_number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

const char *cell_string_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "?";
}

const char *cell_number(char cell[CELL], long long n)
{
	snprintf(cell, CELL, "%lld", n);
	return cell;
}

const char *cell_bytes(char cell[CELL], long long n)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
	double value = n;
	int unit = 0;

	while (value >= 999.5 && unit < 5) {
		value /= 1000;
		unit++;
	}
	snprintf(cell, CELL, "%.*f %s", unit && value < 99.95 ? 1 : 0, value, units[unit]);
	return cell;
}

const char *cell_time(char cell[CELL], long long seconds)
{
	static const struct {
		long long seconds;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	size_t len = 0;

	*cell = '\0';
	for (size_t i = 0; i < 4; i++)
		if (seconds / units[i].seconds || (i == 3 && !len)) {
			len += snprintf(cell + len, CELL - len, "%lld%c", seconds / units[i].seconds, units[i].unit);
			seconds %= units[i].seconds;
		} else if (len && !seconds) {
			break;
		}
	return cell;
}

const char *cell_place(char cell[CELL], const char *before, const json_t *end)
{
	const char *addr = cell_string_of(end, "addr");
	bool v6 = strchr(addr, ':');

	snprintf(cell, CELL, "%s%s%s%s:%lld", before, v6 ? "[" : "", addr, v6 ? "]" : "", cell_number_of(end, "port"));
	return cell;
}

const char *cell_service(char cell[CELL], const json_t *service)
{
	char before[16];

	if (json_object_get(service, "fwmark")) {
		bool v6 = strcmp(cell_string_of(service, "family"), "ipv6") == 0;

		snprintf(cell, CELL, "mark%s %lld", v6 ? "6" : "", cell_number_of(service, "fwmark"));
		return cell;
	}
	snprintf(before, sizeof(before), "%s ", cell_string_of(service, "proto"));
	return cell_place(cell, before, service);
}

const char *cell_method(const json_t *server)
{
	static const char *const methods[][2] = {{"masq", "nat"}, {"route", "dr"}, {"tunnel", "tun"}};
	const char *fwd = cell_string_of(server, "fwd");

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(fwd, methods[i][0]) == 0)
			return methods[i][1];
	return fwd;
}
