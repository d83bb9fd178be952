/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "sluiced/neigh/neigh.h"
#include "sluiced/plane/bpffs.h"
#include "sluiced/plane/clsact.h"
#include "sluiced/plane/lanes.h"
#include "sluiced/plane/plane_bpf.h"

/* Newer headers have these in enum bpf_attach_type; libbpf 1.1 passes numbers through. */
#define TCX_INGRESS 46
#define TCX_EGRESS 47
#define TCX_FIRST (1U << 3) /* BPF_F_BEFORE: nothing named, so before all */

/* Ways to attach, in the order they are attached, and the names of their pins. */
enum hook { HOOK_IN, HOOK_OUT, HOOK_MARK, HOOK_DRV, HOOK_SKB, HOOK_COUNT };

static const struct hook_kind {
	const char *pin;
	uint32_t attach_type;
	uint32_t flags;
	enum plane_prog prog;
} hooks[HOOK_COUNT] = {
    [HOOK_IN] = {"in", TCX_INGRESS, 0, PROG_FULL_INGRESS},
    [HOOK_OUT] = {"out", TCX_EGRESS, 0, PROG_FULL_EGRESS},
    [HOOK_MARK] = {"mark", TCX_EGRESS, 0, PROG_FULL_MARK},
    [HOOK_DRV] = {"drv", BPF_XDP, XDP_FLAGS_DRV_MODE, PROG_EXPRESS},
    [HOOK_SKB] = {"skb", BPF_XDP, XDP_FLAGS_SKB_MODE, PROG_EXPRESS},
};

enum full { FULL_OFF, FULL_TCX, FULL_CLSACT };

static const char *const full_text[] = {"off", "tcx", "clsact"};

/* An interface that ought to have lanes. */
struct lane {
	struct neigh_link link;
	enum full full;
	bool on[HOOK_COUNT]; /* pinned and attached */
	bool tapped;
	int tap[2]; /* tcx links of the taps, in and out; not pinned: they go with the daemon; -1 */
};

struct lanes {
	struct plane *plane;
	struct plane_bpf *bpf; /* NULL over a fake plane: nothing is attached */
	enum lanes_xdp xdp;
	bool no_tcx; /* this kernel has none */
	struct lane *lane; /* by ifindex */
	unsigned count, room;
};

static void pin_name(char name[static BPFFS_NAME], enum hook hook, uint32_t ifindex)
{
	snprintf(name, BPFFS_NAME, "%s-%u", hooks[hook].pin, ifindex);
}

/* Attaches a new link and pins it; without the pin it is gone again. */
static int hook_make(struct plane_bpf *bpf, enum hook hook, uint32_t ifindex, const char *name)
{
	const struct hook_kind *kind = &hooks[hook];
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = kind->flags);
	int fd = bpf_link_create(bpf->prog[kind->prog], (int)ifindex, kind->attach_type, &opts), err;

	if (fd < 0)
		return -errno;
	err = bpffs_pin(bpf->links, name, fd);
	close(fd);
	return err;
}

/* Puts a pinned link on this build's program; -ENOLINK if its interface is not this one (any more). */
static int hook_adopt(struct plane_bpf *bpf, enum hook hook, uint32_t ifindex, int fd)
{
	enum plane_prog prog = hooks[hook].prog;
	struct plane_link_info info;
	int err = plane_link_info(fd, &info);

	if (err)
		return err;
	if (info.ifindex != ifindex)
		return -ENOLINK;
	if (info.prog_id == bpf->prog_id[prog])
		return 0;
	return bpf_link_update(fd, bpf->prog[prog], NULL) ? -errno : 0;
}

static int hook_attach(struct plane_bpf *bpf, enum hook hook, uint32_t ifindex)
{
	char name[BPFFS_NAME];
	int fd, err;

	pin_name(name, hook, ifindex);
	fd = bpffs_get(bpf->links, name);
	if (fd == -ENOENT)
		return hook_make(bpf, hook, ifindex, name);
	if (fd < 0)
		return fd;
	err = hook_adopt(bpf, hook, ifindex, fd);
	close(fd);
	if (err != -ENOLINK)
		return err;
	return bpffs_unpin(bpf->links, name) ?: hook_make(bpf, hook, ifindex, name);
}

int lanes_unlink(int links, const char *name)
{
	int fd = bpffs_get(links, name);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	bpf_link_detach(fd); /* at once; the last reference alone would do it some time later */
	close(fd);
	return bpffs_unpin(links, name);
}

static void hook_detach(struct lanes *lanes, struct lane *lane, enum hook hook)
{
	char name[BPFFS_NAME];
	int err;

	pin_name(name, hook, lane->link.ifindex);
	err = lanes_unlink(lanes->bpf->links, name);
	if (err)
		log_warn("%s: can't detach the lane: %s", lane->link.name, strerror(-err));
	lane->on[hook] = false;
}

/* Of old, tcx was unknown to BPF_LINK_CREATE: EINVAL. */
static int attach_tcx(struct lanes *lanes, struct lane *lane)
{
	int err = lanes->no_tcx ? -EINVAL : hook_attach(lanes->bpf, HOOK_IN, lane->link.ifindex);

	if (err)
		return err;
	lane->on[HOOK_IN] = true;
	err = hook_attach(lanes->bpf, HOOK_OUT, lane->link.ifindex);
	if (err)
		hook_detach(lanes, lane, HOOK_IN);
	else
		lane->on[HOOK_OUT] = true;
	return err;
}

static void attach_full(struct lanes *lanes, struct lane *lane)
{
	int err = attach_tcx(lanes, lane);

	if (!err) {
		lane->full = FULL_TCX;
		return;
	}
	if (err == -EINVAL) {
		lanes->no_tcx = true;
		err = clsact_attach(lanes->bpf, lane->link.ifindex);
	}
	lane->full = err ? FULL_OFF : FULL_CLSACT;
	if (err)
		log_warn_limited("%s: can't attach the full lane: %s; this interface is left out", lane->link.name, strerror(-err));
}

/* The hook the express lane should have here; HOOK_COUNT: none. */
static enum hook express_hook(const struct lanes *lanes, const struct neigh_link *link)
{
	if (link->ifindex >= SL_MAX_LINKS || lanes->bpf->prog[PROG_EXPRESS] < 0)
		return HOOK_COUNT;
	switch (lanes->xdp) {
	case LANES_XDP_AUTO: return link->physical ? HOOK_DRV : HOOK_COUNT;
	case LANES_XDP_NATIVE: return HOOK_DRV;
	case LANES_XDP_GENERIC: return HOOK_SKB;
	default: return HOOK_COUNT;
	}
}

/* In `auto` a driver without XDP is no news. */
static void attach_express(struct lanes *lanes, struct lane *lane)
{
	enum hook want = express_hook(lanes, &lane->link), other = want == HOOK_DRV ? HOOK_SKB : HOOK_DRV;
	int err;

	hook_detach(lanes, lane, other);
	if (want == HOOK_COUNT) {
		hook_detach(lanes, lane, HOOK_SKB);
		return;
	}
	err = hook_attach(lanes->bpf, want, lane->link.ifindex);
	lane->on[want] = !err;
	if (err && !(lanes->xdp == LANES_XDP_AUTO && err == -EOPNOTSUPP))
		log_warn("%s: can't attach the express lane (XDP, %s): %s; the full lane does its work", lane->link.name,
		    want == HOOK_DRV ? "native" : "generic", strerror(-err));
}

/* The lanes' own knowledge of the interface. */
static void publish_link(struct lanes *lanes, const struct lane *lane)
{
	struct sl_link link = {0};

	if (lane->link.ifindex >= SL_MAX_LINKS)
		return;
	if (lane->on[HOOK_DRV] || lane->on[HOOK_SKB]) {
		memcpy(link.mac, lane->link.mac, sizeof(link.mac));
		link.flags = SL_LINK_ON;
	}
	plane_link_set(lanes->plane, lane->link.ifindex, &link);
}

/* The express lane's link runs `prog` from now on: the lane itself, or a tap that calls it. */
static int express_run(struct lanes *lanes, const struct lane *lane, int prog)
{
	enum hook hook = lane->on[HOOK_DRV] ? HOOK_DRV : HOOK_SKB;
	char name[BPFFS_NAME];
	int fd, err;

	if (!lane->on[hook])
		return -ENOENT;
	pin_name(name, hook, lane->link.ifindex);
	fd = bpffs_get(lanes->bpf->links, name);
	if (fd < 0)
		return fd;
	err = bpf_link_update(fd, prog, NULL) ? -errno : 0;
	close(fd);
	return err;
}

static int tap_tcx(struct lane *lane, unsigned side, int prog)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = TCX_FIRST);

	lane->tap[side] = bpf_link_create(prog, (int)lane->link.ifindex, side ? TCX_EGRESS : TCX_INGRESS, &opts);
	return lane->tap[side] < 0 ? -errno : 0;
}

static void untap(struct lanes *lanes, struct lane *lane)
{
	if (!lane->tapped)
		return;
	express_run(lanes, lane, lanes->bpf->prog[PROG_EXPRESS]);
	if (lane->full == FULL_CLSACT)
		clsact_untap(lane->link.ifindex);
	for (unsigned side = 0; side < 2; side++) {
		if (lane->tap[side] >= 0)
			close(lane->tap[side]);
		lane->tap[side] = -1;
	}
	lane->tapped = false;
}

static int tap(struct lanes *lanes, struct lane *lane, const struct lanes_taps *taps)
{
	bool express = lane->on[HOOK_DRV] || lane->on[HOOK_SKB];
	int err = express ? express_run(lanes, lane, taps->express) : 0;

	lane->tapped = true;
	if (lane->full == FULL_TCX)
		err = err ?: express ? 0 : tap_tcx(lane, 0, taps->in);
	if (lane->full == FULL_TCX)
		err = err ?: tap_tcx(lane, 1, taps->out);
	if (lane->full == FULL_CLSACT)
		err = err ?: clsact_tap(lane->link.ifindex, express ? taps->out : taps->in, taps->out);
	if (err)
		untap(lanes, lane);
	return err;
}

static struct lane *find(struct lanes *lanes, uint32_t ifindex)
{
	unsigned i;

	for (i = 0; i < lanes->count; i++)
		if (lanes->lane[i].link.ifindex == ifindex)
			return &lanes->lane[i];
	return NULL;
}

static struct lane *insert(struct lanes *lanes, const struct neigh_link *link)
{
	struct lane *grown;
	unsigned i;

	if (lanes->count == lanes->room) {
		grown = realloc(lanes->lane, (lanes->room + 16) * sizeof(*grown));
		if (!grown)
			return NULL;
		lanes->lane = grown;
		lanes->room += 16;
	}
	for (i = lanes->count++; i && lanes->lane[i - 1].link.ifindex > link->ifindex; i--)
		lanes->lane[i] = lanes->lane[i - 1];
	lanes->lane[i] = (struct lane){.link = *link, .tap = {-1, -1}};
	return &lanes->lane[i];
}

static void attach(struct lanes *lanes, const struct neigh_link *link)
{
	struct lane *lane = insert(lanes, link);

	if (!lane) {
		log_warn("%s: no memory to attach the lanes; this interface is left out", link->name);
		return;
	}
	attach_full(lanes, lane);
	attach_express(lanes, lane);
	publish_link(lanes, lane);
	log_info("%s: attached, full lane %s, express lane %s", link->name, full_text[lane->full],
	    lane->on[HOOK_DRV]	 ? "native"
	    : lane->on[HOOK_SKB] ? "generic"
				 : "off");
}

/* Also removes what an earlier daemon pinned for an interface that has no lanes now. */
static void detach(struct lanes *lanes, const struct neigh_link *link)
{
	struct lane *lane = find(lanes, link->ifindex), none = {.link = *link};
	struct lane *gone = lane ? lane : &none;
	enum hook hook;
	unsigned i;

	untap(lanes, gone);
	for (hook = 0; hook < HOOK_COUNT; hook++)
		hook_detach(lanes, gone, hook);
	clsact_detach(lanes->bpf->links, link->ifindex);
	publish_link(lanes, gone);
	if (!lane)
		return;
	log_info("%s: detached", lane->link.name);
	i = lane - lanes->lane;
	memmove(lane, lane + 1, (--lanes->count - i) * sizeof(*lane));
}

int lanes_attach_mark(struct lanes *lanes, uint32_t ifindex)
{
	int err;

	if (!lanes->bpf)
		return 0;
	err = lanes->no_tcx ? -EINVAL : hook_attach(lanes->bpf, HOOK_MARK, ifindex);
	if (err == -EINVAL)
		err = clsact_attach_mark(lanes->bpf, ifindex);
	if (!err)
		plane_mark_if_set(lanes->plane, ifindex);
	return err;
}

void lanes_link(struct lanes *lanes, const struct neigh_link *link, bool present)
{
	bool wanted = present && neigh_link_has_lanes(link);
	struct lane *lane = find(lanes, link->ifindex);

	if (!lanes->bpf || (present && !strcmp(link->name, NEIGH_MARK_DEVICE)))
		return;
	if (!wanted) {
		if (link->ifindex == lanes->plane->settings->mark_if)
			plane_mark_if_set(lanes->plane, 0);
		detach(lanes, link);
	} else if (!lane) {
		attach(lanes, link);
	} else {
		lane->link = *link;
		if (lane->full == FULL_OFF)
			attach_full(lanes, lane);
		publish_link(lanes, lane);
	}
}

/* A mark (clsact.h) of an interface that is no more? */
static bool is_dead_mark(const char *name)
{
	const char *dash = strchr(name, '-');
	char ifname[IF_NAMESIZE];

	return dash && !if_indextoname((unsigned)strtoul(dash + 1, NULL, 10), ifname);
}

/* A pin whose interface has gone while no daemon looked. */
static int drop_dead(void *arg, int dir, const char *name)
{
	struct plane_link_info info;
	int fd = bpffs_get(dir, name);
	bool dead;

	if (fd < 0)
		return is_dead_mark(name) ? bpffs_remove(dir, name) : 0;
	dead = !plane_link_info(fd, &info) && !info.ifindex;
	close(fd);
	return dead ? bpffs_unpin(dir, name) : 0;
}

int lanes_new(struct plane *plane, enum lanes_xdp xdp, struct lanes **ret_lanes)
{
	struct lanes *lanes = calloc(1, sizeof(*lanes));
	int err;

	if (!lanes)
		return -ENOMEM;
	lanes->plane = plane;
	lanes->bpf = plane_bpf_of(plane);
	lanes->xdp = xdp;
	err = lanes->bpf ? bpffs_each(lanes->bpf->links, drop_dead, NULL) : 0;
	if (err) {
		free(lanes);
		return err;
	}
	*ret_lanes = lanes;
	return 0;
}

void lanes_free(struct lanes *lanes)
{
	if (!lanes)
		return;
	free(lanes->lane);
	free(lanes);
}

unsigned lanes_tap(struct lanes *lanes, const struct lanes_taps *taps)
{
	unsigned i, count = 0;

	for (i = 0; i < lanes->count; i++) {
		int err;

		untap(lanes, &lanes->lane[i]);
		err = taps ? tap(lanes, &lanes->lane[i], taps) : 0;
		if (err)
			log_warn("%s: can't be tapped: %s", lanes->lane[i].link.name, strerror(-err));
		count += lanes->lane[i].tapped;
	}
	return count;
}

bool lanes_status(const struct lanes *lanes, unsigned i, struct lanes_status *ret_status)
{
	const struct lane *lane;

	if (i >= lanes->count)
		return false;
	lane = &lanes->lane[i];
	*ret_status = (struct lanes_status){
	    .ifindex = lane->link.ifindex,
	    .full = full_text[lane->full],
	    .express = lane->on[HOOK_DRV]   ? "native"
		       : lane->on[HOOK_SKB] ? "generic"
					    : "off",
	    .tapped = lane->tapped,
	};
	memcpy(ret_status->name, lane->link.name, sizeof(ret_status->name));
	return true;
}
