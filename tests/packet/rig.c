/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The director of a row: what the daemon would have written, and the packets. */
#include "tests/packet/rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "sluiced/sched/table.h"

enum { RIG_SVC = 7, RIG_FIRST = 100, RIG_ROUTER_HOP = 10, RIG_MTU = 1500, RIG_TABLE = 2048 };

static void set_hop(struct rig *rig, uint32_t id, enum who gw, enum lane_side side, uint32_t flags)
{
	struct sl_hop *hop = &rig->lane->hops[id];
	bool v6 = side == LANE_INSIDE ? rig->w.server_v6 : rig->w.v6;

	memset(hop, 0, sizeof(*hop));
	hop->ifindex = rig->lane->ifindex[side];
	hop->mtu = RIG_MTU;
	hop->flags = flags;
	memcpy(hop->dmac, who_mac(gw), 6);
	memcpy(hop->smac, who_mac(side == LANE_INSIDE ? DIRECTOR : VIP), 6);
	who_sl_addr(DIRECTOR, v6, &hop->src);
	who_sl_addr(gw, v6, &hop->gw);
}

static void set_links(struct rig *rig)
{
	for (int side = 0; side < LANE_SIDES; side++) {
		struct sl_link *link = &rig->lane->links[rig->lane->ifindex[side]];

		memcpy(link->mac, who_mac(side == LANE_INSIDE ? DIRECTOR : VIP), 6);
		link->flags = SL_LINK_ON;
	}
}

static void set_timeouts(struct sl_settings *set)
{
#define X(name, number, text, seconds, active, rank)   \
	set->timeout[number] = (seconds) * LANE_TICKS; \
	set->timeout_s[number] = seconds;
#include "sluice/state.def"
#undef X
#define X(name, number, text, value, least, most, unit) set->sysctl[number] = value;
#include "sluice/sysctl.def"
#undef X
	memcpy(set->own_least, set->timeout, sizeof(set->own_least));
	set->route_gen = 1;
	set->flags = SL_SET_EGRESS;
}

void rig_reset(struct rig *rig, struct lane *lane, const struct world *w)
{
	uint32_t seq = rig->seq + 1;
	struct sl_neigh_key router = {.ifindex = lane->ifindex[LANE_OUTSIDE]};

	if (rig->svc_set)
		lane->ops->svc_set(lane, &rig->key, NULL);
	for (size_t i = 0; i < sizeof(rig->origins) / sizeof(rig->origins[0]); i++)
		if (rig->origins[i].proto)
			lane->ops->origin_set(lane, &rig->origins[i], NULL);
	memset(rig, 0, sizeof(*rig));
	rig->lane = lane;
	rig->w = *w;
	rig->seq = seq;
	memset(lane->tags, 0, lane->slots * sizeof(lane->tags[0]));
	memset(lane->conns, 0, lane->slots * sizeof(lane->conns[0]));
	memset(lane->loads, 0, 16 * sizeof(lane->loads[0]));
	memset(lane->dests, 0, 16 * sizeof(lane->dests[0]));
	memset(&lane->owns[RIG_SVC], 0, sizeof(lane->owns[0]));
	lane->cursors[RIG_SVC] = 0;
	for (unsigned cpu = 0; cpu < lane->cpus; cpu++)
		memset(&lane->stats[cpu * SL_MAX_DESTS], 0, 16 * sizeof(lane->stats[0]));
	set_timeouts(lane->settings);
	set_links(rig);
	lane->ops->frags_clear(lane);
	for (enum who who = RS1; who <= RS4; who++)
		set_hop(rig, who_dest(who), who, LANE_INSIDE, SL_HOP_RESOLVED | SL_HOP_XDP);
	set_hop(rig, RIG_ROUTER_HOP, ROUTER, LANE_OUTSIDE, SL_HOP_RESOLVED | SL_HOP_XDP);
	memcpy(router.dmac, who_mac(ROUTER), 6);
	lane->ops->hop_id_set(lane, &router, RIG_ROUTER_HOP);
	lane->ops->counters(lane, rig->counters);
}

static uint32_t gcd(uint32_t a, uint32_t b)
{
	return b ? gcd(b, a % b) : a;
}

/* Where wrr's bar is now. */
static uint32_t rig_bar(const struct rig *rig)
{
	uint64_t cursor = rig->lane->cursors[RIG_SVC];

	return sl_cursor_gen(cursor) == (rig->svc.gen & 0xffff) ? sl_cursor_weight(cursor) : rig->svc.bar;
}

/* The scheduler's table, as the daemon makes it. */
static void rig_table(struct rig *rig)
{
	struct sched_server servers[sizeof(rig->list) / sizeof(rig->list[0])];
	struct sl_svc *svc = &rig->svc;
	struct sched_table table = {0};

	for (uint32_t i = 0; i < svc->count; i++) {
		const struct sl_dest *d = &rig->lane->dests[rig->list[i].dest];

		servers[i] = (struct sched_server){d->addr, d->port, d->weight, d->last_weight};
	}
	sched_table_make(svc->sched, rig->w.v6, servers, svc->count, &table);
	svc->table = svc->gen % 8 * RIG_TABLE;
	svc->table_len = table.len;
	if (table.words)
		memcpy(&rig->lane->tables[svc->table], table.words, table.count * sizeof(*table.words));
	free(table.words);
}

void rig_commit(struct rig *rig)
{
	struct sl_svc *svc = &rig->svc;
	uint32_t bar = rig_bar(rig);

	svc->gen++;
	svc->first = RIG_FIRST + svc->gen % 8 * 8;
	svc->max_weight = svc->gcd_weight = svc->total_weight = 0;
	rig_table(rig);
	for (uint32_t i = 0; i < svc->count; i++) {
		int32_t weight = rig->list[i].weight;

		if (weight > (int32_t)svc->max_weight)
			svc->max_weight = weight;
		if (weight > 0)
			svc->gcd_weight = gcd(weight, svc->gcd_weight);
		svc->total_weight += weight;
		rig->lane->members[svc->first + i] = rig->list[i];
	}
	svc->bar = sched_wrr_bar(bar, svc->gcd_weight, svc->max_weight);
	rig->lane->ops->svc_set(rig->lane, &rig->key, svc);
	rig->svc_set = true;
}

void rig_service(struct rig *rig, enum sl_sched sched)
{
	who_sl_addr(VIP, rig->w.v6, &rig->key.addr);
	rig->key.port = htons(rig->listens ? rig->port : rig->w.vport);
	rig->key.proto = rig->w.proto;
	rig->svc.id = RIG_SVC;
	rig->svc.sched = sched;
	rig->svc.bound = rig->seq; /* what lblc remembers is of one row */
	rig->lane->ops->vip_set(rig->lane, &rig->key.addr, true);
	rig_commit(rig);
}

/* -p: the persistence timeout, and how many bits of a client's address count; 0: all. */
void rig_persistent(struct rig *rig, uint32_t seconds, unsigned bits)
{
	struct sl_own *own = &rig->lane->owns[RIG_SVC];

	bits = !bits ? 128 : rig->w.v6 ? bits : bits + 96;
	memset(&rig->svc.mask, 0, sizeof(rig->svc.mask));
	for (unsigned bit = 0; bit < bits; bit++)
		rig->svc.mask.b[bit / 8] |= 0x80 >> bit % 8;
	for (int state = SL_ST_TEMPLATE_GONE; state <= SL_ST_TEMPLATE_ASSURED; state++) {
		own->timeout[state] = seconds * LANE_TICKS;
		rig->lane->settings->own_least[state] = seconds * LANE_TICKS;
	}
	rig->svc.flags |= SL_SVC_PERSISTENT;
	rig->svc.persist_s = seconds;
	rig_commit(rig);
}

/* The service is one for this port: 21 is FTP's, 0 all of them. To be said before the service. */
void rig_listen(struct rig *rig, uint16_t port)
{
	rig->listens = true;
	rig->port = port;
	rig->lane->settings->flags |= port ? port == 21 ? SL_SET_FTP_SVCS : 0 : SL_SET_PORT0_SVCS;
}

/* The server may speak without having been asked: in the service's name. */
void rig_origin(struct rig *rig, enum who who)
{
	struct sl_svc_key *server = &rig->origins[who - RS1], svc = rig->key;

	who_sl_addr(who, rig->w.server_v6, &server->addr);
	server->port = htons(rig->w.dport);
	server->proto = rig->w.proto;
	svc.dest = who_dest(who);
	rig->lane->ops->origin_set(rig->lane, server, &svc);
	rig->lane->settings->flags |= SL_SET_ORIGINS;
}

static int member(const struct rig *rig, enum who who)
{
	for (uint32_t i = 0; i < rig->svc.count; i++)
		if (rig->list[i].dest == who_dest(who))
			return i;
	return -1;
}

void rig_weight(struct rig *rig, enum who who, int weight)
{
	int i = member(rig, who);

	if (i >= 0)
		rig->list[i].weight = weight;
	rig->lane->dests[who_dest(who)].weight = weight;
	if (weight)
		rig->lane->dests[who_dest(who)].last_weight = weight;
	rig_commit(rig);
}

void rig_server(struct rig *rig, enum who who, int weight)
{
	struct sl_dest *d = &rig->lane->dests[who_dest(who)];

	who_sl_addr(who, rig->w.server_v6, &d->addr);
	d->port = htons(rig->w.dport);
	d->fwd = rig->w.fwd;
	d->flags = SL_DEST_USED | (rig->w.local ? SL_DEST_LOCAL : 0);
	d->svc = RIG_SVC;
	d->hop = rig->w.local ? 0 : who_dest(who);
	d->weight = d->last_weight = weight;
	memmove(rig->list + 1, rig->list, rig->svc.count * sizeof(rig->list[0]));
	rig->list[0] = (struct sl_member){.dest = who_dest(who), .weight = weight};
	rig->svc.count++;
	rig_commit(rig);
}

void rig_unserver(struct rig *rig, enum who who)
{
	int i = member(rig, who);

	if (i < 0)
		return;
	rig->lane->dests[who_dest(who)].flags |= SL_DEST_REMOVED;
	rig->svc.count--;
	memmove(rig->list + i, rig->list + i + 1, (rig->svc.count - i) * sizeof(rig->list[0]));
	rig_commit(rig);
}

/* What was sent. */
void rig_spec(const struct rig *rig, const struct shot *shot, struct pkt_spec *ret_spec)
{
	const struct world *w = &rig->w;
	bool in = shot->from == FROM_CLIENT || shot->from == FROM_MARKED;
	enum who client = shot->client ? shot->client : CLIENT, target = shot->target ? shot->target : VIP, rs = shot->rs ? shot->rs : RS1;
	uint16_t cport = shot->cport ? shot->cport : 40000, sport = shot->dport ? shot->dport : in ? w->vport : w->dport;

	memset(ret_spec, 0, sizeof(*ret_spec));
	ret_spec->dmac = who_mac(in ? VIP : shot->from == FROM_LOCAL ? ROUTER : DIRECTOR);
	ret_spec->smac = who_mac(in ? ROUTER : shot->from == FROM_LOCAL ? VIP : rs);
	ret_spec->ip.src = who_addr(in ? client : rs, w->v6);
	ret_spec->ip.dst = who_addr(in ? target : client, w->v6);
	ret_spec->ip.id = rig->seq;
	ret_spec->proto = w->proto;
	ret_spec->sport = in ? cport : sport;
	ret_spec->dport = in ? sport : cport;
	ret_spec->flags = shot->flags ? shot->flags : PKT_ACK;
	ret_spec->seq = 0x12345678;
	ret_spec->ip.ttl = shot->from == FROM_MARKED ? 63 : 0;
	ret_spec->payload = shot->empty ? 0 : shot->payload ? shot->payload : 32;
	if (shot->text) {
		ret_spec->text = shot->text;
		ret_spec->payload = strlen(shot->text);
	}
	if (shot->tweak)
		shot->tweak(ret_spec, w);
}

/* What must come out of it. `inner` is room for the packet inside a tunnel. */
static void expect_forward(const struct rig *rig, const struct shot *shot, struct pkt_spec *s, struct pkt_spec *inner)
{
	const struct world *w = &rig->w;
	enum who rs = shot->rs ? shot->rs : RS1;

	if (w->fwd == SL_FWD_MASQ) {
		s->ip.dst = who_addr(rs, w->v6);
		s->dport = w->dport;
	}
	if (w->local)
		return;
	s->ip.ttl = (s->ip.ttl ? s->ip.ttl : 64) - 1;
	s->dmac = who_mac(rs);
	s->smac = who_mac(DIRECTOR);
	if (w->fwd != SL_FWD_TUNNEL)
		return;
	*inner = *s;
	*s = (struct pkt_spec){.dmac = s->dmac, .smac = s->smac, .proto = w->v6 ? IPPROTO_IPV6 : IPPROTO_IPIP, .inner = inner};
	s->ip.src = who_addr(DIRECTOR, w->server_v6);
	s->ip.dst = who_addr(rs, w->server_v6);
	s->ip.ttl = inner->ip.ttl;
	s->ip.tos = inner->ip.tos;
	s->ip.df = inner->ip.df || w->v6;
}

static void expect_reply(const struct rig *rig, const struct shot *shot, struct pkt_spec *s)
{
	s->ip.src = who_addr(VIP, rig->w.v6);
	s->sport = rig->w.vport;
	if (shot->from == FROM_LOCAL)
		return;
	s->ip.ttl = (s->ip.ttl ? s->ip.ttl : 64) - 1;
	s->dmac = who_mac(ROUTER);
	s->smac = who_mac(VIP);
}

static enum want wanted(const struct rig *rig, const struct shot *shot)
{
	return rig->lane->express != shot->other_lane && shot->want_express ? shot->want_express : shot->want;
}

static enum lane_verdict verdict_of(const struct rig *rig, const struct shot *shot, enum want want)
{
	bool stays = (rig->w.local && shot->from != FROM_MARKED) || shot->from == FROM_LOCAL;

	switch (want) {
	case WANT_DROP: return LANE_DROP;
	case WANT_PASS: return shot->from == FROM_MARKED ? LANE_SEND : LANE_PASS;
	default: return stays ? LANE_PASS : LANE_SEND;
	}
}

static const char *verdict_text[] = {"pass", "drop", "send", "an odd code", "refused by the kernel"};

/* The tunnel's outer IPv4 id and DF are the sender's own business. */
static void forgive(const struct pkt_spec *spec, uint8_t *want, const uint8_t *got, size_t len)
{
	if (!spec->inner || len < 34 || strchr(spec->ip.src, ':'))
		return;
	memcpy(want + 18, got + 18, 4);
	memset(want + 24, 0, 2);
	uint16_t sum = pktbuild_fold(pktbuild_sum(want + 14, 20, 0));

	want[24] = sum >> 8;
	want[25] = sum;
}

static const char *judge_frame(struct rig *rig, const struct shot *shot, enum want want, struct pkt_spec *spec, const struct lane_out *out)
{
	uint8_t frame[PKT_MAX + 256];
	struct pkt_spec inner;
	size_t len;

	if (shot->from == FROM_MARKED)
		spec->ip.ttl++;
	if (want == WANT_FORWARD || want == WANT_NEIGH)
		expect_forward(rig, shot, spec, &inner);
	if (want == WANT_REPLY)
		expect_reply(rig, shot, spec);
	if (want != WANT_PASS && shot->tweak_out)
		shot->tweak_out(spec, &rig->w);
	len = pktbuild(spec, frame, sizeof(frame));
	if (want == WANT_NEIGH && out->len >= 14)
		memcpy(frame, out->frame, 14);
	if (len == out->len)
		forgive(spec, frame, out->frame, len);
	if (len == out->len && !memcmp(frame, out->frame, len))
		return NULL;
	pktbuild_diff(stdout, frame, len, out->frame, out->len);
	return "the packet that came out is not the one expected";
}

static const char *judge_reason(struct rig *rig, const struct shot *shot, const uint64_t before[])
{
	uint64_t after[SL_MAX_COUNTERS];

	rig->lane->ops->counters(rig->lane, after);
	for (uint32_t i = 0; i < SL_MAX_REASONS; i++) {
		if (after[i] - before[i] == (i == shot->reason))
			continue;
		snprintf(rig->why, sizeof(rig->why), "dropped: reason %u was counted %+d times, expected reason %u", i,
		    (int)(after[i] - before[i]), shot->reason);
		return rig->why;
	}
	return NULL;
}

const char *rig_shoot(struct rig *rig, const struct shot *shot)
{
	static struct lane_out out;
	struct pkt_spec spec;
	uint8_t frame[PKT_MAX];
	uint64_t before[SL_MAX_COUNTERS];
	enum want want = wanted(rig, shot);
	struct lane_in in = {.frame = frame,
	    .side = shot->from == FROM_SERVER ? LANE_INSIDE : LANE_OUTSIDE,
	    .egress = shot->from == FROM_LOCAL,
	    .marked = shot->from == FROM_MARKED,
	    .mark = shot->mark,
	    .express = rig->lane->express != shot->other_lane && shot->from != FROM_MARKED};

	rig_spec(rig, shot, &spec);
	in.len = pktbuild(&spec, frame, sizeof(frame));
	in.gso_size = shot->gso_size;
	in.gso_segs = shot->gso_segs;
	if (!in.len)
		return "the row's packet can't be built";
	rig->lane->ops->counters(rig->lane, before);
	int r = rig->lane->ops->run(rig->lane, &in, &out);

	if (r) {
		snprintf(rig->why, sizeof(rig->why), "the lane could not be run: %s", strerror(-r));
		return rig->why;
	}
	if (want == WANT_ANY)
		return out.verdict == LANE_ODD ? "an odd verdict" : NULL;
	if (out.verdict != verdict_of(rig, shot, want)) {
		snprintf(rig->why, sizeof(rig->why), "verdict is %s (%d), expected %s", verdict_text[out.verdict], out.code,
		    verdict_text[verdict_of(rig, shot, want)]);
		return rig->why;
	}
	if (want == WANT_DROP)
		return judge_reason(rig, shot, before);
	return judge_frame(rig, shot, want, &spec, &out);
}
