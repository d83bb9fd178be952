/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "sluiced/neigh/neigh.h"
#include "sluiced/plane/bpffs.h"
#include "sluiced/plane/clsact.h"
#include "sluiced/plane/plane_bpf.h"

/* A pin is a link; a mark is a directory, and names an interface with filters of ours. */
static int detach_one(void *arg, int dir, const char *name)
{
	if (!strncmp(name, "clsact-", 7))
		return 0; /* goes with its filters */
	if (!strncmp(name, "filter-", 7))
		return clsact_detach(dir, (uint32_t)strtoul(name + 7, NULL, 10));
	return lanes_unlink(dir, name);
}

static int detach_links(int dir)
{
	int links = bpffs_dir(dir, "attached", false), err;

	if (links < 0)
		return links == -ENOENT ? 0 : links;
	err = bpffs_each(links, detach_one, NULL);
	close(links);
	return err;
}

static int remove_pins(int root, const char *name, const char **ret_why)
{
	int dir = bpffs_dir(root, name, false), err;

	if (dir == -ENOENT)
		return 0;
	if (dir < 0)
		return plane_why(ret_why, dir, "can't open %s in " BPFFS_PATH ": %s", name, strerror(-dir));
	if (flock(dir, LOCK_EX | LOCK_NB)) {
		close(dir);
		return plane_why(ret_why, -EBUSY, "sluiced is running in this network namespace: stop it first");
	}
	err = detach_links(dir);
	close(dir);
	if (err)
		return plane_why(ret_why, err, "can't detach the lanes: %s", strerror(-err));
	err = bpffs_remove(root, name);
	return err ? plane_why(ret_why, err, "can't remove the pins of %s in " BPFFS_PATH ": %s", name, strerror(-err)) : 0;
}

static int remove_half_made(int root, const char *name, const char **ret_why)
{
	char aside[BPFFS_NAME + 4];
	int err;

	strcpy(aside, name);
	strcat(aside, "-new");
	err = bpffs_remove(root, aside);
	return err ? plane_why(ret_why, err, "can't remove %s in " BPFFS_PATH ": %s", aside, strerror(-err)) : 0;
}

int plane_bpf_teardown(const char **ret_why)
{
	char name[BPFFS_NAME];
	int root, err = bpffs_open(false, &root, ret_why);

	if (!err) {
		err = bpffs_namespace(name);
		if (err)
			plane_why(ret_why, err, "can't learn the cookie of this network namespace: %s", strerror(-err));
		err = err ?: remove_pins(root, name, ret_why);
		err = err ?: remove_half_made(root, name, ret_why);
		close(root);
	} else if (err == -ENOENT) {
		err = 0;
	}
	if (err)
		return err;
	err = neigh_release_all();
	return err ? plane_why(ret_why, err, "can't remove the neighbour entries that were kept alive: %s", strerror(-err)) : 0;
}
