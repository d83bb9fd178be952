/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows through the real programs, and the hostile packets, with plain C as the reference: packet-bpf [-b] [part of a row's name].
 * -b: brief, for an emulated machine: hostile packets in one world only. Needs root; everything happens in a network namespace of the
 * program's own.
 */
#include "tests/packet/hostile.h"

#include <string.h>
#include <unistd.h>

static int run(uint32_t slots, const char *filter, unsigned hostile)
{
	struct lane *lane, *reference = lane_host_new(slots);
	int failed = 0, r = lane_bpf_new(slots, LANE_SLOW_TICKS, &lane);

	if (r) {
		printf("# %s\nnot ok the programs load, with a table of %u slots\n", strerror(-r), slots);
		return 1;
	}
	printf("ok the programs load, with a table of %u slots\n", slots);
	for (int express = 0; express < 2; express++) {
		lane->express = express;
		failed += rows_run(lane, filter);
		if (slots >= SL_MIN_SLOTS)
			failed += hostile_run(lane, reference, filter, hostile);
	}
	lane_bpf_free(lane);
	lane_host_free(reference);
	return failed;
}

int main(int argc, char **argv)
{
	bool brief = argc > 1 && !strcmp(argv[1], "-b");
	const char *filter = argc > 1 + brief ? argv[1 + brief] : NULL;
	unsigned hostile = brief ? 1 : HOSTILE_ALL;
	int r;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (geteuid()) {
		printf("skip packet-bpf # needs root\n");
		return 0;
	}
	r = lane_bpf_enter();
	if (r) {
		printf("# %s\nnot ok a network namespace for the rows\n", strerror(-r));
		return 1;
	}
	return run(SL_MIN_SLOTS, filter, hostile) + run(16, filter, hostile) != 0;
}
