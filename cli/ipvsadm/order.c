// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: ipvsadm's order
 *
 * ipvsadm subtracts addresses as 32-bit words and looks at the sign of the int, so that addresses 2^31 or more apart stand the wrong way
 * round; so it does with marks. Scripts compare listings with saved ones, so this is kept. An IPv4 address counts as a first word with
 * three zero words behind it.
 */
#include "cli/ipvsadm/ipvsadm.h"

#include <arpa/inet.h>

static uint32_t word(const struct adm_addr *addr, int i)
{
	if (addr->af == AF_INET6)
		return ntohl(addr->in6.s6_addr32[i]);
	return i == 0 ? ntohl(addr->in.s_addr) : 0;
}

static int compare_addr(const struct adm_addr *a, const struct adm_addr *b)
{
	int words = a->af == AF_INET6 ? 4 : 1;

	for (int i = 0; i < words; i++)
		if (word(a, i) != word(b, i))
			return (int)(word(a, i) - word(b, i));
	return a->port - b->port;
}

int adm_order_servers(const void *a, const void *b)
{
	const struct adm_entry *x = a, *y = b;

	return compare_addr(&x->at, &y->at);
}

int adm_order_services(const void *a, const void *b)
{
	const struct adm_entry *x = a, *y = b;

	if (x->fwmark != y->fwmark)
		return (int)(x->fwmark - y->fwmark);
	if (x->at.af != y->at.af)
		return x->at.af - y->at.af;
	if (x->proto != y->proto)
		return x->proto - y->proto;
	return compare_addr(&x->at, &y->at);
}
