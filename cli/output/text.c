// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output/cell.h"
#include "cli/output/output.h"

#include <ctype.h>
#include <string.h>

static void add_load(struct table *table, enum table_style style, const char *name, const char *how, const char *weight, long long active,
    long long inactive, const json_t *object)
{
	const json_t *stats = json_object_get(object, "stats"), *rates = json_object_get(object, "rates");
	char cell[8][CELL];

	table_add(table, style, name, how, weight, cell_number(cell[0], active), cell_number(cell[1], inactive),
	    cell_number(cell[2], cell_number_of(stats, "conns")), cell_number(cell[3], cell_number_of(rates, "conns")),
	    cell_number(cell[4], cell_number_of(rates, "in_pkts")), cell_number(cell[5], cell_number_of(rates, "out_pkts")),
	    cell_bytes(cell[6], cell_number_of(rates, "in_bytes")), cell_bytes(cell[7], cell_number_of(rates, "out_bytes")));
}

static void add_server(struct table *table, const json_t *server)
{
	bool local = json_is_true(json_object_get(server, "local")), quiesced = cell_number_of(server, "weight") == 0;
	char name[CELL], how[CELL], weight[CELL];

	cell_place(name, "  ", server);
	snprintf(how, sizeof(how), "%s%s%s", cell_method(server), local ? ", local" : "", quiesced ? ", quiesced" : "");
	add_load(table, quiesced ? TABLE_WARN : TABLE_PLAIN, name, how, cell_number(weight, cell_number_of(server, "weight")),
	    cell_number_of(server, "active"), cell_number_of(server, "inactive"), server);
}

static void add_service(struct table *table, const json_t *service)
{
	json_t *servers = output_sorted(json_object_get(service, "servers"));
	long long active = 0, inactive = 0;
	char name[CELL];
	json_t *server;
	size_t i;

	json_array_foreach (servers, i, server) {
		active += cell_number_of(server, "active");
		inactive += cell_number_of(server, "inactive");
	}
	add_load(table, TABLE_STRONG, cell_service(name, service), cell_string_of(service, "sched"), "", active, inactive, service);
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
		fprintf(out, "\nNo services. Add one with sluice service add, or with ipvsadm -A.\n");
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
		table_add(table, TABLE_PLAIN, cell_string_of(interface, "name"), cell_string_of(interface, "full"),
		    cell_string_of(interface, "express"));
	table_print(out, table);
}

/* Rows of an array of {name, text, count}; returns how many were added. */
static size_t add_counters(struct table *table, const json_t *counters, const char *count, bool all, enum table_style style)
{
	char cell[CELL];
	json_t *counter;
	size_t i, added = 0;

	json_array_foreach ((json_t *)counters, i, counter) {
		long long n = cell_number_of(counter, count);

		if (!n && !all)
			continue;
		table_add(
		    table, n ? style : TABLE_PLAIN, cell_number(cell, n), cell_string_of(counter, "name"), cell_string_of(counter, "text"));
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
	fprintf(out, "sluiced %s, pid %lld, generation %lld, a connection table of %lld slots\n", cell_string_of(status, "version"),
	    cell_number_of(status, "pid"), cell_number_of(status, "generation"), cell_number_of(status, "slots"));
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

/* nat; of a template that, and what its persistence engine goes by: a client's text, so it is kept from being more than text. */
static void connection_how(char *how, size_t size, const json_t *conn)
{
	const char *call = json_string_value(json_object_get(conn, "call"));

	snprintf(how, size, "%s%s%s%s", cell_method(conn), json_is_true(json_object_get(conn, "template")) ? ", template" : "",
	    call ? ", call " : "", call ? call : "");
	for (; *how; how++)
		if (!isprint((unsigned char)*how))
			*how = '?';
}

static void connections(FILE *out, const json_t *page)
{
	char client[CELL], virtual[CELL], server[CELL], expires[CELL], how[384];
	json_t *conn;
	size_t i;

	json_array_foreach ((json_t *)page, i, conn) {
		long long left = cell_number_of(conn, "expires");

		snprintf(expires, sizeof(expires), "%lld:%02lld", left / 60, left % 60);
		connection_how(how, sizeof(how), conn);
		if (json_object_get(conn, "fwmark") && json_is_true(json_object_get(conn, "template")))
			snprintf(virtual, sizeof(virtual), "mark %lld", cell_number_of(conn, "fwmark"));
		else
			cell_place(virtual, "", json_object_get(conn, "virtual"));
		fprintf(out, CONN_FORMAT, cell_string_of(conn, "proto"), cell_string_of(conn, "state"), expires,
		    cell_place(client, "", json_object_get(conn, "client")), virtual,
		    cell_place(server, "", json_object_get(conn, "server")), how);
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
