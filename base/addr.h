/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H
/*
 * DOC: addresses as text
 *
 * An address is 16 bytes in network order; IPv4 a.b.c.d is ::ffff:a.b.c.d (as in include/sluice/abi.h: pass the b of an sl_addr).
 */

#include <stdbool.h>
#include <stdint.h>

#define ADDR_TEXT 46 /* the longest address as text, with its end */
#define ADDR_PORT_TEXT (ADDR_TEXT + 8) /* with brackets and a port */

/* Text to address: a.b.c.d or IPv6, no name, no zone, no IPv4-mapped IPv6 (it would be two texts of one address). -EINVAL. */
int addr_parse(const char *text, uint8_t ret_addr[16]);

/* Address to text; returns `text`. */
const char *addr_print(const uint8_t addr[16], char text[ADDR_TEXT]);

/* "192.0.2.1:80" or "[2001:db8::1]:80"; port in host order; returns `text`. */
const char *addr_port_print(const uint8_t addr[16], unsigned port, char text[ADDR_PORT_TEXT]);

bool addr_is_v4(const uint8_t addr[16]);

/* May a host have this address? Not so: unspecified, multicast, limited broadcast, 0.0.0.0/8. */
bool addr_is_unicast(const uint8_t addr[16]);

/* fe80::/10 */
bool addr_is_link_local6(const uint8_t addr[16]);

#endif
