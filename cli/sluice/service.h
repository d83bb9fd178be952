/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_SLUICE_SERVICE_H
#define CLI_SLUICE_SERVICE_H
/* What the commands about services and the director's settings share. */

#include "cli/sluice/sluice.h"

/* "service.edit" of the service the words name, with the options that `service` (a SERVICE) has, but for the allow-list, which stays by
 * itself. */
json_t *sluice_service_edit(const struct sluice_args *args, const json_t *service);

/* timeouts.c: "tcp=15m,udp=30" into {"tcp": 900, "udp": 30}. Says what is wrong and returns SLUICE_USAGE. */
int sluice_timeouts_take(const struct sluice_args *args, const char *text, json_t *timeouts);

#endif
