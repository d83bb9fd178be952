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
    {"set", OP_SETTING},
    {"M+", OP_MARK_ADD},
    {"M-", OP_MARK_DELETE},
    {"Y+", OP_SYNC_START},
    {"Y-", OP_SYNC_STOP},
};

static void __attribute__((noreturn)) bad(const char *text)
{
	fprintf(stderr, "bad script: %s\n", text);
	abort();
}

struct sl_svc_key script_svc_key(const char *proto, const char *addr, unsigned port)
{
	struct sl_svc_key key = {.port = htons(port), .proto = IPPROTO_TCP};

	if (strncmp(proto, "mark", 4) == 0)
		return svc_key_mark(strtoul(addr, NULL, 10), proto[4] == '6');
	if (strcmp(proto, "udp") == 0)
		key.proto = IPPROTO_UDP;
	if (strcmp(proto, "sctp") == 0)
		key.proto = IPPROTO_SCTP;
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

static struct prefix parse_prefix(const char *text)
{
	struct prefix prefix = {0};

	if (strcmp(text, "-") != 0 && prefix_parse(text, &prefix))
		bad(text);
	return prefix;
}

static void parse_allow(char *text, struct op_svc *conf)
{
	struct prefix prefixes[64];
	uint32_t count = 0;
	char *word;

	conf->allow_said = true;
	if (strcmp(text, "null") == 0)
		return;
	while ((word = strsep(&text, ","))) {
		if (word[0])
			prefixes[count++] = parse_prefix(word);
	}
	conf->allow = allow_new(prefixes, count);
}

/* One "name=value" behind a scheduler. */
static void parse_svc_option(char *word, struct op_svc *conf)
{
	char *value = strchr(word, '='), *flag;
	const struct {
		const char *name;
		int64_t *number;
	} numbers[] = {{"persist", &conf->persist}, {"tcp", &conf->tcp}, {"tcpfin", &conf->tcpfin}, {"udp", &conf->udp}};

	if (value)
		*value++ = 0;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(numbers[i].name, word) == 0)
			*numbers[i].number = strtoll(value, NULL, 10);
	}
	conf->persistent |= strcmp(word, "persist") == 0;
	conf->ops |= strcmp(word, "ops") == 0;
	if (strcmp(word, "pe") == 0)
		conf->pe = value;
	if (strcmp(word, "allow") == 0)
		parse_allow(value, conf);
	if (strcmp(word, "mask") == 0) {
		conf->mask_kind = strchr(value, '.') ? OP_MASK_ADDR : OP_MASK_LEN;
		conf->mask_len = strtoll(value, NULL, 10);
		addr_parse(value, conf->mask.b);
	}
	while (strcmp(word, "flags") == 0 && (flag = strsep(&value, ",")))
		conf->flags[conf->flag_count++] = flag;
}

static void parse_tunnel(const char *value, struct op_dest *server)
{
	char type[8] = "", csum[8] = "none";
	long long port = 0;

	server->tunnel_said = true;
	sscanf(value, "%7[a-z]:%lld:%7s", type, &port, csum);
	server->tun_type = strcmp(type, "gue") == 0 ? SL_TUN_GUE : strcmp(type, "gre") == 0 ? SL_TUN_GRE : SL_TUN_IPIP;
	server->tun_port = port;
	server->tun_flags = strcmp(csum, "csum") == 0 ? SL_TUN_CSUM : strcmp(csum, "remcsum") == 0 ? SL_TUN_REMCSUM : 0;
}

static void parse_dest(char **words, unsigned count, struct op *op)
{
	struct op_dest *server = &op->server;

	op->dest = script_dest_key(words[4], strtoul(words[5], NULL, 10));
	server->fwd = SL_FWD_DROUTE;
	server->weight = count > 7 ? strtoll(words[7], NULL, 10) : 1;
	for (int i = 0; i < 4 && count > 6; i++) {
		if (strcmp(fwds[i], words[6]) == 0)
			server->fwd = i;
	}
	for (unsigned i = 8; i < count; i++) {
		if (strncmp(words[i], "upper=", 6) == 0)
			server->upper = strtoll(words[i] + 6, NULL, 10);
		else if (strncmp(words[i], "lower=", 6) == 0)
			server->lower = strtoll(words[i] + 6, NULL, 10);
		else if (strncmp(words[i], "tun=", 4) == 0)
			parse_tunnel(words[i] + 4, server);
		else
			bad(words[i]);
	}
}

static void parse_rule(char **words, unsigned count, struct op *op)
{
	if (count < 7)
		bad("M+ has six words at least");
	op->mark = strtoll(words[1], NULL, 10);
	op->rule.has_dst = strcmp(words[2], "-") != 0;
	op->rule.has_src = strcmp(words[3], "-") != 0;
	op->rule.dst = parse_prefix(words[2]);
	op->rule.src = parse_prefix(words[3]);
	op->rule.proto = strcmp(words[4], "tcp") == 0 ? IPPROTO_TCP : strcmp(words[4], "udp") == 0 ? IPPROTO_UDP : 0;
	op->rule.first_port = strtoul(words[5], NULL, 10);
	op->rule.last_port = strtoul(words[6], NULL, 10);
	op->rule_id = count > 7 ? strtoll(words[7], NULL, 10) : 0;
}

static void parse_sync(char **words, unsigned count, struct op *op)
{
	op->sync = (struct op_sync){.interface = count > 2 ? words[2] : "eth0", .id = -1, .maxlen = -1, .port = -1, .ttl = -1};
	op->sync.role = strcmp(words[1], "backup") == 0 ? SYNC_BACKUP : SYNC_MASTER;
	op->sync.id = count > 3 ? strtoll(words[3], NULL, 10) : -1;
	op->sync.mtu = strcmp(op->sync.interface, "nosuch0") == 0 ? 0 : 1500;
}

/* What is about no service; false if it is. */
static bool parse_rest(char **words, unsigned count, struct op *op)
{
	switch (op->kind) {
	case OP_TIMEOUTS:
		op->tcp = strtoll(words[1], NULL, 10);
		op->tcpfin = strtoll(words[2], NULL, 10);
		op->udp = strtoll(words[3], NULL, 10);
		return true;
	case OP_SETTING:
		op->name = words[1];
		op->value = strtoll(words[2], NULL, 10);
		return true;
	case OP_MARK_ADD: parse_rule(words, count, op); return true;
	case OP_MARK_DELETE:
		op->all = strcmp(words[1], "all") == 0;
		op->rule_id = strtoll(words[1], NULL, 10);
		return true;
	case OP_SYNC_START:
	case OP_SYNC_STOP: parse_sync(words, count, op); return true;
	default: op->all = count < 4; return op->all;
	}
}

static struct op parse(char **words, unsigned count)
{
	struct op op = {.kind = parse_kind(words[0])};

	if (parse_rest(words, count, &op))
		return op;
	op.svc = script_svc_key(words[1], words[2], strtoul(words[3], NULL, 10));
	if (op.kind >= OP_DEST_ADD && op.kind <= OP_DEST_DELETE)
		parse_dest(words, count, &op);
	if (op.kind > OP_SVC_EDIT)
		return op;
	if (count > 4 && strcmp(words[4], "-") != 0)
		op.conf.sched = words[4];
	for (unsigned i = 5; i < count; i++)
		parse_svc_option(words[i], &op.conf);
	return op;
}

static int apply_line(struct txn *txn, char *line, struct model_error *ret_error)
{
	char *words[24], *word;
	unsigned count = 0;
	struct op op;
	int err;

	while (count < 24 && (word = strsep(&line, " "))) {
		if (word[0])
			words[count++] = word;
	}
	if (count == 0)
		return 0;
	op = parse(words, count);
	err = txn_apply(txn, &op, ret_error);
	allow_put(op.conf.allow);
	return err;
}

int script_apply(struct txn *txn, const char *script, struct model_error *ret_error)
{
	char *copy = strdup(script), *rest = copy, *line;
	int err = 0;

	while (!err && (line = strsep(&rest, ";")))
		err = apply_line(txn, line, ret_error);
	free(copy);
	return err;
}

/* Options that are set, as the script would say them. */
static void print_conf(FILE *f, const struct svc_conf *conf, bool v4)
{
	char text[PREFIX_TEXT];
	const char *flag;

	for (unsigned i = 0; (flag = model_flag_text(conf->sched, conf->flags, i)); i++)
		fprintf(f, "%s%s", i ? "," : " flags=", flag);
	if (conf->flags & SL_SVC_PERSISTENT) {
		unsigned bits = __builtin_popcountll(conf->mask.d[0]) + __builtin_popcountll(conf->mask.d[1]);

		fprintf(f, " persist=%u", conf->persist_s);
		if (bits != 128)
			fprintf(f, " mask=%u", v4 ? bits - 96 : bits);
	}
	fprintf(f, "%s%s%s", conf->pe ? " pe=" : "", model_pe_text(conf->pe), conf->flags & SL_SVC_ONEPACKET ? " ops" : "");
	if (conf->timeouts.tcp || conf->timeouts.tcpfin || conf->timeouts.udp)
		fprintf(f, " tcp=%u tcpfin=%u udp=%u", conf->timeouts.tcp, conf->timeouts.tcpfin, conf->timeouts.udp);
	if (conf->allow)
		fputs(" allow=", f);
	for (uint32_t i = 0; conf->allow && i < conf->allow->count; i++)
		fprintf(f, "%s%s", i ? "," : "", prefix_print(&conf->allow->prefixes[i], text));
}

static void print_dest(FILE *f, const struct dest *dest)
{
	static const char *const types[] = {"ipip", "gue", "gre"}, *const csums[] = {"none", "csum", "remcsum"};
	const struct dest_conf *conf = &dest->conf;
	char name[MODEL_NAME_TEXT];

	fprintf(f, "%s %s %d", model_dest_text(&dest->key, name), fwds[conf->fwd], conf->weight);
	if (conf->upper || conf->lower)
		fprintf(f, " upper=%u lower=%u", conf->upper, conf->lower);
	if (conf->tunnel.type)
		fprintf(f, " tun=%s:%u:%s", types[conf->tunnel.type], ntohs(conf->tunnel.port), csums[conf->tunnel.flags]);
}

static void print_rest(FILE *f, const struct model *model)
{
	char text[2][PREFIX_TEXT];
	struct list *at, *safe;

	list_each (at, safe, &model->mark_rules) {
		const struct rule *r = &container_of(at, struct mark_rule, link)->rule;

		fprintf(f, "rule %u: %u %s %s %u %u-%u; ", r->id, r->mark, r->has_dst ? prefix_print(&r->dst, text[0]) : "-",
		    r->has_src ? prefix_print(&r->src, text[1]) : "-", r->proto, r->first_port, r->last_port);
	}
	for (int role = 0; role < SYNC_ROLES; role++) {
		const struct sync_conf *s = &model->sync[role];

		if (s->on)
			fprintf(f, "%s %s %u %u; ", role == SYNC_MASTER ? "master" : "backup", s->interface, s->id, s->maxlen);
	}
	for (unsigned i = 0; model_sysctl_at(i); i++) {
		const struct model_sysctl *sysctl = model_sysctl_at(i);

		if (model->sysctl[sysctl->index] != sysctl->value)
			fprintf(f, "%s %d; ", sysctl->name, model->sysctl[sysctl->index]);
	}
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

		fprintf(f, "%s %s", model_svc_text(&svc->key, name), model_sched_text(svc->conf.sched));
		print_conf(f, &svc->conf, addr_is_v4(svc->key.addr.b));
		fputs(" [", f);
		list_each (dest_at, dest_safe, &svc->dests) {
			fputs(comma, f);
			print_dest(f, container_of(dest_at, struct dest, link));
			comma = ", ";
		}
		fputs("]; ", f);
	}
	print_rest(f, model);
	fclose(f);
	return text;
}
