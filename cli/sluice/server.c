// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/server.h"

#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/output/lists.h"
#include "cli/output/output.h"

#define MAX_WEIGHT 2147483647
#define MAX_THRESHOLD 4294967295

static const struct sluice_name tunnels[] = {{"ipip", "IP in IP (the default)"}, {"gue", "UDP; needs --tunnel-port"}, {"gre", "GRE"}, {}};
static const struct sluice_name checksums[] = {
    {"none", NULL}, {"csum", "with a checksum"}, {"remcsum", "gue: remote checksum offload"}, {}};

static const struct sluice_option options[] = {
    {"method", SLUICE_CHOICE, "NAME", "how packets get there (dr)", 0, 0, sluice_methods},
    {"weight", SLUICE_NUMBER, "N", "its share; 0: no new connections (1)", 0, MAX_WEIGHT, NULL},
    {"upper", SLUICE_NUMBER, "N", "no new connections from N on; 0: no limit (0)", 0, MAX_THRESHOLD, NULL},
    {"lower", SLUICE_NUMBER, "N", "after that, again from fewer than N on; 0: three quarters of --upper (0)", 0, MAX_THRESHOLD, NULL},
    {"tunnel", SLUICE_CHOICE, "TYPE", "tun: the tunnel", 0, 0, tunnels},
    {"tunnel-port", SLUICE_NUMBER, "PORT", "gue: the UDP port of its other end", 1, 65535, NULL},
    {"tunnel-csum", SLUICE_CHOICE, "NAME", "gue, gre: checksums", 0, 0, checksums},
    {},
};

static const struct sluice_word words[] = {
    {"SERVICE", SLUICE_SERVICE, .count = SLUICE_ONE}, {"SERVER", SLUICE_SERVER, .count = SLUICE_ONE}, {}};
static const struct sluice_word list_words[] = {{"SERVICE", SLUICE_SERVICE, .count = SLUICE_MAYBE}, {}};

static json_t *operation(const struct sluice_args *args, const char *op)
{
	json_t *object = json_copy(args->service);

	json_object_set_new(object, "op", json_string(op));
	json_object_set(object, "server", args->server);
	return object;
}

/* --- options to members of the server --- */

static void set_numbers(const struct sluice_args *args, json_t *op)
{
	static const char *const names[] = {"weight", "upper", "lower"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (sluice_has(args, names[i]))
			json_object_set_new(op, names[i], json_integer(sluice_number(args, names[i], 0)));
}

static int set_tunnel(const struct sluice_args *args, json_t *op)
{
	static const char *const options[][2] = {{"tunnel", "type"}, {"tunnel-csum", "csum"}};
	const char *fwd = json_string_value(json_object_get(op, "fwd"));
	bool asked = sluice_has(args, "tunnel") || sluice_has(args, "tunnel-port") || sluice_has(args, "tunnel-csum");
	json_t *tunnel;

	if (!fwd || strcmp(fwd, "tunnel") != 0) {
		json_object_del(op, "tunnel"); /* went with the method */
		return asked ? sluice_wrong(args, "--tunnel needs --method tun") : SLUICE_OK;
	}
	if (!asked)
		return SLUICE_OK;
	tunnel = json_object_get(op, "tunnel") ? json_copy(json_object_get(op, "tunnel")) : json_pack("{s:s}", "type", "ipip");
	if (sluice_has(args, "tunnel")) { /* another tunnel begins anew */
		json_decref(tunnel);
		tunnel = json_object();
	}
	for (size_t i = 0; i < 2; i++)
		if (sluice_has(args, options[i][0]))
			json_object_set_new(tunnel, options[i][1], json_string(sluice_text(args, options[i][0], "")));
	if (sluice_has(args, "tunnel-port"))
		json_object_set_new(tunnel, "port", json_integer(sluice_number(args, "tunnel-port", 0)));
	json_object_set_new(op, "tunnel", tunnel);
	return SLUICE_OK;
}

static int check_thresholds(const struct sluice_args *args, const json_t *op)
{
	long long upper = json_integer_value(json_object_get(op, "upper")), lower = json_integer_value(json_object_get(op, "lower"));

	if (lower > upper)
		return sluice_wrong(args, "--lower (%lld) is above --upper (%lld)", lower, upper);
	return SLUICE_OK;
}

static int set_options(const struct sluice_args *args, json_t *op)
{
	int status;

	if (sluice_has(args, "method"))
		json_object_set_new(op, "fwd", json_string(sluice_method_api(sluice_text(args, "method", ""))));
	set_numbers(args, op);
	status = set_tunnel(args, op);
	return status == SLUICE_OK ? check_thresholds(args, op) : status;
}

static int finish(const struct sluice_args *args, struct client *client, json_t *op, int status)
{
	if (status == SLUICE_OK)
		return sluice_change(args, client, json_pack("[o]", op));
	json_decref(op);
	return status;
}

/* --- commands --- */

const json_t *sluice_server_find(const json_t *service, const json_t *server)
{
	const char *addr = json_string_value(json_object_get(server, "addr"));
	json_t *port = json_object_get(server, "port"), *found;
	size_t i;

	if (!port)
		port = json_object_get(service, "port");
	json_array_foreach (json_object_get(service, "servers"), i, found) {
		const char *its = json_string_value(json_object_get(found, "addr"));

		if (its && strcmp(addr, its) == 0 && json_integer_value(port) == json_integer_value(json_object_get(found, "port")))
			return found;
	}
	return NULL;
}

json_t *sluice_server_edit(const struct sluice_args *args, const json_t *server)
{
	static const char *const kept[] = {"fwd", "weight", "upper", "lower", "tunnel"};
	json_t *op = operation(args, "server.edit");

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		json_t *value = json_object_get(server, kept[i]);

		if (value)
			json_object_set(op, kept[i], value);
	}
	return op;
}

static int run_add(const struct sluice_args *args)
{
	json_t *op = operation(args, "server.add");

	return finish(args, NULL, op, set_options(args, op));
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
		op = sluice_server_edit(args, sluice_server_find(service, args->server));
		status = finish(args, client, op, set_options(args, op));
		json_decref(service);
	}
	client_close(client);
	return status;
}

static int run_remove(const struct sluice_args *args)
{
	return finish(args, NULL, operation(args, "server.delete"), SLUICE_OK);
}

/* Each server with its service's name. */
static void add_servers(json_t *list, json_t *service)
{
	static const char *const names[] = {"proto", "addr", "port", "fwmark", "family"};
	json_t *servers = output_sorted(json_object_get(service, "servers")), *name = json_object(), *server;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (json_object_get(service, names[i]))
			json_object_set(name, names[i], json_object_get(service, names[i]));
	json_array_foreach (servers, i, server) {
		json_object_set(server, "service", name);
		json_array_append(list, server);
	}
	json_decref(name);
	json_decref(servers);
}

static int run_list(const struct sluice_args *args)
{
	json_t *answer, *list, *services, *service;
	int status = sluice_ask("services", json_incref(args->service), &answer);
	size_t i;

	if (status != SLUICE_OK)
		return status;
	list = json_array();
	services = output_sorted(json_object_get(answer, "services"));
	json_array_foreach (services, i, service)
		add_servers(list, service);
	json_decref(services);
	json_decref(answer);
	return sluice_show(args, json_pack("{s:o}", "servers", list), lists_servers);
}

static const struct sluice_name add_examples[] = {
    {"server add tcp 192.0.2.1:80 10.0.0.11:8080 --method nat --weight 2", "by NAT, to another port"},
    {"server add tcp 192.0.2.1:80 10.0.0.12", "by direct routing, to the service's port"},
    {"server add mark 5 10.0.0.13 --method tun --tunnel gue --tunnel-port 6080", "through a GUE tunnel"},
    {},
};

static const struct sluice_command cmd_add = {
    .name = "add",
    .what = "add a real server to a service",
    .help = "Without a port the server has the service's. The default of an option stands in brackets.\n",
    .words = words,
    .options = options,
    .examples = add_examples,
    .run = run_add,
};

static const struct sluice_name edit_examples[] = {
    {"server edit tcp 192.0.2.1:80 10.0.0.11:8080 --weight 5", "another weight; method and thresholds stay"},
    {},
};

static const struct sluice_command cmd_edit = {
    .name = "edit",
    .what = "change options of a real server",
    .help = "What is not named stays as it is. Connections keep the method they began with.\n",
    .words = words,
    .options = options,
    .examples = edit_examples,
    .run = run_edit,
};

static const struct sluice_name remove_examples[] = {
    {"server remove tcp 192.0.2.1:80 10.0.0.11:8080", "its connections go on until they end (see the setting expire_nodest_conn)"},
    {},
};

static const struct sluice_command cmd_remove = {
    .name = "remove",
    .what = "remove a real server from a service",
    .words = words,
    .examples = remove_examples,
    .run = run_remove,
};

static const struct sluice_name list_examples[] = {
    {"server list", "the servers of all services"},
    {"server list tcp 192.0.2.1:80 --json | jq '.servers[] | select(.weight == 0).addr'", "the drained ones of a service"},
    {},
};

static const struct sluice_command cmd_list = {
    .name = "list",
    .what = "list real servers with their connections",
    .help = "ACTIVE are established connections, INACTIVE all others, PERSISTENT the templates that send a client here.\n"
	    "With --json: {\"servers\": [...]}, each with its \"service\".\n",
    .words = list_words,
    .examples = list_examples,
    .run = run_list,
};

static const struct sluice_command *const subs[] = {
    &cmd_add, &cmd_edit, &cmd_remove, &sluice_cmd_drain, &sluice_cmd_undrain, &cmd_list, NULL};

const struct sluice_command sluice_cmd_server = {
    .name = "server",
    .what = "add, edit, remove, drain and list real servers",
    .help = "A SERVER is an address, with a port unless it has the service's: 10.0.0.11:8080, [2001:db8::11]:80, 10.0.0.11.\n"
	    "`sluice help service' tells how a SERVICE is written.\n",
    .subs = subs,
};
