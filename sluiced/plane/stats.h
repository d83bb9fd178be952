/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_STATS_H
#define SLUICED_STATS_H
/*
 * DOC: counters as shown, and rates
 *
 * What is shown is what was counted since the last zeroing (abi.h, sl_ledger). Rates are estimated as IPVS does it (ip_vs_est.c): every two
 * seconds the average moves a quarter of the way to the rate of these two seconds; connections and packets are kept in
 * 1/1024, bytes in 1/32. A round over all servers is cut into slices, so that the loop is never held up for long. While run_estimation
 * is 0 the rates stay as they are.
 *
 * The totals are of all servers there ever were. Their counters by CPU are never zeroed, as in IPVS.
 */

#include "sluiced/plane/reconcile.h"

/* One estimated value. */
struct est {
	uint64_t last; /* the counter two seconds ago */
	uint64_t avg; /* a second, scaled */
};

/* Fields in the order of sl_stats: conns, in_pkts, out_pkts, in_bytes, out_bytes. */
#define STATS_FIELDS 5

struct stats_rates {
	uint64_t rate[STATS_FIELDS]; /* a second */
};

void est_start(struct est *est, uint64_t value);
void est_update(struct est *est, unsigned field, uint64_t value); /* two seconds later */
uint64_t est_rate(const struct est *est, unsigned field);

struct stats;

int stats_new(struct plane *plane, const struct reconcile *rec, struct stats **ret_stats);
void stats_free(struct stats *stats);

/* Do the next of `STATS_SLICES` parts of a round; call it that often in two seconds. */
#define STATS_SLICES 20
void stats_tick(struct stats *stats);

/* Counters since the last zeroing. */
struct sl_stats stats_dest(const struct stats *stats, uint32_t dest);
struct sl_stats stats_svc(const struct stats *stats, uint32_t svc);

struct stats_rates stats_dest_rates(const struct stats *stats, uint32_t dest);
struct stats_rates stats_svc_rates(const struct stats *stats, uint32_t svc);

/* Of everything, and of one CPU's share of it. */
struct sl_stats stats_total(const struct stats *stats);
struct stats_rates stats_total_rates(const struct stats *stats);
struct sl_stats stats_cpu(const struct stats *stats, unsigned cpu);
struct stats_rates stats_cpu_rates(const struct stats *stats, unsigned cpu);
void stats_zero_total(struct stats *stats);

/* Zero what is shown of a service and its servers. */
void stats_zero(struct stats *stats, uint32_t svc);

#endif
