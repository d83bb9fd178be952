// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/sluice.h"

#include <stdio.h>
#include <string.h>

const struct sluice_option sluice_common_options[] = {
    {"json", SLUICE_FLAG, .text = "print JSON; docs/api.md has the members"},
    {"help", SLUICE_FLAG, .text = "print this help"},
    {},
};

static void print_words(FILE *out, const struct sluice_word *words)
{
	static const char *const forms[] = {
	    [SLUICE_ONE] = " %s", [SLUICE_MAYBE] = " [%s]", [SLUICE_SOME] = " %s...", [SLUICE_ANY] = " [%s...]"};

	for (; words && words->name; words++)
		fprintf(out, forms[words->count], words->name);
}

void sluice_form(FILE *out, const struct sluice_command *command)
{
	if (command->subs)
		fputs(" COMMAND", out);
	if (command->own_form)
		fprintf(out, " %s", command->own_form);
	print_words(out, command->words);
	if (command->options)
		fputs(" [OPTION...]", out);
}

static int option_width(const struct sluice_option *option)
{
	return 2 + strlen(option->name) + (option->value ? 1 + strlen(option->value) : 0);
}

static int widest(const struct sluice_option *options, int width)
{
	for (; options && options->name; options++)
		if (option_width(options) > width)
			width = option_width(options);
	return width;
}

static void print_names(FILE *out, const struct sluice_name *names, int width)
{
	int column = width + 6;

	if (!names)
		return;
	fprintf(out, "  %*s  ", width, "");
	for (; names->name; names++) {
		int len = strlen(names->name) + 2;

		if (column + len > 120) {
			fprintf(out, "\n  %*s  ", width, "");
			column = width + 4;
		}
		fprintf(out, "%s%s", names->name, names[1].name ? ", " : "\n");
		column += len;
	}
}

static void print_options(FILE *out, const struct sluice_option *options, int width)
{
	for (; options && options->name; options++) {
		fprintf(out, "  --%s%s%s%*s  %s\n", options->name, options->value ? " " : "", options->value ? options->value : "",
		    width - option_width(options), "", options->text);
		print_names(out, options->names, width);
	}
}

static void print_commands(FILE *out, const struct sluice_command *const *commands)
{
	int width = 0;

	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden && (int)strlen(commands[i]->name) > width)
			width = strlen(commands[i]->name);
	for (; *commands; commands++)
		if (!(*commands)->hidden)
			fprintf(out, "  %-*s  %s\n", width, (*commands)->name, (*commands)->what);
}

static void print_examples(FILE *out, const struct sluice_name *examples)
{
	if (examples)
		fputs("\nExamples:\n", out);
	for (; examples && examples->name; examples++)
		fprintf(out, "  sluice %s\n      %s\n", examples->name, examples->text);
}

void sluice_help(FILE *out, const struct sluice_command *command, const char *path)
{
	int width = widest(command->options, widest(sluice_common_options, 0));

	fprintf(out, "usage: sluice %s", path);
	sluice_form(out, command);
	fprintf(out, "\n%s\n", command->what);
	if (command->help)
		fprintf(out, "\n%s", command->help);
	fputs("\n", out);
	if (command->subs) {
		print_commands(out, command->subs);
		fprintf(out, "\nsluice %s COMMAND --help tells more about each.\n", path);
	} else if (command->run) {
		print_options(out, command->options, width);
		print_options(out, sluice_common_options, width);
	}
	print_examples(out, command->examples);
}

void sluice_overview(FILE *out, const struct sluice_command *const *commands)
{
	fputs("usage: sluice COMMAND [ARGUMENT...]\n\n", out);
	print_commands(out, commands);
	fputs("\nsluice COMMAND --help tells more about each; --json makes each print JSON.\n"
	      "It speaks to the sluiced of its network namespace; for another: ip netns exec NAMESPACE sluice COMMAND.\n"
	      "Exit status: 0 done, 1 refused, 2 wrong usage, 3 sluiced is not running, 4 no answer that can be understood.\n",
	    out);
}
