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

struct nearest {
	const char *word, *name;
	unsigned best;
};

/* Of names that are equally near the first wins; the beginning of a name is nearly the name. Short words must fit better: all are near. */
static void try(struct nearest *nearest, const char *name)
{
	size_t len = strlen(nearest->word);
	unsigned d;

	if (strlen(name) >= LONGEST || len >= LONGEST)
		return;
	d = len > 1 && strncmp(nearest->word, name, len) == 0 ? 1 : distance(nearest->word, name);
	if (d < nearest->best && d < strlen(name) && d < len) {
		nearest->best = d;
		nearest->name = name;
	}
}

#define NEAREST(word) {word, NULL, 3} /* further away is no typo */

const char *sluice_nearest(const char *word, const struct sluice_name *names)
{
	struct nearest nearest = NEAREST(word);

	for (; names && names->name; names++)
		try(&nearest, names->name);
	return nearest.name;
}

const char *sluice_nearest_command(const char *word, const struct sluice_command *const *commands)
{
	struct nearest nearest = NEAREST(word);

	for (; *commands; commands++)
		if (!(*commands)->hidden)
			try(&nearest, (*commands)->name);
	return nearest.name;
}

const char *sluice_nearest_option(const char *word, const struct sluice_option *options)
{
	struct nearest nearest = NEAREST(word);

	for (; options && options->name; options++)
		try(&nearest, options->name);
	for (options = sluice_common_options; options->name; options++)
		try(&nearest, options->name);
	return nearest.name;
}
