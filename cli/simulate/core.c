// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of our own for what host.h leaves to whoever uses it: a test may have another such core. */
#define host sim_host
#define host_cpu sim_host_cpu
#define HOST_CACHES 65536 /* more than a service may have */
#include "bpf/ctx/host.h"

#include "bpf/sched/sched.h"

#include <errno.h>

#include "cli/simulate/core.h"
#include "sluiced/sched/table.h"

#define JIFFY_US 4000 /* 250 a second */
#define TICK_SHIFT 6

struct host_maps *host;
_Thread_local uint32_t host_cpu;

static struct sl_svc svc;

int sim_core_init(enum sl_sched sched, uint32_t flags, uint64_t seed)
{
	host = calloc(1, sizeof(*host)); /* large, but only what is used becomes memory */
	if (!host)
		return -ENOMEM;
	host->tick_shift = TICK_SHIFT;
	host->settings.hz = SIM_SECOND / JIFFY_US;
	host->settings.tick_shift = TICK_SHIFT;
	host->random = sim_draw(&seed);
#define X(name, number, text, value, least, most, unit) host->settings.sysctl[number] = value;
#include "sluice/sysctl.def"
#undef X
	svc = (struct sl_svc){.id = 1, .sched = sched, .flags = flags};
	return 0;
}

void sim_core_fini(void)
{
	free(host);
	host = NULL;
}

bool sim_core_stable(enum sl_sched sched)
{
	return sched == SL_SCHED_SH || sched == SL_SCHED_DH || sched == SL_SCHED_MH;
}

static uint32_t gcd(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* rr goes on behind the server it used last, or behind its nearest predecessor that stayed: the daemon does so. */
static uint32_t rr_start(const struct sl_member *was, uint32_t was_count, const struct sl_member *now, uint32_t count)
{
	uint64_t cursor = host->cursors[svc.id];
	uint32_t at = sl_cursor_gen(cursor) == (svc.gen & 0xffff) ? sl_cursor_index(cursor) : svc.start;

	for (at = at > was_count ? 0 : at; at; at--)
		for (uint32_t i = 0; i < count; i++)
			if (now[i].dest == was[at - 1].dest)
				return i + 1;
	return 0;
}

/* The scheduler's table, in one of two places by turns. */
static int set_table(const struct sim_server *servers, const uint16_t *order, unsigned count)
{
	struct sched_server *list = calloc(count + 1, sizeof(*list));
	struct sched_table table = {0};
	int err;

	if (!list)
		return -ENOMEM;
	for (unsigned i = 0; i < count; i++) {
		const struct sim_server *s = &servers[order[i]];

		list[i] = (struct sched_server){s->at.addr, s->at.port, s->weight, s->weight};
	}
	err = sched_table_make(svc.sched, count && !addr_is_v4(&list[0].addr), list, count, &table);
	free(list);
	if (err)
		return err;
	svc.table = svc.table ? 0 : SL_MAX_TABLES / 2;
	svc.table_len = table.len;
	if (table.words)
		memcpy(&host->tables[svc.table], table.words, table.count * sizeof(*table.words));
	free(table.words);
	return 0;
}

int sim_core_switch(const struct sim_server *servers, const uint16_t *order, unsigned count)
{
	/* two regions by turns, as the daemon writes a new list aside */
	uint32_t first = svc.first ? 0 : SIM_MAX_SERVERS;
	struct sl_member *members = &host->members[first];

	svc.max_weight = svc.gcd_weight = svc.total_weight = 0;
	for (uint32_t dest = 1; dest <= SIM_MAX_SERVERS; dest++)
		host->dests[dest].flags |= SL_DEST_REMOVED;
	for (unsigned i = 0; i < count; i++) {
		const struct sim_server *s = &servers[order[i]];
		uint32_t dest = order[i] + 1, weight = s->weight;

		members[i] = (struct sl_member){.dest = dest, .weight = weight};
		host->dests[dest] =
		    (struct sl_dest){.addr = s->at.addr, .port = s->at.port, .flags = SL_DEST_USED, .svc = svc.id, .weight = weight};
		svc.max_weight = weight > svc.max_weight ? weight : svc.max_weight;
		svc.gcd_weight = gcd(svc.gcd_weight, weight);
		svc.total_weight += weight;
	}
	svc.start = svc.sched == SL_SCHED_RR ? rr_start(&host->members[svc.first], svc.count, members, count) : 0;
	svc.first = first;
	svc.count = count;
	svc.gen++;
	return set_table(servers, order, count);
}

uint16_t sim_core_pick(const struct sim_conn *conn, uint64_t now)
{
	struct pkt p = {.src = conn->client, .dst = conn->virtual, .sport = conn->cport, .dport = conn->vport, .proto = conn->proto};
	uint32_t dest;

	host->jiffies = now / JIFFY_US;
	p.v6 = !addr_is_v4(&p.dst);
	p.now = host->jiffies >> TICK_SHIFT & SL_W_TICK_MASK;
	dest = sched_pick(&svc, &p);
	return dest ? dest - 1 : SIM_NO_SERVER;
}

/* Thresholds: overloaded once `upper` connections are reached, until fewer than `lower` are left, or than three quarters of upper. */
static void heed(const struct sim_server *s, struct sl_load *load, int change)
{
	uint32_t total = load->active + load->inactive, lower = s->lower ? s->lower : s->upper - (s->upper >> 2);

	if (change > 0 && total == s->upper)
		load->over = 1;
	else if (change < 0 && total + 1 == lower)
		load->over = 0;
}

void sim_core_load(const struct sim_server *servers, uint16_t server, int active, int inactive)
{
	struct sl_load *load = map_load(server + 1);

	load->active += active;
	load->inactive += inactive;
	if (servers[server].upper)
		heed(&servers[server], load, active + inactive);
}
