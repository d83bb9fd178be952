/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/lru.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "bench/lru.bench.h"
#include "bench/drive.h"
#include "bench/flow.h"
#include "bench/lane.h"

struct lru {
	struct lru_bench *skel;
};

struct lru_key lru_key(uint32_t flow, uint32_t server)
{
	return (struct lru_key){
	    .saddr = htonl(flow_addr(flow)),
	    .daddr = htonl(server),
	    .ports = htons(flow_port(flow)) | (uint32_t)htons(FLOW_VPORT) << 16,
	    .proto = IPPROTO_TCP,
	};
}

int lru_open(uint32_t entries, struct lru **ret_lru)
{
	struct lru *lru = calloc(1, sizeof(*lru));
	int err;

	if (!lru)
		return -ENOMEM;
	lru->skel = lru_bench__open();
	if (!lru->skel) {
		free(lru);
		return -EIO;
	}
	bpf_map__set_max_entries(lru->skel->maps.lru_conns, entries);
	err = lru_bench__load(lru->skel);
	if (err) {
		lru_close(lru);
		return err;
	}
	memcpy(&lru->skel->bss->lru_mac[0], drive_peer_mac, 6);
	memcpy(&lru->skel->bss->lru_mac[1], drive_our_mac, 6);
	*ret_lru = lru;
	return 0;
}

void lru_close(struct lru *lru)
{
	if (lru)
		lru_bench__destroy(lru->skel);
	free(lru);
}

int lru_fill(struct lru *lru, uint32_t flows)
{
	int fd = bpf_map__fd(lru->skel->maps.lru_conns);

	for (uint32_t f = 0; f < flows; f++) {
		const struct lru_key key = lru_key(f, FLOW_VIP);
		const struct lru_conn conn = {
		    .daddr = htonl(FLOW_RS + f % FLOW_SERVERS), .dport = htons(LANE_NAT_PORT), .dest = 1 + f % FLOW_SERVERS};

		if (bpf_map_update_elem(fd, &key, &conn, BPF_ANY))
			return -errno;
	}
	return 0;
}

int lru_fd(const struct lru *lru)
{
	return bpf_program__fd(lru->skel->progs.lru_nat);
}

int lru_map_fd(const struct lru *lru)
{
	return bpf_map__fd(lru->skel->maps.lru_conns);
}

uint64_t lru_packets(const struct lru *lru)
{
	int cpus = libbpf_num_possible_cpus(), fd = bpf_map__fd(lru->skel->maps.lru_counters);
	struct lru_counter *per_cpu = calloc(cpus, sizeof(*per_cpu));
	uint64_t sum = 0;

	for (uint32_t dest = 0; per_cpu && dest <= FLOW_SERVERS; dest++) {
		if (bpf_map_lookup_elem(fd, &dest, per_cpu))
			continue;
		for (int cpu = 0; cpu < cpus; cpu++)
			sum += per_cpu[cpu].packets;
	}
	free(per_cpu);
	return sum;
}
