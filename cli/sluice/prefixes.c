// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/prefixes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

/* --- from texts --- */

static int too_many(const struct sluice_args *args)
{
	return sluice_wrong(args, "these are more than %d prefixes, which is the most a service can have", PREFIXES_MAX);
}

static int take_words(const struct sluice_args *args, const char *text, json_t *list)
{
	char word[64];

	while (*text) {
		size_t len = strcspn(text, ",");

		snprintf(word, sizeof(word), "%.*s", (int)(len < sizeof(word) ? len : sizeof(word) - 1), text);
		if (len >= sizeof(word) || !sluice_prefix_check(word))
			return sluice_wrong(args, "`%s' is no prefix; write 192.0.2.0/24, 2001:db8::/32 or an address", word);
		json_array_append_new(list, json_string(word));
		text += len + (text[len] == ',');
	}
	return json_array_size(list) > PREFIXES_MAX ? too_many(args) : SLUICE_OK;
}

/* The word of a line: without blanks around it and the comment behind it; NULL: it is not one word of sane length. */
static char *word_of(char *line, size_t size, FILE *in)
{
	size_t len = strlen(line);
	char *word, *end;

	if (len + 1 == size && line[len - 1] != '\n')
		return NULL; /* longer than any prefix */
	if (len == 0 || (line[len - 1] != '\n' && !feof(in)))
		return NULL; /* a zero byte */
	line[strcspn(line, "#\r\n")] = '\0';
	word = line + strspn(line, " \t");
	end = word + strcspn(word, " \t");
	if (end[strspn(end, " \t")])
		return NULL;
	*end = '\0';
	return word;
}

static int take_lines(const struct sluice_args *args, FILE *in, const char *name, json_t *list)
{
	char line[512];

	for (unsigned number = 1; fgets(line, sizeof(line), in); number++) {
		char *word = word_of(line, sizeof(line), in);

		if (word && !*word)
			continue;
		if (!word || !sluice_prefix_check(word))
			return sluice_wrong(args, "%s:%u: this is no prefix%s%s%s; write one a line, such as 192.0.2.0/24", name, number,
			    word ? ": `" : "", word ? word : "", word ? "'" : "");
		json_array_append_new(list, json_string(word));
		if (json_array_size(list) > PREFIXES_MAX)
			return too_many(args);
	}
	return ferror(in) ? sluice_wrong(args, "can't read %s: %m", name) : SLUICE_OK;
}

int sluice_prefixes_take(const struct sluice_args *args, const char *text, json_t *list)
{
	FILE *in;
	int status;

	if (strcmp(text, "-") == 0)
		return take_lines(args, stdin, "standard input", list);
	if (*text != '@')
		return take_words(args, text, list);
	in = fopen(text + 1, "re");
	if (!in)
		return sluice_wrong(args, "can't open %s: %m", text + 1);
	status = take_lines(args, in, text + 1, list);
	fclose(in);
	return status;
}

/* --- what is in a list --- */

struct key {
	uint8_t addr[16], bits;
};

/* As it stands, or with the bits outside the prefix gone. */
static void fill(struct key *key, const char *text)
{
	char addr[ADDR_TEXT];
	size_t len = strcspn(text, "/");
	unsigned bits;

	memset(key, 0, sizeof(*key));
	snprintf(addr, sizeof(addr), "%.*s", (int)(len < sizeof(addr) ? len : sizeof(addr) - 1), text);
	if (addr_parse(addr, key->addr) < 0)
		return;
	bits = text[len] ? strtoul(text + len + 1, NULL, 10) + (addr_is_v4(key->addr) ? 96 : 0) : 128;
	key->bits = bits > 128 ? 128 : bits;
	for (unsigned i = key->bits; i < 128; i++)
		key->addr[i / 8] &= ~(0x80 >> i % 8);
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct key));
}

static struct key *sorted(const json_t *list, size_t *ret_count)
{
	struct key *keys = calloc(json_array_size(list) + 1, sizeof(*keys));
	json_t *item;
	size_t i;

	*ret_count = keys ? json_array_size(list) : 0;
	if (!keys)
		return NULL;
	json_array_foreach ((json_t *)list, i, item)
		fill(&keys[i], json_string_value(item) ? json_string_value(item) : "");
	qsort(keys, *ret_count, sizeof(*keys), compare);
	return keys;
}

json_t *sluice_prefixes_among(const json_t *from, const json_t *list, bool in)
{
	json_t *result = json_array(), *item;
	size_t count, i;
	struct key *keys = sorted(list, &count), key;

	json_array_foreach ((json_t *)from, i, item) {
		fill(&key, json_string_value(item) ? json_string_value(item) : "");
		if (in == !!(keys && bsearch(&key, keys, count, sizeof(key), compare)))
			json_array_append(result, item);
	}
	free(keys);
	return result;
}
