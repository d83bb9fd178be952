/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/sched/table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "base/addr.h"
#include "bpf/sched/hash.h"

static uint32_t power_of_two(uint32_t least)
{
	uint32_t n = 1;

	while (n < least)
		n *= 2;
	return n;
}

uint32_t sched_gcd(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

uint32_t sched_wrr_bar(uint32_t bar, uint32_t gcd, uint32_t max)
{
	uint32_t top = max ? max - (gcd - 1) : 0;

	if (bar > top || bar == 0)
		return top;
	return gcd > 1 ? bar / gcd * gcd + 1 : bar;
}

uint32_t sched_table_words(enum sl_sched sched, uint32_t len)
{
	switch (sched) {
	case SL_SCHED_RR:
	case SL_SCHED_WRR: return len <= SL_MAX_SVC_DESTS + 1 && len == power_of_two(len) ? 2 * len : 0;
	case SL_SCHED_DH:
	case SL_SCHED_SH: return len == SCHED_HASH_SIZE ? len / 2 : 0;
	case SL_SCHED_MH: return len == SCHED_MH_SIZE ? (len + 1) / 2 : 0;
	default: return 0;
	}
}

/* rr, wrr: maxima of weights; word 0 is not used. */
static void fill_tree(uint32_t *words, uint32_t leaves, const struct sched_server *servers, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		words[leaves + i] = servers[i].weight;
	for (uint32_t node = leaves - 1; node; node--) {
		uint32_t left = words[2 * node], right = words[2 * node + 1];

		words[node] = left > right ? left : right;
	}
}

static void set_entry(uint32_t *words, uint32_t entry, uint32_t member)
{
	words[entry / 2] |= member << entry % 2 * 16;
}

/* dh: the servers in turn, whatever their weights. */
static void fill_dh(uint32_t *words, uint32_t count)
{
	for (uint32_t i = 0; i < SCHED_HASH_SIZE; i++)
		set_entry(words, i, i % count);
}

/* sh: the servers in turn, each as often as its weight says, once at least. */
static void fill_sh(uint32_t *words, const struct sched_server *servers, uint32_t count)
{
	int32_t given = 0;

	for (uint32_t i = 0, member = 0; i < SCHED_HASH_SIZE; i++) {
		set_entry(words, i, member);
		if (++given < servers[member].weight)
			continue;
		member = (member + 1) % count;
		given = 0;
	}
}

/* How a server goes through mh's table. */
struct walk {
	uint32_t at, step;
	uint32_t turns; /* entries that it takes in a round */
};

/* A server's address as the number that is hashed: as if an IPv4 one were the first word of an IPv6 one, and the other way round. */
static uint32_t server_number(const struct sched_server *s, bool v6)
{
	uint32_t word = addr_is_v4(s->addr.b) ? hash_addr(&s->addr, 0) : v6 ? hash_addr(&s->addr, 1) : hash_host32(s->addr.w[0]);

	return word + ntohs(s->port);
}

static int bits(uint32_t number)
{
	return number ? 32 - __builtin_clz(number) : 0;
}

/* The walks of the servers; false if none has ever had a weight. */
static bool walks(struct walk *walk, bool v6, const struct sched_server *servers, uint32_t count)
{
	uint32_t common = 0, most = 0;
	int shift;

	for (uint32_t i = 0; i < count; i++) {
		common = sched_gcd(servers[i].last_weight, common);
		most = (uint32_t)servers[i].last_weight > most ? (uint32_t)servers[i].last_weight : most;
	}
	if (!common)
		return false;
	shift = bits(most / common) - SCHED_MH_BITS;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t number = server_number(&servers[i], v6), weight = servers[i].last_weight;

		walk[i].at = hash_sip13(number, SCHED_MH_KEY1) % SCHED_MH_SIZE;
		walk[i].step = hash_sip13(number, SCHED_MH_KEY2) % (SCHED_MH_SIZE - 1) + 1;
		walk[i].turns = weight / common >> (shift > 0 ? shift : 0);
		if (!walk[i].turns && weight)
			walk[i].turns = 1;
	}
	return true;
}

/* The next entry on the server's walk that nobody has. */
static uint32_t walk_on(struct walk *walk, bool taken[SCHED_MH_SIZE])
{
	while (taken[walk->at])
		walk->at = (walk->at + walk->step) % SCHED_MH_SIZE;
	taken[walk->at] = true;
	return walk->at;
}

static void fill_mh(uint32_t *words, struct walk *walk, uint32_t count)
{
	bool taken[SCHED_MH_SIZE] = {false};
	uint32_t left = SCHED_MH_SIZE;

	while (left) {
		for (uint32_t i = 0; i < count; i++) {
			for (uint32_t turn = 0; turn < walk[i].turns && left; turn++, left--)
				set_entry(words, walk_on(&walk[i], taken), i);
		}
	}
}

static int make_mh(uint32_t *words, bool v6, const struct sched_server *servers, uint32_t count, uint32_t *ret_len)
{
	struct walk *walk = calloc(count, sizeof(*walk));

	if (!walk)
		return -ENOMEM;
	if (walks(walk, v6, servers, count))
		fill_mh(words, walk, count);
	else
		*ret_len = 0;
	free(walk);
	return 0;
}

/* The len of a table for so many servers. */
static uint32_t table_len(enum sl_sched sched, uint32_t count)
{
	switch (count ? sched : SL_SCHED_WLC) {
	case SL_SCHED_RR:
	case SL_SCHED_WRR: return power_of_two(count);
	case SL_SCHED_DH:
	case SL_SCHED_SH: return SCHED_HASH_SIZE;
	case SL_SCHED_MH: return SCHED_MH_SIZE;
	default: return 0;
	}
}

int sched_table_make(enum sl_sched sched, bool v6, const struct sched_server *servers, uint32_t count, struct sched_table *ret_table)
{
	struct sched_table table = {.len = table_len(sched, count)};
	int err = 0;

	table.count = sched_table_words(sched, table.len);
	table.words = table.count ? calloc(table.count, sizeof(*table.words)) : NULL;
	if (table.count && !table.words)
		return -ENOMEM;
	switch (table.count ? sched : SL_SCHED_WLC) {
	case SL_SCHED_RR:
	case SL_SCHED_WRR: fill_tree(table.words, table.len, servers, count); break;
	case SL_SCHED_DH: fill_dh(table.words, count); break;
	case SL_SCHED_SH: fill_sh(table.words, servers, count); break;
	case SL_SCHED_MH: err = make_mh(table.words, v6, servers, count, &table.len); break;
	default: break;
	}
	if (err || !table.len) {
		free(table.words);
		table = (struct sched_table){0};
	}
	if (!err)
		*ret_table = table;
	return err;
}
