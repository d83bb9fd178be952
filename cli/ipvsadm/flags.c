// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: scheduler flags
 *
 * IPVS has three bits of which a scheduler makes what it likes. Two schedulers have words of their own for the first two; the third has
 * none there, so that it is set but not shown.
 */
#include "cli/ipvsadm/list.h"

#include <string.h>

static const struct {
	const char *word, *sched; /* sched NULL: all that have no words of their own */
	int bit;
} words[] = {
    {"sh-fallback", "sh", 0},
    {"sh-port", "sh", 1},
    {"mh-fallback", "mh", 0},
    {"mh-port", "mh", 1},
    {"flag-1", NULL, 0},
    {"flag-2", NULL, 1},
    {"flag-3", NULL, 2},
};
#define WORDS (sizeof(words) / sizeof(words[0]))

static const char *word_of(const char *sched, int bit)
{
	for (size_t i = 0; i < WORDS; i++)
		if (words[i].bit == bit && (sched ? words[i].sched && strcmp(words[i].sched, sched) == 0 : !words[i].sched))
			return words[i].word;
	return NULL;
}

const char *adm_flag_word(const char *sched, int bit)
{
	const char *word = word_of(sched, bit);

	return word ? word : word_of(NULL, bit);
}

int adm_flag_bit(const char *word)
{
	for (size_t i = 0; i < WORDS; i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].bit;
	return -1;
}

const char *adm_flag_sched(const char *word)
{
	for (size_t i = 0; i < WORDS; i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].sched;
	return NULL;
}

bool adm_flags_text(const json_t *service, char ret_text[ADM_FLAGS_SIZE])
{
	const char *sched = adm_string_of(service, "sched");
	bool own = word_of(sched, 0);
	size_t i, len = 0;
	json_t *word;
	unsigned bits = 0;

	json_array_foreach (json_object_get(service, "flags"), i, word) {
		int bit = json_is_string(word) ? adm_flag_bit(json_string_value(word)) : -1;

		if (bit >= 0)
			bits |= 1u << bit;
	}
	ret_text[0] = '\0';
	for (int bit = 0; bit < ADM_SCHED_FLAGS; bit++) {
		const char *name = word_of(own ? sched : NULL, bit);

		if (bits & 1u << bit && name)
			len += snprintf(ret_text + len, ADM_FLAGS_SIZE - len, "%s%s", len ? "," : "", name);
	}
	return bits;
}
