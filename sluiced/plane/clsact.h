/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_CLSACT_H
#define SLUICED_CLSACT_H
/*
 * DOC: the full lane on kernels without tcx (before 6.6)
 *
 * A clsact qdisc and two direct-action filters of a fixed priority and handle. Marks in the links directory (plane_bpf.h) remember what
 * is ours, so that teardown removes that and no more: a clsact that was there before us stays, and so does one that others have
 * put filters into since.
 */

#include <stdint.h>

struct plane_bpf;

/* Attach, or put the filters of an earlier build right; nothing is touched that is right already. 0 or -errno. */
int clsact_attach(struct plane_bpf *bpf, uint32_t ifindex);

/* The same on the mark device: its program on egress. What is made goes with the device. */
int clsact_attach_mark(struct plane_bpf *bpf, uint32_t ifindex);

/* Remove what the marks in this links directory say is ours, then the marks. 0 also if there is nothing. */
int clsact_detach(int links, uint32_t ifindex);

/*
 * Put these programs in front of our filters, and take them away. A daemon that died while they were there leaves them: clsact_attach() of
 * the next one takes them away. 0 or -errno.
 */
int clsact_tap(uint32_t ifindex, int in, int out);
void clsact_untap(uint32_t ifindex);

#endif
