/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sluiced/plane/anchor.h"
#include "sluiced/plane/bpffs.h"
#include "sluiced/plane/plane_bpf.h"
#include "sluiced/plane/probe.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* Where opening the file system can fail; the child reports one. */
enum step { STEP_DONE, STEP_NAMESPACE, STEP_MKDIR, STEP_ABSENT, STEP_MOUNT, STEP_OPEN };

struct report {
	enum step step;
	int err;
};

/* The id of the root mount: two processes that see the same one share their mount namespace. -1: not readable. */
static long root_mount(const char *pid)
{
	char path[64];
	long id = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/mountinfo", pid);
	f = fopen(path, "re");
	if (!f)
		return -1;
	if (fscanf(f, "%ld", &id) != 1)
		id = -1;
	fclose(f);
	return id;
}

static int open_namespace(const char *pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%.20s/ns/mnt", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Where process 1 itself is out of bounds (some containers), another process in its mount namespace may serve. */
static int open_neighbours_namespace(long first)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	int fd = -EACCES;

	if (!proc)
		return -errno;
	while (fd < 0 && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && root_mount(entry->d_name) == first)
			fd = open_namespace(entry->d_name);
	closedir(proc);
	return fd;
}

static int enter_first_namespace(void)
{
	long own = root_mount("self"), first = root_mount("1");
	int fd, err = 0;

	if (own >= 0 && own == first)
		return 0;
	fd = open_namespace("1");
	if (fd < 0 && first >= 0)
		fd = open_neighbours_namespace(first);
	if (fd < 0)
		return fd;
	if (setns(fd, CLONE_NEWNS))
		err = -errno;
	close(fd);
	return err;
}

static bool mounted(void)
{
	struct statfs fs;

	return !statfs(BPFFS_PATH, &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

static int make_directories(void)
{
	if (mkdir("/run/sluice", 0755) && errno != EEXIST)
		return -errno;
	if (mkdir(BPFFS_PATH, 0700) && errno != EEXIST)
		return -errno;
	return 0;
}

/* In the child: the bpffs, opened in the first mount namespace. */
static struct report open_there(bool mount_it, int *ret_fd)
{
	int err = enter_first_namespace();

	if (err)
		return (struct report){STEP_NAMESPACE, err};
	if (!mounted()) {
		if (!mount_it)
			return (struct report){STEP_ABSENT, -ENOENT};
		err = make_directories();
		if (err)
			return (struct report){STEP_MKDIR, err};
		if (mount("bpffs", BPFFS_PATH, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=700"))
			return (struct report){STEP_MOUNT, -errno};
	}
	*ret_fd = open(BPFFS_PATH, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret_fd < 0)
		return (struct report){STEP_OPEN, -errno};
	return (struct report){STEP_DONE, 0};
}

/* A report with a descriptor beside it, fd -1: none. */
union fd_space {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static void send_report(int sock, struct report *report, int fd)
{
	union fd_space space = {0};
	struct iovec iov = {report, sizeof(*report)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (fd >= 0) {
		msg.msg_control = space.bytes;
		msg.msg_controllen = sizeof(space.bytes);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	sendmsg(sock, &msg, MSG_NOSIGNAL);
}

static int receive_report(int sock, struct report *ret_report, int *ret_fd)
{
	union fd_space space;
	struct report report;
	struct iovec iov = {&report, sizeof(report)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof(space.bytes)};
	struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n != sizeof(report))
		return n < 0 ? -errno : -EIO;
	*ret_report = report;
	c = CMSG_FIRSTHDR(&msg);
	if (report.step == STEP_DONE) {
		if (!c || c->cmsg_type != SCM_RIGHTS)
			return -EIO;
		memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
	}
	return 0;
}

static int open_by_child(bool mount_it, struct report *ret_report, int *ret_fd)
{
	struct report report;
	int pair[2], fd = -1, err;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	pid = fork();
	if (pid == 0) {
		report = open_there(mount_it, &fd);
		send_report(pair[1], &report, fd);
		_exit(0);
	}
	err = pid < 0 ? -errno : 0;
	close(pair[1]);
	if (!err) {
		err = receive_report(pair[0], ret_report, ret_fd);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close(pair[0]);
	return err;
}

static int explain(const struct report *report, const char **ret_why)
{
	const char *error = strerror(-report->err), *missing = probe_missing();

	switch (report->step) {
	case STEP_NAMESPACE:
		return plane_why(ret_why, report->err,
		    "can't enter the mount namespace of process 1, where pins must live: %s%s; sluiced starts as root", error, missing);
	case STEP_MKDIR: return plane_why(ret_why, report->err, "can't make the directory " BPFFS_PATH ": %s%s", error, missing);
	case STEP_ABSENT: return plane_why(ret_why, report->err, "no BPF file system is mounted at " BPFFS_PATH);
	case STEP_MOUNT:
		return plane_why(ret_why, report->err,
		    "can't mount the BPF file system: %s%s; or somebody else does: mount -t bpf bpffs " BPFFS_PATH, error, missing);
	default: return plane_why(ret_why, report->err, "can't open " BPFFS_PATH ": %s%s; sluiced starts as root", error, missing);
	}
}

int bpffs_open(bool mount_it, int *ret_fd, const char **ret_why)
{
	struct report report = {STEP_OPEN, -EIO};
	int err = open_by_child(mount_it, &report, ret_fd);

	if (err)
		return plane_why(ret_why, err, "can't open " BPFFS_PATH ": %s", strerror(-err));
	return report.step == STEP_DONE ? 0 : explain(&report, ret_why);
}

int bpffs_namespace(char ret_name[BPFFS_NAME])
{
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;
	uint64_t cookie;
	socklen_t size = sizeof(cookie);

	if (sock < 0)
		return -errno;
	if (getsockopt(sock, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size))
		err = -errno;
	else
		snprintf(ret_name, BPFFS_NAME, "%" PRIu64, cookie);
	close(sock);
	return err;
}

int bpffs_dir(int dir, const char *name, bool make)
{
	int fd;

	if (make && mkdirat(dir, name, 0700) && errno != EEXIST)
		return -errno;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void pin_path(char path[static BPFFS_NAME + 32], int dir, const char *name)
{
	snprintf(path, BPFFS_NAME + 32, "/proc/self/fd/%d/%s", dir, name);
}

int bpffs_pin(int dir, const char *name, int fd)
{
	char path[BPFFS_NAME + 32];

	pin_path(path, dir, name);
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

int bpffs_get(int dir, const char *name)
{
	char path[BPFFS_NAME + 32];
	int fd;

	pin_path(path, dir, name);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

int bpffs_unpin(int dir, const char *name)
{
	return unlinkat(dir, name, 0) && errno != ENOENT ? -errno : 0;
}

/* Reads the names first and calls afterwards: a directory must not be changed while it is read. */
int bpffs_each(int dir, int (*fn)(void *arg, int dir, const char *name), void *arg)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 0, n, i;
	struct dirent **names;

	if (fd < 0)
		return -errno;
	n = scandirat(fd, ".", &names, NULL, alphasort);
	if (n < 0)
		result = -errno;
	for (i = 0; i < n; i++) {
		if (!result && names[i]->d_name[0] != '.')
			result = fn(arg, fd, names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	close(fd);
	return result;
}

/* The tree is three deep (namespace, build or links, mark), and the recursion no deeper. */
static int remove_one(void *arg, int dir, const char *name)
{
	return bpffs_remove(dir, name);
}

int bpffs_remove(int dir, const char *name)
{
	int fd, err;

	if (!unlinkat(dir, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	fd = bpffs_dir(dir, name, false);
	if (fd < 0)
		return fd;
	err = bpffs_each(fd, remove_one, NULL);
	close(fd);
	if (err)
		return err;
	return unlinkat(dir, name, AT_REMOVEDIR) && errno != ENOENT ? -errno : 0;
}

struct census {
	unsigned dead, alive;
};

/* Is the pinned link's interface, or the anchor's namespace, still there? A mark (directory) or an unreadable pin counts as alive: nothing
 * is lost. */
static int count_link(void *arg, int dir, const char *name)
{
	struct census *census = arg;
	struct plane_link_info info;
	int fd = bpffs_get(dir, name);

	if (fd < 0) {
		census->alive++;
		return 0;
	}
	if (plane_link_info(fd, &info) || info.ifindex)
		census->alive++;
	else
		census->dead++;
	close(fd);
	return 0;
}

/* The anchor knows. Where there is none, it is the links: at least one, and none with an interface. */
static bool is_gone(int dir)
{
	struct census anchor = {0}, links = {0};
	int attached = bpffs_dir(dir, "attached", false), err;

	if (attached < 0)
		return false;
	count_link(&anchor, attached, ANCHOR_PIN);
	err = bpffs_each(attached, count_link, &links);
	close(attached);
	return anchor.dead || (!err && links.dead && !links.alive);
}

/* What a daemon was making when it died. */
static bool is_half_made(const char *name)
{
	size_t size = strlen(name);

	return size > 4 && !strcmp(name + size - 4, "-new");
}

static int collect_one(void *arg, int root, const char *name)
{
	const char *own = arg;
	int dir;

	if (!strcmp(name, own))
		return 0;
	dir = bpffs_dir(root, name, false);
	if (dir < 0)
		return 0;
	if (!flock(dir, LOCK_EX | LOCK_NB) && (is_half_made(name) || is_gone(dir)))
		bpffs_remove(root, name);
	close(dir);
	return 0;
}

void bpffs_collect(int root, const char *own)
{
	bpffs_each(root, collect_one, (void *)own);
}
