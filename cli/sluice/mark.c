// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output/lists.h"
#include "cli/sluice/sluice.h"

#define MOST 4294967295LL

static const struct sluice_name protocols[] = {{"tcp", NULL}, {"udp", NULL}, {"sctp", NULL}, {}};

static const struct sluice_option options[] = {
    {"dst", SLUICE_PREFIX, "PREFIX", .text = "packets to these addresses"},
    {"src", SLUICE_PREFIX, "PREFIX", .text = "packets from these addresses"},
    {"proto", SLUICE_CHOICE, "NAME", "packets of this protocol", 0, 0, protocols},
    {"ports", SLUICE_TEXT, "FIRST-LAST", .text = "packets to these ports, or to this one"},
    {"before", SLUICE_NUMBER, "ID", "try it before this rule, not after all others", 0, MOST, NULL},
    {},
};

/* Digits alone, 0 .. most; -1. */
static long long number(const char *text, long long most)
{
	char *end;
	long long n;

	if (!isdigit((unsigned char)*text) || strlen(text) > 10)
		return -1;
	n = strtoll(text, &end, 10);
	return *end || n > most ? -1 : n;
}

/* "80" or "80-443"; the API wants a range or a port, as it is written. */
static bool good_ports(const char *text)
{
	char first[8];
	size_t len = strcspn(text, "-");
	long long from, to;

	if (len >= sizeof(first))
		return false;
	memcpy(first, text, len);
	first[len] = '\0';
	from = number(first, 65535);
	to = text[len] ? number(text + len + 1, 65535) : from;
	return from >= 0 && to >= from;
}

static int add_rule(const struct sluice_args *args, json_t *op)
{
	static const char *const texts[] = {"dst", "src", "proto", "ports"};
	long long mark = number(args->word[0], MOST);

	if (mark < 1)
		return sluice_wrong(args, "`%s' is no mark; write a number from 1 to %lld", args->word[0], MOST);
	if (sluice_has(args, "ports") && !good_ports(sluice_text(args, "ports", "")))
		return sluice_wrong(args, "`%s' are no ports; write 80 or 80-443", sluice_text(args, "ports", ""));
	if (sluice_has(args, "ports") && !sluice_has(args, "proto"))
		return sluice_wrong(args, "--ports needs --proto tcp, udp or sctp");
	json_object_set_new(op, "mark", json_integer(mark));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (sluice_has(args, texts[i]))
			json_object_set_new(op, texts[i], json_string(sluice_text(args, texts[i], "")));
	if (sluice_has(args, "before"))
		json_object_set_new(op, "before", json_integer(sluice_number(args, "before", 0)));
	return SLUICE_OK;
}

static int run_add(const struct sluice_args *args)
{
	json_t *op = json_pack("{s:s}", "op", "mark.add");
	int status = add_rule(args, op);

	if (status == SLUICE_OK)
		return sluice_change(args, NULL, json_pack("[o]", op));
	json_decref(op);
	return status;
}

static int run_remove(const struct sluice_args *args)
{
	bool all = sluice_has(args, "all");
	json_t *ops = json_array();

	if (all == (args->words > 0)) {
		json_decref(ops);
		return sluice_wrong(args, all ? "--all needs no ID" : "ID is missing, or --all");
	}
	if (all)
		json_array_append_new(ops, json_pack("{s:s, s:b}", "op", "mark.delete", "all", 1));
	for (unsigned i = 0; i < args->words; i++) {
		long long id = number(args->word[i], MOST);

		if (id < 0) {
			json_decref(ops);
			return sluice_wrong(args, "`%s' is no rule's number; `sluice mark list' shows them", args->word[i]);
		}
		json_array_append_new(ops, json_pack("{s:s, s:I}", "op", "mark.delete", "id", (json_int_t)id));
	}
	return sluice_change(args, NULL, ops);
}

static int run_list(const struct sluice_args *args)
{
	json_t *answer;
	int status = sluice_ask("marks", NULL, &answer);

	return status == SLUICE_OK ? sluice_show(args, answer, lists_marks) : status;
}

static const struct sluice_word add_words[] = {{"MARK", SLUICE_TEXT, .count = SLUICE_ONE}, {}};

static const struct sluice_name add_examples[] = {
    {"mark add 5 --dst 192.0.2.1 --proto tcp --ports 80", "HTTP of an address gets mark 5 ..."},
    {"mark add 5 --dst 192.0.2.1 --proto tcp --ports 443", "... and so does HTTPS: sluice service add mark 5 --persist 6m"},
    {},
};

static const struct sluice_command cmd_add = {
    .name = "add",
    .what = "add a rule that marks packets",
    .help = "A packet gets the mark of the first rule that fits it; what a rule does not name fits always. A mark that iptables or "
	    "nftables set\n"
	    "wins. The mark chooses a service: sluice service add mark NUMBER.\n",
    .words = add_words,
    .options = options,
    .examples = add_examples,
    .run = run_add,
};

static const struct sluice_word remove_words[] = {{"ID", SLUICE_TEXT, .count = SLUICE_ANY}, {}};
static const struct sluice_option remove_options[] = {{"all", SLUICE_FLAG, .text = "every rule"}, {}};
static const struct sluice_name remove_examples[] = {{"mark remove 2", "the rule that `sluice mark list' calls 2"}, {}};

static const struct sluice_command cmd_remove = {
    .name = "remove",
    .what = "remove rules",
    .words = remove_words,
    .options = remove_options,
    .examples = remove_examples,
    .run = run_remove,
};

static const struct sluice_name list_examples[] = {{"mark list", "all rules, in the order they are tried"}, {}};

static const struct sluice_command cmd_list = {
    .name = "list",
    .what = "list the rules in the order they are tried",
    .examples = list_examples,
    .run = run_list,
};

static const struct sluice_command *const subs[] = {&cmd_add, &cmd_remove, &cmd_list, NULL};

const struct sluice_command sluice_cmd_mark = {
    .name = "mark",
    .what = "mark packets by address, protocol and port, for services of a mark",
    .subs = subs,
};
