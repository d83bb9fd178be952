/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PACKET_LANE_H
#define PACKET_LANE_H
/*
 * DOC: a lane under test
 *
 * The rows know nothing of where the core runs. A lane is the memory of its maps plus the few operations that are not memory:
 * lane_host.c is the core as plain C, lane_bpf.c the real programs through BPF_PROG_TEST_RUN in a network namespace
 * of the runner's own. Both sides of the director are Ethernet devices with fixed addresses.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sluice/abi.h"
#include "sluice/word.h"
#include "tests/lib/pktbuild.h"

enum lane_side { LANE_OUTSIDE, LANE_INSIDE, LANE_SIDES };

enum lane_verdict {
	LANE_PASS, /* up, rewritten or not */
	LANE_DROP,
	LANE_SEND, /* out, by redirect or XDP_TX; or left to bpf_redirect_neigh */
	LANE_ODD, /* a return code that no lane may give */
	LANE_REFUSED, /* the kernel did not run the program on such a frame */
};

struct lane_in {
	const uint8_t *frame;
	size_t len;
	enum lane_side side; /* the interface it came in by, or leaves by (egress) */
	bool egress;
	bool express; /* run the express lane, else the full one */
	bool marked; /* run what hangs on the mark device */
	uint32_t gso_size, gso_segs; /* 0: one packet */
	uint32_t mark; /* firewall mark; the express lane sees none */
};

struct lane_out {
	enum lane_verdict verdict;
	int code; /* what the program returned */
	bool bounced; /* sent out by the interface it came in by, as far as the lane tells (XDP_TX) */
	size_t len;
	uint8_t frame[PKT_MAX + 256];
};

struct lane {
	const struct lane_ops *ops;
	bool host; /* plain C */
	bool express; /* the rows that run now go by the express lane */
	uint32_t slots;
	unsigned cpus;
	uint32_t ifindex[LANE_SIDES];

	struct sl_settings *settings;
	struct sl_member *members;
	uint32_t *tables;
	struct sl_addr *bounds;
	struct sl_own *owns;
	struct sl_mark_rule *mark_rules;
	struct sl_dest *dests;
	struct sl_hop *hops;
	struct sl_link *links;
	struct sl_load *loads;
	uint64_t *cursors;
	struct sl_stats *stats;
	uint64_t *tags;
	struct sl_conn *conns;
};

/* int results are 0 or -errno. */
struct lane_ops {
	int (*run)(struct lane *lane, const struct lane_in *in, struct lane_out *ret_out);
	int (*svc_set)(struct lane *lane, const struct sl_svc_key *key, const struct sl_svc *svc); /* svc NULL: remove */
	int (*vip_set)(struct lane *lane, const struct sl_addr *addr, bool on);
	int (*origin_set)(struct lane *lane, const struct sl_svc_key *server, const struct sl_svc_key *svc); /* svc NULL: remove */
	int (*mark_set)(struct lane *lane, const struct sl_mark_key *key, const struct sl_mark_set *set); /* set NULL: remove */
	int (*hop_id_set)(struct lane *lane, const struct sl_neigh_key *key, uint32_t hop);
	/* What lblc and lblcr remember: the first (prev NULL) or next; -ENOENT after the last. */
	int (*cache_next)(struct lane *lane, const struct sl_cache_key *prev, struct sl_cache_key *ret_key, struct sl_cache *ret_cache);
	int (*cache_del)(struct lane *lane, const struct sl_cache_key *key);
	void (*counters)(struct lane *lane, uint64_t ret_counters[SL_MAX_COUNTERS]);
	void (*frags_clear)(struct lane *lane);
	int (*frag_set)(struct lane *lane, const struct sl_frag_key *key, const struct sl_frag *frag);
	int (*sweep)(struct lane *lane, struct sl_broom *broom);
	uint32_t (*now)(struct lane *lane); /* tick */
};

/* The seed of every table under test, so that two lanes place their connections alike. */
#define LANE_SEED0 0x0123456789abcdefULL
#define LANE_SEED1 0xfedcba9876543210ULL

/* Ticks so long that none passes while a row runs: rows let time pass by ageing the words. */
#define LANE_SLOW_TICKS 24

#define LANE_TICKS 4 /* a second, nominally: timeouts are written in these, and aged in these */

/* Plain C; never fails short of memory. */
struct lane *lane_host_new(uint32_t slots);
void lane_host_free(struct lane *lane);

/* The programs, both lanes over the same maps. Enter a network namespace of our own with lane_bpf_enter() first. */
int lane_bpf_enter(void);
int lane_bpf_new(uint32_t slots, uint32_t tick_shift, struct lane **ret_lane);
int lane_bpf_fd(const struct lane *lane, bool express); /* of the program */
void lane_bpf_free(struct lane *lane);

/* "host full", "express", ... */
const char *lane_name(const struct lane *lane);

#endif
