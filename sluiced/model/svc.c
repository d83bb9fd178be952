/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

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
	free(svc);
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
