/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the lanes know of the services' names alone: the addresses, for fragments, and which kinds of services there are. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "sluiced/plane/reconcile_own.h"

#define FTP_PORT 21

static const uint32_t kind_flags[KINDS] = {
    [KIND_MARK] = SL_SET_MARK_SVCS,
    [KIND_FTP] = SL_SET_FTP_SVCS,
    [KIND_PORT0] = SL_SET_PORT0_SVCS,
};

static bool is_kind(const struct sl_svc_key *key, enum rec_kind_of kind)
{
	if (kind == KIND_MARK || svc_key_is_mark(key))
		return kind == KIND_MARK && svc_key_is_mark(key);
	if (kind == KIND_FTP)
		return key->proto == IPPROTO_TCP && key->port == htons(FTP_PORT);
	return key->port == 0;
}

void rec_kinds_write(struct reconcile *rec)
{
	for (int kind = 0; kind < KINDS; kind++)
		plane_flag_set(rec->plane, kind_flags[kind], rec->kinds[kind]);
}

static void count_kinds(struct reconcile *rec, const struct sl_svc_key *key, int add)
{
	for (int kind = 0; kind < KINDS; kind++)
		rec->kinds[kind] += is_kind(key, kind) ? add : 0;
}

static struct rec_vip *vip_find(const struct reconcile *rec, const struct sl_addr *addr)
{
	struct hnode *node = htab_first(&rec->vip_tab, hash_bytes(addr, sizeof(*addr), 0));

	for (; node; node = htab_next(node)) {
		struct rec_vip *vip = container_of(node, struct rec_vip, node);

		if (memcmp(&vip->addr, addr, sizeof(*addr)) == 0)
			return vip;
	}
	return NULL;
}

/* Addresses with a service, counted: the plane hears of the first and the last. */
static int vip_get(struct reconcile *rec, const struct sl_addr *addr, bool write)
{
	struct rec_vip *vip = vip_find(rec, addr);
	int err = 0;

	if (vip) {
		vip->count++;
		return 0;
	}
	vip = calloc(1, sizeof(*vip));
	if (!vip)
		return -ENOMEM;
	if (write)
		err = plane_vip_set(rec->plane, addr, true);
	if (err) {
		free(vip);
		return err;
	}
	vip->addr = *addr;
	vip->count = 1;
	htab_insert(&rec->vip_tab, &vip->node, hash_bytes(addr, sizeof(*addr), 0));
	return 0;
}

static void vip_put(struct reconcile *rec, const struct sl_addr *addr)
{
	struct rec_vip *vip = vip_find(rec, addr);
	int err;

	if (!vip || --vip->count)
		return;
	err = plane_vip_set(rec->plane, addr, false);
	if (err)
		log_warn_limited("an address without service stays in the fragments' list: %s", strerror(-err));
	htab_remove(&rec->vip_tab, &vip->node);
	free(vip);
}

int rec_name_get(struct reconcile *rec, const struct sl_svc_key *key, bool write)
{
	int err = svc_key_is_mark(key) ? 0 : vip_get(rec, &key->addr, write);

	if (err)
		return err;
	count_kinds(rec, key, 1);
	if (write)
		rec_kinds_write(rec);
	if (svc_key_is_mark(key) && rec->hooks.mark)
		rec->hooks.mark(rec->hooks.arg, key, true);
	return 0;
}

void rec_name_put(struct reconcile *rec, const struct sl_svc_key *key)
{
	if (!svc_key_is_mark(key))
		vip_put(rec, &key->addr);
	else if (rec->hooks.mark)
		rec->hooks.mark(rec->hooks.arg, key, false);
	count_kinds(rec, key, -1);
	rec_kinds_write(rec);
}

void rec_vips_free(struct reconcile *rec)
{
	for (size_t i = 0; i <= rec->vip_tab.mask; i++) {
		for (struct hnode *node = rec->vip_tab.buckets[i], *next; node; node = next) {
			next = node->next;
			free(container_of(node, struct rec_vip, node));
		}
	}
	htab_fini(&rec->vip_tab);
}
