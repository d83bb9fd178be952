/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/sluiced/script.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const fwds[] = {"masq", "local", "tunnel", "route"};

static const struct {
	const char *name;
	enum op_kind kind;
} kinds[] = {
    {"S+", OP_SVC_ADD},
    {"S~", OP_SVC_EDIT},
    {"S-", OP_SVC_DELETE},
    {"D+", OP_DEST_ADD},
    {"D~", OP_DEST_EDIT},
    {"D-", OP_DEST_DELETE},
    {"clear", OP_CLEAR},
    {"zero", OP_ZERO},
    {"timeouts", OP_TIMEOUTS},
};

static void __attribute__((noreturn)) bad(const char *text)
{
	fprintf(stderr, "bad script: %s\n", text);
	abort();
}

struct sl_svc_key script_svc_key(const char *proto, const char *addr, unsigned port)
{
	struct sl_svc_key key = {.port = htons(port), .proto = strcmp(proto, "udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP};

	if (addr_parse(addr, key.addr.b))
		bad(addr);
	return key;
}

struct dest_key script_dest_key(const char *addr, unsigned port)
{
	struct sl_addr a;

	if (addr_parse(addr, a.b))
		bad(addr);
	return dest_key(&a, htons(port));
}

static enum op_kind parse_kind(const char *word)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, word) == 0)
			return kinds[i].kind;
	}
	bad(word);
}

static void parse_dest(const char *line, struct op *op)
{
	char addr[64], fwd[16] = "route";
	unsigned port;
	long long weight = 1;

	if (sscanf(line, "%*s %*s %*s %*u %63s %u %15s %lld", addr, &port, fwd, &weight) < 2)
		bad(line);
	op->dest = script_dest_key(addr, port);
	op->weight = weight;
	while (op->fwd < 4 && strcmp(fwds[op->fwd], fwd) != 0)
		op->fwd++;
}

static struct op parse(const char *line, char sched[32])
{
	char word[16], proto[8], addr[64];
	struct op op = {.all = true};
	long long t[3];
	unsigned port;
	int words = sscanf(line, "%15s %7s %63s %u %31s", word, proto, addr, &port, sched);

	op.kind = parse_kind(word);
	if (op.kind == OP_TIMEOUTS && sscanf(line, "%*s %lld %lld %lld", &t[0], &t[1], &t[2]) == 3) {
		op.tcp = t[0];
		op.tcpfin = t[1];
		op.udp = t[2];
	}
	if (words < 4 || op.kind == OP_TIMEOUTS)
		return op;
	op.all = false;
	op.svc = script_svc_key(proto, addr, port);
	if (op.kind <= OP_SVC_EDIT && words == 5 && strcmp(sched, "-") != 0)
		op.sched = sched;
	if (op.kind >= OP_DEST_ADD && op.kind <= OP_DEST_DELETE)
		parse_dest(line, &op);
	return op;
}

int script_apply(struct txn *txn, const char *script, struct model_error *ret_error)
{
	char *copy = strdup(script), *rest = copy, *line, sched[32];
	int err = 0;

	while (!err && (line = strsep(&rest, ";"))) {
		struct op op;

		if (line[strspn(line, " ")] == 0)
			continue;
		op = parse(line, sched);
		err = txn_apply(txn, &op, ret_error);
	}
	free(copy);
	return err;
}

char *script_print(const struct model *model)
{
	struct list *at, *safe, *dest_at, *dest_safe;
	char *text = NULL, name[MODEL_NAME_TEXT];
	size_t size;
	FILE *f = open_memstream(&text, &size);

	list_each (at, safe, &model->svcs) {
		const struct svc *svc = container_of(at, struct svc, link);
		const char *comma = "";

		fprintf(f, "%s %s [", model_svc_text(&svc->key, name), model_sched_text(svc->conf.sched));
		list_each (dest_at, dest_safe, &svc->dests) {
			const struct dest *dest = container_of(dest_at, struct dest, link);

			fprintf(f, "%s%s %s %d", comma, model_dest_text(&dest->key, name), fwds[dest->conf.fwd], dest->conf.weight);
			comma = ", ";
		}
		fputs("]; ", f);
	}
	fclose(f);
	return text;
}
