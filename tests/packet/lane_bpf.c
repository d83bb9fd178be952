/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs themselves, through BPF_PROG_TEST_RUN, over maps of their own. */
#include "tests/packet/lane.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "broom.skel.h"
#include "tc.skel.h"
#include "xdp.skel.h"

struct bpf_lane {
	struct lane lane;
	struct tc_lane *tc;
	struct xdp_lane *xdp;
	struct broom_lane *broom;
	unsigned maps;
	struct {
		void *at;
		size_t len;
	} map[24];
};

static struct bpf_lane *of(struct lane *lane)
{
	return (struct bpf_lane *)lane;
}

static int shell(const char *command)
{
	int r = system(command);

	if (r)
		printf("# failed: %s\n", command);
	return r ? -EIO : 0;
}

/* Two Ethernet devices with the rows' addresses, their far ends here too; the way back to the clients is by a router. */
int lane_bpf_enter(void)
{
	static const char *const commands[] = {
	    "ip link set lo up",
	    "ip link add outside address 02:00:00:00:00:01 type veth peer name out-far",
	    "ip link add inside address 02:00:00:00:00:02 type veth peer name in-far",
	    "for i in outside inside out-far in-far; do ip link set $i up || exit 1; done",
	    "ip addr add 203.0.113.2/24 dev outside && ip addr add 10.1.0.1/24 dev inside",
	    "ip addr add 2001:db8:f::2/64 dev outside nodad && ip addr add fd00:1::1/64 dev inside nodad",
	    "ip neigh add 203.0.113.1 lladdr 02:00:00:00:01:01 dev outside nud permanent",
	    "ip neigh add 2001:db8:f::1 lladdr 02:00:00:00:01:01 dev outside nud permanent",
	    "ip route add default via 203.0.113.1 && ip -6 route add default via 2001:db8:f::1 dev outside",
	    "echo 1 >/proc/sys/net/ipv4/ip_forward && echo 1 >/proc/sys/net/ipv6/conf/all/forwarding",
	};

	if (unshare(CLONE_NEWNET))
		return -errno;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		int r = shell(commands[i]);

		if (r)
			return r;
	}
	return 0;
}

/* One set of maps for all programs. */
static int share_maps(struct bpf_object *from, struct bpf_object *to)
{
	struct bpf_map *map, *have;
	int r = 0;

	bpf_object__for_each_map(map, to)
	{
		have = bpf_map__is_internal(map) ? NULL : bpf_object__find_map_by_name(from, bpf_map__name(map));
		if (have)
			r = r ? r : bpf_map__reuse_fd(map, bpf_map__fd(have));
	}
	return r;
}

static int size_maps(struct tc_lane *tc, uint32_t slots, unsigned cpus)
{
	int r = bpf_map__set_max_entries(tc->maps.tags, slots / SL_BUCKET_SLOTS);

	r = r ? r : bpf_map__set_max_entries(tc->maps.conns, slots);
	return r ? r : bpf_map__set_max_entries(tc->maps.stats, cpus * SL_MAX_DESTS);
}

#define CONFIGURE(rodata, slots, shift)                                    \
	do {                                                               \
		(rodata)->cfg_bucket_mask = (slots) / SL_BUCKET_SLOTS - 1; \
		(rodata)->cfg_tick_shift = (shift);                        \
		(rodata)->cfg_seed0 = LANE_SEED0;                          \
		(rodata)->cfg_seed1 = LANE_SEED1;                          \
	} while (0)

static int load(struct bpf_lane *b, uint32_t slots, uint32_t shift)
{
	int r;

	b->tc = tc_lane__open();
	b->xdp = xdp_lane__open();
	b->broom = broom_lane__open();
	if (!b->tc || !b->xdp || !b->broom)
		return -errno;
	CONFIGURE(b->tc->rodata, slots, shift);
	CONFIGURE(b->xdp->rodata, slots, shift);
	CONFIGURE(b->broom->rodata, slots, shift);
	r = size_maps(b->tc, slots, b->lane.cpus);
	r = r ? r : tc_lane__load(b->tc);
	r = r ? r : share_maps(b->tc->obj, b->xdp->obj);
	r = r ? r : share_maps(b->tc->obj, b->broom->obj);
	r = r ? r : xdp_lane__load(b->xdp);
	return r ? r : broom_lane__load(b->broom);
}

static void *map_memory(struct bpf_lane *b, const struct bpf_map *map)
{
	size_t len = ((size_t)bpf_map__value_size(map) + 7) / 8 * 8 * bpf_map__max_entries(map), page = getpagesize();
	void *at;

	len = (len + page - 1) / page * page;
	at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	if (at == MAP_FAILED) {
		printf("# map %s can't be mapped: %s\n", bpf_map__name(map), strerror(errno));
		return NULL;
	}
	b->map[b->maps].at = at;
	b->map[b->maps++].len = len;
	return at;
}

static int map_all(struct bpf_lane *b)
{
	struct lane *l = &b->lane;

	l->settings = map_memory(b, b->tc->maps.settings);
	l->members = map_memory(b, b->tc->maps.members);
	l->tables = map_memory(b, b->tc->maps.tables);
	l->bounds = map_memory(b, b->tc->maps.bounds);
	l->owns = map_memory(b, b->tc->maps.owns);
	l->mark_rules = map_memory(b, b->tc->maps.mark_rules);
	l->dests = map_memory(b, b->tc->maps.dests);
	l->hops = map_memory(b, b->tc->maps.hops);
	l->links = map_memory(b, b->tc->maps.links);
	l->loads = map_memory(b, b->tc->maps.loads);
	l->cursors = map_memory(b, b->tc->maps.cursors);
	l->stats = map_memory(b, b->tc->maps.stats);
	l->tags = map_memory(b, b->tc->maps.tags);
	l->conns = map_memory(b, b->tc->maps.conns);
	return l->settings && l->members && l->tables && l->bounds && l->owns && l->mark_rules && l->dests && l->hops && l->links &&
		       l->loads && l->cursors && l->stats && l->tags && l->conns
		   ? 0
		   : -EIO;
}

/* A veth knows its receive queue as XDP's only while it has a program; a test run that names the device needs that. */
static int attach(struct bpf_lane *b)
{
	static const char *const names[LANE_SIDES] = {"outside", "inside"};
	int r = 0;

	for (int side = 0; side < LANE_SIDES; side++) {
		b->lane.ifindex[side] = if_nametoindex(names[side]);
		bpf_xdp_detach(b->lane.ifindex[side], XDP_FLAGS_DRV_MODE, NULL);
		r = r ? r : bpf_xdp_attach(b->lane.ifindex[side], bpf_program__fd(b->xdp->progs.express), XDP_FLAGS_DRV_MODE, NULL);
	}
	return r;
}

static int run_express(struct bpf_lane *b, const struct lane_in *in, struct lane_out *out)
{
	struct xdp_md md = {.data_end = in->len, .ingress_ifindex = b->lane.ifindex[in->side]};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->frame, .data_size_in = in->len, .data_out = out->frame,
	    .data_size_out = sizeof(out->frame), .ctx_in = &md, .ctx_size_in = sizeof(md), .repeat = 1);
	int r = bpf_prog_test_run_opts(bpf_program__fd(b->xdp->progs.express), &opts);

	out->len = opts.data_size_out;
	out->code = opts.retval;
	out->bounced = opts.retval == XDP_TX;
	switch (opts.retval) {
	case XDP_PASS: out->verdict = LANE_PASS; break;
	case XDP_DROP: out->verdict = LANE_DROP; break;
	case XDP_TX:
	case XDP_REDIRECT: out->verdict = LANE_SEND; break;
	default: out->verdict = LANE_ODD;
	}
	return r;
}

static int run_full(struct bpf_lane *b, const struct lane_in *in, struct lane_out *out)
{
	struct __sk_buff skb = {.ifindex = b->lane.ifindex[in->side], .gso_size = in->gso_size, .gso_segs = in->gso_segs, .mark = in->mark};
	const struct bpf_program *prog = in->marked   ? b->tc->progs.full_mark
					 : in->egress ? b->tc->progs.full_egress
						      : b->tc->progs.full_ingress;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->frame, .data_size_in = in->len, .data_out = out->frame,
	    .data_size_out = sizeof(out->frame), .ctx_in = &skb, .ctx_size_in = sizeof(skb), .repeat = 1);
	int r;

	skb.ingress_ifindex = in->marked ? skb.ifindex : 0;
	r = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);

	out->len = opts.data_size_out;
	out->code = opts.retval;
	switch (out->code) {
	case TC_ACT_UNSPEC: out->verdict = LANE_PASS; break;
	case TC_ACT_SHOT: out->verdict = LANE_DROP; break;
	case TC_ACT_REDIRECT: out->verdict = LANE_SEND; break;
	default: out->verdict = LANE_ODD;
	}
	return r;
}

/* The kernel does not run programs on frames without a whole Ethernet header, nor (newer ones) on cut-off IP headers as skbs. */
static int bpf_run(struct lane *lane, const struct lane_in *in, struct lane_out *ret_out)
{
	int r;

	ret_out->bounced = false;
	r = in->express ? run_express(of(lane), in, ret_out) : run_full(of(lane), in, ret_out);
	if (r == -EINVAL && in->len < 14 + 40) {
		ret_out->verdict = LANE_REFUSED;
		return 0;
	}
	return r;
}

static int bpf_svc_set(struct lane *lane, const struct sl_svc_key *key, const struct sl_svc *svc)
{
	int fd = bpf_map__fd(of(lane)->tc->maps.svcs);

	return svc ? bpf_map_update_elem(fd, key, svc, BPF_ANY) : bpf_map_delete_elem(fd, key);
}

static int bpf_vip_set(struct lane *lane, const struct sl_addr *addr, bool on)
{
	int fd = bpf_map__fd(of(lane)->tc->maps.vips);
	uint32_t one = 1;

	return on ? bpf_map_update_elem(fd, addr, &one, BPF_ANY) : bpf_map_delete_elem(fd, addr);
}

static int bpf_mark_set(struct lane *lane, const struct sl_mark_key *key, const struct sl_mark_set *set)
{
	int fd = bpf_map__fd(of(lane)->tc->maps.marks);

	return set ? bpf_map_update_elem(fd, key, set, BPF_ANY) : bpf_map_delete_elem(fd, key);
}

static int bpf_origin_set(struct lane *lane, const struct sl_svc_key *server, const struct sl_svc_key *svc)
{
	int fd = bpf_map__fd(of(lane)->tc->maps.origins);

	return svc ? bpf_map_update_elem(fd, server, svc, BPF_ANY) : bpf_map_delete_elem(fd, server);
}

static int bpf_hop_id_set(struct lane *lane, const struct sl_neigh_key *key, uint32_t hop)
{
	int fd = bpf_map__fd(of(lane)->tc->maps.hop_ids);

	return hop ? bpf_map_update_elem(fd, key, &hop, BPF_ANY) : bpf_map_delete_elem(fd, key);
}

static int bpf_cache_next(struct lane *lane, const struct sl_cache_key *prev, struct sl_cache_key *ret_key, struct sl_cache *ret_cache)
{
	int fd = bpf_map__fd(of(lane)->tc->maps.caches);
	int r = bpf_map_get_next_key(fd, prev, ret_key);

	return r ? r : bpf_map_lookup_elem(fd, ret_key, ret_cache);
}

static int bpf_cache_del(struct lane *lane, const struct sl_cache_key *key)
{
	return bpf_map_delete_elem(bpf_map__fd(of(lane)->tc->maps.caches), key);
}

static void bpf_counters(struct lane *lane, uint64_t ret_counters[SL_MAX_COUNTERS])
{
	int fd = bpf_map__fd(of(lane)->tc->maps.counters);
	uint64_t per_cpu[lane->cpus];

	for (uint32_t i = 0; i < SL_MAX_COUNTERS; i++) {
		ret_counters[i] = 0;
		if (bpf_map_lookup_elem(fd, &i, per_cpu))
			continue;
		for (unsigned cpu = 0; cpu < lane->cpus; cpu++)
			ret_counters[i] += per_cpu[cpu];
	}
}

static void bpf_frags_clear(struct lane *lane)
{
	int fd = bpf_map__fd(of(lane)->tc->maps.frags);
	struct sl_frag_key key;

	while (!bpf_map_get_next_key(fd, NULL, &key))
		bpf_map_delete_elem(fd, &key);
}

static int bpf_frag_set(struct lane *lane, const struct sl_frag_key *key, const struct sl_frag *frag)
{
	return bpf_map_update_elem(bpf_map__fd(of(lane)->tc->maps.frags), key, frag, BPF_ANY);
}

static int bpf_sweep(struct lane *lane, struct sl_broom *broom)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = broom, .ctx_size_in = sizeof(*broom));

	return bpf_prog_test_run_opts(bpf_program__fd(of(lane)->broom->progs.broom), &opts);
}

static uint32_t bpf_now(struct lane *lane)
{
	struct sl_broom none = {0};

	bpf_sweep(lane, &none);
	return none.tick;
}

static const struct lane_ops bpf_ops = {
    .run = bpf_run,
    .svc_set = bpf_svc_set,
    .vip_set = bpf_vip_set,
    .origin_set = bpf_origin_set,
    .mark_set = bpf_mark_set,
    .hop_id_set = bpf_hop_id_set,
    .cache_next = bpf_cache_next,
    .cache_del = bpf_cache_del,
    .counters = bpf_counters,
    .frags_clear = bpf_frags_clear,
    .frag_set = bpf_frag_set,
    .sweep = bpf_sweep,
    .now = bpf_now,
};

int lane_bpf_new(uint32_t slots, uint32_t tick_shift, struct lane **ret_lane)
{
	struct bpf_lane *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return -ENOMEM;
	b->lane.ops = &bpf_ops;
	b->lane.slots = slots;
	b->lane.cpus = libbpf_num_possible_cpus();
	r = load(b, slots, tick_shift);
	r = r ? r : map_all(b);
	r = r ? r : attach(b);
	if (r) {
		lane_bpf_free(&b->lane);
		return r;
	}
	b->lane.settings->abi = SL_ABI_VERSION;
	b->lane.settings->slots = slots;
	b->lane.settings->tick_shift = tick_shift;
	*ret_lane = &b->lane;
	return 0;
}

int lane_bpf_fd(const struct lane *lane, bool express)
{
	const struct bpf_lane *b = (const struct bpf_lane *)lane;

	return bpf_program__fd(express ? b->xdp->progs.express : b->tc->progs.full_ingress);
}

void lane_bpf_free(struct lane *lane)
{
	struct bpf_lane *b = of(lane);

	for (unsigned i = 0; i < b->maps; i++)
		munmap(b->map[i].at, b->map[i].len);
	tc_lane__destroy(b->tc);
	xdp_lane__destroy(b->xdp);
	broom_lane__destroy(b->broom);
	free(b);
}
