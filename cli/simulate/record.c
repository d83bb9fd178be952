// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/simulate/record.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/sluice/sluice.h"

#define EVERY_MS 100 /* the daemon is asked for what is new */

struct recording {
	struct client *client;
	struct recorder recorder;
	json_int_t id, lost;
	uint64_t until_ms; /* UINT64_MAX: until it is stopped */
	int signals; /* that stop it */
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

static int no_sense(void)
{
	return sluice_explain(NULL, -EBADMSG);
}

static int start(struct recording *rec, const struct sluice_args *args, uint64_t *ret_zero)
{
	const char *service = sluice_text(args, "service", NULL), *why;
	json_t *params = service ? json_pack("{s:o}", "service", sluice_service_word(service, &why)) : json_object(), *result;
	int status = sluice_call(rec->client, "record.start", params, &result);

	if (status != SLUICE_OK)
		return status;
	rec->id = json_integer_value(json_object_get(result, "record"));
	*ret_zero = json_integer_value(json_object_get(result, "ns"));
	json_decref(result);
	return SLUICE_OK;
}

/* What is new. */
static int take(struct recording *rec)
{
	json_t *result;
	bool more = true;

	while (more) {
		int status = sluice_call(rec->client, "record.read", json_pack("{s:I}", "record", rec->id), &result), err;

		if (status != SLUICE_OK)
			return status;
		err = recorder_take(&rec->recorder, json_object_get(result, "events"));
		rec->lost = json_integer_value(json_object_get(result, "lost"));
		more = json_is_true(json_object_get(result, "more"));
		json_decref(result);
		if (err)
			return err == -EBADMSG ? no_sense() : sluice_explain(NULL, err);
		if (ferror(rec->recorder.out))
			return SLUICE_OK; /* told at the end */
	}
	return SLUICE_OK;
}

/* True: somebody wants it to end. */
static bool told_to_stop(const struct recording *rec, uint64_t now)
{
	struct pollfd fd = {.fd = rec->signals, .events = POLLIN};
	uint64_t left = rec->until_ms > now ? rec->until_ms - now : 0;

	return poll(&fd, 1, left < EVERY_MS ? (int)left : EVERY_MS) > 0;
}

static int follow(struct recording *rec)
{
	for (;;) {
		bool stop = told_to_stop(rec, now_ms());
		int status = take(rec);

		fflush(rec->recorder.out);
		if (status != SLUICE_OK || stop || ferror(rec->recorder.out) || recorder_done(&rec->recorder) || now_ms() >= rec->until_ms)
			return status;
	}
}

/* Interrupts end the recording, not the program: what is open has still to be written. */
static int catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void say(const struct sluice_args *args, const struct recording *rec)
{
	const struct recorder *r = &rec->recorder;

	if (args->json) {
		json_t *object = json_pack(
		    "{s:I, s:I, s:I}", "connections", (json_int_t)r->begun, "open", (json_int_t)(r->begun - r->ended), "lost", rec->lost);

		json_dumpf(object, stderr, JSON_COMPACT);
		fputc('\n', stderr);
		json_decref(object);
		return;
	}
	fprintf(stderr, "%" PRIu64 " connections recorded, %" PRIu64 " of them still open", r->begun, r->begun - r->ended);
	if (rec->lost)
		fprintf(
		    stderr, "; %lld beginnings and ends were lost, because they came faster than they could be read", (long long)rec->lost);
	fputc('\n', stderr);
}

static int record(const struct sluice_args *args, struct recording *rec, FILE *out)
{
	uint64_t zero;
	int status = start(rec, args, &zero);
	json_t *result;

	if (status != SLUICE_OK)
		return status;
	recorder_init(&rec->recorder, out, zero);
	rec->recorder.most = sluice_number(args, "connections", 0);
	rec->until_ms = sluice_has(args, "for") ? now_ms() + sluice_number(args, "for", 0) : UINT64_MAX;
	fflush(out);
	status = follow(rec);
	if (status == SLUICE_OK)
		status = sluice_call(rec->client, "record.stop", json_pack("{s:I}", "record", rec->id), &result);
	if (status == SLUICE_OK)
		json_decref(result);
	recorder_fini(&rec->recorder);
	say(args, rec);
	return status;
}

static int run(const struct sluice_args *args)
{
	const char *name = args->word[0];
	bool to_stdout = strcmp(name, "-") == 0;
	struct recording rec = {.signals = -1};
	FILE *out;
	int status = sluice_open(&rec.client);

	if (status != SLUICE_OK)
		return status;
	out = to_stdout ? stdout : fopen(name, "we");
	if (out)
		rec.signals = catch_signals();
	if (out && rec.signals >= 0)
		status = record(args, &rec, out);
	if (!out || rec.signals < 0 || ferror(out) || (!to_stdout && fclose(out) != 0)) {
		fprintf(stderr, "sluice record: can't write %s: %s\n", name, strerror(errno));
		status = SLUICE_FAILED;
	}
	if (rec.signals >= 0)
		close(rec.signals);
	client_close(rec.client);
	return status;
}

static const struct sluice_word words[] = {{"FILE", SLUICE_TEXT, .count = SLUICE_ONE}, {}};

static const struct sluice_option options[] = {
    {"for", SLUICE_TIME, "TIME", .text = "stop after this time"},
    {"connections", SLUICE_NUMBER, "NUMBER", .text = "record so many, then stop when they have ended", .least = 1, .most = SIM_MAX_CONNS},
    {"service", SLUICE_SERVICE, "SERVICE", .text = "only connections to this service: tcp/192.0.2.1:80"},
    {},
};

static const struct sluice_name examples[] = {
    {"record trace --for 10m", "all connections that begin in the next ten minutes"},
    {"record - --service tcp/192.0.2.1:80 | tee trace | head", "those of one service, as they end"},
    {"simulate trace --plot trace.svg", "what every scheduler would have done with them"},
    {},
};

const struct sluice_command sluice_cmd_record = {
    .name = "record",
    .what = "write the connections that begin from now on into a file, for sluice simulate",
    .help = "A line a connection, written when it ends; - for standard output. An interrupt ends the recording; connections that are open\n"
	    "then are written without a duration. docs/simulate.md has the format. One recording at a time.\n",
    .examples = examples,
    .words = words,
    .options = options,
    .run = run,
};
