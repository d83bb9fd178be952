/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "sluiced/model/model.h"

struct svc *svc_new(const struct sl_svc_key *key, const struct svc_conf *conf)
{
	struct svc *svc = calloc(1, sizeof(*svc));

	if (!svc)
		return NULL;
	svc->key = *key;
	svc->conf = *conf;
	list_init(&svc->link);
	list_init(&svc->dests);
	return svc;
}

void svc_free(struct svc *svc)
{
	allow_put(svc->conf.allow);
	free(svc);
}

static bool same_timeouts(const struct model_timeouts *a, const struct model_timeouts *b)
{
	return a->tcp == b->tcp && a->tcpfin == b->tcpfin && a->udp == b->udp;
}

bool svc_conf_equal(const struct svc_conf *a, const struct svc_conf *b)
{
	return a->sched == b->sched && a->flags == b->flags && a->persist_s == b->persist_s && a->pe == b->pe &&
	       memcmp(&a->mask, &b->mask, sizeof(a->mask)) == 0 && same_timeouts(&a->timeouts, &b->timeouts) &&
	       allow_equal(a->allow, b->allow);
}

void svc_link(struct model *model, struct svc *svc, struct list *after)
{
	list_add(after, &svc->link);
	htab_insert(&model->svc_tab, &svc->node, hash_bytes(&svc->key, sizeof(svc->key), 0));
	model->svc_count++;
}

void svc_unlink(struct model *model, struct svc *svc)
{
	list_remove(&svc->link);
	htab_remove(&model->svc_tab, &svc->node);
	model->svc_count--;
}
