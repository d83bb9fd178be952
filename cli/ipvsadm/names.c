// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: addresses and ports as names
 *
 * Every name is asked for once: thousands of servers share few ports, and a name server's answer may take its time.
 */
#include "cli/ipvsadm/ipvsadm.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

struct memo {
	char key[INET6_ADDRSTRLEN + 8]; /* the address, or "proto/port" */
	char name[NI_MAXHOST];
};

static int compare_memos(const void *a, const void *b)
{
	return strcmp(((const struct memo *)a)->key, ((const struct memo *)b)->key);
}

/* The memo of `key`; its name is empty when it is new. NULL without memory. */
static struct memo *memo_get(const char *key)
{
	static void *root;
	struct memo *memo = calloc(1, sizeof(*memo));
	struct memo **found;

	if (!memo)
		return NULL;
	snprintf(memo->key, sizeof(memo->key), "%s", key);
	found = tsearch(memo, &root, compare_memos);
	if (!found || *found != memo)
		free(memo);
	return found ? *found : NULL;
}

static void host_name(const struct adm_addr *addr, const char *number, char name[NI_MAXHOST])
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = addr->in};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = addr->in6};
	struct sockaddr *sa = addr->af == AF_INET ? (struct sockaddr *)&in : (struct sockaddr *)&in6;
	socklen_t len = addr->af == AF_INET ? sizeof(in) : sizeof(in6);

	if (getnameinfo(sa, len, name, NI_MAXHOST, NULL, 0, NI_NAMEREQD) != 0)
		snprintf(name, NI_MAXHOST, "%s", number);
}

static const char *host(const struct adm_addr *addr, const char *number)
{
	struct memo *memo = memo_get(number);

	if (!memo)
		return number;
	if (!memo->name[0])
		host_name(addr, number, memo->name);
	return memo->name;
}

static const struct {
	int number;
	const char *name, *label;
} protos[] = {{IPPROTO_TCP, "tcp", "TCP"}, {IPPROTO_UDP, "udp", "UDP"}, {IPPROTO_SCTP, "sctp", "SCTP"}};
#define PROTOS (sizeof(protos) / sizeof(protos[0]))

int adm_proto_number(const char *name)
{
	for (size_t i = 0; i < PROTOS; i++)
		if (strcmp(name, protos[i].name) == 0)
			return protos[i].number;
	return 0;
}

const char *adm_proto_name(int proto)
{
	for (size_t i = 0; i < PROTOS; i++)
		if (proto == protos[i].number)
			return protos[i].name;
	return NULL;
}

const char *adm_proto_label(int proto)
{
	for (size_t i = 0; i < PROTOS; i++)
		if (proto == protos[i].number)
			return protos[i].label;
	return "IP";
}

/* `number` is the port as text. */
static const char *service(uint16_t port, int proto, const char *number)
{
	char key[32];
	struct memo *memo;

	if (!adm_proto_name(proto))
		return number;
	snprintf(key, sizeof(key), "%s/%s", adm_proto_name(proto), number);
	memo = memo_get(key);
	if (!memo)
		return number;
	if (!memo->name[0]) {
		struct servent *found = getservbyport(htons(port), adm_proto_name(proto));

		snprintf(memo->name, sizeof(memo->name), "%s", found ? found->s_name : number);
	}
	return memo->name;
}

void adm_name(const struct adm_addr *addr, int proto, bool numeric, char ret_name[ADM_NAME_SIZE])
{
	const char *open = addr->af == AF_INET ? "" : "[", *close = addr->af == AF_INET ? "" : "]";
	char number[INET6_ADDRSTRLEN], port[8], name[2 * NI_MAXHOST + 8];

	inet_ntop(addr->af, &addr->in6, number, sizeof(number));
	snprintf(port, sizeof(port), "%u", addr->port);
	snprintf(name, sizeof(name), "%s%s%s:%s", open, numeric ? number : host(addr, number), close,
	    numeric ? port : service(addr->port, proto, port));
	snprintf(ret_name, ADM_NAME_SIZE, "%.*s", ADM_NAME_SIZE - 1, name);
}
