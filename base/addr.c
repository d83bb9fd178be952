/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool addr_is_v4(const uint8_t addr[16])
{
	return memcmp(addr, mapped, sizeof(mapped)) == 0;
}

int addr_parse(const char *text, uint8_t ret_addr[16])
{
	uint8_t addr[16];

	memcpy(addr, mapped, sizeof(mapped));
	if (inet_pton(AF_INET, text, addr + 12) != 1) {
		if (inet_pton(AF_INET6, text, addr) != 1 || addr_is_v4(addr))
			return -EINVAL;
	}
	memcpy(ret_addr, addr, sizeof(addr));
	return 0;
}

const char *addr_print(const uint8_t addr[16], char text[ADDR_TEXT])
{
	if (addr_is_v4(addr))
		return inet_ntop(AF_INET, addr + 12, text, ADDR_TEXT);
	return inet_ntop(AF_INET6, addr, text, ADDR_TEXT);
}

const char *addr_port_print(const uint8_t addr[16], unsigned port, char text[ADDR_PORT_TEXT])
{
	char host[ADDR_TEXT];

	addr_print(addr, host);
	snprintf(text, ADDR_PORT_TEXT, addr_is_v4(addr) ? "%s:%u" : "[%s]:%u", host, port & 0xffff);
	return text;
}

bool addr_is_unicast(const uint8_t addr[16])
{
	static const uint8_t zero[16], broadcast[4] = {255, 255, 255, 255};

	if (!addr_is_v4(addr))
		return addr[0] != 0xff && memcmp(addr, zero, 16) != 0;
	return addr[12] != 0 && (addr[12] & 0xf0) != 0xe0 && memcmp(addr + 12, broadcast, 4) != 0;
}

bool addr_is_link_local6(const uint8_t addr[16])
{
	return addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
}
