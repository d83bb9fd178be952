/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_PLANE_H
#define SLUICED_PLANE_H
/*
 * DOC: the plane: the maps as the control plane sees them
 *
 * A plane is the mapped memory of the maps plus the few operations that need a system call. plane_bpf.c opens it over
 * real, pinned maps; plane_fake.c over plain memory, for the tests of everything above. The memory means what abi.h
 * says. Only sluiced/plane/ and the neighbour code write configuration, through the functions below, which skip a write that
 * would change nothing and count those that do: a start that changes nothing leaves `writes` at 0.
 */

#include <stdbool.h>
#include <stdint.h>

#include "sluice/abi.h"
#include "sluice/trail.h"
#include "sluice/word.h"

struct plane;

/* Return 0 or -errno. */
struct plane_ops {
	int (*svc_set)(struct plane *plane, const struct sl_svc_key *key, const struct sl_svc *svc);
	int (*svc_del)(struct plane *plane, const struct sl_svc_key *key);
	/* First (prev NULL) or next service in any order; -ENOENT after the last. */
	int (*svc_next)(struct plane *plane, const struct sl_svc_key *prev, struct sl_svc_key *ret_key, struct sl_svc *ret_svc);
	int (*vip_set)(struct plane *plane, const struct sl_addr *addr, bool on);
	int (*hop_id_set)(struct plane *plane, const struct sl_neigh_key *key, uint32_t hop); /* hop 0: remove */
	int (*mark_set)(struct plane *plane, const struct sl_mark_key *key, const struct sl_mark_set *set); /* set NULL: remove */
	int (*mark_next)(struct plane *plane, const struct sl_mark_key *prev, struct sl_mark_key *ret_key, struct sl_mark_set *ret_set);
	int (*origin_set)(struct plane *plane, const struct sl_svc_key *server, const struct sl_svc_key *svc); /* svc NULL: remove */
	int (*origin_next)(struct plane *plane, const struct sl_svc_key *prev, struct sl_svc_key *ret_server, struct sl_svc_key *ret_svc);
	/* What lblc and lblcr remember. A key that went meanwhile: -ENOENT. */
	int (*cache_next)(struct plane *plane, const struct sl_cache_key *prev, struct sl_cache_key *ret_key, struct sl_cache *ret_cache);
	int (*cache)(struct plane *plane, const struct sl_cache_key *key, struct sl_cache *ret_cache);
	int (*cache_del)(struct plane *plane, const struct sl_cache_key *key);
	/* The Call-ID of this hash; -ENOENT. */
	int (*call)(struct plane *plane, const struct sl_addr *hash, struct sl_call *ret_call);
	/* Sums over CPUs: SL_MAX_COUNTERS values. */
	int (*counters)(struct plane *plane, uint64_t ret_counters[SL_MAX_COUNTERS]);
	/* Events of the trail, up to `max` (1 or more), in order; their number or -errno. Fewer than max: there are no more now. */
	int (*trail)(struct plane *plane, struct sl_trail *ret_events, unsigned max);
	/* Run the broom over broom->count buckets from broom->first. */
	int (*sweep)(struct plane *plane, struct sl_broom *broom);
};

struct plane {
	const struct plane_ops *ops;
	bool adopted; /* the maps were there before us */
	uint32_t slots; /* of the connection table */
	unsigned cpus; /* possible CPUs: rows of stats */
	unsigned long writes; /* configuration writes so far */
	bool locals_counted;
	unsigned locals; /* dests with SL_DEST_LOCAL, once they are counted */

	struct sl_settings *settings;
	struct sl_member *members; /* SL_MAX_MEMBERS */
	__u32 *tables; /* SL_MAX_TABLES */
	struct sl_addr *bounds; /* SL_MAX_BOUNDS */
	struct sl_own *owns; /* SL_MAX_SVCS */
	struct sl_mark_rule *mark_rules; /* SL_MAX_MARK_RULES */
	struct sl_dest *dests; /* SL_MAX_DESTS */
	struct sl_hop *hops; /* SL_MAX_HOPS */
	struct sl_link *links; /* SL_MAX_LINKS */
	struct sl_load *loads; /* SL_MAX_DESTS; only `over` is written here, when thresholds are changed */
	uint64_t *cursors; /* SL_MAX_SVCS */
	struct sl_stats *stats; /* cpus * SL_MAX_DESTS; read only here */
	struct sl_ledger *ledger; /* SL_MAX_DESTS + SL_MAX_SVCS */
	const uint64_t *tags; /* slots; read only here */
	const struct sl_conn *conns;
};

/* The writers. hop and SL_DEST_LOCAL of a dest belong to the neighbour code; plane_dest_set() leaves them as they are. */
void plane_dest_set(struct plane *plane, uint32_t id, const struct sl_dest *dest);
void plane_dest_clear(struct plane *plane, uint32_t id);
void plane_dest_hop(struct plane *plane, uint32_t id, uint32_t hop, bool local);
void plane_members_set(struct plane *plane, uint32_t first, const struct sl_member *members, uint32_t count);
void plane_tables_set(struct plane *plane, uint32_t first, const __u32 *words, uint32_t count);
void plane_bounds_set(struct plane *plane, uint32_t first, const struct sl_addr *bounds, uint32_t count);
void plane_mark_rules_set(struct plane *plane, uint32_t first, const struct sl_mark_rule *rules, uint32_t count);
int plane_mark_set(struct plane *plane, const struct sl_mark_key *key, const struct sl_mark_set *set); /* set NULL: remove */
void plane_marks_set(struct plane *plane, uint32_t rules); /* rules of the classifier in force; 0: the lanes don't ask it */
void plane_mark_if_set(struct plane *plane, uint32_t ifindex); /* 0: there is no mark device */
void plane_flag_set(struct plane *plane, uint32_t flag, bool on); /* SL_SET_* */
void plane_hop_set(struct plane *plane, uint32_t id, const struct sl_hop *hop);
void plane_link_set(struct plane *plane, uint32_t ifindex, const struct sl_link *link);
void plane_route_gen_bump(struct plane *plane);
void plane_timeout_set(struct plane *plane, enum sl_state state, uint32_t seconds);
uint32_t plane_ticks(const struct plane *plane, uint32_t seconds); /* rounded up */
void plane_own_set(struct plane *plane, uint32_t svc, const struct sl_own *own);
void plane_own_least_set(struct plane *plane, const __u32 least[SL_MAX_STATES]);
void plane_sysctl_set(struct plane *plane, const __s32 values[SL_MAX_SYSCTLS]);
void plane_sync_set(struct plane *plane, unsigned i, const struct sl_sync *sync);
void plane_egress_set(struct plane *plane, bool on); /* plane_dest_hop() does it as needed */
void plane_cursor_reset(struct plane *plane, uint32_t svc); /* the next scheduler of this service begins afresh */
int plane_svc_set(struct plane *plane, const struct sl_svc_key *key, const struct sl_svc *svc);
int plane_svc_del(struct plane *plane, const struct sl_svc_key *key);
int plane_vip_set(struct plane *plane, const struct sl_addr *addr, bool on);
int plane_origin_set(struct plane *plane, const struct sl_svc_key *server, const struct sl_svc_key *svc); /* svc NULL: remove */

/* A dest's thresholds were changed: is it overloaded now? As IPVS's __ip_vs_dest_update_overload(). */
void plane_over_settle(struct plane *plane, uint32_t id);
void plane_over_clear(struct plane *plane, uint32_t id);

/* Connections of a dest that the table holds now; negative halves shown by a race count as 0. */
struct sl_load plane_load(const struct plane *plane, uint32_t id);

/* Sum of a dest's traffic over the CPUs. */
struct sl_stats plane_stats(const struct plane *plane, uint32_t id);

/* A plane over plain memory with `slots` slots (plane_fake.c). NULL without memory. */
struct plane *plane_fake_new(uint32_t slots);
void plane_fake_free(struct plane *plane);
void plane_fake_fail(struct plane *plane, unsigned after); /* the operation that follows `after` others gets -E2BIG; 0 next, ~0U never */
int plane_fake_cache(struct plane *plane, const struct sl_cache_key *key, const struct sl_cache *cache); /* as a lane remembers */
unsigned plane_fake_vips(const struct plane *plane);
void plane_fake_trail(struct plane *plane, const struct sl_trail *event); /* as a lane tells it; a few, then they are lost */

/*
 * A plane over the maps of this network namespace: pinned ones adopted, else made (plane_bpf.c). slots 0: as many as the pinned
 * table has, SL_DEFAULT_SLOTS for a new one; another number than the pinned table's is refused.
 * On failure -errno, and *ret_why a sentence (static or owned by the plane code) that says what is missing and what to do.
 */
int plane_bpf_open(uint32_t slots, struct plane **ret_plane, const char **ret_why);
void plane_bpf_close(struct plane *plane);

/* Remove every pin, link, filter and neighbour entry of this network namespace's director. */
int plane_bpf_teardown(const char **ret_why);

/* A live connection as listed. */
struct plane_conn {
	uint32_t slot;
	enum sl_state state;
	uint32_t expires_s; /* until the timeout, if no packet comes */
	uint32_t idle_s; /* since the last packet; of a template: the last use */
	struct sl_conn conn;
	struct sl_addr daddr; /* of the real server */
};

/*
 * Copies up to `max` live connections from slot `from` on; returns their number and sets *ret_next to where to go on, or to
 * plane->slots at the end (not 0 connections: a call looks at a bounded part of the table). Safe beside running lanes (word.h).
 */
uint32_t plane_conns(struct plane *plane, uint32_t from, struct plane_conn *ret_conns, uint32_t max, uint32_t *ret_next);

#endif
