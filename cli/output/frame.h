/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_OUTPUT_FRAME_H
#define CLI_OUTPUT_FRAME_H
/* Ethernet frames in words. Whatever the bytes are, they are read within their length, and the text is within its size. */

#include <stddef.h>
#include <stdint.h>

#define FRAME_TEXT 400

/* Hexadecimal text to bytes: their number, at most `size`; anything that is no hexadecimal digit ends it. */
size_t frame_bytes(const char *hex, uint8_t *ret_bytes, size_t size);

/* "tcp 198.51.100.7:4000 > 192.0.2.1:80 S": the innermost packet. Returns `text`. */
const char *frame_brief(const uint8_t *frame, size_t len, char text[FRAME_TEXT]);

/* Layer by layer: "02:00:00:00:00:01 > 02:00:00:00:00:11, IPv4 198.51.100.7 > 10.0.0.11 ttl 63, TCP 4000 > 80 S". Returns `text`. */
const char *frame_full(const uint8_t *frame, size_t len, char text[FRAME_TEXT]);

#endif
