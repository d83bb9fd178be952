// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: a trace of connections (docs/simulate.md)
 *
 * Text, a connection a line, in any order. It may come from anywhere: every line is bounded, every field checked, and what is wrong is told
 * with its line.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/simulate/simulate.h"

#define HEAD "#sluice-trace 1"
#define MAX_LINE 255
#define FIELDS 6

struct reader {
	FILE *in, *err;
	const char *name;
	unsigned long line;
	unsigned bad;
	struct sim_trace *trace;
	char text[MAX_LINE + 1];
};

void sim_trace_init(struct sim_trace *trace)
{
	memset(trace, 0, sizeof(*trace));
}

void sim_trace_fini(struct sim_trace *trace)
{
	free(trace->conns);
	sim_trace_init(trace);
}

int sim_trace_add(struct sim_trace *trace, const struct sim_conn *conn)
{
	if (trace->count == SIM_MAX_CONNS)
		return -E2BIG;
	if (trace->count == trace->room) {
		uint32_t room = trace->room ? 2 * trace->room : 1024;
		struct sim_conn *conns = reallocarray(trace->conns, room, sizeof(*conns));

		if (!conns)
			return -ENOMEM;
		trace->conns = conns;
		trace->room = room;
	}
	trace->conns[trace->count++] = *conn;
	return 0;
}

static uint64_t hash(const struct sl_addr *addr)
{
	uint64_t h = (addr->d[0] ^ 0x9e3779b97f4a7c15ULL) * 0xff51afd7ed558ccdULL;

	h = (h ^ h >> 32 ^ addr->d[1]) * 0xc4ceb9fe1a85ec53ULL;
	return h ^ h >> 29;
}

/* Gives equal clients equal numbers: a table of those seen, never more than half full. */
static int number_clients(struct sim_trace *trace)
{
	uint32_t size = 16, *seen, at;

	while (size < 2 * trace->count)
		size *= 2;
	seen = calloc(size, sizeof(*seen)); /* connection + 1 */
	if (!seen)
		return -ENOMEM;
	trace->clients = 0;
	for (uint32_t i = 0; i < trace->count; i++) {
		struct sim_conn *c = &trace->conns[i];

		for (at = hash(&c->client) & (size - 1); seen[at]; at = (at + 1) & (size - 1))
			if (memcmp(&trace->conns[seen[at] - 1].client, &c->client, sizeof(c->client)) == 0)
				break;
		if (!seen[at])
			seen[at] = i + 1;
		c->who = seen[at] == i + 1 ? trace->clients++ : trace->conns[seen[at] - 1].who;
	}
	free(seen);
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct sim_conn *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->who < y->who ? -1 : x->who > y->who;
}

/* Equal starts keep their order. */
int sim_trace_finish(struct sim_trace *trace)
{
	uint32_t i = 1;

	while (i < trace->count && trace->conns[i - 1].start <= trace->conns[i].start)
		i++;
	if (i < trace->count) {
		for (i = 0; i < trace->count; i++)
			trace->conns[i].who = i;
		qsort(trace->conns, trace->count, sizeof(*trace->conns), by_start);
	}
	return number_clients(trace);
}

void sim_trace_only(struct sim_trace *trace, uint8_t proto, const struct sim_end *virtual)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < trace->count; i++) {
		const struct sim_conn *c = &trace->conns[i];

		if (c->proto == proto && memcmp(&c->virtual, &virtual->addr, sizeof(c->virtual)) == 0 &&
		    (!virtual->port || c->vport == virtual->port))
			trace->conns[kept++] = *c;
	}
	trace->count = kept;
}

static const struct {
	const char *name;
	uint8_t number;
} protos[] = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"sctp", IPPROTO_SCTP}};
#define PROTOS (sizeof(protos) / sizeof(protos[0]))

__attribute__((format(printf, 2, 3))) static bool wrong(struct reader *r, const char *format, ...)
{
	va_list args;

	if (r->bad++ < SIM_BAD_LINES) {
		fprintf(r->err, "%s:%lu: ", r->name, r->line);
		va_start(args, format);
		vfprintf(r->err, format, args);
		va_end(args);
		fputc('\n', r->err);
	}
	return false;
}

/* A word of the file as it may be shown: only what can be read. */
static const char *shown(char *word)
{
	for (char *c = word; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return word;
}

/* The next line into r->text, without its end. 1; 0: there is none; -EINVAL: too long, or a byte that is no text. */
static int next_line(struct reader *r)
{
	size_t len = 0;
	int c = getc(r->in), err = 1;

	if (c == EOF)
		return 0;
	r->line++;
	for (; c != EOF && c != '\n'; c = getc(r->in)) {
		if (c == '\0' || len == MAX_LINE)
			err = -EINVAL;
		else
			r->text[len++] = c;
	}
	if (len && r->text[len - 1] == '\r')
		len--;
	r->text[len] = '\0';
	if (err < 0)
		wrong(r, len == MAX_LINE ? "the line is longer than %d characters" : "there is a zero byte in the line", MAX_LINE);
	return err;
}

static bool parse_proto(const char *word, uint8_t *ret_proto)
{
	for (size_t i = 0; i < PROTOS; i++) {
		if (strcmp(word, protos[i].name) == 0) {
			*ret_proto = protos[i].number;
			return true;
		}
	}
	return false;
}

/* Which recorded server this is; a new one gets the next place. */
static bool parse_server(struct reader *r, char *word, uint16_t *ret_server)
{
	struct sim_trace *trace = r->trace;
	struct sim_end end = {0};
	unsigned i = 0;

	if (strcmp(word, "-") == 0)
		return true;
	if (!sim_end_parse(word, &end.addr, &end.port))
		return wrong(r, "`%s' is no server; write 10.0.0.1:80, [2001:db8::1]:80 or -", shown(word));
	while (i < trace->server_count &&
	       (trace->servers[i].port != end.port || memcmp(&trace->servers[i].addr, &end.addr, sizeof(end.addr)) != 0))
		i++;
	if (i == SIM_MAX_SERVERS)
		return wrong(r, "there are more than %d different servers", SIM_MAX_SERVERS);
	if (i == trace->server_count)
		trace->servers[trace->server_count++] = end;
	*ret_server = i;
	return true;
}

static bool parse_times(struct reader *r, char *start, char *lasts, struct sim_conn *c)
{
	if (!sim_seconds_parse(start, &c->start))
		return wrong(r, "`%s' is no time; write seconds from the beginning, such as 12.5", shown(start));
	if (strcmp(lasts, "-") == 0)
		c->lasts = SIM_NEVER;
	else if (!sim_seconds_parse(lasts, &c->lasts))
		return wrong(r, "`%s' is no duration; write seconds, such as 0.25, or -", shown(lasts));
	return true;
}

static bool parse_conn(struct reader *r, char *word[FIELDS], struct sim_conn *ret_conn)
{
	struct sim_conn c = {.server = SIM_NO_SERVER};

	if (!parse_times(r, word[0], word[1], &c))
		return false;
	if (!parse_proto(word[2], &c.proto))
		return wrong(r, "`%s' is no protocol; write tcp, udp or sctp", shown(word[2]));
	for (int i = 3; i < 5; i++) {
		struct sl_addr *addr = i == 3 ? &c.client : &c.virtual;

		if (!sim_end_parse(word[i], addr, i == 3 ? &c.cport : &c.vport))
			return wrong(r, "`%s' is no %s; write 192.0.2.1:80 or [2001:db8::1]:80", shown(word[i]),
			    i == 3 ? "client" : "virtual service");
	}
	if (!parse_server(r, word[5], &c.server))
		return false;
	*ret_conn = c;
	return true;
}

/* A line's words; the last may be left out. */
static bool split(struct reader *r, char *word[FIELDS])
{
	static char none[] = "-";
	char *rest = r->text;
	int n = 0;

	for (char *w; (w = strtok_r(NULL, " \t", &rest)); n++) {
		if (n == FIELDS)
			return wrong(r, "there is more after the server: `%s'", shown(w));
		word[n] = w;
	}
	if (n < FIELDS - 1)
		return wrong(r, "%d fields, there must be 5 or 6: start, duration, protocol, client, virtual service, server", n);
	if (n == FIELDS - 1)
		word[n] = none;
	return true;
}

static int take_line(struct reader *r)
{
	char *word[FIELDS];
	struct sim_conn conn;
	int err = 0;

	if (r->text[strspn(r->text, " \t")] == '\0' || r->text[0] == '#')
		return 0;
	if (split(r, word) && parse_conn(r, word, &conn))
		err = sim_trace_add(r->trace, &conn);
	if (err == -E2BIG)
		wrong(r, "there are more than %d connections", SIM_MAX_CONNS);
	return err;
}

static int read_lines(struct reader *r)
{
	int more = next_line(r), err = 0;

	if (more != 1 || strcmp(r->text, HEAD) != 0) {
		r->line = 1;
		wrong(r, "this is no trace: its first line must be `" HEAD "'");
		return -EINVAL;
	}
	while (!err && r->bad < SIM_BAD_LINES && (more = next_line(r)) != 0)
		err = more == 1 ? take_line(r) : 0;
	if (!err && ferror(r->in))
		wrong(r, "can't read on: %s", strerror(errno));
	return r->bad ? -EINVAL : err;
}

int sim_trace_read(FILE *in, const char *name, FILE *err, struct sim_trace *trace)
{
	struct reader r = {.in = in, .err = err, .name = name, .trace = trace};
	int failed = read_lines(&r);

	if (r.bad == SIM_BAD_LINES)
		fprintf(err, "%s: there may be more; the first %u were told\n", name, r.bad);
	return failed ? failed : sim_trace_finish(trace);
}

void sim_trace_write_head(FILE *out)
{
	fputs(HEAD "\n# start duration protocol client virtual server; seconds; - is not known\n", out);
}

static void write_seconds(FILE *out, uint64_t us)
{
	fprintf(out, "%" PRIu64 ".%06" PRIu64 " ", (uint64_t)(us / SIM_SECOND), (uint64_t)(us % SIM_SECOND));
}

void sim_trace_write(FILE *out, const struct sim_conn *conn, const struct sim_end *server)
{
	char client[SIM_END_TEXT], virtual[SIM_END_TEXT], went[SIM_END_TEXT] = "-";
	const char *proto = "tcp";

	for (size_t i = 0; i < PROTOS; i++)
		if (protos[i].number == conn->proto)
			proto = protos[i].name;
	if (server)
		sim_end_text(&server->addr, server->port, went);
	write_seconds(out, conn->start);
	if (conn->lasts == SIM_NEVER)
		fputs("- ", out);
	else
		write_seconds(out, conn->lasts);
	fprintf(out, "%s %s %s %s\n", proto, sim_end_text(&conn->client, conn->cport, client),
	    sim_end_text(&conn->virtual, conn->vport, virtual), went);
}

void sim_trace_write_all(FILE *out, const struct sim_trace *trace)
{
	sim_trace_write_head(out);
	for (uint32_t i = 0; i < trace->count; i++) {
		const struct sim_conn *c = &trace->conns[i];

		sim_trace_write(out, c, c->server == SIM_NO_SERVER ? NULL : &trace->servers[c->server]);
	}
}
