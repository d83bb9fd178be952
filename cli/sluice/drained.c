// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/drained.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY "/run/sluice-drained"
#define MOST_BYTES (16 << 20)

static const char *directory(void)
{
	const char *name = secure_getenv("SLUICE_DRAINED");

	return name && *name ? name : DIRECTORY;
}

/* The file of this network namespace, locked, opened with `flags`; or -errno. */
static int open_file(int flags)
{
	struct stat space;
	char path[512];
	int fd;

	if (stat("/proc/self/ns/net", &space) < 0)
		return -errno;
	if (flags & O_CREAT && mkdir(directory(), 0755) < 0 && errno != EEXIST)
		return -errno;
	if (snprintf(path, sizeof(path), "%s/%lu.json", directory(), (unsigned long)space.st_ino) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	if (flock(fd, flags & O_CREAT ? LOCK_EX : LOCK_SH) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* What the file holds; an empty object where it is not ours. A new reference. */
static json_t *load(int fd)
{
	struct stat file;
	json_t *all = NULL;

	if (fstat(fd, &file) == 0 && file.st_size <= MOST_BYTES)
		all = json_loadfd(fd, 0, NULL);
	if (json_is_object(all))
		return all;
	json_decref(all);
	return json_object();
}

long long drained_weight(const char *server)
{
	int fd = open_file(O_RDONLY);
	long long weight;
	json_t *all;

	if (fd < 0)
		return 0;
	all = load(fd);
	weight = json_integer_value(json_object_get(all, server));
	json_decref(all);
	close(fd);
	return weight > 0 ? weight : 0;
}

/* In place, for the lock is on the file; a write that breaks off leaves what load() takes for empty. */
static int store(int fd, const json_t *all)
{
	if (lseek(fd, 0, SEEK_SET) < 0 || ftruncate(fd, 0) < 0)
		return -errno;
	return json_dumpfd(all, fd, JSON_INDENT(1)) < 0 ? -EIO : 0;
}

int drained_keep(const char *server, long long weight)
{
	int fd = open_file(O_RDWR | O_CREAT), err;
	json_t *all;

	if (fd < 0)
		return fd;
	all = load(fd);
	if (weight > 0)
		json_object_set_new(all, server, json_integer(weight));
	else
		json_object_del(all, server);
	err = store(fd, all);
	json_decref(all);
	close(fd);
	return err;
}
