/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_CAPS_H
#define SLUICED_CAPS_H
/*
 * DOC: privileges
 *
 * While it starts, the daemon also needs CAP_SYS_ADMIN (and, away from the first mount namespace, CAP_SYS_CHROOT and
 * CAP_SYS_PTRACE): the maps live in a bpffs that has to be found, or mounted, in the mount namespace of process 1. Once it runs it
 * keeps CAP_BPF (maps, the broom), CAP_NET_ADMIN (lanes on interfaces that appear later, neighbours) and CAP_NET_RAW, and can
 * get no others back.
 */

/* The first capability that is missing, by name; NULL if all are there. */
const char *caps_missing(void);

/* Drop what a running daemon does not need, for good. 0 or -errno. */
int caps_drop(void);

#endif
