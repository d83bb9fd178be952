// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: the table as commands
 *
 * What -S writes and -R reads: a line a service, with a line a server behind it. The thresholds are ours: the original forgets them, and so
 * do we when asked for (--strict).
 */
#include "cli/ipvsadm/list.h"

#include <string.h>

/* "-t www:http", "-f 1 -6" */
static void print_service(const struct listing *list, const struct adm_entry *service)
{
	char name[ADM_NAME_SIZE];

	if (service->fwmark) {
		printf("-f %u%s", service->fwmark, service->at.af == AF_INET6 ? " -6" : "");
		return;
	}
	adm_name(&service->at, service->proto, list->numeric, name);
	printf("%s %s", service->proto == IPPROTO_TCP ? "-t" : service->proto == IPPROTO_UDP ? "-u" : "--sctp-service", name);
}

static void rule_service(const struct listing *list, const struct adm_entry *service)
{
	const json_t *json = service->json;
	long long persist = adm_number_of(json, "persist");
	char mask[ADM_MASK_SIZE], flags[ADM_FLAGS_SIZE];
	const char *engine = adm_string_of(json, "pe");

	printf("-A ");
	print_service(list, service);
	printf(" -s %s", adm_string_of(json, "sched"));
	if (persist) {
		adm_mask_text(service, mask);
		printf(" -p %lld%s%s", persist, *mask ? " -M " : "", mask);
	}
	if (*engine)
		printf(" --pe %s", engine);
	if (json_is_true(json_object_get(json, "ops")))
		printf(" -o");
	if (adm_flags_text(json, flags) && *flags)
		printf(" -b %s", flags);
	putchar('\n');
}

static void print_tunnel(const json_t *server)
{
	const json_t *tunnel = json_object_get(server, "tunnel");
	const char *type = adm_string_of(tunnel, "type"), *csum = adm_string_of(tunnel, "csum");

	printf(" --tun-type %s", *type ? type : "ipip");
	if (strcmp(type, "gue") == 0)
		printf(" --tun-port %lld", adm_number_of(tunnel, "port"));
	if (*type && strcmp(type, "ipip") != 0)
		printf(" --tun-%s", !*csum || strcmp(csum, "none") == 0 ? "nocsum" : csum);
}

static void print_thresholds(const json_t *server)
{
	long long upper = adm_number_of(server, "upper"), lower = adm_number_of(server, "lower");

	if (upper)
		printf(" -x %lld", upper);
	if (lower)
		printf(" -y %lld", lower);
}

static void rule_server(const struct listing *list, const struct adm_entry *server)
{
	const char *fwd = adm_string_of(server->json, "fwd");
	bool tunnel = strcmp(fwd, "tunnel") == 0;
	char name[ADM_NAME_SIZE];

	printf("-a ");
	print_service(list, list->service);
	adm_name(&server->at, list->service->proto, list->numeric, name);
	printf(" -r %s %s -w %lld", name, strcmp(fwd, "masq") == 0 ? "-m" : tunnel ? "-i" : "-g", adm_number_of(server->json, "weight"));
	if (tunnel)
		print_tunnel(server->json);
	if (!list->strict)
		print_thresholds(server->json);
	putchar('\n');
}

const struct adm_format adm_rule_format = {OPT_NONE, "", false, rule_service, rule_server};
