/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/model/rule.h"

#include <stddef.h>

const char *rule_wrong(const struct rule *rule)
{
	if (!rule->mark)
		return "a mark is 1 to 4294967295";
	if (rule->first_port > rule->last_port)
		return "the first port of a range may not be above the last: write the smaller one first";
	if (rule->has_dst && rule->has_src && prefix_is_v4(&rule->dst) != prefix_is_v4(&rule->src))
		return "source and destination are of different families: no packet has both; write a rule for each";
	return NULL;
}
