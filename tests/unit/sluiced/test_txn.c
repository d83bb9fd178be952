/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transactions on the model: a table of what is asked of one model, the answer, and how the model is then. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sluiced/model/diff.h"
#include "tests/unit/sluiced/script.h"

#define WEB "tcp 192.0.2.1 80"
#define START "S+ " WEB " rr; D+ " WEB " 192.0.2.11 8080 masq 1; D+ " WEB " 192.0.2.12 80 route 2; S+ udp 2001:db8::1 53 wlc"
#define WAS "udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 rr [192.0.2.12:80 route 2, 192.0.2.11:8080 masq 1]; "

struct row {
	const char *name, *script;
	int err;
	const char *sentence; /* a part of it */
	const char *then; /* NULL: as before */
	size_t changed;
};

static const struct row rows[] = {
    {"add service", "S+ tcp 192.0.2.2 443 lc", 0, NULL, "tcp 192.0.2.2:443 lc []; " WAS, 1},
    {"default scheduler", "S+ tcp 192.0.2.2 443 -", 0, NULL, "tcp 192.0.2.2:443 wlc []; " WAS, 1},
    {"tcp and udp are two", "S+ udp 192.0.2.1 80 wrr", 0, NULL, "udp 192.0.2.1:80 wrr []; " WAS, 1},
    {"duplicate service", "S+ " WEB " rr", -EEXIST, "service tcp 192.0.2.1:80 exists", NULL, 0},
    {"duplicate wins over scheduler", "S+ " WEB " nosuch", -EEXIST, "exists", NULL, 0},
    {"unknown scheduler", "S+ tcp 192.0.2.2 80 nosuch", -ENOENT, "no scheduler \"nosuch\"", NULL, 0},
    {"scheduler in capitals", "S+ tcp 192.0.2.2 80 RR", -ENOENT, "no scheduler", NULL, 0},
    {"service port 0", "S+ tcp 192.0.2.2 0 rr", -EINVAL, "port 0", NULL, 0},
    {"multicast VIP", "S+ tcp 224.0.0.1 80 rr", -EINVAL, "unicast", NULL, 0},
    {"zero VIP", "S+ tcp 0.0.0.0 80 rr", -EINVAL, "unicast", NULL, 0},
    {"zero VIP, IPv6", "S+ tcp :: 80 rr", -EINVAL, "unicast", NULL, 0},
    {"broadcast VIP", "S+ tcp 255.255.255.255 80 rr", -EINVAL, "unicast", NULL, 0},
    {"multicast VIP, IPv6", "S+ tcp ff02::1 80 rr", -EINVAL, "unicast", NULL, 0},
    {"edit service", "S~ " WEB " wrr", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 wrr [192.0.2.12:80 route 2, 192.0.2.11:8080 masq 1]; ", 1},
    {"edit to the same", "S~ " WEB " rr", 0, NULL, NULL, 0},
    {"edit takes the default", "S~ " WEB " -", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 wlc [192.0.2.12:80 route 2, 192.0.2.11:8080 masq 1]; ", 1},
    {"edit no service", "S~ tcp 192.0.2.1 81 rr", -ESRCH, "no service tcp 192.0.2.1:81", NULL, 0},
    {"edit no service wins over scheduler", "S~ tcp 192.0.2.1 81 nosuch", -ESRCH, "no service", NULL, 0},
    {"edit to unknown scheduler", "S~ " WEB " nosuch", -ENOENT, "no scheduler", NULL, 0},
    {"delete service", "S- " WEB, 0, NULL, "udp [2001:db8::1]:53 wlc []; ", 3},
    {"delete no service", "S- tcp 192.0.2.1 81", -ESRCH, "no service", NULL, 0},
    {"add server, newest first", "D+ " WEB " 192.0.2.10 80 masq 3", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 rr [192.0.2.10:80 masq 3, 192.0.2.12:80 route 2, 192.0.2.11:8080 masq 1]; ", 1},
    {"direct routing takes the service's port", "D+ " WEB " 192.0.2.10 8080 route 0", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 rr [192.0.2.10:80 route 0, 192.0.2.12:80 route 2, 192.0.2.11:8080 masq 1]; ", 1},
    {"so does the tunnel", "D+ " WEB " 192.0.2.10 0 tunnel 1", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 rr [192.0.2.10:80 tunnel 1, 192.0.2.12:80 route 2, 192.0.2.11:8080 masq 1]; ", 1},
    {"duplicate server", "D+ " WEB " 192.0.2.11 8080 masq 9", -EEXIST, "192.0.2.11:8080 is in service", NULL, 0},
    {"duplicate by forced port", "D+ " WEB " 192.0.2.12 8080 route 9", -EEXIST, "192.0.2.12:80 is in service", NULL, 0},
    {"server of no service", "D+ tcp 192.0.2.1 81 192.0.2.11 80 masq 1", -ESRCH, "no service", NULL, 0},
    {"no service wins over bad weight", "D+ tcp 192.0.2.1 81 192.0.2.11 80 masq -1", -ESRCH, "no service", NULL, 0},
    {"negative weight", "D+ " WEB " 192.0.2.10 80 masq -1", -ERANGE, "weight -1", NULL, 0},
    {"largest weight", "D+ " WEB " 192.0.2.10 80 masq 2147483647", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; "
	"tcp 192.0.2.1:80 rr [192.0.2.10:80 masq 2147483647, 192.0.2.12:80 route 2, 192.0.2.11:8080 masq 1]; ",
	1},
    {"too large a weight", "D+ " WEB " 192.0.2.10 80 masq 2147483648", -ERANGE, "weight 2147483648", NULL, 0},
    {"weight wins over duplicate", "D+ " WEB " 192.0.2.11 8080 masq -1", -ERANGE, "weight", NULL, 0},
    {"server port 0", "D+ " WEB " 192.0.2.10 0 masq 1", -EINVAL, "port 0", NULL, 0},
    {"multicast server", "D+ " WEB " 239.1.1.1 80 masq 1", -EINVAL, "unicast", NULL, 0},
    {"link-local server", "D+ udp 2001:db8::1 53 fe80::1 53 masq 1", -EINVAL, "link-local", NULL, 0},
    {"other family, masq", "D+ " WEB " 2001:db8::2 80 masq 1", -EINVAL, "tunnel", NULL, 0},
    {"other family, route", "D+ udp 2001:db8::1 53 192.0.2.9 53 route 1", -EINVAL, "tunnel", NULL, 0},
    {"other family, tunnel", "D+ udp 2001:db8::1 53 192.0.2.9 53 tunnel 1", 0, NULL,
	"udp [2001:db8::1]:53 wlc [192.0.2.9:53 tunnel 1]; tcp 192.0.2.1:80 rr [192.0.2.12:80 route 2, 192.0.2.11:8080 masq 1]; ", 1},
    {"edit server keeps its place", "D~ " WEB " 192.0.2.11 8080 masq 7", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 rr [192.0.2.12:80 route 2, 192.0.2.11:8080 masq 7]; ", 1},
    {"edit method", "D~ " WEB " 192.0.2.12 80 masq 2", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 rr [192.0.2.12:80 masq 2, 192.0.2.11:8080 masq 1]; ", 1},
    {"edit no server", "D~ " WEB " 192.0.2.99 80 masq 1", -ENOENT, "no server 192.0.2.99:80", NULL, 0},
    {"edit by forced port finds none", "D~ " WEB " 192.0.2.11 8080 route 1", -ENOENT, "no server 192.0.2.11:80", NULL, 0},
    {"delete server", "D- " WEB " 192.0.2.11 8080", 0, NULL, "udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 rr [192.0.2.12:80 route 2]; ",
	1},
    {"delete no server", "D- " WEB " 192.0.2.11 80", -ENOENT, "no server", NULL, 0},
    {"delete and add again moves to the front", "D- " WEB " 192.0.2.11 8080; D+ " WEB " 192.0.2.11 8080 masq 1", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 rr [192.0.2.11:8080 masq 1, 192.0.2.12:80 route 2]; ", 1},
    {"clear", "clear", 0, NULL, "", 4},
    {"clear and build again", "clear; S+ " WEB " rr", 0, NULL, "tcp 192.0.2.1:80 rr []; ", 4},
    {"add and delete is nothing", "S+ tcp 192.0.2.2 80 rr; D+ tcp 192.0.2.2 80 192.0.2.9 80 masq 1; S- tcp 192.0.2.2 80", 0, NULL, NULL, 0},
    {"all or none", "S+ tcp 192.0.2.2 80 rr; D- " WEB " 192.0.2.11 8080; S- udp 2001:db8::1 53; clear; S+ " WEB " lc; S+ " WEB " rr",
	-EEXIST, "exists", NULL, 0},
    {"none after edits", "S~ " WEB " wlc; D~ " WEB " 192.0.2.12 80 masq 9; D~ " WEB " 192.0.2.12 80 masq 8; S- tcp 192.0.2.3 1", -ESRCH,
	"no service", NULL, 0},
    {"timeouts", "timeouts 100 0 5", 0, NULL, NULL, 1},
    {"timeouts unchanged", "timeouts 0 0 0", 0, NULL, NULL, 0},
    {"timeout too large", "timeouts 2678401 1 1", -ERANGE, "tcp of 2678401", NULL, 0},
    {"timeout negative", "timeouts 1 1 -1", -ERANGE, "udp of -1", NULL, 0},
    {"zero all", "zero", 0, NULL, NULL, 0},
    {"zero one", "zero " WEB, 0, NULL, NULL, 0},
    {"zero no service", "zero tcp 192.0.2.1 81", -ESRCH, "no service", NULL, 0},
};

static void start(struct model *model)
{
	struct model_error error;
	struct txn txn;

	model_init(model);
	model->timeouts = (struct model_timeouts){900, 120, 300};
	txn_begin(&txn, model);
	assert_int_equal(script_apply(&txn, START, &error), 0);
	txn_end(&txn);
}

static void assert_model(const struct model *model, const char *expected)
{
	char *text = script_print(model);

	assert_string_equal(text, expected);
	free(text);
}

/* Counts and hash tables agree with the lists. */
static void assert_whole(const struct model *model)
{
	struct list *at, *safe, *dest_at, *dest_safe;
	unsigned svcs = 0, dests = 0;

	list_each (at, safe, &model->svcs) {
		struct svc *svc = container_of(at, struct svc, link);
		unsigned own = 0;

		svcs++;
		assert_ptr_equal(model_svc(model, &svc->key), svc);
		list_each (dest_at, dest_safe, &svc->dests) {
			struct dest *dest = container_of(dest_at, struct dest, link);

			own++;
			assert_ptr_equal(model_dest(svc, model, &dest->key), dest);
		}
		assert_int_equal(own, svc->dest_count);
		dests += own;
	}
	assert_int_equal(svcs, model->svc_count);
	assert_int_equal(svcs, model->svc_tab.count);
	assert_int_equal(dests, model->dest_count);
	assert_int_equal(dests, model->dest_tab.count);
}

static void run_row(void **state)
{
	const struct row *row = *state;
	struct model_error error = {""};
	struct model model;
	struct diff diff;
	struct txn txn;

	start(&model);
	txn_begin(&txn, &model);
	assert_int_equal(script_apply(&txn, row->script, &error), row->err);
	if (row->err) {
		assert_non_null(strstr(error.text, row->sentence));
		txn_undo(&txn);
	}
	assert_int_equal(diff_init(&diff, &txn), 0);
	assert_int_equal(diff.count, row->changed);
	diff_fini(&diff);
	txn_end(&txn);
	assert_model(&model, row->then ? row->then : WAS);
	assert_whole(&model);
	model_fini(&model);
}

/* Every row's transaction, undone, leaves the model as it was: also the places in the lists. */
static void undo_row(void **state)
{
	const struct row *row = *state;
	struct model_error error;
	struct model model;
	struct txn txn;

	start(&model);
	txn_begin(&txn, &model);
	script_apply(&txn, row->script, &error);
	txn_undo(&txn);
	txn_end(&txn);
	assert_model(&model, WAS);
	assert_int_equal(model.timeouts.tcp, 900);
	assert_int_equal(model.timeouts.udp, 300);
	assert_whole(&model);
	model_fini(&model);
}

static void timeouts_keep_what_is_0(void **state)
{
	struct model_error error;
	struct model model;
	struct txn txn;

	start(&model);
	txn_begin(&txn, &model);
	assert_int_equal(script_apply(&txn, "timeouts 100 0 5", &error), 0);
	txn_end(&txn);
	assert_int_equal(model.timeouts.tcp, 100);
	assert_int_equal(model.timeouts.tcpfin, 120);
	assert_int_equal(model.timeouts.udp, 5);
	model_fini(&model);
}

/* Each service is touched once, however often it is changed. */
static void touched_once(void **state)
{
	struct list *at, *safe;
	struct model_error error;
	struct model model;
	struct txn txn;
	int n = 0;

	start(&model);
	txn_begin(&txn, &model);
	assert_int_equal(script_apply(&txn, "S~ " WEB " lc; D- " WEB " 192.0.2.11 8080; S- " WEB "; S+ " WEB " rr; zero", &error), 0);
	list_each (at, safe, &txn.touched)
		n++;
	assert_int_equal(n, 1);
	txn_end(&txn);
	model_fini(&model);
}

static void add_dests(struct txn *txn, struct sl_svc_key svc, unsigned count)
{
	struct op op = {.kind = OP_DEST_ADD, .server = {.fwd = SL_FWD_MASQ, .weight = 1}, .svc = svc};
	struct model_error error;

	for (unsigned port = 1; port <= count; port++) {
		op.dest = script_dest_key("192.0.2.11", port);
		assert_int_equal(txn_apply(txn, &op, &error), 0);
	}
}

static void limits(void **state)
{
	struct op op = {.kind = OP_SVC_ADD};
	struct model_error error;
	struct model model;
	struct txn txn;

	model_init(&model);
	txn_begin(&txn, &model);
	op.svc = script_svc_key("tcp", "192.0.2.1", 80);
	assert_int_equal(txn_apply(&txn, &op, &error), 0);
	for (unsigned i = 1; i < SL_MAX_SVCS - 1; i++) {
		op.svc = script_svc_key("udp", "192.0.2.1", 1 + i % 65535);
		assert_int_equal(txn_apply(&txn, &op, &error), 0);
	}
	op.svc = script_svc_key("tcp", "192.0.2.1", 65535);
	assert_int_equal(txn_apply(&txn, &op, &error), -ENOSPC);
	add_dests(&txn, script_svc_key("tcp", "192.0.2.1", 80), SL_MAX_SVC_DESTS);
	op = (struct op){.kind = OP_DEST_ADD, .server = {.fwd = SL_FWD_MASQ, .weight = 1}, .svc = script_svc_key("tcp", "192.0.2.1", 80)};
	op.dest = script_dest_key("192.0.2.12", 1);
	assert_int_equal(txn_apply(&txn, &op, &error), -ENOSPC);
	assert_non_null(strstr(error.text, "the service has"));
	add_dests(&txn, script_svc_key("udp", "192.0.2.1", 2), SL_MAX_SVC_DESTS);
	op.svc = script_svc_key("udp", "192.0.2.1", 3);
	add_dests(&txn, op.svc, SL_MAX_DESTS - 1 - 2 * SL_MAX_SVC_DESTS);
	assert_int_equal(txn_apply(&txn, &op, &error), -ENOSPC);
	assert_non_null(strstr(error.text, "there are"));
	assert_whole(&model);
	txn_end(&txn);
	model_fini(&model);
}

static void diff_says_what(void **state)
{
	static const char *const lines[] = {
	    "~ tcp 192.0.2.1:80 wrr",
	    "- tcp 192.0.2.1:80 -> 192.0.2.12:80 Route weight 2",
	    "+ udp [2001:db8::1]:53 -> [2001:db8::9]:53 Masq weight 4",
	};
	struct model_error error;
	char text[DIFF_TEXT];
	struct model model;
	struct diff diff;
	struct txn txn;

	start(&model);
	txn_begin(&txn, &model);
	assert_int_equal(
	    script_apply(&txn, "S~ " WEB " wrr; D- " WEB " 192.0.2.12 80; D+ udp 2001:db8::1 53 2001:db8::9 53 masq 4", &error), 0);
	assert_int_equal(diff_init(&diff, &txn), 0);
	assert_int_equal(diff.count, 3);
	for (int i = 0; i < 3; i++)
		assert_string_equal(diff_text(&diff.items[i], text), lines[i]);
	diff_fini(&diff);
	txn_end(&txn);
	model_fini(&model);
}

#define ROWS (sizeof(rows) / sizeof(rows[0]))

int main(void)
{
	static char names[2 * ROWS][80];
	static struct CMUnitTest tests[2 * ROWS + 4];
	size_t n = 0;

	for (size_t i = 0; i < 2 * ROWS; i++) {
		const struct row *row = &rows[i % ROWS];

		snprintf(names[i], sizeof(names[i]), "%s%s", i < ROWS ? "" : "undo: ", row->name);
		for (char *c = names[i]; *c; c++)
			*c = *c == ' ' || *c == ',' || *c == ':' ? '_' : *c;
		tests[n++] =
		    (struct CMUnitTest){.name = names[i], .test_func = i < ROWS ? run_row : undo_row, .initial_state = (void *)row};
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(timeouts_keep_what_is_0);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(touched_once);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(limits);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(diff_says_what);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
