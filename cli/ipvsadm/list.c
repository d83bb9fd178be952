// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: the table, listed and saved
 *
 * The formats are tried in the order of the table: when several are asked for, the first one wins.
 */
#include "cli/ipvsadm/list.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"

#define VERSION_LINE "IP Virtual Server version 1.2.1 (size=%lld)\n" /* of the interface that is spoken */
#define SERVICE_COLUMNS 33
#define SERVER_COLUMNS 28
#define TUNNEL_SIZE 24
#define STATUS_NO_LISTING 1

long long adm_number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

const char *adm_string_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

void adm_mask_text(const struct adm_entry *service, char ret_text[ADM_MASK_SIZE])
{
	const json_t *mask = json_object_get(service->json, "mask");
	int bits = service->at.af == AF_INET6 ? 128 : 32, prefix = json_is_integer(mask) ? (int)json_integer_value(mask) : bits;
	struct in_addr in = {htonl(prefix <= 0 ? 0 : ~0U << (prefix < 32 ? 32 - prefix : 0))};

	ret_text[0] = '\0';
	if (json_is_string(mask) && strcmp(json_string_value(mask), "255.255.255.255") != 0)
		snprintf(ret_text, ADM_MASK_SIZE, "%s", json_string_value(mask));
	else if (prefix != bits && bits == 32)
		inet_ntop(AF_INET, &in, ret_text, ADM_MASK_SIZE);
	else if (prefix != bits)
		snprintf(ret_text, ADM_MASK_SIZE, "%d", prefix);
}

/* Prints `text`, of an IPv4 end no more than `columns` of it. */
static void print_cut(const char *text, int af, int columns, bool pad)
{
	printf("%-*.*s", pad ? columns : 0, af == AF_INET ? columns : (int)strlen(text), text);
}

static void print_service_name(const struct listing *list, const struct adm_entry *service, bool pad)
{
	char name[ADM_NAME_SIZE], text[ADM_NAME_SIZE + 8];

	if (service->fwmark) {
		snprintf(text, sizeof(text), "FWM  %u%s", service->fwmark, service->at.af == AF_INET6 ? " IPv6" : "");
	} else {
		adm_name(&service->at, service->proto, list->numeric, name);
		snprintf(text, sizeof(text), "%-4s %s", adm_proto_label(service->proto), name);
	}
	print_cut(text, service->at.af, SERVICE_COLUMNS, pad);
}

static void print_server_name(const struct listing *list, const struct adm_entry *server)
{
	char name[ADM_NAME_SIZE];

	adm_name(&server->at, list->service->proto, list->numeric, name);
	printf("  -> ");
	print_cut(name, server->at.af, SERVER_COLUMNS, true);
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
	long long persist = adm_number_of(service->json, "persist");
	const char *engine = adm_string_of(service->json, "pe");
	char flags[ADM_FLAGS_SIZE], mask[ADM_MASK_SIZE];

	print_service_name(list, service, false);
	printf(" %s", adm_string_of(service->json, "sched"));
	if (adm_flags_text(service->json, flags))
		printf(" (%s)", flags);
	if (persist) {
		adm_mask_text(service, mask);
		printf(" persistent %lld%s%s%s%s", persist, *mask ? " mask " : "", mask, *engine ? " pe " : "", engine);
	}
	printf("%s\n", json_is_true(json_object_get(service->json, "ops")) ? " ops" : "");
}

static void print_loads(const json_t *server)
{
	printf("%-10lld %-10lld\n", adm_number_of(server, "active"), adm_number_of(server, "inactive"));
}

static void plain_server(const struct listing *list, const struct adm_entry *server)
{
	print_server_name(list, server);
	printf(" %-7s %-6lld ", fwd_name(adm_string_of(server->json, "fwd")), adm_number_of(server->json, "weight"));
	print_loads(server->json);
}

/* "gue:6080:r+c" */
static void tunnel_text(const json_t *server, char text[TUNNEL_SIZE])
{
	const json_t *tunnel = json_object_get(server, "tunnel");
	const char *type = adm_string_of(tunnel, "type"), *csum = adm_string_of(tunnel, "csum");
	const char *sum = strcmp(csum, "csum") == 0 ? "+c" : strcmp(csum, "remcsum") == 0 ? "r+c" : "-c";

	if (strcmp(adm_string_of(server, "fwd"), "tunnel") != 0)
		snprintf(text, TUNNEL_SIZE, "n/a");
	else if (strcmp(type, "gue") == 0)
		snprintf(text, TUNNEL_SIZE, "gue:%u:%s", (unsigned)adm_number_of(tunnel, "port"), sum);
	else if (strcmp(type, "gre") == 0)
		snprintf(text, TUNNEL_SIZE, "gre:%s", sum);
	else
		snprintf(text, TUNNEL_SIZE, "ipip");
}

static void tun_server(const struct listing *list, const struct adm_entry *server)
{
	char text[TUNNEL_SIZE];

	tunnel_text(server->json, text);
	print_server_name(list, server);
	printf(" %-7s %-13s %-6lld ", fwd_name(adm_string_of(server->json, "fwd")), text, adm_number_of(server->json, "weight"));
	print_loads(server->json);
}

static void threshold_server(const struct listing *list, const struct adm_entry *server)
{
	print_server_name(list, server);
	printf(" %-10lld %-10lld ", adm_number_of(server->json, "upper"), adm_number_of(server->json, "lower"));
	print_loads(server->json);
}

static void persistent_server(const struct listing *list, const struct adm_entry *server)
{
	print_server_name(list, server);
	printf(" %-9lld %-11lld ", adm_number_of(server->json, "weight"), adm_number_of(server->json, "persistent"));
	print_loads(server->json);
}

static const char *const traffic[] = {"conns", "in_pkts", "out_pkts", "in_bytes", "out_bytes"};
#define TRAFFIC 5
#define WIDE 3 /* the first of the columns in bytes */

static void print_traffic(const struct listing *list, const json_t *numbers)
{
	for (int i = 0; i < TRAFFIC; i++)
		print_largenum(list, adm_number_of(numbers, traffic[i]));
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
		printf(" %8lld", adm_number_of(rates, traffic[i]));
	for (int i = WIDE; i < TRAFFIC; i++)
		print_largenum(list, adm_number_of(rates, traffic[i]));
	putchar('\n');
}

#define REMOTE "  -> RemoteAddress:Port"
static const struct adm_format formats[] = {
    {OPT_STATS, "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n" REMOTE "\n", true, stats_service,
	stats_server},
    {OPT_RATE, "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n" REMOTE "\n", true, rate_service,
	rate_server},
    {OPT_THRESHOLDS, "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n" REMOTE "\n", false, plain_service,
	threshold_server},
    {OPT_PERSISTENT_CONN, "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n" REMOTE "\n", false,
	plain_service, persistent_server},
    {OPT_TUN_INFO, "Prot LocalAddress:Port Scheduler Flags\n" REMOTE "           Forward TunnelInfo    Weight ActiveConn InActConn\n",
	false, plain_service, tun_server},
    {OPT_NONE, "Prot LocalAddress:Port Scheduler Flags\n" REMOTE "           Forward Weight ActiveConn InActConn\n", false, plain_service,
	plain_server},
};

static const struct adm_format *format_of(const struct adm_command *c)
{
	const struct adm_format *format = formats;

	if (c->cmd == ADM_SAVE)
		return &adm_rule_format;
	while (format->opt != OPT_NONE && !(c->options & BIT(format->opt)))
		format++;
	return format;
}

static bool entry_fill(struct adm_entry *entry, json_t *json, bool service)
{
	long long mark = service ? adm_number_of(json, "fwmark") : 0;

	*entry = (struct adm_entry){.json = json};
	if (mark > 0 && mark <= UINT32_MAX) {
		entry->fwmark = mark;
		entry->at.af = strcmp(adm_string_of(json, "family"), "ipv6") == 0 ? AF_INET6 : AF_INET;
		return true;
	}
	entry->proto = service ? adm_proto_number(adm_string_of(json, "proto")) : 0;
	return adm_addr_json(json, &entry->at) && (!service || entry->proto);
}

/* The objects of `array`, sorted by `order`, or as they come (NULL). A malloc'ed array of *ret_count, or NULL without memory. */
static struct adm_entry *entries_of(const json_t *array, bool services, int (*order)(const void *, const void *), size_t *ret_count)
{
	struct adm_entry *entries = calloc(json_array_size(array) + 1, sizeof(*entries));
	size_t count = 0, i;
	json_t *json;

	if (!entries)
		return NULL;
	json_array_foreach (array, i, json)
		count += entry_fill(&entries[count], json, services);
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
	    .strict = c->options & BIT(OPT_STRICT),
	};
	bool one = c->options & BIT(OPT_SERVICE);
	json_t *params = json_object(), *result;
	int err, status;

	if (one)
		adm_service_json(params, &c->svc);
	json_object_set_new(params, "sums", json_boolean(list.format->sums));
	err = client_call(client, "services", params, &result);
	if (err < 0)
		return adm_list_failed(client, err, ret_error);
	if (!one && c->cmd != ADM_SAVE)
		printf(VERSION_LINE, adm_number_of(result, "slots"));
	fputs(list.format->title, stdout);
	status = print_services(&list, json_object_get(result, "services"), ret_error);
	json_decref(result);
	return status;
}

int adm_list(struct client *client, const struct adm_command *c, struct adm_error *ret_error)
{
	if (c->options & BIT(OPT_CONNECTION))
		return adm_list_conns(client, c, ret_error);
	if (c->options & BIT(OPT_TIMEOUT))
		return adm_list_timeouts(client, ret_error);
	if (c->options & BIT(OPT_DAEMON))
		return adm_list_daemons(client, ret_error);
	return list_services(client, c, ret_error);
}
