/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/packet/lane.h"

const char *lane_name(const struct lane *lane)
{
	static const char *const names[2][2] = {{"full", "express"}, {"host full", "host express"}};

	return names[lane->host][lane->express];
}
