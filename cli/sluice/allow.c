// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "cli/client.h"
#include "cli/output/lists.h"
#include "cli/sluice/prefixes.h"
#include "cli/sluice/service.h"

static const struct sluice_word words[] = {
    {"SERVICE", SLUICE_SERVICE, .count = SLUICE_ONE}, {"PREFIX", SLUICE_PREFIX, .count = SLUICE_SOME}, {}};
static const struct sluice_word remove_words[] = {
    {"SERVICE", SLUICE_SERVICE, .count = SLUICE_ONE}, {"PREFIX", SLUICE_PREFIX, .count = SLUICE_ANY}, {}};
static const struct sluice_word list_words[] = {{"SERVICE", SLUICE_SERVICE, .count = SLUICE_ONE}, {}};

/* All prefixes of the command line and of the files it names. */
static int prefixes(const struct sluice_args *args, json_t *list)
{
	int status = SLUICE_OK;

	for (unsigned i = 0; i < args->words && status == SLUICE_OK; i++)
		status = sluice_prefixes_take(args, args->word[i], list);
	return status;
}

/* The service with another list, or with none (null); takes it over. */
static int write_list(const struct sluice_args *args, struct client *client, const json_t *service, json_t *allow)
{
	json_t *op = sluice_service_edit(args, service);

	json_object_set_new(op, "allow", allow);
	return sluice_change(args, client, json_pack("[o]", op));
}

/* Calls `with` with the service as it is; `list` are the prefixes of the command line. */
static int edit(const struct sluice_args *args,
    int (*with)(const struct sluice_args *args, struct client *client, const json_t *service, const json_t *list))
{
	json_t *list = json_array(), *service;
	struct client *client;
	int status = prefixes(args, list);

	if (status == SLUICE_OK)
		status = sluice_open(&client);
	if (status == SLUICE_OK) {
		status = sluice_ask_service(client, args->service, &service);
		if (status == SLUICE_OK) {
			status = with(args, client, service, list);
			json_decref(service);
		}
		client_close(client);
	}
	json_decref(list);
	return status;
}

static int add(const struct sluice_args *args, struct client *client, const json_t *service, const json_t *list)
{
	json_t *old = json_object_get(service, "allow"), *all = json_is_array(old) ? json_copy(old) : json_array();
	json_t *fresh = sluice_prefixes_among(list, old, false);

	json_array_extend(all, fresh);
	json_decref(fresh);
	return write_list(args, client, service, all);
}

/* What is not in the list can't be taken from it: nothing is changed then. */
static int take_away(const struct sluice_args *args, struct client *client, const json_t *service, const json_t *list)
{
	json_t *old = json_object_get(service, "allow"), *missing = sluice_prefixes_among(list, old, false);
	const char *first = json_string_value(json_array_get(missing, 0));

	if (first) {
		fprintf(stderr, "%s is not in the list; nothing was changed.\n", first);
		json_decref(missing);
		return SLUICE_FAILED;
	}
	json_decref(missing);
	return write_list(args, client, service, sluice_prefixes_among(old, list, false));
}

static int take_all(const struct sluice_args *args, struct client *client, const json_t *service, const json_t *list)
{
	return write_list(args, client, service, json_null());
}

static int run_add(const struct sluice_args *args)
{
	return edit(args, add);
}

static int run_remove(const struct sluice_args *args)
{
	bool all = sluice_has(args, "all");

	if (all == (args->words > 0))
		return sluice_wrong(args, all ? "--all needs no prefix" : "PREFIX is missing, or --all");
	return edit(args, all ? take_all : take_away);
}

static int show(const struct sluice_args *args, struct client *client, const json_t *service, const json_t *list)
{
	json_t *allow = json_object_get(service, "allow");

	return sluice_show(args, allow ? json_pack("{s:O}", "allow", allow) : json_pack("{s:n}", "allow"), lists_allow);
}

static int run_list(const struct sluice_args *args)
{
	return edit(args, show);
}

static const struct sluice_name add_examples[] = {
    {"allow add tcp 192.0.2.1:80 10.0.0.0/8 2001:db8::/32", "let these in, and nobody else where there was no list yet"},
    {"allow add tcp 192.0.2.1:80 @/etc/clients", "the prefixes of a file, one a line; # begins a comment"},
    {"allow add tcp 192.0.2.1:80 - <clients", "those of standard input"},
    {},
};

static const struct sluice_command cmd_add = {
    .name = "add",
    .what = "let more clients in",
    .help = "A service without a list lets everybody in: the first prefix closes it to all others. A prefix may be @FILE, or - for "
	    "standard input.\n",
    .words = words,
    .examples = add_examples,
    .run = run_add,
};

static const struct sluice_option remove_options[] = {{"all", SLUICE_FLAG, .text = "the whole list: everybody is let in"}, {}};

static const struct sluice_name remove_examples[] = {
    {"allow remove tcp 192.0.2.1:80 10.0.0.0/8", "this prefix"},
    {"allow remove tcp 192.0.2.1:80 --all", "the list: everybody is let in"},
    {},
};

static const struct sluice_command cmd_remove = {
    .name = "remove",
    .what = "take prefixes out of the list, or the list away",
    .help = "When the last prefix is taken out nobody is let in. Open connections go on.\n",
    .words = remove_words,
    .options = remove_options,
    .examples = remove_examples,
    .run = run_remove,
};

static const struct sluice_name list_examples[] = {
    {"allow list tcp 192.0.2.1:80 >clients", "the list, to edit"},
    {},
};

static const struct sluice_command cmd_list = {
    .name = "list",
    .what = "who is let in",
    .words = list_words,
    .examples = list_examples,
    .run = run_list,
};

static const struct sluice_command *const subs[] = {&cmd_add, &cmd_remove, &cmd_list, NULL};

const struct sluice_command sluice_cmd_allow = {
    .name = "allow",
    .what = "edit and list which clients a service lets in",
    .help = "New connections of others are dropped before a server is chosen (reason NOT_ALLOWED). `sluice help service' tells how a "
	    "SERVICE is\n"
	    "written.\n",
    .subs = subs,
};
