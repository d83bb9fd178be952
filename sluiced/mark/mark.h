/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_MARK_H
#define SLUICED_MARK_H
/*
 * DOC: marks that netfilter sets: the device sluice0 and the host's routing rules
 *
 * Netfilter marks a packet after the lanes have seen it. So while there are firewall-mark services, a routing rule sends
 * packets of each mark that is in use to the device sluice0, where a third program of the full lane (full_mark) takes them up again, with
 * their mark. What is not for a service after all goes on from there as if it had just come in by sluice0, past our rules.
 * Per family, by preference:
 *
 *   1  iif lo goto 3, iif sluice0 goto 3     what the host itself sends, and what comes back from sluice0, is not ours
 *   2  fwmark M lookup 8300                  one a mark; table 8300 has a default route to sluice0
 *   3  lookup local                          in place of the one at 0, so that a VIP may be an address of the host
 *
 * There is a `lookup local` at every moment: the new one is there before the old one goes, and the other way round at the end.
 * What is found right is left alone, so a restart changes nothing; what somebody removes is put back.
 */

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "sluice/abi.h"
#include "sluiced/neigh/neigh.h"

struct mark;

#define MARK_DEVICE NEIGH_MARK_DEVICE

struct mark_hooks {
	void *arg;
	/* Have the program on this interface now. 0 or -errno. */
	int (*attach)(void *arg, uint32_t ifindex);
};

/* Nothing is done to the host before mark_start(). 0 or -errno. */
int mark_new(uv_loop_t *loop, const struct mark_hooks *hooks, struct mark **ret_mark);
void mark_free(struct mark *mark); /* leaves the rules as they are: the lanes go on */

/*
 * This firewall-mark service (abi.h, proto 0) is there, or is there no more. Before mark_start() it is noted only, after it is in force on
 * return. What is not possible is logged; a service's own classifier works without.
 */
void mark_use(struct mark *mark, const struct sl_svc_key *key, bool on);

/* After adoption: make the host's rules what was asked for so far, from whatever they are, and keep them so. */
void mark_start(struct mark *mark);

/* Put the host's rules back and remove the device, whether a director is running or not. 0 or -errno. */
int mark_teardown(void);

#endif
