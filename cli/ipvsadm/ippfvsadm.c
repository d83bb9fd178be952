// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: ippfvsadm, ipvsadm's ancestor of 1998
 *
 * It knew virtual servers as lists of real servers, reached by address translation, and had one command for both: adding the first real
 * server makes the virtual one, deleting the last ends it. That is translated into operations of today; the scheduler is the default one.
 * Its listing was a file of a kernel long gone, so -L prints what `ipvsadm -L -n` does.
 */
#include "cli/ipvsadm/ipvsadm.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"

#define MAX_WEIGHT 65535

struct old {
	char command; /* of `forms`; 0: none */
	int proto; /* 0: none */
	struct adm_addr service, server; /* af 0: none */
	int weight; /* 0: none */
};

struct form {
	char command;
	bool needs_service, needs_server, takes;
	int (*run)(struct client *client, const struct old *old, struct adm_error *ret_error);
};

static int usage(const char *program)
{
	printf("%s (sluice " SLUICE_VERSION "), the one-line form of the first virtual servers\n\n"
	       "  %s -A -t|-u ADDRESS:PORT -R ADDRESS:PORT [-w WEIGHT]   add a real server\n"
	       "  %s -D -t|-u ADDRESS:PORT [-R ADDRESS:PORT]             delete a real server, or all of them\n"
	       "  %s -C                                                  clear the table\n"
	       "  %s -L                                                  list it\n"
	       "\nipvsadm(8) says what becomes of it.\n",
	    program, program, program, program, program);
	return 0;
}

/* Numbers only, both of them; port 0 is none. */
static int parse_end(const char *text, struct adm_addr *ret_addr)
{
	if (strspn(text, "0123456789.:") != strlen(text) || adm_addr_parse(text, 0, ret_addr) < 0)
		return -EINVAL;
	return ret_addr->af == AF_INET && ret_addr->port ? 0 : -EINVAL;
}

static json_t *op_of(enum adm_cmd cmd, const struct old *old)
{
	struct adm_command command = {
	    .cmd = cmd,
	    .options = cmd == ADM_FLUSH ? 0 : BIT(OPT_SERVICE),
	    .svc = {.proto = old->proto, .at = old->service},
	    .srv = {.at = old->server, .fwd = ADM_MASQ, .weight = old->weight ? old->weight : 1},
	};

	if (cmd == ADM_ADD_SERVER || cmd == ADM_DEL_SERVER)
		command.options |= BIT(OPT_SERVER);
	return adm_change_op(&command);
}

/* One transaction; `second` may be NULL. `cmd` is whose words a refusal is put into. */
static int change(struct client *client, json_t *first, json_t *second, enum adm_cmd cmd, struct adm_error *ret_error)
{
	json_t *ops = json_array(), *result;
	int err;

	json_array_append_new(ops, first);
	if (second)
		json_array_append_new(ops, second);
	err = client_call(client, "change", json_pack("{s:o}", "ops", ops), &result);
	if (err == -EREMOTEIO)
		return adm_change_error(cmd, client, ret_error);
	if (err < 0)
		return adm_call_failed(client, err, 1, ret_error);
	json_decref(result);
	return 0;
}

/* The service's real servers, or -1: there is no such service, or no answer. */
static long count_servers(struct client *client, const struct old *old)
{
	struct adm_service svc = {.proto = old->proto, .at = old->service};
	json_t *params = json_object(), *result;
	long count;

	adm_service_json(params, &svc);
	if (client_call(client, "services", params, &result) < 0)
		return -1;
	count = json_array_size(json_object_get(json_array_get(json_object_get(result, "services"), 0), "servers"));
	json_decref(result);
	return count;
}

static int add(struct client *client, const struct old *old, struct adm_error *ret_error)
{
	if (count_servers(client, old) >= 0)
		return change(client, op_of(ADM_ADD_SERVER, old), NULL, ADM_ADD_SERVER, ret_error);
	return change(client, op_of(ADM_ADD, old), op_of(ADM_ADD_SERVER, old), ADM_ADD_SERVER, ret_error);
}

static int delete(struct client *client, const struct old *old, struct adm_error *ret_error)
{
	if (!old->server.af)
		return change(client, op_of(ADM_DEL, old), NULL, ADM_DEL, ret_error);
	if (count_servers(client, old) != 1)
		return change(client, op_of(ADM_DEL_SERVER, old), NULL, ADM_DEL_SERVER, ret_error);
	return change(client, op_of(ADM_DEL_SERVER, old), op_of(ADM_DEL, old), ADM_DEL_SERVER, ret_error);
}

static int clear(struct client *client, const struct old *old, struct adm_error *ret_error)
{
	return change(client, op_of(ADM_FLUSH, &(struct old){0}), NULL, ADM_FLUSH, ret_error);
}

static int list(struct client *client, const struct old *old, struct adm_error *ret_error)
{
	struct adm_command command = {.cmd = ADM_LIST, .options = BIT(OPT_NUMERIC)};

	return adm_list(client, &command, ret_error);
}

static const struct form forms[] = {
    {'A', true, true, true, add},
    {'D', true, false, true, delete},
    {'C', false, false, false, clear},
    {'L', false, false, false, list},
};

static const struct form *form_of(char command)
{
	const struct form *form = forms;

	while (form->command != command)
		form++;
	return form;
}

static int take(struct old *old, int letter, const char *arg, struct adm_error *ret_error)
{
	switch (letter) {
	case 't':
	case 'u':
		if (old->proto)
			return adm_fail(ret_error, "multiple protocols specified");
		old->proto = letter == 't' ? IPPROTO_TCP : IPPROTO_UDP;
		return parse_end(arg, &old->service) ? adm_fail(ret_error, "illegal virtual server address:port specified") : 0;
	case 'R':
		if (old->server.af)
			return adm_fail(ret_error, "multiple destinations specified");
		return parse_end(arg, &old->server) ? adm_fail(ret_error, "illegal destination specified") : 0;
	case 'w':
		if (old->weight)
			return adm_fail(ret_error, "multiple server weights specified");
		return adm_number_parse(arg, 1, MAX_WEIGHT, &old->weight) ? adm_fail(ret_error, "illegal weight specified") : 0;
	default:
		if (old->command)
			return adm_fail(ret_error, "multiple commands specified");
		old->command = letter;
		return 0;
	}
}

static int check(const struct old *old, int argc, struct adm_error *ret_error)
{
	const struct form *form = form_of(old->command);

	if (optind < argc)
		return adm_fail(ret_error, "unknown arguments found on commandline");
	if ((form->needs_service && !old->service.af) || (form->needs_server && !old->server.af))
		return adm_fail(ret_error, "insufficient options specified");
	if (!form->takes && (old->service.af || old->server.af))
		return adm_fail(ret_error, "incompatible options specified");
	return 0;
}

static int run(const struct old *old, struct adm_error *ret_error)
{
	struct client *client;
	int err = client_open(&client), status;

	if (err < 0)
		return adm_call_failed(NULL, err, 2, ret_error);
	status = form_of(old->command)->run(client, old, ret_error);
	client_close(client);
	return status;
}

int adm_ippfvsadm_main(int argc, char **argv)
{
	struct adm_error error = {0};
	struct old old = {0};
	int letter;

	opterr = 0;
	while (!error.status && (letter = getopt(argc, argv, "ADCLt:u:R:w:h")) != -1) {
		if (letter == 'h' || letter == '?')
			return usage(argv[0]);
		take(&old, letter, optarg, &error);
	}
	if (!error.status && !old.command)
		return usage(argv[0]);
	if (error.status || check(&old, argc, &error) || run(&old, &error))
		fprintf(stderr, "%s: %s\n", argv[0], error.text ? error.text : "");
	adm_error_free(&error);
	return fflush(stdout) ? 1 : error.status;
}
