/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_IPVSADM_LIST_H
#define CLI_IPVSADM_LIST_H
/*
 * DOC: the forms in which the table is printed
 *
 * A format is a title, a way to print a service and a way to print a server.
 */

#include "cli/ipvsadm/ipvsadm.h"

struct listing {
	const struct adm_format *format;
	bool numeric, exact, sort, strict;
	const struct adm_entry *service; /* whose servers are being printed */
};

struct adm_format {
	enum adm_opt opt; /* asked for by; OPT_NONE: always */
	const char *title;
	bool sums; /* shows counters or rates */
	void (*service)(const struct listing *list, const struct adm_entry *service);
	void (*server)(const struct listing *list, const struct adm_entry *server);
};

extern const struct adm_format adm_rule_format; /* rule.c: commands that make the table */

/* info.c: 0, or the exit status and *ret_error */
int adm_list_timeouts(struct client *client, struct adm_error *ret_error);
int adm_list_daemons(struct client *client, struct adm_error *ret_error);

/* Members of the daemon's objects; 0 and "" when there is none. */
long long adm_number_of(const json_t *object, const char *name);
const char *adm_string_of(const json_t *object, const char *name);

/* flags.c: the words of a service's flags that its scheduler knows, separated by commas. Returns whether any bit is set. */
#define ADM_FLAGS_SIZE 64
bool adm_flags_text(const json_t *service, char ret_text[ADM_FLAGS_SIZE]);

/* The persistence mask as text; "" when it is every single address. */
#define ADM_MASK_SIZE 16
void adm_mask_text(const struct adm_entry *service, char ret_text[ADM_MASK_SIZE]);

#endif
