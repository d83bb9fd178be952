// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/sluice.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

int sluice_wrong(const struct sluice_args *args, const char *format, ...)
{
	va_list list;

	fprintf(stderr, "sluice %s: ", args->path);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fprintf(stderr, "; see: sluice help %s\n", args->path);
	return SLUICE_USAGE;
}

int sluice_wrong_name(const struct sluice_args *args, const char *word, const struct sluice_name *names, const char *what)
{
	const char *nearest = sluice_nearest(word, names);

	if (nearest)
		return sluice_wrong(args, "`%s' is no %s; did you mean `%s'?", word, what, nearest);
	return sluice_wrong(args, "`%s' is no %s", word, what);
}

/* --- values --- */

static int parse_number(const char *text, long long *ret_number)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*ret_number = strtoll(text, &end, 10);
	return *end || errno ? -EINVAL : 0;
}

/* "a number from 0 to 65535 or `off'" and so on. */
static int wrong_value(const struct sluice_args *args, const struct sluice_given *given, const char *what)
{
	const struct sluice_option *option = given->option;
	char or [64] = "";

	if (option->names)
		snprintf(or, sizeof(or), " or `%s'", option->names->name);
	if (option->most)
		return sluice_wrong(
		    args, "--%s takes %s from %lld to %lld%s, not `%s'", option->name, what, option->least, option->most, or, given->text);
	return sluice_wrong(args, "--%s takes %s%s, not `%s'", option->name, what, or, given->text);
}

/* One of the words in place of a number? */
static bool takes_name(struct sluice_given *given)
{
	const struct sluice_name *name = given->option->names ? sluice_name_find(given->option->names, given->text) : NULL;

	if (name)
		given->number = -1 - (name - given->option->names);
	return name;
}

static int check_number(const struct sluice_args *args, struct sluice_given *given)
{
	const struct sluice_option *option = given->option;

	if (takes_name(given))
		return SLUICE_OK;
	if (parse_number(given->text, &given->number) < 0 || given->number < option->least ||
	    (option->most && given->number > option->most))
		return wrong_value(args, given, "a number");
	return SLUICE_OK;
}

static int check_time(const struct sluice_args *args, struct sluice_given *given)
{
	const struct sluice_option *option = given->option;
	unsigned ms;

	if (takes_name(given))
		return SLUICE_OK;
	if (sluice_duration_parse(given->text, &ms) < 0)
		return sluice_wrong(args, "`%s' is no time; write 10s, 500ms or 1m", given->text);
	given->number = ms;
	if (ms < option->least || (option->most && ms > option->most))
		return sluice_wrong(args, "--%s takes a time from %lldms to %llds, not `%s'", option->name, option->least,
		    option->most / 1000, given->text);
	return SLUICE_OK;
}

/* With what is near, or with all there is. */
static int wrong_choice(
    const struct sluice_args *args, const char *dashes, const char *what, const char *word, const struct sluice_name *names)
{
	const char *nearest = sluice_nearest(word, names);
	char all[512] = "";

	if (nearest)
		return sluice_wrong(args, "%s%s can't be `%s'; did you mean `%s'?", dashes, what, word, nearest);
	for (; names->name && strlen(all) + strlen(names->name) + 3 < sizeof(all); names++)
		sprintf(all + strlen(all), "%s%s", *all ? ", " : "", names->name);
	return sluice_wrong(args, "%s%s can't be `%s'; it is one of %s", dashes, what, word, all);
}

static int check_choice(const struct sluice_args *args, struct sluice_given *given)
{
	const struct sluice_name *name = sluice_name_find(given->option->names, given->text);

	if (!name)
		return wrong_choice(args, "--", given->option->name, given->text, given->option->names);
	given->number = name - given->option->names;
	return SLUICE_OK;
}

static int check_list(const struct sluice_args *args, struct sluice_given *given)
{
	char word[64];

	for (const char *at = given->text; *at;) {
		size_t len = strcspn(at, ",");

		snprintf(word, sizeof(word), "%.*s", (int)(len < sizeof(word) ? len : sizeof(word) - 1), at);
		if (len && !sluice_name_find(given->option->names, word))
			return wrong_choice(args, "--", given->option->name, word, given->option->names);
		at += len + (at[len] == ',');
	}
	return *given->text ? SLUICE_OK : sluice_wrong(args, "--%s: the list is empty", given->option->name);
}

bool sluice_prefix_check(const char *text)
{
	char addr[ADDR_TEXT];
	uint8_t bytes[16];
	size_t len = strcspn(text, "/");
	long long bits;

	if (len >= sizeof(addr))
		return false;
	memcpy(addr, text, len);
	addr[len] = '\0';
	if (addr_parse(addr, bytes) < 0)
		return false;
	return !text[len] || (parse_number(text + len + 1, &bits) == 0 && bits <= (addr_is_v4(bytes) ? 32 : 128));
}

static int check_prefix(const struct sluice_args *args, struct sluice_given *given)
{
	if (sluice_prefix_check(given->text))
		return SLUICE_OK;
	return sluice_wrong(args, "`%s' is no prefix; write 192.0.2.0/24, 2001:db8::/32 or an address", given->text);
}

static int check_addr(const struct sluice_args *args, struct sluice_given *given)
{
	uint8_t bytes[16];

	if (addr_parse(given->text, bytes) == 0)
		return SLUICE_OK;
	return sluice_wrong(args, "`%s' is no address; write it as 192.0.2.1 or 2001:db8::1", given->text);
}

static int check_service(const struct sluice_args *args, struct sluice_given *given)
{
	const char *why;
	json_t *service = sluice_service_word(given->text, &why);

	if (!service)
		return sluice_wrong(args, "`%s' %s", given->text, why);
	json_decref(service);
	return SLUICE_OK;
}

static int (*const checks[])(const struct sluice_args *args, struct sluice_given *given) = {
    [SLUICE_NUMBER] = check_number,
    [SLUICE_TIME] = check_time,
    [SLUICE_CHOICE] = check_choice,
    [SLUICE_LIST] = check_list,
    [SLUICE_PREFIX] = check_prefix,
    [SLUICE_ADDR] = check_addr,
    [SLUICE_SERVICE] = check_service,
    [SLUICE_COMMAND] = NULL,
};

/* --- options --- */

static const struct sluice_option *find_option(const struct sluice_option *options, const char *name, size_t len)
{
	for (; options && options->name; options++)
		if (strlen(options->name) == len && strncmp(options->name, name, len) == 0)
			return options;
	return NULL;
}

static int unknown_option(const struct sluice_args *args, const char *word)
{
	const char *nearest = sluice_nearest_option(word + strspn(word, "-"), args->command->options);

	if (nearest)
		return sluice_wrong(args, "there is no option `%s'; did you mean `--%s'?", word, nearest);
	return sluice_wrong(args, "there is no option `%s'", word);
}

/* An option at argv[*i], which goes on to its value. */
static int take_option(struct sluice_args *args, int argc, char **argv, int *i)
{
	const char *name = argv[*i] + 2, *value = strchr(name, '=');
	size_t len = value ? (size_t)(value - name) : strlen(name);
	const struct sluice_option *option = find_option(args->command->options, name, len);
	struct sluice_given *given = &args->given[args->givens];

	if (!option)
		option = find_option(sluice_common_options, name, len);
	if (!option || argv[*i][1] != '-')
		return unknown_option(args, argv[*i]);
	if (value && option->kind == SLUICE_FLAG)
		return sluice_wrong(args, "--%s takes no value", option->name);
	if (!value && option->kind != SLUICE_FLAG && *i + 1 >= argc)
		return sluice_wrong(args, "--%s needs a value: %s", option->name, option->value);
	*given = (struct sluice_given){option, "", 0};
	if (option->kind != SLUICE_FLAG)
		given->text = value ? value + 1 : argv[++*i];
	args->givens++;
	args->json |= option == &sluice_common_options[0];
	return checks[option->kind] ? checks[option->kind](args, given) : SLUICE_OK;
}

const struct sluice_given *sluice_option(const struct sluice_args *args, const char *name)
{
	const struct sluice_option *option = find_option(args->command->options, name, strlen(name));

	if (!option)
		abort(); /* the command asks for what is not in its own table */
	for (unsigned i = args->givens; i-- > 0;)
		if (args->given[i].option == option)
			return &args->given[i];
	return NULL;
}

bool sluice_has(const struct sluice_args *args, const char *name)
{
	return sluice_option(args, name);
}

const char *sluice_text(const struct sluice_args *args, const char *name, const char *otherwise)
{
	const struct sluice_given *given = sluice_option(args, name);

	return given ? given->text : otherwise;
}

long long sluice_number(const struct sluice_args *args, const char *name, long long otherwise)
{
	const struct sluice_given *given = sluice_option(args, name);

	return given ? given->number : otherwise;
}

/* --- words --- */

static int take_service(struct sluice_args *args, unsigned *at)
{
	const char *first = args->word[*at], *second = *at + 1 < args->words ? args->word[*at + 1] : NULL, *why;

	if (strchr(first, '/')) {
		args->service = sluice_service_word(first, &why);
		*at += 1;
		return args->service ? SLUICE_OK : sluice_wrong(args, "`%s' %s", first, why);
	}
	if (!sluice_name_find(sluice_protocols, first)) {
		const char *nearest = sluice_nearest(first, sluice_protocols);

		return sluice_wrong(args, "a service begins with tcp, udp, sctp, mark or mark6, not with `%s'%s%s%s", first,
		    nearest ? "; did you mean `" : "; write ", nearest ? nearest : "tcp 192.0.2.1:80", nearest ? "'?" : "");
	}
	if (!second)
		return sluice_wrong(args, *first == 'm' ? "which mark? %s NUMBER" : "where is the service? %s ADDRESS:PORT", first);
	args->service = sluice_service(first, second, &why);
	*at += 2;
	return args->service ? SLUICE_OK : sluice_wrong(args, "`%s' %s", second, why);
}

static int take_server(struct sluice_args *args, unsigned *at)
{
	const char *why;

	args->server = sluice_server(args->word[*at], &why);
	if (!args->server)
		return sluice_wrong(args, "`%s' %s", args->word[*at], why);
	*at += 1;
	return SLUICE_OK;
}

static int check_word(const struct sluice_args *args, const struct sluice_word *word, const char *text)
{
	if (word->kind == SLUICE_CHOICE && !sluice_name_find(word->names, text))
		return wrong_choice(args, "", word->name, text, word->names);
	return SLUICE_OK;
}

/* Services and servers are taken out of the words; the rest closes up. */
static int take_words(struct sluice_args *args)
{
	const struct sluice_word *word = args->command->words;
	unsigned at = 0, kept = 0;
	int status = SLUICE_OK;

	for (; word && word->name && status == SLUICE_OK; word++) {
		bool many = word->count == SLUICE_SOME || word->count == SLUICE_ANY;

		if (at == args->words && (word->count == SLUICE_MAYBE || word->count == SLUICE_ANY))
			continue;
		if (at == args->words)
			return sluice_wrong(args, "%s is missing", word->name);
		if (word->kind == SLUICE_SERVICE)
			status = take_service(args, &at);
		else if (word->kind == SLUICE_SERVER)
			status = take_server(args, &at);
		else
			do {
				status = check_word(args, word, args->word[at]);
				args->word[kept++] = args->word[at++];
			} while (many && status == SLUICE_OK && at < args->words);
	}
	if (status == SLUICE_OK && at < args->words)
		return sluice_wrong(args, "what is `%s'?", args->word[at]);
	args->words = kept;
	return status;
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

int sluice_parse(const struct sluice_command *command, const char *path, int argc, char **argv, struct sluice_args *ret_args)
{
	bool options = true;
	int status = SLUICE_OK;

	*ret_args = (struct sluice_args){.command = command, .path = path, .help = wants_help(argc, argv)};
	if (ret_args->help)
		return SLUICE_OK;
	ret_args->word = calloc(argc + 1, sizeof(*ret_args->word));
	ret_args->given = calloc(argc + 1, sizeof(*ret_args->given));
	if (!ret_args->word || !ret_args->given)
		return sluice_wrong(ret_args, "out of memory");
	for (int i = 0; i < argc && status == SLUICE_OK; i++) {
		if (options && strcmp(argv[i], "--") == 0)
			options = false;
		else if (options && argv[i][0] == '-' && argv[i][1])
			status = take_option(ret_args, argc, argv, &i);
		else
			ret_args->word[ret_args->words++] = argv[i];
	}
	return status == SLUICE_OK ? take_words(ret_args) : status;
}

void sluice_args_free(struct sluice_args *args)
{
	json_decref(args->service);
	json_decref(args->server);
	free(args->word);
	free(args->given);
}
