/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/sched/reference.h"

#include <string.h>

bool ref_usable(const struct ref_server *s)
{
	return s->weight > 0 && !s->over;
}

static uint64_t overhead(const struct ref_server *s)
{
	return 256ULL * s->active + s->active + s->inactive;
}

/* a/weight_a < b/weight_b */
static bool cheaper(uint64_t a, int weight_a, uint64_t b, int weight_b)
{
	return (unsigned __int128)a * weight_b < (unsigned __int128)b * weight_a;
}

static unsigned place(const struct reference *r, const struct ref_server *s)
{
	unsigned i = 0;

	while (i < r->count && r->list[i] != s)
		i++;
	return i;
}

static int common_divisor(int a, int b)
{
	return b ? common_divisor(b, a % b) : a;
}

/* The parts that follow a change. */

static void wrr_changed(struct reference *r, bool bound)
{
	int most = 0;

	r->di = 0;
	for (unsigned i = 0; i < r->count; i++) {
		if (r->list[i]->weight > 0)
			r->di = common_divisor(r->list[i]->weight, r->di);
		most = r->list[i]->weight > most ? r->list[i]->weight : most;
	}
	r->di = r->di ? r->di : 1;
	r->last = NULL;
	r->mw = most - (r->di - 1);
	if (bound || r->cw > r->mw || r->cw == 0)
		r->cw = r->mw;
	else if (r->di > 1)
		r->cw = r->cw / r->di * r->di + 1;
}

static void hash_changed(struct reference *r, bool by_weight)
{
	unsigned at = 0;
	int given = 0;

	for (unsigned i = 0; i < 256; i++) {
		r->table[i] = r->count ? r->list[at] : NULL;
		given++;
		if (r->count && (!by_weight || given >= r->list[at]->weight)) {
			at = at + 1 < r->count ? at + 1 : 0;
			given = 0;
		}
	}
}

static uint32_t bytes32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
}

/* The number of an address: of IPv4 the address, of IPv6 its four words by exclusive or. */
static uint32_t fold(const uint8_t addr[16], bool v6)
{
	return v6 ? bytes32(addr) ^ bytes32(addr + 4) ^ bytes32(addr + 8) ^ bytes32(addr + 12) : bytes32(addr + 12);
}

/* SipHash with one compression and three finalisation rounds (Aumasson, Bernstein), over the bytes of a number, least first. */
static void sip_round(uint64_t v[4])
{
#define ROTL(x, n) ((x) = (x) << (n) | (x) >> (64 - (n)))
	v[0] += v[1], ROTL(v[1], 13), v[1] ^= v[0], ROTL(v[0], 32);
	v[2] += v[3], ROTL(v[3], 16), v[3] ^= v[2];
	v[0] += v[3], ROTL(v[3], 21), v[3] ^= v[0];
	v[2] += v[1], ROTL(v[1], 17), v[1] ^= v[2], ROTL(v[2], 32);
#undef ROTL
}

static uint32_t siphash13(uint32_t number, uint64_t k0, uint64_t k1)
{
	static const char *const text[] = {"somepseu", "dorandom", "lygenera", "tedbytes"};
	uint64_t v[4], m = (uint64_t)4 << 56;

	for (int i = 0; i < 4; i++) {
		v[i] = 0;
		for (int j = 0; j < 8; j++)
			v[i] = v[i] << 8 | (uint8_t)text[i][j];
		v[i] ^= i % 2 ? k1 : k0;
		m |= (uint64_t)(number >> 8 * i & 255) << 8 * i;
	}
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return (uint32_t)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

static uint32_t mh_hash(uint32_t number)
{
	return siphash13(number, 2654435761U, 2654435761U) % 4093;
}

/* A server of the other family: its bytes as the service's family reads them. */
static uint32_t server_number(const struct reference *r, const struct ref_server *s)
{
	return (s->v4 ? bytes32(s->addr + 12) : r->v6 ? fold(s->addr, true) : bytes32(s->addr)) + s->port;
}

static void mh_changed(struct reference *r)
{
	unsigned offset[REF_MAX], skip[REF_MAX], next[REF_MAX] = {0}, filled = 0;
	int divisor = 0, most = 0, shift = 0, turns[REF_MAX];

	memset(r->table, 0, sizeof(r->table));
	for (unsigned i = 0; i < r->count; i++) {
		divisor = common_divisor(r->list[i]->last_weight, divisor);
		most = r->list[i]->last_weight > most ? r->list[i]->last_weight : most;
	}
	if (!divisor)
		return;
	while (most / divisor >> shift >= 64) /* more than six bits */
		shift++;
	for (unsigned i = 0; i < r->count; i++) {
		uint32_t number = server_number(r, r->list[i]);

		offset[i] = mh_hash(number);
		skip[i] = siphash13(number, 2654446892U, 2654446892U) % 4092 + 1;
		turns[i] = r->list[i]->last_weight / divisor >> shift;
		if (!turns[i] && r->list[i]->last_weight)
			turns[i] = 1;
	}
	/* Round by round, each takes as many of the free places on its own permutation as it has turns. */
	while (filled < 4093)
		for (unsigned i = 0; i < r->count; i++)
			for (int turn = 0; turn < turns[i] && filled < 4093; turn++) {
				unsigned at;

				do
					at = (offset[i] + (uint64_t)next[i]++ * skip[i]) % 4093;
				while (r->table[at]);
				r->table[at] = r->list[i];
				filled++;
			}
}

static void changed(struct reference *r, bool weight_only)
{
	switch (r->sched) {
	case SL_SCHED_WRR: wrr_changed(r, false); break;
	case SL_SCHED_DH:
		if (!weight_only)
			hash_changed(r, false);
		break;
	case SL_SCHED_SH: hash_changed(r, true); break;
	case SL_SCHED_MH: mh_changed(r); break;
	default: break;
	}
}

void ref_bind(struct reference *r, enum sl_sched sched, bool fallback, bool port, bool v6)
{
	r->sched = sched;
	r->fallback = fallback;
	r->port = port;
	r->v6 = v6;
	r->last = NULL;
	r->cache_count = 0;
	if (sched == SL_SCHED_WRR)
		wrr_changed(r, true);
	else
		changed(r, false);
}

void ref_add(struct reference *r, struct ref_server *s)
{
	memmove(r->list + 1, r->list, r->count * sizeof(r->list[0]));
	r->list[0] = s;
	r->count++;
	s->last_weight = s->weight;
	s->gone = false;
	changed(r, false);
}

void ref_edit(struct reference *r, struct ref_server *s, int weight)
{
	s->weight = weight;
	if (weight)
		s->last_weight = weight;
	changed(r, true);
}

void ref_delete(struct reference *r, struct ref_server *s)
{
	unsigned i = place(r, s);

	if (r->last == s)
		r->last = i ? r->list[i - 1] : NULL;
	memmove(r->list + i, r->list + i + 1, (r->count - i - 1) * sizeof(r->list[0]));
	r->count--;
	s->gone = true;
	changed(r, false);
}

/* The schedulers. */

static struct ref_server *rr(struct reference *r)
{
	unsigned start = r->last ? place(r, r->last) + 1 : 0;

	for (unsigned i = 0; i < r->count; i++) {
		struct ref_server *s = r->list[(start + i) % r->count];

		if (ref_usable(s))
			return r->last = s;
	}
	return NULL;
}

/* The rules of the last pass and of where to stop are ip_vs_wrr.c's own. */
static struct ref_server *wrr(struct reference *r)
{
	struct ref_server *last = r->last, *stop = NULL;
	bool last_pass = false, restarted = false;
	unsigned i = last ? place(r, last) + 1 : 0;

	if (!r->mw)
		return NULL;
	for (;; i = 0) {
		for (; i < r->count; i++) {
			struct ref_server *s = r->list[i];

			if (!s->over && s->weight >= r->cw)
				return r->last = s;
			if (s == stop) {
				r->last = s;
				return NULL;
			}
		}
		r->cw -= r->di;
		if (r->cw <= 0) {
			r->cw = r->mw;
			if (last_pass || !last) {
				r->last = NULL;
				return NULL;
			}
			restarted = true;
		}
		last_pass = r->cw <= r->di;
		if (last_pass && restarted && last)
			stop = last;
	}
}

static struct ref_server *least(struct reference *r, uint64_t (*cost)(const struct ref_server *), bool weighted)
{
	struct ref_server *best = NULL;

	for (unsigned i = 0; i < r->count; i++) {
		struct ref_server *s = r->list[i];

		if (ref_usable(s) && (!best || cheaper(cost(s), weighted ? s->weight : 1, cost(best), weighted ? best->weight : 1)))
			best = s;
	}
	return best;
}

static uint64_t delay(const struct ref_server *s)
{
	return (uint64_t)s->active + 1;
}

static struct ref_server *nq(struct reference *r)
{
	for (unsigned i = 0; i < r->count; i++)
		if (ref_usable(r->list[i]) && !r->list[i]->active)
			return r->list[i];
	return least(r, delay, true);
}

static struct ref_server *heaviest(struct reference *r, bool overflow)
{
	struct ref_server *best = NULL;

	for (unsigned i = 0; i < r->count; i++) {
		struct ref_server *s = r->list[i];

		if (!ref_usable(s) || (overflow && s->active > (uint32_t)s->weight))
			continue;
		if (!best || s->weight > best->weight)
			best = s;
	}
	return best;
}

static uint32_t golden(uint32_t number)
{
	return (uint32_t)((uint64_t)number * 0x61C88647U & 0xffffffffU) >> 24;
}

static struct ref_server *usable_or_none(struct ref_server *s)
{
	return s && ref_usable(s) ? s : NULL;
}

static struct ref_server *sh(struct reference *r, const struct ref_packet *p)
{
	uint32_t hash = golden((r->port ? p->sport : 0) + fold(p->src, p->v6));
	struct ref_server *s = usable_or_none(r->table[hash]);

	for (unsigned i = 0; r->fallback && !s && i < 256; i++)
		s = usable_or_none(r->table[((i + hash) % 256 + hash) % 256]);
	return s;
}

static struct ref_server *mh(struct reference *r, const struct ref_packet *p)
{
	uint32_t number = (r->port ? p->sport : 0) + fold(p->src, p->v6), hash = mh_hash(number);
	struct ref_server *s = usable_or_none(r->table[hash]);

	for (unsigned i = 0; r->fallback && !s && i < 4093; i++)
		s = usable_or_none(r->table[mh_hash(number + (i + hash) % 4093)]);
	return s;
}

static struct ref_cache *cache_of(struct reference *r, const struct ref_packet *p)
{
	for (unsigned i = 0; i < r->cache_count; i++)
		if (!memcmp(r->caches[i].daddr, p->dst, 16))
			return &r->caches[i];
	return NULL;
}

static struct ref_server *remember(struct reference *r, const struct ref_packet *p, struct ref_server *s)
{
	struct ref_cache *c = &r->caches[r->cache_count++];

	*c = (struct ref_cache){.used = p->now, .changed = p->now, .count = 1, .set = {s}};
	memcpy(c->daddr, p->dst, 16);
	return s;
}

/* Busier than its weight, while another is not half as busy as its own? */
static bool overloaded(const struct reference *r, const struct ref_server *s)
{
	if (s->active <= (uint32_t)s->weight)
		return false;
	for (unsigned i = 0; i < r->count; i++)
		if (2ULL * r->list[i]->active < (uint64_t)r->list[i]->weight)
			return true;
	return false;
}

static struct ref_server *lblc(struct reference *r, const struct ref_packet *p)
{
	struct ref_cache *c = cache_of(r, p);
	struct ref_server *s;

	if (c && !c->set[0]->gone && c->set[0]->weight > 0 && !overloaded(r, c->set[0]))
		return c->set[0];
	s = least(r, overhead, true);
	if (s && c)
		c->set[0] = s;
	return s && !c ? remember(r, p, s) : s;
}

static void set_take_most(struct ref_cache *c, uint64_t now)
{
	unsigned most = c->count;

	for (unsigned i = 0; i < c->count; i++)
		if (c->set[i]->weight > 0 &&
		    (most == c->count || cheaper(overhead(c->set[most]), c->set[most]->weight, overhead(c->set[i]), c->set[i]->weight)))
			most = i;
	if (most == c->count)
		return;
	memmove(c->set + most, c->set + most + 1, (c->count - most - 1) * sizeof(c->set[0]));
	c->count--;
	c->changed = now;
}

static void set_add(struct ref_cache *c, struct ref_server *s, uint64_t now)
{
	for (unsigned i = 0; i < c->count; i++)
		if (c->set[i] == s)
			return;
	memmove(c->set + 1, c->set, c->count * sizeof(c->set[0]));
	c->set[0] = s;
	c->count++;
	c->changed = now;
}

static struct ref_server *lblcr(struct reference *r, const struct ref_packet *p)
{
	struct ref_cache *c = cache_of(r, p);
	struct ref_server *s = NULL;

	for (unsigned i = 0; c && i < c->count; i++) {
		struct ref_server *one = c->set[i];

		if (ref_usable(one) && !one->gone && (!s || cheaper(overhead(one), one->weight, overhead(s), s->weight)))
			s = one;
	}
	if (c && c->count > 1 && p->now > c->changed + r->expiration)
		set_take_most(c, p->now);
	if (s && !overloaded(r, s))
		return s;
	s = least(r, overhead, true);
	if (s && c)
		set_add(c, s, p->now);
	return s && !c ? remember(r, p, s) : s;
}

struct ref_server *ref_pick(struct reference *r, const struct ref_packet *p)
{
	switch (r->sched) {
	case SL_SCHED_RR: return rr(r);
	case SL_SCHED_WRR: return wrr(r);
	case SL_SCHED_LC: return least(r, overhead, false);
	case SL_SCHED_WLC: return least(r, overhead, true);
	case SL_SCHED_LBLC: return lblc(r, p);
	case SL_SCHED_LBLCR: return lblcr(r, p);
	case SL_SCHED_DH: return usable_or_none(r->table[golden(fold(p->dst, p->v6))]);
	case SL_SCHED_SH: return sh(r, p);
	case SL_SCHED_SED: return least(r, delay, true);
	case SL_SCHED_NQ: return nq(r);
	case SL_SCHED_FO: return heaviest(r, false);
	case SL_SCHED_OVF: return heaviest(r, true);
	case SL_SCHED_MH: return mh(r, p);
	case SL_SCHED_TWOS: return NULL; /* by chance */
	}
	return NULL;
}
