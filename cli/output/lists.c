// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output/lists.h"

#include <string.h>

#include "cli/output/cell.h"
#include "cli/output/output.h"

/* Appends ", text" or "text" as far as there is room. */
static void append(char *to, size_t size, const char *text)
{
	if (*to)
		strncat(to, ", ", size - strlen(to) - 1);
	strncat(to, text, size - strlen(to) - 1);
}

/* --- services --- */

static void append_flags(char *to, size_t size, const json_t *flags)
{
	json_t *flag;
	size_t i;

	json_array_foreach ((json_t *)flags, i, flag)
		append(to, size, json_string_value(flag) ? json_string_value(flag) : "?");
}

static void append_persistence(char *to, size_t size, const json_t *service)
{
	const json_t *mask = json_object_get(service, "mask");
	char text[CELL], time[CELL], bits[24] = "";

	if (!json_object_get(service, "persist"))
		return;
	if (json_is_integer(mask))
		snprintf(bits, sizeof(bits), "%d", (int)json_integer_value(mask));
	snprintf(text, sizeof(text), "persist %s%s%s", cell_time(time, cell_number_of(service, "persist")), mask ? " mask " : "",
	    json_is_string(mask) ? json_string_value(mask) : bits);
	append(to, size, text);
	if (json_object_get(service, "pe"))
		append(to, size, cell_string_of(service, "pe"));
}

static void append_timeouts(char *to, size_t size, const json_t *timeouts)
{
	char text[CELL], time[CELL];
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)timeouts, name, value) {
		snprintf(text, sizeof(text), "%s %s", name, cell_time(time, json_integer_value(value)));
		append(to, size, text);
	}
}

static void service_options(char *to, size_t size, const json_t *service)
{
	const json_t *allow = json_object_get(service, "allow");
	char text[CELL];

	*to = '\0';
	append_flags(to, size, json_object_get(service, "flags"));
	append_persistence(to, size, service);
	if (json_is_true(json_object_get(service, "ops")))
		append(to, size, "ops");
	append_timeouts(to, size, json_object_get(service, "timeouts"));
	if (json_is_array(allow)) {
		snprintf(text, sizeof(text), "allow %zu", json_array_size(allow));
		append(to, size, text);
	}
}

static void add_service(struct table *table, const json_t *service)
{
	json_t *servers = json_object_get(service, "servers"), *server;
	long long active = 0, inactive = 0;
	char name[CELL], options[256], cell[5][CELL];
	size_t i;

	json_array_foreach (servers, i, server) {
		active += cell_number_of(server, "active");
		inactive += cell_number_of(server, "inactive");
	}
	service_options(options, sizeof(options), service);
	table_add(table, TABLE_PLAIN, cell_service(name, service), cell_string_of(service, "sched"),
	    cell_number(cell[0], json_array_size(servers)), cell_number(cell[1], active), cell_number(cell[2], inactive),
	    cell_number(cell[3], cell_number_of(json_object_get(service, "stats"), "conns")),
	    cell_number(cell[4], cell_number_of(json_object_get(service, "rates"), "conns")), options);
}

void lists_services(FILE *out, const json_t *answer)
{
	struct table *table = table_new("llrrrrrl");
	json_t *sorted = output_sorted(json_object_get(answer, "services")), *service;
	size_t i;

	table_add(table, TABLE_HEAD, "SERVICE", "SCHEDULER", "SERVERS", "ACTIVE", "INACTIVE", "CONNS", "CONNS/S", "OPTIONS");
	json_array_foreach (sorted, i, service)
		add_service(table, service);
	json_decref(sorted);
	table_print(out, table);
}

/* --- servers --- */

static void append_limit(char *to, size_t size, const json_t *server, const char *name)
{
	char text[CELL];

	if (!cell_number_of(server, name))
		return;
	snprintf(text, sizeof(text), "%s %lld", name, cell_number_of(server, name));
	append(to, size, text);
}

static void append_tunnel(char *to, size_t size, const json_t *tunnel)
{
	const char *type = cell_string_of(tunnel, "type"), *csum = json_string_value(json_object_get(tunnel, "csum"));
	char text[CELL], port[16] = "";

	if (!tunnel || (strcmp(type, "ipip") == 0))
		return;
	if (json_object_get(tunnel, "port"))
		snprintf(port, sizeof(port), " %lld", cell_number_of(tunnel, "port"));
	snprintf(text, sizeof(text), "%s%s%s%s", type, port, csum && strcmp(csum, "none") != 0 ? " " : "",
	    csum && strcmp(csum, "none") != 0 ? csum : "");
	append(to, size, text);
}

static void add_server(struct table *table, const json_t *server)
{
	bool drained = cell_number_of(server, "weight") == 0, over = json_is_true(json_object_get(server, "overloaded"));
	char service[CELL], name[CELL], state[CELL] = "", cell[6][CELL];

	if (json_is_true(json_object_get(server, "local")))
		append(state, sizeof(state), "local");
	append_tunnel(state, sizeof(state), json_object_get(server, "tunnel"));
	append_limit(state, sizeof(state), server, "upper");
	append_limit(state, sizeof(state), server, "lower");
	if (drained)
		append(state, sizeof(state), "quiesced");
	if (over)
		append(state, sizeof(state), "overloaded");
	table_add(table, drained || over ? TABLE_WARN : TABLE_PLAIN, cell_service(service, json_object_get(server, "service")),
	    cell_place(name, "", server), cell_method(server), cell_number(cell[0], cell_number_of(server, "weight")),
	    cell_number(cell[1], cell_number_of(server, "active")), cell_number(cell[2], cell_number_of(server, "inactive")),
	    cell_number(cell[3], cell_number_of(server, "persistent")),
	    cell_number(cell[4], cell_number_of(json_object_get(server, "stats"), "conns")),
	    cell_number(cell[5], cell_number_of(json_object_get(server, "rates"), "conns")), state);
}

void lists_servers(FILE *out, const json_t *answer)
{
	struct table *table = table_new("lllrrrrrrl");
	json_t *server;
	size_t i;

	table_add(
	    table, TABLE_HEAD, "SERVICE", "SERVER", "METHOD", "WEIGHT", "ACTIVE", "INACTIVE", "PERSISTENT", "CONNS", "CONNS/S", "STATE");
	json_array_foreach (json_object_get(answer, "servers"), i, server)
		add_server(table, server);
	table_print(out, table);
}

void lists_allow(FILE *out, const json_t *answer)
{
	const json_t *allow = json_object_get(answer, "allow");
	json_t *prefix;
	size_t i;

	if (!json_is_array(allow))
		fputs("# everybody is let in: there is no list\n", out);
	else if (json_array_size(allow) == 0)
		fputs("# nobody is let in: the list is empty\n", out);
	json_array_foreach ((json_t *)allow, i, prefix)
		fprintf(out, "%s\n", json_string_value(prefix) ? json_string_value(prefix) : "?");
}

/* --- what the whole director has --- */

void lists_timeouts(FILE *out, const json_t *answer)
{
	static const char *const rows[][2] = {{"tcp", "an established TCP connection without a packet"},
	    {"tcpfin", "a TCP connection after a FIN"}, {"udp", "a UDP flow without a packet"}};
	struct table *table = table_new("lrl");
	char cell[CELL];

	table_add(table, TABLE_HEAD, "TIMEOUT", "SECONDS", "OF");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		table_add(table, TABLE_PLAIN, rows[i][0], cell_number(cell, cell_number_of(answer, rows[i][0])), rows[i][1]);
	table_print(out, table);
}

void lists_settings(FILE *out, const json_t *answer)
{
	struct table *table = table_new("lrlrll");
	char cell[2][CELL], range[CELL];
	json_t *row;
	size_t i;

	table_add(table, TABLE_HEAD, "NAME", "VALUE", "UNIT", "DEFAULT", "RANGE", "WHAT IT DOES");
	json_array_foreach (json_object_get(answer, "settings"), i, row) {
		long long value = cell_number_of(row, "value"), usual = cell_number_of(row, "default");
		bool idle = json_is_false(json_object_get(row, "effect"));

		snprintf(range, sizeof(range), "%lld-%lld", cell_number_of(row, "least"), cell_number_of(row, "most"));
		table_add(table, value != usual ? TABLE_STRONG : TABLE_PLAIN, cell_string_of(row, "name"), cell_number(cell[0], value),
		    cell_string_of(row, "unit"), cell_number(cell[1], usual), range,
		    idle ? "(kept; has no effect here)" : cell_string_of(row, "text"));
	}
	table_print(out, table);
}

void lists_marks(FILE *out, const json_t *answer)
{
	static const char *const members[] = {"dst", "src", "proto", "ports"};
	struct table *table = table_new("rrllll");
	json_t *rule;
	size_t i;

	table_add(table, TABLE_HEAD, "ID", "MARK", "DESTINATION", "SOURCE", "PROTOCOL", "PORTS");
	json_array_foreach (json_object_get(answer, "rules"), i, rule) {
		const char *text[4];
		char cell[2][CELL];

		for (int k = 0; k < 4; k++)
			text[k] = json_object_get(rule, members[k]) ? cell_string_of(rule, members[k]) : "any";
		table_add(table, TABLE_PLAIN, cell_number(cell[0], cell_number_of(rule, "id")),
		    cell_number(cell[1], cell_number_of(rule, "mark")), text[0], text[1], text[2], text[3]);
	}
	table_print(out, table);
}

void lists_sync(FILE *out, const json_t *answer)
{
	struct table *table = table_new("llrrlrr");
	json_t *daemon;
	size_t i;

	table_add(table, TABLE_HEAD, "ROLE", "INTERFACE", "ID", "MAXLEN", "GROUP", "PORT", "TTL");
	json_array_foreach (json_object_get(answer, "daemons"), i, daemon) {
		char cell[4][CELL];

		table_add(table, TABLE_PLAIN, cell_string_of(daemon, "role"), cell_string_of(daemon, "interface"),
		    cell_number(cell[0], cell_number_of(daemon, "id")), cell_number(cell[1], cell_number_of(daemon, "maxlen")),
		    cell_string_of(daemon, "group"), cell_number(cell[2], cell_number_of(daemon, "port")),
		    cell_number(cell[3], cell_number_of(daemon, "ttl")));
	}
	table_print(out, table);
}

static void add_totals(struct table *table, enum table_style style, const char *name, const json_t *totals)
{
	const json_t *stats = json_object_get(totals, "stats"), *rates = json_object_get(totals, "rates");
	char cell[10][CELL];

	table_add(table, style, name, cell_number(cell[0], cell_number_of(stats, "conns")),
	    cell_number(cell[1], cell_number_of(stats, "in_pkts")), cell_number(cell[2], cell_number_of(stats, "out_pkts")),
	    cell_bytes(cell[3], cell_number_of(stats, "in_bytes")), cell_bytes(cell[4], cell_number_of(stats, "out_bytes")),
	    cell_number(cell[5], cell_number_of(rates, "conns")), cell_number(cell[6], cell_number_of(rates, "in_pkts")),
	    cell_number(cell[7], cell_number_of(rates, "out_pkts")), cell_bytes(cell[8], cell_number_of(rates, "in_bytes")),
	    cell_bytes(cell[9], cell_number_of(rates, "out_bytes")));
}

void lists_totals(FILE *out, const json_t *answer)
{
	struct table *table = table_new("lrrrrrrrrrr");
	char name[CELL];
	json_t *cpu;
	size_t i;

	table_add(
	    table, TABLE_HEAD, "CPU", "CONNS", "IN PKTS", "OUT PKTS", "IN", "OUT", "CONNS/S", "IN PKTS/S", "OUT PKTS/S", "IN/S", "OUT/S");
	json_array_foreach (json_object_get(answer, "cpus"), i, cpu)
		add_totals(table, TABLE_PLAIN, cell_number(name, cell_number_of(cpu, "cpu")), cpu);
	add_totals(table, TABLE_STRONG, "all", answer);
	table_print(out, table);
}

void lists_interfaces(FILE *out, const json_t *answer)
{
	struct table *table = table_new("lrll");
	char cell[CELL];
	json_t *row;
	size_t i;

	table_add(table, TABLE_HEAD, "INTERFACE", "INDEX", "FULL LANE", "EXPRESS LANE");
	json_array_foreach (json_object_get(answer, "interfaces"), i, row)
		table_add(table, TABLE_PLAIN, cell_string_of(row, "name"), cell_number(cell, cell_number_of(row, "ifindex")),
		    cell_string_of(row, "full"), cell_string_of(row, "express"));
	table_print(out, table);
}
