// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/top.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct name {
	char text[TOP_NAME];
	unsigned long long count; /* 0: free */
};

struct top {
	size_t room, names;
	size_t mask; /* places - 1, at least twice the room */
	unsigned long long error;
	struct name *place, *spare; /* spare: as many, for building anew; NULL until then */
};

struct top *top_new(size_t room)
{
	struct top *top = calloc(1, sizeof(*top));
	size_t places = 16;

	if (!top)
		return NULL;
	while (places < 2 * room)
		places *= 2;
	top->room = room;
	top->mask = places - 1;
	top->place = calloc(places, sizeof(*top->place));
	if (top->place)
		return top;
	top_free(top);
	return NULL;
}

void top_free(struct top *top)
{
	if (!top)
		return;
	free(top->place);
	free(top->spare);
	free(top);
}

static size_t hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3ULL;
	return h ^ h >> 32;
}

/* The name's place, or the free one where it belongs. */
static struct name *find(struct name *places, size_t mask, const char *text)
{
	size_t i = hash(text) & mask;

	while (places[i].count && strcmp(places[i].text, text) != 0)
		i = (i + 1) & mask;
	return &places[i];
}

/* Takes one from every name and builds the table anew from those that are left. */
static void take_one(struct top *top)
{
	struct name *old = top->place;

	top->error++;
	if (!top->spare)
		top->spare = calloc(top->mask + 1, sizeof(*top->spare));
	if (!top->spare)
		return; /* the name that came is not counted: it too is too small by one more */
	top->names = 0;
	memset(top->spare, 0, (top->mask + 1) * sizeof(*top->spare));
	for (size_t i = 0; i <= top->mask; i++) {
		if (old[i].count < 2)
			continue;
		old[i].count--;
		*find(top->spare, top->mask, old[i].text) = old[i];
		top->names++;
	}
	top->place = top->spare;
	top->spare = old;
}

void top_add(struct top *top, const char *name)
{
	char text[TOP_NAME];
	struct name *at;

	snprintf(text, sizeof(text), "%s", name);
	at = find(top->place, top->mask, text);
	if (!at->count && top->names == top->room) {
		take_one(top);
		return;
	}
	if (!at->count++) {
		memcpy(at->text, text, sizeof(text));
		top->names++;
	}
}

static int compare(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->text, y->text);
}

size_t top_sort(struct top *top)
{
	qsort(top->place, top->mask + 1, sizeof(*top->place), compare);
	return top->names;
}

unsigned long long top_get(const struct top *top, size_t i, const char **ret_name)
{
	*ret_name = top->place[i].text;
	return top->place[i].count;
}

unsigned long long top_error(const struct top *top)
{
	return top->error;
}
