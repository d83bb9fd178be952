// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/output/lists.h"
#include "cli/sluice/prefixes.h"

#define MAX_SECONDS 2678400

static const struct sluice_name off[] = {{"off", "no persistence"}, {}};
static const struct sluice_name switches[] = {{"on", NULL}, {"off", NULL}, {}};
static const struct sluice_name engines[] = {{"none", "by the client's address"}, {"sip", "by the Call-ID"}, {}};

static const struct sluice_option options[] = {
    {"scheduler", SLUICE_CHOICE, "NAME", "how a server is chosen (wlc)", 0, 0, sluice_schedulers},
    {"flags", SLUICE_LIST, "FLAG,...", "of the scheduler", 0, 0, sluice_flags},
    {"persist", SLUICE_TIME, "TIME", "a client stays with its server until TIME after its last connection", 1000, MAX_SECONDS * 1000LL,
	off},
    {"mask", SLUICE_TEXT, "MASK", .text = "clients of a network count as one: a prefix length (24), IPv4 also a netmask"},
    {"pe", SLUICE_CHOICE, "NAME", "persistence engine", 0, 0, engines},
    {"ops", SLUICE_CHOICE, "on|off", "one-packet scheduling: every packet chooses anew (UDP)", 0, 0, switches},
    {"timeouts", SLUICE_TEXT, "tcp=TIME,...", .text = "of this service's connections: tcp, tcpfin, udp; `default': the director's"},
    {"allow", SLUICE_TEXT, "PREFIX,...",
	.text = "only these clients; @FILE or -: the lines of a file, of standard input; `any': everybody"},
    {},
};

static const struct sluice_word words[] = {{"SERVICE", SLUICE_SERVICE, .count = SLUICE_ONE}, {}};
static const struct sluice_word list_words[] = {{"SERVICE", SLUICE_SERVICE, .count = SLUICE_MAYBE}, {}};

/* --- options to members of the service --- */

typedef int (*set_fn)(const struct sluice_args *args, const struct sluice_given *given, json_t *service);

static int set_scheduler(const struct sluice_args *args, const struct sluice_given *given, json_t *service)
{
	json_object_set_new(service, "sched", json_string(given->text));
	return SLUICE_OK;
}

static int set_flags(const struct sluice_args *args, const struct sluice_given *given, json_t *service)
{
	json_t *flags = json_array();

	for (const char *at = given->text; *at;) {
		size_t len = strcspn(at, ",");

		if (len && strncmp(at, "none", len) != 0)
			json_array_append_new(flags, json_stringn(at, len));
		at += len + (at[len] == ',');
	}
	json_object_set_new(service, "flags", flags);
	return SLUICE_OK;
}

static int set_persist(const struct sluice_args *args, const struct sluice_given *given, json_t *service)
{
	if (given->number < 0) {
		json_object_del(service, "persist");
		json_object_del(service, "mask");
		json_object_del(service, "pe");
		return SLUICE_OK;
	}
	if (given->number % 1000)
		return sluice_wrong(args, "--persist takes whole seconds, not `%s'", given->text);
	json_object_set_new(service, "persist", json_integer(given->number / 1000));
	return SLUICE_OK;
}

static int set_mask(const struct sluice_args *args, const struct sluice_given *given, json_t *service)
{
	char *end;
	unsigned long bits = strtoul(given->text, &end, 10);

	if (*given->text && !*end && bits <= 128)
		json_object_set_new(service, "mask", json_integer(bits));
	else if (sluice_prefix_check(given->text) && strchr(given->text, '.') && !strchr(given->text, '/'))
		json_object_set_new(service, "mask", json_string(given->text));
	else
		return sluice_wrong(
		    args, "`%s' is no mask; write a prefix length such as 24, or a netmask such as 255.255.255.0", given->text);
	return SLUICE_OK;
}

static int set_pe(const struct sluice_args *args, const struct sluice_given *given, json_t *service)
{
	if (given->number == 0)
		json_object_del(service, "pe");
	else
		json_object_set_new(service, "pe", json_string(given->text));
	return SLUICE_OK;
}

static int set_ops(const struct sluice_args *args, const struct sluice_given *given, json_t *service)
{
	json_object_set_new(service, "ops", json_boolean(given->number == 0));
	return SLUICE_OK;
}

static int set_timeouts(const struct sluice_args *args, const struct sluice_given *given, json_t *service)
{
	json_t *timeouts = json_object_get(service, "timeouts");

	if (strcmp(given->text, "default") == 0) {
		json_object_del(service, "timeouts");
		return SLUICE_OK;
	}
	if (!timeouts) {
		timeouts = json_object();
		json_object_set_new(service, "timeouts", timeouts);
	}
	return sluice_timeouts_take(args, given->text, timeouts);
}

/* The first --allow begins the list, others go on with it. */
static int set_allow(const struct sluice_args *args, const struct sluice_given *given, json_t *service)
{
	json_t *list = json_object_get(service, "allow");

	if (strcmp(given->text, "any") == 0) {
		json_object_set_new(service, "allow", json_null());
		return SLUICE_OK;
	}
	if (!json_is_array(list)) {
		list = json_array();
		json_object_set_new(service, "allow", list);
	}
	return sluice_prefixes_take(args, given->text, list);
}

static const struct {
	const char *option;
	set_fn set;
} setters[] = {
    {"scheduler", set_scheduler},
    {"flags", set_flags},
    {"persist", set_persist},
    {"mask", set_mask},
    {"pe", set_pe},
    {"ops", set_ops},
    {"timeouts", set_timeouts},
    {"allow", set_allow},
};

/* The given options over those that `service` has. */
static int set_options(const struct sluice_args *args, json_t *service)
{
	int status = SLUICE_OK;

	for (unsigned i = 0; i < args->givens && status == SLUICE_OK; i++)
		for (size_t k = 0; k < sizeof(setters) / sizeof(setters[0]); k++)
			if (strcmp(args->given[i].option->name, setters[k].option) == 0)
				status = setters[k].set(args, &args->given[i], service);
	return status;
}

/* Flags of another scheduler than the service now has: refused when they were typed, dropped when they come from before an edit. */
static int check_flags(const struct sluice_args *args, json_t *service)
{
	const char *sched = json_string_value(json_object_get(service, "sched"));
	json_t *flags = json_object_get(service, "flags"), *flag;
	size_t i = 0;

	if (!sched)
		sched = "wlc";
	while ((flag = json_array_get(flags, i))) {
		if (sluice_flag_fits(json_string_value(flag), sched)) {
			i++;
			continue;
		}
		if (sluice_has(args, "flags"))
			return sluice_wrong(args, "the scheduler %s has no flag `%s'", sched, json_string_value(flag));
		json_array_remove(flags, i);
	}
	if (flags && json_array_size(flags) == 0)
		json_object_del(service, "flags");
	return SLUICE_OK;
}

static int check_persistence(const struct sluice_args *args, const json_t *service)
{
	static const char *const needing[] = {"mask", "pe"};

	for (size_t i = 0; i < 2; i++)
		if (json_object_get(service, needing[i]) && !json_object_get(service, "persist"))
			return sluice_wrong(args, "--%s needs --persist TIME", needing[i]);
	return SLUICE_OK;
}

static int set_all(const struct sluice_args *args, json_t *service)
{
	int status = set_options(args, service);

	if (status == SLUICE_OK)
		status = check_flags(args, service);
	if (status == SLUICE_OK)
		status = check_persistence(args, service);
	return status;
}

/* --- commands --- */

/* SVC and the operation's name. */
static json_t *operation(const struct sluice_args *args, const char *op)
{
	json_t *object = json_copy(args->service);

	json_object_set_new(object, "op", json_string(op));
	return object;
}

static int finish(const struct sluice_args *args, struct client *client, json_t *op, int status)
{
	if (status == SLUICE_OK)
		return sluice_change(args, client, json_pack("[o]", op));
	json_decref(op);
	return status;
}

static int run_add(const struct sluice_args *args)
{
	json_t *op = operation(args, "service.add");

	return finish(args, NULL, op, set_all(args, op));
}

json_t *sluice_service_edit(const struct sluice_args *args, const json_t *service)
{
	static const char *const kept[] = {"sched", "flags", "persist", "mask", "pe", "ops", "timeouts"};
	json_t *op = operation(args, "service.edit");

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		json_t *value = json_object_get(service, kept[i]);

		if (value)
			json_object_set(op, kept[i], value);
	}
	return op;
}

static int run_edit(const struct sluice_args *args)
{
	struct client *client;
	json_t *service, *op;
	int status;

	if (args->givens == args->json)
		return sluice_wrong(args, "what is to be edited? Name an option");
	status = sluice_open(&client);
	if (status != SLUICE_OK)
		return status;
	status = sluice_ask_service(client, args->service, &service);
	if (status == SLUICE_OK) {
		op = sluice_service_edit(args, service);
		status = finish(args, client, op, set_all(args, op));
		json_decref(service);
	}
	client_close(client);
	return status;
}

static int run_remove(const struct sluice_args *args)
{
	return finish(args, NULL, operation(args, "service.delete"), SLUICE_OK);
}

static int run_list(const struct sluice_args *args)
{
	json_t *answer;
	int status = sluice_ask("services", json_incref(args->service), &answer);

	return status == SLUICE_OK ? sluice_show(args, answer, lists_services) : status;
}

static const struct sluice_name add_examples[] = {
    {"service add tcp 192.0.2.1:80", "a TCP service, scheduled by wlc"},
    {"service add tcp '[2001:db8::1]:443' --scheduler sh --flags sh-port,sh-fallback", "the same client port, the same server"},
    {"service add tcp 192.0.2.1:0 --persist 6m --mask 24", "all ports; each network of 256 addresses stays with its server"},
    {"service add mark 5 --scheduler rr --allow 10.0.0.0/8,192.0.2.0/24", "packets with the firewall mark 5, of these clients"},
    {},
};

static const struct sluice_command cmd_add = {
    .name = "add",
    .what = "add a virtual service",
    .help = "Port 0, or none, is all ports: of persistent services only. The default of an option stands in brackets.\n",
    .words = words,
    .options = options,
    .examples = add_examples,
    .run = run_add,
};

static const struct sluice_name edit_examples[] = {
    {"service edit tcp 192.0.2.1:80 --scheduler wrr", "another scheduler; all else stays"},
    {"service edit tcp 192.0.2.1:80 --persist off", "no persistence any more, with its mask and engine"},
    {},
};

static const struct sluice_command cmd_edit = {
    .name = "edit",
    .what = "change options of a virtual service",
    .help = "What is not named stays as it is; flags of a scheduler go with it. Connections are not touched.\n",
    .words = words,
    .options = options,
    .examples = edit_examples,
    .run = run_edit,
};

static const struct sluice_name remove_examples[] = {{"service remove tcp 192.0.2.1:80", "the service, with its servers"}, {}};

static const struct sluice_command cmd_remove = {
    .name = "remove",
    .what = "remove a virtual service with its servers",
    .words = words,
    .examples = remove_examples,
    .run = run_remove,
};

static const struct sluice_name list_examples[] = {
    {"service list", "all services"},
    {"service list --json | jq '.services[].addr'", "their addresses"},
    {},
};

static const struct sluice_command cmd_list = {
    .name = "list",
    .what = "list services with what they are set to and their connections",
    .help = "CONNS are the connections since the start or the last zeroing, CONNS/S those of a second, as ipvsadm --rate has it.\n",
    .words = list_words,
    .examples = list_examples,
    .run = run_list,
};

static const struct sluice_command *const subs[] = {&cmd_add, &cmd_edit, &cmd_remove, &cmd_list, NULL};

const struct sluice_command sluice_cmd_service = {
    .name = "service",
    .what = "add, edit, remove and list virtual services",
    .help = "A SERVICE is written as a protocol and a place, or as a firewall mark:\n\n"
	    "  tcp 192.0.2.1:80\n"
	    "  udp [2001:db8::1]:53\n"
	    "  mark 5\n"
	    "  mark6 5\n\n"
	    "or as one word: tcp/192.0.2.1:80, mark/5. Options may stand before and after it.\n",
    .subs = subs,
};
