/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "sluiced/plane/anchor.h"
#include "sluiced/plane/bpffs.h"
#include "sluiced/plane/plane_bpf.h"
#include "sluiced/plane/probe.h"

int plane_why(const char **ret_why, int err, const char *format, ...)
{
	static char why[400];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	*ret_why = why;
	return err;
}

int plane_link_info(int link_fd, struct plane_link_info *ret_info)
{
	struct bpf_link_info info = {0};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(link_fd, &info, &size))
		return -errno;
	ret_info->prog_id = info.prog_id;
	ret_info->ifindex = info.xdp.ifindex; /* tcx has it at the same place */
	return 0;
}

/*
 * An entry of a hash map comes from a small reserve of its CPU that an interrupt fills up again; an update that finds it empty fails with
 * ENOMEM although there is memory. So try again, a bounded number of times.
 */
static int update(int map, const void *key, const void *value)
{
	int tries, err = 0;

	for (tries = 0; tries < 1000; tries++) {
		err = bpf_map_update_elem(map, key, value, BPF_ANY) ? -errno : 0;
		if (err != -ENOMEM && err != -EBUSY)
			break;
		sched_yield();
	}
	return err;
}

static int delete(int map, const void *key)
{
	return bpf_map_delete_elem(map, key) ? -errno : 0;
}

static int op_svc_set(struct plane *plane, const struct sl_svc_key *key, const struct sl_svc *svc)
{
	return update(plane_bpf_of(plane)->map[MAP_svcs], key, svc);
}

static int op_svc_del(struct plane *plane, const struct sl_svc_key *key)
{
	return delete (plane_bpf_of(plane)->map[MAP_svcs], key);
}

static int op_svc_next(struct plane *plane, const struct sl_svc_key *prev, struct sl_svc_key *ret_key, struct sl_svc *ret_svc)
{
	int map = plane_bpf_of(plane)->map[MAP_svcs];
	struct sl_svc_key key;
	struct sl_svc svc;

	if (bpf_map_get_next_key(map, prev, &key) || bpf_map_lookup_elem(map, &key, &svc))
		return -errno;
	*ret_key = key;
	*ret_svc = svc;
	return 0;
}

static int op_vip_set(struct plane *plane, const struct sl_addr *addr, bool on)
{
	int map = plane_bpf_of(plane)->map[MAP_vips];
	uint32_t one = 1;

	return on ? update(map, addr, &one) : delete (map, addr);
}

static int op_hop_id_set(struct plane *plane, const struct sl_neigh_key *key, uint32_t hop)
{
	int map = plane_bpf_of(plane)->map[MAP_hop_ids], err;
	uint32_t now = 0;

	if (bpf_map_lookup_elem(map, key, &now) && errno != ENOENT)
		return -errno;
	if (now == hop)
		return 0;
	err = hop ? update(map, key, &hop) : delete (map, key);
	if (!err)
		plane->writes++;
	return err;
}

static int op_mark_set(struct plane *plane, const struct sl_mark_key *key, const struct sl_mark_set *set)
{
	int map = plane_bpf_of(plane)->map[MAP_marks];

	return set ? update(map, key, set) : delete (map, key);
}

static int op_mark_next(struct plane *plane, const struct sl_mark_key *prev, struct sl_mark_key *ret_key, struct sl_mark_set *ret_set)
{
	int map = plane_bpf_of(plane)->map[MAP_marks];

	if (bpf_map_get_next_key(map, prev, ret_key) || bpf_map_lookup_elem(map, ret_key, ret_set))
		return -errno;
	return 0;
}

static int op_origin_set(struct plane *plane, const struct sl_svc_key *server, const struct sl_svc_key *svc)
{
	int map = plane_bpf_of(plane)->map[MAP_origins];

	return svc ? update(map, server, svc) : delete (map, server);
}

static int op_origin_next(struct plane *plane, const struct sl_svc_key *prev, struct sl_svc_key *ret_server, struct sl_svc_key *ret_svc)
{
	int map = plane_bpf_of(plane)->map[MAP_origins];
	struct sl_svc_key server;

	if (bpf_map_get_next_key(map, prev, &server) || bpf_map_lookup_elem(map, &server, ret_svc))
		return -errno;
	*ret_server = server;
	return 0;
}

static int op_cache_next(struct plane *plane, const struct sl_cache_key *prev, struct sl_cache_key *ret_key, struct sl_cache *ret_cache)
{
	int map = plane_bpf_of(plane)->map[MAP_caches];
	struct sl_cache_key key;

	if (bpf_map_get_next_key(map, prev, &key) || bpf_map_lookup_elem(map, &key, ret_cache))
		return -errno;
	*ret_key = key;
	return 0;
}

static int op_cache(struct plane *plane, const struct sl_cache_key *key, struct sl_cache *ret_cache)
{
	return bpf_map_lookup_elem(plane_bpf_of(plane)->map[MAP_caches], key, ret_cache) ? -errno : 0;
}

static int op_cache_del(struct plane *plane, const struct sl_cache_key *key)
{
	return delete (plane_bpf_of(plane)->map[MAP_caches], key);
}

static int op_call(struct plane *plane, const struct sl_addr *hash, struct sl_call *ret_call)
{
	return bpf_map_lookup_elem(plane_bpf_of(plane)->map[MAP_calls], hash, ret_call) ? -errno : 0;
}

static int op_counters(struct plane *plane, uint64_t ret_counters[SL_MAX_COUNTERS])
{
	int map = plane_bpf_of(plane)->map[MAP_counters];
	uint64_t rows[plane->cpus];
	uint64_t sums[SL_MAX_COUNTERS] = {0};
	uint32_t i;
	unsigned cpu;

	for (i = 0; i < SL_MAX_COUNTERS; i++) {
		if (bpf_map_lookup_elem(map, &i, rows))
			return -errno;
		for (cpu = 0; cpu < plane->cpus; cpu++)
			sums[i] += rows[cpu];
	}
	memcpy(ret_counters, sums, sizeof(sums));
	return 0;
}

static int op_sweep(struct plane *plane, struct sl_broom *broom)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = broom, .ctx_size_in = sizeof(*broom));

	return bpf_prog_test_run_opts(plane_bpf_of(plane)->prog[PROG_BROOM], &run) ? -errno : 0;
}

static const struct plane_ops bpf_ops = {
    .svc_set = op_svc_set,
    .svc_del = op_svc_del,
    .svc_next = op_svc_next,
    .vip_set = op_vip_set,
    .hop_id_set = op_hop_id_set,
    .mark_set = op_mark_set,
    .mark_next = op_mark_next,
    .origin_set = op_origin_set,
    .origin_next = op_origin_next,
    .cache_next = op_cache_next,
    .cache = op_cache,
    .cache_del = op_cache_del,
    .call = op_call,
    .counters = op_counters,
    .trail = plane_bpf_trail,
    .sweep = op_sweep,
};

struct plane_bpf *plane_bpf_of(struct plane *plane)
{
	return plane->ops == &bpf_ops ? (struct plane_bpf *)plane : NULL;
}

/* The arrays that are mapped: where to, how large; the table itself is read only here. */
struct mapping {
	enum plane_map map;
	void **at;
	size_t size;
	int prot;
};

#define MAPPINGS 15

static void mappings(struct plane *p, struct mapping ret[MAPPINGS])
{
	const int rw = PROT_READ | PROT_WRITE, ro = PROT_READ;
	const struct mapping m[MAPPINGS] = {
	    {MAP_settings, (void **)&p->settings, sizeof(*p->settings), rw},
	    {MAP_members, (void **)&p->members, sizeof(*p->members) * SL_MAX_MEMBERS, rw},
	    {MAP_tables, (void **)&p->tables, sizeof(*p->tables) * SL_MAX_TABLES, rw},
	    {MAP_bounds, (void **)&p->bounds, sizeof(*p->bounds) * SL_MAX_BOUNDS, rw},
	    {MAP_owns, (void **)&p->owns, sizeof(*p->owns) * SL_MAX_SVCS, rw},
	    {MAP_mark_rules, (void **)&p->mark_rules, sizeof(*p->mark_rules) * SL_MAX_MARK_RULES, rw},
	    {MAP_dests, (void **)&p->dests, sizeof(*p->dests) * SL_MAX_DESTS, rw},
	    {MAP_hops, (void **)&p->hops, sizeof(*p->hops) * SL_MAX_HOPS, rw},
	    {MAP_links, (void **)&p->links, sizeof(*p->links) * SL_MAX_LINKS, rw},
	    {MAP_loads, (void **)&p->loads, sizeof(*p->loads) * SL_MAX_DESTS, rw},
	    {MAP_cursors, (void **)&p->cursors, sizeof(*p->cursors) * SL_MAX_SVCS, rw},
	    {MAP_stats, (void **)&p->stats, sizeof(*p->stats) * SL_MAX_DESTS * p->cpus, ro},
	    {MAP_ledger, (void **)&p->ledger, sizeof(*p->ledger) * (SL_MAX_DESTS + SL_MAX_SVCS), rw},
	    {MAP_tags, (void **)&p->tags, sizeof(*p->tags) * p->slots, ro},
	    {MAP_conns, (void **)&p->conns, sizeof(*p->conns) * p->slots, ro},
	};

	memcpy(ret, m, sizeof(m));
}

static int map_memory(struct plane_bpf *bpf, const char **ret_why)
{
	struct mapping m[MAPPINGS];
	void *at;
	int i;

	bpf->plane.slots = 0;
	at = mmap(NULL, sizeof(struct sl_settings), PROT_READ, MAP_SHARED, bpf->map[MAP_settings], 0);
	if (at != MAP_FAILED) {
		bpf->plane.slots = ((const struct sl_settings *)at)->slots;
		munmap(at, sizeof(struct sl_settings));
	}
	mappings(&bpf->plane, m);
	for (i = 0; i < MAPPINGS; i++) {
		at = mmap(NULL, m[i].size, m[i].prot, MAP_SHARED, bpf->map[m[i].map], 0);
		if (at == MAP_FAILED)
			return plane_why(ret_why, -errno, "can't map the memory of %s: %s", plane_map_name[m[i].map], strerror(errno));
		*m[i].at = at;
	}
	return 0;
}

static void unmap_memory(struct plane_bpf *bpf)
{
	struct mapping m[MAPPINGS];
	int i;

	mappings(&bpf->plane, m);
	for (i = 0; i < MAPPINGS; i++)
		if (*m[i].at)
			munmap(*m[i].at, m[i].size);
}

/* The pins of this namespace, held against collectors; bpf->dir stays -1 if there are none. */
static int open_pins(struct plane_bpf *bpf, const char *name)
{
	struct stat st;
	int dir, tries;

	for (tries = 0; tries < 10; tries++) {
		dir = bpffs_dir(bpf->root, name, false);
		if (dir == -ENOENT)
			return 0;
		if (dir < 0)
			return dir;
		if (!flock(dir, LOCK_SH) && !fstat(dir, &st) && st.st_nlink) {
			bpf->dir = dir;
			return 0;
		}
		close(dir); /* collected while we waited for the lock */
	}
	return -EBUSY;
}

static int open_plane(struct plane_bpf *bpf, uint32_t slots, const char **ret_why)
{
	char name[BPFFS_NAME];
	int err = bpffs_open(true, &bpf->root, ret_why);

	if (err)
		return err;
	err = bpffs_namespace(name);
	if (err)
		return plane_why(ret_why, err, "can't learn the cookie of this network namespace: %s", strerror(-err));
	bpffs_collect(bpf->root, name);
	err = open_pins(bpf, name);
	if (err)
		return plane_why(ret_why, err, "can't open %s in " BPFFS_PATH ": %s", name, strerror(-err));
	bpf->plane.adopted = bpf->dir >= 0;
	err = plane_bpf_load(bpf, name, slots, ret_why);
	if (err)
		return err;
	bpf->links = bpffs_dir(bpf->dir, "attached", true);
	if (bpf->links < 0)
		return plane_why(ret_why, bpf->links, "can't make a directory in " BPFFS_PATH ": %s", strerror(-bpf->links));
	err = anchor_set(bpf->links);
	if (err)
		log_info("no anchor for this network namespace (%s): should it go without a teardown, its pins stay", strerror(-err));
	return map_memory(bpf, ret_why);
}

static bool slots_fit(uint32_t slots)
{
	return !slots || (slots >= SL_MIN_SLOTS && slots <= SL_MAX_SLOTS && !(slots & (slots - 1)));
}

int plane_bpf_open(uint32_t slots, struct plane **ret_plane, const char **ret_why)
{
	struct plane_bpf *bpf;
	int err = probe_kernel(ret_why), cpus = libbpf_num_possible_cpus();

	if (err)
		return err;
	if (!slots_fit(slots))
		return plane_why(ret_why, -EINVAL, "the connection table can't have %u slots: a power of two from %d to %d", slots,
		    SL_MIN_SLOTS, SL_MAX_SLOTS);
	if (cpus < 0)
		return plane_why(ret_why, cpus, "can't learn how many CPUs are possible: %s", strerror(-cpus));
	bpf = calloc(1, sizeof(*bpf));
	if (!bpf)
		return plane_why(ret_why, -ENOMEM, "no memory");
	bpf->plane.ops = &bpf_ops;
	bpf->plane.cpus = cpus;
	bpf->root = bpf->dir = bpf->links = -1;
	memset(bpf->map, -1, sizeof(bpf->map));
	memset(bpf->prog, -1, sizeof(bpf->prog));
	err = open_plane(bpf, slots, ret_why);
	if (err) {
		plane_bpf_close(&bpf->plane);
		return err;
	}
	*ret_plane = &bpf->plane;
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void plane_bpf_close(struct plane *plane)
{
	struct plane_bpf *bpf = plane ? plane_bpf_of(plane) : NULL;
	int i;

	if (!bpf)
		return;
	plane_bpf_trail_close(bpf);
	unmap_memory(bpf);
	for (i = 0; i < PROG_COUNT; i++)
		close_fd(bpf->prog[i]);
	for (i = 0; i < MAP_COUNT; i++)
		close_fd(bpf->map[i]);
	close_fd(bpf->links);
	close_fd(bpf->dir);
	close_fd(bpf->root);
	free(bpf);
}
