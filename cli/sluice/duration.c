// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/sluice.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MOST_MS (31u * 24 * 60 * 60 * 1000)

/* One number with its unit; *text goes on behind it. */
static int take(const char **text, unsigned *ret_ms)
{
	static const struct {
		const char *name;
		unsigned ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 60 * 60 * 1000}, {"d", 24 * 60 * 60 * 1000}};
	unsigned long long number;
	char *end;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	number = strtoull(*text, &end, 10);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t len = strlen(units[i].name);

		if (strncmp(end, units[i].name, len) != 0)
			continue;
		if (number > MOST_MS / units[i].ms)
			return -EINVAL;
		*text = end + len;
		*ret_ms = number * units[i].ms;
		return 0;
	}
	return -EINVAL;
}

int sluice_duration_parse(const char *text, unsigned *ret_ms)
{
	unsigned long long sum = 0;
	unsigned ms;

	if (*text && strspn(text, "0123456789") == strlen(text)) {
		sum = strtoull(text, NULL, 10);
		if (sum > MOST_MS / 1000)
			return -EINVAL;
		*ret_ms = sum * 1000;
		return 0;
	}
	do {
		if (take(&text, &ms) < 0)
			return -EINVAL;
		sum += ms;
	} while (*text && sum <= MOST_MS);
	if (sum > MOST_MS)
		return -EINVAL;
	*ret_ms = sum;
	return 0;
}
