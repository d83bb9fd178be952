/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_NET_H
#define BENCH_NET_H
/*
 * DOC: network namespaces without a name, and the topology
 *
 *     client c0 -------- d0 director d1 -------- e0 servers
 *     10.1.0.2/24       10.1.0.1   10.2.0.1      10.2.0.2/24, 10.2.0.11 ..
 *
 * Three namespaces joined by veth. Nothing of it has a name outside this process: it all ends with the process. Addresses
 * are in flow.h; neighbours are permanent entries.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct net {
	int client; /* namespaces, as file descriptors */
	int director;
	int servers;
};

/* Remembers the CPUs that children may use; call before pinning. */
void net_remember_cpus(void);

int net_open(struct net *ret_net); /* 0 or -errno; what was made of it is undone on failure */
void net_close(struct net *net);

/* Runs a shell command in a namespace; 0, or -EIO if it failed (it has said why on stderr). */
int net_run(int ns, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Starts a command in a namespace; it is killed when we end. Returns its pid or -errno. Output goes to `log`, or nowhere if NULL. */
pid_t net_spawn(int ns, const char *log, const char *format, ...) __attribute__((format(printf, 3, 4)));
void net_stop(pid_t pid); /* SIGTERM, and wait */

/* Makes a namespace this thread's own; returns the old one as a file descriptor, or -errno. */
int net_enter(int ns);
void net_return(int old);

/* Index of an interface in a namespace, or 0. */
uint32_t net_ifindex(int ns, const char *name);

#endif
