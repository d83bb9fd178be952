/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_MODEL_H
#define SLUICED_MODEL_H
/*
 * DOC: the model: what the operator wants
 *
 * Services, their servers and the timeouts, as they were last committed. Pure data: no I/O, no maps, no clock. Everything is
 * found by hash, and lists keep IPVS's order: newest first. Only a transaction (txn.h) changes a model, and only the adoption of a
 * running plane fills one otherwise. What the plane made of it (ids, generations, counters) is not known here.
 */

#include <stdint.h>

#include "base/addr.h"
#include "base/htab.h"
#include "base/list.h"
#include "sluice/abi.h"

#define MODEL_NAME_TEXT (ADDR_PORT_TEXT + 8)
#define MODEL_MAX_TIMEOUT 2678400 /* seconds: 31 days, as ipvsadm's */

struct svc_conf {
	enum sl_sched sched;
};

struct dest_conf {
	enum sl_fwd fwd;
	int32_t weight; /* 0: quiesced */
};

/* What names a server within its service. No padding may differ: build it with dest_key(). */
struct dest_key {
	struct sl_addr addr;
	__be16 port;
	uint16_t zero[3];
};

struct svc {
	struct list link; /* of model.svcs */
	struct hnode node;
	struct sl_svc_key key;
	struct svc_conf conf;
	uint32_t order; /* larger is newer */
	uint32_t next_order; /* of its servers */
	struct list dests; /* newest first */
	unsigned dest_count;
};

struct dest {
	struct list link; /* of svc.dests */
	struct hnode node;
	struct svc *svc;
	struct dest_key key;
	struct dest_conf conf;
	uint32_t order; /* larger is newer */
};

struct model_timeouts {
	uint32_t tcp, tcpfin, udp; /* seconds */
};

struct model {
	struct list svcs; /* newest first */
	struct htab svc_tab, dest_tab;
	unsigned svc_count, dest_count;
	uint32_t next_order; /* of services */
	struct model_timeouts timeouts;
	uint64_t generation; /* commits that changed something */
};

void model_init(struct model *model);
void model_fini(struct model *model);

struct svc *model_svc(const struct model *model, const struct sl_svc_key *key);
struct dest *model_dest(const struct svc *svc, const struct model *model, const struct dest_key *key);

/* "tcp 192.0.2.1:80"; returns `text`. */
const char *model_svc_text(const struct sl_svc_key *key, char text[MODEL_NAME_TEXT]);
const char *model_dest_text(const struct dest_key *key, char text[MODEL_NAME_TEXT]);
const char *model_sched_text(enum sl_sched sched);

/* Scheduler of this name; NULL and "" are the default. -ENOENT. */
int model_sched_parse(const char *text, enum sl_sched *ret_sched);

/* svc.c, dest.c: for txn.c and the adoption. The caller owns what is not linked; link_* put it behind `after`, a link of the list. */
struct svc *svc_new(const struct sl_svc_key *key, const struct svc_conf *conf);
void svc_free(struct svc *svc); /* unlinked, without servers */
void svc_link(struct model *model, struct svc *svc, struct list *after);
void svc_unlink(struct model *model, struct svc *svc);

struct dest_key dest_key(const struct sl_addr *addr, __be16 port);
struct dest *dest_new(struct svc *svc, const struct dest_key *key, const struct dest_conf *conf);
void dest_free(struct dest *dest); /* unlinked */
void dest_link(struct model *model, struct dest *dest, struct list *after);
void dest_unlink(struct model *model, struct dest *dest);

#endif
