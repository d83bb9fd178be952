/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_BPFFS_H
#define SLUICED_BPFFS_H
/*
 * DOC: where pins live
 *
 * Everything of the lanes is pinned in a bpffs at /run/sluice/bpf, one directory per network namespace, named by its cookie (a number
 * the kernel gives each network namespace and never twice). The file system is mounted in the mount namespace of process 1: `ip
 * netns exec` gives its command a mount namespace of its own that dies with it, and pins must not. A child enters that
 * namespace, mounts if nobody has, and hands back the directory as a descriptor; the daemon itself stays where it is, and reaches
 * every pin through descriptors (/proc/self/fd/N/name).
 *
 * Names in a bpffs may have no dots. Everything here returns descriptors or 0, else -errno; names are relative to a directory
 * descriptor.
 */

#include <stdbool.h>
#include <stdint.h>

#define BPFFS_PATH "/run/sluice/bpf"
#define BPFFS_NAME 48 /* enough for the names this program gives pins and directories */

/* Opens the bpffs; mounts it if `mount`, else -ENOENT where there is none. */
int bpffs_open(bool mount, int *ret_fd, const char **ret_why);

/* The directory name of this network namespace. */
int bpffs_namespace(char ret_name[BPFFS_NAME]);

int bpffs_dir(int dir, const char *name, bool make);
int bpffs_pin(int dir, const char *name, int fd);
int bpffs_get(int dir, const char *name);
int bpffs_unpin(int dir, const char *name);

/* Calls fn for each name; fn may remove that name. Stops at the first result that is not 0 and returns it. */
int bpffs_each(int dir, int (*fn)(void *arg, int dir, const char *name), void *arg);

/* Removes a pin or a directory with all that is in it; 0 also if it is not there. Detaches nothing by itself. */
int bpffs_remove(int dir, const char *name);

/*
 * Removes the directories of network namespaces that are gone: that nobody has locked (plane_bpf_open() does), and whose anchor
 * says so (anchor.h). Where there is no anchor, the links must: at least one, and all without an interface.
 */
void bpffs_collect(int root, const char *own);

#endif
