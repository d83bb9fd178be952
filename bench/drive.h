/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_DRIVE_H
#define BENCH_DRIVE_H
/*
 * DOC: test runs of a program, one flow a packet
 *
 * Puts a program behind the driver programs (bpf/driver.bpf.c) and runs the pair many times over; see there for why.
 */

#include <stdint.h>

#include "bench/flow.h"

extern const unsigned char drive_our_mac[6], drive_peer_mac[6];

enum drive_hook { DRIVE_XDP, DRIVE_TC };

struct drive;

int drive_open(struct drive **ret_drive);
void drive_close(struct drive *drive);

/* The floors. */
int drive_bare_fd(const struct drive *drive, enum drive_hook hook);
int drive_grow_fd(const struct drive *drive); /* XDP: adds 20 bytes and swaps MAC addresses */

/* A frame from a client to server:port. */
struct flow_frame drive_frame(uint32_t server, uint16_t port, uint8_t proto, uint8_t tcp_flags);

/* Takes the checksum bases anew, after a change of length, port, protocol or flags. */
void drive_frame_sums(struct flow_frame *frame);

/*
 * Runs prog `repeat` times behind the driver, each time on the next flow of frame. Returns ns a packet, driver included, or
 * a negative errno; *ret_verdict is the last run's.
 */
double drive_run(
    struct drive *drive, enum drive_hook hook, int prog, const struct flow_frame *frame, uint32_t repeat, uint32_t *ret_verdict);

/* The same without a driver: the program sees its own output again. */
double drive_alone(int prog, uint32_t repeat);

#endif
