/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_MODEL_RULE_H
#define SLUICED_MODEL_RULE_H
/*
 * DOC: the classifier's rules as the operator says them
 *
 * docs/api.md's RULE. What a rule does not say fits every packet; one that names neither a source nor a destination is for both families.
 * The list is in the order in which the rules are tried.
 */

#include <stdbool.h>

#include "base/prefix.h"
#include "sluice/abi.h"

#define RULE_MAX_ID 65535
#define RULE_MAX_COUNT 4096 /* rules of the classifier */

struct rule {
	uint32_t mark; /* 1 .. */
	uint16_t id; /* 1 .. RULE_MAX_ID, each once */
	uint16_t first_port; /* destination ports, host order; 0 to 65535: any, portless packets too */
	uint16_t last_port;
	uint8_t proto; /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP; 0: any */
	bool has_dst;
	bool has_src;
	struct prefix dst;
	struct prefix src;
};

/* Why a rule can't be: a sentence, or NULL if it can. */
const char *rule_wrong(const struct rule *rule);

#endif
