/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_PEER_H
#define SLUICED_PEER_H
/* Who is at the other end of a Unix socket, and what they may do. */

#include <sys/types.h>

#include "sluiced/api/api.h"

/* root, the daemon's own user and group sluice may change; group sluice-ro may read; everybody else nothing. */
enum api_access peer_access(int fd);

/* The process at the other end, or -1. */
pid_t peer_pid(int fd);

#endif
