/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_OUTPUT_CELL_H
#define CLI_OUTPUT_CELL_H
/*
 * DOC: cells
 *
 * A member of an answer as a table's cell. What is not there, or not of its type, is 0 or "?": an answer of another version still prints.
 */

#include <jansson.h>

#define CELL 96

long long cell_number_of(const json_t *object, const char *name);
const char *cell_string_of(const json_t *object, const char *name);

/* Each fills `cell` and returns it. */
const char *cell_number(char cell[CELL], long long n);
const char *cell_bytes(char cell[CELL], long long n); /* three digits or so, and B, kB, MB ... */
const char *cell_time(char cell[CELL], long long seconds); /* 90s, 6m, 1h30m, 2d */
const char *cell_place(char cell[CELL], const char *before, const json_t *end); /* {"addr", "port"}: 192.0.2.1:80, [2001:db8::1]:80 */
const char *cell_service(char cell[CELL], const json_t *service); /* tcp 192.0.2.1:80, mark 5, mark6 5 */
const char *cell_method(const json_t *server); /* nat, dr, tun */

#endif
