/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PACKET_REPLAY_H
#define PACKET_REPLAY_H
/*
 * DOC: golden cases through a lane
 *
 * A case (tests/golden/sched) is played on a director made of the real parts: ipvsadm's own reading of the command lines, the daemon's
 * `change`, model and reconciler, over the maps of the lane under test. Then every packet is sent, and every answer compared with the one
 * that the kernel's IPVS gave. A packet that the express lane passes up goes to the full lane, as it does in life. In the express lane's
 * run, consecutive commands are one change, as those that `ipvsadm -R` reads.
 */

#include "tests/packet/lane.h"

/*
 * Plays every case of `directory` whose name fits one of `patterns` (as fnmatch's; none: every case) in both lanes; prints a line a case.
 * Returns the number that failed.
 */
int replay_run(struct lane *lane, const char *directory, char *const patterns[]);

#endif
