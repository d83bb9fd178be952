// SPDX-License-Identifier: GPL-2.0-or-later
/* Command lines and what becomes of them: a legal one its fields, a wrong one its message and exit status. */
#include "tests/unit/cli/test.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ipvsadm/ipvsadm.h"

#define MAX_WORDS 64

/* Splits at blanks; '' is an empty word. */
static int parse_line(const char *line, struct adm_command *ret_command, struct adm_error *ret_error)
{
	char *copy = strdup(line), *argv[MAX_WORDS], *save, *word;
	int argc = 0, status;

	argv[argc++] = "ipvsadm";
	for (word = strtok_r(copy, " ", &save); word && argc < MAX_WORDS - 1; word = strtok_r(NULL, " ", &save))
		argv[argc++] = strcmp(word, "''") == 0 ? "" : word;
	argv[argc] = NULL;
	status = adm_parse(argc, argv, ret_command, ret_error);
	if (status == 0)
		status = adm_check(ret_command, ret_error);
	free(copy);
	return status;
}

#define TRY "Try `ipvsadm -h' or 'ipvsadm --help' for more information."

static const struct wrong {
	const char *line, *text;
	int status;
} wrong_lines[] = {
    {"", TRY, 255},
    {"-t 192.0.2.1:80", TRY, 255},
    {"word", TRY, 255},
    {"--add-serv -t 192.0.2.1:80", TRY, 255},
    {"-A -t", "-t: missing argument", 255},
    {"-A --tcp-service", "--tcp-service: missing argument", 255},
    {"-A -t 192.0.2.1:80 -q", "-q: unknown option", 255},
    {"-A -t 192.0.2.1:80 --sched rr", "--sched: unknown option", 255},
    {"-A -t 192.0.2.1:80 -L", "invalid option `-L'", 2},
    {"-A -t 192.0.2.1:80 word", "unexpected argument word", 2},
    {"-A -t 80", "illegal virtual server address[:port] specified", 2},
    {"-A -t 192.0.2.1:65536", "illegal virtual server address[:port] specified", 2},
    {"-A -t 192.0.2.1:-1", "illegal virtual server address[:port] specified", 2},
    {"-A -t 192.0.2.1:no-such-service", "illegal virtual server address[:port] specified", 2},
    {"-A -t [2001:db8::1]", "illegal virtual server address[:port] specified", 2},
    {"-A -t [2001:db8::1]80", "illegal virtual server address[:port] specified", 2},
    {"-A -t [2001:db8::1", "illegal virtual server address[:port] specified", 2},
    {"-A -t 192.0.2.1", "Zero port specified for non-persistent service", 2},
    {"-A -t 192.0.2.1:0", "Zero port specified for non-persistent service", 2},
    {"-A -t 2001:db8::1", "Zero port specified for non-persistent service", 2},
    {"-A -t 192.0.2.1:80 -o", "One-Packet Scheduling is only for UDP virtual services", 2},
    {"-A -f 0", "invalid fwmark value `0' specified", 2},
    {"-A -f 4294967296", "invalid fwmark value `4294967296' specified", 2},
    {"-A -6", "-6 used before -f\n", 2},
    {"-A -t 192.0.2.1:80 -p 0", "invalid timeout value `0' specified", 2},
    {"-A -t 192.0.2.1:80 -p 2678401", "invalid timeout value `2678401' specified", 2},
    {"-A -t 192.0.2.1:80 -M word", "illegal virtual server persistent mask specified", 2},
    {"-A -t [2001:db8::1]:80 -M 129", "illegal ipv6 netmask specified", 2},
    {"-a -t 192.0.2.1:80 -r 8080", "illegal real server address[:port] specified", 2},
    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -w -1", "illegal weight specified", 2},
    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -w 2147483648", "illegal weight specified", 2},
    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -w 1x", "illegal weight specified", 2},
    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -x -1", "illegal u_threshold specified", 2},
    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -y x", "illegal l_threshold specified", 2},
    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -m -g", "multiple 'forwarding-method' options specified", 2},
    {"-a -t 192.0.2.1:80 -r 2001:db8::11 -m", "Different address family is allowed only for tunneling servers", 2},
    {"-S -n -n", "multiple 'numeric' options specified", 2},
    {"-L -c -t 192.0.2.1:80", "The option 'service-address' conflicts with the 'connection' option in the 'list' command", 2},
    {"--set 1 2 x", "invalid timeout value `x' specified", 2},
    {"-A -t 192.0.2.1:80 -b ,,x", "invalid scheduler flag `x'", 2},
    {"-A -t 192.0.2.1:80 -b sh-port", "incompatible scheduler flag `sh-port'", 2},
    {"-A -t 192.0.2.1:80 -s sh -b sh-port,mh-port", "incompatible scheduler flag `mh-port'", 2},
    {"-A -f 18446744073709551616", "invalid fwmark value `18446744073709551616' specified", 2},
    {"-A -f -1", "invalid fwmark value `-1' specified", 2},
    {"-A -6 -f 1", "-6 used before -f\n", 2},
    {"-A -t fe80::1%lo", "illegal virtual server address[:port] specified", 2},
    {"-A -t [fe80::1%1]:80", "illegal virtual server address[:port] specified", 2},
    {"-a -t 192.0.2.1:80 -r [fe80::1%eth0]:80 -i", "illegal real server address[:port] specified", 2},
    {"-A -t 192.0.2.1:99999999999999999999", "illegal virtual server address[:port] specified", 2},
    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -w 99999999999999999999", "illegal weight specified", 2},
    {"-A -t 192.0.2.1:80 -p 99999999999999999999", "invalid timeout value `99999999999999999999' specified", 2},
    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -i --tun-type gue", "You need to supply the 'tun-port' option for the 'gue' tunnel type", 2},
    {"-a -t 192.0.2.1:80 -r 192.0.2.11 --tun-csum", "Tunnel options conflict with forward method", 2},
    {"-L -n --strict", "Illegal 'strict' option with the 'list' command", 2},
    {"--stop-daemon other", "illegal start_daemon specified", 2},
};

static void test_wrong(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong_lines); i++) {
		const struct wrong *row = &wrong_lines[i];
		struct adm_command command;
		struct adm_error error = {0};
		int status = parse_line(row->line, &command, &error);

		if (status != row->status || error.status != status || strcmp(error.text, row->text) != 0)
			fail_msg("`ipvsadm %s': \"%s\", status %d", row->line, error.text, status);
		adm_error_free(&error);
	}
}

static void parse_good(const char *line, struct adm_command *ret_command)
{
	struct adm_error error = {0};

	if (parse_line(line, ret_command, &error))
		fail_msg("`ipvsadm %s': \"%s\"", line, error.text);
}

static void test_commands(void **state)
{
	static const struct {
		const char *line;
		enum adm_cmd cmd;
	} rows[] = {
	    {"-A -t 192.0.2.1:80", ADM_ADD},
	    {"--add-service --tcp-service 192.0.2.1:80", ADM_ADD},
	    {"--add-service --tcp-service=192.0.2.1:80", ADM_ADD},
	    {"-At192.0.2.1:80", ADM_ADD},
	    {"-E -u 192.0.2.1:80 -s ''", ADM_EDIT},
	    {"-D -t 192.0.2.1:80", ADM_DEL},
	    {"-C", ADM_FLUSH},
	    {"-Ln --stats", ADM_LIST},
	    {"-lnc", ADM_LIST},
	    {"-Z", ADM_ZERO},
	    {"-Z -t 192.0.2.1:80", ADM_ZERO},
	    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -x 0 -y 0", ADM_ADD_SERVER},
	    {"-e -t 192.0.2.1:80 -r 192.0.2.11 -i --tun-type ipip", ADM_EDIT_SERVER},
	    {"-d -t 192.0.2.1:80 -r 192.0.2.11", ADM_DEL_SERVER},
	    {"--set 1 2 3", ADM_SET},
	    {"-R", ADM_RESTORE},
	    {"-Sn", ADM_SAVE},
	    {"-h whatever -x", ADM_HELP},
	    {"--version", ADM_VERSION},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct adm_command command;

		parse_good(rows[i].line, &command);
		if (command.cmd != rows[i].cmd)
			fail_msg("`ipvsadm %s' is command %d", rows[i].line, command.cmd);
	}
}

static void test_service(void **state)
{
	struct adm_command c;

	parse_good("-A -u [2001:db8::1]:53 -s wrr", &c);
	assert_int_equal(c.svc.proto, IPPROTO_UDP);
	assert_int_equal(c.svc.at.af, AF_INET6);
	assert_int_equal(c.svc.at.port, 53);
	assert_string_equal(c.svc.sched, "wrr");
	assert_true(c.options == (BIT(OPT_SERVICE) | BIT(OPT_SCHEDULER)));
}

static void test_server_defaults(void **state)
{
	struct adm_command c;

	parse_good("-a -t 192.0.2.1:80 -r 192.0.2.11", &c);
	assert_int_equal(c.srv.fwd, ADM_ROUTE);
	assert_int_equal(c.srv.weight, 1);
	assert_int_equal(c.srv.at.port, 80);
	assert_int_equal(ntohl(c.srv.at.in.s_addr), 0xc000020b);
}

static void test_server_port(void **state)
{
	static const struct {
		const char *line;
		int port;
	} rows[] = {
	    {"-a -t 192.0.2.1:80 -r 192.0.2.11:8080 -m", 8080},
	    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -m", 80},
	    {"-a -r 192.0.2.11 -t 192.0.2.1:80 -m", 80}, /* whatever comes first */
	    {"-a -t 192.0.2.1:80 -r 192.0.2.11:8080 -g", 80},
	    {"-a -t 192.0.2.1:80 -r 192.0.2.11:8080 -i", 80},
	    {"-e -t 192.0.2.1:80 -r 192.0.2.11:8080", 80},
	    {"-d -t 192.0.2.1:80 -r 192.0.2.11:8080", 8080},
	    {"-d -t 192.0.2.1:80 -r 192.0.2.11", 80},
	    {"-a -t [2001:db8::1]:80 -r 2001:db8::11 -m", 80},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct adm_command command;

		parse_good(rows[i].line, &command);
		if (command.srv.at.port != rows[i].port)
			fail_msg("`ipvsadm %s': port %d", rows[i].line, command.srv.at.port);
	}
}

/* What a command asks of the daemon. */
static void test_ops(void **state)
{
#define SVC "'proto':'tcp','addr':'192.0.2.1','port':80"
#define SRV "'server':{'addr':'192.0.2.11','port':80}"
	static const struct {
		const char *line, *op;
	} rows[] = {
	    {"-A -t 192.0.2.1:80", "{'op':'service.add'," SVC "}"},
	    {"-A -t 192.0.2.1:80 -s wrr -p", "{'op':'service.add'," SVC ",'sched':'wrr','persist':360}"},
	    {"-A -t 192.0.2.1:80 -p 60 -M 255.255.255.0", "{'op':'service.add'," SVC ",'persist':60,'mask':'255.255.255.0'}"},
	    {"-A -t 192.0.2.1:80 -M 255.255.255.0", "{'op':'service.add'," SVC "}"},
	    {"-E -t [2001:db8::1]:80 -p 60 -M 64",
		"{'op':'service.edit','proto':'tcp','addr':'2001:db8::1','port':80,'persist':60,'mask':64}"},
	    {"-A -u 192.0.2.1:5060 -p 60 --pe sip",
		"{'op':'service.add','proto':'udp','addr':'192.0.2.1','port':5060,'persist':60,'pe':'sip'}"},
	    {"-A -u 192.0.2.1:53 -o", "{'op':'service.add','proto':'udp','addr':'192.0.2.1','port':53,'ops':true}"},
	    {"-A --sctp-service 192.0.2.1:132", "{'op':'service.add','proto':'sctp','addr':'192.0.2.1','port':132}"},
	    {"-A -f 4294967295 -6 -o", "{'op':'service.add','fwmark':4294967295,'family':'ipv6','ops':true}"},
	    {"-D -f 1", "{'op':'service.delete','fwmark':1,'family':'ipv4'}"},
	    {"-A -t 192.0.2.1:80 -b sh-port,sh-fallback,sh-port -s sh",
		"{'op':'service.add'," SVC ",'sched':'sh','flags':['sh-fallback','sh-port']}"},
	    {"-A -t 192.0.2.1:80 -b flag-1,flag-3 -s mh", "{'op':'service.add'," SVC ",'sched':'mh','flags':['mh-fallback','flag-3']}"},
	    {"-A -t 192.0.2.1:80 -b flag-2", "{'op':'service.add'," SVC ",'flags':['flag-2']}"},
	    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -m -x 9 -y 5",
		"{'op':'server.add'," SVC "," SRV ",'fwd':'masq','weight':1,'upper':9,'lower':5}"},
	    {"-e -t 192.0.2.1:80 -r 192.0.2.11 -i --tun-type gue --tun-port 6080 --tun-remcsum",
		"{'op':'server.edit'," SVC "," SRV ",'fwd':'tunnel','weight':1,'tunnel':{'type':'gue','port':6080,'csum':'remcsum'}}"},
	    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -i --tun-type gre",
		"{'op':'server.add'," SVC "," SRV ",'fwd':'tunnel','weight':1,'tunnel':{'type':'gre','csum':'none'}}"},
	    {"-a -f 1 -r 192.0.2.11 -g",
		"{'op':'server.add','fwmark':1,'family':'ipv4','server':{'addr':'192.0.2.11','port':0},'fwd':'route','weight':1}"},
	    {"-d -t 192.0.2.1:80 -r 192.0.2.11", "{'op':'server.delete'," SVC "," SRV "}"},
	    {"-Z -f 3", "{'op':'zero','fwmark':3,'family':'ipv4'}"},
	    {"-C", "{'op':'clear'}"},
	    {"--set 1 0 3", "{'op':'timeouts','tcp':1,'tcpfin':0,'udp':3}"},
	    {"--start-daemon master", "{'op':'sync.start','role':'master','interface':'eth0'}"},
	    {"--start-daemon backup --mcast-interface lo --syncid 0 --mcast-group ff02::81 --mcast-port 9 --mcast-ttl 2 --sync-maxlen 1000",
		"{'op':'sync.start','role':'backup','interface':'lo','group':'ff02::81','id':0,'maxlen':1000,'port':9,'ttl':2}"},
	    {"--stop-daemon backup --syncid 7", "{'op':'sync.stop','role':'backup','id':7}"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct adm_command command;
		char *text;
		json_t *op;

		parse_good(rows[i].line, &command);
		op = adm_change_op(&command);
		text = json_dumps(op, JSON_COMPACT);
		for (char *c = text; *c; c++)
			*c = *c == '"' ? '\'' : *c;
		if (strcmp(text, rows[i].op) != 0)
			fail_msg("`ipvsadm %s': %s", rows[i].line, text);
		json_decref(op);
		free(text);
	}
}

static void test_set(void **state)
{
	struct adm_command c;

	parse_good("--set 2678400 0 7", &c);
	assert_int_equal(c.timeouts[0], 2678400);
	assert_int_equal(c.timeouts[1], 0);
	assert_int_equal(c.timeouts[2], 7);
	parse_good("-a -t 192.0.2.1:80 -r 192.0.2.11 -w 2147483647", &c);
	assert_int_equal(c.srv.weight, INT_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_wrong),
	    cmocka_unit_test(test_commands),
	    cmocka_unit_test(test_service),
	    cmocka_unit_test(test_server_defaults),
	    cmocka_unit_test(test_server_port),
	    cmocka_unit_test(test_ops),
	    cmocka_unit_test(test_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
