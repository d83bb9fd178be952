/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	unsigned cap;
	const char *name;
	bool keep; /* also when the daemon runs */
} needed[] = {
    {CAP_NET_ADMIN, "CAP_NET_ADMIN", true},
    {CAP_BPF, "CAP_BPF", true},
    {CAP_NET_RAW, "CAP_NET_RAW", true},
    {CAP_SYS_ADMIN, "CAP_SYS_ADMIN", false},
};

#define COUNT (sizeof(needed) / sizeof(needed[0]))

static int get(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capget, &header, data) < 0 ? -errno : 0;
}

const char *caps_missing(void)
{
	struct __user_cap_data_struct data[2];

	if (get(data))
		return needed[0].name;
	for (size_t i = 0; i < COUNT; i++) {
		if (!(data[CAP_TO_INDEX(needed[i].cap)].effective & CAP_TO_MASK(needed[i].cap)))
			return needed[i].name;
	}
	return NULL;
}

static bool is_kept(unsigned cap)
{
	for (size_t i = 0; i < COUNT; i++) {
		if (needed[i].cap == cap)
			return needed[i].keep;
	}
	return false;
}

/* The bounding set is what an executed program could get; without CAP_SETPCAP it stays as it is. */
static void drop_bounding(void)
{
	for (unsigned cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++) {
		if (!is_kept(cap))
			prctl(PR_CAPBSET_DROP, cap);
	}
}

int caps_drop(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2], kept[2] = {{0}};
	int err = get(data);

	if (err)
		return err;
	for (size_t i = 0; i < COUNT; i++) {
		unsigned index = CAP_TO_INDEX(needed[i].cap);

		if (needed[i].keep)
			kept[index].permitted |= data[index].permitted & CAP_TO_MASK(needed[i].cap);
		kept[index].effective = kept[index].permitted;
	}
	drop_bounding();
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &header, kept) < 0)
		return -errno;
	return 0;
}
