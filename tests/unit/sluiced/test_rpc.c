/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests as text: what is answered, and what hostile ones get. */

#include <arpa/inet.h>
#include <ctype.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sluiced/api/rpc.h"
#include "tests/unit/sluiced/fixture.h"

static struct fixture *f;
static struct api api;

static uint64_t now_ms(void *arg)
{
	return f->now_ms;
}

static bool interface(void *arg, unsigned i, struct lanes_status *ret_status)
{
	*ret_status = (struct lanes_status){.name = "eth0", .ifindex = 3, .full = "tcx", .express = "off"};
	return i == 0;
}

static int setup(void **state)
{
	int err = fixture_setup((void **)&f);

	api =
	    (struct api){.model = f->model, .plane = f->plane, .rec = f->rec, .stats = f->stats, .now_ms = now_ms, .interface = interface};
	model_init(&api.model);
	api.model.timeouts = (struct model_timeouts){900, 120, 300};
	return err;
}

static int teardown(void **state)
{
	model_fini(&api.model);
	return fixture_teardown((void **)&f);
}

/* The answer as JSON, which it must be, with its newline. */
static json_t *ask_as(enum api_access access, const char *line, size_t size)
{
	size_t answer_size = 0;
	char *answer = rpc_answer(&api, access, line, size, &answer_size);
	json_t *object;

	if (!answer)
		return NULL;
	assert_true(answer_size > 0 && answer[answer_size - 1] == '\n');
	assert_null(memchr(answer, '\n', answer_size - 1));
	object = json_loadb(answer, answer_size, 0, NULL);
	assert_non_null(object);
	assert_string_equal(json_string_value(json_object_get(object, "jsonrpc")), "2.0");
	free(answer);
	return object;
}

static json_t *ask(const char *line)
{
	return ask_as(API_CHANGE, line, strlen(line));
}

#define REQUEST(method, params) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":" params "}"
#define CHANGE(ops) REQUEST("change", "{\"ops\":[" ops "]}")
#define SVC "\"proto\":\"tcp\",\"addr\":\"192.0.2.1\",\"port\":80"

static const struct row {
	const char *name, *request;
	int code; /* 0: a result */
	int op; /* of the error; -1 none */
	const char *errno_name;
} rows[] = {
    {"ping", REQUEST("ping", "{}"), 0, -1, NULL},
    {"no params", "{\"id\":\"x\",\"method\":\"ping\"}", 0, -1, NULL},
    {"empty change", CHANGE(""), 0, -1, NULL},
    {"not JSON", "hello", -32700, -1, NULL},
    {"empty", "", -32700, -1, NULL},
    {"half", "{\"id\":1", -32700, -1, NULL},
    {"two values", "{} {}", -32700, -1, NULL},
    {"a name twice", "{\"id\":1,\"id\":2,\"method\":\"ping\"}", -32700, -1, NULL},
    {"a number", "12", -32600, -1, NULL},
    {"a batch", "[{\"id\":1,\"method\":\"ping\"}]", -32600, -1, NULL},
    {"an object as id", "{\"id\":{},\"method\":\"ping\"}", -32600, -1, NULL},
    {"no method", "{\"id\":1}", -32600, -1, NULL},
    {"method no string", "{\"id\":1,\"method\":7}", -32600, -1, NULL},
    {"no such method", REQUEST("reboot", "{}"), -32601, -1, NULL},
    {"params an array", REQUEST("ping", "[]"), -32602, -1, NULL},
    {"unknown param", REQUEST("ping", "{\"loud\":true}"), -32602, -1, NULL},
    {"ops missing", REQUEST("change", "{}"), -32602, -1, NULL},
    {"ops no array", REQUEST("change", "{\"ops\":{}}"), -32602, -1, NULL},
    {"op no object", CHANGE("1"), -32602, 0, NULL},
    {"op without name", CHANGE("{}"), -32602, 0, NULL},
    {"no such op", CHANGE("{\"op\":\"clear\"},{\"op\":\"service.paint\"}"), -32602, 1, NULL},
    {"unknown field", CHANGE("{\"op\":\"service.add\"," SVC ",\"persistent\":300}"), -32602, 0, NULL},
    {"no proto", CHANGE("{\"op\":\"service.add\",\"addr\":\"192.0.2.1\",\"port\":80}"), -32602, 0, NULL},
    {"no addr", CHANGE("{\"op\":\"service.add\",\"proto\":\"tcp\",\"port\":80}"), -32602, 0, NULL},
    {"no port", CHANGE("{\"op\":\"service.add\",\"proto\":\"tcp\",\"addr\":\"192.0.2.1\"}"), -32602, 0, NULL},
    {"port a string", CHANGE("{\"op\":\"service.add\",\"proto\":\"tcp\",\"addr\":\"192.0.2.1\",\"port\":\"80\"}"), -32602, 0, NULL},
    {"port a fraction", CHANGE("{\"op\":\"service.add\",\"proto\":\"tcp\",\"addr\":\"192.0.2.1\",\"port\":80.5}"), -32602, 0, NULL},
    {"port too large", CHANGE("{\"op\":\"service.add\",\"proto\":\"tcp\",\"addr\":\"192.0.2.1\",\"port\":65616}"), 5, 0, "ERANGE"},
    {"port negative", CHANGE("{\"op\":\"service.add\",\"proto\":\"tcp\",\"addr\":\"192.0.2.1\",\"port\":-1}"), 5, 0, "ERANGE"},
    {"sctp", CHANGE("{\"op\":\"service.add\",\"proto\":\"sctp\",\"addr\":\"192.0.2.1\",\"port\":80}"), 9, 0, "ENOSYS"},
    {"icmp", CHANGE("{\"op\":\"service.add\",\"proto\":\"icmp\",\"addr\":\"192.0.2.1\",\"port\":80}"), 4, 0, "EINVAL"},
    {"a name for an address", CHANGE("{\"op\":\"service.add\",\"proto\":\"tcp\",\"addr\":\"www\",\"port\":80}"), 4, 0, "EINVAL"},
    {"a mapped address", CHANGE("{\"op\":\"service.add\",\"proto\":\"tcp\",\"addr\":\"::ffff:192.0.2.1\",\"port\":80}"), 4, 0, "EINVAL"},
    {"a zone", CHANGE("{\"op\":\"service.add\",\"proto\":\"tcp\",\"addr\":\"fe80::1%eth0\",\"port\":80}"), 4, 0, "EINVAL"},
    {"unknown scheduler", CHANGE("{\"op\":\"service.add\"," SVC ",\"sched\":\"nosuch\"}"), 3, 0, "ENOENT"},
    {"duplicate", CHANGE("{\"op\":\"service.add\"," SVC "},{\"op\":\"service.add\"," SVC "}"), 1, 1, "EEXIST"},
    {"no service", CHANGE("{\"op\":\"service.delete\"," SVC "}"), 2, 0, "ESRCH"},
    {"no server object", CHANGE("{\"op\":\"service.add\"," SVC "},{\"op\":\"server.add\"," SVC "}"), -32602, 1, NULL},
    {"server with a weight inside", CHANGE("{\"op\":\"server.add\"," SVC ",\"server\":{\"addr\":\"192.0.2.11\",\"port\":80,\"weight\":1}}"),
	-32602, 0, NULL},
    {"no such method of forwarding", CHANGE("{\"op\":\"server.add\"," SVC ",\"server\":{\"addr\":\"192.0.2.11\"},\"fwd\":\"local\"}"), 4, 0,
	"EINVAL"},
    {"weight beyond 64 bits",
	CHANGE("{\"op\":\"server.add\"," SVC ",\"server\":{\"addr\":\"192.0.2.11\"},\"weight\":99999999999999999999}"), -32700, -1, NULL},
    {"services of none", REQUEST("services", "{" SVC "}"), 2, -1, "ESRCH"},
    {"services half named", REQUEST("services", "{\"addr\":\"192.0.2.1\"}"), -32602, -1, NULL},
    {"after the end", REQUEST("connections", "{\"after\":1025}"), 5, -1, "ERANGE"},
    {"after below", REQUEST("connections", "{\"after\":-1}"), 5, -1, "ERANGE"},
    {"after a string", REQUEST("connections", "{\"after\":\"1\"}"), -32602, -1, NULL},
    {"every option of a service",
	CHANGE("{\"op\":\"service.add\",\"proto\":\"udp\",\"addr\":\"192.0.2.1\",\"port\":53,\"sched\":\"sh\",\"flags\":[\"sh-port\"],"
	       "\"persist\":60,"
	       "\"mask\":\"255.255.255.0\",\"pe\":\"sip\",\"ops\":true,\"timeouts\":{\"tcp\":1,\"tcpfin\":2,\"udp\":3},\"allow\":[\"192.0."
	       "2.0/24\"]}"),
	0, -1, NULL},
    {"every option of a server",
	CHANGE("{\"op\":\"service.add\"," SVC "},{\"op\":\"server.add\"," SVC
	       ",\"server\":{\"addr\":\"192.0.2.11\",\"port\":80},\"fwd\":\"tunnel\","
	       "\"weight\":3,\"upper\":9,\"lower\":4,\"tunnel\":{\"type\":\"gue\",\"port\":6080,\"csum\":\"remcsum\"}}"),
	0, -1, NULL},
    {"a mark", CHANGE("{\"op\":\"service.add\",\"fwmark\":7,\"family\":\"ipv6\",\"persist\":60,\"mask\":64}"), 0, -1, NULL},
    {"a mark and an address", CHANGE("{\"op\":\"service.add\",\"fwmark\":7," SVC "}"), -32602, 0, NULL},
    {"a mark of no family", CHANGE("{\"op\":\"service.add\",\"fwmark\":7,\"family\":\"ipx\"}"), 4, 0, "EINVAL"},
    {"mark 0", CHANGE("{\"op\":\"service.add\",\"fwmark\":0}"), 4, 0, "EINVAL"},
    {"a mark too large", CHANGE("{\"op\":\"service.add\",\"fwmark\":4294967296}"), 5, 0, "ERANGE"},
    {"family without mark", CHANGE("{\"op\":\"service.add\"," SVC ",\"family\":\"ipv4\"}"), -32602, 0, NULL},
    {"flags no array", CHANGE("{\"op\":\"service.add\"," SVC ",\"flags\":\"sh-port\"}"), -32602, 0, NULL},
    {"flags no strings", CHANGE("{\"op\":\"service.add\"," SVC ",\"flags\":[1]}"), -32602, 0, NULL},
    {"too many flags", CHANGE("{\"op\":\"service.add\"," SVC ",\"flags\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]}"), -32602, 0,
	NULL},
    {"another scheduler's flag", CHANGE("{\"op\":\"service.add\"," SVC ",\"sched\":\"mh\",\"flags\":[\"sh-port\"]}"), 4, 0, "EINVAL"},
    {"no engine", CHANGE("{\"op\":\"service.add\"," SVC ",\"persist\":9,\"pe\":\"h323\"}"), 3, 0, "ENOENT"},
    {"ops no bool", CHANGE("{\"op\":\"service.add\"," SVC ",\"ops\":1}"), -32602, 0, NULL},
    {"mask an object", CHANGE("{\"op\":\"service.add\"," SVC ",\"persist\":9,\"mask\":{}}"), 4, 0, "EINVAL"},
    {"timeouts a number", CHANGE("{\"op\":\"service.add\"," SVC ",\"timeouts\":5}"), -32602, 0, NULL},
    {"timeouts of what", CHANGE("{\"op\":\"service.add\"," SVC ",\"timeouts\":{\"sctp\":5}}"), -32602, 0, NULL},
    {"allow a word", CHANGE("{\"op\":\"service.add\"," SVC ",\"allow\":\"everybody\"}"), -32602, 0, NULL},
    {"allow numbers", CHANGE("{\"op\":\"service.add\"," SVC ",\"allow\":[10]}"), -32602, 0, NULL},
    {"allow no prefix", CHANGE("{\"op\":\"service.add\"," SVC ",\"allow\":[\"10.0.0.0/33\"]}"), 4, 0, "EINVAL"},
    {"allow everybody", CHANGE("{\"op\":\"service.add\"," SVC ",\"allow\":null}"), 0, -1, NULL},
    {"tunnel a word",
	CHANGE("{\"op\":\"service.add\"," SVC "},{\"op\":\"server.add\"," SVC ",\"server\":{\"addr\":\"192.0.2.11\"},\"tunnel\":\"gre\"}"),
	-32602, 1, NULL},
    {"no such tunnel", CHANGE("{\"op\":\"server.add\"," SVC ",\"server\":{\"addr\":\"192.0.2.11\"},\"tunnel\":{\"type\":\"vxlan\"}}"), 4, 0,
	"EINVAL"},
    {"no such checksum", CHANGE("{\"op\":\"server.add\"," SVC ",\"server\":{\"addr\":\"192.0.2.11\"},\"tunnel\":{\"csum\":\"md5\"}}"), 4, 0,
	"EINVAL"},
    {"setting", CHANGE("{\"op\":\"setting\",\"name\":\"drop_entry\",\"value\":1}"), 0, -1, NULL},
    {"no such setting", CHANGE("{\"op\":\"setting\",\"name\":\"paint\",\"value\":1}"), 3, 0, "ENOENT"},
    {"setting without value", CHANGE("{\"op\":\"setting\",\"name\":\"drop_entry\"}"), -32602, 0, NULL},
    {"setting out of range", CHANGE("{\"op\":\"setting\",\"name\":\"drop_entry\",\"value\":9}"), 5, 0, "ERANGE"},
    {"rule",
	CHANGE("{\"op\":\"mark.add\",\"mark\":7,\"dst\":\"192.0.2.0/24\",\"src\":\"10.0.0.0/8\",\"proto\":\"tcp\",\"ports\":\"80-443\"}"),
	0, -1, NULL},
    {"rule without mark", CHANGE("{\"op\":\"mark.add\",\"dst\":\"192.0.2.0/24\"}"), -32602, 0, NULL},
    {"rule of words", CHANGE("{\"op\":\"mark.add\",\"mark\":1,\"proto\":\"tcp\",\"ports\":\"http\"}"), 4, 0, "EINVAL"},
    {"rule of large ports", CHANGE("{\"op\":\"mark.add\",\"mark\":1,\"proto\":\"tcp\",\"ports\":\"80-65536\"}"), 5, 0, "ERANGE"},
    {"rule of half a range", CHANGE("{\"op\":\"mark.add\",\"mark\":1,\"proto\":\"tcp\",\"ports\":\"80-\"}"), 4, 0, "EINVAL"},
    {"rule of negative ports", CHANGE("{\"op\":\"mark.add\",\"mark\":1,\"proto\":\"tcp\",\"ports\":\"-5\"}"), 5, 0, "ERANGE"},
    {"rule gone and all", CHANGE("{\"op\":\"mark.delete\",\"id\":1,\"all\":true}"), -32602, 0, NULL},
    {"rule gone", CHANGE("{\"op\":\"mark.delete\"}"), -32602, 0, NULL},
    {"all rules gone", CHANGE("{\"op\":\"mark.delete\",\"all\":true}"), 0, -1, NULL},
    {"sync daemon", CHANGE("{\"op\":\"sync.start\",\"role\":\"master\",\"interface\":\"lo\",\"group\":\"ff02::81\",\"ttl\":3}"), 0, -1,
	NULL},
    {"sync daemon of no interface", CHANGE("{\"op\":\"sync.start\",\"role\":\"master\",\"interface\":\"nosuch0\"}"), 11, 0, "ENODEV"},
    {"sync daemon of a long interface", CHANGE("{\"op\":\"sync.start\",\"role\":\"master\",\"interface\":\"aninterfacewithalongname\"}"),
	11, 0, "ENODEV"},
    {"sync daemon of no group", CHANGE("{\"op\":\"sync.start\",\"role\":\"master\",\"interface\":\"lo\",\"group\":\"10.0.0.1\"}"), 4, 0,
	"EINVAL"},
    {"sync daemon of no role", CHANGE("{\"op\":\"sync.stop\",\"role\":\"slave\"}"), 4, 0, "EINVAL"},
    {"services without sums", REQUEST("services", "{\"sums\":false}"), 0, -1, NULL},
    {"settings", REQUEST("settings", "{}"), 0, -1, NULL},
    {"marks", REQUEST("marks", "{}"), 0, -1, NULL},
    {"sync", REQUEST("sync", "{}"), 0, -1, NULL},
    {"totals", REQUEST("totals", "{}"), 0, -1, NULL},
    {"filters",
	REQUEST("connections", "{\"client\":\"10.0.0.0/8\",\"server\":\"192.0.2.11\",\"state\":\"ESTABLISHED\",\"templates\":false}"), 0,
	-1, NULL},
    {"filter by no service", REQUEST("connections", "{\"service\":{" SVC "}}"), 2, -1, "ESRCH"},
    {"filter by no state", REQUEST("connections", "{\"state\":\"OPEN\"}"), 4, -1, "EINVAL"},
    {"filter by no prefix", REQUEST("connections", "{\"client\":\"10/8\"}"), 4, -1, "EINVAL"},
    {"connections", REQUEST("connections", "{\"after\":1024}"), 0, -1, NULL},
    {"counters", REQUEST("counters", "{}"), 0, -1, NULL},
    {"interfaces", REQUEST("interfaces", "{}"), 0, -1, NULL},
    {"a zero byte in a string", "{\"id\":1,\"method\":\"ping\\u0000\"}", -32700, -1, NULL},
};

static void run_row(void **state)
{
	const struct row *row = *state;
	json_t *answer, *error, *data;

	setup(NULL);
	answer = ask(row->request);
	assert_non_null(answer);
	error = json_object_get(answer, "error");
	data = json_object_get(error, "data");
	assert_int_equal(json_integer_value(json_object_get(error, "code")), row->code);
	assert_int_equal(row->code == 0, json_object_get(answer, "result") != NULL);
	if (row->code)
		assert_true(strlen(json_string_value(json_object_get(error, "message"))) > 10);
	if (row->op >= 0)
		assert_int_equal(json_integer_value(json_object_get(data, "op")), row->op);
	else
		assert_null(json_object_get(data, "op"));
	if (row->errno_name)
		assert_string_equal(json_string_value(json_object_get(data, "errno")), row->errno_name);
	if (row->code)
		assert_int_equal(api.model.svc_count, 0); /* nothing was changed */
	json_decref(answer);
	teardown(NULL);
}

static void access_is_checked(void **state)
{
	static const struct {
		enum api_access access;
		const char *request;
		int code;
	} cases[] = {
	    {API_NONE, REQUEST("ping", "{}"), 7},
	    {API_NONE, REQUEST("services", "{}"), 7},
	    {API_READ, REQUEST("services", "{}"), 0},
	    {API_READ, CHANGE("{\"op\":\"clear\"}"), 7},
	    {API_CHANGE, CHANGE("{\"op\":\"clear\"}"), 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *answer = ask_as(cases[i].access, cases[i].request, strlen(cases[i].request));

		assert_int_equal(json_integer_value(json_object_get(json_object_get(answer, "error"), "code")), cases[i].code);
		json_decref(answer);
	}
}

static void a_service_is_shown(void **state)
{
	json_t *answer = ask(CHANGE("{\"op\":\"service.add\"," SVC ",\"sched\":\"rr\"},"
				    "{\"op\":\"server.add\"," SVC ",\"server\":{\"addr\":\"192.0.2.11\",\"port\":8080},\"fwd\":\"masq\"},"
				    "{\"op\":\"server.add\"," SVC ",\"server\":{\"addr\":\"192.0.2.12\"},\"weight\":3}"));
	const char *addr, *fwd;
	int changed, port, weight, active, conns;
	json_t *svc, *server;

	assert_int_equal(json_unpack(answer, "{s:{s:i}}", "result", "changed", &changed), 0);
	assert_int_equal(changed, 3);
	json_decref(answer);
	f->plane->loads[2].active = 4; /* the newest server has the first id */
	f->plane->stats[2].conns = 9;
	answer = ask(REQUEST("services", "{" SVC "}"));
	svc = json_array_get(json_object_get(json_object_get(answer, "result"), "services"), 0);
	server = json_array_get(json_object_get(svc, "servers"), 1);
	assert_int_equal(json_array_size(json_object_get(svc, "servers")), 2);
	assert_int_equal(json_unpack(server, "{s:s, s:i, s:s, s:i, s:i, s:{s:i}}", "addr", &addr, "port", &port, "fwd", &fwd, "weight",
			     &weight, "active", &active, "stats", "conns", &conns),
	    0);
	assert_string_equal(addr, "192.0.2.11");
	assert_string_equal(fwd, "masq");
	assert_int_equal(port, 8080);
	assert_int_equal(weight, 1);
	assert_int_equal(active, 4);
	assert_int_equal(conns, 9);
	json_decref(answer);
}

/* Every option as it was said, in the shortest words, comes back; a service is named as it was named. */
static void what_was_said_is_shown(void **state)
{
	static const char *const services[] = {
	    SVC ",\"sched\":\"sh\",\"flags\":[\"sh-fallback\",\"sh-port\"],\"persist\":60,\"mask\":\"255.255.0.0\",\"allow\":[\"10.0.0.0/"
		"8\",\"192.0.2.7\"]",
	    "\"proto\":\"udp\",\"addr\":\"2001:db8::1\",\"port\":5060,\"sched\":\"wlc\",\"persist\":60,\"mask\":64,\"pe\":\"sip\",\"ops\":"
	    "true,\"allow\":[]",
	    "\"fwmark\":4294967295,\"family\":\"ipv6\",\"sched\":\"rr\",\"flags\":[\"flag-3\"],\"timeouts\":{\"tcp\":5,\"udp\":7}",
	    "\"proto\":\"tcp\",\"addr\":\"192.0.2.1\",\"port\":0,\"sched\":\"twos\",\"persist\":1",
	};

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		char line[1000];
		json_t *answer, *shown, *said;

		snprintf(line, sizeof(line), CHANGE("{\"op\":\"clear\"},{\"op\":\"service.add\",%s}"), services[i]);
		answer = ask(line);
		assert_non_null(json_object_get(answer, "result"));
		json_decref(answer);
		snprintf(line, sizeof(line), "{%s}", services[i]);
		said = json_loads(line, 0, NULL);
		answer = ask(REQUEST("services", "{\"sums\":false}"));
		shown = json_array_get(json_object_get(json_object_get(answer, "result"), "services"), 0);
		assert_int_equal(json_array_size(json_object_get(shown, "servers")), 0);
		json_object_del(shown, "servers");
		assert_true(json_equal(said, shown));
		json_decref(said);
		json_decref(answer);
	}
}

static void servers_are_shown(void **state)
{
	static const char request[] = CHANGE(
	    "{\"op\":\"service.add\"," SVC "},{\"op\":\"server.add\"," SVC ",\"server\":{\"addr\":\"2001:db8::2\"},"
	    "\"fwd\":\"tunnel\",\"weight\":5,\"upper\":9,\"lower\":4,\"tunnel\":{\"type\":\"gue\",\"port\":6080,\"csum\":\"csum\"}}");
	static const char expected[] =
	    "{\"addr\":\"2001:db8::2\",\"port\":80,\"fwd\":\"tunnel\",\"weight\":5,\"local\":false,\"active\":6,\"inactive\":3,"
	    "\"persistent\":2,\"upper\":9,\"lower\":4,\"overloaded\":true,"
	    "\"tunnel\":{\"type\":\"gue\",\"port\":6080,\"csum\":\"csum\"}}";
	json_t *answer, *said = json_loads(expected, 0, NULL), *shown;

	json_decref(ask(request));
	f->plane->loads[1] = (struct sl_load){.active = 6, .inactive = 3, .over = 1, .templates = 2};
	answer = ask(REQUEST("services", "{" SVC ",\"sums\":false}"));
	shown = json_array_get(json_object_get(json_object_get(answer, "result"), "services"), 0);
	assert_true(json_equal(json_array_get(json_object_get(shown, "servers"), 0), said));
	json_decref(said);
	json_decref(answer);
}

static void put_conn(uint32_t slot, enum sl_state state, struct sl_conn conn)
{
	((uint64_t *)f->plane->tags)[slot] = sl_word(1, state, 1, 0);
	((struct sl_conn *)f->plane->conns)[slot] = conn;
}

static size_t count_conns(const char *params)
{
	char line[300];
	json_t *answer;
	size_t count;

	snprintf(line, sizeof(line), REQUEST("connections", "%s"), params);
	answer = ask(line);
	count = json_array_size(json_object_get(json_object_get(answer, "result"), "connections"));
	json_decref(answer);
	return count;
}

/* Connections and templates, each filter, and a Call-ID of somebody who means ill. */
static void connections_are_shown(void **state)
{
	static const char call[] =
	    "{\"slot\":9,\"proto\":\"ip\",\"state\":\"ASSURED\",\"expires\":360,\"idle\":0,\"client\":{\"addr\":\"0.0.0.0\",\"port\":0},"
	    "\"virtual\":{\"addr\":\"0.0.0.7\",\"port\":0},\"server\":{\"addr\":\"192.0.2.11\",\"port\":0},\"fwd\":\"masq\","
	    "\"template\":true,\"fwmark\":7,\"pe\":\"sip\"}";
	struct sl_conn conn = {.caddr = script_svc_key("tcp", "10.1.2.3", 0).addr, .vaddr = script_svc_key("tcp", "192.0.2.1", 0).addr};
	json_t *answer, *said = json_loads(call, 0, NULL), *list;

	json_decref(ask(CHANGE("{\"op\":\"service.add\",\"fwmark\":7},{\"op\":\"server.add\",\"fwmark\":7,\"server\":{\"addr\":\"192.0.2."
			       "11\"},\"fwd\":\"masq\"}")));
	conn.proto = IPPROTO_UDP;
	conn.dest = conn.svc = 1;
	put_conn(5, SL_ST_UDP, conn);
	put_conn(6, SL_ST_UDP_NEW, (struct sl_conn){.caddr = conn.vaddr, .vaddr = conn.caddr, .svc = 2});
	conn.proto = 0;
	conn.flags = SL_CONN_CALL | SL_CONN_MARK;
	conn.vaddr = svc_key_mark(7, false).addr;
	put_conn(9, SL_ST_TEMPLATE_ASSURED, conn);
	assert_int_equal(count_conns("{}"), 3);
	assert_int_equal(count_conns("{\"templates\":false}"), 2);
	assert_int_equal(count_conns("{\"client\":\"10.0.0.0/8\"}"), 1);
	assert_int_equal(count_conns("{\"client\":\"::/0\"}"), 0);
	assert_int_equal(count_conns("{\"service\":{\"fwmark\":7}}"), 2);
	assert_int_equal(count_conns("{\"server\":\"192.0.2.11\",\"state\":\"UDP\"}"), 1);
	assert_int_equal(count_conns("{\"state\":\"ASSURED\"}"), 1);
	assert_int_equal(count_conns("{\"after\":7}"), 1);
	answer = ask(REQUEST("connections", "{\"after\":7}"));
	list = json_object_get(json_object_get(answer, "result"), "connections");
	assert_true(json_equal(json_array_get(list, 0), said));
	json_decref(said);
	json_decref(answer);
}

/* All of include/sluice/sysctl.def, with the value that was set. */
static void settings_are_shown(void **state)
{
	json_t *answer, *list, *row;
	size_t i;

	json_decref(ask(CHANGE("{\"op\":\"setting\",\"name\":\"sync_period\",\"value\":77}")));
	answer = ask(REQUEST("settings", "{}"));
	list = json_object_get(json_object_get(answer, "result"), "settings");
	assert_int_equal(json_array_size(list), 32);
	json_array_foreach (list, i, row) {
		bool is = strcmp(json_string_value(json_object_get(row, "name")), "sync_period") == 0;
		json_int_t value = json_integer_value(json_object_get(row, "value")),
			   was = json_integer_value(json_object_get(row, "default"));

		assert_int_equal(value, is ? 77 : was);
		assert_true(strlen(json_string_value(json_object_get(row, "text"))) > 10);
		assert_true(json_is_boolean(json_object_get(row, "effect")));
	}
	json_decref(answer);
}

/* Is `word` in a source file of this folder or one below? */
static bool used_in(const char *folder, const char *word)
{
	char command[400];

	snprintf(command, sizeof(command), "grep -rqw --include='*.[ch]' %s " SOURCE "/%s", word, folder);
	return system(command) == 0;
}

/* A setting has an effect if, and only if, the lanes or the daemon look at it. */
static void effects_are_true(void **state)
{
	json_t *answer = ask(REQUEST("settings", "{}")), *list = json_object_get(json_object_get(answer, "result"), "settings"), *row;
	size_t i;

	json_array_foreach (list, i, row) {
		char word[80] = "SL_SYS_";

		strncat(word, json_string_value(json_object_get(row, "name")), 60);
		for (char *c = word; *c; c++)
			*c = toupper(*c);
		if (json_is_true(json_object_get(row, "effect")) != (used_in("bpf", word) || used_in("sluiced/plane", word)))
			fail_msg("%s: is it used or not?", word);
	}
	json_decref(answer);
}

static void a_refusal_of_the_kernel_is_said(void **state)
{
	json_t *answer;

	plane_fake_fail(f->plane, 0);
	answer = ask(CHANGE("{\"op\":\"service.add\"," SVC "}"));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(answer, "error"), "code")), 8);
	assert_int_equal(api.model.svc_count, 0);
	json_decref(answer);
}

static void a_notification_is_done_and_not_answered(void **state)
{
	assert_null(ask("{\"method\":\"change\",\"params\":{\"ops\":[{\"op\":\"service.add\"," SVC "}]}}"));
	assert_int_equal(api.model.svc_count, 1);
	assert_null(ask("{\"method\":\"nosuch\"}"));
}

/* Error texts quote what was sent, cut anywhere: they stay JSON. */
static void quotations_are_clean(void **state)
{
	char line[400], name[200];

	for (int cut = 30; cut < 60; cut++) {
		json_t *answer;

		memset(name, 'a', cut);
		strcpy(name + cut, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa4\\u0001\\n\xe2\x82\xac");
		snprintf(line, sizeof(line), "{\"id\":1,\"method\":\"%s\"}", name);
		answer = ask(line);
		assert_int_equal(json_integer_value(json_object_get(json_object_get(answer, "error"), "code")), -32601);
		json_decref(answer);
	}
}

/* Every prefix of a good request, and the request with each byte made another, gets an answer that is JSON. */
static void torn_and_bent_requests(void **state)
{
	static const char good[] = CHANGE("{\"op\":\"server.add\"," SVC ",\"server\":{\"addr\":\"192.0.2.11\",\"port\":80},\"weight\":1}");
	char bent[sizeof(good)];

	for (size_t i = 0; i < sizeof(good); i++)
		json_decref(ask_as(API_CHANGE, good, i));
	srand(99);
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < sizeof(good) - 1; i++) {
			memcpy(bent, good, sizeof(good));
			bent[i] = rand();
			json_decref(ask_as(API_CHANGE, bent, sizeof(good) - 1));
		}
	}
}

static void deep_nesting(void **state)
{
	size_t size = 100000;
	char *line = malloc(size);
	json_t *answer;

	memset(line, '[', size);
	answer = ask_as(API_CHANGE, line, size);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(answer, "error"), "code")), -32700);
	json_decref(answer);
	free(line);
}

#define ROWS (sizeof(rows) / sizeof(rows[0]))

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest others[] = {
	    T(access_is_checked),
	    T(a_service_is_shown),
	    T(what_was_said_is_shown),
	    T(servers_are_shown),
	    T(connections_are_shown),
	    T(settings_are_shown),
	    T(effects_are_true),
	    T(a_refusal_of_the_kernel_is_said),
	    T(a_notification_is_done_and_not_answered),
	    T(quotations_are_clean),
	    T(torn_and_bent_requests),
	    T(deep_nesting),
	};
	static struct CMUnitTest tests[ROWS + sizeof(others) / sizeof(others[0])];
	static char names[ROWS][60];

	for (size_t i = 0; i < ROWS; i++) {
		snprintf(names[i], sizeof(names[i]), "%s", rows[i].name);
		for (char *c = names[i]; *c; c++)
			*c = *c == ' ' ? '_' : *c;
		tests[i] = (struct CMUnitTest){.name = names[i], .test_func = run_row, .initial_state = (void *)&rows[i]};
	}
	memcpy(tests + ROWS, others, sizeof(others));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
