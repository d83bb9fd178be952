/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_DIFF_H
#define SLUICED_DIFF_H
/* What a transaction changed in the end: one item for each thing that is not as it was before. Valid until the transaction's end. */

#include "sluiced/model/txn.h"

enum diff_kind { DIFF_ADD, DIFF_EDIT, DIFF_DELETE };

enum diff_what { DIFF_SVC, DIFF_DEST, DIFF_TIMEOUTS, DIFF_SETTING, DIFF_MARK, DIFF_SYNC };

struct diff_item {
	enum diff_kind kind;
	enum diff_what what;
	const struct txn_rec *rec; /* the first that changed it */
	const struct svc_conf *svc_was, *svc_is;
	const struct dest_conf *dest_was, *dest_is;
	const struct model *model; /* as it is now */
};

struct diff {
	struct diff_item *items;
	size_t count;
};

/* 0 or -ENOMEM. */
int diff_init(struct diff *ret_diff, const struct txn *txn);
void diff_fini(struct diff *diff);

#define DIFF_TEXT 256
/* One line: "+ tcp 192.0.2.1:80 -> 192.0.2.11:80 Masq weight 1"; returns `text`. */
const char *diff_text(const struct diff_item *item, char text[DIFF_TEXT]);

#endif
