/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_OUTPUT_PROC_H
#define CLI_OUTPUT_PROC_H
/*
 * DOC: the texts of /proc/net/ip_vs*
 *
 * What IPVS shows there, column for column, made from the control socket's answers, for the programs that read those files. A text is a
 * method's answer, or for a method that comes in pages (docs/api.md, "next") the answers one after the other.
 *
 * Two things can't be the same: the order, which there is that of a hash table and here newest first; and the unit of the persistence
 * timeout in ip_vs, which there is a tick of the kernel (1/250 s in Debian's) and is counted so here as well.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct output_proc {
	const char *name; /* of the file: "ip_vs" */
	const char *text; /* what it shows, in a few words */
	const char *method; /* whose answers it is made of; NULL: none */
	bool paged;
	const char *title;
	void (*answer)(FILE *out, const json_t *answer); /* NULL: there is only the title */
};

extern const struct output_proc output_procs[]; /* up to one without a name */

/* The text of that name, or NULL. */
const struct output_proc *output_proc_find(const char *name);

#endif
