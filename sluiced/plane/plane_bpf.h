/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_PLANE_BPF_H
#define SLUICED_PLANE_BPF_H
/*
 * DOC: inside the real plane
 *
 * What plane_bpf.c, load.c, lanes.c and teardown.c share about a plane over pinned maps. The pins of one network namespace
 * (bpffs.h says where they live):
 *
 *   settings, svcs, ...        the maps, by their names; the directory appears under its name only when all are there and filled
 *   build-HASH/full_ingress    the programs of one build; HASH is over the objects and their constants
 *   attached/in-N, out-N          tcx links of interface N (its ifindex): the full lane's ingress and egress
 *   attached/drv-N, skb-N         XDP link of interface N: the express lane, native or generic
 *   attached/namespace         a link to the network namespace itself (anchor.h)
 *   attached/filter-N             (a directory: a mark) interface N has our clsact filters ...
 *   attached/clsact-N             ... and the clsact qdisc is ours as well
 */

#include "sluiced/plane/plane.h"

#define PLANE_MAPS(X) \
	X(settings)   \
	X(svcs)       \
	X(members)    \
	X(tables)     \
	X(bounds)     \
	X(owns)       \
	X(marks)      \
	X(mark_rules) \
	X(origins)    \
	X(caches)     \
	X(calls)      \
	X(dests) X(hops) X(hop_ids) X(links) X(vips) X(tags) X(conns) X(loads) X(cursors) X(stats) X(counters) X(frags) X(trail) X(ledger)

enum plane_map {
#define X(name) MAP_##name,
	PLANE_MAPS(X)
#undef X
	    MAP_COUNT
};

enum plane_prog { PROG_FULL_INGRESS, PROG_FULL_EGRESS, PROG_FULL_MARK, PROG_EXPRESS, PROG_BROOM, PROG_COUNT };

/* By the enums above: pin and program names. */
extern const char *const plane_map_name[MAP_COUNT];
extern const char *const plane_prog_name[PROG_COUNT];

struct ring_buffer;

struct plane_bpf {
	struct plane plane; /* first: a struct plane of ours is a struct plane_bpf */
	int root; /* the bpffs */
	int dir; /* this network namespace's pins; also holds a shared flock, so that nobody collects them */
	int links; /* the subdirectory */
	int map[MAP_COUNT];
	int prog[PROG_COUNT]; /* the express lane's is -1 where the kernel refused it */
	uint32_t prog_id[PROG_COUNT];
	struct ring_buffer *trail; /* NULL until somebody records */
};

/* The real plane under this one, or NULL if it is a fake. */
struct plane_bpf *plane_bpf_of(struct plane *plane);

/* trail.c: the operation, and the end of its ring. */
int plane_bpf_trail(struct plane *plane, struct sl_trail *ret_events, unsigned max);
void plane_bpf_trail_close(struct plane_bpf *bpf);

/* What the kernel says of a link. */
struct plane_link_info {
	uint32_t prog_id;
	uint32_t ifindex; /* 0: the interface has gone */
};

int plane_link_info(int link_fd, struct plane_link_info *ret_info);

/* Detaches a pinned link at once and removes the pin (lanes.c); 0 also if there is no such pin. */
int lanes_unlink(int links, const char *name);

/*
 * Sets *ret_why to a sentence in a static buffer (the next call overwrites it) and returns err.
 */
int plane_why(const char **ret_why, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * Fills bpf->map and bpf->prog (load.c): maps adopted from bpf->dir if it is >= 0, else made and pinned under the name `pins` in
 * bpf->root; programs of this very build adopted, else loaded and pinned. slots 0: as pinned, else the default.
 */
int plane_bpf_load(struct plane_bpf *bpf, const char *pins, uint32_t slots, const char **ret_why);

#endif
