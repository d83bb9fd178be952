/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_RECORD_H
#define CLI_RECORD_H
/* From a director's beginnings and ends (docs/api.md, record.read) to the lines of a trace. Pure: no socket, no clock. */

#include "base/htab.h"
#include "cli/simulate/simulate.h"

struct recorder {
	FILE *out;
	uint64_t zero; /* ns: the trace's beginning */
	struct htab open; /* connections that have not ended, by their name */
	uint64_t begun, ended; /* connections so far */
	uint64_t most; /* that are begun; later ones are left out; 0: no limit */
};

void recorder_init(struct recorder *r, FILE *out, uint64_t zero);
/* Writes those still open, their duration unknown, and forgets them. */
void recorder_fini(struct recorder *r);
/* The events of an answer. -EBADMSG: not understood, -ENOMEM. */
int recorder_take(struct recorder *r, const json_t *events);
/* Has the limit been reached and everything ended? */
bool recorder_done(const struct recorder *r);

#endif
