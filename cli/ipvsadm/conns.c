// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/ipvsadm/ipvsadm.h"

#include <arpa/inet.h>
#include <string.h>

#include "cli/client.h"

static void name_of(const json_t *end, int proto, bool numeric, char ret_name[ADM_NAME_SIZE])
{
	struct adm_addr addr;

	if (adm_addr_json(end, &addr))
		adm_name(&addr, proto, numeric, ret_name);
	else
		snprintf(ret_name, ADM_NAME_SIZE, "?");
}

static void print_conn(const json_t *conn, uint64_t options)
{
	const char *proto = json_string_value(json_object_get(conn, "proto"));
	const char *state = json_string_value(json_object_get(conn, "state"));
	const char *engine = json_string_value(json_object_get(conn, "pe")), *call = json_string_value(json_object_get(conn, "call"));
	int number = proto ? adm_proto_number(proto) : 0;
	bool numeric = options & BIT(OPT_NUMERIC);
	long long expires = json_integer_value(json_object_get(conn, "expires"));
	char client[ADM_NAME_SIZE], service[ADM_NAME_SIZE], server[ADM_NAME_SIZE], left[48];

	name_of(json_object_get(conn, "client"), number, numeric, client);
	name_of(json_object_get(conn, "virtual"), number, numeric, service);
	name_of(json_object_get(conn, "server"), number, numeric, server);
	snprintf(left, sizeof(left), "%02lld:%02lld", expires / 60, expires % 60);
	printf("%-3s %-6s %-11s %-18s %-18s ", adm_proto_label(number), left, state ? state : "?", client, service);
	if (options & BIT(OPT_PERSISTENT_CONN) && engine)
		printf("%-16s %-18s %s\n", server, engine, call ? call : "");
	else
		printf("%s\n", server);
}

static void print_page(const json_t *page, uint64_t options)
{
	json_t *conn;
	size_t i;

	json_array_foreach (page, i, conn)
		print_conn(conn, options);
}

int adm_list_conns(struct client *client, const struct adm_command *c, struct adm_error *ret_error)
{
	json_t *params = NULL, *result, *next;
	bool titled = false;
	int err;

	do {
		err = client_call(client, "connections", params, &result);
		if (err < 0)
			return adm_list_failed(client, err, ret_error);
		if (!titled)
			printf("IPVS connection entries\npro expire state       source             virtual            destination%s\n",
			    c->options & BIT(OPT_PERSISTENT_CONN) ? "        pe name          pe_data" : "");
		titled = true;
		print_page(json_object_get(result, "connections"), c->options);
		next = json_object_get(result, "next");
		params = json_is_integer(next) ? json_pack("{s:O}", "after", next) : NULL;
		json_decref(result);
	} while (params);
	return 0;
}
