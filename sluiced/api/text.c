/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/api/text.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 4096

static bool need(struct text *text, size_t more)
{
	size_t room = text->room ? text->room : FIRST_ROOM;
	char *at;

	if (text->failed || text->room - text->size >= more)
		return !text->failed;
	while (room - text->size < more)
		room *= 2;
	at = realloc(text->at, room);
	if (!at) {
		text->failed = true;
		return false;
	}
	text->at = at;
	text->room = room;
	return true;
}

void text_bytes(struct text *text, const char *bytes, size_t size)
{
	if (!need(text, size))
		return;
	memcpy(text->at + text->size, bytes, size);
	text->size += size;
}

void text_raw(struct text *text, const char *raw)
{
	text_bytes(text, raw, strlen(raw));
}

void text_number(struct text *text, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = '0' + number % 10;
		number /= 10;
	} while (number);
	text_bytes(text, digits + at, sizeof(digits) - at);
}

void text_word(struct text *text, const char *word)
{
	text_bytes(text, "\"", 1);
	text_raw(text, word);
	text_bytes(text, "\"", 1);
}

void text_comma(struct text *text)
{
	char last = text->size ? text->at[text->size - 1] : '{';

	if (last != '{' && last != '[')
		text_bytes(text, ",", 1);
}

void text_name(struct text *text, const char *name)
{
	text_comma(text);
	text_word(text, name);
	text_bytes(text, ":", 1);
}

void text_name_number(struct text *text, const char *name, uint64_t number)
{
	text_name(text, name);
	text_number(text, number);
}

void text_name_word(struct text *text, const char *name, const char *word)
{
	text_name(text, name);
	text_word(text, word);
}

void text_name_bool(struct text *text, const char *name, bool value)
{
	text_name(text, name);
	text_raw(text, value ? "true" : "false");
}
