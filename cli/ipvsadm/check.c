// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: is the command a legal one?
 *
 * The checks come in ipvsadm's order, because the first one that fails is the one whose message is printed.
 */
#include "cli/ipvsadm/ipvsadm.h"

#include <string.h>

static bool is_given(const struct adm_command *c, int opt)
{
	return c->options & BIT(opt);
}

/* Walks the options in their order. `kind` names what the rule belongs to: "command" or "tunnel type". */
static int check_rule(const struct adm_command *c, const struct adm_rule *rule, int first, const char *kind, struct adm_error *ret_error)
{
	int exclusive = OPT_NONE;

	for (int opt = first; opt < ADM_OPTS; opt++) {
		const char *name = adm_opt_names[opt];

		if (!is_given(c, opt)) {
			if (rule->needed & BIT(opt))
				return adm_fail(ret_error, "You need to supply the '%s' option for the '%s' %s", name, rule->name, kind);
			continue;
		}
		if (!((rule->needed | rule->allowed | rule->exclusive) & BIT(opt)))
			return adm_fail(ret_error, "Illegal '%s' option with the '%s' %s", name, rule->name, kind);
		if (!(rule->exclusive & BIT(opt)))
			continue;
		if (exclusive != OPT_NONE)
			return adm_fail(ret_error, "The option '%s' conflicts with the '%s' option in the '%s' %s", name,
			    adm_opt_names[exclusive], rule->name, kind);
		exclusive = opt;
	}
	return 0;
}

static int check_sched_flags(const struct adm_command *c, struct adm_error *ret_error)
{
	char list[sizeof(c->svc.flag_words)], *save, *word;

	memcpy(list, c->svc.flag_words, sizeof(list));
	for (word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		const char *sched = adm_flag_sched(word);

		if (adm_flag_bit(word) < 0)
			return adm_fail(ret_error, "invalid scheduler flag `%s'", word);
		if (sched && strcmp(c->svc.sched, sched) != 0)
			return adm_fail(ret_error, "incompatible scheduler flag `%s'", word);
	}
	return 0;
}

static int check_service(const struct adm_command *c, struct adm_error *ret_error)
{
	if (!c->svc.fwmark && !c->svc.at.port && !is_given(c, OPT_PERSISTENT))
		return adm_fail(ret_error, "Zero port specified for non-persistent service");
	if (c->svc.one_packet && !c->svc.fwmark && c->svc.proto != IPPROTO_UDP)
		return adm_fail(ret_error, "One-Packet Scheduling is only for UDP virtual services");
	return 0;
}

static int check_server(const struct adm_command *c, struct adm_error *ret_error)
{
	const uint64_t tun = BIT(OPT_TUN_TYPE) | BIT(OPT_TUN_PORT) | BIT(OPT_TUN_NOCSUM) | BIT(OPT_TUN_CSUM) | BIT(OPT_TUN_REMCSUM);

	if (c->srv.at.af != c->svc.at.af && c->srv.fwd != ADM_TUNNEL)
		return adm_fail(ret_error, "Different address family is allowed only for tunneling servers");
	if (c->options & tun && c->srv.fwd != ADM_TUNNEL)
		return adm_fail(ret_error, "Tunnel options conflict with forward method");
	return check_rule(&(struct adm_command){.options = c->options & (tun & ~BIT(OPT_TUN_TYPE))}, adm_tun_rule(c->srv.tun), OPT_TUN_PORT,
	    "tunnel type", ret_error);
}

static int check_list(const struct adm_command *c, struct adm_error *ret_error)
{
	const uint64_t other = BIT(OPT_TIMEOUT) | BIT(OPT_DAEMON);
	const uint64_t columns = BIT(OPT_STATS) | BIT(OPT_RATE) | BIT(OPT_THRESHOLDS);

	if ((c->options & (other | BIT(OPT_CONNECTION)) && c->options & columns) ||
	    (c->options & other && is_given(c, OPT_PERSISTENT_CONN)))
		return adm_fail(ret_error, "options conflicts in the list command");
	return 0;
}

int adm_check(const struct adm_command *c, struct adm_error *ret_error)
{
	int status;

	if (c->cmd == ADM_HELP || c->cmd == ADM_VERSION)
		return 0;
	status = check_sched_flags(c, ret_error);
	if (status == 0)
		status = check_rule(c, adm_rule(c->cmd), 0, "command", ret_error);
	if (status == 0 && (c->cmd == ADM_ADD || c->cmd == ADM_EDIT))
		status = check_service(c, ret_error);
	if (status == 0 && (c->cmd == ADM_ADD_SERVER || c->cmd == ADM_EDIT_SERVER))
		status = check_server(c, ret_error);
	if (status == 0 && c->cmd == ADM_LIST)
		status = check_list(c, ret_error);
	return status;
}
