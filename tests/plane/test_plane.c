/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: the plane, the lanes and the neighbour code against a real kernel
 *
 * Two processes with a network namespace each: the director, this one, and a peer, which only lends its namespace to a real
 * server's addresses. Nothing has a name outside, and both namespaces go with their processes.
 *
 *   director                               peer
 *   a0  10.71.0.1/24 fd71::1/64  --------  a1  10.71.0.2/24 10.71.0.3/24 fd71::2/64
 *   br0 10.72.0.1/24, port b0    --------  b1  10.72.0.2/24
 *
 * Every wait is for a condition, with a limit after which the test fails.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/addr.h"
#include "base/log.h"
#include "sluiced/neigh/neigh.h"
#include "sluiced/plane/bpffs.h"
#include "sluiced/plane/clsact.h"
#include "sluiced/plane/lanes.h"
#include "sluiced/plane/plane_bpf.h"

#define SLOTS 4096
#define LIMIT_MS 10000
#define TICK_MS 20

static pid_t peer;
static uv_loop_t loop;
static struct plane *plane;
static struct lanes *lanes;
static struct neigh *neigh;
static unsigned failed;

static bool check(bool good, const char *name)
{
	printf("%s %s\n", good ? "ok" : "not ok", name);
	failed += !good;
	return good;
}

static int run(const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	return system(command);
}

/* Must succeed: the ground the tests stand on. */
#define GROUND(...)                                                  \
	do {                                                         \
		if (run(__VA_ARGS__)) {                              \
			printf("not ok ground: %s\n", #__VA_ARGS__); \
			exit(1);                                     \
		}                                                    \
	} while (0)

#define IN_PEER "nsenter -n -t %d "

static void on_link(void *arg, const struct neigh_link *link, bool present)
{
	lanes_link(lanes, link, present);
}

static void start_peer(void)
{
	int up[2];
	char c;

	if (pipe(up))
		exit(1);
	peer = fork();
	if (!peer) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) || write(up[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(up[1]);
	if (peer < 0 || read(up[0], &c, 1) != 1)
		exit(1);
	close(up[0]);
}

static void build(void)
{
	if (unshare(CLONE_NEWNET)) {
		printf("skip plane # needs root\n");
		exit(0);
	}
	start_peer();
	if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_SLAVE | MS_REC, NULL)) /* as `ip netns exec` does */
		exit(1);
	GROUND("ip link set lo up");
	GROUND("ip link add a0 type veth peer name a1 netns %d", peer);
	GROUND("ip link add b0 type veth peer name b1 netns %d", peer);
	GROUND("ip link add br0 type bridge && ip link set b0 master br0 && ip link set b0 up && ip link set br0 up && ip link set a0 up");
	GROUND("ip addr add 10.71.0.1/24 dev a0 && ip addr add fd71::1/64 dev a0 nodad && ip addr add 10.72.0.1/24 dev br0");
	GROUND(IN_PEER "ip addr add 10.71.0.2/24 dev a1", peer);
	GROUND(IN_PEER "ip addr add 10.71.0.3/24 dev a1", peer);
	GROUND(IN_PEER "ip addr add fd71::2/64 dev a1 nodad", peer);
	GROUND(IN_PEER "ip addr add 10.72.0.2/24 dev b1", peer);
	GROUND(IN_PEER "sysctl -qw net.ipv4.conf.a1.arp_notify=1", peer);
	GROUND(IN_PEER "ip link set a1 up", peer);
	GROUND(IN_PEER "ip link set b1 up", peer);
}

static void start(enum lanes_xdp xdp)
{
	const char *why = "";
	int err = plane_bpf_open(SLOTS, &plane, &why);

	if (!err)
		err = lanes_new(plane, xdp, &lanes);
	if (!err)
		err = neigh_new(&loop, plane, on_link, NULL, &neigh);
	if (err) {
		printf("# %s: %s\nnot ok start\n", strerror(-err), why);
		exit(1);
	}
}

static void stop(void)
{
	neigh_free(neigh);
	uv_run(&loop, UV_RUN_NOWAIT);
	lanes_free(lanes);
	plane_bpf_close(plane);
	neigh = NULL;
	lanes = NULL;
	plane = NULL;
}

/* Wakes the loop, so that a condition nobody tells of is looked at again, and counts the time. */
static void tick(uv_timer_t *timer)
{
	++*(unsigned *)timer->data;
}

/* Runs the loop until the condition holds; false when the limit has passed. */
static bool await(bool (*holds)(void *arg), void *arg)
{
	uv_timer_t *timer = malloc(sizeof(*timer));
	unsigned ticks = 0;
	bool good;

	uv_timer_init(&loop, timer);
	timer->data = &ticks;
	uv_timer_start(timer, tick, TICK_MS, TICK_MS);
	while (!(good = holds(arg)) && ticks < LIMIT_MS / TICK_MS)
		uv_run(&loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)timer, (uv_close_cb)free);
	return good;
}

static struct sl_addr addr(const char *text)
{
	struct sl_addr a;

	if (addr_parse(text, a.b))
		exit(1);
	return a;
}

static bool same_addr(struct sl_addr a, struct sl_addr b)
{
	return !memcmp(&a, &b, sizeof(a));
}

static struct sl_hop hop_of(uint32_t dest)
{
	return plane->hops[plane->dests[dest].hop];
}

static void mac_of(const char *name, uint8_t mac[6])
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "nsenter -n -t %d ip -br link show %s", peer, name);
	f = popen(path, "r");
	if (!f || fscanf(f, "%*s %*s %hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5]) != 6)
		exit(1);
	pclose(f);
}

struct expect {
	uint32_t dest;
	uint8_t mac[6];
};

static bool has_mac(void *arg)
{
	const struct expect *e = arg;
	struct sl_hop hop = hop_of(e->dest);

	return hop.flags & SL_HOP_RESOLVED && !memcmp(hop.dmac, e->mac, 6);
}

static bool has_smac(void *arg)
{
	struct sl_hop hop = hop_of(1);

	return hop.flags & SL_HOP_RESOLVED && !memcmp(hop.smac, arg, 6);
}

static bool reached(uint32_t dest, const char *peer_dev)
{
	struct expect e = {.dest = dest};

	mac_of(peer_dev, e.mac);
	return await(has_mac, &e);
}

static const struct lanes_status *status_of(const char *name)
{
	static struct lanes_status status;
	unsigned i;

	for (i = 0; lanes_status(lanes, i, &status); i++)
		if (!strcmp(status.name, name))
			return &status;
	return NULL;
}

static bool is_attached(void *arg)
{
	return status_of(arg);
}

static bool is_detached(void *arg)
{
	return !status_of(arg);
}

static bool has_tcx(void)
{
	unsigned major = 0, minor = 0;
	struct utsname u;

	uname(&u);
	return sscanf(u.release, "%u.%u", &major, &minor) == 2 && (major > 6 || (major == 6 && minor >= 6));
}

/* Our filter's place on an interface's ingress, where there is no tcx. */
#define INGRESS_FILTER(dev)                                                                                  \
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex(dev), .attach_point = BPF_TC_INGRESS); \
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 0x51ce, .priority = 1000)

static int ingress_link(const char *dev)
{
	char pin[BPFFS_NAME];

	snprintf(pin, sizeof(pin), "in-%u", if_nametoindex(dev));
	return bpffs_get(plane_bpf_of(plane)->links, pin);
}

/* Id of the program that the kernel says is on the interface's ingress. */
static uint32_t ingress_prog(const char *dev)
{
	struct plane_link_info info = {0};
	int fd = ingress_link(dev);
	INGRESS_FILTER(dev);

	if (fd < 0)
		return bpf_tc_query(&hook, &opts) ? 0 : opts.prog_id;
	plane_link_info(fd, &info);
	close(fd);
	return info.prog_id;
}

static int set_ingress(const char *dev, int prog)
{
	int fd = ingress_link(dev), err;
	INGRESS_FILTER(dev);

	if (fd < 0) {
		opts.prog_fd = prog;
		opts.flags = BPF_TC_F_REPLACE;
		return bpf_tc_attach(&hook, &opts);
	}
	err = bpf_link_update(fd, prog, NULL);
	close(fd);
	return err;
}

static void test_open(void)
{
	start(LANES_XDP_OFF);
	check(!plane->adopted && plane->writes == 0, "a new plane is empty and nothing was written");
	check(plane->slots == SLOTS && plane->settings->abi == SL_ABI_VERSION && plane->settings->hz >= 100, "the settings are filled");
	check(plane->settings->timeout_s[SL_ST_ESTABLISHED] == 900 && plane->settings->timeout[SL_ST_ESTABLISHED] > 900,
	    "timeouts are IPVS's");
	check(status_of("a0") && !strcmp(status_of("a0")->full, has_tcx() ? "tcx" : "clsact"), "a veth has the full lane");
	check(status_of("br0"), "a bridge has the full lane");
	check(!status_of("b0"), "a bridge's port has none");
	check(!status_of("lo"), "the loopback has none");
}

static bool broom_runs(void)
{
	struct sl_broom broom = {.count = SLOTS / SL_BUCKET_SLOTS};

	return !plane->ops->sweep(plane, &broom) && broom.jiffies && broom.live == 0 && broom.freed == 0 &&
	       broom.tick == (broom.jiffies >> plane->settings->tick_shift & SL_W_TICK_MASK);
}

static void test_ops(void)
{
	struct sl_svc_key key = {.port = htons(80), .proto = IPPROTO_TCP}, next;
	struct sl_svc svc = {.id = 1, .gen = 7}, got;
	uint64_t counters[SL_MAX_COUNTERS];
	struct plane_conn conn;
	uint32_t go_on;

	key.addr = addr("10.70.0.1");
	check(broom_runs(), "the broom sweeps the empty table and tells the time");
	check(!plane->ops->counters(plane, counters), "counters are read");
	check(plane->ops->svc_next(plane, NULL, &next, &got) == -ENOENT, "no service at first");
	check(!plane->ops->svc_set(plane, &key, &svc) && !plane->ops->svc_next(plane, NULL, &next, &got) && got.gen == 7 &&
		  !memcmp(&next, &key, sizeof(key)) && plane->ops->svc_next(plane, &key, &next, &got) == -ENOENT,
	    "a service is written and listed");
	check(!plane->ops->svc_del(plane, &key) && plane->ops->svc_del(plane, &key) == -ENOENT, "a service is removed");
	check(
	    !plane->ops->vip_set(plane, &key.addr, true) && !plane->ops->vip_set(plane, &key.addr, false), "an address is set and removed");
	check(plane_conns(plane, 0, &conn, 1, &go_on) == 0 && go_on == SLOTS, "an empty table lists nothing");
}

static void test_late_interface(void)
{
	GROUND("ip link add late0 type veth peer name late1");
	check(await(is_attached, "late0"), "an interface that appears later gets its lanes");
	GROUND("ip link set late0 master br0");
	check(await(is_detached, "late0"), "an interface that becomes a bridge's port loses them");
	GROUND("ip link set late0 nomaster");
	check(await(is_attached, "late0"), "and gets them again afterwards");
	GROUND("ip link del late0");
	check(await(is_detached, "late0"), "an interface that goes is forgotten");
}

enum { DIRECT = 1, DIRECT6, BRIDGED, LOCAL, NOWHERE, ROUTED, SAME };

static void watch_all(void)
{
	static const struct {
		uint32_t dest;
		const char *addr;
	} watched[] = {
	    {DIRECT, "10.71.0.2"},
	    {DIRECT6, "fd71::2"},
	    {BRIDGED, "10.72.0.2"},
	    {LOCAL, "10.71.0.1"},
	    {NOWHERE, "10.99.0.1"},
	    {ROUTED, "10.73.0.9"},
	    {SAME, "10.71.0.2"},
	};
	struct sl_addr a;
	unsigned i;

	for (i = 0; i < sizeof(watched) / sizeof(*watched); i++) {
		a = addr(watched[i].addr);
		if (neigh_watch(neigh, watched[i].dest, &a))
			exit(1);
	}
}

static bool is_routed(void *arg)
{
	struct sl_addr gw = addr(arg);
	struct sl_hop hop = hop_of(ROUTED);

	return same_addr(hop.gw, gw) && hop.flags & SL_HOP_RESOLVED;
}

static bool is_unrouted(void *arg)
{
	return !plane->dests[ROUTED].hop;
}

static void test_next_hops(void)
{
	struct sl_addr src = addr("10.71.0.1");

	watch_all();
	check(plane->dests[LOCAL].flags & SL_DEST_LOCAL && plane->settings->flags & SL_SET_EGRESS, "an own address is local, at once");
	check(!plane->dests[NOWHERE].hop && !plane->dests[ROUTED].hop, "without a route there is no hop");
	check(hop_of(DIRECT).ifindex == if_nametoindex("a0"), "a hop is known at once, resolved or not");
	check(reached(DIRECT, "a1"), "an IPv4 neighbour is resolved");
	check(reached(DIRECT6, "a1"), "an IPv6 neighbour is resolved");
	check(reached(BRIDGED, "b1") && hop_of(BRIDGED).ifindex == if_nametoindex("br0"), "a neighbour behind a bridge is resolved");
	check(same_addr(hop_of(DIRECT).src, src) && hop_of(DIRECT).mtu == 1500, "source address and MTU are the route's");
	check(plane->dests[SAME].hop == plane->dests[DIRECT].hop, "two real servers behind one neighbour share the hop");
	check(!run("ip neigh show 10.71.0.2 | grep -q managed"), "the kernel keeps the neighbour");
}

static void test_routes(void)
{
	uint32_t gen = plane->settings->route_gen;

	GROUND("ip route add 10.73.0.0/16 via 10.71.0.2");
	check(await(is_routed, "10.71.0.2"), "a new route is followed");
	check(plane->settings->route_gen != gen, "and the clients' hops are forgotten");
	GROUND("ip route replace 10.73.0.0/16 via 10.71.0.3 mtu 1400");
	check(await(is_routed, "10.71.0.3") && hop_of(ROUTED).mtu == 1400, "a changed route is followed");
	GROUND("ip route del 10.73.0.0/16");
	check(await(is_unrouted, NULL), "a removed route is followed");
}

static uint32_t client_hop(const char *dev, const uint8_t mac[6])
{
	struct sl_neigh_key key = {.ifindex = if_nametoindex(dev)};
	uint32_t id = 0;

	memcpy(key.dmac, mac, 6);
	bpf_map_lookup_elem(plane_bpf_of(plane)->map[MAP_hop_ids], &key, &id);
	return id;
}

static void test_mac_change(void)
{
	struct sl_neigh_key key = {.ifindex = if_nametoindex("a0")};
	uint32_t hop = plane->dests[DIRECT].hop, gen;

	mac_of("a1", key.dmac);
	check(client_hop("a0", key.dmac) && plane->hops[client_hop("a0", key.dmac)].flags & SL_HOP_RESOLVED,
	    "a neighbour has a hop for clients");
	gen = plane->settings->route_gen;
	GROUND(IN_PEER "ip link set a1 address 02:71:00:00:00:99", peer);
	check(reached(DIRECT, "a1"), "a neighbour's new MAC is followed");
	check(plane->dests[DIRECT].hop != hop, "by another hop id");
	check(plane->settings->route_gen != gen, "and the clients' hops are forgotten then too");
	check(client_hop("a0", hop_of(DIRECT).dmac), "the new MAC has a hop for clients");
}

static bool is_unresolved(void *arg)
{
	struct sl_hop hop = hop_of(*(uint32_t *)arg);

	return hop.ifindex && !(hop.flags & SL_HOP_RESOLVED);
}

static void test_failure(void)
{
	struct sl_addr gw = addr("10.72.0.2");
	uint32_t dest = BRIDGED;

	GROUND(IN_PEER "ip addr del 10.72.0.2/24 dev b1", peer);
	GROUND("ip neigh del 10.72.0.2 dev br0");
	check(await(is_unresolved, &dest) && same_addr(hop_of(BRIDGED).gw, gw), "a neighbour that is gone leaves an unresolved hop");
	GROUND(IN_PEER "ip addr add 10.72.0.2/24 dev b1", peer);
	check(reached(BRIDGED, "b1"), "and is resolved when it is back, without any traffic");
}

#define CROWD 30000 /* neighbours; more news than a socket holds */

static void crowd(const char *verb, const char *rest)
{
	FILE *batch = popen("ip -batch -", "w");
	unsigned i;

	if (!batch)
		exit(1);
	for (i = 0; i < CROWD; i++)
		fprintf(batch, "neigh %s 10.75.%u.%u dev a0 %s\n", verb, i / 250, i % 250 + 1, rest);
	if (pclose(batch)) {
		printf("not ok ground: ip neigh %s, many\n", verb);
		exit(1);
	}
}

static const uint8_t crowd_mac[6] = {2, 0x75, 0, 0, 0, 1};

static bool knows_crowd(void *arg)
{
	return (client_hop("a0", crowd_mac) != 0) == *(bool *)arg;
}

/* The loop does not run while tens of thousands of messages come: some are lost, and everything is read again. */
static void test_lost_messages(void)
{
	bool yes = true, no = false;

	crowd("add", "lladdr 02:75:00:00:00:01 nud permanent");
	check(await(knows_crowd, &yes), "a crowd of neighbours is known after lost messages");
	crowd("del", "");
	check(await(knows_crowd, &no), "and forgotten");
}

static void test_adoption(void)
{
	uint32_t prog, in, hop[SAME + 1], i;
	bool same = true;

	prog = plane_bpf_of(plane)->prog_id[PROG_FULL_INGRESS];
	in = ingress_prog("a0");
	for (i = 1; i <= SAME; i++)
		hop[i] = plane->dests[i].hop;
	stop();
	start(LANES_XDP_OFF);
	watch_all();
	check(plane->adopted, "the second start adopts the maps");
	check(plane->writes == 0, "and writes nothing");
	check(
	    in == prog && ingress_prog("a0") == prog && plane_bpf_of(plane)->prog_id[PROG_FULL_INGRESS] == prog, "and keeps the programs");
	for (i = 1; i <= SAME; i++)
		same = same && hop[i] == plane->dests[i].hop;
	check(same, "the hops keep their ids");
}

static int other_build(void)
{
	static const struct bpf_insn pass[] = {
	    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1},
	    {.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "full_ingress", "GPL", pass, 2, NULL);
}

/* What another build would find: the same maps, other programs on the interfaces and in the pins. */
static void test_other_build(void)
{
	int other = other_build();

	check(other >= 0 && !set_ingress("a0", other) && ingress_prog("a0") != plane_bpf_of(plane)->prog_id[PROG_FULL_INGRESS],
	    "an interface runs another build's program");
	close(other);
	stop();
	start(LANES_XDP_OFF);
	check(ingress_prog("a0") == plane_bpf_of(plane)->prog_id[PROG_FULL_INGRESS], "the next start replaces it");
}

static void test_express(void)
{
	uint32_t index = if_nametoindex("a0");
	uint8_t mac[6] = {2, 0x71, 0, 0, 0, 1};

	if (plane_bpf_of(plane)->prog[PROG_EXPRESS] < 0) {
		printf("not ok this kernel takes the express lane\n");
		failed++;
		return;
	}
	stop();
	start(LANES_XDP_GENERIC);
	watch_all();
	check(!strcmp(status_of("a0")->express, "generic") && plane->links[index].flags & SL_LINK_ON,
	    "the express lane is attached, generic");
	check(reached(DIRECT, "a1") && hop_of(DIRECT).flags & SL_HOP_XDP, "and its hops take redirected frames");
	GROUND("ip link set a0 address 02:71:00:00:00:01");
	check(await(has_smac, mac) && !memcmp(plane->links[index].mac, mac, 6), "an interface's new MAC is followed");
	stop();
	start(LANES_XDP_NATIVE);
	watch_all();
	check(!strcmp(status_of("a0")->express, "native"), "another start has it native");
	stop();
	start(LANES_XDP_OFF);
	watch_all();
	check(!strcmp(status_of("a0")->express, "off") && !plane->links[index].flags && !(hop_of(DIRECT).flags & SL_HOP_XDP),
	    "and another has none");
}

static bool no_clsact(const char *dev)
{
	return run("tc qdisc show dev %s | grep -q clsact", dev);
}

static int add_filter(struct plane_bpf *bpf, uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf->prog[PROG_FULL_EGRESS], .handle = 1, .priority = 5);

	return bpf_tc_attach(&hook, &opts);
}

static void test_clsact(void)
{
	struct plane_bpf *bpf = plane_bpf_of(plane);
	uint32_t index;

	GROUND("ip link add c0 type veth peer name c1");
	index = if_nametoindex("c0");
	check(!clsact_attach(bpf, index) && !run("tc filter show dev c0 ingress | grep -q full_ingress") &&
		  !run("tc filter show dev c0 egress | grep -q full_egress"),
	    "without tcx: clsact with two filters");
	check(!clsact_attach(bpf, index) && !run("test $(tc filter show dev c0 ingress | grep -c full_ingress) = 1"),
	    "attaching again adds nothing");
	check(!clsact_detach(bpf->links, index) && no_clsact("c0"), "detaching removes filters and qdisc");
	GROUND("tc qdisc add dev c0 clsact");
	check(!clsact_attach(bpf, index) && !clsact_detach(bpf->links, index) && !no_clsact("c0"), "a clsact that was there stays");
	GROUND("tc qdisc del dev c0 clsact");
	check(!clsact_attach(bpf, index), "attached for the teardown");
	check(!clsact_attach(bpf, if_nametoindex("c1")) && !add_filter(bpf, if_nametoindex("c1")),
	    "and beside it one with somebody else's filter");
}

/* Another director, without any interface, in a namespace that ends without a teardown. */
static void leave_pins(char name[BPFFS_NAME])
{
	const char *why;
	int sent[2], status = 1;
	pid_t child;

	if (pipe(sent))
		exit(1);
	child = fork();
	if (!child) {
		if (unshare(CLONE_NEWNET) || bpffs_namespace(name) || plane_bpf_open(SLOTS, &plane, &why))
			_exit(1);
		_exit(write(sent[1], name, BPFFS_NAME) != BPFFS_NAME);
	}
	close(sent[1]);
	check(child > 0 && read(sent[0], name, BPFFS_NAME) == BPFFS_NAME && waitpid(child, &status, 0) == child && !status,
	    "a director's namespace ends without a teardown");
	close(sent[0]);
}

struct leftover {
	char name[BPFFS_NAME];
	int root;
};

/* The kernel takes a namespace apart some time after its last user. */
static bool is_collected(void *arg)
{
	struct leftover *l = arg;
	char own[BPFFS_NAME];

	bpffs_namespace(own);
	bpffs_collect(l->root, own);
	return faccessat(l->root, l->name, F_OK, 0);
}

static void test_collection(void)
{
	struct leftover l = {.root = -1};
	const char *why = "";
	char own[BPFFS_NAME];

	leave_pins(l.name);
	bpffs_namespace(own);
	check(!bpffs_open(false, &l.root, &why) && await(is_collected, &l), "another director removes what it left");
	check(!faccessat(l.root, own, F_OK, 0), "and its own pins are still there");
	bpffs_collect(l.root, "other");
	check(!faccessat(l.root, own, F_OK, 0), "nor does anybody else's collection take them");
	stop();
	bpffs_collect(l.root, "other");
	check(!faccessat(l.root, own, F_OK, 0), "not even when no daemon runs");
	close(l.root);
	start(LANES_XDP_OFF);
	watch_all();
}

static void test_refusals(void)
{
	struct plane *other;
	const char *why = "";

	check(plane_bpf_open(1000, &other, &why) == -EINVAL && strstr(why, "power of two"), "a table of 1000 slots is refused");
	check(plane_bpf_open(2 * SLOTS, &other, &why) == -EBUSY && strstr(why, "--teardown"),
	    "another number of slots than the pinned one is refused");
	check(plane_bpf_teardown(&why) == -EBUSY && strstr(why, "running"), "no teardown under a running director");
}

static void test_teardown(void)
{
	char name[BPFFS_NAME];
	const char *why = "";
	int root = -1;

	stop();
	bpffs_namespace(name);
	check(bpffs_open(false, &root, &why) == 0 && !faccessat(root, name, F_OK, 0), "the pins outlive the director");
	check(!plane_bpf_teardown(&why), "teardown");
	check(faccessat(root, name, F_OK, 0), "no pins are left");
	close(root);
	check(run("bpftool link show | grep -q \"dev a0\"") && run("bpftool net show | grep -qE 'a0|br0|c0'"), "no links are left");
	check(run("ip link show | grep -q xdp"), "no XDP program is left");
	check(no_clsact("c0") && no_clsact("a0"), "no qdisc of ours is left");
	check(!no_clsact("c1") && run("tc filter show dev c1 ingress | grep -q full_ingress"),
	    "somebody else's filter keeps its qdisc, ours is gone");
	check(run("ip neigh show | grep -qE 'managed|proto 83'"), "no neighbour is kept alive");
	check(!plane_bpf_teardown(&why), "a second teardown finds nothing");
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	log_open("test_plane", getenv("DEBUG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN);
	build();
	uv_loop_init(&loop);
	test_open();
	test_ops();
	test_late_interface();
	test_next_hops();
	test_routes();
	test_mac_change();
	test_failure();
	test_lost_messages();
	test_adoption();
	test_other_build();
	test_express();
	test_clsact();
	test_collection();
	test_refusals();
	test_teardown();
	kill(peer, SIGKILL);
	waitpid(peer, NULL, 0);
	return failed ? 1 : 0;
}
