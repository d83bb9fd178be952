// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: ipvsadm's command line
 *
 * libpopt, which the original uses too, does the splitting, so that bundles, `--opt=value`, abbreviations that are not accepted and the
 * texts of its errors are the same. The first option must be a command.
 */
#include "cli/ipvsadm/take.h"

#include <popt.h>
#include <stdlib.h>

/* popt's own table, made from ours; an option's value is its row's number plus 1. */
static const struct poptOption *popt_table(void)
{
	static struct poptOption table[ADM_ROWS + 1];

	for (size_t i = 0; i < ADM_ROWS && adm_rows[i].name; i++) {
		table[i].longName = adm_rows[i].name;
		table[i].shortName = adm_rows[i].letter;
		table[i].argInfo = adm_rows[i].arg;
		table[i].val = i + 1;
	}
	return table;
}

static int take_option(poptContext popt, const struct adm_row *row, struct adm_command *c, struct adm_error *ret_error)
{
	char *arg;
	int status = 0;

	if (row->opt != OPT_NONE) {
		if (c->options & BIT(row->opt))
			return adm_fail(ret_error, "multiple '%s' options specified", adm_opt_names[row->opt]);
		c->options |= BIT(row->opt);
	}
	arg = poptGetOptArg(popt);
	if (row->take)
		status = row->take(c, arg, row->value, ret_error);
	free(arg);
	return status;
}

static int parse_set(poptContext popt, struct adm_command *c, struct adm_error *ret_error)
{
	const char *args[3];

	for (int i = 0; i < 3; i++) {
		args[i] = poptGetArg(popt);
		if (!args[i])
			return adm_fail(ret_error, "--set option requires 3 timeout values");
	}
	for (int i = 0; i < 3; i++) {
		int status = adm_take_seconds(args[i], 0, &c->timeouts[i], ret_error);

		if (status)
			return status;
	}
	return 0;
}

static int parse_rest(poptContext popt, struct adm_command *c, struct adm_error *ret_error)
{
	const char *arg;
	int tag;

	while ((tag = poptGetNextOpt(popt)) > 0) {
		const struct adm_row *row = &adm_rows[tag - 1];
		int status;

		if (row->cmd != ADM_NONE)
			return adm_fail(ret_error, "invalid option `%s'", poptBadOption(popt, POPT_BADOPTION_NOALIAS));
		status = take_option(popt, row, c, ret_error);
		if (status)
			return status;
	}
	if (tag < -1)
		return adm_refuse(ret_error, "%s: %s", poptBadOption(popt, POPT_BADOPTION_NOALIAS), poptStrerror(tag));
	if (c->cmd == ADM_SET) {
		int status = parse_set(popt, c, ret_error);

		if (status)
			return status;
	}
	arg = poptGetArg(popt);
	return arg ? adm_fail(ret_error, "unexpected argument %s", arg) : 0;
}

static int parse(poptContext popt, const char *program, struct adm_command *c, struct adm_error *ret_error)
{
	int tag = poptGetNextOpt(popt), status;

	if (tag <= 0 || adm_rows[tag - 1].cmd == ADM_NONE)
		return adm_try_help(ret_error, program);
	c->cmd = adm_rows[tag - 1].cmd;
	if (c->cmd == ADM_HELP || c->cmd == ADM_VERSION)
		return 0;
	status = take_option(popt, &adm_rows[tag - 1], c, ret_error);
	return status ? status : parse_rest(popt, c, ret_error);
}

/* What a server's address takes from its service. */
static void settle_server(struct adm_command *c)
{
	if (!c->srv.at.has_port)
		c->srv.at.port = c->svc.at.port;
	if (c->cmd != ADM_DEL_SERVER && !c->svc.fwmark && c->srv.fwd != ADM_MASQ)
		c->srv.at.port = c->svc.at.port; /* a packet that is not rewritten keeps its port */
}

int adm_parse(int argc, char **argv, struct adm_command *ret_command, struct adm_error *ret_error)
{
	struct adm_command c = {.srv = {.weight = 1, .fwd = ADM_ROUTE}, .sync = {.id = -1, .maxlen = -1, .port = -1, .ttl = -1}};
	poptContext popt = poptGetContext("ipvsadm", argc, (const char **)argv, popt_table(), 0);
	int status;

	if (!popt)
		return adm_fail(ret_error, "Memory allocation problem");
	status = parse(popt, argv[0], &c, ret_error);
	poptFreeContext(popt);
	if (status == 0) {
		settle_server(&c);
		*ret_command = c;
	}
	return status;
}
