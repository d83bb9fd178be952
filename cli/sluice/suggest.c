// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/sluice.h"

#include <string.h>

#define LONGEST 32

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Insertions, deletions and replacements that lead from a to b (Levenshtein); b is shorter than LONGEST. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[LONGEST + 1];
	size_t len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			unsigned up = row[j + 1];

			row[j + 1] = least(up + 1, row[j] + 1, diagonal + (a[i] != b[j]));
			diagonal = up;
		}
	}
	return row[len];
}

const char *sluice_nearest(const char *word, const char *(*next)(unsigned i))
{
	const char *nearest = NULL, *name;
	unsigned best = 3; /* further away is no typo */

	for (unsigned i = 0; (name = next(i)); i++) {
		unsigned d;

		if (strlen(name) >= LONGEST || strlen(word) >= LONGEST)
			continue;
		d = strlen(word) > 1 && strncmp(word, name, strlen(word)) == 0 ? 1 : distance(word, name);
		if (d < best) {
			best = d;
			nearest = name;
		}
	}
	return nearest;
}
