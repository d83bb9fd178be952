// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/ipvsadm/ipvsadm.h"

void adm_largenum(unsigned long long number, bool exact, char ret_text[ADM_NUMBER_SIZE])
{
	static const struct {
		unsigned long long below, unit;
		char letter;
	} steps[] = {
	    {1000000000ULL, 1000ULL, 'K'},
	    {100000000000ULL, 1000000ULL, 'M'},
	    {100000000000000ULL, 1000000000ULL, 'G'},
	};
	size_t i = 0;

	if (number < 100000000ULL) {
		snprintf(ret_text, ADM_NUMBER_SIZE, "%9llu", number);
		return;
	}
	if (exact) {
		snprintf(ret_text, ADM_NUMBER_SIZE, " %llu", number);
		return;
	}
	while (i < 3 && number >= steps[i].below)
		i++;
	if (i < 3)
		snprintf(ret_text, ADM_NUMBER_SIZE, "%8llu%c", number / steps[i].unit, steps[i].letter);
	else
		snprintf(ret_text, ADM_NUMBER_SIZE, "%8lluT", number / 1000000000000ULL);
}
