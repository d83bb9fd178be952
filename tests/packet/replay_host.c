/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The golden cases through the core as plain C, under sanitizers: replay-host DIRECTORY [PATTERN]... */
#include "tests/packet/replay.h"

int main(int argc, char **argv)
{
	struct lane *lane = lane_host_new(1 << 14);
	int failed;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2 || !lane) {
		fprintf(stderr, "replay-host DIRECTORY [PATTERN]...\n");
		return 2;
	}
	failed = replay_run(lane, argv[1], argv + 2);
	lane_host_free(lane);
	return failed != 0;
}
