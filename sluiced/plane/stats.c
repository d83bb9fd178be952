/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/plane/stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A server or service whose rates are estimated. */
struct meter {
	struct est est[STATS_FIELDS];
	uint32_t gen; /* the use of the id that it is about */
	bool on;
};

struct stats {
	struct plane *plane;
	const struct reconcile *rec;
	unsigned slice;
	struct meter *dests; /* SL_MAX_DESTS */
	struct meter *svcs; /* SL_MAX_SVCS */
};

/* Connections and packets are scaled by 2^10, bytes by 2^5; the rate of two seconds is half of their difference. */
static unsigned scale(unsigned field)
{
	return field < 3 ? 10 : 5;
}

void est_start(struct est *est, uint64_t value)
{
	*est = (struct est){.last = value};
}

void est_update(struct est *est, unsigned field, uint64_t value)
{
	uint64_t rate = (value - est->last) << (scale(field) - 1);

	est->last = value;
	est->avg += ((int64_t)rate - (int64_t)est->avg) >> 2;
}

uint64_t est_rate(const struct est *est, unsigned field)
{
	return (est->avg + (1ULL << (scale(field) - 1)) - 1) >> scale(field);
}

int stats_new(struct plane *plane, const struct reconcile *rec, struct stats **ret_stats)
{
	struct stats *stats = calloc(1, sizeof(*stats));

	if (!stats)
		return -ENOMEM;
	stats->plane = plane;
	stats->rec = rec;
	stats->dests = calloc(SL_MAX_DESTS, sizeof(*stats->dests));
	stats->svcs = calloc(SL_MAX_SVCS, sizeof(*stats->svcs));
	if (!stats->dests || !stats->svcs) {
		stats_free(stats);
		return -ENOMEM;
	}
	*ret_stats = stats;
	return 0;
}

void stats_free(struct stats *stats)
{
	if (!stats)
		return;
	free(stats->svcs);
	free(stats->dests);
	free(stats);
}

/* A meter that is new, or whose id has another owner now, begins where the counters are. */
static void meter_update(struct meter *meter, uint32_t gen, const __u64 now[STATS_FIELDS])
{
	bool go_on = meter->on && meter->gen == gen;

	for (unsigned i = 0; i < STATS_FIELDS; i++)
		go_on = go_on && now[i] >= meter->est[i].last;
	for (unsigned i = 0; i < STATS_FIELDS; i++) {
		if (go_on)
			est_update(&meter->est[i], i, now[i]);
		else
			est_start(&meter->est[i], now[i]);
	}
	meter->on = true;
	meter->gen = gen;
}

static void dest_update(struct stats *stats, uint32_t id)
{
	const struct sl_dest *entry = &stats->plane->dests[id];
	struct sl_stats sum;
	__u64 now[STATS_FIELDS];

	if (!(entry->flags & SL_DEST_USED)) {
		stats->dests[id].on = false;
		return;
	}
	sum = plane_stats(stats->plane, id);
	memcpy(now, &sum, sizeof(now));
	meter_update(&stats->dests[id], entry->gen, now);
}

/* From what its servers' meters read last, so that no counter is read twice in a round. */
static void svc_update(struct stats *stats, uint32_t id)
{
	const struct sl_ledger *ledger = stats->plane->ledger;
	uint32_t dest = reconcile_next_dest(stats->rec, id, 0);
	__u64 now[STATS_FIELDS];

	if (!reconcile_svc_used(stats->rec, id)) {
		stats->svcs[id].on = false;
		return;
	}
	memcpy(now, ledger[SL_MAX_DESTS + id].retired, sizeof(now));
	for (; dest; dest = reconcile_next_dest(stats->rec, id, dest)) {
		const struct meter *meter = &stats->dests[dest];

		for (unsigned i = 0; i < STATS_FIELDS && meter->on && meter->gen == stats->plane->dests[dest].gen; i++)
			now[i] += meter->est[i].last - ledger[dest].retired[i];
	}
	meter_update(&stats->svcs[id], 0, now);
}

void stats_tick(struct stats *stats)
{
	for (uint32_t id = stats->slice; id < SL_MAX_DESTS; id += STATS_SLICES)
		dest_update(stats, id);
	stats->slice = (stats->slice + 1) % STATS_SLICES;
	if (stats->slice)
		return;
	for (uint32_t id = 1; id < SL_MAX_SVCS; id++)
		svc_update(stats, id);
}

static struct sl_stats less(const __u64 now[STATS_FIELDS], const __u64 base[STATS_FIELDS])
{
	return (struct sl_stats){
	    .conns = now[0] - base[0],
	    .in_pkts = now[1] - base[1],
	    .out_pkts = now[2] - base[2],
	    .in_bytes = now[3] - base[3],
	    .out_bytes = now[4] - base[4],
	};
}

struct sl_stats stats_dest(const struct stats *stats, uint32_t dest)
{
	struct sl_stats sum = plane_stats(stats->plane, dest);
	__u64 now[STATS_FIELDS];

	memcpy(now, &sum, sizeof(now));
	return less(now, stats->plane->ledger[dest].base);
}

struct sl_stats stats_svc(const struct stats *stats, uint32_t svc)
{
	__u64 now[STATS_FIELDS];

	reconcile_svc_raw(stats->rec, svc, now);
	return less(now, stats->plane->ledger[SL_MAX_DESTS + svc].base);
}

static struct stats_rates rates(const struct meter *meter)
{
	struct stats_rates rates = {0};

	for (unsigned i = 0; i < STATS_FIELDS && meter->on; i++)
		rates.rate[i] = est_rate(&meter->est[i], i);
	return rates;
}

struct stats_rates stats_dest_rates(const struct stats *stats, uint32_t dest)
{
	static const struct stats_rates none;

	return stats->dests[dest].gen == stats->plane->dests[dest].gen ? rates(&stats->dests[dest]) : none;
}

struct stats_rates stats_svc_rates(const struct stats *stats, uint32_t svc)
{
	return rates(&stats->svcs[svc]);
}

static void meter_zero(struct meter *meter)
{
	for (unsigned i = 0; i < STATS_FIELDS; i++)
		meter->est[i].avg = 0;
}

void stats_zero(struct stats *stats, uint32_t svc)
{
	struct sl_ledger *ledger = stats->plane->ledger;

	for (uint32_t dest = 0; (dest = reconcile_next_dest(stats->rec, svc, dest));) {
		struct sl_stats sum = plane_stats(stats->plane, dest);

		memcpy(ledger[dest].base, &sum, sizeof(ledger[dest].base));
		meter_zero(&stats->dests[dest]);
	}
	reconcile_svc_raw(stats->rec, svc, ledger[SL_MAX_DESTS + svc].base);
	meter_zero(&stats->svcs[svc]);
}
