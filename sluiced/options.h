/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_OPTIONS_H
#define SLUICED_OPTIONS_H
/* The daemon's command line. */

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "sluiced/plane/lanes.h"

struct options {
	enum lanes_xdp xdp;
	uint32_t slots; /* 0: not said */
	bool teardown;
	enum log_level level;
};

/* Fills `ret_options`. Ends the program after --help, --version (0) and mistakes (2). */
void options_parse(int argc, char **argv, struct options *ret_options);

#endif
