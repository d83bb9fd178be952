// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/sluice.h"

#include <string.h>

const struct sluice_name sluice_schedulers[] = {
    {"rr", "one after the other"},
    {"wrr", "one after the other, by weight"},
    {"lc", "fewest connections"},
    {"wlc", "fewest connections by weight (the default)"},
    {"lblc", "by destination, fewest connections"},
    {"lblcr", "by destination, a set of servers"},
    {"dh", "hash of the destination"},
    {"sh", "hash of the source"},
    {"sed", "shortest expected delay"},
    {"nq", "an idle server, else the shortest delay"},
    {"fo", "the heaviest that is up"},
    {"ovf", "the heaviest until it is full"},
    {"mh", "Maglev hash of the source"},
    {"twos", "the better of two that are drawn"},
    {},
};

const struct sluice_name sluice_flags[] = {
    {"none", "no flag"},
    {"sh-fallback", "sh: another server where the chosen one is not to be had"},
    {"sh-port", "sh: the source port counts too"},
    {"mh-fallback", "mh: another server where the chosen one is not to be had"},
    {"mh-port", "mh: the source port counts too"},
    {"flag-1", "the scheduler's first flag"},
    {"flag-2", "the scheduler's second flag"},
    {"flag-3", "the scheduler's third flag"},
    {},
};

const struct sluice_name sluice_protocols[] = {
    {"tcp", "a TCP service: tcp ADDRESS:PORT"},
    {"udp", "a UDP service: udp ADDRESS:PORT"},
    {"sctp", "an SCTP service: sctp ADDRESS:PORT"},
    {"mark", "IPv4 packets with a firewall mark: mark NUMBER"},
    {"mark6", "IPv6 packets with a firewall mark: mark6 NUMBER"},
    {},
};

const struct sluice_name sluice_methods[] = {
    {"nat", "network address translation; replies come back through the director"},
    {"dr", "direct routing; replies go straight to the client"},
    {"tun", "a tunnel to the server; replies go straight to the client"},
    {},
};

const struct sluice_name sluice_states[] = {
    {"NONE", NULL},
    {"ESTABLISHED", NULL},
    {"SYN_SENT", NULL},
    {"SYN_RECV", NULL},
    {"FIN_WAIT", NULL},
    {"TIME_WAIT", NULL},
    {"CLOSE", NULL},
    {"CLOSE_WAIT", NULL},
    {"LAST_ACK", NULL},
    {"LISTEN", NULL},
    {"SYNACK", NULL},
    {"UDP", NULL},
    {"ASSURED", "a template that connections have confirmed"},
    {},
};

/* Under /proc/sys/net/ipv4/vs, then our own; for completion and "did you mean". What there is, the daemon says. */
const struct sluice_name sluice_settings_names[] = {
#define X(NAME, number, name, value, least, most, unit) {name, NULL},
#include "sluice/sysctl.def"
#undef X
    {},
};

static const struct {
	const char *text, *api;
} methods[] = {{"nat", "masq"}, {"dr", "route"}, {"tun", "tunnel"}};
#define METHODS (sizeof(methods) / sizeof(methods[0]))

const struct sluice_name *sluice_name_find(const struct sluice_name *names, const char *name)
{
	for (; names->name; names++)
		if (strcmp(names->name, name) == 0)
			return names;
	return NULL;
}

bool sluice_flag_fits(const char *flag, const char *scheduler)
{
	size_t len = strcspn(flag, "-");

	return strncmp(flag, "flag-", 5) == 0 || (strlen(scheduler) == len && strncmp(flag, scheduler, len) == 0);
}

const char *sluice_method_api(const char *method)
{
	for (size_t i = 0; i < METHODS; i++)
		if (strcmp(methods[i].text, method) == 0)
			return methods[i].api;
	return method;
}
