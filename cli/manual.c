// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sluice-manual FRAME: sluice(8). In the frame the line "@SYNOPSIS@" is replaced with a line a command, "@COMMANDS@" with what the tables
 * of the commands say of each (cli/sluice/sluice.h). It runs while Sluice is built and is not installed.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/sluice/sluice.h"

/* Text at the beginning of a line or within one: nothing in it is taken for a request or an escape; a sentence begins a line. */
static void put_text(const char *text, size_t len, bool begins)
{
	if (begins && len && (*text == '.' || *text == '\''))
		fputs("\\&", stdout);
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\\')
			fputs("\\e", stdout);
		else if (text[i] == '-')
			fputs("\\-", stdout);
		else if (text[i] == ' ' && i && strchr(".!?", text[i - 1]) && i + 1 < len && isupper((unsigned char)text[i + 1]))
			putchar('\n');
		else
			putchar(text[i]);
}

/* A line of a table as a sentence. */
static void put_sentence(const char *text)
{
	size_t len = strlen(text);

	if (islower((unsigned char)*text))
		putchar(toupper((unsigned char)*text));
	put_text(text + !!islower((unsigned char)*text), len - !!islower((unsigned char)*text), true);
	puts(len && strchr(".!?", text[len - 1]) ? "" : ".");
}

/* Whole lines: an empty one begins a paragraph, an indented one stays as it is. */
static void put_help(const char *help)
{
	while (help && *help) {
		size_t len = strcspn(help, "\n"), blanks = strspn(help, " ");

		if (len == 0) {
			puts(".Pp");
		} else {
			fputs(blanks ? ".Dl " : "", stdout);
			put_text(help + blanks, len - blanks, true);
			putchar('\n');
		}
		help += len + (help[len] == '\n');
	}
}

static void put_form(const char *path, const struct sluice_command *command)
{
	static const char *const forms[] = {[SLUICE_ONE] = " Ar %s",
	    [SLUICE_MAYBE] = " Oo Ar %s Oc",
	    [SLUICE_SOME] = " Ar %s Ns ...",
	    [SLUICE_ANY] = " Oo Ar %s Ns ... Oc"};

	printf("Cm %s", path);
	if (command->own_form)
		printf(" Ar %s", command->own_form);
	for (const struct sluice_word *word = command->words; word && word->name; word++)
		printf(forms[word->count], word->name);
	if (command->options)
		fputs(" Oo Ar OPTION Ns ... Oc", stdout);
	putchar('\n');
}

static void put_names(const struct sluice_name *names)
{
	bool texts = names && names->text;

	if (!names)
		return;
	puts(texts ? ".Bl -tag -width sh-fallback -compact" : "One of");
	for (; names->name; names++)
		if (texts)
			printf(".It Cm %s\n%s\n", names->name, names->text ? names->text : "");
		else
			printf(".Cm %s%s\n", names->name, names[1].name ? " ," : " .");
	if (texts)
		puts(".El");
}

static void put_options(const struct sluice_option *option)
{
	if (!option)
		return;
	puts(".Bl -tag -width Ds");
	for (; option->name; option++) {
		printf(".It Fl \\-%s%s%s\n", option->name, option->value ? " Ar " : "", option->value ? option->value : "");
		put_sentence(option->text);
		put_names(option->names);
	}
	puts(".El");
}

static void put_examples(const struct sluice_name *example)
{
	for (; example && example->name; example++) {
		puts(".Pp");
		put_sentence(example->text);
		fputs(".Dl sluice ", stdout);
		put_text(example->name, strlen(example->name), false);
		putchar('\n');
	}
}

/* Calls `put` for each command that runs; for a group first `group`, if there is one. */
static void each(const struct sluice_command *const *commands, const char *before,
    void (*group)(const char *path, const struct sluice_command *command),
    void (*put)(const char *path, const struct sluice_command *command))
{
	for (; *commands; commands++) {
		const struct sluice_command *command = *commands;
		char path[64];

		if (command->hidden)
			continue;
		snprintf(path, sizeof(path), "%s%s%s", before, *before ? " " : "", command->name);
		if (command->subs && group)
			group(path, command);
		if (command->subs)
			each(command->subs, path, group, put);
		else
			put(path, command);
	}
}

static void synopsis(const char *path, const struct sluice_command *command)
{
	fputs(".Nm\n.", stdout);
	put_form(path, command);
}

static void section(const char *path, const struct sluice_command *command)
{
	printf(".Ss sluice %s\n", path);
	put_sentence(command->what);
	put_help(command->help);
}

static void described(const char *path, const struct sluice_command *command)
{
	printf(".Ss sluice %s\n.Nm\n.", path);
	put_form(path, command);
	puts(".Pp");
	put_sentence(command->what);
	put_help(command->help);
	put_options(command->options);
	put_examples(command->examples);
}

int main(int argc, char **argv)
{
	FILE *frame = argc == 2 ? fopen(argv[1], "r") : NULL;
	char line[1024];

	if (!frame) {
		fprintf(stderr, "usage: sluice-manual FRAME\n");
		return 2;
	}
	while (fgets(line, sizeof(line), frame))
		if (strcmp(line, "@SYNOPSIS@\n") == 0)
			each(sluice_commands, "", NULL, synopsis);
		else if (strcmp(line, "@COMMANDS@\n") == 0)
			each(sluice_commands, "", section, described);
		else
			fputs(line, stdout);
	fclose(frame);
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
