/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: sluiced: the control plane's process
 *
 * The only file that knows everyone. Start-up is a ladder: name (so that there is one daemon a network namespace), maps and programs,
 * lanes, routes and interfaces, adoption, service; shutdown is the ladder reversed. The lanes are left forwarding: the next
 * sluiced finds everything in the pinned maps, and --teardown removes it.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <uv.h>

#include "base/log.h"
#include "sluiced/api/api.h"
#include "sluiced/caps.h"
#include "sluiced/director.h"
#include "sluiced/mark/mark.h"
#include "sluiced/neigh/neigh.h"
#include "sluiced/notify.h"
#include "sluiced/options.h"

static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

struct sluiced {
	struct options options;
	uv_loop_t loop;
	struct director *director;
	struct plane *plane;
	struct lanes *lanes;
	struct explain *explain; /* or NULL, without memory */
	struct neigh *neigh;
	struct mark *mark;
	uv_signal_t signals[SIGNALS];
	uv_timer_t watchdog;
};

static void on_link(void *arg, const struct neigh_link *link, bool present)
{
	struct sluiced *s = arg;

	lanes_link(s->lanes, link, present);
}

static int watch(void *arg, uint32_t dest, const struct sl_addr *addr)
{
	struct sluiced *s = arg;

	return neigh_watch(s->neigh, dest, addr);
}

static void unwatch(void *arg, uint32_t dest)
{
	struct sluiced *s = arg;

	neigh_unwatch(s->neigh, dest);
}

static void use_mark(void *arg, const struct sl_svc_key *key, bool on)
{
	struct sluiced *s = arg;

	mark_use(s->mark, key, on);
}

static int attach_mark(void *arg, uint32_t ifindex)
{
	struct sluiced *s = arg;

	return lanes_attach_mark(s->lanes, ifindex);
}

static bool interface(void *arg, unsigned i, struct lanes_status *ret_status)
{
	struct sluiced *s = arg;

	return lanes_status(s->lanes, i, ret_status);
}

static int explain_wanted(struct sluiced *s, const char **ret_why)
{
	return s->explain ? explain_ready(s->explain, ret_why) : -ENOMEM;
}

static int explain(void *arg, const struct explain_ask *ask, struct explain_result *ret_result, const char **ret_why)
{
	struct sluiced *s = arg;
	struct sandbox_packet packet;
	int err = explain_make(ask, &packet);

	err = err ? err : explain_wanted(s, ret_why);
	return err ? err : explain_run(s->explain, &packet, ret_result);
}

static int tap(void *arg, const struct tap_want *want, const char **ret_why)
{
	struct sluiced *s = arg;
	int err = explain_wanted(s, ret_why);

	return err ? err : explain_tap(s->explain, s->lanes, want);
}

static void untap(void *arg)
{
	struct sluiced *s = arg;

	explain_untap(s->explain);
}

static unsigned read_tapped(void *arg, unsigned max, struct explain_tapped *ret_packets, uint64_t *ret_lost)
{
	struct sluiced *s = arg;

	return explain_read(s->explain, max, ret_packets, ret_lost);
}

static const struct api_lanes api_lanes = {.explain = explain, .tap = tap, .untap = untap, .read = read_tapped};

static void on_watchdog(uv_timer_t *timer)
{
	notify_alive();
}

/* Close every handle; the loop then ends by itself. */
static void stop(struct sluiced *s)
{
	notify_stopping();
	director_stop(s->director);
	mark_free(s->mark);
	neigh_free(s->neigh);
	uv_close((uv_handle_t *)&s->watchdog, NULL);
	for (size_t i = 0; i < SIGNALS; i++)
		uv_close((uv_handle_t *)&s->signals[i], NULL);
}

static void on_signal(uv_signal_t *handle, int number)
{
	if (number == SIGHUP) {
		log_notice("SIGHUP: there is nothing to read again; changes come by sluice and ipvsadm");
		return;
	}
	log_notice("%s: ending; the lanes go on forwarding (sluiced --teardown would remove them)", strsignal(number));
	stop(handle->data);
}

static void need_privileges(void)
{
	const char *missing = caps_missing();

	if (missing)
		fatal("the capability %s is missing: run sluiced as root", missing);
}

/* The name is taken first: whoever has it is the one director of this network namespace. */
static void take_name(struct sluiced *s)
{
	pid_t pid = -1;
	int err = director_new(&s->loop, NULL, &s->director, &pid);

	if (err == -EADDRINUSE && pid > 0)
		fatal("a sluiced runs in this network namespace already: process %d", pid);
	if (err == -EADDRINUSE)
		fatal("a sluiced is starting in this network namespace already, or another program has the socket @sluice");
	if (err)
		fatal("the control socket can't be made: %s", strerror(-err));
}

static void open_plane(struct sluiced *s)
{
	const char *why = "no reason given";

	if (plane_bpf_open(s->options.slots, &s->plane, &why))
		fatal("%s", why);
}

static void follow_network(struct sluiced *s)
{
	int err = lanes_new(s->plane, s->options.xdp, &s->lanes);

	if (err)
		fatal("the lanes can't be made: %s", strerror(-err));
	err = neigh_new(&s->loop, s->plane, on_link, s, &s->neigh);
	if (err)
		fatal("routes and interfaces can't be followed: %s", strerror(-err));
	err = mark_new(&s->loop, &(struct mark_hooks){s, attach_mark}, &s->mark);
	if (err)
		fatal("routing rules can't be followed: %s", strerror(-err));
}

static void watch_signals(struct sluiced *s)
{
	uint64_t every_ms = notify_every_ms();

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < SIGNALS; i++) {
		uv_signal_init(&s->loop, &s->signals[i]);
		s->signals[i].data = s;
		uv_signal_start(&s->signals[i], on_signal, signals[i]);
	}
	uv_timer_init(&s->loop, &s->watchdog);
	if (every_ms)
		uv_timer_start(&s->watchdog, on_watchdog, every_ms, every_ms);
}

static void serve(struct sluiced *s)
{
	struct director_base base = {
	    .loop = &s->loop,
	    .plane = s->plane,
	    .hooks = {s, watch, unwatch, use_mark},
	    .interface = interface,
	    .lanes = &api_lanes,
	    .arg = s,
	};
	int err = director_start(s->director, &base);

	if (err)
		fatal("the director can't start: %s", strerror(-err));
	mark_start(s->mark);
	s->explain = explain_new(s->plane);
	err = caps_drop();
	if (err)
		fatal("privileges can't be dropped: %s", strerror(-err));
	log_notice("sluiced " SLUICE_VERSION " serves this network namespace: %u connection slots", s->plane->slots);
	notify_ready();
}

static int teardown(struct sluiced *s)
{
	const char *why = "no reason given";
	int err;

	err = mark_teardown();
	if (err)
		fatal("the routing rules for marks can't be removed: %s", strerror(-err));
	if (plane_bpf_teardown(&why))
		fatal("%s", why);
	director_stop(s->director);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	director_free(s->director);
	return 0;
}

int main(int argc, char **argv)
{
	static struct sluiced s;

	options_parse(argc, argv, &s.options);
	log_open("sluiced", s.options.level);
	need_privileges();
	if (uv_loop_init(&s.loop))
		fatal("the event loop can't be made");
	take_name(&s);
	if (s.options.teardown)
		return teardown(&s);
	open_plane(&s);
	follow_network(&s);
	watch_signals(&s);
	serve(&s);
	uv_run(&s.loop, UV_RUN_DEFAULT);
	director_free(s.director);
	explain_free(s.explain);
	lanes_free(s.lanes);
	plane_bpf_close(s.plane);
	uv_loop_close(&s.loop);
	return 0;
}
