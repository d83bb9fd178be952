/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the lanes tell of connections (sluice/trail.h), read from the ring. */

#include <bpf/libbpf.h>
#include <errno.h>

#include "sluiced/plane/plane_bpf.h"

struct taker {
	struct sl_trail *to;
	unsigned room, count;
};

static struct taker taker; /* of the read under way: the ring keeps a pointer to it */

/* Stops behind the one that fills the room: libbpf has stepped over it then. */
static int take(void *arg, void *data, size_t size)
{
	struct taker *t = arg;

	if (size >= sizeof(*t->to))
		t->to[t->count++] = *(const struct sl_trail *)data;
	return t->count == t->room ? -ENOSPC : 0;
}

int plane_bpf_trail(struct plane *plane, struct sl_trail *ret_events, unsigned max)
{
	struct plane_bpf *bpf = plane_bpf_of(plane);
	int err;

	if (!bpf->trail) {
		bpf->trail = ring_buffer__new(bpf->map[MAP_trail], take, &taker, NULL);
		if (!bpf->trail)
			return -errno;
	}
	taker = (struct taker){.to = ret_events, .room = max};
	err = ring_buffer__consume(bpf->trail);
	return err < 0 && err != -ENOSPC ? err : (int)taker.count;
}

void plane_bpf_trail_close(struct plane_bpf *bpf)
{
	ring_buffer__free(bpf->trail);
	bpf->trail = NULL;
}
