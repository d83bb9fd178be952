// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/ipvsadm/ipvsadm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

int adm_number_parse(const char *text, long min, long max, int *ret_number)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (end == text || *end || errno || number < min || number > max)
		return -ERANGE;
	*ret_number = number;
	return 0;
}

static int host_lookup(const char *name, int af, struct adm_addr *ret_addr)
{
	struct addrinfo hints = {.ai_family = af, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;

	if (!*name || getaddrinfo(name, NULL, &hints, &found) != 0)
		return -EINVAL;
	ret_addr->af = af;
	if (af == AF_INET)
		ret_addr->in = ((struct sockaddr_in *)found->ai_addr)->sin_addr;
	else
		ret_addr->in6 = ((struct sockaddr_in6 *)found->ai_addr)->sin6_addr;
	freeaddrinfo(found);
	return 0;
}

static int port_parse(const char *text, int proto, struct adm_addr *ret_addr)
{
	const char *name = adm_proto_name(proto);
	struct servent *service;
	int port;

	if (adm_number_parse(text, 0, 65535, &port) < 0) {
		service = name ? getservbyname(text, name) : NULL;
		if (!service)
			return -EINVAL;
		port = ntohs(service->s_port);
	}
	ret_addr->port = port;
	ret_addr->has_port = true;
	return 0;
}

static int v4_parse(const char *host, struct adm_addr *ret_addr)
{
	if (inet_aton(host, &ret_addr->in) == 0)
		return host_lookup(host, AF_INET, ret_addr);
	ret_addr->af = AF_INET;
	return 0;
}

static int v6_parse(const char *host, struct adm_addr *ret_addr)
{
	if (inet_pton(AF_INET6, host, &ret_addr->in6) != 1)
		return -EINVAL;
	ret_addr->af = AF_INET6;
	return 0;
}

/* [v6]:port, and [name]:port as -S writes it. */
static int bracketed_parse(char *text, int proto, struct adm_addr *ret_addr)
{
	char *end = strchr(text, ']');

	if (!end || end[1] != ':')
		return -EINVAL;
	*end = '\0';
	if (v6_parse(text + 1, ret_addr) < 0 && inet_aton(text + 1, &ret_addr->in) == 0 && host_lookup(text + 1, AF_INET6, ret_addr) < 0)
		return -EINVAL;
	if (!ret_addr->af)
		ret_addr->af = AF_INET;
	return port_parse(end + 2, proto, ret_addr);
}

static int plain_parse(char *text, int proto, struct adm_addr *ret_addr)
{
	char *colon;

	if (v6_parse(text, ret_addr) == 0)
		return 0;
	colon = strrchr(text, ':');
	if (colon)
		*colon = '\0';
	if (v4_parse(text, ret_addr) < 0)
		return -EINVAL;
	return colon ? port_parse(colon + 1, proto, ret_addr) : 0;
}

int adm_addr_parse(const char *text, int proto, struct adm_addr *ret_addr)
{
	struct adm_addr addr = {0};
	char *copy;
	int err;

	if (strspn(text, "0123456789") == strlen(text))
		return -EINVAL; /* a bare number would be an address to inet_aton() */
	if (strchr(text, '%'))
		return -EINVAL; /* a scope: the table has none */
	copy = strdup(text);
	if (!copy)
		return -EINVAL;
	err = *copy == '[' ? bracketed_parse(copy, proto, &addr) : plain_parse(copy, proto, &addr);
	free(copy);
	if (err == 0)
		*ret_addr = addr;
	return err;
}

bool adm_addr_json(const json_t *object, struct adm_addr *ret_addr)
{
	const char *text = json_string_value(json_object_get(object, "addr"));
	json_int_t port = json_integer_value(json_object_get(object, "port"));
	struct adm_addr addr = {.af = text && strchr(text, ':') ? AF_INET6 : AF_INET, .port = port, .has_port = true};

	if (!text || port < 0 || port > 65535 || inet_pton(addr.af, text, &addr.in6) != 1)
		return false;
	*ret_addr = addr;
	return true;
}
