/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table under fire as plain C: threads run both lanes, one sweeps and moves time. Needs no root. What they do to one another is what
 * the programs do on CPUs; afterwards every load must equal a count of the table, every template know its connections and no slot be BUSY.
 */
#include "bpf/ctx/host.h"

#include "tests/packet/host_core.h"
#include "tests/packet/rig.h"

#include <netinet/in.h>
#include <pthread.h>

enum { THREADS = 4, SERVERS = 3, FRAME = 54, PACKETS = 400000 };

struct fire {
	struct lane *lane;
	uint32_t flows;
	bool over;
	uint64_t freed;
};

struct shooter {
	pthread_t thread;
	struct fire *fire;
	uint64_t dice;
	uint32_t cpu;
};

static uint32_t roll(uint64_t *dice)
{
	*dice ^= *dice >> 12;
	*dice ^= *dice << 25;
	*dice ^= *dice >> 27;
	return (*dice * 0x2545f4914f6cdd1dULL) >> 33;
}

/* A template of each direction; client and flags are written over it, and no checksum is looked at. */
static void make_templates(uint8_t in[FRAME], uint8_t out[FRAME])
{
	struct pkt_spec spec = {.dmac = who_mac(VIP), .proto = IPPROTO_TCP, .sport = 40000, .dport = 80};

	spec.ip.src = "198.51.0.0";
	spec.ip.dst = who_addr(VIP, false);
	pktbuild(&spec, in, FRAME);
	spec.ip.src = "10.1.0.11";
	spec.ip.dst = "198.51.0.0";
	spec.sport = 8080;
	spec.dport = 40000;
	pktbuild(&spec, out, FRAME);
}

static void vary(uint8_t *frame, bool reply, uint32_t client, uint32_t random)
{
	static const uint8_t flags[2][8] = {{2, 2, 2, 16, 16, 16, 17, 4}, {18, 18, 16, 16, 16, 16, 17, 20}};
	uint8_t *at = frame + (reply ? 32 : 28);

	at[0] = client >> 8;
	at[1] = client;
	if (reply)
		frame[29] = 11 + (random >> 8) % SERVERS;
	frame[47] = flags[reply][random >> 4 & 7];
}

static void *shoot(void *arg)
{
	struct shooter *s = arg;
	uint8_t templates[2][FRAME], buf[HOST_HEADROOM + FRAME];

	make_templates(templates[0], templates[1]);
	host_cpu = s->cpu;
	for (int i = 0; i < PACKETS; i++) {
		uint32_t random = roll(&s->dice);
		bool reply = random & 1;
		struct host_frame f = {.head = buf, .data = buf + HOST_HEADROOM, .end = buf + sizeof(buf), .ifindex = 2};

		memcpy(f.data, templates[reply], FRAME);
		vary(f.data, reply, roll(&s->dice) % s->fire->flows, random);
		if (random & 2)
			host_core_express(&f);
		else
			host_core_full(&f);
	}
	return NULL;
}

static void *sweep(void *arg)
{
	struct fire *fire = arg;

	while (!__atomic_load_n(&fire->over, __ATOMIC_ACQUIRE)) {
		struct sl_broom broom = {.count = fire->lane->slots / SL_BUCKET_SLOTS};

		__atomic_fetch_add(&host->jiffies, 1, __ATOMIC_RELAXED);
		fire->lane->ops->sweep(fire->lane, &broom);
		fire->freed += broom.freed;
	}
	return NULL;
}

static void set_up(struct rig *rig, struct lane *lane, unsigned mask)
{
	struct world w = {.proto = IPPROTO_TCP, .method = W_NAT, .fwd = SL_FWD_MASQ, .vport = 80, .dport = 8080};

	rig_reset(rig, lane, &w);
	rig_service(rig, SL_SCHED_RR);
	if (mask)
		rig_persistent(rig, 10, mask);
	for (int i = 0; i < SERVERS; i++)
		rig_server(rig, RS1 + i, 1);
	for (int i = 0; i < SL_MAX_STATES; i++)
		lane->settings->timeout[i] = lane->settings->own_least[i] = 20 + i;
	lane->dests[who_dest(RS1)].upper = lane->dests[who_dest(RS1)].lower = lane->slots / 8;
	lane->dests[who_dest(RS2)].upper = lane->slots / 8;
	lane->dests[who_dest(RS2)].lower = lane->slots / 16;
}

static const char *burn(struct fire *fire)
{
	struct shooter shooters[THREADS];
	pthread_t sweeper;

	pthread_create(&sweeper, NULL, sweep, fire);
	for (uint32_t i = 0; i < THREADS; i++) {
		shooters[i] = (struct shooter){.fire = fire, .dice = 0x1234567 + i * 0x9e3779b97f4a7c15ULL, .cpu = i};
		pthread_create(&shooters[i].thread, NULL, shoot, &shooters[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(shooters[i].thread, NULL);
	__atomic_store_n(&fire->over, true, __ATOMIC_RELEASE);
	pthread_join(sweeper, NULL);
	return fire->freed ? NULL : "nothing expired: the test proves nothing";
}

static int run(uint32_t slots, uint32_t flows, unsigned mask)
{
	struct fire fire = {.lane = lane_host_new(slots), .flows = flows};
	static struct rig rig;
	const char *why;
	uint32_t slot;

	if (!fire.lane)
		return 1;
	memset(&rig, 0, sizeof(rig));
	set_up(&rig, fire.lane, mask);
	fire.lane->ops->sweep(fire.lane, &(struct sl_broom){0}); /* makes its maps the ones in force */
	why = burn(&fire);
	why = why ? why : rig_audit(&rig);
	printf("# %u connections left, %llu expired\n", rig_conns(&rig, &slot), (unsigned long long)fire.freed);
	if (why)
		printf("# %s\n", why);
	printf("%s plain C: %u slots, %u flows, %d threads, %d packets each%s\n", why ? "not ok" : "ok", slots, flows, THREADS, PACKETS,
	    mask ? ", persistent" : "");
	lane_host_free(fire.lane);
	return why != NULL;
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	return run(16, 24, 0) | run(256, 400, 0) | run(4096, 6000, 0) | run(16, 24, 31) | run(256, 400, 32) | run(4096, 6000, 28);
}
