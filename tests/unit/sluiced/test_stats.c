/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters and rates: the estimator against IPVS's formula worked out in rationals, and sums over the lives of servers. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/sluiced/fixture.h"

/* conns after each two seconds, and the rate ip_vs_est.c then shows: avg += (rate - avg) / 4, in 1/1024 */
static const struct {
	uint64_t conns, rate;
} conn_rows[] = {
    {0, 0}, {8, 1}, /* 4 a second; avg 1.0 */
    {16, 2}, /* avg 1.75 */
    {24, 2}, /* 2.3125 */
    {32, 3}, /* 2.734 */
    {32, 2}, /* 2.05 */
    {32, 2}, /* 1.538 */
    {32, 1}, /* 1.153 */
    {32, 1}, /* 0.865 */
    {32, 1}, /* 0.648 */
    {32, 0}, /* 0.486 */
};

static void rates_of_connections(void **state)
{
	struct est est;

	est_start(&est, 0);
	for (size_t i = 0; i < sizeof(conn_rows) / sizeof(conn_rows[0]); i++) {
		est_update(&est, 0, conn_rows[i].conns);
		assert_int_equal(est_rate(&est, 0), conn_rows[i].rate);
	}
}

/* A steady rate is shown as it is, in the end; of bytes too, which are scaled less. */
static void steady_rates(void **state)
{
	static const uint64_t steps[] = {2, 20, 2000, 2000000, 20000000000ULL};

	for (unsigned field = 0; field < STATS_FIELDS; field++) {
		for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
			uint64_t value = 1ULL << 60;
			struct est est;

			est_start(&est, value);
			for (int i = 0; i < 200; i++)
				est_update(&est, field, value += steps[s]);
			assert_in_range(est_rate(&est, field), steps[s] / 2, steps[s] / 2);
		}
	}
}

/* Against the formula without rounding: never off by more than one. */
static void rates_of_random_traffic(void **state)
{
	uint64_t value = 0;
	double avg = 0;
	struct est est;

	srand(4711);
	est_start(&est, 0);
	for (int i = 0; i < 1000; i++) {
		uint64_t more = rand() % 1000000;

		est_update(&est, 1, value += more);
		avg += (more / 2.0 - avg) / 4;
		assert_true(fabs((double)est_rate(&est, 1) - avg) <= 1.0);
	}
}

/* ---- counters ---- */

static struct sl_stats *counted(struct fixture *f, uint32_t id)
{
	return &f->plane->stats[SL_MAX_DESTS + id]; /* the second CPU's */
}

static void round_of_rates(struct fixture *f)
{
	for (int i = 0; i < STATS_SLICES; i++)
		stats_tick(f->stats);
}

static void sums_over_cpus(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	assert_int_equal(fixture_change(f, "S+ " WEB " rr; D+ " WEB " 192.0.2.11 80 masq 1"), 0);
	id = fixture_dest(f, "192.0.2.11", 80);
	f->plane->stats[id].in_pkts = 5;
	counted(f, id)->in_pkts = 7;
	counted(f, id)->out_bytes = 1ULL << 40;
	assert_int_equal(stats_dest(f->stats, id).in_pkts, 12);
	assert_int_equal(stats_svc(f->stats, 1).in_pkts, 12);
	assert_int_equal(stats_svc(f->stats, 1).out_bytes, 1ULL << 40);
}

static void zeroing_keeps_the_lanes_counters(void **state)
{
	struct fixture *f = *state;
	uint32_t a, b;

	assert_int_equal(fixture_change(f, "S+ " WEB " rr; D+ " WEB " 192.0.2.11 80 masq 1; D+ " WEB " 192.0.2.12 80 masq 1"), 0);
	a = fixture_dest(f, "192.0.2.11", 80);
	b = fixture_dest(f, "192.0.2.12", 80);
	counted(f, a)->conns = 10;
	counted(f, b)->conns = 5;
	round_of_rates(f);
	stats_zero(f->stats, 1);
	assert_int_equal(counted(f, a)->conns, 10);
	assert_int_equal(stats_dest(f->stats, a).conns, 0);
	assert_int_equal(stats_svc(f->stats, 1).conns, 0);
	assert_int_equal(stats_svc_rates(f->stats, 1).rate[0], 0);
	counted(f, a)->conns += 3;
	assert_int_equal(stats_dest(f->stats, a).conns, 3);
	assert_int_equal(stats_svc(f->stats, 1).conns, 3);
	fixture_restart(f);
	assert_int_equal(stats_dest(f->stats, a).conns, 3);
	assert_int_equal(stats_svc(f->stats, 1).conns, 3);
}

/* What a removed server has counted stays the service's, while it lingers, when it has gone, and when its id is another's. */
static void service_keeps_departed_servers_counts(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	assert_int_equal(fixture_change(f, "S+ " WEB " rr; D+ " WEB " 192.0.2.11 80 masq 1"), 0);
	id = fixture_dest(f, "192.0.2.11", 80);
	counted(f, id)->conns = 10;
	assert_int_equal(fixture_change(f, "D- " WEB " 192.0.2.11 80"), 0);
	assert_int_equal(stats_svc(f->stats, 1).conns, 10);
	counted(f, id)->conns = 11;
	fixture_wait(f, 5);
	assert_int_equal(f->plane->dests[id].flags, 0);
	assert_int_equal(stats_svc(f->stats, 1).conns, 11);
	assert_int_equal(fixture_change(f, "D+ " WEB " 192.0.2.12 80 masq 1"), 0);
	assert_int_equal(fixture_dest(f, "192.0.2.12", 80), id);
	assert_int_equal(stats_dest(f->stats, id).conns, 0);
	assert_int_equal(stats_svc(f->stats, 1).conns, 11);
	counted(f, id)->conns = 15;
	assert_int_equal(stats_dest(f->stats, id).conns, 4);
	assert_int_equal(stats_svc(f->stats, 1).conns, 15);
	fixture_restart(f);
	assert_int_equal(stats_svc(f->stats, 1).conns, 15);
}

static void readded_server_goes_on_counting(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	assert_int_equal(fixture_change(f, "S+ " WEB " rr; D+ " WEB " 192.0.2.11 80 masq 1"), 0);
	id = fixture_dest(f, "192.0.2.11", 80);
	counted(f, id)->conns = 10;
	f->plane->loads[id].active = 1;
	assert_int_equal(fixture_change(f, "D- " WEB " 192.0.2.11 80"), 0);
	fixture_wait(f, 5);
	assert_int_equal(fixture_change(f, "D+ " WEB " 192.0.2.11 80 masq 1"), 0);
	assert_int_equal(stats_dest(f->stats, id).conns, 10);
	assert_int_equal(stats_svc(f->stats, 1).conns, 10);
}

/* A service that was deleted and added again starts at zero, with servers that have connections still. */
static void readded_service_starts_at_zero(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	assert_int_equal(fixture_change(f, "S+ " WEB " rr; D+ " WEB " 192.0.2.11 80 masq 1"), 0);
	id = fixture_dest(f, "192.0.2.11", 80);
	counted(f, id)->conns = 10;
	f->plane->loads[id].active = 1;
	assert_int_equal(fixture_change(f, "S- " WEB), 0);
	fixture_wait(f, 5);
	assert_int_equal(fixture_change(f, "S+ " WEB " rr; D+ " WEB " 192.0.2.11 80 masq 1"), 0);
	assert_int_equal(fixture_dest(f, "192.0.2.11", 80), id);
	assert_int_equal(stats_dest(f->stats, id).conns, 0);
	assert_int_equal(stats_svc(f->stats, 1).conns, 0);
	counted(f, id)->conns = 12;
	assert_int_equal(stats_dest(f->stats, id).conns, 2);
	assert_int_equal(stats_svc(f->stats, 1).conns, 2);
	assert_int_equal(fixture_change(f, "S- " WEB), 0);
	assert_int_equal(fixture_change(f, "S+ " WEB " rr"), 0); /* one by one, as ipvsadm does */
	assert_int_equal(fixture_change(f, "D+ " WEB " 192.0.2.11 80 masq 1"), 0);
	assert_int_equal(stats_dest(f->stats, id).conns, 0);
	assert_int_equal(stats_svc(f->stats, 1).conns, 0);
}

static void rates_of_servers_and_services(void **state)
{
	struct fixture *f = *state;
	uint32_t a, b;

	assert_int_equal(fixture_change(f, "S+ " WEB " rr; D+ " WEB " 192.0.2.11 80 masq 1; D+ " WEB " 192.0.2.12 80 masq 1"), 0);
	a = fixture_dest(f, "192.0.2.11", 80);
	b = fixture_dest(f, "192.0.2.12", 80);
	counted(f, a)->in_bytes = 1 << 30; /* from before: no rate */
	round_of_rates(f);
	for (int i = 0; i < 100; i++) {
		counted(f, a)->in_bytes += 2000;
		counted(f, b)->in_bytes += 4000;
		round_of_rates(f);
	}
	assert_int_equal(stats_dest_rates(f->stats, a).rate[3], 1000);
	assert_int_equal(stats_dest_rates(f->stats, b).rate[3], 2000);
	assert_int_equal(stats_svc_rates(f->stats, 1).rate[3], 3000);
	assert_int_equal(stats_svc_rates(f->stats, 1).rate[0], 0);
}

/* Another server under the same id has a rate of its own. */
static void rates_do_not_outlive_their_server(void **state)
{
	struct fixture *f = *state;
	uint32_t id;

	assert_int_equal(fixture_change(f, "S+ " WEB " rr; D+ " WEB " 192.0.2.11 80 masq 1"), 0);
	id = fixture_dest(f, "192.0.2.11", 80);
	round_of_rates(f);
	counted(f, id)->conns = 1000;
	round_of_rates(f);
	assert_int_equal(stats_dest_rates(f->stats, id).rate[0], 125);
	assert_int_equal(fixture_change(f, "D- " WEB " 192.0.2.11 80"), 0);
	fixture_wait(f, 4);
	assert_int_equal(fixture_change(f, "D+ " WEB " 192.0.2.12 80 masq 1"), 0);
	assert_int_equal(fixture_dest(f, "192.0.2.12", 80), id);
	assert_int_equal(stats_dest_rates(f->stats, id).rate[0], 0);
	round_of_rates(f);
	assert_int_equal(stats_dest_rates(f->stats, id).rate[0], 0);
}

/* Of all servers there ever were, by CPU; zeroing moves the total alone; a restart finds them again. */
static void totals(void **state)
{
	struct fixture *f = *state;
	uint32_t a, b;

	assert_int_equal(fixture_change(f, "S+ " WEB " rr; D+ " WEB " 192.0.2.11 80 masq 1; D+ " WEB " 192.0.2.12 80 masq 1"), 0);
	a = fixture_dest(f, "192.0.2.11", 80);
	b = fixture_dest(f, "192.0.2.12", 80);
	f->plane->stats[a].conns = 3;
	counted(f, a)->conns = 4;
	counted(f, b)->conns = 5;
	counted(f, b)->out_bytes = 1ULL << 40;
	assert_int_equal(stats_total(f->stats).conns, 12);
	assert_int_equal(stats_total(f->stats).out_bytes, 1ULL << 40);
	assert_int_equal(stats_cpu(f->stats, 0).conns, 3);
	assert_int_equal(stats_cpu(f->stats, 1).conns, 9);
	assert_int_equal(fixture_change(f, "clear"), 0);
	fixture_wait(f, 3);
	assert_int_equal(stats_total(f->stats).conns, 12);
	stats_zero_total(f->stats);
	assert_int_equal(stats_total(f->stats).conns, 0);
	assert_int_equal(stats_cpu(f->stats, 1).conns, 9);
	counted(f, b)->conns = 6;
	assert_int_equal(stats_total(f->stats).conns, 1);
	fixture_restart(f);
	assert_int_equal(stats_total(f->stats).conns, 1);
	assert_int_equal(stats_cpu(f->stats, 1).conns, 10);
}

/* Two seconds with 8 connections: 4 a second, a quarter of it shown. */
static void total_rates(void **state)
{
	struct fixture *f = *state;
	uint32_t a;

	assert_int_equal(fixture_change(f, "S+ " WEB " rr; D+ " WEB " 192.0.2.11 80 masq 1"), 0);
	a = fixture_dest(f, "192.0.2.11", 80);
	round_of_rates(f);
	f->plane->stats[a].conns = 80;
	counted(f, a)->conns = 8;
	round_of_rates(f);
	assert_int_equal(stats_cpu_rates(f->stats, 0).rate[0], 10);
	assert_int_equal(stats_cpu_rates(f->stats, 1).rate[0], 1);
	assert_int_equal(stats_total_rates(f->stats).rate[0], 11);
	stats_zero_total(f->stats);
	assert_int_equal(stats_total_rates(f->stats).rate[0], 0);
}

/* run_estimation 0: the rates stay; what is counted meanwhile is not taken for the rate of two seconds afterwards. */
static void estimation_pauses(void **state)
{
	struct fixture *f = *state;
	uint32_t a;

	assert_int_equal(fixture_change(f, "S+ " WEB " rr; D+ " WEB " 192.0.2.11 80 masq 1"), 0);
	a = fixture_dest(f, "192.0.2.11", 80);
	round_of_rates(f);
	counted(f, a)->conns = 80;
	round_of_rates(f);
	assert_int_equal(stats_dest_rates(f->stats, a).rate[0], 10);
	assert_int_equal(fixture_change(f, "set run_estimation 0"), 0);
	counted(f, a)->conns = 1000000;
	for (int i = 0; i < 3; i++)
		round_of_rates(f);
	assert_int_equal(stats_dest_rates(f->stats, a).rate[0], 10);
	assert_int_equal(stats_total_rates(f->stats).rate[0], 10);
	assert_int_equal(fixture_change(f, "set run_estimation 1"), 0);
	round_of_rates(f);
	assert_int_equal(stats_dest_rates(f->stats, a).rate[0], 10);
	round_of_rates(f);
	assert_in_range(stats_dest_rates(f->stats, a).rate[0], 7, 8); /* nothing came in these two seconds */
	assert_in_range(stats_total_rates(f->stats).rate[0], 7, 8);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rates_of_connections),
	    cmocka_unit_test(steady_rates),
	    cmocka_unit_test(rates_of_random_traffic),
	    T(sums_over_cpus),
	    T(totals),
	    T(total_rates),
	    T(estimation_pauses),
	    T(zeroing_keeps_the_lanes_counters),
	    T(service_keeps_departed_servers_counts),
	    T(readded_server_goes_on_counting),
	    T(readded_service_starts_at_zero),
	    T(rates_of_servers_and_services),
	    T(rates_do_not_outlive_their_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
