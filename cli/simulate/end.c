// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses with ports, and seconds: from text and to it. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "cli/simulate/simulate.h"

static bool is_v4(const struct sl_addr *addr)
{
	return addr->d[0] == 0 && addr->w[2] == htonl(0xffff);
}

const char *sim_end_text(const struct sl_addr *addr, __be16 port, char ret_text[SIM_END_TEXT])
{
	char text[INET6_ADDRSTRLEN];
	bool v4 = is_v4(addr);

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? (const void *)&addr->w[3] : addr, text, sizeof(text));
	snprintf(ret_text, SIM_END_TEXT, v4 ? "%s:%u" : "[%s]:%u", text, ntohs(port));
	return ret_text;
}

static bool port_parse(const char *text, __be16 *ret_port)
{
	unsigned port = 0, digits = 0;

	for (; *text >= '0' && *text <= '9' && digits < 6; text++, digits++)
		port = port * 10 + (*text - '0');
	if (*text || !digits || port > 65535)
		return false;
	*ret_port = htons(port);
	return true;
}

/* Address of `len` characters. */
static bool addr_parse(const char *text, size_t len, bool v6, struct sl_addr *ret_addr)
{
	char copy[INET6_ADDRSTRLEN];
	struct sl_addr addr = {0};

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	addr.w[2] = v6 ? 0 : htonl(0xffff);
	if (inet_pton(v6 ? AF_INET6 : AF_INET, copy, v6 ? (void *)&addr : &addr.w[3]) != 1)
		return false;
	*ret_addr = addr;
	return true;
}

bool sim_end_parse(const char *text, struct sl_addr *ret_addr, __be16 *ret_port)
{
	bool v6 = *text == '[';
	const char *end = v6 ? strchr(text, ']') : strchr(text, ':');

	if (!end || end[v6] != ':')
		return false;
	return addr_parse(text + v6, end - text - v6, v6, ret_addr) && port_parse(end + v6 + 1, ret_port);
}

bool sim_seconds_parse(const char *text, uint64_t *ret_us)
{
	uint64_t us = 0, unit = SIM_SECOND;
	unsigned digits = 0;

	for (; *text >= '0' && *text <= '9'; text++, digits++) {
		us = us * 10 + (*text - '0');
		if (us > SIM_MAX_SECONDS)
			return false;
	}
	us *= SIM_SECOND;
	if (digits && *text == '.') {
		for (text++; *text >= '0' && *text <= '9'; text++) {
			unit /= 10; /* finer than a microsecond is nothing */
			us += (*text - '0') * unit;
		}
	}
	if (*text || !digits || us > SIM_MAX_SECONDS * SIM_SECOND)
		return false;
	*ret_us = us;
	return true;
}
