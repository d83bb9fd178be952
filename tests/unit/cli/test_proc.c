// SPDX-License-Identifier: GPL-2.0-or-later
/* The texts of /proc/net/ip_vs*: answers of the daemon in tests/golden/proc against what the kernel showed for the same. */
#include "tests/unit/cli/test.h"

#include <stdlib.h>
#include <string.h>

#include "cli/output/proc.h"

static const char *folder;

static char *read_text(const char *name)
{
	char path[512], *text = NULL;
	size_t size = 0;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s.txt", folder, name);
	in = fopen(path, "r");
	if (!in || getdelim(&text, &size, '\0', in) < 0)
		fail_msg("can't read %s", path);
	fclose(in);
	return text;
}

static json_t *read_json(const char *name)
{
	char path[512];
	json_t *json;

	snprintf(path, sizeof(path), "%s/%s.json", folder, name);
	json = json_load_file(path, 0, NULL);
	if (!json)
		fail_msg("can't read %s", path);
	return json;
}

/* The text of `proc` over `answer`; malloc'ed. */
static char *text_of(const struct output_proc *proc, const json_t *answer)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputs(proc->title, out);
	if (proc->answer)
		proc->answer(out, answer);
	fclose(out);
	return text;
}

static void test_kernel(void **state)
{
	static const char *const names[] = {"ip_vs", "ip_vs_stats", "ip_vs_stats_percpu", "ip_vs_conn", "ip_vs_conn_sync"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct output_proc *proc = output_proc_find(names[i]);
		char *expected = read_text(names[i]), *text;
		json_t *answer = read_json(proc->method);

		text = text_of(proc, answer);
		assert_string_equal(text, expected);
		json_decref(answer);
		free(expected);
		free(text);
	}
}

/* What the kernel's files there happen not to have. */
static void test_rows(void **state)
{
	static const struct {
		const char *name, *answer, *text;
	} rows[] = {
	    {"ip_vs",
		"{'slots': 8, 'services': [{'fwmark': 7, 'family': 'ipv6', 'sched': 'sh', 'ops': true, 'persist': 30, 'mask': 64, "
		"'servers': "
		"[{'addr': '::1', 'port': 0, 'fwd': 'route', 'weight': 2147483647}]}]}",
		"IP Virtual Server version 1.2.1 (size=8)\nProt LocalAddress:Port Scheduler Flags\n"
		"  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n"
		"FWM  00000007 sh ops persistent 7500 40000000\n"
		"  -> [0000:0000:0000:0000:0000:0000:0000:0001]:0000      Route   2147483647 0          0         \n"},
	    {"ip_vs",
		"{'slots': 8, 'services': [{'proto': 'tcp', 'addr': '192.0.2.1', 'port': 0, 'sched': 'rr', 'persist': 360, 'mask': 24}, "
		"{'proto': 'udp', 'addr': '2001:db8::1', 'port': 53, 'sched': 'rr', 'ops': true, 'persist': 1}]}",
		"IP Virtual Server version 1.2.1 (size=8)\nProt LocalAddress:Port Scheduler Flags\n"
		"  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n"
		"TCP  C0000201:0000 rr  persistent 90000 FFFFFF00\n"
		"UDP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0035 rr persistent 250 80000000\n"},
	    {"ip_vs_conn",
		"{'connections': [{'proto': 'ip', 'state': 'NONE', 'expires': 26, 'client': {'addr': '10.0.1.2', 'port': 0}, 'virtual': "
		"{'addr': '0.0.0.7', 'port': 0}, 'server': {'addr': '10.0.2.12', 'port': 0}}, {'proto': 'udp', 'state': 'UDP', 'expires': "
		"9, "
		"'client': {'addr': '0.0.0.0', 'port': 0}, 'virtual': {'addr': '10.0.9.1', 'port': 5060}, 'server': {'addr': '10.0.2.12', "
		"'port': 5060}, 'pe': 'sip', 'call': 'a@b'}]}",
		"Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n"
		"IP  0A000102 0000 00000007 0000 0A00020C 0000 NONE             26\n"
		"UDP 00000000 0000 0A000901 13C4 0A00020C 13C4 UDP               9 sip a@b\n"},
	    {"ip_vs_conn_sync",
		"{'connections': [{'proto': 'tcp', 'state': 'ESTABLISHED', 'expires': 893, 'client': {'addr': '10.0.1.2', 'port': 1}, "
		"'virtual': {'addr': '10.0.9.1', 'port': 80}, 'server': {'addr': '10.0.2.12', 'port': 80}, 'synced': true}]}",
		"Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Origin Expires\n"
		"TCP 0A000102 0001 0A000901 0050 0A00020C 0050 ESTABLISHED SYNC       893\n"},
	    {"ip_vs_stats",
		"{'stats': {'conns': 4294967296, 'in_pkts': 1, 'out_pkts': 2, 'in_bytes': 1152921504606846976, 'out_bytes': 15}}",
		"   Total Incoming Outgoing         Incoming         Outgoing\n   Conns  Packets  Packets            Bytes            "
		"Bytes\n"
		"100000000        1        2 1000000000000000                F\n\n"
		" Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n"
		"       0        0        0                0                0\n"},
	    {"ip_vs_app", "{}", "prot port    usecnt name\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *answer = strdup(rows[i].answer), *text;
		json_t *json;

		for (char *c = answer; *c; c++)
			*c = *c == '\'' ? '"' : *c;
		json = json_loads(answer, 0, NULL);
		assert_non_null(json);
		text = text_of(output_proc_find(rows[i].name), json);
		assert_string_equal(text, rows[i].text);
		json_decref(json);
		free(answer);
		free(text);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kernel),
	    cmocka_unit_test(test_rows),
	};

	folder = argc > 1 ? argv[1] : "tests/golden/proc";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
