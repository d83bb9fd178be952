// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: which options go with which command
 *
 * The table of ipvsadm's legal combinations. An option that is neither needed nor allowed nor exclusive is illegal; of the
 * exclusive ones a command takes one at most.
 */
#include "cli/ipvsadm/ipvsadm.h"

const char *const adm_opt_names[ADM_OPTS] = {
    [OPT_NUMERIC] = "numeric",
    [OPT_CONNECTION] = "connection",
    [OPT_SERVICE] = "service-address",
    [OPT_SCHEDULER] = "scheduler",
    [OPT_PERSISTENT] = "persistent",
    [OPT_NETMASK] = "netmask",
    [OPT_SERVER] = "real-server",
    [OPT_FORWARD] = "forwarding-method",
    [OPT_WEIGHT] = "weight",
    [OPT_UTHRESHOLD] = "u-threshold",
    [OPT_LTHRESHOLD] = "l-threshold",
    [OPT_MCAST] = "mcast-interface",
    [OPT_TIMEOUT] = "timeout",
    [OPT_DAEMON] = "daemon",
    [OPT_STATS] = "stats",
    [OPT_RATE] = "rate",
    [OPT_THRESHOLDS] = "thresholds",
    [OPT_PERSISTENT_CONN] = "persistent-conn",
    [OPT_NOSORT] = "nosort",
    [OPT_SYNCID] = "syncid",
    [OPT_EXACT] = "exact",
    [OPT_OPS] = "ops",
    [OPT_PE] = "pe",
    [OPT_SCHED_FLAGS] = "sched-flags",
    [OPT_MCAST_GROUP] = "mcast-group",
    [OPT_MCAST_PORT] = "mcast-port",
    [OPT_MCAST_TTL] = "mcast-ttl",
    [OPT_SYNC_MAXLEN] = "sync-maxlen",
    [OPT_TUN_INFO] = "tun-info",
    [OPT_TUN_TYPE] = "tun-type",
    [OPT_TUN_PORT] = "tun-port",
    [OPT_TUN_NOCSUM] = "tun-nocsum",
    [OPT_TUN_CSUM] = "tun-csum",
    [OPT_TUN_REMCSUM] = "tun-remcsum",
    [OPT_STRICT] = "strict",
};

#define SERVICE_OPTS (BIT(OPT_SCHEDULER) | BIT(OPT_PERSISTENT) | BIT(OPT_NETMASK) | BIT(OPT_OPS) | BIT(OPT_PE) | BIT(OPT_SCHED_FLAGS))
#define TUN_OPTS (BIT(OPT_TUN_TYPE) | BIT(OPT_TUN_PORT) | BIT(OPT_TUN_NOCSUM) | BIT(OPT_TUN_CSUM) | BIT(OPT_TUN_REMCSUM))
#define SERVER_OPTS (BIT(OPT_FORWARD) | BIT(OPT_WEIGHT) | BIT(OPT_UTHRESHOLD) | BIT(OPT_LTHRESHOLD) | TUN_OPTS)
#define LIST_OPTS                                                                                                               \
	(BIT(OPT_NUMERIC) | BIT(OPT_STATS) | BIT(OPT_RATE) | BIT(OPT_THRESHOLDS) | BIT(OPT_PERSISTENT_CONN) | BIT(OPT_NOSORT) | \
	    BIT(OPT_SYNCID) | BIT(OPT_EXACT) | BIT(OPT_TUN_INFO))
#define LIST_ONE (BIT(OPT_CONNECTION) | BIT(OPT_SERVICE) | BIT(OPT_TIMEOUT) | BIT(OPT_DAEMON))
#define MCAST_OPTS \
	(BIT(OPT_MCAST) | BIT(OPT_SYNCID) | BIT(OPT_MCAST_GROUP) | BIT(OPT_MCAST_PORT) | BIT(OPT_MCAST_TTL) | BIT(OPT_SYNC_MAXLEN))

static const struct adm_rule rules[] = {
    [ADM_ADD] = {"add-service", BIT(OPT_SERVICE), SERVICE_OPTS, 0},
    [ADM_EDIT] = {"edit-service", BIT(OPT_SERVICE), SERVICE_OPTS, 0},
    [ADM_DEL] = {"delete-service", BIT(OPT_SERVICE), 0, 0},
    [ADM_FLUSH] = {"flush", 0, 0, 0},
    [ADM_LIST] = {"list", 0, LIST_OPTS, LIST_ONE},
    [ADM_ADD_SERVER] = {"add-server", BIT(OPT_SERVICE) | BIT(OPT_SERVER), SERVER_OPTS, 0},
    [ADM_DEL_SERVER] = {"delete-server", BIT(OPT_SERVICE) | BIT(OPT_SERVER), 0, 0},
    [ADM_EDIT_SERVER] = {"edit-server", BIT(OPT_SERVICE) | BIT(OPT_SERVER), SERVER_OPTS, 0},
    [ADM_SET] = {"set", 0, 0, 0},
    [ADM_START_DAEMON] = {"start-daemon", 0, MCAST_OPTS, 0},
    [ADM_STOP_DAEMON] = {"stop-daemon", 0, BIT(OPT_SYNCID), 0},
    [ADM_RESTORE] = {"restore", 0, 0, 0},
    [ADM_SAVE] = {"save", 0, BIT(OPT_NUMERIC) | BIT(OPT_STRICT), 0},
    [ADM_ZERO] = {"zero", 0, BIT(OPT_SERVICE), 0},
};

static const struct adm_rule tun_rules[] = {
    [ADM_IPIP] = {"ipip", 0, 0, 0},
    [ADM_GUE] = {"gue", BIT(OPT_TUN_PORT), 0, BIT(OPT_TUN_NOCSUM) | BIT(OPT_TUN_CSUM) | BIT(OPT_TUN_REMCSUM)},
    [ADM_GRE] = {"gre", 0, 0, BIT(OPT_TUN_NOCSUM) | BIT(OPT_TUN_CSUM)},
};

const struct adm_rule *adm_rule(enum adm_cmd cmd)
{
	return &rules[cmd];
}

const struct adm_rule *adm_tun_rule(enum adm_tun tun)
{
	return &tun_rules[tun];
}
