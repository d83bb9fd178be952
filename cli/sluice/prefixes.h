/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_SLUICE_PREFIXES_H
#define CLI_SLUICE_PREFIXES_H
/* Lists of prefixes: from the command line, from files; what is in both of two. */

#include "cli/sluice/sluice.h"

#define PREFIXES_MAX 200000 /* of one list: more do not fit a request */

/* Appends prefixes: "a,b", "@FILE" or "-" (standard input; a line each, # begins a comment). Says what is wrong and returns SLUICE_USAGE.
 */
int sluice_prefixes_take(const struct sluice_args *args, const char *text, json_t *list);

/* A new array: what of `from` is, or is not, in `list`. Prefixes that mean the same are the same. */
json_t *sluice_prefixes_among(const json_t *from, const json_t *list, bool in);

#endif
