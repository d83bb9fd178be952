/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/model/model.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* IPVS's schedulers that are not built yet. */
static const struct {
	const char *text;
	enum sl_sched sched;
} scheds[] = {
#define X(name, number, text) {text, number},
#include "sluice/sched.def"
#undef X
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

void model_init(struct model *model)
{
	*model = (struct model){.next_order = 1};
	list_init(&model->svcs);
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

const char *model_svc_text(const struct sl_svc_key *key, char text[MODEL_NAME_TEXT])
{
	char name[ADDR_PORT_TEXT];

	snprintf(text, MODEL_NAME_TEXT, "%s %s", key->proto == IPPROTO_UDP ? "udp" : "tcp",
	    addr_port_print(key->addr.b, ntohs(key->port), name));
	return text;
}

const char *model_dest_text(const struct dest_key *key, char text[MODEL_NAME_TEXT])
{
	return addr_port_print(key->addr.b, ntohs(key->port), text);
}

const char *model_sched_text(enum sl_sched sched)
{
	for (size_t i = 0; i < COUNT(scheds); i++) {
		if (scheds[i].sched == sched)
			return scheds[i].text;
	}
	return "none";
}

int model_sched_parse(const char *text, enum sl_sched *ret_sched)
{
	if (!text || !text[0])
		text = "wlc";
	for (size_t i = 0; i < COUNT(scheds); i++) {
		if (strcmp(scheds[i].text, text) == 0) {
			*ret_sched = scheds[i].sched;
			return 0;
		}
	}
	return -ENOENT;
}
