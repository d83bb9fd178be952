/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "sluiced/model/model.h"

struct dest_key dest_key(const struct sl_addr *addr, __be16 port)
{
	return (struct dest_key){.addr = *addr, .port = port};
}

static uint64_t dest_hash(const struct svc *svc, const struct dest_key *key)
{
	return hash_bytes(key, sizeof(*key), (uintptr_t)svc);
}

struct dest *dest_new(struct svc *svc, const struct dest_key *key, const struct dest_conf *conf)
{
	struct dest *dest = calloc(1, sizeof(*dest));

	if (!dest)
		return NULL;
	dest->svc = svc;
	dest->key = *key;
	dest->conf = *conf;
	list_init(&dest->link);
	return dest;
}

void dest_free(struct dest *dest)
{
	free(dest);
}

bool dest_conf_equal(const struct dest_conf *a, const struct dest_conf *b)
{
	return a->fwd == b->fwd && a->weight == b->weight && a->upper == b->upper && a->lower == b->lower &&
	       a->tunnel.type == b->tunnel.type && a->tunnel.flags == b->tunnel.flags && a->tunnel.port == b->tunnel.port;
}

static bool is_mixed(const struct dest *dest)
{
	return addr_is_v4(dest->svc->key.addr.b) != addr_is_v4(dest->key.addr.b);
}

void dest_link(struct model *model, struct dest *dest, struct list *after)
{
	list_add(after, &dest->link);
	htab_insert(&model->dest_tab, &dest->node, dest_hash(dest->svc, &dest->key));
	dest->svc->dest_count++;
	model->dest_count++;
	model->mixed_count += is_mixed(dest);
}

void dest_unlink(struct model *model, struct dest *dest)
{
	list_remove(&dest->link);
	htab_remove(&model->dest_tab, &dest->node);
	dest->svc->dest_count--;
	model->dest_count--;
	model->mixed_count -= is_mixed(dest);
}

struct dest *model_dest(const struct svc *svc, const struct model *model, const struct dest_key *key)
{
	struct hnode *node = htab_first(&model->dest_tab, dest_hash(svc, key));

	for (; node; node = htab_next(node)) {
		struct dest *dest = container_of(node, struct dest, node);

		if (dest->svc == svc && memcmp(&dest->key, key, sizeof(*key)) == 0)
			return dest;
	}
	return NULL;
}
