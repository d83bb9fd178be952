/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source allow-lists: who may begin a connection. The lists are written as the bounds that they are in the maps. */
#include "tests/packet/rig.h"

#include <arpa/inet.h>
#include <string.h>

#define ALL W_FAMILIES | W_PROTOS
#define ONE_SERVER SERVICE(RR), SERVER(RS1, 1)
#define FIRST 3 /* bound: a list need not begin at the pool's beginning */

static void commit_list(struct rig *rig, uint32_t count)
{
	rig->svc.flags |= SL_SVC_ALLOW;
	rig->svc.allow = FIRST;
	rig->svc.allow_count = count;
	rig_commit(rig);
}

static void put_bound(struct rig *rig, uint32_t i, const char *text)
{
	struct sl_addr *bound = &rig->lane->bounds[FIRST + i];

	memset(bound, 0, sizeof(*bound));
	if (inet_pton(AF_INET6, text, bound->b) == 1)
		return;
	bound->b[10] = bound->b[11] = 0xff;
	inet_pton(AF_INET, text, bound->b + 12);
}

#define LIST(name, ...)                                                         \
	static const char *name(struct rig *rig)                                \
	{                                                                       \
		static const char *const texts[] = {__VA_ARGS__};               \
		for (uint32_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) \
			put_bound(rig, i, texts[i]);                            \
		commit_list(rig, sizeof(texts) / sizeof(texts[0]));             \
		return NULL;                                                    \
	}

LIST(only_client, "198.51.100.7", "198.51.100.8", "2001:db8:c::7", "2001:db8:c::8")
LIST(only_client2, "198.51.100.8", "198.51.100.9", "2001:db8:c::8", "2001:db8:c::9")
LIST(all_but_client, "0.0.0.0", "198.51.100.7", "198.51.100.8", "2001:db8:c::7", "2001:db8:c::8")
LIST(only_v4, "0.0.0.0", "::1:0:0:0")
LIST(only_v6, "::", "0.0.0.0", "::1:0:0:0")
LIST(from_client_up, "198.51.100.7")

static const char *nobody(struct rig *rig)
{
	commit_list(rig, 0);
	return NULL;
}

static const char *everybody(struct rig *rig)
{
	rig->svc.flags &= ~SL_SVC_ALLOW;
	rig_commit(rig);
	return NULL;
}

static char source[INET6_ADDRSTRLEN]; /* of the next packet */

static void from_source(struct pkt_spec *spec, const struct world *w)
{
	spec->ip.src = source;
}

static void set_source(const struct world *w, uint32_t n)
{
	uint32_t v4 = htonl(n);

	if (w->v6)
		snprintf(source, sizeof(source), "2001:db8::%x:%x", n >> 16, n & 0xffff);
	else
		inet_ntop(AF_INET, &v4, source, sizeof(source));
}

/* Clients 0x0a000000 + 4 i and the next one are allowed, i below `n`; the two behind them are not. */
static const char *pairs(struct rig *rig, uint32_t n)
{
	for (uint32_t i = 0; i < 2 * n; i++) {
		set_source(&rig->w, 0x0a000000 + 2 * i);
		put_bound(rig, i, source);
	}
	commit_list(rig, 2 * n);
	return NULL;
}

static const char *ask(struct rig *rig, uint32_t client, uint32_t n)
{
	bool allowed = client >= 0x0a000000 && client < 0x0a000000 + 4 * n && client % 4 < 2;
	struct shot shot = {.from = FROM_CLIENT, SYN, .tweak = from_source, .rs = RS1};

	shot.want = allowed ? WANT_FORWARD : WANT_DROP;
	shot.reason = allowed ? 0 : SL_DROP_NOT_ALLOWED;
	set_source(&rig->w, client);
	return rig_shoot(rig, &shot);
}

/* Lists of every length that a search could get wrong, asked at both ends and in the middle. */
static const char *every_length(struct rig *rig)
{
	static const uint32_t lengths[] = {1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 1000, 10000, (SL_MAX_BOUNDS - FIRST) / 2};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint32_t n = lengths[i], at[] = {0, n / 3, n / 2, n - 1};
		const char *why = pairs(rig, n);

		for (size_t j = 0; j < 4 && !why; j++)
			for (int d = -1; d <= 4 && !why; d++)
				why = ask(rig, 0x0a000000 + 4 * at[j] + d, n);
		if (why)
			return why;
		memset(rig->lane->tags, 0, rig->lane->slots * sizeof(rig->lane->tags[0]));
		memset(rig->lane->loads, 0, 16 * sizeof(rig->lane->loads[0]));
	}
	return NULL;
}

static const struct row rows_allow_table[] = {
    {"allow-list: a client on it is served, another is not", ALL | W_NAT | W_DR,
	.steps =
	    {
		ONE_SERVER,
		CALL(only_client),
		CLIENT_SENDS(SYN, FORWARDED(RS1)),
		CLIENT_SENDS(SYN, .client = CLIENT2, DROPPED(NOT_ALLOWED)),
		CONNS(1),
		REASON(NOT_ALLOWED, 1),
		LOAD(RS2, 0, 0),
	    }},
    {"allow-list: an empty one lets nobody in", ALL,
	.steps = {ONE_SERVER, CALL(nobody), CLIENT_SENDS(SYN, DROPPED(NOT_ALLOWED)), CONNS(0)}},
    {"allow-list: a hole in all", ALL,
	.steps =
	    {
		ONE_SERVER,
		CALL(all_but_client),
		CLIENT_SENDS(SYN, DROPPED(NOT_ALLOWED)),
		CLIENT_SENDS(SYN, .client = CLIENT2, FORWARDED(RS1)),
	    }},
    {"allow-list: an IPv4 list says nothing of IPv6", W_V6 | W_PROTOS,
	.steps = {ONE_SERVER, CALL(only_v4), CLIENT_SENDS(SYN, DROPPED(NOT_ALLOWED))}},
    {"allow-list: an IPv6 list says nothing of IPv4", W_V4 | W_PROTOS,
	.steps = {ONE_SERVER, CALL(only_v6), CLIENT_SENDS(SYN, DROPPED(NOT_ALLOWED))}},
    {"allow-list: one bound allows all that follow", ALL,
	.steps =
	    {
		ONE_SERVER,
		CALL(from_client_up),
		CLIENT_SENDS(SYN, FORWARDED(RS1)),
		CLIENT_SENDS(SYN, .client = CLIENT2, FORWARDED(RS1)),
	    }},
    {"allow-list: connections that are there go on when it changes", ALL | W_NAT,
	.steps =
	    {
		ONE_SERVER,
		CLIENT_SENDS(SYN, FORWARDED(RS1)),
		CALL(only_client2),
		CLIENT_SENDS(ACK, FORWARDED(RS1)),
		SERVER_SENDS(SYN_ACK, REPLIED(RS1)),
		CLIENT_SENDS(SYN, .cport = 40001, DROPPED(NOT_ALLOWED)),
		CALL(everybody),
		CLIENT_SENDS(SYN, .cport = 40001, FORWARDED(RS1)),
	    }},
    {"allow-list: TCP that begins nothing is the host's, listed or not", W_TCP | W_FAMILIES,
	.steps = {ONE_SERVER, CALL(nobody), CLIENT_SENDS(ACK, PASSED), CLIENT_SENDS(RST, PASSED)}},
    {"allow-list: no server is looked for in vain", ALL,
	.steps = {SERVICE(RR), CALL(only_client2), CLIENT_SENDS(SYN, DROPPED(NOT_ALLOWED)), REASON(NO_SERVER, 0)}},
    {"allow-list: lists of every length", W_FAMILIES, .slots = SL_MIN_SLOTS, .steps = {ONE_SERVER, CALL(every_length)}},
};

ROWS(rows_allow);
