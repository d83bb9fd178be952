/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: the peer: the same pipeline on a BPF LRU hash
 *
 * What a balancer without a table of its own does for a packet of a known connection: parse, look the five-tuple up, note
 * the time, rewrite address and port with both checksums, count, set the MAC addresses, send. Everything a real director checks
 * besides is left out, so the peer is, if anything, too fast.
 */
#include "bench/bpf/frame.h"

#include <linux/ip.h>
#include <linux/tcp.h>

#include "bench/bpf/lru.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* set at load */
	__type(key, struct lru_key);
	__type(value, struct lru_conn);
} lru_conns SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FLOW_SERVERS + 1);
	__type(key, __u32);
	__type(value, struct lru_counter);
} lru_counters SEC(".maps");

__u64 lru_mac[2]; /* destination, source */

FRAME_INLINE __u16 csum_replace(__u16 check, __u32 removed, __u32 added)
{
	__u32 sum = (__u16)~check + frame_sum32(~removed) + frame_sum32(added);

	return frame_fold(sum);
}

FRAME_INLINE void nat(struct iphdr *ip, struct tcphdr *tcp, const struct lru_conn *conn)
{
	ip->check = csum_replace(ip->check, ip->daddr, conn->daddr);
	tcp->check = csum_replace(tcp->check, ip->daddr, conn->daddr);
	tcp->check = csum_replace(tcp->check, tcp->dest, conn->dport);
	ip->daddr = conn->daddr;
	tcp->dest = conn->dport;
}

FRAME_INLINE void count(__u32 dest, __u32 bytes)
{
	struct lru_counter *c = bpf_map_lookup_elem(&lru_counters, &dest);

	if (!c)
		return;
	c->packets++;
	c->bytes += bytes;
}

SEC("xdp") int lru_nat(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + ETH_HLEN;
	struct tcphdr *tcp = (void *)(ip + 1);
	struct lru_conn *conn;

	if ((void *)(tcp + 1) > end || *(__u16 *)(data + 12) != bpf_htons(ETH_P_IP) || *(__u8 *)ip != 0x45)
		return XDP_PASS;
	if (ip->protocol != IPPROTO_TCP || ip->frag_off & bpf_htons(0x3fff) || ip->ttl <= 1)
		return XDP_PASS;
	struct lru_key key = {ip->saddr, ip->daddr, *(__be32 *)tcp, IPPROTO_TCP};

	conn = bpf_map_lookup_elem(&lru_conns, &key);
	if (!conn)
		return XDP_PASS;
	conn->seen = bpf_jiffies64();
	nat(ip, tcp, conn);
	count(conn->dest, bpf_ntohs(ip->tot_len));
	frame_mac(data, lru_mac[0], lru_mac[0] >> 32);
	frame_mac(data + 6, lru_mac[1], lru_mac[1] >> 32);
	return XDP_TX;
}

char _license[] SEC("license") = "GPL";
