/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: bulk TCP over veth
 *
 * One iperf3 stream from the client to a server, through NAT in the full lane, and through the kernel's forwarding in a second
 * topology, in turn. Offloads are as they are by default: GSO packets of 64 KiB.
 */
#include "bench/bench.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/field.h"
#include "bench/net.h"
#include "bench/report.h"

enum { PORT = 5201 };

static const struct row {
	enum field_kind kind;
	const char *name;
} rows[] = {
    {FIELD_FULL, "full lane, NAT"},
    {FIELD_FORWARD, "kernel IP forwarding (peer)"},
    {FIELD_NFT, "nftables DNAT, conntrack (peer)"},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

struct bulk {
	struct field field;
	bool up;
	pid_t iperf;
};

/* Gbit/s that the receiver saw, or NAN. */
static double parse(const char *path)
{
	json_t *root = json_load_file(path, 0, NULL), *end = json_object_get(root, "end");
	json_t *rate = json_object_get(json_object_get(end, "sum_received"), "bits_per_second");
	double gbit = json_is_number(rate) ? json_number_value(rate) / 1e9 : NAN;

	json_decref(root);
	return gbit;
}

static double transfer(const struct bulk *b, const struct bench *bench)
{
	const char *target = b->field.kind == FIELD_FORWARD ? "10.2.0.11" : "10.9.0.1";
	char path[4096];
	double gbit;

	snprintf(path, sizeof(path), "%s/bench-iperf.json", bench->build);
	if (net_run(b->field.net.client, "iperf3 -c %s -p %d -t %d -O 1 -J >%s", target, PORT, bench->quick ? 2 : 3, path))
		return NAN;
	gbit = parse(path);
	unlink(path);
	return gbit;
}

/* All real servers are one process: it listens on every address. */
static int start(struct bulk *b, enum field_kind kind, const char *build)
{
	int err = field_open(&b->field, kind, build, "tcp", PORT, false);

	if (err)
		return err;
	b->iperf = net_spawn(b->field.net.servers, NULL, "exec iperf3 -s -p %d", PORT);
	if (b->iperf < 0)
		return b->iperf;
	return net_run(b->field.net.client,
	    "for i in $(seq 100); do iperf3 -c 10.2.0.11 -p %d -n 1K >/dev/null 2>&1 && exit 0; sleep 0.1; done; exit 1", PORT);
}

static void judge(struct report *r)
{
	double full = report_median(r, rows[0].name, "Gbit/s"), forward = report_median(r, rows[1].name, "Gbit/s");

	report_target(r, "full lane NAT, of kernel IP forwarding", full / forward, REPORT_AT_LEAST, 0.95, " x");
}

int bench_bulk(struct bench *bench)
{
	struct bulk bulk[ROWS] = {0};

	report_section(bench->report, "bulk", "Bulk TCP over veth: one iperf3 stream, offloads as they are by default", "");
	for (unsigned i = 0; i < ROWS; i++) {
		bulk[i].up = !start(&bulk[i], rows[i].kind, bench->build);
		if (!bulk[i].up)
			report_note(bench->report, "%s: not measured: the topology could not be set up", rows[i].name);
	}
	for (unsigned round = 0; round < bench->rounds; round++)
		for (unsigned i = 0; i < ROWS; i++) {
			double gbit = bulk[i].up ? transfer(&bulk[i], bench) : NAN;

			if (!isnan(gbit))
				report_sample(bench->report, rows[i].name, "Gbit/s", gbit);
		}
	judge(bench->report);
	for (unsigned i = 0; i < ROWS; i++) {
		net_stop(bulk[i].iperf);
		field_close(&bulk[i].field);
	}
	return 0;
}
