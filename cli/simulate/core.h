/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_SIMULATE_CORE_H
#define CLI_SIMULATE_CORE_H
/*
 * DOC: the lanes' schedulers over plain memory
 *
 * One service whose servers, loads, cursor and tables lie where the lanes' own code (bpf/sched/) looks for them. There is one core at a
 * time.
 */

#include "cli/simulate/simulate.h"

/* An empty service of this scheduler; -ENOMEM. sim_core_fini() it. */
int sim_core_init(enum sl_sched sched, uint32_t flags, uint64_t seed);
void sim_core_fini(void);

/* Does a client get the same server each time, whatever the load? */
bool sim_core_stable(enum sl_sched sched);

/*
 * The service's servers are now these, as the daemon would have them: `order` are their places in `servers`, newest first.
 * -ENOMEM.
 */
int sim_core_switch(const struct sim_server *servers, const uint16_t *order, unsigned count);

/* The server of this connection, or SIM_NO_SERVER. Nothing is counted yet. */
uint16_t sim_core_pick(const struct sim_conn *conn, uint64_t now);

/* Connections of a server come, turn inactive, go: adds to its counts, and heeds its thresholds. */
void sim_core_load(const struct sim_server *servers, uint16_t server, int active, int inactive);

#endif
