/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/plane/plane.h"

#include <string.h>

/* Write `size` bytes of configuration unless they are there already. */
static bool put(struct plane *plane, void *to, const void *from, size_t size)
{
	if (memcmp(to, from, size) == 0)
		return false;
	memcpy(to, from, size);
	plane->writes++;
	return true;
}

static int counted(struct plane *plane, int err)
{
	if (err == 0)
		plane->writes++;
	return err;
}

static void count_locals(struct plane *plane)
{
	for (uint32_t id = 1; id < SL_MAX_DESTS && !plane->locals_counted; id++)
		plane->locals += plane->dests[id].flags & SL_DEST_LOCAL ? 1 : 0;
	plane->locals_counted = true;
}

void plane_dest_set(struct plane *plane, uint32_t id, const struct sl_dest *dest)
{
	const struct sl_dest *was = &plane->dests[id];
	struct sl_dest now = *dest;

	now.hop = was->hop;
	now.flags = (dest->flags & ~SL_DEST_LOCAL) | (was->flags & SL_DEST_LOCAL);
	put(plane, &plane->dests[id], &now, sizeof(now));
}

void plane_dest_clear(struct plane *plane, uint32_t id)
{
	struct sl_dest none = {.gen = plane->dests[id].gen};

	plane_dest_hop(plane, id, 0, false);
	put(plane, &plane->dests[id], &none, sizeof(none));
}

void plane_dest_hop(struct plane *plane, uint32_t id, uint32_t hop, bool local)
{
	struct sl_dest *dest = &plane->dests[id];
	__u8 flags = (dest->flags & ~SL_DEST_LOCAL) | (local ? SL_DEST_LOCAL : 0);

	put(plane, &dest->hop, &hop, sizeof(hop));
	if (flags == dest->flags)
		return;
	count_locals(plane);
	put(plane, &dest->flags, &flags, sizeof(flags));
	plane->locals += local ? 1 : -1;
	plane_egress_set(plane, plane->locals > 0);
}

void plane_members_set(struct plane *plane, uint32_t first, const struct sl_member *members, uint32_t count)
{
	put(plane, &plane->members[first], members, count * sizeof(*members));
}

void plane_tables_set(struct plane *plane, uint32_t first, const __u32 *words, uint32_t count)
{
	put(plane, &plane->tables[first], words, count * sizeof(*words));
}

void plane_bounds_set(struct plane *plane, uint32_t first, const struct sl_addr *bounds, uint32_t count)
{
	put(plane, &plane->bounds[first], bounds, count * sizeof(*bounds));
}

void plane_mark_rules_set(struct plane *plane, uint32_t first, const struct sl_mark_rule *rules, uint32_t count)
{
	put(plane, &plane->mark_rules[first], rules, count * sizeof(*rules));
}

int plane_mark_set(struct plane *plane, const struct sl_mark_key *key, const struct sl_mark_set *set)
{
	return counted(plane, plane->ops->mark_set(plane, key, set));
}

void plane_marks_set(struct plane *plane, uint32_t rules)
{
	put(plane, &plane->settings->mark_rules, &rules, sizeof(rules));
	plane_flag_set(plane, SL_SET_MARKS, rules);
}

void plane_mark_if_set(struct plane *plane, uint32_t ifindex)
{
	put(plane, &plane->settings->mark_if, &ifindex, sizeof(ifindex));
}

void plane_flag_set(struct plane *plane, uint32_t flag, bool on)
{
	__u32 flags = (plane->settings->flags & ~flag) | (on ? flag : 0);

	put(plane, &plane->settings->flags, &flags, sizeof(flags));
}

void plane_hop_set(struct plane *plane, uint32_t id, const struct sl_hop *hop)
{
	put(plane, &plane->hops[id], hop, sizeof(*hop));
}

void plane_link_set(struct plane *plane, uint32_t ifindex, const struct sl_link *link)
{
	put(plane, &plane->links[ifindex], link, sizeof(*link));
}

void plane_route_gen_bump(struct plane *plane)
{
	__u32 gen = (plane->settings->route_gen + 1) & 0xffff;

	put(plane, &plane->settings->route_gen, &gen, sizeof(gen));
}

uint32_t plane_ticks(const struct plane *plane, uint32_t seconds)
{
	uint64_t tick = 1ULL << plane->settings->tick_shift;

	return ((uint64_t)seconds * plane->settings->hz + tick - 1) / tick;
}

void plane_timeout_set(struct plane *plane, enum sl_state state, uint32_t seconds)
{
	struct sl_settings *settings = plane->settings;
	__u32 ticks = plane_ticks(plane, seconds);

	put(plane, &settings->timeout[state], &ticks, sizeof(ticks));
	put(plane, &settings->timeout_s[state], &seconds, sizeof(seconds));
}

void plane_own_set(struct plane *plane, uint32_t svc, const struct sl_own *own)
{
	put(plane, &plane->owns[svc], own, sizeof(*own));
}

void plane_own_least_set(struct plane *plane, const __u32 least[SL_MAX_STATES])
{
	put(plane, plane->settings->own_least, least, sizeof(plane->settings->own_least));
}

void plane_sysctl_set(struct plane *plane, const __s32 values[SL_MAX_SYSCTLS])
{
	put(plane, plane->settings->sysctl, values, sizeof(plane->settings->sysctl));
}

void plane_sync_set(struct plane *plane, unsigned i, const struct sl_sync *sync)
{
	put(plane, &plane->settings->sync[i], sync, sizeof(*sync));
}

void plane_egress_set(struct plane *plane, bool on)
{
	plane_flag_set(plane, SL_SET_EGRESS, on);
}

void plane_cursor_reset(struct plane *plane, uint32_t svc)
{
	uint64_t zero = 0;

	put(plane, &plane->cursors[svc], &zero, sizeof(zero));
}

int plane_svc_set(struct plane *plane, const struct sl_svc_key *key, const struct sl_svc *svc)
{
	return counted(plane, plane->ops->svc_set(plane, key, svc));
}

int plane_svc_del(struct plane *plane, const struct sl_svc_key *key)
{
	return counted(plane, plane->ops->svc_del(plane, key));
}

int plane_vip_set(struct plane *plane, const struct sl_addr *addr, bool on)
{
	return counted(plane, plane->ops->vip_set(plane, addr, on));
}

int plane_origin_set(struct plane *plane, const struct sl_svc_key *server, const struct sl_svc_key *svc)
{
	return counted(plane, plane->ops->origin_set(plane, server, svc));
}

static void over_set(struct plane *plane, uint32_t id, bool over)
{
	__u32 *at = &plane->loads[id].over;

	if (__atomic_exchange_n(at, over, __ATOMIC_RELAXED) != over)
		plane->writes++;
}

/* 1 overloaded, 0 not, -1 between the thresholds: as it was. */
static int over_now(const struct plane *plane, uint32_t id)
{
	const struct sl_dest *dest = &plane->dests[id];
	struct sl_load load = plane_load(plane, id);
	uint64_t total = (uint64_t)load.active + load.inactive;

	if (!dest->upper || total < dest->lower)
		return 0;
	return total >= dest->upper ? 1 : -1;
}

/* Connections come and go meanwhile: what was written must still be right when they are counted again. */
void plane_over_settle(struct plane *plane, uint32_t id)
{
	for (int i = 0, over = over_now(plane, id), again; i < 8 && over >= 0; i++, over = again) {
		over_set(plane, id, over);
		again = over_now(plane, id);
		if (again == over)
			return;
	}
}

void plane_over_clear(struct plane *plane, uint32_t id)
{
	over_set(plane, id, false);
}

struct sl_load plane_load(const struct plane *plane, uint32_t id)
{
	const struct sl_load *now = &plane->loads[id];
	struct sl_load load = {
	    .word = __atomic_load_n(&now->word, __ATOMIC_RELAXED),
	    .over = __atomic_load_n(&now->over, __ATOMIC_RELAXED),
	    .templates = __atomic_load_n(&now->templates, __ATOMIC_RELAXED),
	};

	if ((__s32)load.active < 0)
		load.active = 0;
	if ((__s32)load.inactive < 0)
		load.inactive = 0;
	if ((__s32)load.templates < 0)
		load.templates = 0;
	return load;
}

struct sl_stats plane_stats(const struct plane *plane, uint32_t id)
{
	struct sl_stats sum = {0};

	for (unsigned cpu = 0; cpu < plane->cpus; cpu++) {
		const struct sl_stats *s = &plane->stats[(size_t)cpu * SL_MAX_DESTS + id];

		sum.conns += __atomic_load_n(&s->conns, __ATOMIC_RELAXED);
		sum.in_pkts += __atomic_load_n(&s->in_pkts, __ATOMIC_RELAXED);
		sum.out_pkts += __atomic_load_n(&s->out_pkts, __ATOMIC_RELAXED);
		sum.in_bytes += __atomic_load_n(&s->in_bytes, __ATOMIC_RELAXED);
		sum.out_bytes += __atomic_load_n(&s->out_bytes, __ATOMIC_RELAXED);
	}
	return sum;
}
