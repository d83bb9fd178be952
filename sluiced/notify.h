/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_NOTIFY_H
#define SLUICED_NOTIFY_H
/* What the service manager hears: nothing where there is none, or where the build had no libsystemd. */

#include <stdint.h>

void notify_ready(void);
void notify_stopping(void);
void notify_alive(void);

/* How often notify_alive() is wanted, in milliseconds; 0 never. */
uint64_t notify_every_ms(void);

#endif
