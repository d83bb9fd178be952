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
#define LATER(what) what " not built yet in Sluice " SLUICE_VERSION "."

static const struct wrong {
	const char *line, *text;
	int status;
	bool last; /* a restore ends there */
} wrong_lines[] = {
    {"", TRY, 255, true},
    {"-t 192.0.2.1:80", TRY, 255, true},
    {"word", TRY, 255, true},
    {"--add-serv -t 192.0.2.1:80", TRY, 255, true},
    {"-A -t", "-t: missing argument", 255, false},
    {"-A --tcp-service", "--tcp-service: missing argument", 255, false},
    {"-A -t 192.0.2.1:80 -q", "-q: unknown option", 255, false},
    {"-A -t 192.0.2.1:80 --sched rr", "--sched: unknown option", 255, false},
    {"-A -t 192.0.2.1:80 -L", "invalid option `-L'", 2, true},
    {"-A -t 192.0.2.1:80 word", "unexpected argument word", 2, true},
    {"-A -t 80", "illegal virtual server address[:port] specified", 2, true},
    {"-A -t 192.0.2.1:65536", "illegal virtual server address[:port] specified", 2, true},
    {"-A -t 192.0.2.1:-1", "illegal virtual server address[:port] specified", 2, true},
    {"-A -t 192.0.2.1:no-such-service", "illegal virtual server address[:port] specified", 2, true},
    {"-A -t [2001:db8::1]", "illegal virtual server address[:port] specified", 2, true},
    {"-A -t [2001:db8::1]80", "illegal virtual server address[:port] specified", 2, true},
    {"-A -t [2001:db8::1", "illegal virtual server address[:port] specified", 2, true},
    {"-A -t 192.0.2.1", "Zero port specified for non-persistent service", 2, true},
    {"-A -t 192.0.2.1:0", "Zero port specified for non-persistent service", 2, true},
    {"-A -t 2001:db8::1", "Zero port specified for non-persistent service", 2, true},
    {"-A -t 192.0.2.1:80 -o", "One-Packet Scheduling is only for UDP virtual services", 2, true},
    {"-A -f 0", "invalid fwmark value `0' specified", 2, true},
    {"-A -f 4294967296", "invalid fwmark value `4294967296' specified", 2, true},
    {"-A -6", "-6 used before -f\n", 2, true},
    {"-A -t 192.0.2.1:80 -p 0", "invalid timeout value `0' specified", 2, true},
    {"-A -t 192.0.2.1:80 -p 2678401", "invalid timeout value `2678401' specified", 2, true},
    {"-A -t 192.0.2.1:80 -M word", "illegal virtual server persistent mask specified", 2, true},
    {"-A -t [2001:db8::1]:80 -M 129", "illegal ipv6 netmask specified", 2, true},
    {"-a -t 192.0.2.1:80 -r 8080", "illegal real server address[:port] specified", 2, true},
    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -w -1", "illegal weight specified", 2, true},
    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -w 2147483648", "illegal weight specified", 2, true},
    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -w 1x", "illegal weight specified", 2, true},
    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -x -1", "illegal u_threshold specified", 2, true},
    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -y x", "illegal l_threshold specified", 2, true},
    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -m -g", "multiple 'forwarding-method' options specified", 2, true},
    {"-a -t 192.0.2.1:80 -r 2001:db8::11 -m", "Different address family is allowed only for tunneling servers", 2, true},
    {"-S -n -n", "multiple 'numeric' options specified", 2, true},
    {"-L -c -t 192.0.2.1:80", "The option 'service-address' conflicts with the 'connection' option in the 'list' command", 2, true},
    {"--set 1 2 x", "invalid timeout value `x' specified", 2, true},
    {"-A -t 192.0.2.1:80 -b ,,x", "invalid scheduler flag `x'", 2, true},
    {"-A -f 1", LATER("A firewall-mark service (-f) is"), 2, true},
    {"-A --sctp-service 192.0.2.1:80", LATER("An SCTP service (--sctp-service) is"), 2, true},
    {"-A -t 192.0.2.1:80 -p", LATER("Persistence (-p, -M, --pe) is"), 2, true},
    {"-A -t 192.0.2.1:80 -p 300", LATER("Persistence (-p, -M, --pe) is"), 2, true},
    {"-A -t 192.0.2.1:0 -p 300", LATER("Persistence (-p, -M, --pe) is"), 2, true},
    {"-E -t 192.0.2.1:80 -M 255.255.255.0", LATER("Persistence (-p, -M, --pe) is"), 2, true},
    {"-A -u 192.0.2.1:80 --pe sip", LATER("Persistence (-p, -M, --pe) is"), 2, true},
    {"-A -u 192.0.2.1:80 -o", LATER("One-packet scheduling (-o) is"), 2, true},
    {"-A -t 192.0.2.1:80 -s sh -b sh-port", LATER("A scheduler flag (-b) is"), 2, true},
    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -x 5", LATER("A connection threshold (-x, -y) is"), 2, true},
    {"-e -t 192.0.2.1:80 -r 192.0.2.11 -y 5", LATER("A connection threshold (-x, -y) is"), 2, true},
    {"-a -t 192.0.2.1:80 -r 192.0.2.11 -i --tun-type gre", LATER("A tunnel type other than ipip is"), 2, true},
    {"--start-daemon master", LATER("The connection synchronisation daemon is"), 2, true},
};

static void test_wrong(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong_lines); i++) {
		const struct wrong *row = &wrong_lines[i];
		struct adm_command command;
		struct adm_error error = {0};
		int status = parse_line(row->line, &command, &error);

		if (status != row->status || error.status != status || error.last != row->last || strcmp(error.text, row->text) != 0)
			fail_msg("`ipvsadm %s': \"%s\", status %d, last %d", row->line, error.text, status, error.last);
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
	    cmocka_unit_test(test_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
