// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output/proc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/sluice/sluice.h"

/* Those of output_procs; a test holds them together. */
static const struct sluice_name names[] = {
    {"ip_vs", "services and servers"},
    {"ip_vs_stats", "counters and rates of all services"},
    {"ip_vs_stats_percpu", "the same by processor"},
    {"ip_vs_conn", "connections"},
    {"ip_vs_conn_sync", "connections and where they come from"},
    {"ip_vs_app", "protocol helpers"},
    {},
};

/* A piece of the text: as it is, or as the inside of a JSON string. */
static int put(const struct sluice_args *args, const struct output_proc *proc, const json_t *answer)
{
	char *text = NULL, *quoted;
	size_t size = 0;
	json_t *string;
	FILE *out;

	if (!args->json) {
		proc->answer(stdout, answer);
		return SLUICE_OK;
	}
	out = open_memstream(&text, &size);
	if (out)
		proc->answer(out, answer);
	string = out && fclose(out) == 0 ? json_stringn(text, size) : NULL;
	quoted = json_dumps(string, JSON_ENCODE_ANY);
	if (quoted)
		printf("%.*s", (int)strlen(quoted) - 2, quoted + 1);
	json_decref(string);
	free(text);
	free(quoted);
	return quoted ? SLUICE_OK : sluice_explain(NULL, -ENOMEM);
}

static int put_answers(const struct sluice_args *args, const struct output_proc *proc)
{
	struct client *client = NULL;
	json_t *result, *next;
	long long after = -1;
	int status = sluice_open(&client);

	while (status == SLUICE_OK) {
		status = sluice_call(client, proc->method, after < 0 ? NULL : json_pack("{s:I}", "after", (json_int_t)after), &result);
		if (status != SLUICE_OK)
			break;
		status = put(args, proc, result);
		next = json_object_get(result, "next");
		if (json_is_integer(next) && json_integer_value(next) <= after)
			status = sluice_explain(client, -EBADMSG); /* it would never end */
		after = proc->paged && json_is_integer(next) ? json_integer_value(next) : -1;
		json_decref(result);
		if (after < 0)
			break;
	}
	client_close(client);
	return status;
}

static int run(const struct sluice_args *args)
{
	const struct output_proc *proc = output_proc_find(args->word[0]);
	json_t *title;
	char *quoted;
	int status;

	if (!proc)
		return sluice_wrong_name(args, args->word[0], names, "file of IPVS");
	title = json_string(proc->title);
	quoted = json_dumps(title, JSON_ENCODE_ANY);
	if (!args->json)
		fputs(proc->title, stdout);
	else if (quoted)
		printf("{\"name\": \"%s\", \"text\": %.*s", proc->name, (int)strlen(quoted) - 1, quoted);
	json_decref(title);
	free(quoted);
	status = proc->method ? put_answers(args, proc) : SLUICE_OK;
	if (args->json)
		fputs("\"}\n", stdout);
	return status;
}

static const struct sluice_word words[] = {{"NAME", SLUICE_CHOICE, .count = SLUICE_ONE, .names = names}, {}};

static const struct sluice_name examples[] = {
    {"proc ip_vs", "what `cat /proc/net/ip_vs' shows where IPVS runs"},
    {"proc ip_vs_stats_percpu", "counters by processor"},
    {},
};

const struct sluice_command sluice_cmd_proc = {
    .name = "proc",
    .what = "what IPVS shows in /proc/net, for the programs that read it",
    .help =
	"NAME is ip_vs, ip_vs_stats, ip_vs_stats_percpu, ip_vs_conn, ip_vs_conn_sync or ip_vs_app. With --json: {\"name\", \"text\"}.\n",
    .words = words,
    .examples = examples,
    .run = run,
};
