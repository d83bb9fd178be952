/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/net.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static cpu_set_t all_cpus;

void net_remember_cpus(void)
{
	sched_getaffinity(0, sizeof(all_cpus), &all_cpus);
}

int net_enter(int ns)
{
	int old = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (old < 0)
		return -errno;
	if (setns(ns, CLONE_NEWNET)) {
		int err = -errno;

		close(old);
		return err;
	}
	return old;
}

void net_return(int old)
{
	setns(old, CLONE_NEWNET);
	close(old);
}

uint32_t net_ifindex(int ns, const char *name)
{
	int old = net_enter(ns);
	uint32_t index;

	if (old < 0)
		return 0;
	index = if_nametoindex(name);
	net_return(old);
	return index;
}

/* A new namespace as a file descriptor, or -errno. */
static int new_ns(void)
{
	int old = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), ns;

	if (old < 0)
		return -errno;
	ns = unshare(CLONE_NEWNET) ? -1 : open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		ns = -errno;
	net_return(old);
	return ns;
}

static void exec_in(int ns, const char *log, const char *command)
{
	int out;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sched_setaffinity(0, sizeof(all_cpus), &all_cpus);
	if (setns(ns, CLONE_NEWNET))
		_exit(126);
	if (log) {
		out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
		dup2(out, STDOUT_FILENO);
		dup2(out, STDERR_FILENO);
	}
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static pid_t spawn(int ns, const char *log, const char *format, va_list args)
{
	char command[4096];
	pid_t pid;

	if (vsnprintf(command, sizeof(command), format, args) >= (int)sizeof(command))
		return -E2BIG;
	fflush(NULL);
	pid = fork();
	if (!pid)
		exec_in(ns, log, command);
	return pid < 0 ? -errno : pid;
}

pid_t net_spawn(int ns, const char *log, const char *format, ...)
{
	va_list args;
	pid_t pid;

	va_start(args, format);
	pid = spawn(ns, log ? log : "/dev/null", format, args);
	va_end(args);
	return pid;
}

void net_stop(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

int net_run(int ns, const char *format, ...)
{
	int status = -1;
	va_list args;
	pid_t pid;

	va_start(args, format);
	pid = spawn(ns, NULL, format, args);
	va_end(args);
	if (pid < 0)
		return pid;
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}

static const char client_setup[] = "ip link set lo up && ip link set c0 address 02:00:00:00:00:01 && ip addr add 10.1.0.2/24 dev c0 &&"
				   "ip link set c0 up && ip route add default via 10.1.0.1 &&"
				   "ip neigh add 10.1.0.1 lladdr 02:00:00:00:00:02 dev c0 nud permanent";
static const char director_setup[] =
    "echo 1 > /proc/sys/net/ipv4/ip_forward && echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter && ip link set lo up &&"
    "ip link set d0 address 02:00:00:00:00:02 && ip link set d1 address 02:00:00:00:00:03 &&"
    "ip addr add 10.1.0.1/24 dev d0 && ip addr add 10.2.0.1/24 dev d1 && ip link set d0 up && ip link set d1 up &&"
    "ip neigh add 10.1.0.2 lladdr 02:00:00:00:00:01 dev d0 nud permanent && ip route add 10.64.0.0/18 via 10.1.0.2 &&"
    "for i in $(seq 11 26); do ip neigh add 10.2.0.$i lladdr 02:00:00:00:00:10 dev d1 nud permanent || exit; done";
static const char servers_setup[] = "ip link set lo up && ip link set e0 address 02:00:00:00:00:10 && ip addr add 10.2.0.2/24 dev e0 &&"
				    "for i in $(seq 11 26); do ip addr add 10.2.0.$i/24 dev e0 || exit; done;"
				    "ip link set e0 up && ip route add default via 10.2.0.1 &&"
				    "ip neigh add 10.2.0.1 lladdr 02:00:00:00:00:03 dev e0 nud permanent";
static const char no_ipv6[] = "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6";

static int join(const struct net *net)
{
	int pid = getpid(), err;

	err = net_run(net->director, "ip link add d0 type veth peer name c0 netns /proc/%d/fd/%d", pid, net->client);
	return err ? err : net_run(net->director, "ip link add d1 type veth peer name e0 netns /proc/%d/fd/%d", pid, net->servers);
}

static int set_up(const struct net *net)
{
	const struct {
		int ns;
		const char *commands;
	} table[] = {{net->client, client_setup}, {net->director, director_setup}, {net->servers, servers_setup}};
	int err;

	for (int i = 0; i < 3; i++) {
		err = net_run(table[i].ns, "%s", no_ipv6);
		if (err)
			return err;
	}
	err = join(net);
	for (int i = 0; !err && i < 3; i++)
		err = net_run(table[i].ns, "%s", table[i].commands);
	return err;
}

int net_open(struct net *ret_net)
{
	struct net net = {new_ns(), new_ns(), new_ns()};
	int err = 0;

	if (net.client < 0 || net.director < 0 || net.servers < 0)
		err = -EMFILE;
	if (!err)
		err = set_up(&net);
	if (err)
		net_close(&net);
	else
		*ret_net = net;
	return err;
}

void net_close(struct net *net)
{
	int *fds[] = {&net->client, &net->director, &net->servers};

	for (int i = 0; i < 3; i++) {
		if (*fds[i] > 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}
