/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_MODEL_H
#define SLUICED_MODEL_H
/*
 * DOC: the model: what the operator wants
 *
 * Services, their servers, the timeouts and settings, the classifier's rules and the sync daemons, as they were last committed. Pure data:
 * no I/O, no maps, no clock. Everything is found by hash, and lists keep IPVS's order: newest first. Only a transaction (txn.h) changes a
 * model, and only the adoption of a running plane fills one otherwise. What the plane made of it (ids, generations, counters) is not known
 * here.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/htab.h"
#include "base/list.h"
#include "base/prefix.h"
#include "sluice/abi.h"
#include "sluiced/model/rule.h"

#define MODEL_NAME_TEXT (ADDR_PORT_TEXT + 8)
#define MODEL_MAX_TIMEOUT 2678400 /* seconds: 31 days, as ipvsadm's */
#define MODEL_MAX_PREFIXES 65536 /* of one allow-list */

/*
 * A source allow-list: the fewest prefixes that mean what was said, in ascending order, none touching another. It is never changed, only
 * replaced; whoever keeps a pointer counts (allow_get, allow_put).
 */
struct allow {
	unsigned refs;
	uint32_t count; /* 0: nobody is let in */
	struct prefix prefixes[];
};

struct model_timeouts {
	uint32_t tcp, tcpfin, udp; /* seconds */
};

struct svc_conf {
	enum sl_sched sched;
	uint32_t flags; /* SL_SVC_PERSISTENT, SL_SVC_ONEPACKET, SL_SVC_SCHED1..3 */
	uint32_t persist_s; /* with SL_SVC_PERSISTENT; else 0 */
	struct sl_addr mask; /* likewise: which of the 128 bits of a client's address count; of IPv4 the first 96 always do */
	enum sl_pe pe;
	struct model_timeouts timeouts; /* of its own; 0: the global one */
	struct allow *allow; /* one reference; NULL: everybody is let in */
};

struct dest_tunnel {
	enum sl_tun type;
	uint8_t flags; /* SL_TUN_* */
	__be16 port; /* SL_TUN_GUE's */
};

struct dest_conf {
	enum sl_fwd fwd;
	int32_t weight; /* 0: quiesced */
	int32_t last_weight; /* the last that was not 0: what mh goes by; of a server added with 0 it is 0 */
	uint32_t upper, lower; /* thresholds as the operator said them; 0: none */
	struct dest_tunnel tunnel; /* with SL_FWD_TUNNEL; else all 0 */
};

struct mark_rule {
	struct list link; /* of model.mark_rules */
	struct rule rule;
};

enum sync_role { SYNC_MASTER, SYNC_BACKUP, SYNC_ROLES };

/* A connection sync daemon that was started (ipvsadm --start-daemon). */
struct sync_conf {
	bool on;
	char interface[16];
	uint8_t id, ttl;
	uint16_t maxlen, port;
	struct sl_addr group;
};

/* What names a server within its service. No padding may differ: build it with dest_key(). */
struct dest_key {
	struct sl_addr addr;
	__be16 port;
	uint16_t zero[3];
};

/* Greatest common divisor and maximum of the weights of a service's servers. */
struct svc_weights {
	bool known;
	uint32_t gcd, max;
};

/* The reconciler's: what a commit says of the place where wrr goes on. */
struct svc_turn {
	uint64_t commit; /* which one */
	bool added; /* the service is a new one */
	bool moved; /* begin anew at the head of the list, under this bar */
	uint32_t bar;
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
	struct svc_weights weights; /* kept for wrr, while they are known */
	struct svc_turn turn;
};

struct dest {
	struct list link; /* of svc.dests */
	struct hnode node;
	struct svc *svc;
	struct dest_key key;
	struct dest_conf conf;
	uint32_t order; /* larger is newer */
};

struct model {
	struct list svcs; /* newest first */
	struct htab svc_tab, dest_tab;
	unsigned svc_count, dest_count;
	unsigned mixed_count; /* servers of another address family than their service */
	uint32_t next_order; /* of services */
	struct model_timeouts timeouts;
	int32_t sysctl[SL_MAX_SYSCTLS]; /* by enum sl_sysctl */
	struct list mark_rules; /* in the order in which they are tried */
	unsigned mark_rule_count;
	struct sync_conf sync[SYNC_ROLES];
	uint64_t generation; /* commits that changed something */
};

void model_init(struct model *model);
void model_fini(struct model *model);

struct svc *model_svc(const struct model *model, const struct sl_svc_key *key);
struct dest *model_dest(const struct svc *svc, const struct model *model, const struct dest_key *key);

struct mark_rule *model_mark_rule(const struct model *model, uint16_t id);

/* Of a firewall mark, not of an address? Then it has a family and a mark. */
bool svc_key_is_mark(const struct sl_svc_key *key);
struct sl_svc_key svc_key_mark(uint32_t mark, bool v6);
uint32_t svc_key_mark_of(const struct sl_svc_key *key);

/* "tcp 192.0.2.1:80", "mark 7", "mark 7 IPv6"; returns `text`. */
const char *model_svc_text(const struct sl_svc_key *key, char text[MODEL_NAME_TEXT]);
const char *model_dest_text(const struct dest_key *key, char text[MODEL_NAME_TEXT]);
const char *model_sched_text(enum sl_sched sched);

/* Scheduler of this name; NULL and "" are the default. -ENOENT. */
int model_sched_parse(const char *text, enum sl_sched *ret_sched);

/* Scheduler flags of 6.1 by name: "sh-port" of sh alone, "flag-1" of any. 0, -ENOENT: no such flag, -EINVAL: another scheduler's. */
int model_flag_parse(const char *text, enum sl_sched sched, uint32_t *ret_flag);
/* The i-th name to show for these flags of this scheduler, or NULL. */
const char *model_flag_text(enum sl_sched sched, uint32_t flags, unsigned i);

/* Persistence engine of this name; NULL and "" are none. -ENOENT. */
int model_pe_parse(const char *text, enum sl_pe *ret_pe);
const char *model_pe_text(enum sl_pe pe); /* "" for none */

/* A setting: a row of include/sluice/sysctl.def. */
struct model_sysctl {
	const char *name, *unit;
	enum sl_sysctl index;
	int32_t value, least, most;
};

const struct model_sysctl *model_sysctl(const char *name); /* NULL: there is none */
const struct model_sysctl *model_sysctl_at(unsigned i); /* the i-th, or NULL */

bool svc_conf_equal(const struct svc_conf *a, const struct svc_conf *b);
bool dest_conf_equal(const struct dest_conf *a, const struct dest_conf *b);

/*
 * allow.c. A list of `count` prefixes, in any order and overlapping (they are left changed); NULL without memory. The caller has the
 * reference. allow_get() returns what it is given; NULL may be got, put and compared.
 */
struct allow *allow_new(struct prefix *prefixes, uint32_t count);
struct allow *allow_get(struct allow *allow);
void allow_put(struct allow *allow);
bool allow_equal(const struct allow *a, const struct allow *b);

/* svc.c, dest.c: for txn.c and the adoption. The caller owns what is not linked; link_* put it behind `after`, a link of the list. */
struct svc *svc_new(const struct sl_svc_key *key, const struct svc_conf *conf); /* takes the conf's reference over, if it succeeds */
void svc_free(struct svc *svc); /* unlinked, without servers */
void svc_link(struct model *model, struct svc *svc, struct list *after);
void svc_unlink(struct model *model, struct svc *svc);

struct dest_key dest_key(const struct sl_addr *addr, __be16 port);
struct dest *dest_new(struct svc *svc, const struct dest_key *key, const struct dest_conf *conf);
void dest_free(struct dest *dest); /* unlinked */
void dest_link(struct model *model, struct dest *dest, struct list *after);
void dest_unlink(struct model *model, struct dest *dest);

#endif
