/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_STATE_H
#define SLUICE_STATE_H
/*
 * DOC: the states of a connection
 *
 * TCP's are IPVS's (net/netfilter/ipvs/ip_vs_proto_tcp.c): what was seen, from which side, gives the next state. A
 * connection whose replies do not come this way (DR, TUN) is judged by its client's packets alone. UDP has one
 * state to the operator; inside, a flow that lives (an answer, or packets in more than one tick) is told from one that may
 * be no more than a flood's single packet, so that a flood can be evicted.
 */

#include "bpf/pkt.h"
#include "bpf/table.h"

enum state_event { STATE_SYN, STATE_FIN, STATE_ACK, STATE_RST, STATE_EVENTS };
enum state_view { STATE_INPUT, STATE_OUTPUT, STATE_INPUT_ONLY, STATE_VIEWS };

#define STATE_TCP_FIRST SL_ST_NONE
#define STATE_TCP_COUNT (SL_ST_SYNACK - SL_ST_NONE + 1)

#define NO SL_ST_NONE
#define ES SL_ST_ESTABLISHED
#define SS SL_ST_SYN_SENT
#define SR SL_ST_SYN_RECV
#define FW SL_ST_FIN_WAIT
#define TW SL_ST_TIME_WAIT
#define CL SL_ST_CLOSE
#define CW SL_ST_CLOSE_WAIT
#define LA SL_ST_LAST_ACK
#define LI SL_ST_LISTEN
#define SA SL_ST_SYNACK

/* clang-format off */
static const __u8 state_tcp[STATE_VIEWS][STATE_EVENTS][STATE_TCP_COUNT] = {
	/* from               NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA */
	[STATE_INPUT] = {
		[STATE_SYN] = {SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR},
		[STATE_FIN] = {CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW},
		[STATE_ACK] = {ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES},
		[STATE_RST] = {CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR},
	},
	[STATE_OUTPUT] = {
		[STATE_SYN] = {SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR},
		[STATE_FIN] = {TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW},
		[STATE_ACK] = {ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES},
		[STATE_RST] = {CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL},
	},
	[STATE_INPUT_ONLY] = {
		[STATE_SYN] = {SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR},
		[STATE_FIN] = {CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW},
		[STATE_ACK] = {ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES},
		[STATE_RST] = {CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL},
	},
};
/* clang-format on */

#undef NO
#undef ES
#undef SS
#undef SR
#undef FW
#undef TW
#undef CL
#undef CW
#undef LA
#undef LI
#undef SA

/* The state after these flags; no known flag at all closes, as in IPVS. */
SL_INLINE __u32 state_tcp_next(__u32 state, __u8 flags, enum state_view view)
{
	__u32 at = state - STATE_TCP_FIRST;
	enum state_event event;

	if (flags & TCP_RST)
		event = STATE_RST;
	else if (flags & TCP_SYN)
		event = STATE_SYN;
	else if (flags & TCP_FIN)
		event = STATE_FIN;
	else if (flags & TCP_ACK)
		event = STATE_ACK;
	else
		return SL_ST_CLOSE;
	return at < STATE_TCP_COUNT ? state_tcp[view][event][at] : SL_ST_CLOSE;
}

/* The state a new connection is entered in. */
SL_INLINE __u32 state_first(const struct pkt *p, __u64 way)
{
	if (p->proto == IPPROTO_UDP)
		return SL_ST_UDP_NEW;
	return state_tcp_next(SL_ST_NONE, p->tcp_flags, way ? STATE_INPUT_ONLY : STATE_INPUT);
}

SL_INLINE __u32 state_next(const struct pkt *p)
{
	__u32 state = sl_word_state(p->word);

	if (p->frag == PKT_FRAG_LATER)
		return state;
	if (p->proto == IPPROTO_UDP)
		return p->dir == PKT_SERVER || sl_word_tick(p->word) != p->now ? SL_ST_UDP : state;
	if (likely(state == SL_ST_ESTABLISHED && (p->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) == TCP_ACK))
		return state; /* in every view */
	if (p->dir == PKT_SERVER)
		return state_tcp_next(state, p->tcp_flags, STATE_OUTPUT);
	return state_tcp_next(state, p->tcp_flags, p->word & SL_W_1WAY ? STATE_INPUT_ONLY : STATE_INPUT);
}

/* Brings the connection's word up to date with this packet. */
SL_INLINE void state_update(struct pkt *p)
{
	__u32 next = state_next(p);
	__u64 clear = p->dir == PKT_SERVER ? SL_W_1WAY : 0;

	if (unlikely(next != sl_word_state(p->word)) || p->word & clear)
		table_move(p, next, clear);
	else if (p->seen != p->now)
		table_refresh(p);
}

/* May this packet begin a connection? TCP: a SYN, with or without ACK, that is no RST; with sloppy_tcp anything that is no RST. */
SL_INLINE int state_opens(const struct pkt *p)
{
	const struct sl_settings *set = map_settings();

	if (p->proto == IPPROTO_UDP)
		return 1;
	if (p->tcp_flags & TCP_RST || p->frag == PKT_FRAG_LATER)
		return 0;
	return p->tcp_flags & TCP_SYN || (set && set->sysctl[SL_SYS_SLOPPY_TCP]);
}

/* Has the connection ended, so that its port may be used anew? conn_reuse_mode 2 adds what is closing and seen from one side. */
SL_INLINE int state_ended(const struct pkt *p, __s32 mode)
{
	__u32 state = sl_word_state(p->word);

	return state == SL_ST_TIME_WAIT || state == SL_ST_CLOSE || (mode & 2 && state == SL_ST_FIN_WAIT && p->word & SL_W_1WAY);
}

/*
 * A client's SYN on its connection: is it the first of a new one on the same port (conn_reuse_mode; not under a template), or
 * may its server get no more (expire_nodest_conn)? ip_vs_in_hook() asks the same.
 */
APART int state_reopens(struct pkt *p)
{
	const struct sl_settings *set = map_settings();
	const struct sl_dest *d = p ? map_dest(p->dest) : 0;
	const struct sl_conn *c = p ? map_conn(p->slot) : 0;

	if (!p || !set || !c || !d)
		return 0;
	if (set->sysctl[SL_SYS_EXPIRE_NODEST_CONN] && !d->weight) {
		map_count(SL_MAX_REASONS + SL_EV_NODEST_EXPIRED);
		return 1;
	}
	if (!set->sysctl[SL_SYS_CONN_REUSE_MODE] || !state_ended(p, set->sysctl[SL_SYS_CONN_REUSE_MODE]) || READ_ONCE(c->template))
		return 0;
	map_count(SL_MAX_REASONS + SL_EV_REUSED);
	return 1;
}

#endif
