/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_IPVSADM_H
#define CLI_IPVSADM_H
/*
 * DOC: ipvsadm, the command everybody's scripts call
 *
 * A command line (or a line that -R reads) goes three ways:
 *
 *   args.c    the options, parsed by libpopt as the original's are, into a struct adm_command (take.c: what each of them means)
 *   check.c   which options go with which command (options.c has the table) and what the values must satisfy
 *   run.c     the command itself: a change becomes an operation of the control socket's `change` (change.c), a listing is asked for and
 *             printed (list.c, rule.c, conns.c), -R makes one transaction of many lines (restore.c)
 *
 * Words, columns and exit codes are ipvsadm 1.31's; tests/golden/ipvsadm holds them. An error has a text and an exit status and is printed
 * where the command line ends (run.c): args.c and check.c print nothing, so that -R can say which line it was.
 *
 * Exit status: 0 done; 1 a listing could not be made; 2 wrong usage, no daemon, or not built yet; 255 the daemon refused a change,
 * or an option lacks its argument.
 */

#include <jansson.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct client;

enum adm_cmd {
	ADM_NONE,
	ADM_ADD,
	ADM_EDIT,
	ADM_DEL,
	ADM_FLUSH,
	ADM_LIST,
	ADM_ADD_SERVER,
	ADM_DEL_SERVER,
	ADM_EDIT_SERVER,
	ADM_SET,
	ADM_START_DAEMON,
	ADM_STOP_DAEMON,
	ADM_RESTORE,
	ADM_SAVE,
	ADM_ZERO,
	ADM_HELP,
	ADM_VERSION,
};

/* In the order in which ipvsadm looks for a wrong one. */
enum adm_opt {
	OPT_NUMERIC,
	OPT_CONNECTION,
	OPT_SERVICE,
	OPT_SCHEDULER,
	OPT_PERSISTENT,
	OPT_NETMASK,
	OPT_SERVER,
	OPT_FORWARD,
	OPT_WEIGHT,
	OPT_UTHRESHOLD,
	OPT_LTHRESHOLD,
	OPT_MCAST,
	OPT_TIMEOUT,
	OPT_DAEMON,
	OPT_STATS,
	OPT_RATE,
	OPT_THRESHOLDS,
	OPT_PERSISTENT_CONN,
	OPT_NOSORT,
	OPT_SYNCID,
	OPT_EXACT,
	OPT_OPS,
	OPT_PE,
	OPT_SCHED_FLAGS,
	OPT_MCAST_GROUP,
	OPT_MCAST_PORT,
	OPT_MCAST_TTL,
	OPT_SYNC_MAXLEN,
	OPT_TUN_INFO,
	OPT_TUN_TYPE,
	OPT_TUN_PORT,
	OPT_TUN_NOCSUM,
	OPT_TUN_CSUM,
	OPT_TUN_REMCSUM,
	OPT_STRICT, /* ours */
	ADM_OPTS,
	OPT_NONE = -1,
};

#define BIT(opt) (1ULL << (opt))

enum adm_fwd { ADM_MASQ, ADM_TUNNEL, ADM_ROUTE };
enum adm_tun { ADM_IPIP, ADM_GUE, ADM_GRE };
enum adm_csum { ADM_NOCSUM, ADM_CSUM, ADM_REMCSUM };

/* Scheduler flags: three bits whose names depend on the scheduler. */
#define ADM_SCHED_FLAGS 3

/* host[:port] as given. */
struct adm_addr {
	int af; /* AF_INET, AF_INET6, 0: none */
	union {
		struct in_addr in;
		struct in6_addr in6;
	};
	uint16_t port; /* host order */
	bool has_port;
};

struct adm_service {
	int proto; /* IPPROTO_TCP, _UDP, _SCTP; _IP: a firewall mark or none */
	struct adm_addr at;
	uint32_t fwmark; /* 0: none; at.af is its family */
	char sched[64];
	char flag_words[128]; /* of -b, as given */
	int persist; /* seconds; 0: not persistent */
	char mask[INET_ADDRSTRLEN]; /* of IPv4; "": none was given */
	int prefix; /* of IPv6; 0: none was given */
	char engine[17];
	bool one_packet;
};

struct adm_server {
	struct adm_addr at;
	enum adm_fwd fwd;
	int weight, u_threshold, l_threshold;
	enum adm_tun tun;
	int tun_port;
	enum adm_csum csum;
};

/* The synchronisation daemon; what is empty or negative was not given. */
struct adm_sync {
	const char *role; /* "master" or "backup" */
	char interface[16], group[INET6_ADDRSTRLEN];
	int id, maxlen, port, ttl;
};

struct adm_command {
	enum adm_cmd cmd;
	uint64_t options; /* BIT(enum adm_opt) */
	struct adm_service svc;
	struct adm_server srv;
	struct adm_sync sync;
	int timeouts[3]; /* tcp, tcpfin, udp; seconds; 0: leave */
};

struct adm_error {
	char *text; /* a line without its end; NULL: nothing to say */
	int status; /* exit status, 0: no error */
};

/* options.c: what may be combined */
struct adm_rule {
	const char *name; /* of the command in messages */
	uint64_t needed, allowed, exclusive; /* options; all others are illegal */
};
extern const char *const adm_opt_names[ADM_OPTS];
const struct adm_rule *adm_rule(enum adm_cmd cmd); /* commands from ADM_ADD to ADM_ZERO */
const struct adm_rule *adm_tun_rule(enum adm_tun tun);

/* error.c: set *ret_error (its old text must be NULL) and return its status */
int adm_fail(struct adm_error *ret_error, const char *format, ...) __attribute__((format(printf, 2, 3))); /* 2 */
int adm_refuse(struct adm_error *ret_error, const char *format, ...) __attribute__((format(printf, 2, 3))); /* 255 */
int adm_try_help(struct adm_error *ret_error, const char *program); /* 255 */
void adm_error_free(struct adm_error *error);

/* args.c, check.c: 0 and *ret_command, or the exit status and *ret_error. argv[0] is the program's name. */
int adm_parse(int argc, char **argv, struct adm_command *ret_command, struct adm_error *ret_error);
int adm_check(const struct adm_command *command, struct adm_error *ret_error);

/* addr.c: 0 or -EINVAL. `text` is host[:port], [v6]:port or a bare v6 address; names and services are looked up. */
int adm_addr_parse(const char *text, int proto, struct adm_addr *ret_addr);
/* An object with "addr" and "port" of the daemon's; false: it is none. */
bool adm_addr_json(const json_t *object, struct adm_addr *ret_addr);
/* A whole decimal number min..max, else -ERANGE. */
int adm_number_parse(const char *text, long min, long max, int *ret_number);

/* usage.c */
void adm_usage(FILE *out, const char *program);
void adm_version(FILE *out);

/* names.c: addr:port in names (numeric: in numbers), cut to 59 characters as ever. */
#define ADM_NAME_SIZE 60
void adm_name(const struct adm_addr *addr, int proto, bool numeric, char ret_name[ADM_NAME_SIZE]);
int adm_proto_number(const char *name); /* "tcp" -> IPPROTO_TCP; 0: none of ours */
const char *adm_proto_name(int proto); /* IPPROTO_TCP -> "tcp"; NULL: none of ours */
const char *adm_proto_label(int proto); /* IPPROTO_TCP -> "TCP"; "IP" for all others */

/* largenum.c: a counter in at least 9 columns, shortened with K, M, G, T unless exact. */
#define ADM_NUMBER_SIZE 32
void adm_largenum(unsigned long long number, bool exact, char ret_text[ADM_NUMBER_SIZE]);

/* order.c: ipvsadm's order, by differences of int that wrap: 192.0.2.1 stands before 10.0.0.1. */
struct adm_entry {
	int proto; /* of a service; 0 for a mark and for a server */
	uint32_t fwmark;
	struct adm_addr at; /* of a mark only the family */
	json_t *json; /* borrowed */
};
int adm_order_services(const void *a, const void *b); /* for qsort() over struct adm_entry */
int adm_order_servers(const void *a, const void *b);

/* change.c: sets what names the service in an object: proto, addr and port, or fwmark and family */
void adm_service_json(json_t *object, const struct adm_service *svc);
/* The operation of `change` that a command is (a new reference; NULL: the command changes nothing). */
json_t *adm_change_op(const struct adm_command *command);
/* What ipvsadm says when `cmd` ends with that errno ("ESRCH"); NULL: nothing of its own. */
const char *adm_words(enum adm_cmd cmd, const char *name);
/* What the daemon's refusal of an operation of `cmd` is in ipvsadm's words. Returns the exit status. */
int adm_change_error(enum adm_cmd cmd, const struct client *client, struct adm_error *ret_error);

/* flags.c: the word for bit 0..2 of a scheduler's flags; the bit of a word, of whatever scheduler, or -1. */
const char *adm_flag_word(const char *sched, int bit);
int adm_flag_bit(const char *word);
const char *adm_flag_sched(const char *word); /* the scheduler that a word belongs to; NULL: any */

/* list.c, conns.c: print to stdout; 0 or the exit status and *ret_error. adm_list() also saves and shows timeouts and daemons. */
int adm_list(struct client *client, const struct adm_command *command, struct adm_error *ret_error);
int adm_list_conns(struct client *client, const struct adm_command *command, struct adm_error *ret_error);
int adm_list_failed(const struct client *client, int err, struct adm_error *ret_error); /* client_call() gave err */

/* error.c: a call to the daemon failed with err (client_call()); `status` is the exit status when the daemon merely refused. */
int adm_call_failed(const struct client *client, int err, int status, struct adm_error *ret_error);

/* restore.c: lines of `in`, each a command, as one transaction; clear: the table is emptied first, in the same transaction. */
int adm_restore(struct client *client, FILE *in, const char *program, bool clear);

/* run.c */
int adm_run(struct client *client, const struct adm_command *command, const char *program, struct adm_error *ret_error);
int adm_main(int argc, char **argv); /* ipvsadm; argv[0] is the name in messages */
int adm_save_main(int argc, char **argv); /* ipvsadm-save */
int adm_restore_main(int argc, char **argv); /* ipvsadm-restore */
int adm_ippfvsadm_main(int argc, char **argv); /* ippfvsadm, the ancestor */

#endif
