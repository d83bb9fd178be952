// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: the table, listed and saved
 *
 * A format is a title, a way to print a service and a way to print a server. The formats are tried in the order of the table: when several
 * are asked for, the first one wins.
 */
#include "cli/ipvsadm/ipvsadm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"

#define VERSION_LINE "IP Virtual Server version 1.2.1 (size=%lld)\n" /* of the interface that is spoken */
#define SERVICE_COLUMNS 33
#define SERVER_COLUMNS 28
#define STATUS_NO_LISTING 1

struct listing {
	const struct format *format;
	bool numeric, exact, sort;
	const struct adm_entry *service; /* whose servers are being printed */
};

struct format {
	enum adm_opt opt; /* asked for by; OPT_NONE: always */
	const char *title;
	void (*service)(const struct listing *list, const struct adm_entry *service);
	void (*server)(const struct listing *list, const struct adm_entry *server);
};

static long long number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static const char *string_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static void print_name(const struct listing *list, const struct adm_entry *entry, const char *before, int columns, bool pad)
{
	char name[ADM_NAME_SIZE], text[ADM_NAME_SIZE + 8];

	adm_name(&entry->at, list->service->proto, list->numeric, name);
	snprintf(text, sizeof(text), "%s%s", before, name);
	if (entry->at.af == AF_INET && strlen(text) > (size_t)columns)
		text[columns] = '\0';
	printf("%-*s", pad ? columns : 0, text);
}

static void print_service_name(const struct listing *list, const struct adm_entry *service, bool pad)
{
	print_name(list, service, service->proto == IPPROTO_TCP ? "TCP  " : "UDP  ", SERVICE_COLUMNS, pad);
}

static void print_server_name(const struct listing *list, const struct adm_entry *server)
{
	printf("  -> ");
	print_name(list, server, "", SERVER_COLUMNS, true);
}

static void print_largenum(const struct listing *list, long long number)
{
	char text[ADM_NUMBER_SIZE];

	adm_largenum(number, list->exact, text);
	fputs(text, stdout);
}

static const char *fwd_name(const char *fwd)
{
	return strcmp(fwd, "masq") == 0 ? "Masq" : strcmp(fwd, "tunnel") == 0 ? "Tunnel" : "Route";
}

static void plain_service(const struct listing *list, const struct adm_entry *service)
{
	print_service_name(list, service, false);
	printf(" %s\n", string_of(service->json, "sched"));
}

static void print_loads(const json_t *server)
{
	printf("%-10lld %-10lld\n", number_of(server, "active"), number_of(server, "inactive"));
}

static void plain_server(const struct listing *list, const struct adm_entry *server)
{
	print_server_name(list, server);
	printf(" %-7s %-6lld ", fwd_name(string_of(server->json, "fwd")), number_of(server->json, "weight"));
	print_loads(server->json);
}

static void tun_server(const struct listing *list, const struct adm_entry *server)
{
	const char *fwd = string_of(server->json, "fwd");

	print_server_name(list, server);
	printf(" %-7s %-13s %-6lld ", fwd_name(fwd), strcmp(fwd, "tunnel") == 0 ? "ipip" : "n/a", number_of(server->json, "weight"));
	print_loads(server->json);
}

static void threshold_server(const struct listing *list, const struct adm_entry *server)
{
	print_server_name(list, server);
	printf(" %-10u %-10u ", 0, 0);
	print_loads(server->json);
}

static void persistent_server(const struct listing *list, const struct adm_entry *server)
{
	print_server_name(list, server);
	printf(" %-9lld %-11u ", number_of(server->json, "weight"), 0);
	print_loads(server->json);
}

static const char *const traffic[] = {"conns", "in_pkts", "out_pkts", "in_bytes", "out_bytes"};
#define TRAFFIC 5
#define WIDE 3 /* the first of the columns in bytes */

static void print_traffic(const struct listing *list, const json_t *numbers)
{
	for (int i = 0; i < TRAFFIC; i++)
		print_largenum(list, number_of(numbers, traffic[i]));
	putchar('\n');
}

static void stats_service(const struct listing *list, const struct adm_entry *service)
{
	print_service_name(list, service, true);
	print_traffic(list, json_object_get(service->json, "stats"));
}

static void stats_server(const struct listing *list, const struct adm_entry *server)
{
	print_server_name(list, server);
	print_traffic(list, json_object_get(server->json, "stats"));
}

static void rate_service(const struct listing *list, const struct adm_entry *service)
{
	print_service_name(list, service, true);
	print_traffic(list, json_object_get(service->json, "rates"));
}

static void rate_server(const struct listing *list, const struct adm_entry *server)
{
	const json_t *rates = json_object_get(server->json, "rates");

	print_server_name(list, server);
	for (int i = 0; i < WIDE; i++)
		printf(" %8lld", number_of(rates, traffic[i]));
	for (int i = WIDE; i < TRAFFIC; i++)
		print_largenum(list, number_of(rates, traffic[i]));
	putchar('\n');
}

static const char *service_switch(const struct adm_entry *service)
{
	return service->proto == IPPROTO_TCP ? "-t" : "-u";
}

static void rule_service(const struct listing *list, const struct adm_entry *service)
{
	char name[ADM_NAME_SIZE];

	adm_name(&service->at, service->proto, list->numeric, name);
	printf("-A %s %s -s %s\n", service_switch(service), name, string_of(service->json, "sched"));
}

static void rule_server(const struct listing *list, const struct adm_entry *server)
{
	const char *fwd = string_of(server->json, "fwd");
	char service[ADM_NAME_SIZE], name[ADM_NAME_SIZE];

	adm_name(&list->service->at, list->service->proto, list->numeric, service);
	adm_name(&server->at, list->service->proto, list->numeric, name);
	printf("-a %s %s -r %s %s -w %lld%s\n", service_switch(list->service), service, name,
	    strcmp(fwd, "masq") == 0	 ? "-m"
	    : strcmp(fwd, "tunnel") == 0 ? "-i"
					 : "-g",
	    number_of(server->json, "weight"), strcmp(fwd, "tunnel") == 0 ? " --tun-type ipip" : "");
}

#define REMOTE "  -> RemoteAddress:Port"
static const struct format formats[] = {
    {OPT_STATS, "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n" REMOTE "\n", stats_service,
	stats_server},
    {OPT_RATE, "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n" REMOTE "\n", rate_service, rate_server},
    {OPT_THRESHOLDS, "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n" REMOTE "\n", plain_service,
	threshold_server},
    {OPT_PERSISTENT_CONN, "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n" REMOTE "\n", plain_service,
	persistent_server},
    {OPT_TUN_INFO, "Prot LocalAddress:Port Scheduler Flags\n" REMOTE "           Forward TunnelInfo    Weight ActiveConn InActConn\n",
	plain_service, tun_server},
    {OPT_NONE, "Prot LocalAddress:Port Scheduler Flags\n" REMOTE "           Forward Weight ActiveConn InActConn\n", plain_service,
	plain_server},
};
static const struct format rule_format = {OPT_NONE, "", rule_service, rule_server};

static const struct format *format_of(const struct adm_command *c)
{
	const struct format *format = formats;

	if (c->cmd == ADM_SAVE)
		return &rule_format;
	while (format->opt != OPT_NONE && !(c->options & BIT(format->opt)))
		format++;
	return format;
}

/* The objects of `array`, sorted by `order`, or as they come (NULL). A malloc'ed array of *ret_count, or NULL without memory. */
static struct adm_entry *entries_of(const json_t *array, bool services, int (*order)(const void *, const void *), size_t *ret_count)
{
	struct adm_entry *entries = calloc(json_array_size(array) + 1, sizeof(*entries));
	size_t count = 0, i;
	json_t *json;

	if (!entries)
		return NULL;
	json_array_foreach (array, i, json) {
		struct adm_entry *entry = &entries[count];

		entry->json = json;
		entry->proto = services ? adm_proto_number(string_of(json, "proto")) : 0;
		if (adm_addr_json(json, &entry->at) && (!services || entry->proto))
			count++;
	}
	if (order)
		qsort(entries, count, sizeof(*entries), order);
	*ret_count = count;
	return entries;
}

static int print_service(struct listing *list, const struct adm_entry *service)
{
	size_t count;
	struct adm_entry *servers =
	    entries_of(json_object_get(service->json, "servers"), false, list->sort ? adm_order_servers : NULL, &count);

	if (!servers)
		return -1;
	list->service = service;
	list->format->service(list, service);
	for (size_t i = 0; i < count; i++)
		list->format->server(list, &servers[i]);
	free(servers);
	return 0;
}

static int print_services(struct listing *list, const json_t *array, struct adm_error *ret_error)
{
	size_t count, i;
	struct adm_entry *services = entries_of(array, true, list->sort ? adm_order_services : NULL, &count);
	bool done = services;

	for (i = 0; done && i < count; i++)
		done = print_service(list, &services[i]) == 0;
	free(services);
	if (done)
		return 0;
	adm_fail(ret_error, "Memory allocation problem");
	return ret_error->status = STATUS_NO_LISTING;
}

int adm_list_failed(const struct client *client, int err, struct adm_error *ret_error)
{
	const char *words = err == -EREMOTEIO ? adm_words(ADM_LIST, client_refusal(client)->name) : NULL;

	if (!words)
		return adm_call_failed(client, err, STATUS_NO_LISTING, ret_error);
	adm_refuse(ret_error, "%s", words);
	return ret_error->status = STATUS_NO_LISTING;
}

static int list_services(struct client *client, const struct adm_command *c, struct adm_error *ret_error)
{
	struct listing list = {
	    .format = format_of(c),
	    .numeric = c->options & BIT(OPT_NUMERIC),
	    .exact = c->options & BIT(OPT_EXACT),
	    .sort = !(c->options & BIT(OPT_NOSORT)),
	};
	bool one = c->options & BIT(OPT_SERVICE);
	json_t *params = json_object(), *result;
	int err, status;

	if (one)
		adm_service_json(params, &c->svc);
	err = client_call(client, "services", params, &result);
	if (err < 0)
		return adm_list_failed(client, err, ret_error);
	if (!one && c->cmd != ADM_SAVE)
		printf(VERSION_LINE, number_of(result, "slots"));
	fputs(list.format->title, stdout);
	status = print_services(&list, json_object_get(result, "services"), ret_error);
	json_decref(result);
	return status;
}

static int list_timeouts(struct client *client, struct adm_error *ret_error)
{
	json_t *result;
	int err = client_call(client, "timeouts", NULL, &result);

	if (err < 0)
		return adm_list_failed(client, err, ret_error);
	printf(
	    "Timeout (tcp tcpfin udp): %lld %lld %lld\n", number_of(result, "tcp"), number_of(result, "tcpfin"), number_of(result, "udp"));
	json_decref(result);
	return 0;
}

int adm_list(struct client *client, const struct adm_command *c, struct adm_error *ret_error)
{
	if (c->options & BIT(OPT_CONNECTION))
		return adm_list_conns(client, c, ret_error);
	if (c->options & BIT(OPT_TIMEOUT))
		return list_timeouts(client, ret_error);
	if (c->options & BIT(OPT_DAEMON))
		return 0; /* none runs */
	return list_services(client, c, ret_error);
}
