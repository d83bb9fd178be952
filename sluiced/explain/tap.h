/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_TAP_H
#define SLUICED_TAP_H
/* The taps (bpf/tap.h): put in front of the lanes, read, taken away. */

#include "sluice/tap.h"
#include "sluiced/explain/programs.h"
#include "sluiced/plane/lanes.h"

struct tap;

/* Which packets: a filter, and the services and servers it names (filter.ends of them). */
struct tap_want {
	struct sl_tap_filter filter;
	const struct sl_svc_key *ends;
};

/* Over programs that are ready; programs and lanes stay the caller's. 0 or -errno; -ENODEV: no interface could be tapped. */
int tap_new(struct programs *programs, struct lanes *lanes, const struct tap_want *want, struct tap **ret_tap);

/* Takes the taps away. NULL is none. */
void tap_free(struct tap *tap);

typedef void (*tap_fn)(void *arg, const struct sl_tapped *head, const uint8_t *bytes);

/* Hands over at most `max` packets that came since. Returns their number. */
unsigned tap_read(struct tap *tap, unsigned max, tap_fn fn, void *arg);

/* Packets that found the ring full since the tap was made. */
uint64_t tap_lost(const struct tap *tap);

#endif
