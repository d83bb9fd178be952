/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_SLUICE_DRAINED_H
#define CLI_SLUICE_DRAINED_H
/*
 * DOC: what drained servers weighed
 *
 * A drained server has weight 0, and the director knows no other. What it weighed before is kept beside it, in
 * /run/sluice-drained/NUMBER.json, NUMBER being the inode of the network namespace: like the pinned maps it lives until the machine is
 * started anew. SLUICE_DRAINED names another directory.
 */

#include <jansson.h>

/* The weight that a server ("tcp/192.0.2.1:80 10.0.0.11:80") had; 0: none is known. */
long long drained_weight(const char *server);
/* Keeps it, or with weight 0 forgets it. 0 or -errno. */
int drained_keep(const char *server, long long weight);

#endif
