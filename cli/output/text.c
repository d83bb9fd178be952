// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output/output.h"

#include <string.h>

#define CELL 96

static long long number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static const char *string_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "?";
}

static const char *number(char cell[CELL], long long n)
{
	snprintf(cell, CELL, "%lld", n);
	return cell;
}

/* Bytes a second in three digits or so. */
static const char *bytes(char cell[CELL], long long n)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double value = n;
	int unit = 0;

	while (value >= 999.5 && unit < 4) {
		value /= 1000;
		unit++;
	}
	snprintf(cell, CELL, "%.*f %s", unit && value < 99.95 ? 1 : 0, value, units[unit]);
	return cell;
}

static const char *address(char cell[CELL], const char *before, const json_t *end)
{
	const char *addr = string_of(end, "addr");
	bool v6 = strchr(addr, ':');

	snprintf(cell, CELL, "%s%s%s%s:%lld", before, v6 ? "[" : "", addr, v6 ? "]" : "", number_of(end, "port"));
	return cell;
}

static void add_load(struct table *table, enum table_style style, const char *name, const char *how, const char *weight, long long active,
    long long inactive, const json_t *object)
{
	const json_t *stats = json_object_get(object, "stats"), *rates = json_object_get(object, "rates");
	char cell[8][CELL];

	table_add(table, style, name, how, weight, number(cell[0], active), number(cell[1], inactive),
	    number(cell[2], number_of(stats, "conns")), number(cell[3], number_of(rates, "conns")),
	    number(cell[4], number_of(rates, "in_pkts")), number(cell[5], number_of(rates, "out_pkts")),
	    bytes(cell[6], number_of(rates, "in_bytes")), bytes(cell[7], number_of(rates, "out_bytes")));
}

static void add_server(struct table *table, const json_t *server)
{
	bool local = json_is_true(json_object_get(server, "local")), quiesced = number_of(server, "weight") == 0;
	char name[CELL], how[CELL], weight[CELL];

	address(name, "  ", server);
	snprintf(how, sizeof(how), "%s%s%s", string_of(server, "fwd"), local ? ", local" : "", quiesced ? ", quiesced" : "");
	add_load(table, quiesced ? TABLE_WARN : TABLE_PLAIN, name, how, number(weight, number_of(server, "weight")),
	    number_of(server, "active"), number_of(server, "inactive"), server);
}

static void add_service(struct table *table, const json_t *service)
{
	json_t *servers = output_sorted(json_object_get(service, "servers"));
	long long active = 0, inactive = 0;
	char name[CELL], before[16];
	json_t *server;
	size_t i;

	json_array_foreach (servers, i, server) {
		active += number_of(server, "active");
		inactive += number_of(server, "inactive");
	}
	snprintf(before, sizeof(before), "%s ", string_of(service, "proto"));
	address(name, before, service);
	add_load(table, TABLE_STRONG, name, string_of(service, "sched"), "", active, inactive, service);
	json_array_foreach (servers, i, server)
		add_server(table, server);
	json_decref(servers);
}

static void print_services(FILE *out, const json_t *services)
{
	struct table *table;
	json_t *service, *sorted;
	size_t i;

	if (json_array_size(services) == 0) {
		fprintf(out, "\nNo services. Add one with ipvsadm -A (see ipvsadm(8)).\n");
		return;
	}
	fputc('\n', out);
	table = table_new("llrrrrrrrrr");
	table_add(table, TABLE_HEAD, "SERVICE, SERVER", "HOW", "WEIGHT", "ACTIVE", "INACTIVE", "CONNS", "CONNS/S", "IN PKTS/S",
	    "OUT PKTS/S", "IN/S", "OUT/S");
	sorted = output_sorted(services);
	json_array_foreach (sorted, i, service)
		add_service(table, service);
	json_decref(sorted);
	table_print(out, table);
}

static void print_interfaces(FILE *out, const json_t *interfaces)
{
	struct table *table;
	json_t *interface;
	size_t i;

	if (json_array_size(interfaces) == 0) {
		fprintf(out, "\nNo interface has a lane.\n");
		return;
	}
	fputc('\n', out);
	table = table_new("lll");
	table_add(table, TABLE_HEAD, "INTERFACE", "FULL LANE", "EXPRESS LANE");
	json_array_foreach ((json_t *)interfaces, i, interface)
		table_add(table, TABLE_PLAIN, string_of(interface, "name"), string_of(interface, "full"), string_of(interface, "express"));
	table_print(out, table);
}

/* Rows of an array of {name, text, count}; returns how many were added. */
static size_t add_counters(struct table *table, const json_t *counters, const char *count, bool all, enum table_style style)
{
	char cell[CELL];
	json_t *counter;
	size_t i, added = 0;

	json_array_foreach ((json_t *)counters, i, counter) {
		long long n = number_of(counter, count);

		if (!n && !all)
			continue;
		table_add(table, n ? style : TABLE_PLAIN, number(cell, n), string_of(counter, "name"), string_of(counter, "text"));
		added++;
	}
	return added;
}

static void print_drops(FILE *out, const json_t *drops)
{
	struct table *table = table_new("rll");

	table_add(table, TABLE_HEAD, "DROPPED", "REASON", "");
	if (add_counters(table, drops, "packets", false, TABLE_WARN) == 0)
		table_add(table, TABLE_PLAIN, "0", "none", "");
	fputc('\n', out);
	table_print(out, table);
}

static void print_status(FILE *out, const json_t *status)
{
	fprintf(out, "sluiced %s, pid %lld, generation %lld, a connection table of %lld slots\n", string_of(status, "version"),
	    number_of(status, "pid"), number_of(status, "generation"), number_of(status, "slots"));
	print_services(out, json_object_get(status, "services"));
	print_interfaces(out, json_object_get(status, "interfaces"));
	print_drops(out, json_object_get(status, "drops"));
}

static void print_counters(FILE *out, const json_t *counters)
{
	struct table *table = table_new("rll");

	table_add(table, TABLE_HEAD, "DROPPED", "REASON", "");
	add_counters(table, json_object_get(counters, "drops"), "packets", true, TABLE_WARN);
	table_add(table, TABLE_PLAIN, "", "", "");
	table_add(table, TABLE_HEAD, "COUNT", "EVENT", "");
	add_counters(table, json_object_get(counters, "events"), "count", true, TABLE_STRONG);
	table_print(out, table);
}

/* Fixed columns, for pages are printed as they come; an IPv6 address pushes the rest of its line. */
#define CONN_FORMAT "%-5s  %-11s  %7s  %-21s  %-21s  %-21s  %s\n"

static void connections_begin(FILE *out)
{
	fprintf(out, CONN_FORMAT, "PROTO", "STATE", "EXPIRES", "CLIENT", "VIRTUAL", "SERVER", "HOW");
}

static void connections(FILE *out, const json_t *page)
{
	char client[CELL], virtual[CELL], server[CELL], expires[CELL];
	json_t *conn;
	size_t i;

	json_array_foreach ((json_t *)page, i, conn) {
		long long left = number_of(conn, "expires");

		snprintf(expires, sizeof(expires), "%lld:%02lld", left / 60, left % 60);
		fprintf(out, CONN_FORMAT, string_of(conn, "proto"), string_of(conn, "state"), expires,
		    address(client, "", json_object_get(conn, "client")), address(virtual, "", json_object_get(conn, "virtual")),
		    address(server, "", json_object_get(conn, "server")), string_of(conn, "fwd"));
	}
}

static void connections_end(FILE *out)
{
}

const struct output output_text = {
    .status = print_status,
    .counters = print_counters,
    .connections_begin = connections_begin,
    .connections = connections,
    .connections_end = connections_end,
};
