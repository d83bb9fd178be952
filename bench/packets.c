/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: packets a second over veth
 *
 * Live frames as from a NIC's driver go through a director into a sink, all on one CPU: what is shown is the whole way,
 * generator and sink included, which all directors share. A figure counts only if every frame arrived.
 */
#include "bench/bench.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/field.h"
#include "bench/flow.h"
#include "bench/report.h"

static const struct column {
	uint32_t flows;
	const char *name;
} columns[] = {{1, "1"}, {4096, "4,096"}, {65536, "65,536"}};

static const struct row {
	enum field_kind kind;
	const char *name;
} rows[] = {
    {FIELD_XDP_REDIRECT, "XDP redirect, nothing else (floor)"},
    {FIELD_EXPRESS, "express lane (native), NAT"},
    {FIELD_TC_REDIRECT, "tc redirect, nothing else (floor)"},
    {FIELD_FULL, "full lane, NAT"},
    {FIELD_FORWARD, "kernel IP forwarding (peer)"},
    {FIELD_NFT, "nftables DNAT, conntrack (peer)"},
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), ROWS = sizeof(rows) / sizeof(rows[0]) };

struct packets {
	struct bench *bench;
	struct field fields[ROWS];
	bool up[ROWS];
	double arrived[ROWS]; /* the worst of the rounds */
};

static void measure_cell(struct packets *p, unsigned row, unsigned column)
{
	const struct column *c = &columns[column];
	struct field_run run;

	/* Connections time out between rounds: enter all flows first. */
	if (field_send(&p->fields[row], c->flows, true, c->flows, &run))
		return;
	if (field_send(&p->fields[row], c->flows, false, p->bench->quick ? 200000 : 1000000, &run))
		return;
	if (run.arrived < p->arrived[row])
		p->arrived[row] = run.arrived;
	if (run.arrived > 0.999)
		report_sample(p->bench->report, rows[row].name, c->name, 1e3 / run.ns);
}

static double ratio(const struct report *r, const char *row, const char *to, const char *column)
{
	return report_median(r, row, column) / report_median(r, to, column);
}

/* The ratio where it is worst. */
static double worst(const struct report *r, const char *row, const char *to)
{
	double least = INFINITY;

	for (unsigned c = 0; c < COLUMNS; c++) {
		double x = ratio(r, row, to, columns[c].name);

		if (isnan(x))
			return NAN;
		least = x < least ? x : least;
	}
	return least;
}

static void judge(struct packets *p)
{
	struct report *r = p->bench->report;
	const char *express = rows[1].name, *full = rows[3].name, *forward = rows[4].name, *nft = rows[5].name;

	for (unsigned i = 0; i < ROWS; i++)
		if (p->up[i] && p->arrived[i] <= 0.999)
			report_note(r, "%s: in some rounds only %.1f%% of the frames arrived; these are left out", rows[i].name,
			    100 * p->arrived[i]);
	report_note(r, "ratios at 1 / 4,096 / 65,536 flows: full lane to nftables %.2f / %.2f / %.2f, to forwarding %.2f / %.2f / %.2f,",
	    ratio(r, full, nft, "1"), ratio(r, full, nft, "4,096"), ratio(r, full, nft, "65,536"), ratio(r, full, forward, "1"),
	    ratio(r, full, forward, "4,096"), ratio(r, full, forward, "65,536"));
	report_note(r, "express lane to nftables %.2f / %.2f / %.2f; targets are judged where the ratio is worst",
	    ratio(r, express, nft, "1"), ratio(r, express, nft, "4,096"), ratio(r, express, nft, "65,536"));
	report_target(r, "full lane, of nftables DNAT", worst(r, full, nft), REPORT_AT_LEAST, 1.4, " x");
	report_target(r, "full lane, of kernel IP forwarding", worst(r, full, forward), REPORT_AT_LEAST, 1, " x");
	report_target(r, "express lane, of nftables DNAT", worst(r, express, nft), REPORT_AT_LEAST, 4, " x");
}

int bench_packets(struct bench *bench)
{
	struct packets p = {.bench = bench};

	report_section(bench->report, "packets", "Packets over veth: live frames through a director, generator and sink on the same CPU",
	    "million packets/s");
	for (unsigned i = 0; i < ROWS; i++) {
		p.arrived[i] = 1;
		p.up[i] = !field_open(&p.fields[i], rows[i].kind, bench->build, "udp", FLOW_VPORT, true);
		if (!p.up[i])
			report_note(bench->report, "%s: not measured: the topology could not be set up", rows[i].name);
	}
	for (unsigned round = 0; round < bench->rounds; round++)
		for (unsigned c = 0; c < COLUMNS; c++)
			for (unsigned i = 0; i < ROWS; i++)
				if (p.up[i])
					measure_cell(&p, i, c);
	judge(&p);
	for (unsigned i = 0; i < ROWS; i++)
		field_close(&p.fields[i]);
	return 0;
}
