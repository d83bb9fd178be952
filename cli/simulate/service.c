// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "cli/client.h"
#include "cli/simulate/simulate.h"
#include "cli/sluice/sluice.h"

static uint64_t number(const json_t *object, const char *name, uint64_t most)
{
	json_int_t n = json_integer_value(json_object_get(object, name));

	return n < 0 ? 0 : (uint64_t)n > most ? most : (uint64_t)n;
}

static bool end_of(const json_t *object, struct sim_end *ret_end)
{
	const char *addr = json_string_value(json_object_get(object, "addr"));
	char text[SIM_END_TEXT];

	if (!addr || strlen(addr) > INET6_ADDRSTRLEN)
		return false;
	snprintf(text, sizeof(text), strchr(addr, ':') ? "[%s]:%u" : "%s:%u", addr, (unsigned)number(object, "port", 65535));
	return sim_end_parse(text, &ret_end->addr, &ret_end->port);
}

/* The daemon lists the newest first; here the oldest is server 1. */
static bool take_servers(struct sim_setup *setup, const json_t *list)
{
	size_t count = json_array_size(list);

	if (count > SIM_MAX_SERVERS)
		return false;
	for (size_t i = 0; i < count; i++) {
		const json_t *from = json_array_get(list, count - 1 - i);
		struct sim_server *to = &setup->servers[i];

		if (!end_of(from, &to->at))
			return false;
		to->weight = number(from, "weight", 65535);
		to->upper = number(from, "upper", UINT32_MAX);
		to->lower = number(from, "lower", UINT32_MAX);
	}
	setup->server_count = count;
	return true;
}

static void take_flags(struct sim_setup *setup, const json_t *list)
{
	static const struct {
		const char *name;
		enum sl_sched sched;
		uint32_t flag;
	} flags[] = {{"sh-fallback", SL_SCHED_SH, SL_SVC_SCHED1}, {"sh-port", SL_SCHED_SH, SL_SVC_SCHED2},
	    {"mh-fallback", SL_SCHED_MH, SL_SVC_SCHED1}, {"mh-port", SL_SCHED_MH, SL_SVC_SCHED2}};

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));

		for (size_t f = 0; name && f < sizeof(flags) / sizeof(flags[0]); f++)
			if (strcmp(name, flags[f].name) == 0)
				setup->flags[flags[f].sched] |= flags[f].flag;
	}
}

static void take_virtual(const json_t *service, struct sim_end *ret_virtual, uint8_t *ret_proto)
{
	const char *proto = json_string_value(json_object_get(service, "proto"));

	*ret_proto = 0;
	if (!proto || !end_of(service, ret_virtual))
		return; /* a mark's connections have any address */
	*ret_proto = *proto == 't' ? IPPROTO_TCP : *proto == 'u' ? IPPROTO_UDP : IPPROTO_SCTP;
}

int sim_service(struct sim_args *args, struct sim_end *ret_virtual, uint8_t *ret_proto)
{
	json_t *service = NULL, *name;
	struct client *client;
	const char *why;
	int status = sluice_open(&client);

	if (status != SLUICE_OK)
		return status;
	name = sluice_service_word(args->service, &why); /* checked when the command line was read */
	status = sluice_ask_service(client, name, &service);
	json_decref(name);
	client_close(client);
	if (status != SLUICE_OK)
		return status;
	if (take_servers(&args->setup, json_object_get(service, "servers"))) {
		take_flags(&args->setup, json_object_get(service, "flags"));
		take_virtual(service, ret_virtual, ret_proto);
		if (!args->setup.persist)
			args->setup.persist = number(service, "persist", SIM_MAX_SECONDS) * SIM_SECOND;
	} else {
		fprintf(stderr, "sluice simulate: the servers of %s are more than can be simulated, %d, or not understood\n", args->service,
		    SIM_MAX_SERVERS);
		status = SLUICE_FAILED;
	}
	json_decref(service);
	return status;
}
