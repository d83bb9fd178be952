/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_SLUICE_SERVER_H
#define CLI_SLUICE_SERVER_H
/* What the commands about real servers share. */

#include "cli/sluice/sluice.h"

struct client;

/* The server of a SERVICE that the words name, borrowed; where no port is named, that of the service. NULL: there is none. */
const json_t *sluice_server_find(const json_t *service, const json_t *server);
/* "server.edit" of it with the options it has; a new reference. Without one (NULL) the bare operation, which the daemon will refuse. */
json_t *sluice_server_edit(const struct sluice_args *args, const json_t *server);

extern const struct sluice_command sluice_cmd_drain, sluice_cmd_undrain;

#endif
