/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/api/peer.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_GROUPS 65536 /* a process of Linux can have */

/* The peer's supplementary groups; NULL if they can't be had. */
static gid_t *peer_groups(int fd, size_t *ret_count)
{
	socklen_t size = 64 * sizeof(gid_t);
	gid_t *groups = malloc(size), *more;

	while (groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0) {
		more = errno == ERANGE && size <= MOST_GROUPS * sizeof(gid_t) ? realloc(groups, size) : NULL;
		if (!more)
			free(groups);
		groups = more;
	}
	*ret_count = groups ? size / sizeof(gid_t) : 0;
	return groups;
}

static bool in_group(const char *name, gid_t gid, const gid_t *groups, size_t count)
{
	const struct group *group = getgrnam(name);

	if (!group)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (groups[i] == group->gr_gid)
			return true;
	}
	return gid == group->gr_gid;
}

enum api_access peer_access(int fd)
{
	enum api_access access = API_NONE;
	struct ucred cred;
	socklen_t size = sizeof(cred);
	size_t count;
	gid_t *groups;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return API_NONE;
	if (cred.uid == 0 || cred.uid == geteuid())
		return API_CHANGE;
	groups = peer_groups(fd, &count);
	if (in_group("sluice", cred.gid, groups, count))
		access = API_CHANGE;
	else if (in_group("sluice-ro", cred.gid, groups, count))
		access = API_READ;
	free(groups);
	return access;
}

pid_t peer_pid(int fd)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0 ? -1 : cred.pid;
}
