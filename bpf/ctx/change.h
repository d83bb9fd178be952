/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICE_CTX_CHANGE_H
#define SLUICE_CTX_CHANGE_H
/* One end of a flow before and after NAT. */

#include "sluice/abi.h"

struct ctx_change {
	struct sl_addr from;
	struct sl_addr to;
	__be16 from_port;
	__be16 to_port;
};

#endif
