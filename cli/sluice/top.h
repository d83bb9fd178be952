/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_SLUICE_TOP_H
#define CLI_SLUICE_TOP_H
/*
 * DOC: who has most
 *
 * Counts names as they come by, in a table of a fixed size (Misra and Gries: when it is full, a name that is not in it takes one from
 * all that are). As long as there are not more names than room the counts are exact; with more, each is too small by at most
 * top_error(), and whoever has more than that is still there.
 */

#include <stddef.h>

#define TOP_NAME 96

struct top;

struct top *top_new(size_t room); /* names; NULL without memory */
void top_free(struct top *top);
void top_add(struct top *top, const char *name); /* cut after TOP_NAME - 1 bytes */
/* Sorts: most first, of equals the smaller text. After that only top_get(). Returns how many names there are. */
size_t top_sort(struct top *top);
unsigned long long top_get(const struct top *top, size_t i, const char **ret_name);
unsigned long long top_error(const struct top *top);

#endif
