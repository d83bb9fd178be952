/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/lane.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/clock.h"
#include "bench/drive.h"
#include "bench/flow.h"
#include "bpf/broom.skel.h"
#include "bpf/tc.skel.h"
#include "bpf/xdp.skel.h"
#include "sluice/word.h"
#include "sluiced/sched/table.h"

enum { HOP = 1, LOOPBACK = 1, ROUTE_GEN = 1, NEVER = 0x3fffff };

/* A mapped map. */
struct region {
	void *at;
	size_t len;
};

struct lane {
	struct xdp_lane *xdp;
	struct tc_lane *tc;
	struct broom_lane *broom;
	struct region tags, conns, loads, stats, dests, hops, links, members, tables, bounds, settings;
	uint32_t slots;
};

static const enum sl_fwd methods[] = {SL_FWD_MASQ, SL_FWD_DROUTE, SL_FWD_TUNNEL};

static uint32_t dest_id(enum sl_fwd fwd, uint32_t server)
{
	return 1 + fwd * FLOW_SERVERS + server % FLOW_SERVERS;
}

static struct sl_addr addr_v4(uint32_t host_order)
{
	return (struct sl_addr){.w = {0, 0, htonl(0xffff), htonl(host_order)}};
}

static int region_open(const struct bpf_map *map, struct region *ret)
{
	size_t page = sysconf(_SC_PAGESIZE), len = (size_t)bpf_map__value_size(map) * bpf_map__max_entries(map);
	void *at;

	len = (len + page - 1) / page * page;
	at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	if (at == MAP_FAILED)
		return -errno;
	*ret = (struct region){at, len};
	return 0;
}

static void region_close(struct region *region)
{
	if (region->at)
		munmap(region->at, region->len);
	region->at = NULL;
}

static int map_all(struct lane *lane)
{
	const struct {
		struct bpf_map *map;
		struct region *region;
	} table[] = {
	    {lane->xdp->maps.tags, &lane->tags},
	    {lane->xdp->maps.conns, &lane->conns},
	    {lane->xdp->maps.loads, &lane->loads},
	    {lane->xdp->maps.stats, &lane->stats},
	    {lane->xdp->maps.dests, &lane->dests},
	    {lane->xdp->maps.hops, &lane->hops},
	    {lane->xdp->maps.links, &lane->links},
	    {lane->xdp->maps.members, &lane->members},
	    {lane->xdp->maps.tables, &lane->tables},
	    {lane->xdp->maps.bounds, &lane->bounds},
	    {lane->xdp->maps.settings, &lane->settings},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int err = region_open(table[i].map, table[i].region);

		if (err)
			return err;
	}
	return 0;
}

int lane_share(const struct lane *lane, struct bpf_object *obj)
{
	struct bpf_map *map, *own;
	int err;

	bpf_object__for_each_map(map, obj)
	{
		own = bpf_map__is_internal(map) ? NULL : bpf_object__find_map_by_name(lane->xdp->obj, bpf_map__name(map));
		if (!own)
			continue;
		err = bpf_map__reuse_fd(map, bpf_map__fd(own));
		if (err)
			return err;
	}
	return 0;
}

static int load_express(struct lane *lane)
{
	lane->xdp = xdp_lane__open();
	if (!lane->xdp)
		return -errno;
	LANE_CONSTANTS(lane->xdp, lane->slots);
	bpf_map__set_max_entries(lane->xdp->maps.tags, lane->slots / SL_BUCKET_SLOTS);
	bpf_map__set_max_entries(lane->xdp->maps.conns, lane->slots);
	bpf_map__set_max_entries(lane->xdp->maps.stats, (uint32_t)libbpf_num_possible_cpus() * SL_MAX_DESTS);
	return xdp_lane__load(lane->xdp);
}

static int load_full(struct lane *lane)
{
	int err;

	lane->tc = tc_lane__open();
	if (!lane->tc)
		return -errno;
	LANE_CONSTANTS(lane->tc, lane->slots);
	err = lane_share(lane, lane->tc->obj);
	return err ? err : tc_lane__load(lane->tc);
}

static int load_broom(struct lane *lane)
{
	int err;

	lane->broom = broom_lane__open();
	if (!lane->broom)
		return -errno;
	LANE_CONSTANTS(lane->broom, lane->slots);
	err = lane_share(lane, lane->broom->obj);
	return err ? err : broom_lane__load(lane->broom);
}

static void set_servers(struct lane *lane, enum sl_fwd fwd)
{
	struct sl_dest *dests = lane->dests.at;

	for (uint32_t i = 0; i < FLOW_SERVERS; i++)
		dests[dest_id(fwd, i)] = (struct sl_dest){
		    .addr = addr_v4(FLOW_RS + i),
		    .port = htons(fwd == SL_FWD_MASQ ? LANE_NAT_PORT : FLOW_VPORT),
		    .fwd = fwd,
		    .flags = SL_DEST_USED,
		    .svc = 1,
		    .hop = HOP,
		    .weight = 1,
		};
}

static void set_hop(struct lane *lane)
{
	struct sl_hop *hop = (struct sl_hop *)lane->hops.at + HOP;
	struct sl_link *link = (struct sl_link *)lane->links.at + LOOPBACK;

	*hop = (struct sl_hop){
	    .ifindex = LOOPBACK, .mtu = 1500, .flags = SL_HOP_RESOLVED | SL_HOP_XDP, .src = addr_v4(0x0a020001), .gw = addr_v4(FLOW_RS)};
	memcpy(hop->dmac, drive_peer_mac, 6);
	memcpy(hop->smac, drive_our_mac, 6);
	*link = (struct sl_link){.flags = SL_LINK_ON};
	memcpy(link->mac, drive_our_mac, 6);
}

static void set_settings(struct lane *lane)
{
	struct sl_settings *set = lane->settings.at;

	*set = (struct sl_settings){.abi = SL_ABI_VERSION,
	    .hz = 250,
	    .tick_shift = LANE_TICK_SHIFT,
	    .slots = lane->slots,
	    .seed = {LANE_SEED0, LANE_SEED1},
	    .route_gen = ROUTE_GEN};
	for (int i = 0; i < SL_MAX_STATES; i++) {
		set->timeout[i] = NEVER;
		set->timeout_s[i] = NEVER / 4;
	}
}

static int set_service(struct lane *lane)
{
	const struct sl_svc_key key = {.addr = addr_v4(FLOW_VIP), .port = htons(FLOW_VPORT), .proto = IPPROTO_TCP};
	struct sl_svc svc = {.id = 1, .gen = 1, .count = FLOW_SERVERS, .sched = SL_SCHED_RR, .max_weight = 1, .gcd_weight = 1};
	struct sched_server servers[FLOW_SERVERS] = {0};
	struct sl_member *members = lane->members.at;
	struct sched_table table;
	const uint32_t one = 1;

	for (uint32_t i = 0; i < FLOW_SERVERS; i++) {
		servers[i].weight = 1;
		members[i] = (struct sl_member){.dest = dest_id(SL_FWD_MASQ, i), .weight = 1};
	}
	if (sched_table_make(svc.sched, false, servers, svc.count, &table))
		return -ENOMEM;
	memcpy(lane->tables.at, table.words, table.count * sizeof(*table.words));
	svc.table_len = table.len;
	free(table.words);
	if (bpf_map_update_elem(bpf_map__fd(lane->xdp->maps.vips), &key.addr, &one, BPF_ANY))
		return -errno;
	return bpf_map_update_elem(bpf_map__fd(lane->xdp->maps.svcs), &key, &svc, BPF_ANY) ? -errno : 0;
}

int lane_allow(struct lane *lane, const struct sl_addr *bounds, uint32_t count)
{
	const struct sl_svc_key key = {.addr = addr_v4(FLOW_VIP), .port = htons(FLOW_VPORT), .proto = IPPROTO_TCP};
	int fd = bpf_map__fd(lane->xdp->maps.svcs);
	struct sl_svc svc;

	if (bpf_map_lookup_elem(fd, &key, &svc))
		return -errno;
	if (count)
		memcpy(lane->bounds.at, bounds, count * sizeof(*bounds));
	svc.gen++;
	svc.flags = count ? SL_SVC_ALLOW : 0;
	svc.allow = 0;
	svc.allow_count = count;
	return bpf_map_update_elem(fd, &key, &svc, BPF_ANY) ? -errno : 0;
}

static int set_up(struct lane *lane)
{
	int err = load_express(lane);

	if (!err)
		err = load_full(lane);
	if (!err)
		err = load_broom(lane);
	if (!err)
		err = map_all(lane);
	if (err)
		return err;
	set_settings(lane);
	set_hop(lane);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		set_servers(lane, methods[i]);
	return set_service(lane);
}

int lane_open(uint32_t slots, struct lane **ret_lane)
{
	struct lane *lane = calloc(1, sizeof(*lane));
	int err;

	if (!lane)
		return -ENOMEM;
	lane->slots = slots;
	err = set_up(lane);
	if (err) {
		fprintf(stderr, "bench: the lanes can't be loaded: %s\n", strerror(-err));
		lane_close(lane);
		return err;
	}
	*ret_lane = lane;
	return 0;
}

void lane_close(struct lane *lane)
{
	struct region *regions[] = {&lane->tags, &lane->conns, &lane->loads, &lane->stats, &lane->dests, &lane->hops, &lane->links,
	    &lane->members, &lane->tables, &lane->settings};

	for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++)
		region_close(regions[i]);
	broom_lane__destroy(lane->broom);
	tc_lane__destroy(lane->tc);
	xdp_lane__destroy(lane->xdp);
	free(lane);
}

struct sl_member *lane_members(struct lane *lane)
{
	return lane->members.at;
}

uint32_t *lane_tables(struct lane *lane)
{
	return lane->tables.at;
}

struct sl_dest *lane_dests(struct lane *lane)
{
	return lane->dests.at;
}

struct sl_load *lane_loads(struct lane *lane)
{
	return lane->loads.at;
}

int lane_express_fd(const struct lane *lane)
{
	return bpf_program__fd(lane->xdp->progs.express);
}

int lane_full_fd(const struct lane *lane)
{
	return bpf_program__fd(lane->tc->progs.full_ingress);
}

int lane_tags_fd(const struct lane *lane)
{
	return bpf_map__fd(lane->xdp->maps.tags);
}

int lane_conns_fd(const struct lane *lane)
{
	return bpf_map__fd(lane->xdp->maps.conns);
}

void lane_clear(struct lane *lane)
{
	memset(lane->tags.at, 0, lane->tags.len);
	memset(lane->loads.at, 0, lane->loads.len);
}

/* A free slot of a bucket, the one that the flow likes best if it can be had; or -1. */
static int64_t free_in(const struct lane *lane, uint32_t bucket, uint32_t tag)
{
	const uint64_t *tags = lane->tags.at;

	for (uint32_t i = 0; i < SL_BUCKET_SLOTS; i++) {
		uint32_t slot = bucket * SL_BUCKET_SLOTS + (sl_tag_slot(tag) ^ i);

		if (sl_word_state(tags[slot]) == SL_ST_FREE)
			return slot;
	}
	return -1;
}

/* A free slot of one of the flow's two buckets, or -1. */
static int64_t free_slot(struct lane *lane, uint64_t hash)
{
	uint32_t mask = lane->slots / SL_BUCKET_SLOTS - 1, home = sl_hash_home(hash, mask);
	int64_t slot = free_in(lane, home, sl_hash_tag(hash));
	uint64_t *tags = lane->tags.at;

	if (slot >= 0)
		return slot;
	slot = free_in(lane, sl_hash_second(hash, mask), sl_hash_tag(hash));
	if (slot >= 0)
		tags[home * SL_BUCKET_SLOTS] |= SL_W_OVF;
	return slot;
}

static int enter(struct lane *lane, enum sl_fwd fwd, uint32_t flow)
{
	struct sl_conn *conns = lane->conns.at;
	uint64_t *tags = lane->tags.at;
	struct sl_conn c = {
	    .caddr = addr_v4(flow_addr(flow)),
	    .vaddr = addr_v4(FLOW_VIP),
	    .cport = htons(flow_port(flow)),
	    .vport = htons(FLOW_VPORT),
	    .dport = htons(fwd == SL_FWD_MASQ ? LANE_NAT_PORT : FLOW_VPORT),
	    .proto = IPPROTO_TCP,
	    .fwd = fwd,
	    .dest = dest_id(fwd, flow),
	    .svc = 1,
	    .client_hop = ROUTE_GEN << 16 | HOP,
	    .client_if = LOOPBACK,
	};
	uint64_t hash = sl_flow_hash(&c.caddr, c.cport, c.proto, LANE_SEED0, LANE_SEED1);
	int64_t slot = free_slot(lane, hash);

	if (slot < 0)
		return 0;
	conns[slot] = c;
	tags[slot] |= sl_word(sl_hash_tag(hash), SL_ST_ESTABLISHED, 1, 0);
	((struct sl_load *)lane->loads.at)[c.dest].word += sl_state_load(SL_ST_ESTABLISHED);
	return 1;
}

uint32_t lane_fill(struct lane *lane, enum sl_fwd fwd, uint32_t flows)
{
	uint32_t entered = 0;

	lane_clear(lane);
	for (uint32_t f = 0; f < flows; f++)
		entered += enter(lane, fwd, f);
	return entered;
}

void lane_method(struct lane *lane, enum sl_fwd fwd)
{
	struct sl_conn *conns = lane->conns.at;
	uint64_t *tags = lane->tags.at;
	struct sl_load *loads = lane->loads.at;

	memset(loads, 0, lane->loads.len);
	for (uint32_t i = 0; i < lane->slots; i++) {
		if (!sl_state_live(sl_word_state(tags[i])))
			continue;
		conns[i].dest = dest_id(fwd, (conns[i].dest - 1) % FLOW_SERVERS);
		conns[i].fwd = fwd;
		conns[i].dport = htons(fwd == SL_FWD_MASQ ? LANE_NAT_PORT : FLOW_VPORT);
		tags[i] = fwd == SL_FWD_MASQ ? tags[i] & ~SL_W_1WAY : tags[i] | SL_W_1WAY;
		loads[conns[i].dest].word += sl_state_load(sl_word_state(tags[i]));
	}
}

struct sl_stats lane_stats(const struct lane *lane)
{
	const struct sl_stats *stats = lane->stats.at;
	struct sl_stats sum = {0};

	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++)
		for (uint32_t id = 1; id < 1 + 4 * FLOW_SERVERS; id++) {
			const struct sl_stats *s = &stats[(size_t)cpu * SL_MAX_DESTS + id];

			sum.conns += s->conns;
			sum.in_pkts += s->in_pkts;
			sum.out_pkts += s->out_pkts;
		}
	return sum;
}

double lane_sweep(struct lane *lane, struct sl_broom *ret_broom)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = ret_broom, .ctx_size_in = sizeof(*ret_broom));
	uint64_t live = 0, freed = 0, start = clock_cpu_ns();

	for (uint32_t first = 0; first < lane->slots / SL_BUCKET_SLOTS; first += ret_broom->count) {
		*ret_broom = (struct sl_broom){.first = first, .count = 4096};
		if (bpf_prog_test_run_opts(bpf_program__fd(lane->broom->progs.broom), &run))
			return -errno;
		live += ret_broom->live;
		freed += ret_broom->freed;
		ret_broom->count = 4096;
	}
	ret_broom->live = live;
	ret_broom->freed = freed;
	return clock_cpu_ns() - start;
}
