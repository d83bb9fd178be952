/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SIP_H
#define SLUICE_SIP_H
/*
 * DOC: the Call-ID of a SIP message
 *
 * The persistence engine sip (ip_vs_pe_sip.c) keeps a call on one server: its template is found by the Call-ID, whatever address and port a
 * message of the call comes from. The header is looked for as RFC 3261 7.3.1 and 20.8 have it: "Call-ID" or "i", in any case, white
 * space before and after the colon, the value on the same line or folded on to the next; lines end with CR, LF or both. A value has 1 to
 * 255 characters, none of them white space or control; its line must end within the datagram's first SIP_LOOK bytes. The template is found
 * by a keyed hash of 128 bits (SipHash-2-4).
 *
 * One character after the other, in a bpf_loop(): the verifier then sees one step of the machine, not the paths through a message.
 */

#include "bpf/sched/hash.h"
#include "bpf/sched/scan.h"

#define SIP_LOOK 4096 /* bytes of a message in which the header must be; a power of two */
#define SIP_ID_MAX 255

enum sip_state {
	SIP_SKIP, /* what remains of a line, and the first one */
	SIP_NAME, /* the beginning of a line, `at` characters into "call-id" */
	SIP_COLON, /* after the name */
	SIP_SPACE, /* after the colon, or after folded white space */
	SIP_FOLD, /* the line ended before the value */
	SIP_VALUE,
	SIP_TRAIL, /* white space after the value */
	SIP_END, /* the line with the value has ended; white space would fold it */
	SIP_FOUND,
	SIP_BAD,
};

/* A message and what is found in it. */
struct sip {
	__u8 text[SIP_LOOK];
	__u32 len; /* of text */
	__u32 id_len;
	struct sl_addr hash; /* of the Call-ID */
	union {
		__u8 id[SIP_ID_MAX + 1]; /* zeros behind */
		__u64 word[(SIP_ID_MAX + 1) / 8];
	};
};

struct sip_walk {
	struct sip *sip;
	__u32 state; /* enum sip_state */
	__u32 at; /* in the name, or in the value */
	__u32 prev; /* the character before */
	__u32 zero;
};

SL_INLINE int sip_is_space(__u32 c)
{
	return c == ' ' || c == '\t';
}

SL_INLINE int sip_is_eol(__u32 c)
{
	return c == '\r' || c == '\n';
}

/* At the beginning of a line, or within the name. */
SL_INLINE __u32 sip_name(struct sip_walk *w, __u32 c)
{
	const __u64 name = 0x64692d6c6c6163ULL; /* "call-id", its first character lowest */
	__u32 lower = c >= 'A' && c <= 'Z' ? c + 32 : c, at = w->at & 7;

	if (sip_is_eol(c))
		return at ? SIP_NAME : SIP_BAD; /* an empty line: there are no more headers */
	if (!at && lower == 'i')
		return SIP_COLON;
	if (lower != (name >> 8 * at & 0xff))
		return SIP_SKIP;
	w->at = at + 1;
	return at + 1 == 7 ? SIP_COLON : SIP_NAME;
}

SL_INLINE __u32 sip_value(struct sip_walk *w, __u32 c)
{
	if (sip_is_space(c))
		return SIP_TRAIL;
	if (sip_is_eol(c))
		return SIP_END;
	if (c < ' ' || c == 0x7f || w->at >= SIP_ID_MAX)
		return SIP_BAD;
	w->sip->id[w->at & SIP_ID_MAX] = c;
	w->at++;
	return SIP_VALUE;
}

/* The state after this character. */
SL_INLINE __u32 sip_next(struct sip_walk *w, __u32 c)
{
	switch (w->state) {
	case SIP_NAME: return sip_name(w, c);
	case SIP_COLON: return c == ':' ? SIP_SPACE : sip_is_space(c) ? SIP_COLON : sip_is_eol(c) ? SIP_NAME : SIP_SKIP;
	case SIP_FOLD: return sip_is_space(c) ? SIP_SPACE : SIP_BAD;
	case SIP_SPACE:
		if (sip_is_space(c))
			return SIP_SPACE;
		if (sip_is_eol(c))
			return SIP_FOLD;
		w->at = 0;
		return sip_value(w, c);
	case SIP_VALUE: return sip_value(w, c);
	case SIP_TRAIL: return sip_is_space(c) ? SIP_TRAIL : sip_is_eol(c) ? SIP_END : SIP_BAD;
	case SIP_END: return sip_is_space(c) ? SIP_TRAIL : SIP_FOUND;
	default: return sip_is_eol(c) ? SIP_NAME : SIP_SKIP;
	}
}

static __attribute__((unused)) long sip_visit(__u32 i, void *arg)
{
	struct sip_walk *w = arg;
	__u32 c = w->sip->text[i & (SIP_LOOK - 1)], was = w->state, prev = w->prev;

	w->prev = c;
	if (c == '\n' && prev == '\r')
		return 0;
	w->state = sip_next(w, c);
	if (w->state == SIP_NAME && was != SIP_NAME)
		w->at = 0;
	if (w->state == SIP_NAME && sip_is_eol(c))
		w->at = 0;
	return w->state >= SIP_FOUND;
}

/* Finds the Call-ID in sip->text: true if there is one; then id and id_len are set. */
SL_INLINE int sip_call_id(struct sip *sip)
{
	__u64 zero = sched_zero(sip->len);
	struct sip_walk w = {.sip = sip, .state = SIP_SKIP + zero, .at = zero, .prev = zero};

	__builtin_memset(sip->id, 0, sizeof(sip->id));
	bpf_loop(sip->len, sip_visit, &w, 0);
	sip->id_len = w.at;
	return w.state == SIP_FOUND || w.state == SIP_END;
}

SL_INLINE void sip_rounds(struct hash_sip *s, int rounds)
{
	for (int i = 0; i < rounds; i++)
		hash_sip_round(s);
}

/* SipHash-2-4 of the Call-ID, 128 bits. */
SL_INLINE void sip_hash(const struct sip *sip, __u64 key0, __u64 key1, struct sl_addr *ret_hash)
{
	struct hash_sip s = {{0x736f6d6570736575ULL ^ key0, 0x646f72616e646f6dULL ^ key1 ^ 0xee, 0x6c7967656e657261ULL ^ key0,
	    0x7465646279746573ULL ^ key1}};
	__u32 words = sip->id_len / 8;

	/* The length takes the highest byte of the last word, as SipHash has it. */
	for (__u32 i = 0; i < sizeof(sip->word) / 8; i++) {
		__u64 word = sip->word[i];

		if (i > words)
			break;
		if (i == words)
			word |= (__u64)sip->id_len << 56;
		s.v[3] ^= word;
		sip_rounds(&s, 2);
		s.v[0] ^= word;
	}
	s.v[2] ^= 0xee;
	sip_rounds(&s, 4);
	ret_hash->d[0] = s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
	s.v[1] ^= 0xdd;
	sip_rounds(&s, 4);
	ret_hash->d[1] = s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}

#endif
