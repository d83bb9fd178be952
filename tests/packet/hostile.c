/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/packet/hostile.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_MAX = 160, RANDOM_ROUNDS = 3, WILD_ROUNDS = 24, SHOWN = 3 };

/* xorshift64*, seeded: the same packets every time. */
static uint64_t dice;

static uint32_t roll(uint32_t sides)
{
	dice ^= dice >> 12;
	dice ^= dice << 25;
	dice ^= dice >> 27;
	return (uint32_t)((dice * 0x2545f4914f6cdd1dULL) >> 33) % sides;
}

/* The frames. */

static const struct rows *const sources[] = {&rows_forward, &rows_states, &rows_edges};

enum { SPECIALS = 16 + 16 + 12 + 12 + 3 };

static const uint16_t odd_lengths[] = {0, 1, 7, 8, 19, 20, 21, 39, 40, 41, 0x8000, 0xffff};

static void special_ext(struct pkt_spec *s, unsigned i)
{
	static const uint8_t loop[] = {PKT_HBH, 43, 44, 51, 60};

	for (unsigned at = 0; at < PKT_EXTS - 1; at++)
		s->ip.ext[at] = i == 0 ? 60 : i == 1 ? loop[at % 5] : 44;
}

/* A packet that no row would have; false when there is none of this number. */
static bool special(struct pkt_spec *s, unsigned i, uint8_t *frame, size_t *ret_len)
{
	size_t l3 = 14;

	if (i >= 44 && i < 56)
		s->udp_len_add = odd_lengths[i - 44] - s->payload - 8;
	if (i >= 16 && i < 32)
		s->doff = i - 16 ? i - 16 : 0;
	if (i >= 56)
		special_ext(s, i - 56);
	*ret_len = pktbuild(s, frame, PKT_MAX);
	if (!*ret_len)
		return false;
	if (i < 16)
		frame[l3] = (frame[l3] & 0xf0) | i;
	else if (i >= 32 && i < 44) {
		size_t at = l3 + (frame[l3] >> 4 == 6 ? 4 : 2);

		frame[at] = odd_lengths[i - 32] >> 8;
		frame[at + 1] = odd_lengths[i - 32];
	}
	return true;
}

/* A tunnel in a tunnel in a tunnel. */
static size_t nested(const struct pkt_spec *base, uint8_t *frame)
{
	struct pkt_spec s[9];

	s[8] = *base;
	for (int i = 7; i >= 0; i--) {
		s[i] = *base;
		s[i].inner = &s[i + 1];
		s[i].payload = 0;
		s[i].proto = strchr(base->ip.src, ':') ? IPPROTO_IPV6 : IPPROTO_IPIP;
	}
	return pktbuild(&s[0], frame, PKT_MAX);
}

/* What was given out already; a hash is enough. */
struct seen {
	uint64_t hash[4096];
	unsigned n;
};

static bool is_new(struct seen *seen, const struct lane_in *in)
{
	uint64_t h = in->egress * 31 + in->side + in->len;

	for (size_t i = 0; i < in->len; i++)
		h = (h ^ in->frame[i]) * 0x100000001b3ULL;
	for (unsigned i = 0; i < seen->n; i++)
		if (seen->hash[i] == h)
			return false;
	if (seen->n < sizeof(seen->hash) / sizeof(seen->hash[0]))
		seen->hash[seen->n++] = h;
	return true;
}

struct giver {
	struct rig rig;
	struct seen seen;
	hostile_fn fn;
	void *arg;
	bool go;
};

static void give(struct giver *g, const uint8_t *frame, size_t len, enum lane_side side, bool egress)
{
	struct lane_in in = {.frame = frame, .len = len, .side = side, .egress = egress};

	if (g->go && len && is_new(&g->seen, &in))
		g->go = g->fn(g->arg, &in);
}

static void give_row(struct giver *g, const struct row *row)
{
	uint8_t frame[PKT_MAX];

	for (int i = 0; i < ROW_STEPS && row->steps[i].op != OP_END; i++) {
		const struct shot *shot = &row->steps[i].shot;
		struct pkt_spec spec;

		if (row->steps[i].op != OP_SHOT || shot->gso_size)
			continue;
		rig_spec(&g->rig, shot, &spec);
		give(g, frame, pktbuild(&spec, frame, sizeof(frame)), shot->from == FROM_SERVER ? LANE_INSIDE : LANE_OUTSIDE,
		    shot->from == FROM_LOCAL);
	}
}

static void give_specials(struct giver *g, enum from from)
{
	struct shot shot = {.from = from, .flags = PKT_SYN};
	enum lane_side side = from == FROM_SERVER ? LANE_INSIDE : LANE_OUTSIDE;
	uint8_t frame[PKT_MAX];
	struct pkt_spec spec;
	size_t len;

	for (unsigned i = 0; i < SPECIALS; i++) {
		rig_spec(&g->rig, &shot, &spec);
		if (special(&spec, i, frame, &len))
			give(g, frame, len, side, false);
	}
	rig_spec(&g->rig, &shot, &spec);
	give(g, frame, nested(&spec, frame), side, false);
	shot.flags = 0xff;
	rig_spec(&g->rig, &shot, &spec);
	give(g, frame, pktbuild(&spec, frame, sizeof(frame)), side, false);
}

void hostile_frames(const struct world *w, hostile_fn fn, void *arg)
{
	static struct giver g;

	memset(&g, 0, sizeof(g));
	g.rig.w = *w;
	g.rig.seq = 1;
	g.fn = fn;
	g.arg = arg;
	g.go = true;
	for (size_t s = 0; s < sizeof(sources) / sizeof(sources[0]); s++)
		for (size_t i = 0; i < sources[s]->count; i++)
			give_row(&g, &sources[s]->row[i]);
	give_specials(&g, FROM_CLIENT);
	give_specials(&g, FROM_SERVER);
}

/* One lane with what it holds before each packet. */
struct stage {
	struct lane *lane;
	struct rig rig;
	uint64_t *tags, *cursor;
	struct sl_conn *conns;
	struct sl_load loads[16];
	uint32_t tick;
	bool frags_stale;
	struct lane_out out;
};

struct hunt {
	struct stage a, b; /* the lane, and the reference if there is one */
	bool differential;
	unsigned long packets, sent, dropped;
	unsigned failed;
};

static bool stage_init(struct stage *s, struct lane *lane, const struct world *w)
{
	struct shot open = {.flags = PKT_SYN, .want = WANT_ANY}, ack = {.flags = PKT_ACK, .want = WANT_ANY};

	s->lane = lane;
	rig_reset(&s->rig, lane, w);
	rig_service(&s->rig, SL_SCHED_RR);
	rig_server(&s->rig, RS1, 1);
	s->tick = lane->ops->now(lane);
	s->frags_stale = true;
	if (rig_shoot(&s->rig, &open) || rig_shoot(&s->rig, &ack))
		return false;
	s->tags = malloc(lane->slots * sizeof(*s->tags));
	s->conns = malloc(lane->slots * sizeof(*s->conns));
	if (!s->tags || !s->conns)
		return false;
	memcpy(s->tags, lane->tags, lane->slots * sizeof(*s->tags));
	memcpy(s->conns, lane->conns, lane->slots * sizeof(*s->conns));
	memcpy(s->loads, lane->loads, sizeof(s->loads));
	return true;
}

static void stage_fini(struct stage *s)
{
	if (s->rig.svc_set) /* or the next world would know it in one of the lanes */
		s->lane->ops->svc_set(s->lane, &s->rig.key, NULL);
	free(s->tags);
	free(s->conns);
}

/* One datagram's first fragment was seen in either direction, so that the later ones of the rows are followed. */
static void stage_frags(struct stage *s)
{
	const struct world *w = &s->rig.w;
	struct sl_frag in = {.sport = htons(40000), .dport = htons(w->vport), .tick = s->tick};
	struct sl_frag out = {.sport = htons(w->dport), .dport = htons(40000), .tick = s->tick};
	struct sl_frag_key key = {.id = w->v6 ? htonl(1) : htons(1), .proto = w->proto};

	s->lane->ops->frags_clear(s->lane);
	who_sl_addr(CLIENT, w->v6, &key.src);
	who_sl_addr(VIP, w->v6, &key.dst);
	s->lane->ops->frag_set(s->lane, &key, &in);
	who_sl_addr(RS1, w->v6, &key.src);
	who_sl_addr(CLIENT, w->v6, &key.dst);
	s->lane->ops->frag_set(s->lane, &key, &out);
}

/* A new connection's sl_conn is written before its word, so restoring the words is enough; client_hop may stay. */
static void stage_restore(struct stage *s)
{
	memcpy(s->lane->tags, s->tags, s->lane->slots * sizeof(*s->tags));
	memcpy(s->lane->loads, s->loads, sizeof(s->loads));
	for (uint32_t slot = 0; slot < s->lane->slots; slot++)
		if (sl_state_live(sl_word_state(s->tags[slot])))
			s->lane->conns[slot] = s->conns[slot];
	s->lane->cursors[s->rig.svc.id] = 0;
	if (!s->lane->express && s->frags_stale)
		stage_frags(s);
	s->frags_stale = false;
}

/* The frame went up: as it came, or with a local server's address in it. */
static const char *judge_pass(const struct stage *s, const struct lane_in *in)
{
	if (s->rig.w.local)
		return s->out.len == in->len ? NULL : "a delivered frame changed its length";
	return s->out.len == in->len && !memcmp(s->out.frame, in->frame, in->len) ? NULL : "a frame was passed up, but changed";
}

static const char *judge_send(const struct stage *s, const struct lane_in *in)
{
	const char *why = NULL;

	if (s->out.len < in->len || s->out.len > in->len + 40)
		return "a frame that was sent has an odd length";
	if (!pktbuild_check(in->frame, in->len, &why))
		return NULL;
	pktbuild_check(s->out.frame, s->out.len, &why);
	return why;
}

static const char *judge(const struct stage *s, const struct lane_in *in)
{
	switch (s->out.verdict) {
	case LANE_PASS: return judge_pass(s, in);
	case LANE_SEND: return judge_send(s, in);
	case LANE_DROP:
	case LANE_REFUSED: return NULL;
	default: return "an odd verdict";
	}
}

/* An outer IPv4 header of ours may have any id: then its checksum differs too. */
static void forgive_id(struct lane_out *a, const struct lane_out *b, size_t in_len)
{
	if (a->len != in_len + 20 || b->len != a->len || a->frame[14] != 0x45 || a->frame[20] & 0x40)
		return;
	memcpy(a->frame + 18, b->frame + 18, 2);
	memcpy(a->frame + 24, b->frame + 24, 2);
}

static const char *compare(struct hunt *h, const struct lane_in *in)
{
	struct lane_out *a = &h->a.out, *b = &h->b.out;

	if (a->verdict == LANE_REFUSED)
		return NULL;
	if (a->verdict != b->verdict)
		return "the lane and its reference disagree on the verdict";
	forgive_id(a, b, in->len);
	if (a->verdict != LANE_DROP && (a->len != b->len || memcmp(a->frame, b->frame, a->len)))
		return "the lane and its reference disagree on the frame";
	for (uint32_t slot = 0; slot < h->a.lane->slots; slot++)
		if ((h->a.lane->tags[slot] ^ h->b.lane->tags[slot]) & ~SL_W_TICK_MASK)
			return "the lane and its reference disagree on the table";
	if (memcmp(h->a.lane->loads, h->b.lane->loads, sizeof(h->a.loads)))
		return "the lane and its reference disagree on the load";
	return NULL;
}

static void complain(struct hunt *h, const struct lane_in *in, const char *why)
{
	uint8_t none = 0;

	if (h->failed++ >= SHOWN)
		return;
	printf("# %s%s (code %d)\n", why, in->egress ? ", at egress" : "", h->a.out.code);
	pktbuild_diff(stdout, in->frame, in->len, &none, 0);
	pktbuild_diff(
	    stdout, h->differential ? h->b.out.frame : in->frame, h->differential ? h->b.out.len : in->len, h->a.out.frame, h->a.out.len);
}

/* Drops that were counted. In plain C only: reading all counters after every packet costs a program's run more than the run. */
static uint64_t reasons_sum(const struct stage *s)
{
	uint64_t counters[SL_MAX_COUNTERS], sum = 0;

	if (!s->lane->host)
		return 0;
	s->lane->ops->counters(s->lane, counters);
	for (int i = 0; i < SL_MAX_REASONS; i++)
		sum += counters[i];
	return sum;
}

/* Could the core have followed this frame as a fragment? */
static bool may_be_fragment(const struct lane_in *in)
{
	uint8_t next = in->len > 20 ? in->frame[20] : 0;

	if (in->len > 21 && in->frame[12] == 0x86)
		return next != IPPROTO_TCP && next != IPPROTO_UDP;
	return in->len > 21 && (next & 0x3f || in->frame[21]);
}

static const char *run_one(struct hunt *h, const struct lane_in *in)
{
	uint64_t before = reasons_sum(&h->a), after;
	const char *why;

	stage_restore(&h->a);
	if (h->a.lane->ops->run(h->a.lane, in, &h->a.out))
		return "the lane could not be run";
	why = judge(&h->a, in);
	after = reasons_sum(&h->a);
	if (!why && h->a.lane->host && after - before != (h->a.out.verdict == LANE_DROP))
		why = "drops and counted reasons do not match";
	return why;
}

static bool try_one(struct hunt *h, const struct lane_in *in)
{
	struct lane_in once = *in;
	const char *why;

	once.express = h->a.lane->express;
	if (once.express && once.egress)
		return true;
	why = run_one(h, &once);
	if (h->differential) {
		stage_restore(&h->b);
		h->b.lane->ops->run(h->b.lane, &once, &h->b.out);
		why = why ? why : compare(h, in);
	}
	h->a.frags_stale = h->b.frags_stale = may_be_fragment(in);
	h->packets++;
	h->sent += h->a.out.verdict == LANE_SEND;
	h->dropped += h->a.out.verdict == LANE_DROP;
	if (why)
		complain(h, in, why);
	return h->failed < 100;
}

static void try_lengths(struct hunt *h, const struct lane_in *in)
{
	struct lane_in cut = *in;

	/* Behind the headers one payload byte more or less is like another. */
	for (cut.len = 14; cut.len < in->len; cut.len += cut.len < HEAD_MAX ? 1 : 61) {
		uint8_t *exact = malloc(cut.len); /* so that a sanitizer sees a read of one byte too many */

		if (!exact)
			return;
		memcpy(exact, in->frame, cut.len);
		cut.frame = exact;
		try_one(h, &cut);
		free(exact);
	}
}

static void try_bytes(struct hunt *h, const struct lane_in *in)
{
	size_t head = in->len < HEAD_MAX ? in->len : HEAD_MAX;
	struct lane_in changed = *in;
	uint8_t frame[PKT_MAX];

	changed.frame = frame;
	memcpy(frame, in->frame, in->len);
	for (size_t at = 0; at < head; at++) {
		for (int round = 0; round < 2 + RANDOM_ROUNDS; round++) {
			frame[at] = round == 0 ? 0 : round == 1 ? 0xff : roll(256);
			if (!try_one(h, &changed))
				return;
		}
		frame[at] = in->frame[at];
	}
}

/* Several bytes at once, and a cut. */
static void try_wild(struct hunt *h, const struct lane_in *in)
{
	struct lane_in changed = *in;
	uint8_t frame[PKT_MAX];

	changed.frame = frame;
	for (int round = 0; round < WILD_ROUNDS; round++) {
		memcpy(frame, in->frame, in->len);
		for (uint32_t n = 1 + roll(6); n; n--)
			frame[12 + roll((in->len < HEAD_MAX ? in->len : HEAD_MAX) - 12)] = roll(256);
		changed.len = round % 4 ? in->len : 14 + roll(in->len - 13);
		if (!try_one(h, &changed))
			return;
	}
}

static bool hunt_frame(void *arg, const struct lane_in *in)
{
	struct hunt *h = arg;

	if (try_one(h, in)) {
		try_lengths(h, in);
		try_bytes(h, in);
		try_wild(h, in);
	}
	return h->failed < 100;
}

static int hunt_world(struct lane *lane, struct lane *reference, const struct world *w)
{
	static struct hunt h;
	bool ready;

	memset(&h, 0, sizeof(h));
	dice = 0x5eed5eed5eed5eedULL;
	h.differential = reference != NULL;
	ready = stage_init(&h.a, lane, w) && (!reference || stage_init(&h.b, reference, w));
	if (ready)
		hostile_frames(w, hunt_frame, &h);
	stage_fini(&h.a);
	stage_fini(&h.b);
	printf("# %lu packets: %lu sent, %lu dropped, %u judged wrong\n", h.packets, h.sent, h.dropped, h.failed);
	printf("%s %s: %s: hostile packets%s\n", ready && !h.failed ? "ok" : "not ok", lane_name(lane), world_text(w),
	    reference ? " are treated as by plain C" : "");
	return !ready || h.failed;
}

int hostile_run(struct lane *lane, struct lane *reference, const char *filter, unsigned most)
{
	struct world w;
	unsigned i = 0;
	int failed = 0;

	if (reference)
		reference->express = lane->express;
	while (most-- && world_next(W_FAMILIES | W_PROTOS | W_METHODS, &i, &w))
		if (!filter || strstr("hostile", filter))
			failed += hunt_world(lane, reference, &w);
	return failed;
}
