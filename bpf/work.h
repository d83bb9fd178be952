/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_WORK_H
#define SLUICE_WORK_H
/*
 * DOC: scratch memory of a packet's slow path
 *
 * What is too big for the stack: a CPU has one, and a packet that is being worked on is never
 * interrupted by another on the same CPU. Nothing in it lasts from one packet to the next. The broom, which can be interrupted, has none.
 */

#include "bpf/claim.h"
#include "bpf/sip.h"

struct work {
	struct sl_svc svc; /* the packet's service: one generation of it, whole */
	struct sl_svc_key key; /* by which it was found */
	struct table_new new; /* the connection in the making */
	struct sl_cache cache; /* lblc, lblcr: an entry in the making */
	struct sl_hop hop; /* the way to a client, as the FIB says */
	struct sip sip; /* a message, its Call-ID */
	struct sl_call call; /* the Call-ID as it is listed */
	struct pkt twin; /* the packet that would match its persistence template */
};

#ifdef CTX_HOST
static _Thread_local struct work work_of_thread;

SL_INLINE struct work *work_get(void)
{
	return &work_of_thread;
}
#else
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct work);
} work SEC(".maps");

/* This CPU's; never NULL, but the verifier wants to be told. */
SL_INLINE struct work *work_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&work, &zero);
}
#endif

#endif
