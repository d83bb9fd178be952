/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_SCHED_SIZE_H
#define SLUICE_SCHED_SIZE_H
/* How much lblc and lblcr remember of a service (ip_vs_lblc.c): entries that may stay, and entries at most. */

#define SCHED_CACHE_SIZE 16384
#define SCHED_CACHE_MOST (SCHED_CACHE_SIZE * 3 / 2)

#endif
