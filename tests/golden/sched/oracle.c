/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: oracle: asks the kernel's own IPVS
 *
 * oracle CASE... runs each case in a network namespace of its own and prints it with the answers in it, "==> CASE" before each. The
 * director's only device is a tun whose other end is this program: it writes the clients' packets and the servers' replies, and reads
 * what the director sends. To whom a packet goes is read off the packet: NAT shows the server as its destination, a tunnel as
 * the outer one's. Servers and clients need not exist.
 *
 * After each packet follows an echo request to the director. Its answer comes behind all that the packet caused, which is how "no
 * server" is told from "not yet". Runs in the guest (make); it needs root and a kernel with ip_vs.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/golden/sched/traffic.h"

#define DIRECTOR "10.255.255.1"
#define NEIGHBOUR "10.255.255.2"
#define LIMIT_MS 20000 /* for one answer of the kernel */

/* Clients come by the tun and so do servers; the virtual addresses are the director's own. */
static const char topology[] = "link set lo up\n"
			       "link set wire up\n"
			       "addr add " DIRECTOR "/32 dev wire\n"
			       "addr add fd00:ffff::1/128 dev wire nodad\n"
			       "route add default dev wire\n"
			       "route add ::/0 dev wire\n"
			       "route add local 192.0.2.0/24 dev lo\n"
			       "route add local 2001:db8:2::/64 dev lo\n";

static const char *const on[] = {"ipv4/ip_forward", "ipv6/conf/all/forwarding"};
static const char *const off[] = {"ipv4/conf/all/rp_filter", "ipv4/conf/default/rp_filter", "ipv6/conf/all/accept_dad"};

struct oracle {
	const char *name; /* of the case */
	int tun;
	FILE *admin; /* ipvsadm -R, while there are lines for it */
	struct traffic traffic;
	bool marking;
};

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fflush(stdout);
	fprintf(stderr, "\noracle: ");
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	_exit(1);
}

static void shell(const char *command)
{
	if (system(command))
		fail("failed: %s", command);
}

static void set(const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, value, 1) != 1)
		fail("%s: %s", path, strerror(errno));
	close(fd);
}

static int tun_open(void)
{
	struct ifreq ifr = {.ifr_name = "wire", .ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
		fail("/dev/net/tun: %s", strerror(errno));
	return fd;
}

static void oracle_open(struct oracle *o)
{
	FILE *ip;

	if (unshare(CLONE_NEWNET))
		fail("unshare: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		set(off[i], "0");
	o->tun = tun_open();
	ip = popen("ip -batch -", "w");
	if (!ip || fputs(topology, ip) < 0 || pclose(ip))
		fail("the director's network can't be made");
	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++)
		set(on[i], "1");
}

/* Lines that follow each other are one ipvsadm's. */
static void admin_add(struct oracle *o, const char *line)
{
	if (!o->admin)
		o->admin = popen("ipvsadm -R", "w");
	if (!o->admin || fprintf(o->admin, "%s\n", line) < 0)
		fail("ipvsadm can't be run");
}

static void admin_done(struct oracle *o)
{
	if (o->admin && pclose(o->admin))
		fail("%s: ipvsadm refused a line", o->name);
	o->admin = NULL;
}

static void mark(struct oracle *o, uint32_t number)
{
	char command[128];

	if (o->marking)
		shell("tc qdisc del dev wire clsact");
	o->marking = number;
	if (!number)
		return;
	snprintf(command, sizeof(command), "tc filter add dev wire ingress matchall action skbedit mark %u", number);
	shell("tc qdisc add dev wire clsact");
	shell(command);
}

/* A frame from its IP header on, into the wire. */
static void put(struct oracle *o, const uint8_t *frame, size_t len)
{
	if (len < 14 || write(o->tun, frame + 14, len - 14) != (ssize_t)(len - 14))
		fail("%s: a packet could not be sent: %s", o->name, strerror(errno));
}

static size_t get(struct oracle *o, uint8_t *packet, size_t size)
{
	struct pollfd p = {.fd = o->tun, .events = POLLIN};

	if (poll(&p, 1, LIMIT_MS) != 1)
		fail("%s: the director is silent", o->name);
	ssize_t len = read(o->tun, packet, size);

	if (len < 20)
		fail("%s: the tun gave %zd bytes: %s", o->name, len, strerror(errno));
	return len;
}

static bool is_fence(const uint8_t *p)
{
	static const uint8_t to[4] = {10, 255, 255, 2};

	return p[0] == 0x45 && p[9] == IPPROTO_ICMP && p[20] == 0 && !memcmp(p + 16, to, 4);
}

/* All that the packet causes. */
static void look(struct oracle *o, struct traffic_packet *packet)
{
	static const struct pkt_spec fence = {.ip = {.src = NEIGHBOUR, .dst = DIRECTOR}, .proto = IPPROTO_ICMP, .type = 8, .payload = 8};
	uint8_t buf[PKT_MAX];
	size_t len = pktbuild(&fence, buf, sizeof(buf));

	put(o, buf, len);
	for (;;) {
		len = get(o, buf, sizeof(buf));
		if (is_fence(buf))
			return;
		traffic_see(packet, buf, len);
	}
}

static void packets(struct oracle *o, struct case_step *s)
{
	static struct traffic_packet packet;

	s->answer_count = 0;
	for (uint32_t i = 0; i < s->count; i++) {
		if (!traffic_build(&o->traffic, s, i, &packet))
			continue;
		put(o, packet.frame, packet.len);
		look(o, &packet);
		traffic_answer(s, traffic_end(&o->traffic, s, &packet));
	}
}

/* The address of /proc/net/ip_vs: 0A000001:0050, [fd00:0000:...]:0050, or a mark alone. */
static void proc_addr(const char *text, uint8_t ret_addr[16], unsigned *ret_port)
{
	char address[ADDR_TEXT];
	unsigned v4;

	memset(ret_addr, 0, 16);
	*ret_port = 0;
	if (sscanf(text, "%8x:%4x", &v4, ret_port) == 2) {
		ret_addr[14] = v4 >> 8;
		ret_addr[15] = v4;
	} else if (sscanf(text, "[%45[^]]]:%4x", address, ret_port) == 2) {
		addr_parse(address, ret_addr);
	}
}

/* The servers that have connections, in the kernel's order. */
static void loads(struct oracle *o, struct case_step *s)
{
	FILE *f = fopen("/proc/net/ip_vs", "r");
	char line[256], word[2][96];
	unsigned vport = 0, port, active, inactive;
	uint8_t addr[16];

	s->answer_count = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%95s %95s", word[0], word[1]) != 2)
			continue;
		if (strcmp(word[0], "->")) {
			proc_addr(word[1], addr, &vport);
			continue;
		}
		proc_addr(word[1], addr, &port);
		if (sscanf(line, "%*s %*s %*s %*d %u %u", &active, &inactive) != 2 || !(active | inactive))
			continue;
		if (s->answer_count == CASE_MAX_ANSWERS)
			fail("too many servers");
		s->answers[s->answer_count++] = (struct case_answer){case_server(addr, port, vport), {active, inactive}};
	}
	if (f)
		fclose(f);
}

static void step(struct oracle *o, struct case_step *s)
{
	if (s->kind != CASE_ADMIN && s->kind != CASE_COMMENT)
		admin_done(o);
	switch (s->kind) {
	case CASE_COMMENT: break;
	case CASE_ADMIN: admin_add(o, s->text); break;
	case CASE_MARK: mark(o, s->number); break;
	case CASE_WAIT: sleep(s->number); break;
	case CASE_LOADS: loads(o, s); break;
	case CASE_PACKETS: packets(o, s); break;
	}
}

static void run(const char *name)
{
	static struct oracle o;
	static struct case_step s;
	static struct case_reader reader;
	FILE *file = fopen(name, "r");
	int more;

	if (!file)
		fail("%s: %s", name, strerror(errno));
	o.name = name;
	oracle_open(&o);
	printf("==> %s\n", name);
	case_open(&reader, file);
	while ((more = case_next(&reader, &s)) > 0) {
		step(&o, &s);
		case_print(stdout, &s);
	}
	if (more < 0)
		fail("%s: %s", name, reader.why);
	admin_done(&o);
	fflush(stdout);
	_exit(0);
}

int main(int argc, char **argv)
{
	int status;

	for (int i = 1; i < argc; i++) {
		fflush(stdout);
		pid_t child = fork();

		if (child < 0)
			fail("fork: %s", strerror(errno));
		if (!child)
			run(argv[i]);
		if (waitpid(child, &status, 0) != child || status)
			return 1;
	}
	return 0;
}
