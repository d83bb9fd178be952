/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lanes' schedulers over plain memory, with the daemon's tables, against the long way (reference.h): the same servers are added,
 * edited, removed, loaded and overloaded in both, at random, and every choice in between must be the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "bpf/ctx/host.h"

#include "bpf/sched/sched.h"
#include "sluiced/sched/table.h"
#include "tests/unit/sched/reference.h"

struct host_maps *host;
_Thread_local uint32_t host_cpu;

enum { SVC = 3, SERVERS = 500, TICKS = 4 };

struct side {
	struct reference ref;
	struct ref_server server[SERVERS];
	bool listed[SERVERS];
	struct sl_svc svc;
	uint64_t dice;
	uint64_t now; /* seconds */
	const int *weights;
	unsigned weight_count, most;
};

static uint32_t throw(struct side * t, uint32_t below)
{
	t->dice = t->dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(t->dice >> 33) % below;
}

static uint32_t dest_of(const struct side *t, const struct ref_server *s)
{
	return s ? (uint32_t)(s - t->server) + 1 : 0;
}

static void write_dest(struct side *t, const struct ref_server *s)
{
	struct sl_dest *d = &host->dests[dest_of(t, s)];

	memcpy(d->addr.b, s->addr, 16);
	d->port = bpf_htons(s->port);
	d->svc = SVC;
	d->flags = SL_DEST_USED | (s->gone ? SL_DEST_REMOVED : 0);
	d->weight = s->weight;
	d->last_weight = s->last_weight;
	d->gen = 77;
}

static void write_load(struct side *t, const struct ref_server *s)
{
	host->loads[dest_of(t, s)] = (struct sl_load){.active = s->active, .inactive = s->inactive, .over = s->over};
}

/* rr goes on behind its last server, or behind the nearest predecessor that stayed (reconcile.h). */
static uint32_t rr_start(const struct side *t)
{
	const struct reference *r = &t->ref;

	for (uint32_t i = 0; r->last && i < r->count; i++)
		if (r->list[i] == r->last)
			return i + 1;
	return 0;
}

/* What the daemon does at a change: the members and the table aside, then the switch. `bound`: to another scheduler. */
static void commit(struct side *t, bool bound, bool turned)
{
	struct sched_server servers[SERVERS];
	struct sl_svc *svc = &t->svc;
	struct sched_table table;
	uint64_t cursor = host->cursors[SVC];
	bool same = sl_cursor_gen(cursor) == (svc->gen & 0xffff) && sl_cursor_weight(cursor);
	uint32_t bar = same ? sl_cursor_weight(cursor) : svc->bar;

	svc->count = t->ref.count;
	svc->max_weight = svc->gcd_weight = svc->total_weight = 0;
	svc->first = svc->first ? 0 : SERVERS;
	svc->table = svc->table ? 0 : 1 << 16;
	for (uint32_t i = 0; i < svc->count; i++) {
		const struct ref_server *s = t->ref.list[i];

		memcpy(servers[i].addr.b, s->addr, 16);
		servers[i].port = bpf_htons(s->port);
		servers[i].weight = s->weight;
		servers[i].last_weight = s->last_weight;
		host->members[svc->first + i] = (struct sl_member){dest_of(t, s), s->weight};
		svc->gcd_weight = sched_gcd(svc->gcd_weight, s->weight);
		svc->max_weight = (uint32_t)s->weight > svc->max_weight ? (uint32_t)s->weight : svc->max_weight;
		svc->total_weight += s->weight;
	}
	assert_int_equal(sched_table_make(svc->sched, t->ref.v6, servers, svc->count, &table), 0);
	svc->table_len = table.len;
	assert_int_equal(table.count, sched_table_words(svc->sched, table.len));
	if (table.words)
		memcpy(&host->tables[svc->table], table.words, table.count * sizeof(*table.words));
	free(table.words);
	svc->start = svc->sched == SL_SCHED_RR ? rr_start(t) : turned ? 0 : same ? sl_cursor_index(cursor) : svc->start;
	svc->bar = bound    ? sched_wrr_bar(0, svc->gcd_weight, svc->max_weight)
		   : turned ? sched_wrr_bar(bar, svc->gcd_weight, svc->max_weight)
			    : bar;
	svc->gen++;
	if (bound)
		svc->bound = svc->gen;
}

static void set_up(struct side *t, enum sl_sched sched, uint32_t flags, bool v6, uint64_t dice)
{
	static const int usual[] = {1, 1, 1, 2, 3, 4, 5, 10, 0};

	memset(t, 0, sizeof(*t));
	t->dice = dice;
	t->weights = usual;
	t->weight_count = sizeof(usual) / sizeof(usual[0]);
	t->most = 30;
	t->now = 1000;
	t->ref.expiration = 86400;
	t->svc = (struct sl_svc){.id = SVC, .gen = 65500, .sched = sched, .flags = flags};
	memset(host->cursors, 0, sizeof(host->cursors));
	memset(host->cache_keys, 0, sizeof(host->cache_keys));
	memset(host->loads, 0, (SERVERS + 1) * sizeof(host->loads[0]));
	host->settings.hz = TICKS;
	host->settings.sysctl[SL_SYS_LBLCR_EXPIRATION] = 86400;
	for (uint32_t i = 0; i < SERVERS; i++) {
		struct ref_server *s = &t->server[i];

		s->id = i;
		s->v4 = throw(t, 8) ? !v6 : v6;
		memcpy(s->addr, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
		if (s->v4)
			memcpy(s->addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0", 15);
		s->addr[13] = throw(t, 256);
		s->addr[14] = i >> 8;
		s->addr[15] = i;
		s->port = throw(t, 2) ? 8080 : throw(t, 65536);
	}
	ref_bind(&t->ref, sched, flags & SL_SVC_SCHED1, flags & SL_SVC_SCHED2, v6);
	commit(t, true, true);
}

static int a_weight(struct side *t)
{
	return t->weights[throw(t, t->weight_count)];
}

static struct ref_server *a_server(struct side *t, bool listed)
{
	for (unsigned tries = 0; tries < 50; tries++) {
		unsigned i = throw(t, t->most);

		if (t->listed[i] == listed)
			return &t->server[i];
	}
	return NULL;
}

/* One random change of the configuration. */
static void change(struct side *t)
{
	unsigned what = throw(t, 4);
	struct ref_server *s = a_server(t, what > 1);

	if (!s)
		return;
	if (what < 2) {
		s->weight = a_weight(t);
		ref_add(&t->ref, s);
	} else if (what == 2) {
		ref_edit(&t->ref, s, a_weight(t));
	} else {
		ref_delete(&t->ref, s);
	}
	t->listed[s - t->server] = what != 3;
	write_dest(t, s);
	commit(t, false, true);
}

/* One random change of what the servers bear. */
static void burden(struct side *t)
{
	struct ref_server *s = a_server(t, true);

	if (!s)
		return;
	switch (throw(t, 4)) {
	case 0: s->over = !s->over; break;
	case 1: s->active = throw(t, 12); break;
	case 2: s->inactive = throw(t, 600); break;
	case 3: s->active = s->inactive = 0; break;
	}
	write_load(t, s);
}

static struct ref_packet a_packet(struct side *t, struct pkt *p)
{
	struct ref_packet packet = {.v6 = t->ref.v6, .sport = throw(t, 65536), .now = t->now};

	memcpy(packet.src, t->ref.v6 ? "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\0" : "\0\0\0\0\0\0\0\0\0\0\xff\xff\0\0\0\0", 16);
	memcpy(packet.dst, packet.src, 16);
	for (int i = 12; i < 16; i++)
		packet.src[i] = throw(t, 256);
	if (t->ref.v6)
		packet.src[5] = throw(t, 256);
	packet.dst[15] = throw(t, 10);
	memset(p, 0, sizeof(*p));
	memcpy(p->src.b, packet.src, 16);
	memcpy(p->dst.b, packet.dst, 16);
	p->sport = bpf_htons(packet.sport);
	p->v6 = packet.v6;
	p->now = t->now * TICKS & SL_W_TICK_MASK;
	return packet;
}

/* A connection arrives: both must choose alike. */
static void arrive(struct side *t)
{
	struct pkt p;
	struct ref_packet packet = a_packet(t, &p);
	struct ref_server *want = ref_pick(&t->ref, &packet);

	assert_int_equal(sched_pick(&t->svc, &p), dest_of(t, want));
	if (want && throw(t, 3)) {
		want->active++;
		write_load(t, want);
	}
}

static void live(struct side *t, unsigned steps)
{
	for (unsigned i = 0; i < steps; i++) {
		unsigned what = throw(t, 20);

		if (what == 0)
			change(t);
		else if (what < 3)
			burden(t);
		else
			arrive(t);
		if (what == 3 && t->ref.sched == SL_SCHED_LBLCR)
			t->now += throw(t, 40000);
		if (!throw(t, 200))
			commit(t, false, false); /* something else of the service is edited */
	}
}

static const struct kind {
	enum sl_sched sched;
	uint32_t flags;
} kinds[] = {{SL_SCHED_RR, 0}, {SL_SCHED_WRR, 0}, {SL_SCHED_LC, 0}, {SL_SCHED_WLC, 0}, {SL_SCHED_LBLC, 0}, {SL_SCHED_LBLCR, 0},
    {SL_SCHED_DH, 0}, {SL_SCHED_SH, 0}, {SL_SCHED_SH, SL_SVC_SCHED1}, {SL_SCHED_SH, SL_SVC_SCHED2},
    {SL_SCHED_SH, SL_SVC_SCHED1 | SL_SVC_SCHED2}, {SL_SCHED_SED, 0}, {SL_SCHED_NQ, 0}, {SL_SCHED_FO, 0}, {SL_SCHED_OVF, 0},
    {SL_SCHED_MH, 0}, {SL_SCHED_MH, SL_SVC_SCHED1}, {SL_SCHED_MH, SL_SVC_SCHED2}, {SL_SCHED_MH, SL_SVC_SCHED1 | SL_SVC_SCHED2}};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static struct side side;

static void test_as_reference(void **state)
{
	for (unsigned k = 0; k < KINDS; k++)
		for (int v6 = 0; v6 < 2; v6++)
			for (unsigned dice = 1; dice <= 4; dice++) {
				set_up(&side, kinds[k].sched, kinds[k].flags, v6, dice * 7919 + k);
				live(&side, 3000);
			}
}

/* The largest weights there are, and weights far apart. */
static void test_limits(void **state)
{
	static const int weights[] = {0, 1, 65535, 65535, 2147483647, 2147483647, 2147483646, 1 << 30};

	for (unsigned k = 0; k < KINDS; k++) {
		set_up(&side, kinds[k].sched, kinds[k].flags, false, k + 1);
		side.weights = weights;
		side.weight_count = sizeof(weights) / sizeof(weights[0]);
		/* between the bars of wrr there are rounds without anybody: the reference walks them all */
		if (kinds[k].sched == SL_SCHED_WRR)
			side.weight_count = 4;
		live(&side, kinds[k].sched == SL_SCHED_WRR ? 1000 : 3000);
	}
}

static void test_many_servers(void **state)
{
	for (unsigned k = 0; k < KINDS; k++) {
		set_up(&side, kinds[k].sched, kinds[k].flags, false, k + 1);
		side.most = kinds[k].sched == SL_SCHED_LBLCR ? 30 : SERVERS;
		for (unsigned i = 0; i < side.most; i++)
			change(&side);
		live(&side, 1000);
	}
}

/* Costs beyond 32 bits, weights of 31: the products do not fit 64. */
static void test_costs(void **state)
{
	const uint64_t costs[] = {
	    0, 1, 257, 0xffffffffULL, 0x100000000ULL, 0x100000001ULL, 257ULL << 26, (257ULL << 26) + 1, (1ULL << 41) - 1};
	const int32_t weights[] = {1, 2, 3, 65535, 65536, 2147483646, 2147483647};
	enum { COSTS = sizeof(costs) / sizeof(costs[0]), WEIGHTS = sizeof(weights) / sizeof(weights[0]) };

	for (unsigned i = 0; i < COSTS * WEIGHTS * COSTS * WEIGHTS; i++) {
		uint64_t a = costs[i % COSTS], b = costs[i / COSTS % COSTS];
		int32_t wa = weights[i / COSTS / COSTS % WEIGHTS], wb = weights[i / COSTS / COSTS / WEIGHTS];

		assert_int_equal(sched_less(a, wa, b, wb), (unsigned __int128)a * wb < (unsigned __int128)b * wa);
	}
}

/* twos: by weights, the less loaded of two, nobody who may not be. The share of a server is what two draws by weight give. */
static void twos_shares(const int weights[4], int overloaded, unsigned share[4])
{
	struct pkt p = {0};

	set_up(&side, SL_SCHED_TWOS, 0, false, 5);
	for (int i = 3; i >= 0; i--) {
		side.server[i].weight = weights[i];
		ref_add(&side.ref, &side.server[i]);
		side.server[i].over = i == overloaded;
		write_dest(&side, &side.server[i]);
		write_load(&side, &side.server[i]);
	}
	commit(&side, false, true);
	memset(share, 0, 4 * sizeof(share[0]));
	for (unsigned i = 0; i < 40000; i++) {
		uint32_t dest = sched_pick(&side.svc, &p);

		assert_in_range(dest, 1, 4);
		share[dest - 1]++;
	}
}

static void near(unsigned got, double want)
{
	if (got < 40000 * want - 800 || got > 40000 * want + 800)
		fail_msg("%u of 40000, not %.0f", got, 40000 * want);
}

static void test_twos(void **state)
{
	unsigned share[4];

	/* All idle: a draw's first choice stands, so the shares are the weights'. */
	twos_shares((const int[4]){10000, 20000, 30000, 40000}, -1, share);
	for (int i = 0; i < 4; i++)
		near(share[i], (i + 1) / 10.0);
	twos_shares((const int[4]){10000, 0, 30000, 40000}, 3, share);
	near(share[0], 0.25);
	near(share[1], 0);
	near(share[2], 0.75);
	near(share[3], 0);
	twos_shares((const int[4]){2147483647, 2147483647, 2147483647, 2147483647}, -1, share);
	for (int i = 0; i < 4; i++)
		near(share[i], 0.25);
	/* From 0 to the total: with weights of 1 the first has two numbers of five. */
	twos_shares((const int[4]){1, 1, 1, 1}, -1, share);
	near(share[0], 0.4);
	near(share[3], 0.2);
}

/* The busier of two draws is left: with one busy server only the draws (busy, busy) give it. */
static void test_twos_load(void **state)
{
	struct pkt p = {0};
	unsigned busy = 0, none = 0;

	set_up(&side, SL_SCHED_TWOS, 0, false, 5);
	for (int i = 0; i < 2; i++) {
		side.server[i].weight = 10000;
		side.server[i].active = i ? 0 : 5;
		ref_add(&side.ref, &side.server[i]);
		write_load(&side, &side.server[i]);
	}
	commit(&side, false, true);
	for (unsigned i = 0; i < 40000; i++)
		busy += sched_pick(&side.svc, &p) == 1;
	near(busy, 0.25);
	side.server[0].over = side.server[1].over = true;
	write_load(&side, &side.server[0]);
	write_load(&side, &side.server[1]);
	for (unsigned i = 0; i < 100; i++)
		none += sched_pick(&side.svc, &p) == 0;
	assert_int_equal(none, 100);
}

/* A set of lblcr is bounded: the one that joined first makes room. */
static void test_lblcr_bound(void **state)
{
	struct pkt p = {.now = 5};
	const struct sl_cache *c;

	set_up(&side, SL_SCHED_LBLCR, 0, false, 5);
	p.dst.w[3] = 1;
	for (int i = 0; i < 40; i++) {
		side.server[i].weight = 4;
		side.server[i].active = 4;
		ref_add(&side.ref, &side.server[i]);
		write_dest(&side, &side.server[i]);
		write_load(&side, &side.server[i]);
	}
	commit(&side, false, true);
	for (int i = 0; i < 40; i++) {
		side.server[i].active = 1; /* the only one that is not busy: it joins */
		write_load(&side, &side.server[i]);
		assert_int_equal(sched_pick(&side.svc, &p), i + 1);
		side.server[i].active = 9;
		write_load(&side, &side.server[i]);
	}
	c = map_cache(&(struct sl_cache_key){.daddr = p.dst, .svc = SVC, .bound = side.svc.bound});
	assert_non_null(c);
	assert_int_equal(c->count, SL_CACHE_DESTS);
	for (int i = 0; i < SL_CACHE_DESTS; i++)
		assert_int_equal(c->dest[i] & SL_CACHE_DEST_MASK, 40 - i);
	assert_int_equal(host->cursors[SVC], 1); /* the service's entries */
}

/* What was remembered of a server is not true of who has its id now. */
static void test_ids_used_again(void **state)
{
	static const enum sl_sched scheds[] = {SL_SCHED_LBLC, SL_SCHED_LBLCR};

	for (int i = 0; i < 2; i++) {
		struct pkt p = {.now = 5};

		set_up(&side, scheds[i], 0, false, 5);
		for (int s = 0; s < 2; s++) {
			side.server[s].weight = 1;
			ref_add(&side.ref, &side.server[s]);
			write_dest(&side, &side.server[s]);
		}
		commit(&side, false, true);
		assert_int_equal(sched_pick(&side.svc, &p), 2);
		host->loads[2].inactive = 9;
		assert_int_equal(sched_pick(&side.svc, &p), 2); /* it stays where it was */
		host->dests[2].gen++;
		assert_int_equal(sched_pick(&side.svc, &p), 1);
		host->dests[1].svc = SVC + 1;
		assert_int_equal(sched_pick(&side.svc, &p), 1); /* by wlc: the entry is nobody's */
		side.svc.bound++;
		assert_int_equal(sched_pick(&side.svc, &p), 1);
	}
}

/* Service entries are bounded; connections beyond are scheduled and not remembered. */
static void test_cache_bound(void **state)
{
	struct pkt p = {.now = 5};

	set_up(&side, SL_SCHED_LBLC, 0, false, 5);
	side.server[0].weight = 1;
	ref_add(&side.ref, &side.server[0]);
	write_dest(&side, &side.server[0]);
	commit(&side, false, true);
	host->cursors[SVC] = SCHED_CACHE_MOST - 1;
	for (uint32_t i = 0; i < 5; i++) {
		p.dst.w[3] = i;
		assert_int_equal(sched_pick(&side.svc, &p), 1);
	}
	assert_int_equal(host->cursors[SVC], SCHED_CACHE_MOST);
}

/* The tree, for every size around powers of two, every place and weight. */
static void test_tree(void **state)
{
	struct sched_server servers[70] = {0};
	struct sl_svc svc = {0};

	for (uint32_t count = 1; count <= 70; count++) {
		struct sched_table table;

		for (uint32_t i = 0; i < count; i++)
			servers[i].weight = i * 7919 % 11;
		assert_int_equal(sched_table_make(SL_SCHED_WRR, false, servers, count, &table), 0);
		memcpy(host->tables, table.words, table.count * sizeof(*table.words));
		free(table.words);
		svc.table_len = table.len;
		for (uint32_t at = 0; at <= count; at++)
			for (int weight = 1; weight <= 11; weight++) {
				uint32_t want = at;

				while (want < count && servers[want].weight < weight)
					want++;
				assert_int_equal(tree_next(&svc, at, weight), want < count ? want : TREE_NONE);
			}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tree),
	    cmocka_unit_test(test_costs),
	    cmocka_unit_test(test_as_reference),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_many_servers),
	    cmocka_unit_test(test_twos),
	    cmocka_unit_test(test_twos_load),
	    cmocka_unit_test(test_lblcr_bound),
	    cmocka_unit_test(test_ids_used_again),
	    cmocka_unit_test(test_cache_bound),
	};

	host = calloc(1, sizeof(*host));
	return host ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
