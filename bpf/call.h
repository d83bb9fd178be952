/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_CALL_H
#define SLUICE_CALL_H
/*
 * Which call a SIP message belongs to: the message is copied from the packet, its Call-ID found and hashed. The full lane's alone; the
 * express lane passes up what would need it.
 */

#include "bpf/work.h"

#if !CTX_EXPRESS
/* Finds the packet's Call-ID: into this CPU's work, or a drop. */
APART int call_find(struct sl_ctx *ctx, struct pkt *p)
{
	struct work *work = work_get();
	__u32 len;

	if (!p || !work)
		return PKT_DROP;
	if (p->proto != IPPROTO_UDP || p->frag == PKT_FRAG_LATER || p->l3_len <= p->hdr_len)
		return pkt_drop(p, SL_DROP_NO_CALL_ID);
	len = p->l3_len - p->hdr_len;
	len = len < SIP_LOOK ? len : SIP_LOOK;
	asm volatile("" : "+r"(len)); /* 1 to SIP_LOOK, which the verifier sees only in what follows */
	len = ((len - 1) & (SIP_LOOK - 1)) + 1;
	work->sip.len = len;
	if (ctx_load(ctx, PKT_L3 + p->hdr_len, work->sip.text, len) || !sip_call_id(&work->sip))
		return pkt_drop(p, SL_DROP_NO_CALL_ID);
	sip_hash(&work->sip, cfg_seed0, cfg_seed1, &work->sip.hash);
	return PKT_NEXT;
}
#endif

/* Keeps the Call-ID for listings. */
SL_INLINE void call_keep(struct work *work)
{
	__u32 len = work->sip.id_len;

	work->call.len = len < SL_CALL_TEXT ? len : SL_CALL_TEXT;
	__builtin_memcpy(work->call.text, work->sip.id, SL_CALL_TEXT);
	map_call_set(&work->sip.hash, &work->call);
}

/* The service in this CPU's work may want to know the packet's call. PKT_NEXT: it does not, or it does now. */
SL_INLINE int call_wanted(struct sl_ctx *ctx, struct pkt *p)
{
	const struct work *work = work_get();

	if (!work || work->svc.pe != SL_PE_SIP)
		return PKT_NEXT;
#if CTX_EXPRESS
	map_count(SL_MAX_REASONS + SL_EV_EXPRESS_PASS);
	return PKT_PASS;
#else
	return call_find(ctx, p);
#endif
}

#endif
