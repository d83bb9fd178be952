/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_IPVSADM_TAKE_H
#define CLI_IPVSADM_TAKE_H
/*
 * DOC: the table of ipvsadm's options
 *
 * What an option is called, whether it has an argument, and what the argument means. args.c walks the command line with it.
 */

#include "cli/ipvsadm/ipvsadm.h"

#define ADM_MAX_TIMEOUT (86400 * 31)

/* Takes an option's argument (NULL: none was given) into the command; `value` is from the option's row. 0, or the exit status. */
typedef int adm_take_fn(struct adm_command *c, const char *arg, int value, struct adm_error *ret_error);

/* cmd: the row is a command, good as the first option only. opt: may be given once, is noted in options. take: NULL: noted, no more. */
struct adm_row {
	const char *name;
	char letter;
	unsigned arg; /* of popt */
	enum adm_cmd cmd;
	enum adm_opt opt;
	adm_take_fn *take;
	int value;
};

#define ADM_ROWS 64
extern const struct adm_row adm_rows[ADM_ROWS]; /* those after the last have no name */

int adm_take_seconds(const char *arg, int min, int *ret_seconds, struct adm_error *ret_error);

#endif
