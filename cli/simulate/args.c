// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/simulate/simulate.h"
#include "cli/sluice/sluice.h"

/* Commands' arguments on their way into what will be simulated. Functions return an enum sluice_status. */
struct filler {
	const struct sluice_args *from;
	const char *name; /* of the option at hand */
	struct sim_args *to;
	unsigned weights;
};

static bool whole(const char *text, uint64_t least, uint64_t most, uint64_t *ret_number)
{
	uint64_t n = 0;
	const char *c = text;

	for (; *c >= '0' && *c <= '9' && c - text < 18; c++)
		n = n * 10 + (*c - '0');
	if (c == text || *c || n < least || n > most)
		return false;
	*ret_number = n;
	return true;
}

static bool fraction(const char *text, double least, double most, double *ret_number)
{
	char *end;
	double n;

	if (!*text || !strchr("0123456789.", *text))
		return false;
	n = strtod(text, &end);
	if (*end || !isfinite(n) || n < least || n > most)
		return false;
	*ret_number = n;
	return true;
}

static int take_fraction(struct filler *f, const char *name, const char *text, double least, double most, double *ret_number)
{
	if (fraction(text, least, most, ret_number))
		return SLUICE_OK;
	return sluice_wrong(f->from, "%s takes a number from %g to %g, not `%s'", name, least, most, text);
}

static uint64_t from_ms(long long ms)
{
	return ms * (SIM_SECOND / 1000);
}

/* Calls take(f, i, word) for each word of a list; the word is the callee's to change. */
static int each(struct filler *f, const char *list, int (*take)(struct filler *f, unsigned i, char *word))
{
	char *copy = strdup(list), *rest = copy, *word;
	int status = copy ? SLUICE_OK : sluice_wrong(f->from, "out of memory");

	for (unsigned i = 0; status == SLUICE_OK && (word = strsep(&rest, ",")); i++)
		status = take(f, i, word);
	free(copy);
	return status;
}

/* Server n, from 0, where nothing else was said: 10.0.0.1:80 and so on. */
static struct sim_server default_server(unsigned n)
{
	struct sim_server s = {.weight = 1, .slow = 1};

	s.at.addr.w[2] = htonl(0xffff);
	s.at.addr.w[3] = htonl(0x0a000001 + n);
	s.at.port = htons(80);
	return s;
}

static int server_word(struct filler *f, unsigned i, char *word)
{
	struct sim_setup *setup = &f->to->setup;

	if (i == SIM_MAX_SERVERS)
		return sluice_wrong(f->from, "--servers: there are more than %d", SIM_MAX_SERVERS);
	setup->server_count = i + 1;
	if (!sim_end_parse(word, &setup->servers[i].at.addr, &setup->servers[i].at.port))
		return sluice_wrong(f->from, "--servers: `%s' is neither a number nor an address with a port", word);
	return SLUICE_OK;
}

static int take_servers(struct filler *f, const char *text)
{
	uint64_t n;

	if (strpbrk(text, ".:"))
		return each(f, text, server_word);
	if (!whole(text, 1, SIM_MAX_SERVERS, &n))
		return sluice_wrong(f->from, "--servers: `%s' is no number from 1 to %d", text, SIM_MAX_SERVERS);
	f->to->setup.server_count = n;
	return SLUICE_OK;
}

static int number_word(struct filler *f, unsigned i, const char *word, uint64_t most, uint64_t *ret_number)
{
	if (i == SIM_MAX_SERVERS)
		return sluice_wrong(f->from, "--%s: there are more than %d servers", f->name, SIM_MAX_SERVERS);
	if (!whole(word, 0, most, ret_number))
		return sluice_wrong(f->from, "--%s: `%s' is no number from 0 to %llu", f->name, word, (unsigned long long)most);
	return SLUICE_OK;
}

static int weight_word(struct filler *f, unsigned i, char *word)
{
	uint64_t n = 0;
	int status = number_word(f, i, word, 65535, &n);

	if (status == SLUICE_OK)
		f->to->setup.servers[i].weight = n;
	f->weights = i + 1;
	return status;
}

static int take_weights(struct filler *f, const char *text)
{
	return each(f, text, weight_word);
}

/* A threshold; if it is the only one, of all servers. */
static int threshold_word(struct filler *f, unsigned i, char *word)
{
	struct sim_server *servers = f->to->setup.servers;
	bool upper = *f->name == 'u';
	uint64_t n = 0;
	int status = number_word(f, i, word, UINT32_MAX, &n);

	for (unsigned k = i; status == SLUICE_OK && k < (i ? i + 1 : SIM_MAX_SERVERS); k++)
		*(upper ? &servers[k].upper : &servers[k].lower) = n;
	return status;
}

static int take_thresholds(struct filler *f, const char *text)
{
	return each(f, text, threshold_word);
}

static const struct {
	const char *name;
	enum sl_sched sched;
} scheds[] = {
#define X(name, number, text) {text, SL_SCHED_##name},
#include "sluice/sched.def"
#undef X
};

static int sched_word(struct filler *f, unsigned i, char *word)
{
	for (size_t n = 0; n < sizeof(scheds) / sizeof(scheds[0]); n++)
		if (strcmp(word, scheds[n].name) == 0)
			f->to->scheds[scheds[n].sched] = true;
	return SLUICE_OK;
}

static int take_scheds(struct filler *f, const char *text)
{
	return each(f, text, sched_word);
}

static int flag_word(struct filler *f, unsigned i, char *word)
{
	uint32_t *flags = &f->to->setup.flags[*word == 's' ? SL_SCHED_SH : SL_SCHED_MH];

	*flags |= strcmp(word + 2, "-port") == 0 ? SL_SVC_SCHED2 : SL_SVC_SCHED1;
	return SLUICE_OK;
}

static int take_flags(struct filler *f, const char *text)
{
	return each(f, text, flag_word);
}

static int model_word(struct filler *f, unsigned i, char *word)
{
	char *number = strchr(word, '=');

	if (number)
		*number++ = '\0';
	for (int n = 0; n < SIM_MODELS; n++) {
		const struct sim_model_row *row = &sim_models[n];

		if (strcmp(word, row->name) != 0)
			continue;
		f->to->model.number[n] = row->number;
		return number ? take_fraction(f, row->name, number, row->least, row->most, &f->to->model.number[n]) : SLUICE_OK;
	}
	return sluice_wrong(f->from, "there is no model `%s'; there are poisson, heavy-tail, big-client, slow-server", word);
}

static int take_models(struct filler *f, const char *text)
{
	f->to->models = text;
	return each(f, text, model_word);
}

/* "30:2", "1m:2" */
static int take_change(struct filler *f, const char *text)
{
	struct sim_setup *setup = &f->to->setup;
	size_t len = strcspn(text, ":");
	char time[32];
	uint64_t server;
	unsigned ms;

	snprintf(time, sizeof(time), "%.*s", (int)(len < sizeof(time) ? len : 0), text);
	if (!text[len] || sluice_duration_parse(time, &ms) < 0 || !whole(text + len + 1, 1, SIM_MAX_SERVERS, &server))
		return sluice_wrong(f->from, "--%s: `%s' is not TIME:SERVER, such as 30s:2", f->name, text);
	if (setup->change_count == SIM_MAX_CHANGES)
		return sluice_wrong(f->from, "servers leave and join more than %d times", SIM_MAX_CHANGES);
	setup->changes[setup->change_count++] =
	    (struct sim_change){.at = from_ms(ms), .server = server - 1, .join = strcmp(f->name, "join") == 0};
	return SLUICE_OK;
}

/* "1:10" */
static int take_slow(struct filler *f, const char *text)
{
	size_t len = strcspn(text, ":");
	char server[16];
	uint64_t n = 0;
	double factor;

	snprintf(server, sizeof(server), "%.*s", (int)(len < sizeof(server) ? len : 0), text);
	if (!text[len] || !whole(server, 1, SIM_MAX_SERVERS, &n) || !fraction(text + len + 1, 0.01, 1000, &factor))
		return sluice_wrong(f->from, "--slow: `%s' is not SERVER:FACTOR, such as 1:10, the factor from 0.01 to 1000", text);
	f->to->setup.servers[n - 1].slow = factor;
	return SLUICE_OK;
}

static int take_rate(struct filler *f, const char *text)
{
	return take_fraction(f, "--rate", text, 0.1, 1e9, &f->to->model.rate);
}

/* Options whose words the common parser does not know. */
static const struct {
	const char *name;
	int (*take)(struct filler *f, const char *text);
} takers[] = {
    {"flags", take_flags},
    {"join", take_change},
    {"leave", take_change},
    {"lower", take_thresholds},
    {"model", take_models},
    {"rate", take_rate},
    {"scheduler", take_scheds},
    {"servers", take_servers},
    {"slow", take_slow},
    {"upper", take_thresholds},
    {"weights", take_weights},
};

static int take(struct filler *f, const struct sluice_given *given)
{
	f->name = given->option->name;
	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
		if (strcmp(takers[i].name, f->name) == 0)
			return takers[i].take(f, given->text);
	return SLUICE_OK;
}

static int by_time(const void *a, const void *b)
{
	const struct sim_change *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* What was said of servers must fit together. */
static int settle_servers(struct filler *f)
{
	struct sim_args *to = f->to;
	bool counted = sluice_has(f->from, "servers");

	if (counted && f->weights && f->weights != to->setup.server_count)
		return sluice_wrong(f->from, "there are %u weights for %u servers", f->weights, to->setup.server_count);
	if (f->weights)
		to->setup.server_count = f->weights;
	to->servers_said = counted || f->weights;
	if (to->service && to->servers_said)
		return sluice_wrong(f->from, "either --service or --servers and --weights");
	return SLUICE_OK;
}

static void defaults(const struct sluice_args *from, struct sim_args *to)
{
	memset(to, 0, sizeof(*to));
	for (unsigned i = 0; i < SIM_MAX_SERVERS; i++)
		to->setup.servers[i] = default_server(i);
	to->setup.server_count = 4;
	to->setup.linger = from_ms(sluice_number(from, "linger", 120000));
	to->setup.persist = from_ms(sluice_number(from, "persist", 0));
	to->setup.warmup = sluice_has(from, "warmup") ? from_ms(sluice_number(from, "warmup", 0)) : SIM_NEVER;
	to->setup.seed = sluice_number(from, "seed", 1);
	to->model.connections = sluice_number(from, "connections", 100000);
	to->model.clients = sluice_number(from, "clients", 10000);
	to->model.virtuals = sluice_number(from, "virtuals", 1);
	to->model.mean = sluice_number(from, "mean", 10000) / 1000.0;
	to->model.rate = 1000;
	to->models = sim_models[SIM_POISSON].name;
	to->source = from->words ? from->word[0] : NULL;
	to->plot = sluice_text(from, "plot", NULL);
	to->write = sluice_text(from, "write", NULL);
	to->service = sluice_text(from, "service", NULL);
	to->json = from->json;
}

int sim_args(const struct sluice_args *from, struct sim_args *ret_args)
{
	struct filler f = {.from = from, .to = ret_args};
	int status = SLUICE_OK;

	defaults(from, ret_args);
	if (ret_args->source && sluice_has(from, "model"))
		return sluice_wrong(from, "either a trace or --model");
	for (unsigned i = 0; i < from->givens && status == SLUICE_OK; i++)
		status = take(&f, &from->given[i]);
	if (status == SLUICE_OK)
		status = settle_servers(&f);
	qsort(ret_args->setup.changes, ret_args->setup.change_count, sizeof(ret_args->setup.changes[0]), by_time);
	return status;
}
