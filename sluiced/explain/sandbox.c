/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/explain/sandbox.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sluiced/explain/programs.h"

struct sandbox {
	struct programs *programs;
	const struct plane *plane;
	uint64_t *tags;
	struct sl_conn *conns;
	struct sl_load *loads;
	uint64_t *cursors;
	uint32_t real_slot[SANDBOX_SLOTS]; /* of what was put in, plus 1 */
};

static int fd_of(const struct sandbox *sb, enum programs_fd item)
{
	return programs_fd(sb->programs, item);
}

static void unmap(void *at, size_t size)
{
	if (at)
		munmap(at, size);
}

void sandbox_free(struct sandbox *sb)
{
	if (!sb)
		return;
	unmap(sb->tags, SANDBOX_SLOTS * sizeof(*sb->tags));
	unmap(sb->conns, SANDBOX_SLOTS * sizeof(*sb->conns));
	unmap(sb->loads, SL_MAX_DESTS * sizeof(*sb->loads));
	unmap(sb->cursors, SL_MAX_SVCS * sizeof(*sb->cursors));
	free(sb);
}

static int map(void **at, int fd, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return -errno;
	*at = memory;
	return 0;
}

static int map_all(struct sandbox *sb)
{
	int err = map((void **)&sb->tags, fd_of(sb, PROGRAMS_TAGS), SANDBOX_SLOTS * sizeof(*sb->tags));

	err = err ?: map((void **)&sb->conns, fd_of(sb, PROGRAMS_CONNS), SANDBOX_SLOTS * sizeof(*sb->conns));
	err = err ?: map((void **)&sb->loads, fd_of(sb, PROGRAMS_LOADS), SL_MAX_DESTS * sizeof(*sb->loads));
	return err ?: map((void **)&sb->cursors, fd_of(sb, PROGRAMS_CURSORS), SL_MAX_SVCS * sizeof(*sb->cursors));
}

static void caches_clear(struct sandbox *sb)
{
	struct sl_cache_key key;

	for (int i = 0; i < 64 && !bpf_map_get_next_key(fd_of(sb, PROGRAMS_CACHES), NULL, &key); i++)
		bpf_map_delete_elem(fd_of(sb, PROGRAMS_CACHES), &key);
}

int sandbox_new(struct programs *programs, struct sandbox **ret_sandbox)
{
	struct sandbox *sb = calloc(1, sizeof(*sb));
	int err;

	if (!sb)
		return -ENOMEM;
	sb->programs = programs;
	sb->plane = &programs_plane(programs)->plane;
	err = map_all(sb);
	if (err) {
		sandbox_free(sb);
		return err;
	}
	*ret_sandbox = sb;
	return 0;
}

void sandbox_reset(struct sandbox *sb)
{
	memset(sb->tags, 0, SANDBOX_SLOTS * sizeof(*sb->tags));
	memset(sb->real_slot, 0, sizeof(sb->real_slot));
	memcpy(sb->loads, sb->plane->loads, SL_MAX_DESTS * sizeof(*sb->loads));
	memcpy(sb->cursors, sb->plane->cursors, SL_MAX_SVCS * sizeof(*sb->cursors));
	caches_clear(sb);
}

/* The template's slot here, if it was put in before. */
static uint32_t slot_here(const struct sandbox *sb, uint32_t real)
{
	for (uint32_t i = 0; real && i < SANDBOX_SLOTS; i++)
		if (sb->real_slot[i] == real)
			return i + 1;
	return 0;
}

bool sandbox_put(struct sandbox *sb, uint64_t word, const struct sl_conn *conn, uint32_t real_slot)
{
	const struct sl_settings *s = sb->plane->settings;
	uint64_t hash = sl_flow_hash(&conn->caddr, conn->cport, conn->proto, s->seed[0], s->seed[1]);
	uint32_t first = sl_hash_home(hash, SANDBOX_SLOTS / SL_BUCKET_SLOTS - 1) * SL_BUCKET_SLOTS;

	if (slot_here(sb, real_slot + 1))
		return false;
	for (uint32_t i = first; i < first + SL_BUCKET_SLOTS; i++) {
		if (sb->tags[i])
			continue;
		sb->conns[i] = *conn;
		sb->conns[i].template = slot_here(sb, conn->template);
		sb->real_slot[i] = real_slot + 1;
		sb->tags[i] = word & ~SL_W_OVF;
		return true;
	}
	return false;
}

int sandbox_cache_put(struct sandbox *sb, const struct sl_cache_key *key, const struct sl_cache *cache)
{
	return bpf_map_update_elem(fd_of(sb, PROGRAMS_CACHES), key, cache, BPF_ANY) ? -errno : 0;
}

/* Drops of each reason so far. */
static void drops(const struct sandbox *sb, uint64_t ret_drops[SL_MAX_REASONS])
{
	uint64_t rows[sb->plane->cpus];

	memset(ret_drops, 0, SL_MAX_REASONS * sizeof(*ret_drops));
	for (uint32_t reason = 1; reason < SL_MAX_REASONS; reason++) {
		if (bpf_map_lookup_elem(fd_of(sb, PROGRAMS_COUNTERS), &reason, rows))
			continue;
		for (unsigned cpu = 0; cpu < sb->plane->cpus; cpu++)
			ret_drops[reason] += rows[cpu];
	}
}

/* The reason that has been counted between the two. */
static uint32_t reason_counted(const uint64_t before[SL_MAX_REASONS], const uint64_t after[SL_MAX_REASONS])
{
	for (uint32_t reason = 1; reason < SL_MAX_REASONS; reason++)
		if (after[reason] != before[reason])
			return reason;
	return 0;
}

int sandbox_run(struct sandbox *sb, const struct sandbox_packet *packet, struct sandbox_result *ret_result)
{
	struct __sk_buff skb = {.ifindex = packet->ifindex, .mark = packet->mark};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet->frame, .data_size_in = packet->len, .data_out = ret_result->frame,
	    .data_size_out = sizeof(ret_result->frame), .ctx_in = &skb, .ctx_size_in = sizeof(skb), .repeat = 1);
	enum programs_fd item = packet->egress ? PROGRAMS_EGRESS : PROGRAMS_INGRESS;

	uint64_t before[SL_MAX_REASONS], after[SL_MAX_REASONS];

	drops(sb, before);
	if (bpf_prog_test_run_opts(fd_of(sb, item), &run))
		return -errno;
	ret_result->action = (int)run.retval;
	ret_result->len = run.data_size_out;
	drops(sb, after);
	ret_result->reason = ret_result->action == TC_ACT_SHOT ? reason_counted(before, after) : 0;
	return 0;
}

bool sandbox_next(struct sandbox *sb, uint32_t *slot, uint64_t *ret_word, struct sl_conn *ret_conn)
{
	for (; *slot < SANDBOX_SLOTS; ++*slot) {
		if (!sl_state_live(sl_word_state(sb->tags[*slot])))
			continue;
		*ret_word = sb->tags[*slot];
		*ret_conn = sb->conns[*slot];
		++*slot;
		return true;
	}
	return false;
}

bool sandbox_known(const struct sandbox *sb, uint32_t slot)
{
	return sb->real_slot[slot] != 0;
}

bool sandbox_cache(struct sandbox *sb, struct sl_cache_key *ret_key, struct sl_cache *ret_cache)
{
	return !bpf_map_get_next_key(fd_of(sb, PROGRAMS_CACHES), NULL, ret_key) &&
	       !bpf_map_lookup_elem(fd_of(sb, PROGRAMS_CACHES), ret_key, ret_cache);
}
