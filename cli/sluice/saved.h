/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_SLUICE_SAVED_H
#define CLI_SLUICE_SAVED_H
/*
 * DOC: kept settings
 *
 * A file of lines "name = value", those settings that differ from their default; # begins a comment. It is written whole under another name
 * and then renamed, so that there is never half of one.
 */

#include "cli/sluice/sluice.h"

#define SAVED_PATH "/etc/sluice/settings.conf"

/* An array of [name, value], both strings; empty where there is no file. Says what is wrong and returns SLUICE_FAILED. */
int saved_load(const struct sluice_args *args, const char *path, json_t **ret_pairs);
/* The rows of the answer to "settings". Says what is wrong and returns SLUICE_FAILED. */
int saved_store(const char *path, const json_t *answer);

#endif
