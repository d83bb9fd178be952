// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: what a listing of something else than the table prints: timeouts and synchronisation daemons
 */
#include "cli/ipvsadm/list.h"

#include <string.h>

#include "cli/client.h"

int adm_list_timeouts(struct client *client, struct adm_error *ret_error)
{
	json_t *result;
	int err = client_call(client, "timeouts", NULL, &result);

	if (err < 0)
		return adm_list_failed(client, err, ret_error);
	printf("Timeout (tcp tcpfin udp): %lld %lld %lld\n", adm_number_of(result, "tcp"), adm_number_of(result, "tcpfin"),
	    adm_number_of(result, "udp"));
	json_decref(result);
	return 0;
}

static void print_daemon(const json_t *daemon)
{
	static const char *const names[] = {"maxlen", "group", "port", "ttl"}; /* left out when not set */

	printf("%s sync daemon (mcast=%s, syncid=%lld", adm_string_of(daemon, "role"), adm_string_of(daemon, "interface"),
	    adm_number_of(daemon, "id"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *text = adm_string_of(daemon, names[i]);
		long long number = adm_number_of(daemon, names[i]);

		if (*text)
			printf(", %s=%s", names[i], text);
		else if (number)
			printf(", %s=%lld", names[i], number);
	}
	printf(")\n");
}

/* The master comes first. */
int adm_list_daemons(struct client *client, struct adm_error *ret_error)
{
	static const char *const roles[] = {"master", "backup"};
	json_t *result, *daemon;
	size_t i;
	int err = client_call(client, "sync", NULL, &result);

	if (err < 0)
		return adm_list_failed(client, err, ret_error);
	for (int role = 0; role < 2; role++)
		json_array_foreach (json_object_get(result, "daemons"), i, daemon)
			if (strcmp(adm_string_of(daemon, "role"), roles[role]) == 0)
				print_daemon(daemon);
	json_decref(result);
	return 0;
}
