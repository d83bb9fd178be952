/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_ANCHOR_H
#define SLUICED_ANCHOR_H
/*
 * DOC: does a network namespace still exist?
 *
 * Pins outlive their network namespace, and nothing asks whether one is still there: it may have neither a name nor a process. But a BPF
 * link to a namespace says so itself when the namespace has gone. So each plane pins one, of a program that looks at socket lookups and
 * lets them be (two instructions, and only where a packet for the host itself finds no established socket).
 */

/* In the attached directory (plane_bpf.h). */
#define ANCHOR_PIN "namespace"

/* Pins the anchor of this network namespace unless it is there. 0 or -errno; without it nothing but the collection is worse. */
int anchor_set(int attached);

#endif
