/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_TEXT_H
#define SLUICED_TEXT_H
/*
 * JSON as it is written, without a tree of it: for answers of a hundred thousand servers, where a tree would be ten times as large as its
 * text. Without memory nothing more is written and `failed` is set.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *at; /* from malloc */
	size_t size, room;
	bool failed;
};

void text_raw(struct text *text, const char *raw);
void text_bytes(struct text *text, const char *bytes, size_t size);
void text_number(struct text *text, uint64_t number);

/* A string that needs no escapes, with its quotes. */
void text_word(struct text *text, const char *word);

/* `"name":` with a comma before it, unless it is the first in its object. */
void text_name(struct text *text, const char *name);
void text_name_number(struct text *text, const char *name, uint64_t number);
void text_name_word(struct text *text, const char *name, const char *word);
void text_name_bool(struct text *text, const char *name, bool value);

/* A comma, unless an object or array has just begun. */
void text_comma(struct text *text);

#endif
