/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/golden/sched/case.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/pktbuild.h"

#define CASE_COLUMNS 120

static const struct case_word words[] = {
    {"syn", IPPROTO_TCP, PKT_SYN, false, true},
    {"ack", IPPROTO_TCP, PKT_ACK, false, false},
    {"fin", IPPROTO_TCP, PKT_FIN | PKT_ACK, false, false},
    {"rst", IPPROTO_TCP, PKT_RST, false, false},
    {"udp", IPPROTO_UDP, 0, false, true},
    {"re-synack", IPPROTO_TCP, PKT_SYN | PKT_ACK, true, false},
    {"re-ack", IPPROTO_TCP, PKT_ACK, true, false},
    {"re-fin", IPPROTO_TCP, PKT_FIN | PKT_ACK, true, false},
    {"re-rst", IPPROTO_TCP, PKT_RST, true, false},
    {"re-udp", IPPROTO_UDP, 0, true, false},
};

static int wrong(struct case_reader *r, const char *what, const char *text)
{
	snprintf(r->why, sizeof(r->why), "line %u: %s: '%.60s'", r->line, what, text);
	return -EINVAL;
}

/* A number at *at, which moves behind it; false: there is none or it is too large. */
static bool number(char **at, uint32_t max, uint32_t *ret_number)
{
	char *end;
	unsigned long n = strtoul(*at, &end, 10);

	if (!isdigit((unsigned char)**at) || n > max)
		return false;
	*at = end;
	*ret_number = n;
	return true;
}

/* "+3%7" and "/1" behind an address and port. */
static bool end_steps(char *at, struct case_end *end)
{
	uint32_t port_step = 0;

	if (*at == '+' && (at++, !number(&at, ~0U, &end->addr_step)))
		return false;
	if (*at == '%' && (at++, !number(&at, ~0U, &end->addr_turn)))
		return false;
	if (*at == '/' && (at++, !number(&at, 65535, &port_step)))
		return false;
	end->port_step = port_step;
	return !*at;
}

/* ADDRESS:PORT with an optional step of each. */
static int end_parse(struct case_reader *r, const char *word, struct case_end *ret_end)
{
	char text[128], *at, *addr = text;
	struct case_end end = {0};
	uint32_t port;

	snprintf(text, sizeof(text), "%s", word);
	at = *text == '[' ? strstr(text, "]:") : strchr(text, ':');
	if (*text == '[' && at) {
		addr++;
		*at++ = 0;
	}
	if (!at)
		return wrong(r, "not an address and a port", word);
	*at++ = 0;
	if (addr_parse(addr, end.addr) || !number(&at, 65535, &port) || !end_steps(at, &end))
		return wrong(r, "not an address and a port", word);
	end.port = port;
	*ret_end = end;
	return 0;
}

static const struct case_word *word_lookup(const char *name)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(words[i].name, name))
			return &words[i];
	}
	return NULL;
}

/* WORD CLIENT [SERVICE] [xCOUNT] [counted] */
static int packets_parse(struct case_reader *r, char *text, struct case_step *s)
{
	char *save, *word = strtok_r(text, " ", &save);
	bool has_src = false;
	int err = 0;

	s->kind = CASE_PACKETS;
	s->word = word_lookup(word);
	s->count = 1;
	if (!s->word)
		return wrong(r, "not a word of a case", word);
	while (!err && (word = strtok_r(NULL, " ", &save))) {
		char *at = word + 1;

		if (!strcmp(word, "counted"))
			s->counted = true;
		else if (*word == 'x')
			err = number(&at, 1000000, &s->count) && !*at ? 0 : wrong(r, "not a count", word);
		else if (!has_src)
			err = end_parse(r, word, &s->src);
		else
			err = end_parse(r, word, &r->dst);
		has_src = true;
	}
	s->dst = r->dst;
	if (!err && s->word->answered && !s->counted && s->count > CASE_MAX_ANSWERS)
		err = wrong(r, "too many packets to answer each", s->text);
	return err ? err : has_src && s->dst.port ? 0 : wrong(r, "no client, or no service", s->text);
}

/* N[:PORT] or "-". */
static bool server_parse(char **at, struct case_server *ret_server)
{
	uint32_t n = 0, port = 0;

	if (**at == '-')
		++*at;
	else if (!number(at, 65535, &n))
		return false;
	if (**at == ':' && (++*at, !number(at, 65535, &port)))
		return false;
	*ret_server = (struct case_server){n, port};
	return true;
}

/* SERVER, SERVER*TIMES, SERVER=N (counted), SERVER=ACTIVE/INACTIVE (loads) */
static int answer_parse(struct case_reader *r, char *word, struct case_step *s)
{
	struct case_answer a = {0};
	uint32_t times = 1;
	char *at = word;
	bool good = server_parse(&at, &a.server);

	if (good && *at == '*')
		good = (at++, number(&at, CASE_MAX_ANSWERS, &times));
	if (good && *at == '=')
		good = (at++, number(&at, ~0U, &a.n[0]));
	if (good && *at == '/')
		good = (at++, number(&at, ~0U, &a.n[1]));
	if (!good || *at || s->answer_count + times > CASE_MAX_ANSWERS)
		return wrong(r, "not an answer", word);
	while (times--)
		s->answers[s->answer_count++] = a;
	return 0;
}

static int answers_parse(struct case_reader *r, char *text, struct case_step *s)
{
	char *save, *word;
	int err = 0;

	for (word = strtok_r(text, " \t", &save); !err && word; word = strtok_r(NULL, " \t", &save))
		err = answer_parse(r, word, s);
	return err;
}

static int step_parse(struct case_reader *r, char *line, struct case_step *s)
{
	char *answers = strstr(line, " = "), text[512], *at;

	s->line = r->line;
	if (answers && *line != '#')
		*answers = 0;
	s->text = line;
	if (strlen(line) >= sizeof(text))
		return wrong(r, "too long", line);
	strcpy(text, line);
	if (!*line || *line == '#')
		return 0;
	if (*line == '-') {
		s->kind = CASE_ADMIN;
		return 0;
	}
	if (!strcmp(line, "loads")) {
		s->kind = CASE_LOADS;
		return answers ? answers_parse(r, answers + 3, s) : 0;
	}
	if (!strncmp(line, "mark ", 5) || !strncmp(line, "wait ", 5)) {
		s->kind = *line == 'm' ? CASE_MARK : CASE_WAIT;
		at = line + 5;
		return number(&at, ~0U, &s->number) && !*at ? 0 : wrong(r, "not a number", line + 5);
	}
	int err = packets_parse(r, text, s);

	return err || !answers ? err : answers_parse(r, answers + 3, s);
}

void case_open(struct case_reader *reader, FILE *file)
{
	memset(reader, 0, sizeof(*reader));
	reader->file = file;
	if (!fgets(reader->ahead, sizeof(reader->ahead), file))
		*reader->ahead = 0;
}

int case_next(struct case_reader *r, struct case_step *ret_step)
{
	size_t len = 0;

	if (!*r->ahead)
		return 0;
	memset(ret_step, 0, offsetof(struct case_step, answers));
	r->line++;
	/* A line that begins with a tab goes on with the answers of the one before. */
	do {
		r->ahead[strcspn(r->ahead, "\n")] = 0;
		len += snprintf(r->text + len, sizeof(r->text) - len, "%s", r->ahead);
		if (len >= sizeof(r->text))
			return wrong(r, "too long", r->ahead);
		if (!fgets(r->ahead, sizeof(r->ahead), r->file))
			*r->ahead = 0;
	} while (*r->ahead == '\t' && r->line++);
	int err = step_parse(r, r->text, ret_step);

	return err ? err : 1;
}

/* One word behind those before it, in lines that are not too long. */
static void print_word(FILE *out, int *column, const char *word)
{
	int len = strlen(word);

	if (*column + len >= CASE_COLUMNS) {
		fprintf(out, "\n\t%s", word);
		*column = 8 + len;
	} else {
		*column += fprintf(out, " %s", word);
	}
}

static bool same_answer(const struct case_answer *a, const struct case_answer *b)
{
	return a->server.number == b->server.number && a->server.port == b->server.port;
}

static void print_answers(FILE *out, const struct case_step *s, int column)
{
	char server[CASE_SERVER_TEXT], word[64];

	column += fprintf(out, " =");
	for (unsigned i = 0, times; i < s->answer_count; i += times) {
		const struct case_answer *a = &s->answers[i];

		times = 1;
		case_server_text(&a->server, server);
		if (s->kind == CASE_LOADS) {
			snprintf(word, sizeof(word), "%s=%u/%u", server, a->n[0], a->n[1]);
		} else if (s->counted) {
			snprintf(word, sizeof(word), "%s=%u", server, a->n[0]);
		} else {
			while (i + times < s->answer_count && same_answer(a, a + times))
				times++;
			snprintf(word, sizeof(word), times > 1 ? "%s*%u" : "%s", server, times);
		}
		print_word(out, &column, word);
	}
}

void case_print(FILE *out, const struct case_step *step)
{
	int column = fprintf(out, "%s", step->text);

	if (step->answer_count)
		print_answers(out, step, column);
	fputc('\n', out);
}

void case_end_at(const struct case_end *end, uint32_t i, uint8_t ret_addr[16], uint16_t *ret_port)
{
	uint32_t offset = i * end->addr_step, low;

	if (end->addr_turn)
		offset = (uint64_t)i * end->addr_step % end->addr_turn;
	memcpy(ret_addr, end->addr, 16);
	memcpy(&low, ret_addr + 12, 4);
	low = htonl(ntohl(low) + offset);
	memcpy(ret_addr + 12, &low, 4);
	*ret_port = end->port + i * end->port_step;
}

struct case_server case_server(const uint8_t addr[16], uint16_t port, uint16_t vport)
{
	return (struct case_server){addr[14] << 8 | addr[15], port == vport ? 0 : port};
}

const char *case_server_text(const struct case_server *server, char text[CASE_SERVER_TEXT])
{
	if (server->number)
		snprintf(text, CASE_SERVER_TEXT, server->port ? "%u:%u" : "%u", server->number, server->port);
	else
		strcpy(text, "-");
	return text;
}
