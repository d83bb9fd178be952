// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: a changing command as an operation of the control socket, and the refusal of one in ipvsadm's words
 */
#include "cli/ipvsadm/ipvsadm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "cli/client.h"

static json_t *addr_json(const struct adm_addr *addr)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(addr->af, &addr->in6, text, sizeof(text));
	return json_string(text);
}

static const char *const op_names[] = {
    [ADM_ADD] = "service.add",
    [ADM_EDIT] = "service.edit",
    [ADM_DEL] = "service.delete",
    [ADM_ADD_SERVER] = "server.add",
    [ADM_EDIT_SERVER] = "server.edit",
    [ADM_DEL_SERVER] = "server.delete",
    [ADM_FLUSH] = "clear",
    [ADM_ZERO] = "zero",
    [ADM_SET] = "timeouts",
};

static const char *const fwd_names[] = {[ADM_MASQ] = "masq", [ADM_TUNNEL] = "tunnel", [ADM_ROUTE] = "route"};

void adm_service_json(json_t *object, const struct adm_service *svc)
{
	json_object_set_new(object, "proto", json_string(svc->proto == IPPROTO_UDP ? "udp" : "tcp"));
	json_object_set_new(object, "addr", addr_json(&svc->at));
	json_object_set_new(object, "port", json_integer(svc->at.port));
}

static void add_server(json_t *op, const struct adm_command *c)
{
	json_object_set_new(op, "server", json_pack("{s:o, s:i}", "addr", addr_json(&c->srv.at), "port", c->srv.at.port));
	if (c->cmd == ADM_DEL_SERVER)
		return;
	json_object_set_new(op, "fwd", json_string(fwd_names[c->srv.fwd]));
	json_object_set_new(op, "weight", json_integer(c->srv.weight));
}

static void add_timeouts(json_t *op, const struct adm_command *c)
{
	json_object_set_new(op, "tcp", json_integer(c->timeouts[0]));
	json_object_set_new(op, "tcpfin", json_integer(c->timeouts[1]));
	json_object_set_new(op, "udp", json_integer(c->timeouts[2]));
}

json_t *adm_change_op(const struct adm_command *c)
{
	const char *name = c->cmd < sizeof(op_names) / sizeof(op_names[0]) ? op_names[c->cmd] : NULL;
	json_t *op = name ? json_pack("{s:s}", "op", name) : NULL;

	if (!op)
		return NULL;
	if (c->options & BIT(OPT_SERVICE))
		adm_service_json(op, &c->svc);
	if (c->options & BIT(OPT_SERVER))
		add_server(op, c);
	if ((c->cmd == ADM_ADD || c->cmd == ADM_EDIT) && c->svc.sched[0])
		json_object_set_new(op, "sched", json_string(c->svc.sched));
	if (c->cmd == ADM_SET)
		add_timeouts(op, c);
	return op;
}

const char *adm_words(enum adm_cmd cmd, const char *name)
{
	static const struct {
		uint64_t cmds;
		const char *name, *words;
	} table[] = {
	    {BIT(ADM_ADD), "EEXIST", "Service already exists"},
	    {BIT(ADM_ADD) | BIT(ADM_EDIT), "ENOENT", "Scheduler or persistence engine not found"},
	    {BIT(ADM_EDIT) | BIT(ADM_DEL) | BIT(ADM_ZERO) | BIT(ADM_LIST), "ESRCH", "No such service"},
	    {BIT(ADM_ADD_SERVER) | BIT(ADM_EDIT_SERVER) | BIT(ADM_DEL_SERVER), "ESRCH", "Service not defined"},
	    {BIT(ADM_ADD_SERVER), "EEXIST", "Destination already exists"},
	    {BIT(ADM_EDIT_SERVER) | BIT(ADM_DEL_SERVER), "ENOENT", "No such destination"},
	    {BIT(ADM_STOP_DAEMON), "ESRCH", "No daemon is running"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].cmds & BIT(cmd) && strcmp(table[i].name, name) == 0)
			return table[i].words;
	return NULL;
}

/* IPVS has it, and this daemon, asked, does not. */
static bool is_known_scheduler(const char *name)
{
	static const char *const known[] = {"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(name, known[i]) == 0)
			return true;
	return false;
}

static bool lacks_scheduler(const struct adm_command *c, const char *name)
{
	bool has_one = c->cmd == ADM_ADD || c->cmd == ADM_EDIT;

	return has_one && (strcmp(name, "ENOENT") == 0 || strcmp(name, "ENOSYS") == 0) && is_known_scheduler(c->svc.sched);
}

int adm_change_error(const struct adm_command *c, const struct client *client, struct adm_error *ret_error)
{
	const struct client_refusal *refusal = client_refusal(client);
	const char *words = adm_words(c->cmd, refusal->name);
	char what[128];

	if (strcmp(refusal->name, "EPERM") == 0)
		return adm_call_failed(client, -EREMOTEIO, 0, ret_error);
	if (lacks_scheduler(c, refusal->name)) {
		snprintf(what, sizeof(what), "The scheduler %s is", c->svc.sched);
		return adm_not_built(ret_error, what);
	}
	if (strcmp(refusal->name, "ENOSYS") == 0)
		return adm_fail(ret_error, "%s", refusal->message);
	return adm_refuse(ret_error, "%s", words ? words : refusal->message);
}
