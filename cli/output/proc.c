// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output/proc.h"

#include <arpa/inet.h>
#include <string.h>

#define TICKS 250 /* of the kernel, a second */
#define HEX_SIZE 48

static long long number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static const char *string_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* "TCP"; as long as the daemon's word is. */
static void upper(const char *word, char ret_text[8])
{
	size_t i;

	for (i = 0; word[i] && i < 7; i++)
		ret_text[i] = word[i] >= 'a' && word[i] <= 'z' ? word[i] - 'a' + 'A' : word[i];
	ret_text[i] = '\0';
}

/* An address in hexadecimal: IPv4 as one number, IPv6 in eight full groups. Returns whether it is IPv6. */
static bool hex_addr(const json_t *end, char ret_text[HEX_SIZE])
{
	const char *addr = string_of(end, "addr");
	struct in6_addr in6 = {0};
	struct in_addr in = {0};
	size_t len = 0;

	if (!strchr(addr, ':')) {
		inet_pton(AF_INET, addr, &in);
		snprintf(ret_text, HEX_SIZE, "%08X", ntohl(in.s_addr));
		return false;
	}
	inet_pton(AF_INET6, addr, &in6);
	for (int i = 0; i < 8; i++)
		len += snprintf(ret_text + len, HEX_SIZE - len, "%s%04x", i ? ":" : "", ntohs(in6.s6_addr16[i]));
	return true;
}

static void print_end(FILE *out, const json_t *end)
{
	char addr[HEX_SIZE];
	bool v6 = hex_addr(end, addr);

	fprintf(out, "%s%s%s:%04X", v6 ? "[" : "", addr, v6 ? "]" : "", (unsigned)number_of(end, "port"));
}

/* The mask as the kernel keeps it, printed as a number; an IPv6 prefix length comes out in the first byte. */
static unsigned mask_of(const json_t *service, bool v6)
{
	const json_t *mask = json_object_get(service, "mask");
	int prefix = json_is_integer(mask) ? (int)json_integer_value(mask) : v6 ? 128 : 32;
	struct in_addr in;

	if (v6)
		return (unsigned)prefix << 24;
	if (json_is_string(mask) && inet_pton(AF_INET, json_string_value(mask), &in) == 1)
		return ntohl(in.s_addr);
	return prefix <= 0 ? 0 : ~0U << (prefix < 32 ? 32 - prefix : 0);
}

static void print_persistence(FILE *out, const json_t *service, bool v6)
{
	long long persist = number_of(service, "persist");

	if (persist)
		fprintf(out, "persistent %lld %08X\n", persist * TICKS, mask_of(service, v6));
	else
		fputc('\n', out);
}

static void print_service(FILE *out, const json_t *service)
{
	const char *sched = string_of(service, "sched");
	const char *ops = json_is_true(json_object_get(service, "ops")) ? "ops " : "";
	bool mark = json_object_get(service, "fwmark"), v6;
	char proto[8];

	if (mark) {
		v6 = strcmp(string_of(service, "family"), "ipv6") == 0;
		fprintf(out, "FWM  %08X %s %s", (unsigned)number_of(service, "fwmark"), sched, ops);
	} else {
		v6 = strchr(string_of(service, "addr"), ':');
		upper(string_of(service, "proto"), proto);
		fprintf(out, "%s  ", proto);
		print_end(out, service);
		fprintf(out, v6 ? " %s " : " %s %s ", sched, ops);
	}
	print_persistence(out, service, v6);
}

static void print_server(FILE *out, const json_t *server)
{
	const char *fwd = string_of(server, "fwd");

	fprintf(out, "  -> ");
	print_end(out, server);
	fprintf(out, "      %-7s %-6lld %-10lld %-10lld\n",
	    strcmp(fwd, "masq") == 0	 ? "Masq"
	    : strcmp(fwd, "tunnel") == 0 ? "Tunnel"
					 : "Route",
	    number_of(server, "weight"), number_of(server, "active"), number_of(server, "inactive"));
}

static void services(FILE *out, const json_t *answer)
{
	json_t *service, *server;
	size_t i, k;

	fprintf(out,
	    "IP Virtual Server version 1.2.1 (size=%lld)\nProt LocalAddress:Port Scheduler Flags\n"
	    "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n",
	    number_of(answer, "slots"));
	json_array_foreach (json_object_get(answer, "services"), i, service) {
		print_service(out, service);
		json_array_foreach (json_object_get(service, "servers"), k, server)
			print_server(out, server);
	}
}

/* origin: with the column that says where a connection comes from; else with the persistence engine's. */
static void print_conn(FILE *out, const json_t *conn, bool origin)
{
	static const char *const ends[] = {"client", "virtual", "server"};
	const char *engine = string_of(conn, "pe");
	long long expires = number_of(conn, "expires");
	char proto[8], addr[HEX_SIZE];

	upper(string_of(conn, "proto"), proto);
	fprintf(out, "%-3s", proto);
	for (int i = 0; i < 3; i++) {
		const json_t *end = json_object_get(conn, ends[i]);

		hex_addr(end, addr);
		fprintf(out, " %s %04X", addr, (unsigned)number_of(end, "port"));
	}
	fprintf(out, " %-11s", string_of(conn, "state"));
	if (origin)
		fprintf(out, " %-6s %7lld\n", json_is_true(json_object_get(conn, "synced")) ? "SYNC" : "LOCAL", expires);
	else
		fprintf(out, " %7lld%s%s%s%s\n", expires, *engine ? " " : "", engine, *engine ? " " : "", string_of(conn, "call"));
}

static void connections(FILE *out, const json_t *answer)
{
	json_t *conn;
	size_t i;

	json_array_foreach (json_object_get(answer, "connections"), i, conn)
		print_conn(out, conn, false);
}

static void connections_sync(FILE *out, const json_t *answer)
{
	json_t *conn;
	size_t i;

	json_array_foreach (json_object_get(answer, "connections"), i, conn)
		print_conn(out, conn, true);
}

static void print_numbers(FILE *out, const json_t *numbers)
{
	fprintf(out, "%8llX %8llX %8llX %16llX %16llX\n", number_of(numbers, "conns"), number_of(numbers, "in_pkts"),
	    number_of(numbers, "out_pkts"), number_of(numbers, "in_bytes"), number_of(numbers, "out_bytes"));
}

static void stats(FILE *out, const json_t *answer)
{
	print_numbers(out, json_object_get(answer, "stats"));
	fprintf(out, "\n Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n");
	print_numbers(out, json_object_get(answer, "rates"));
}

static void stats_percpu(FILE *out, const json_t *answer)
{
	json_t *cpu;
	size_t i;

	json_array_foreach (json_object_get(answer, "cpus"), i, cpu) {
		fprintf(out, "%3llX ", number_of(cpu, "cpu"));
		print_numbers(out, json_object_get(cpu, "stats"));
	}
	fprintf(out, "  ~ ");
	print_numbers(out, json_object_get(answer, "stats"));
	fprintf(out, "\n     Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n    ");
	print_numbers(out, json_object_get(answer, "rates"));
}

const struct output_proc output_procs[] = {
    {"ip_vs", "services and servers", "services", false, "", services},
    {"ip_vs_stats", "counters and rates of all services", "totals", false,
	"   Total Incoming Outgoing         Incoming         Outgoing\n   Conns  Packets  Packets            Bytes            Bytes\n",
	stats},
    {"ip_vs_stats_percpu", "the same by processor", "totals", false,
	"       Total Incoming Outgoing         Incoming         Outgoing\nCPU    Conns  Packets  Packets            Bytes            "
	"Bytes\n",
	stats_percpu},
    {"ip_vs_conn", "connections", "connections", true, "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n",
	connections},
    {"ip_vs_conn_sync", "connections and where they come from", "connections", true,
	"Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Origin Expires\n", connections_sync},
    {"ip_vs_app", "protocol helpers", NULL, false, "prot port    usecnt name\n", NULL},
    {0},
};

const struct output_proc *output_proc_find(const char *name)
{
	for (const struct output_proc *proc = output_procs; proc->name; proc++)
		if (strcmp(proc->name, name) == 0)
			return proc;
	return NULL;
}
