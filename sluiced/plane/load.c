/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: loading and adopting
 *
 * The three objects (tc, xdp, broom) declare the same maps; here each map exists once, pinned by its name. New maps are made in a
 * directory that gets its final name only when it is complete, so a daemon that dies half-way leaves nothing that looks whole.
 * Programs are pinned in a directory named by a hash over their objects and constants: if it is there, this very build
 * was loaded before and is taken as it is, without the verifier; if not, it is loaded beside the old one, and lanes.c moves every
 * interface from the old programs to the new by an atomic replacement.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "bpf/broom.skel.h"
#include "bpf/tc.skel.h"
#include "bpf/xdp.skel.h"

#include "base/log.h"
#include "sluiced/plane/bpffs.h"
#include "sluiced/plane/plane_bpf.h"
#include "sluiced/plane/probe.h"

const char *const plane_map_name[MAP_COUNT] = {
#define X(name) [MAP_##name] = #name,
    PLANE_MAPS(X)
#undef X
};

const char *const plane_prog_name[PROG_COUNT] = {[PROG_FULL_INGRESS] = "full_ingress",
    [PROG_FULL_EGRESS] = "full_egress",
    [PROG_FULL_MARK] = "full_mark",
    [PROG_EXPRESS] = "express",
    [PROG_BROOM] = "broom"};

enum object { OBJECT_TC, OBJECT_XDP, OBJECT_BROOM, OBJECT_COUNT };

static const enum object object_of[PROG_COUNT] = {OBJECT_TC, OBJECT_TC, OBJECT_TC, OBJECT_XDP, OBJECT_BROOM};

struct loader {
	struct plane_bpf *bpf;
	struct tc_lane *tc;
	struct xdp_lane *xdp;
	struct broom_lane *broom;
	struct bpf_object *object[OBJECT_COUNT];
	struct sl_settings settings;
	char build[BPFFS_NAME];
};

/* libbpf explains a refusal in a hundred lines: kept back unless somebody debugs, the sentence says the rest. */
static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	const char *wanted = getenv("SLUICE_BPF_LOG");

	if (!wanted || !*wanted)
		return 0;
	return vfprintf(stderr, format, args);
}

#define MORE "; with SLUICE_BPF_LOG=1 in its environment sluiced shows what the kernel said"

static int refused(const char **ret_why, int err, const char *what, const char *name)
{
	struct utsname u;

	uname(&u);
	if (err == -EPERM || err == -EACCES)
		return plane_why(ret_why, err, "the kernel does not let us %s %s: %s%s" MORE, what, name, strerror(-err), probe_missing());
	if (err == -ENOMEM)
		return plane_why(ret_why, err, "no memory to %s %s: choose a smaller connection table or give us more memory", what, name);
	return plane_why(ret_why, err, "the kernel (%s) refuses to %s %s: %s" MORE, u.release, what, name, strerror(-err));
}

static int open_objects(struct loader *l, const char **ret_why)
{
	l->tc = tc_lane__open();
	l->xdp = xdp_lane__open();
	l->broom = broom_lane__open();
	if (!l->tc || !l->xdp || !l->broom)
		return plane_why(ret_why, -EINVAL, "the BPF objects in this program can't be opened: %s", strerror(errno));
	l->object[OBJECT_TC] = l->tc->obj;
	l->object[OBJECT_XDP] = l->xdp->obj;
	l->object[OBJECT_BROOM] = l->broom->obj;
	return 0;
}

static void close_objects(struct loader *l)
{
	tc_lane__destroy(l->tc);
	xdp_lane__destroy(l->xdp);
	broom_lane__destroy(l->broom);
}

static struct bpf_map *map_of(struct loader *l, enum object object, enum plane_map map)
{
	return bpf_object__find_map_by_name(l->object[object], plane_map_name[map]);
}

/* Sizes that maps.h can't know. */
static int size_maps(struct loader *l, const char **ret_why)
{
	enum object o;
	int err = 0;

	for (o = 0; o < OBJECT_COUNT && !err; o++) {
		err = bpf_map__set_max_entries(map_of(l, o, MAP_tags), l->settings.slots / SL_BUCKET_SLOTS);
		err = err ?: bpf_map__set_max_entries(map_of(l, o, MAP_conns), l->settings.slots);
		err = err ?: bpf_map__set_max_entries(map_of(l, o, MAP_stats), l->bpf->plane.cpus * SL_MAX_DESTS);
	}
	return err ? plane_why(ret_why, err, "can't size the connection table: %s", strerror(-err)) : 0;
}

#define SET_CONSTANTS(lane, s, csum_ipv6)                                           \
	do {                                                                        \
		(lane)->rodata->cfg_bucket_mask = (s)->slots / SL_BUCKET_SLOTS - 1; \
		(lane)->rodata->cfg_tick_shift = (s)->tick_shift;                   \
		(lane)->rodata->cfg_seed0 = (s)->seed[0];                           \
		(lane)->rodata->cfg_seed1 = (s)->seed[1];                           \
		(lane)->rodata->cfg_csum_ipv6 = (csum_ipv6);                        \
	} while (0)

static void set_constants(struct loader *l)
{
	const struct sl_settings *s = &l->settings;
	uint64_t csum_ipv6 = probe_csum_ipv6();

	SET_CONSTANTS(l->tc, s, csum_ipv6);
	SET_CONSTANTS(l->xdp, s, csum_ipv6);
	SET_CONSTANTS(l->broom, s, csum_ipv6);
}

static uint64_t hash_bytes(uint64_t h, const void *data, size_t size)
{
	const unsigned char *p = data;

	while (size--)
		h = (h ^ *p++) * 0x100000001b3ULL; /* FNV-1a */
	return h;
}

static void name_build(struct loader *l)
{
	const struct bpf_object_skeleton *s[] = {l->tc->skeleton, l->xdp->skeleton, l->broom->skeleton};
	uint64_t h = 0xcbf29ce484222325ULL;
	unsigned i;

	for (i = 0; i < OBJECT_COUNT; i++)
		h = hash_bytes(h, s[i]->data, s[i]->data_sz);
	h = hash_bytes(h, l->tc->rodata, sizeof(*l->tc->rodata));
	snprintf(l->build, sizeof(l->build), "build-%016" PRIx64, h);
}

/* Jiffies to ticks: the power of two that comes nearest to a quarter of a second. */
static uint32_t tick_shift(uint32_t hz)
{
	uint32_t shift = 0;

	while ((17ULL << shift) < 3ULL * hz && shift < 16)
		shift++;
	return shift;
}

static const uint32_t timeout_of[SL_MAX_STATES] = {
#define X(name, number, text, seconds, active, rank) [number] = seconds,
#include "sluice/state.def"
#undef X
};

static const int32_t sysctl_of[SL_MAX_SYSCTLS] = {
#define X(name, number, text, value, least, most, unit) [number] = value,
#include "sluice/sysctl.def"
#undef X
};

static int new_settings(struct sl_settings *ret_settings, uint32_t slots, const char **ret_why)
{
	struct sl_settings s = {.abi = SL_ABI_VERSION, .slots = slots ?: SL_DEFAULT_SLOTS};
	struct timespec res;
	unsigned i;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &res) || res.tv_sec || res.tv_nsec <= 0)
		return plane_why(ret_why, -EINVAL, "can't learn the length of a jiffy from CLOCK_MONOTONIC_COARSE");
	if (getrandom(s.seed, sizeof(s.seed), 0) != sizeof(s.seed))
		return plane_why(ret_why, -EIO, "no random numbers for the connection table's hash: %s", strerror(errno));
	s.hz = (1000000000 + res.tv_nsec / 2) / res.tv_nsec;
	s.tick_shift = tick_shift(s.hz);
	for (i = 0; i < SL_MAX_STATES; i++) {
		s.timeout_s[i] = timeout_of[i];
		s.timeout[i] = ((uint64_t)timeout_of[i] * s.hz + (1U << s.tick_shift) - 1) >> s.tick_shift;
		s.own_least[i] = s.timeout[i];
	}
	memcpy(s.sysctl, sysctl_of, sizeof(s.sysctl));
	*ret_settings = s;
	return 0;
}

static int write_settings(struct loader *l, const char **ret_why)
{
	uint32_t zero = 0;
	int err = bpf_map_update_elem(l->bpf->map[MAP_settings], &zero, &l->settings, BPF_ANY) ? -errno : 0;

	return err ? refused(ret_why, err, "write", "the settings") : 0;
}

/* Loads one object over the maps that are there. */
static int load_object(struct loader *l, enum object o, const char **ret_why)
{
	static const char *const name[] = {"the full lane", "the express lane", "the broom"};
	int m, err;

	for (m = 0; m < MAP_COUNT; m++) {
		if (l->bpf->map[m] < 0)
			continue;
		err = bpf_map__reuse_fd(map_of(l, o, m), l->bpf->map[m]);
		if (err)
			return plane_why(ret_why, err, "can't use the map %s again: %s", plane_map_name[m], strerror(-err));
	}
	err = bpf_object__load(l->object[o]);
	return err ? refused(ret_why, err, "load", name[o]) : 0;
}

/* The tc object makes the maps as it is loaded; they get their pins, and the pins their place. */
static int make_maps(struct loader *l, const char *pins, const char **ret_why)
{
	char aside[BPFFS_NAME];
	int dir, m, err = load_object(l, OBJECT_TC, ret_why);

	if (err)
		return err;
	for (m = 0; m < MAP_COUNT; m++)
		l->bpf->map[m] = fcntl(bpf_map__fd(map_of(l, OBJECT_TC, m)), F_DUPFD_CLOEXEC, 0);
	err = write_settings(l, ret_why);
	if (err)
		return err;
	snprintf(aside, sizeof(aside), "%.40s-new", pins);
	err = bpffs_remove(l->bpf->root, aside);
	dir = err ?: bpffs_dir(l->bpf->root, aside, true);
	if (dir < 0)
		return plane_why(ret_why, dir, "can't make the directory %s in " BPFFS_PATH ": %s", aside, strerror(-dir));
	l->bpf->dir = dir;
	flock(dir, LOCK_SH); /* from here on nobody collects it; the lock goes with the directory's new name */
	for (m = 0; m < MAP_COUNT && !err; m++)
		err = bpffs_pin(dir, plane_map_name[m], l->bpf->map[m]);
	if (!err && renameat(l->bpf->root, aside, l->bpf->root, pins))
		err = -errno;
	return err ? plane_why(ret_why, err, "can't pin the maps in " BPFFS_PATH ": %s", strerror(-err)) : 0;
}

/* Is the pinned map what this build declares? */
static bool map_fits(const struct bpf_map *map, const struct bpf_map_info *info)
{
	return info->type == bpf_map__type(map) && info->key_size == bpf_map__key_size(map) &&
	       info->value_size == bpf_map__value_size(map) && info->max_entries == bpf_map__max_entries(map) &&
	       info->map_flags == bpf_map__map_flags(map);
}

#define START_AFRESH "; `sluiced --teardown` removes them (and ends all connections), then start again"

static int adopt_map(struct loader *l, enum plane_map m, const char **ret_why)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	int fd = bpffs_get(l->bpf->dir, plane_map_name[m]);

	if (fd < 0)
		return plane_why(ret_why, fd, "the pinned map %s can't be opened (%s)" START_AFRESH, plane_map_name[m], strerror(-fd));
	l->bpf->map[m] = fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return plane_why(ret_why, -errno, "the pinned map %s can't be read: %s", plane_map_name[m], strerror(errno));
	if (m != MAP_settings && !map_fits(map_of(l, OBJECT_TC, m), &info))
		return plane_why(ret_why, -EPROTO, "the pinned map %s is of another build of Sluice or another number of CPUs" START_AFRESH,
		    plane_map_name[m]);
	return 0;
}

static int adopt_settings(struct loader *l, uint32_t slots, const char **ret_why)
{
	struct sl_settings s = {0};
	struct bpf_map_info info = {0};
	uint32_t zero = 0, size = sizeof(info);
	int err = adopt_map(l, MAP_settings, ret_why);

	if (err)
		return err;
	if (bpf_obj_get_info_by_fd(l->bpf->map[MAP_settings], &info, &size) || info.value_size != sizeof(s) ||
	    bpf_map_lookup_elem(l->bpf->map[MAP_settings], &zero, &s) || s.abi != SL_ABI_VERSION)
		return plane_why(
		    ret_why, -EPROTO, "the pinned maps are of ABI %" PRIu32 ", this sluiced speaks %d" START_AFRESH, s.abi, SL_ABI_VERSION);
	if (slots && slots != s.slots)
		return plane_why(ret_why, -EBUSY, "the connection table that is running has %" PRIu32 " slots, not %" PRIu32 START_AFRESH,
		    s.slots, slots);
	l->settings = s;
	return 0;
}

static int adopt_maps(struct loader *l, const char **ret_why)
{
	int m, err = 0;

	for (m = MAP_settings + 1; m < MAP_COUNT && !err; m++)
		err = adopt_map(l, m, ret_why);
	return err;
}

static int prog_id(int fd, uint32_t *ret_id)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	*ret_id = info.id;
	return 0;
}

/* The programs of this very build, if they were loaded before; -ENOENT if not. What is not pinned then was refused then. */
static int adopt_programs(struct loader *l)
{
	int dir = bpffs_dir(l->bpf->dir, l->build, false), p, err = 0;

	if (dir < 0)
		return dir;
	for (p = 0; p < PROG_COUNT && !err; p++) {
		l->bpf->prog[p] = bpffs_get(dir, plane_prog_name[p]);
		if (l->bpf->prog[p] >= 0)
			err = prog_id(l->bpf->prog[p], &l->bpf->prog_id[p]);
		else if (p != PROG_EXPRESS || l->bpf->prog[p] != -ENOENT)
			err = l->bpf->prog[p];
	}
	close(dir);
	return err;
}

/* The full lane and the broom have to be; without the express lane a director does the same work, slower. */
static int load_objects(struct loader *l, const char **ret_why)
{
	enum object o;
	int err = 0;

	for (o = 0; o < OBJECT_COUNT && !err; o++) {
		if (bpf_program__fd(bpf_object__next_program(l->object[o], NULL)) >= 0)
			continue;
		err = load_object(l, o, ret_why);
		if (err && o == OBJECT_XDP) {
			log_warn("%s; there is no express lane, the full lane does its work", *ret_why);
			err = 0;
		}
	}
	return err;
}

static int take_program(struct loader *l, enum plane_prog p)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(l->object[object_of[p]], plane_prog_name[p]);

	if (bpf_program__fd(prog) < 0)
		return 0; /* refused */
	l->bpf->prog[p] = fcntl(bpf_program__fd(prog), F_DUPFD_CLOEXEC, 0);
	return prog_id(l->bpf->prog[p], &l->bpf->prog_id[p]);
}

static int load_programs(struct loader *l, const char **ret_why)
{
	int p, err = load_objects(l, ret_why);

	for (p = 0; p < PROG_COUNT && !err; p++) {
		err = take_program(l, p);
		if (err)
			plane_why(ret_why, err, "can't read the program %s: %s", plane_prog_name[p], strerror(-err));
	}
	return err;
}

static int pin_programs(struct loader *l)
{
	int dir, p, err = bpffs_remove(l->bpf->dir, "build-new");

	dir = err ?: bpffs_dir(l->bpf->dir, "build-new", true);
	if (dir < 0)
		return dir;
	for (p = 0; p < PROG_COUNT && !err; p++)
		if (l->bpf->prog[p] >= 0)
			err = bpffs_pin(dir, plane_prog_name[p], l->bpf->prog[p]);
	close(dir);
	err = err ?: bpffs_remove(l->bpf->dir, l->build);
	if (!err && renameat(l->bpf->dir, "build-new", l->bpf->dir, l->build))
		err = -errno;
	return err;
}

static int remove_other_build(void *arg, int dir, const char *name)
{
	const struct loader *l = arg;

	return strncmp(name, "build-", 6) || !strcmp(name, l->build) ? 0 : bpffs_remove(dir, name);
}

static void drop_program(struct plane_bpf *bpf, enum plane_prog p)
{
	if (bpf->prog[p] >= 0)
		close(bpf->prog[p]);
	bpf->prog[p] = -1;
}

static int take_programs(struct loader *l, const char **ret_why)
{
	int p, err = adopt_programs(l);

	if (err) {
		for (p = 0; p < PROG_COUNT; p++)
			drop_program(l->bpf, p);
		err = load_programs(l, ret_why);
		if (err)
			return err;
		err = pin_programs(l);
	}
	err = err ?: bpffs_each(l->bpf->dir, remove_other_build, l);
	return err ? plane_why(ret_why, err, "can't pin the programs in " BPFFS_PATH ": %s", strerror(-err)) : 0;
}

static int load_all(struct loader *l, const char *pins, uint32_t slots, const char **ret_why)
{
	bool adopt = l->bpf->dir >= 0;
	int err = open_objects(l, ret_why);

	err = err ?: adopt ? adopt_settings(l, slots, ret_why) : new_settings(&l->settings, slots, ret_why);
	err = err ?: size_maps(l, ret_why);
	if (err)
		return err;
	set_constants(l);
	name_build(l);
	err = adopt ? adopt_maps(l, ret_why) : make_maps(l, pins, ret_why);
	return err ?: take_programs(l, ret_why);
}

int plane_bpf_load(struct plane_bpf *bpf, const char *pins, uint32_t slots, const char **ret_why)
{
	libbpf_print_fn_t before = libbpf_set_print(quiet);
	struct loader l = {.bpf = bpf};
	int err = load_all(&l, pins, slots, ret_why);

	close_objects(&l);
	libbpf_set_print(before);
	return err;
}
