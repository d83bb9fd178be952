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

/* A name as given; what is not UTF-8 is the name of nothing. */
static json_t *name_json(const char *name)
{
	json_t *json = json_string(name);

	return json ? json : json_string("?");
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
    [ADM_START_DAEMON] = "sync.start",
    [ADM_STOP_DAEMON] = "sync.stop",
};

static const char *const fwd_names[] = {[ADM_MASQ] = "masq", [ADM_TUNNEL] = "tunnel", [ADM_ROUTE] = "route"};

static const char *const tun_names[] = {[ADM_IPIP] = "ipip", [ADM_GUE] = "gue", [ADM_GRE] = "gre"};
static const char *const csum_names[] = {[ADM_NOCSUM] = "none", [ADM_CSUM] = "csum", [ADM_REMCSUM] = "remcsum"};

void adm_service_json(json_t *object, const struct adm_service *svc)
{
	if (svc->fwmark) {
		json_object_set_new(object, "fwmark", json_integer(svc->fwmark));
		json_object_set_new(object, "family", json_string(svc->at.af == AF_INET6 ? "ipv6" : "ipv4"));
		return;
	}
	json_object_set_new(object, "proto", json_string(adm_proto_name(svc->proto)));
	json_object_set_new(object, "addr", addr_json(&svc->at));
	json_object_set_new(object, "port", json_integer(svc->at.port));
}

/* The words of -b, each once, in the order of their bits. */
static void add_flags(json_t *op, const struct adm_service *svc)
{
	char list[sizeof(svc->flag_words)], *save, *word;
	json_t *flags = json_array();
	unsigned bits = 0;

	memcpy(list, svc->flag_words, sizeof(list));
	for (word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save))
		bits |= 1u << adm_flag_bit(word);
	for (int bit = 0; bit < ADM_SCHED_FLAGS; bit++)
		if (bits & 1u << bit)
			json_array_append_new(flags, json_string(adm_flag_word(svc->sched, bit)));
	json_object_set_new(op, "flags", flags);
}

static void add_persistence(json_t *op, const struct adm_service *svc)
{
	bool v6 = svc->at.af == AF_INET6;

	json_object_set_new(op, "persist", json_integer(svc->persist));
	if (v6 && svc->prefix)
		json_object_set_new(op, "mask", json_integer(svc->prefix));
	if (!v6 && svc->mask[0])
		json_object_set_new(op, "mask", json_string(svc->mask));
}

static void add_service_options(json_t *op, const struct adm_service *svc)
{
	if (svc->sched[0])
		json_object_set_new(op, "sched", name_json(svc->sched));
	if (svc->flag_words[0])
		add_flags(op, svc);
	if (svc->persist)
		add_persistence(op, svc);
	if (svc->engine[0])
		json_object_set_new(op, "pe", name_json(svc->engine));
	if (svc->one_packet)
		json_object_set_new(op, "ops", json_true());
}

static void add_tunnel(json_t *op, const struct adm_server *srv)
{
	json_t *tunnel = json_pack("{s:s}", "type", tun_names[srv->tun]);

	if (srv->tun_port)
		json_object_set_new(tunnel, "port", json_integer(srv->tun_port));
	json_object_set_new(tunnel, "csum", json_string(csum_names[srv->csum]));
	json_object_set_new(op, "tunnel", tunnel);
}

static void add_server(json_t *op, const struct adm_command *c)
{
	const struct adm_server *srv = &c->srv;

	json_object_set_new(op, "server", json_pack("{s:o, s:i}", "addr", addr_json(&srv->at), "port", srv->at.port));
	if (c->cmd == ADM_DEL_SERVER)
		return;
	json_object_set_new(op, "fwd", json_string(fwd_names[srv->fwd]));
	json_object_set_new(op, "weight", json_integer(srv->weight));
	if (srv->u_threshold)
		json_object_set_new(op, "upper", json_integer(srv->u_threshold));
	if (srv->l_threshold)
		json_object_set_new(op, "lower", json_integer(srv->l_threshold));
	if (srv->tun != ADM_IPIP)
		add_tunnel(op, srv);
}

static void add_sync(json_t *op, const struct adm_command *c)
{
	const struct {
		const char *name;
		int number; /* negative: not given */
	} numbers[] = {{"id", c->sync.id}, {"maxlen", c->sync.maxlen}, {"port", c->sync.port}, {"ttl", c->sync.ttl}};

	json_object_set_new(op, "role", json_string(c->sync.role));
	if (c->cmd == ADM_START_DAEMON)
		json_object_set_new(op, "interface", name_json(c->sync.interface[0] ? c->sync.interface : "eth0"));
	if (c->sync.group[0])
		json_object_set_new(op, "group", json_string(c->sync.group));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i].number >= 0)
			json_object_set_new(op, numbers[i].name, json_integer(numbers[i].number));
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
	if (c->cmd == ADM_ADD || c->cmd == ADM_EDIT)
		add_service_options(op, &c->svc);
	if (c->cmd == ADM_SET)
		add_timeouts(op, c);
	if (c->cmd == ADM_START_DAEMON || c->cmd == ADM_STOP_DAEMON)
		add_sync(op, c);
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
	    {BIT(ADM_START_DAEMON), "EEXIST", "Daemon has already run"},
	    {BIT(ADM_START_DAEMON), "ENODEV", "No such device"},
	    {BIT(ADM_STOP_DAEMON), "ESRCH", "No daemon is running"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].cmds & BIT(cmd) && strcmp(table[i].name, name) == 0)
			return table[i].words;
	return NULL;
}

int adm_change_error(enum adm_cmd cmd, const struct client *client, struct adm_error *ret_error)
{
	const struct client_refusal *refusal = client_refusal(client);
	const char *words = adm_words(cmd, refusal->name);

	if (strcmp(refusal->name, "EPERM") == 0)
		return adm_call_failed(client, -EREMOTEIO, 0, ret_error);
	if (strcmp(refusal->name, "ENOSYS") == 0)
		return adm_fail(ret_error, "%s", refusal->message);
	return adm_refuse(ret_error, "%s", words ? words : refusal->message);
}
