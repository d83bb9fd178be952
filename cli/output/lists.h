/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_OUTPUT_LISTS_H
#define CLI_OUTPUT_LISTS_H
/* Lists as text, each from the answer that docs/api.md calls by the same name unless another is said. */

#include <jansson.h>
#include <stdio.h>

void lists_services(FILE *out, const json_t *answer);
void lists_servers(FILE *out, const json_t *answer); /* {"servers": [SERVER with "service": SVC]} */
void lists_allow(FILE *out, const json_t *answer); /* {"allow": [prefix, ...] or null} */
void lists_timeouts(FILE *out, const json_t *answer);
void lists_settings(FILE *out, const json_t *answer);
void lists_marks(FILE *out, const json_t *answer);
void lists_sync(FILE *out, const json_t *answer);
void lists_totals(FILE *out, const json_t *answer);
void lists_interfaces(FILE *out, const json_t *answer);

#endif
