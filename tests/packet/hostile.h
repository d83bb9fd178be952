/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PACKET_HOSTILE_H
#define PACKET_HOSTILE_H
/*
 * DOC: hostile packets
 *
 * The packets of all rows, and some that no row would have, cut off at every length and with every byte of their headers
 * replaced, against a director in use. Whatever they are: no crash, and each is passed as it came, dropped with one reason,
 * or sent on well formed if it came well formed. With a reference, both lanes must agree on everything: verdict, frame, table.
 */

#include "tests/packet/rig.h"

#define HOSTILE_ALL (~0u)

/*
 * One line of result a world, `most` of them at most. Returns the number of worlds that failed. reference: NULL, or a lane of the
 * same table size.
 */
int hostile_run(struct lane *lane, struct lane *reference, const char *filter, unsigned most);

/*
 * Calls fn with every distinct frame of the rows and the specials in this world. Frames are valid during the call.
 * Stops when fn returns false.
 */
typedef bool (*hostile_fn)(void *arg, const struct lane_in *in);
void hostile_frames(const struct world *w, hostile_fn fn, void *arg);

#endif
