/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/golden/sched/traffic.h"

#include <netinet/in.h>
#include <string.h>

static const struct traffic_conn *conn_lookup(const struct traffic *t, const struct traffic_conn *of)
{
	for (unsigned i = t->count; i--;) {
		const struct traffic_conn *c = &t->conns[i];

		if (c->client_port == of->client_port && !memcmp(c->client, of->client, 16))
			return c;
	}
	return NULL;
}

bool traffic_build(const struct traffic *traffic, const struct case_step *step, uint32_t i, struct traffic_packet *ret_packet)
{
	const struct case_word *word = step->word;
	struct pkt_spec spec = {.proto = word->proto, .flags = word->flags, .seq = 1, .ack = 1, .payload = 4};
	struct traffic_conn *c = &ret_packet->conn;
	const struct traffic_conn *known;
	char client[ADDR_TEXT], other[ADDR_TEXT];
	uint8_t service[16];

	memset(c, 0, sizeof(*c));
	ret_packet->chosen = false;
	case_end_at(&step->src, i, c->client, &c->client_port);
	case_end_at(&step->dst, i, service, &c->vport);
	known = word->reply ? conn_lookup(traffic, c) : c;
	if (!known)
		return false;
	addr_print(c->client, client);
	addr_print(word->reply ? known->server : service, other);
	spec.ip.src = word->reply ? other : client;
	spec.ip.dst = word->reply ? client : other;
	spec.sport = word->reply ? known->server_port : c->client_port;
	spec.dport = word->reply ? c->client_port : c->vport;
	ret_packet->len = pktbuild(&spec, ret_packet->frame, sizeof(ret_packet->frame));
	return ret_packet->len > 0;
}

void traffic_see(struct traffic_packet *packet, const uint8_t *ip, size_t len)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool v4 = len >= 20 && ip[0] >> 4 == 4;
	size_t head = v4 ? 20 : 40;
	uint8_t proto;

	if (len < head + 8 || (v4 ? ip[16] != 10 : ip[24] != 0xfd))
		return;
	proto = v4 ? ip[9] : ip[6];
	if (proto != IPPROTO_IPIP && proto != IPPROTO_IPV6 && proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return;
	if (v4)
		memcpy(packet->conn.server, mapped, 12);
	memcpy(packet->conn.server + (v4 ? 12 : 0), ip + (v4 ? 16 : 24), v4 ? 4 : 16);
	packet->conn.server_port = packet->conn.vport;
	if (proto == IPPROTO_TCP || proto == IPPROTO_UDP)
		packet->conn.server_port = ip[head + 2] << 8 | ip[head + 3];
	packet->chosen = true;
}

struct case_server traffic_end(struct traffic *traffic, const struct case_step *step, const struct traffic_packet *packet)
{
	const struct traffic_conn *c = &packet->conn;

	if (!packet->chosen)
		return (struct case_server){0};
	if (step->word->answered && traffic->count < TRAFFIC_MAX_CONNS)
		traffic->conns[traffic->count++] = *c;
	return case_server(c->server, c->server_port, c->vport);
}

static void count(struct case_step *s, struct case_server server)
{
	unsigned i = 0;

	while (i < s->answer_count && (s->answers[i].server.number != server.number || s->answers[i].server.port != server.port))
		i++;
	if (i == CASE_MAX_ANSWERS)
		return;
	if (i == s->answer_count)
		s->answers[s->answer_count++] = (struct case_answer){.server = server};
	s->answers[i].n[0]++;
}

void traffic_answer(struct case_step *step, struct case_server server)
{
	if (!step->word->answered)
		return;
	if (step->counted)
		count(step, server);
	else if (step->answer_count < CASE_MAX_ANSWERS)
		step->answers[step->answer_count++] = (struct case_answer){.server = server};
}
