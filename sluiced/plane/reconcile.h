/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_RECONCILE_H
#define SLUICED_RECONCILE_H
/*
 * DOC: from the model to the plane
 *
 * The reconciler compares what the model wants of a service with what the plane holds, and writes the difference, so that a packet
 * sees the old state or the new one, nothing between: settings first, then servers, then their way (neigh), then the list of members
 * and the allow-list aside in their pools, then the service's entry, which switches to a new generation; then what is gone is taken away.
 * Doing it again writes nothing, so a start over adopted maps writes nothing.
 *
 * It owns the ids. A server that is removed keeps its id, its way and its entry (flag SL_DEST_REMOVED) until its last connection
 * has left, and is the same again when it is added again; so does a service until its last server has gone. Ids and members
 * that are given back rest for a second (pool.h).
 *
 * A round robin's place survives the switch as it does in IPVS: it stays at the server used last, or at that one's nearest
 * predecessor that is left; wrr begins again at the head of the list.
 */

#include "sluiced/model/txn.h"
#include "sluiced/plane/plane.h"

struct reconcile;

/* The way to a server and netfilter's marks: neigh.h's and mark.h's functions, or a test's. */
struct reconcile_hooks {
	void *arg;
	int (*watch)(void *arg, uint32_t dest, const struct sl_addr *addr);
	void (*unwatch)(void *arg, uint32_t dest);
	/* A firewall-mark service is there, or is there no more; may be NULL. */
	void (*mark)(void *arg, const struct sl_svc_key *key, bool on);
};

/* The plane stays the caller's. 0 or -ENOMEM. */
int reconcile_new(struct plane *plane, const struct reconcile_hooks *hooks, struct reconcile **ret_rec);
void reconcile_free(struct reconcile *rec);

/* Fill an empty model from what the plane holds, then reconcile it: on whole maps that writes nothing. 0 or -errno. */
int reconcile_adopt(struct reconcile *rec, struct model *model, uint64_t now_ms);

/*
 * Bring every service that the transaction touched, and the timeouts, to the plane. On failure -errno, the transaction has been
 * undone and the plane is as before; txn_end() is the caller's in either case.
 */
int reconcile_commit(struct reconcile *rec, struct txn *txn, uint64_t now_ms);

/* Call about once a second: lets go of what nobody uses any more. */
void reconcile_tick(struct reconcile *rec, uint64_t now_ms);

/* Ids of what is configured; 0 if it isn't. */
uint32_t reconcile_svc_id(const struct reconcile *rec, const struct sl_svc_key *key);
uint32_t reconcile_dest_id(const struct reconcile *rec, uint32_t svc, const struct dest_key *key);

/* Likewise of a service that is removed and has connections left. */
uint32_t reconcile_svc_any(const struct reconcile *rec, const struct sl_svc_key *key);

/* The name of the service with this id; false if it is not taken. */
bool reconcile_svc_key(const struct reconcile *rec, uint32_t svc, struct sl_svc_key *ret_key);

/* Is this service id taken, if only by connections of a removed service? */
bool reconcile_svc_used(const struct reconcile *rec, uint32_t svc);

/* No server has ever had a larger id. */
uint32_t reconcile_highest_dest(const struct reconcile *rec);

/* The servers of a service, removed ones with connections too: prev 0 gives the first, 0 comes after the last. */
uint32_t reconcile_next_dest(const struct reconcile *rec, uint32_t svc, uint32_t prev);

/* What a service has counted since it has its id, the share of lingering and departed servers included: fields as in sl_stats. */
void reconcile_svc_raw(const struct reconcile *rec, uint32_t svc, __u64 ret_sum[5]);

/* Removed servers that still have an id. */
unsigned reconcile_lingering(const struct reconcile *rec);

#endif
