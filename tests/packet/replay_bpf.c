/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The golden cases through the real programs: replay-bpf DIRECTORY [PATTERN]... Needs root; everything happens in a
 * network namespace of the program's own.
 */
#include "tests/packet/replay.h"

#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct lane *lane;
	int failed, r;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2) {
		fprintf(stderr, "replay-bpf DIRECTORY [PATTERN]...\n");
		return 2;
	}
	if (geteuid()) {
		printf("skip replay-bpf # needs root\n");
		return 0;
	}
	r = lane_bpf_enter();
	r = r ? r : lane_bpf_new(1 << 14, LANE_SLOW_TICKS, &lane);
	if (r) {
		printf("# %s\nnot ok the programs load\n", strerror(-r));
		return 1;
	}
	failed = replay_run(lane, argv[1], argv + 2);
	lane_bpf_free(lane);
	return failed != 0;
}
