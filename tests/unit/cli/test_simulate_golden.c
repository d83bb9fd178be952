// SPDX-License-Identifier: GPL-2.0-or-later
/* The simulator chooses as the kernel's IPVS did: golden cases of servers that stay, connection by connection. argv[1]: the cases. */
#include "tests/unit/cli/test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "cli/simulate/core.h"
#include "tests/golden/sched/case.h"

#define MOST 4096

/* A case on its way. */
struct play {
	struct sim_server servers[SIM_MAX_SERVERS];
	uint16_t order[SIM_MAX_SERVERS];
	unsigned count;
	bool ready; /* the core has the servers */
	struct {
		struct sim_conn conn;
		uint16_t server;
	} conns[MOST];
	unsigned conn_count;
};

static struct play play;
static const char *directory;

static enum sl_sched sched_of(const char *text)
{
	static const struct {
		const char *name;
		enum sl_sched sched;
	} names[] = {
#define X(name, number, text) {text, SL_SCHED_##name},
#include "sluice/sched.def"
#undef X
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strncmp(text, names[i].name, strlen(names[i].name)) == 0 && strchr(" \n", text[strlen(names[i].name)]))
			return names[i].sched;
	fail_msg("no scheduler: %s", text);
	return 0;
}

static void add_server(const char *line)
{
	struct sim_server *s = &play.servers[play.count];
	const char *at = strstr(line, " -r ") + 4, *weight = strstr(line, " -w ");
	char addr[64];

	snprintf(addr, sizeof(addr), "%.*s%s", (int)strcspn(at, " "), at, strcspn(at, ":") < strcspn(at, " ") ? "" : ":0");
	*s = (struct sim_server){.weight = weight ? atoi(weight + 4) : 1, .slow = 1};
	assert_true(sim_end_parse(addr, &s->at.addr, &s->at.port));
	memmove(play.order + 1, play.order, play.count * sizeof(*play.order));
	play.order[0] = play.count++;
}

static void admin(const char *line)
{
	uint32_t flags = (strstr(line, "-fallback") ? SL_SVC_SCHED1 : 0) | (strstr(line, "-port") ? SL_SVC_SCHED2 : 0);

	if (strncmp(line, "-A", 2) == 0)
		assert_int_equal(sim_core_init(sched_of(strstr(line, " -s ") + 4), flags, 1), 0);
	else if (strncmp(line, "-a", 2) == 0)
		add_server(line);
	else
		fail_msg("what is %s", line);
}

static struct sim_conn conn_of(const struct case_step *step, uint32_t i)
{
	struct sim_conn c;
	uint16_t port;

	memset(&c, 0, sizeof(c)); /* holes too: it is compared as bytes */
	c.proto = step->word->proto;
	case_end_at(&step->src, i, c.client.b, &port);
	c.cport = htons(port);
	case_end_at(&step->dst, i, c.virtual.b, &port);
	c.vport = htons(port);
	return c;
}

static void chosen(const char *name, const struct case_step *step, uint32_t i)
{
	struct sim_conn c = conn_of(step, i);
	uint16_t server = sim_core_pick(&c, 0);
	unsigned wanted = step->answers[i].server.number, is = server == SIM_NO_SERVER ? 0 : play.servers[server].at.addr.b[14] << 8;

	is |= server == SIM_NO_SERVER ? 0 : play.servers[server].at.addr.b[15];
	if (is != wanted)
		fail_msg("%s:%u: connection %u goes to %u, not to %u", name, step->line, i, is, wanted);
	if (server == SIM_NO_SERVER)
		return;
	assert_true(play.conn_count < MOST);
	play.conns[play.conn_count].conn = c;
	play.conns[play.conn_count++].server = server;
	sim_core_load(play.servers, server, 1, 0);
}

/* A FIN or RST of an established connection makes it inactive. */
static void ended(const struct case_step *step, uint32_t i)
{
	struct sim_conn c = conn_of(step, i);

	for (unsigned n = 0; n < play.conn_count; n++)
		if (memcmp(&play.conns[n].conn, &c, sizeof(c)) == 0)
			sim_core_load(play.servers, play.conns[n].server, -1, 1);
}

static void packets(const char *name, const struct case_step *step)
{
	bool begin = strcmp(step->word->name, "syn") == 0,
	     end = strcmp(step->word->name, "fin") == 0 || strcmp(step->word->name, "rst") == 0;

	if (!play.ready)
		assert_int_equal(sim_core_switch(play.servers, play.order, play.count), 0);
	play.ready = true;
	for (uint32_t i = 0; i < step->count; i++) {
		if (begin)
			chosen(name, step, i);
		else if (end)
			ended(step, i);
	}
}

static void play_case(const char *name)
{
	static struct case_reader reader;
	static struct case_step step;
	char path[512];
	FILE *file;
	int more;

	memset(&play, 0, sizeof(play));
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "r");
	assert_non_null(file);
	case_open(&reader, file);
	while ((more = case_next(&reader, &step)) == 1) {
		if (step.kind == CASE_ADMIN)
			admin(step.text);
		else if (step.kind == CASE_PACKETS)
			packets(name, &step);
	}
	assert_int_equal(more, 0);
	fclose(file);
	sim_core_fini();
}

/*
 * Servers that stay, TCP, one scheduler: no twos, which draws, no wrr, whose first round depends on the order in which an administrator
 * typed (tests/golden/sched/differs), and none of what only a director has.
 */
static int wanted(const struct dirent *entry)
{
	static const char *const scenarios[] = {".uneven-1", ".uneven-2", ".uneven-3", ".uneven-7", ".uneven-100", ".even-3"};
	const char *dot = strchr(entry->d_name, '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(scenarios); i++)
		if (strcmp(dot, scenarios[i]) == 0)
			return strncmp(entry->d_name, "twos", 4) && strncmp(entry->d_name, "wrr", 3) &&
			       strncmp(entry->d_name, "persistent", 10) && strncmp(entry->d_name, "one-packet", 10);
	return 0;
}

static void test_as_the_kernel(void **state)
{
	struct dirent **names;
	int count = scandir(directory, &names, wanted, alphasort);

	assert_true(count > 60);
	for (int i = 0; i < count; i++) {
		play_case(names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_as_the_kernel),
	};

	if (argc != 2)
		return 2;
	directory = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
