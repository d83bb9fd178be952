/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/plane/stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A server or service whose rates are estimated. */
struct meter {
	struct est est[STATS_FIELDS];
	uint32_t gen; /* the use of the id that it is about */
	uint32_t round; /* of the last update */
	bool on;
};

struct stats {
	struct plane *plane;
	const struct reconcile *rec;
	unsigned slice;
	uint32_t round; /* counts the rounds */
	uint32_t high; /* no larger id has ever counted anything */
	bool paused;
	struct meter *dests; /* SL_MAX_DESTS */
	struct meter *svcs; /* SL_MAX_SVCS */
	struct meter *cpus; /* plane->cpus, then the total */
	__u64 (*sums)[STATS_FIELDS]; /* by CPU, of this round so far */
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

static const struct sl_stats *row(const struct stats *stats, unsigned cpu, uint32_t id)
{
	return &stats->plane->stats[(size_t)cpu * SL_MAX_DESTS + id];
}

static void add_row(const struct sl_stats *row, __u64 sum[STATS_FIELDS])
{
	sum[0] += __atomic_load_n(&row->conns, __ATOMIC_RELAXED);
	sum[1] += __atomic_load_n(&row->in_pkts, __ATOMIC_RELAXED);
	sum[2] += __atomic_load_n(&row->out_pkts, __ATOMIC_RELAXED);
	sum[3] += __atomic_load_n(&row->in_bytes, __ATOMIC_RELAXED);
	sum[4] += __atomic_load_n(&row->out_bytes, __ATOMIC_RELAXED);
}

/* Ids that were given back have counted too: in adopted maps they have to be looked for. */
static uint32_t highest_row(const struct stats *stats)
{
	for (uint32_t id = stats->plane->adopted ? SL_MAX_DESTS - 1 : 0; id; id--) {
		for (unsigned cpu = 0; cpu < stats->plane->cpus; cpu++) {
			if (row(stats, cpu, id)->conns || row(stats, cpu, id)->in_pkts)
				return id;
		}
	}
	return 0;
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
	stats->cpus = calloc(plane->cpus + 1, sizeof(*stats->cpus));
	stats->sums = calloc(plane->cpus + 1, sizeof(*stats->sums));
	if (!stats->dests || !stats->svcs || !stats->cpus || !stats->sums) {
		stats_free(stats);
		return -ENOMEM;
	}
	stats->high = highest_row(stats);
	*ret_stats = stats;
	return 0;
}

void stats_free(struct stats *stats)
{
	if (!stats)
		return;
	free(stats->sums);
	free(stats->cpus);
	free(stats->svcs);
	free(stats->dests);
	free(stats);
}

/*
 * A meter that is new, or whose id has another owner now, begins where the counters are; one that was not updated in the round before
 * goes on from there with the rate it had.
 */
static void meter_update(struct stats *stats, struct meter *meter, uint32_t gen, const __u64 now[STATS_FIELDS])
{
	bool same = meter->on && meter->gen == gen, in_time = stats->round - meter->round == 1;

	for (unsigned i = 0; i < STATS_FIELDS; i++)
		same = same && now[i] >= meter->est[i].last;
	for (unsigned i = 0; i < STATS_FIELDS; i++) {
		if (!same)
			est_start(&meter->est[i], now[i]);
		else if (in_time)
			est_update(&meter->est[i], i, now[i]);
		else
			meter->est[i].last = now[i];
	}
	meter->on = true;
	meter->gen = gen;
	meter->round = stats->round;
}

static void dest_update(struct stats *stats, uint32_t id)
{
	const struct sl_dest *entry = &stats->plane->dests[id];
	__u64 now[STATS_FIELDS] = {0}, by_cpu[STATS_FIELDS];

	for (unsigned cpu = 0; cpu < stats->plane->cpus; cpu++) {
		memset(by_cpu, 0, sizeof(by_cpu));
		add_row(row(stats, cpu, id), by_cpu);
		for (unsigned i = 0; i < STATS_FIELDS; i++) {
			now[i] += by_cpu[i];
			stats->sums[cpu][i] += by_cpu[i];
		}
	}
	if (entry->flags & SL_DEST_USED)
		meter_update(stats, &stats->dests[id], entry->gen, now);
	else
		stats->dests[id].on = false;
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
	meter_update(stats, &stats->svcs[id], 0, now);
}

/* The round's end: what needs all of it. */
static void totals_update(struct stats *stats)
{
	unsigned cpus = stats->plane->cpus;

	memset(stats->sums[cpus], 0, sizeof(stats->sums[cpus]));
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		for (unsigned i = 0; i < STATS_FIELDS; i++)
			stats->sums[cpus][i] += stats->sums[cpu][i];
		meter_update(stats, &stats->cpus[cpu], 0, stats->sums[cpu]);
	}
	meter_update(stats, &stats->cpus[cpus], 0, stats->sums[cpus]);
}

/* A pause breaks the round off; the next one finds every meter out of time. */
static bool is_paused(struct stats *stats)
{
	bool paused = !stats->plane->settings->sysctl[SL_SYS_RUN_ESTIMATION];

	if (paused && !stats->paused) {
		stats->slice = 0;
		stats->round += 2;
	}
	stats->paused = paused;
	return paused;
}

static void raise_high(struct stats *stats)
{
	uint32_t high = reconcile_highest_dest(stats->rec);

	if (high > stats->high)
		stats->high = high;
}

void stats_tick(struct stats *stats)
{
	if (is_paused(stats))
		return;
	raise_high(stats);
	if (stats->slice == 0) {
		stats->round++;
		memset(stats->sums, 0, stats->plane->cpus * sizeof(*stats->sums));
	}
	for (uint32_t id = stats->slice; id <= stats->high; id += STATS_SLICES)
		dest_update(stats, id);
	stats->slice = (stats->slice + 1) % STATS_SLICES;
	if (stats->slice)
		return;
	for (uint32_t id = 1; id < SL_MAX_SVCS; id++)
		svc_update(stats, id);
	totals_update(stats);
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

static void sum_cpu(const struct stats *stats, unsigned cpu, __u64 ret_sum[STATS_FIELDS])
{
	uint32_t high = reconcile_highest_dest(stats->rec);

	high = high > stats->high ? high : stats->high;
	memset(ret_sum, 0, STATS_FIELDS * sizeof(*ret_sum));
	for (uint32_t id = 0; id <= high; id++)
		add_row(row(stats, cpu, id), ret_sum);
}

static void sum_total(const struct stats *stats, __u64 ret_sum[STATS_FIELDS])
{
	__u64 by_cpu[STATS_FIELDS];

	memset(ret_sum, 0, STATS_FIELDS * sizeof(*ret_sum));
	for (unsigned cpu = 0; cpu < stats->plane->cpus; cpu++) {
		sum_cpu(stats, cpu, by_cpu);
		for (unsigned i = 0; i < STATS_FIELDS; i++)
			ret_sum[i] += by_cpu[i];
	}
}

/* The total's base is in the place of dest 0, which is none. */
struct sl_stats stats_total(const struct stats *stats)
{
	__u64 now[STATS_FIELDS];

	sum_total(stats, now);
	return less(now, stats->plane->ledger[0].base);
}

struct stats_rates stats_total_rates(const struct stats *stats)
{
	return rates(&stats->cpus[stats->plane->cpus]);
}

struct sl_stats stats_cpu(const struct stats *stats, unsigned cpu)
{
	static const __u64 none[STATS_FIELDS];
	__u64 now[STATS_FIELDS];

	sum_cpu(stats, cpu, now);
	return less(now, none);
}

struct stats_rates stats_cpu_rates(const struct stats *stats, unsigned cpu)
{
	return rates(&stats->cpus[cpu]);
}

void stats_zero_total(struct stats *stats)
{
	sum_total(stats, stats->plane->ledger[0].base);
	meter_zero(&stats->cpus[stats->plane->cpus]);
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
