/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/explain/explain.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "sluiced/explain/programs.h"

#define PLAIN_MTU 1500
#define BEGINNING 590 /* bytes of a larger packet that are explained */
#define RUNS 4 /* each but the last has shown something that the running director knows */
#define OUTER_ROOM 128 /* for a tunnel's header */
#define MAX_KNOWN 64 /* entries of the running table that concern one packet */

struct explain {
	struct plane *plane;
	struct programs *programs;
	struct sandbox *sandbox; /* NULL until the programs are ready */
	struct tap *tap; /* or NULL: nobody looks */
	uint32_t known[MAX_KNOWN]; /* slots of the running table to put in */
	unsigned count;
};

struct explain *explain_new(struct plane *plane)
{
	struct explain *explain = calloc(1, sizeof(*explain));

	if (!explain)
		return NULL;
	explain->plane = plane;
	explain->programs = programs_new(plane);
	if (!explain->programs) {
		free(explain);
		return NULL;
	}
	return explain;
}

void explain_free(struct explain *explain)
{
	if (!explain)
		return;
	tap_free(explain->tap);
	sandbox_free(explain->sandbox);
	programs_free(explain->programs);
	free(explain);
}

int explain_ready(struct explain *explain, const char **ret_why)
{
	int err = programs_ready(explain->programs, ret_why);

	return err || explain->sandbox ? err : sandbox_new(explain->programs, &explain->sandbox);
}

static int interface_mac(const char *name, uint8_t ret_mac[6])
{
	struct ifreq ifr = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	err = ioctl(fd, SIOCGIFHWADDR, &ifr) ? -errno : 0;
	close(fd);
	if (!err)
		memcpy(ret_mac, ifr.ifr_hwaddr.sa_data, 6);
	return err;
}

static bool has_addr(const struct ifaddrs *at, const struct sockaddr_in6 *local)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)at->ifa_addr;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)at->ifa_addr;

	if (!at->ifa_addr)
		return false;
	if (at->ifa_addr->sa_family == AF_INET)
		return addr_is_v4(local->sin6_addr.s6_addr) && memcmp(&v4->sin_addr, local->sin6_addr.s6_addr + 12, 4) == 0;
	return at->ifa_addr->sa_family == AF_INET6 && memcmp(&v6->sin6_addr, &local->sin6_addr, 16) == 0;
}

/* The kernel names the source address for the way to `addr`; its interface is the one. */
static uint32_t interface_to(const struct sl_addr *addr)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(9)}, local;
	socklen_t size = sizeof(local);
	struct ifaddrs *all = NULL;
	uint32_t ifindex = 0;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(&to.sin6_addr, addr->b, 16);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&to, sizeof(to)) && !getsockname(fd, (struct sockaddr *)&local, &size) &&
	    !getifaddrs(&all)) {
		for (struct ifaddrs *at = all; at && !ifindex; at = at->ifa_next)
			if (has_addr(at, &local))
				ifindex = if_nametoindex(at->ifa_name);
		freeifaddrs(all);
	}
	if (fd >= 0)
		close(fd);
	return ifindex;
}

int explain_make(const struct explain_ask *ask, struct sandbox_packet *ret_packet)
{
	struct sandbox_packet packet = {.ifindex = ask->ifindex ?: interface_to(&ask->flow.src), .mark = ask->mark};
	char name[IF_NAMESIZE];
	uint8_t mac[6];
	int err, len;

	if (!packet.ifindex)
		return -ENETUNREACH;
	err = if_indextoname(packet.ifindex, name) ? interface_mac(name, mac) : -EINVAL;
	if (err)
		return err;
	len = frame_make(&ask->flow, mac, packet.frame, SANDBOX_FRAME - OUTER_ROOM);
	if (len < 0)
		return len;
	packet.len = len;
	*ret_packet = packet;
	return 0;
}

static bool is_known(const struct explain *e, uint32_t slot)
{
	for (unsigned i = 0; i < e->count; i++)
		if (e->known[i] == slot)
			return true;
	return false;
}

/* Takes down a live entry of the running table, its template before it. */
static void know(struct explain *e, uint32_t slot)
{
	uint64_t word = __atomic_load_n(&e->plane->tags[slot], __ATOMIC_ACQUIRE);
	uint32_t template = e->plane->conns[slot].template;

	if (!sl_state_live(sl_word_state(word)) || is_known(e, slot))
		return;
	if (!sl_state_template(sl_word_state(word)) && template && template <= e->plane->slots && !is_known(e, template - 1) &&
	    e->count < MAX_KNOWN)
		e->known[e->count++] = template - 1;
	if (e->count < MAX_KNOWN)
		e->known[e->count++] = slot;
}

static void know_bucket(struct explain *e, uint32_t bucket, uint32_t tag)
{
	for (uint32_t slot = bucket * SL_BUCKET_SLOTS; slot < (bucket + 1) * SL_BUCKET_SLOTS; slot++)
		if (sl_word_tag(e->plane->tags[slot]) == tag)
			know(e, slot);
}

/* What the running table has under this client end. */
static void know_end(struct explain *e, const struct sl_addr *addr, __be16 port, uint8_t proto)
{
	const struct sl_settings *s = e->plane->settings;
	uint64_t hash = sl_flow_hash(addr, port, proto, s->seed[0], s->seed[1]);
	uint32_t mask = e->plane->slots / SL_BUCKET_SLOTS - 1;

	know_bucket(e, sl_hash_home(hash, mask), sl_hash_tag(hash));
	know_bucket(e, sl_hash_second(hash, mask), sl_hash_tag(hash));
}

static int run_once(struct explain *e, const struct sandbox_packet *packet, const struct sl_cache_key *key, const struct sl_cache *cache,
    struct sandbox_result *ret_out)
{
	sandbox_reset(e->sandbox);
	for (unsigned i = 0; i < e->count; i++)
		sandbox_put(e->sandbox, e->plane->tags[e->known[i]], &e->plane->conns[e->known[i]], e->known[i]);
	if (key)
		sandbox_cache_put(e->sandbox, key, cache);
	return sandbox_run(e->sandbox, packet, ret_out);
}

/* Looks the templates that the run made up in the running table. */
static void know_templates(struct explain *e)
{
	struct sl_conn conn;
	uint32_t slot = 0;
	uint64_t word;

	while (sandbox_next(e->sandbox, &slot, &word, &conn))
		if (sl_state_template(sl_word_state(word)))
			know_end(e, &conn.caddr, conn.cport, conn.proto);
}

/* Runs until the sandbox asks for nothing more that the running director has. */
static int run(struct explain *e, const struct sandbox_packet *packet, struct sandbox_result *ret_out)
{
	struct sl_cache_key key, made;
	bool has_cache = false;
	struct sl_cache cache;
	int err = 0;

	for (int i = 0; i < RUNS && !err; i++) {
		unsigned before = e->count;

		err = run_once(e, packet, has_cache ? &key : NULL, &cache, ret_out);
		if (err)
			break;
		know_templates(e);
		if (!has_cache && sandbox_cache(e->sandbox, &made, &cache) && e->plane->ops->cache(e->plane, &made, &cache) == 0) {
			key = made;
			has_cache = true;
		} else if (e->count == before) {
			break;
		}
	}
	return err;
}

static bool is_conn_of(const struct sl_conn *c, const struct frame_flow *f, bool reply)
{
	const struct sl_addr *client = reply ? &f->dst : &f->src;

	if (c->proto != f->proto || c->cport != (reply ? f->dport : f->sport) || memcmp(&c->caddr, client, sizeof(*client)) != 0)
		return false;
	return reply ? c->dport == f->sport : c->vport == f->dport && memcmp(&c->vaddr, &f->dst, sizeof(f->dst)) == 0;
}

static bool find_conn(struct explain *e, const struct frame_flow *flow, bool reply, struct explain_result *result)
{
	struct sl_conn conn;
	uint32_t slot = 0;
	uint64_t word;

	while (sandbox_next(e->sandbox, &slot, &word, &conn)) {
		if (!sl_state_conn(sl_word_state(word)) || !is_conn_of(&conn, flow, reply))
			continue;
		result->has_conn = true;
		result->reply = reply;
		result->conn = conn;
		result->state = sl_word_state(word);
		result->conn_known = sandbox_known(e->sandbox, slot - 1);
		return true;
	}
	return false;
}

/* The template over the connection, or of a packet that began none. */
static void find_template(struct explain *e, struct explain_result *result)
{
	struct sl_conn conn;
	uint32_t slot = 0;
	uint64_t word;

	while (sandbox_next(e->sandbox, &slot, &word, &conn)) {
		if (!sl_state_template(sl_word_state(word)) || sl_word_state(word) == SL_ST_TEMPLATE_GONE)
			continue;
		if (result->has_conn && result->conn.template != slot)
			continue;
		result->has_template = true;
		result->template = conn;
		result->template_state = sl_word_state(word);
		result->template_known = sandbox_known(e->sandbox, slot - 1);
		return;
	}
}

static enum explain_verdict verdict_of(
    const struct sandbox_packet *in, const struct sandbox_result *out, const struct explain_result *result)
{
	switch (out->action) {
	case TC_ACT_SHOT: return EXPLAIN_DROP;
	case TC_ACT_REDIRECT: return EXPLAIN_SEND;
	default: return result->has_conn && (!in->egress || result->reply) ? EXPLAIN_DELIVER : EXPLAIN_PASS;
	}
}

int explain_run(struct explain *e, const struct sandbox_packet *packet, struct explain_result *ret_result)
{
	struct explain_result result = {.in = *packet};
	bool has_flow = frame_read(packet->frame, packet->len, &result.flow) == 0;
	const struct frame_flow *flow = &result.flow;
	int err;

	e->count = 0;
	if (has_flow) {
		know_end(e, &flow->src, flow->sport, flow->proto);
		know_end(e, &flow->dst, flow->dport, flow->proto);
	}
	err = run(e, packet, &result.out);
	if (err)
		return err;
	if (has_flow && !find_conn(e, flow, false, &result))
		find_conn(e, flow, true, &result);
	find_template(e, &result);
	result.dest = result.has_conn ? result.conn.dest : result.has_template ? result.template.dest : 0;
	result.hop = result.reply ? result.conn.client_hop & 0xffff : e->plane->dests[result.dest % SL_MAX_DESTS].hop;
	result.reason = result.out.reason;
	result.verdict = verdict_of(packet, &result.out, &result);
	*ret_result = result;
	return 0;
}

int explain_tap(struct explain *e, struct lanes *lanes, const struct tap_want *want)
{
	explain_untap(e);
	return tap_new(e->programs, lanes, want, &e->tap);
}

void explain_untap(struct explain *e)
{
	tap_free(e->tap);
	e->tap = NULL;
}

struct reading {
	struct explain *explain;
	struct explain_tapped *packets;
	unsigned count;
};

static void on_tapped(void *arg, const struct sl_tapped *head, const uint8_t *bytes)
{
	struct reading *reading = arg;
	struct explain_tapped *t = &reading->packets[reading->count++];

	t->head = *head;
	memcpy(t->bytes, bytes, head->kept);
}

/*
 * A packet that was cut off, or that stands for several, is explained by its beginning, the lengths in it made to fit: as a whole it would
 * be too big for any way out.
 */
static void explain_one(struct explain *e, struct explain_tapped *t)
{
	uint32_t len = t->head.len > ETH_HLEN + PLAIN_MTU ? BEGINNING : t->head.len;
	struct sandbox_packet packet = {.len = len, .ifindex = t->head.ifindex, .mark = t->head.mark, .egress = t->head.egress};
	int cut = (int)(t->head.len - len);

	memcpy(packet.frame, t->bytes, len);
	if (cut)
		frame_lengthen(packet.frame, len, -cut);
	t->err = explain_run(e, &packet, &t->result);
	if (cut && !t->err)
		frame_lengthen(t->result.out.frame, t->result.out.len, cut);
}

unsigned explain_read(struct explain *e, unsigned max, struct explain_tapped *ret_packets, uint64_t *ret_lost)
{
	struct reading reading = {.explain = e, .packets = ret_packets};

	if (!e->tap || !max)
		return 0;
	tap_read(e->tap, max, on_tapped, &reading);
	for (unsigned i = 0; i < reading.count; i++)
		explain_one(e, &ret_packets[i]);
	*ret_lost = tap_lost(e->tap);
	return reading.count;
}
