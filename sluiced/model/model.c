/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/model/model.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void model_init(struct model *model)
{
	*model = (struct model){.next_order = 1};
	list_init(&model->svcs);
	list_init(&model->mark_rules);
	for (unsigned i = 0; model_sysctl_at(i); i++)
		model->sysctl[model_sysctl_at(i)->index] = model_sysctl_at(i)->value;
	htab_init(&model->svc_tab);
	htab_init(&model->dest_tab);
}

void model_fini(struct model *model)
{
	struct list *at, *safe, *dest_at, *dest_safe;

	list_each (at, safe, &model->svcs) {
		struct svc *svc = container_of(at, struct svc, link);

		list_each (dest_at, dest_safe, &svc->dests)
			dest_free(container_of(dest_at, struct dest, link));
		svc_free(svc);
	}
	list_each (at, safe, &model->mark_rules)
		free(container_of(at, struct mark_rule, link));
	htab_fini(&model->svc_tab);
	htab_fini(&model->dest_tab);
	model_init(model);
}

struct svc *model_svc(const struct model *model, const struct sl_svc_key *key)
{
	struct hnode *node = htab_first(&model->svc_tab, hash_bytes(key, sizeof(*key), 0));

	for (; node; node = htab_next(node)) {
		struct svc *svc = container_of(node, struct svc, node);

		if (memcmp(&svc->key, key, sizeof(*key)) == 0)
			return svc;
	}
	return NULL;
}

struct mark_rule *model_mark_rule(const struct model *model, uint16_t id)
{
	struct list *at, *safe;

	list_each (at, safe, &model->mark_rules) {
		struct mark_rule *rule = container_of(at, struct mark_rule, link);

		if (rule->rule.id == id)
			return rule;
	}
	return NULL;
}

bool svc_key_is_mark(const struct sl_svc_key *key)
{
	return key->proto == 0;
}

struct sl_svc_key svc_key_mark(uint32_t mark, bool v6)
{
	return (struct sl_svc_key){.addr.w = {0, 0, v6 ? 0 : htonl(0xffff), htonl(mark)}};
}

uint32_t svc_key_mark_of(const struct sl_svc_key *key)
{
	return ntohl(key->addr.w[3]);
}

static const char *proto_text(unsigned proto)
{
	return proto == IPPROTO_UDP ? "udp" : proto == IPPROTO_SCTP ? "sctp" : "tcp";
}

const char *model_svc_text(const struct sl_svc_key *key, char text[MODEL_NAME_TEXT])
{
	char name[ADDR_PORT_TEXT];

	if (svc_key_is_mark(key))
		snprintf(text, MODEL_NAME_TEXT, "mark %u%s", svc_key_mark_of(key), addr_is_v4(key->addr.b) ? "" : " IPv6");
	else
		snprintf(text, MODEL_NAME_TEXT, "%s %s", proto_text(key->proto), addr_port_print(key->addr.b, ntohs(key->port), name));
	return text;
}

const char *model_dest_text(const struct dest_key *key, char text[MODEL_NAME_TEXT])
{
	return addr_port_print(key->addr.b, ntohs(key->port), text);
}
