/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows and the hostile packets through the core as plain C, under sanitizers: run_host [part of a row's name]. */
#include "tests/packet/hostile.h"

static int run(uint32_t slots, const char *filter)
{
	struct lane *lane = lane_host_new(slots);
	int failed = 0;

	if (!lane)
		return 1;
	for (int express = 0; express < 2; express++) {
		lane->express = express;
		failed += rows_run(lane, filter);
		if (slots >= SL_MIN_SLOTS)
			failed += hostile_run(lane, NULL, filter, HOSTILE_ALL);
	}
	lane_host_free(lane);
	return failed;
}

int main(int argc, char **argv)
{
	const char *filter = argc > 1 ? argv[1] : NULL;

	setvbuf(stdout, NULL, _IOLBF, 0);
	return run(SL_MIN_SLOTS, filter) + run(16, filter) != 0;
}
