/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_SLUICE_WATCH_H
#define CLI_SLUICE_WATCH_H
/* Real packets from the daemon: what trace and capture share. */

#include "cli/sluice/sluice.h"

/* The options that say which packets, and when to end. */
/* clang-format off */
#define WATCH_OPTIONS \
	{"client", SLUICE_PREFIX, "PREFIX", "only to or from these addresses", .names = NULL}, \
	{"service", SLUICE_SERVICE, "SERVICE", "only of this service: tcp/192.0.2.1:80, mark/5", .names = NULL}, \
	{"server", SLUICE_ADDR, "ADDRESS", "only of this real server", .names = NULL}, \
	{"proto", SLUICE_CHOICE, "PROTOCOL", "tcp or udp", .names = watch_protos}, \
	{"sample", SLUICE_NUMBER, "N", "one packet of N", 1, 4294967295, NULL}, \
	{"count", SLUICE_NUMBER, "N", "end after N packets", 1, 1LL << 40, NULL}, \
	{"time", SLUICE_TIME, "TIME", "end after so long", 1, 31LL * 86400 * 1000, NULL}
/* clang-format on */

extern const struct sluice_name watch_protos[];

/* Called with each packet (docs/api.md, watch.read); a status other than SLUICE_OK ends the watch. */
typedef int (*watch_fn)(void *arg, const json_t *packet);

/*
 * Watch as the options say, until the end they name or an interrupt. Returns an enum sluice_status; says on stderr how many packets were
 * lost, if any.
 */
int watch_run(const struct sluice_args *args, watch_fn fn, void *arg);

/* Nanoseconds since 1970 of a packet's "ns". */
long long watch_time(const json_t *packet);

/* "sent; service tcp 192.0.2.1:80; server 10.0.0.11:80", at most `size`; returns `text`. */
const char *watch_comment(const json_t *packet, char *text, size_t size);

#endif
