/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/packet/replay.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ipvsadm/ipvsadm.h"
#include "sluiced/api/cmd.h"
#include "sluiced/model/txn.h"
#include "tests/golden/sched/traffic.h"
#include "tests/packet/plane_lane.h"

#define MAX_WORDS 64
#define COMMAND_MS 1500 /* what a command takes; longer than what is given back rests */

struct replay {
	struct lane *lane;
	const char *name; /* of the case */
	struct plane *plane;
	struct api api;
	uint64_t now_ms;
	uint32_t mark;
	json_t *ops; /* commands that wait for each other, or NULL: one change each */
	struct traffic traffic;
	char why[1024]; /* it failed */
};

static uint64_t now_ms(void *arg)
{
	return ((struct replay *)arg)->now_ms;
}

static int __attribute__((format(printf, 2, 3))) wrong(struct replay *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->why, sizeof(r->why), format, args);
	va_end(args);
	return -EINVAL;
}

static int replay_open(struct replay *r)
{
	struct reconcile_hooks hooks = {.watch = plane_lane_watch, .unwatch = plane_lane_unwatch};

	model_init(&r->api.model);
	r->now_ms = 1000000;
	r->api.now_ms = now_ms;
	r->api.arg = r;
	r->ops = r->lane->express ? json_array() : NULL;
	r->api.plane = hooks.arg = r->plane = plane_lane_new(r->lane);
	if (!r->plane || reconcile_new(r->plane, &hooks, &r->api.rec) || stats_new(r->plane, r->api.rec, &r->api.stats))
		return wrong(r, "no memory");
	return 0;
}

static void replay_close(struct replay *r)
{
	json_decref(r->ops);
	stats_free(r->api.stats);
	reconcile_free(r->api.rec);
	model_fini(&r->api.model);
	plane_lane_free(r->plane);
}

/* The operations as one change; takes the list over. */
static int change(struct replay *r, json_t *ops)
{
	json_t *params = json_pack("{s:o}", "ops", ops), *result = NULL;
	struct rpc_error error = {0};
	int err = cmd_change(&r->api, params, &result, &error);

	json_decref(params);
	json_decref(result);
	r->now_ms += COMMAND_MS;
	reconcile_tick(r->api.rec, r->now_ms);
	return err ? wrong(r, "the daemon refused: %s", error.text) : 0;
}

/* Carries out what waits. */
static int flush_changes(struct replay *r)
{
	json_t *ops = r->ops;

	if (!ops || !json_array_size(ops))
		return 0;
	r->ops = json_array();
	return change(r, ops);
}

/* An ipvsadm command line as the daemon's operation. */
static int operation(struct replay *r, const char *text, json_t **ret_op)
{
	char line[512], *argv[MAX_WORDS] = {"ipvsadm"}, *save;
	struct adm_command command;
	struct adm_error error = {0};
	int argc = 1, err;

	snprintf(line, sizeof(line), "%s", text);
	for (char *word = strtok_r(line, " ", &save); word && argc < MAX_WORDS - 1; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	if (adm_parse(argc, argv, &command, &error) || adm_check(&command, &error)) {
		err = wrong(r, "ipvsadm: %s", error.text ? error.text : "refused");
		adm_error_free(&error);
		return err;
	}
	*ret_op = adm_change_op(&command);
	return 0;
}

static int admin(struct replay *r, const struct case_step *s)
{
	json_t *op = NULL;
	int err = operation(r, s->text, &op);

	if (err)
		return err;
	if (!r->ops)
		return change(r, json_pack("[o]", op));
	json_array_append_new(r->ops, op);
	return 0;
}

/* Every connection gets older by a second, and those that are too old go. */
static int pass_second(struct replay *r)
{
	struct sl_broom broom = {.count = r->lane->slots / SL_BUCKET_SLOTS};

	for (uint32_t slot = 0; slot < r->lane->slots; slot++) {
		uint64_t w = r->lane->tags[slot];

		if (!sl_state_live(sl_word_state(w)))
			continue;
		r->lane->tags[slot] = sl_word_move(w, sl_word_state(w), sl_word_tick(w) - LANE_TICKS);
		r->lane->conns[slot].seen = (r->lane->conns[slot].seen - LANE_TICKS) & SL_W_TICK_MASK;
	}
	r->now_ms += 1000;
	return r->lane->ops->sweep(r->lane, &broom) ? wrong(r, "the broom could not sweep") : 0;
}

/* Second by second, as the broom goes: a template that was over while its connections lived would stay longer. */
static int pass_time(struct replay *r, const struct case_step *s)
{
	int err = 0;

	for (unsigned i = 0; i < s->number && !err; i++)
		err = pass_second(r);
	return err;
}

/* One answer is not the kernel's. */
static int differs(struct replay *r, const struct case_step *s, const char *what, unsigned i, const struct case_answer *want,
    const struct case_answer *got)
{
	char text[2][CASE_SERVER_TEXT];

	return wrong(r, "line %u, %s %u: the kernel has %s=%u/%u, here it is %s=%u/%u", s->line, what, i + 1,
	    case_server_text(&want->server, text[0]), want->n[0], want->n[1], case_server_text(&got->server, text[1]), got->n[0],
	    got->n[1]);
}

static int loads(struct replay *r, const struct case_step *s)
{
	struct list *at, *safe, *svc_at, *svc_safe;
	struct case_answer none = {0};
	unsigned n = 0;

	list_each (svc_at, svc_safe, &r->api.model.svcs) {
		const struct svc *svc = container_of(svc_at, struct svc, link);
		uint32_t id = reconcile_svc_id(r->api.rec, &svc->key);

		list_each (at, safe, &svc->dests) {
			const struct dest *dest = container_of(at, struct dest, link);
			struct sl_load load = plane_load(r->plane, reconcile_dest_id(r->api.rec, id, &dest->key));
			struct case_answer got = {.n = {load.active, load.inactive}};
			const struct case_answer *want = n < s->answer_count ? &s->answers[n] : &none;

			if (!(load.active | load.inactive))
				continue;
			got.server = case_server(dest->key.addr.b, ntohs(dest->key.port), ntohs(svc->key.port));
			if (memcmp(want, &got, sizeof(got)))
				return differs(r, s, "server", n, want, &got);
			n++;
		}
	}
	return n == s->answer_count ? 0 : differs(r, s, "server", n, &s->answers[n], &none);
}

/* Through the express lane, and through the full one if that is wanted or the first passes it up. */
static int send_packet(struct replay *r, const struct case_step *s, struct traffic_packet *packet)
{
	enum lane_side side = s->word->reply ? LANE_INSIDE : LANE_OUTSIDE;
	struct lane_in in = {.frame = packet->frame, .len = packet->len, .side = side, .express = r->lane->express, .mark = r->mark};
	static struct lane_out out;
	int err;

	memcpy(packet->frame, plane_lane_mac[side], 6);
	memcpy(packet->frame + 6, plane_lane_next[side], 6);
	err = r->lane->ops->run(r->lane, &in, &out);
	if (!err && in.express && out.verdict == LANE_PASS) {
		in.express = false;
		err = r->lane->ops->run(r->lane, &in, &out);
	}
	if (err)
		return wrong(r, "the lane could not be run: %s", strerror(-err));
	if (out.verdict == LANE_SEND)
		traffic_see(packet, out.frame + 14, out.len - 14);
	return 0;
}

/* Packet i, and where it goes: an answer of `got`. */
static int one_packet(struct replay *r, const struct case_step *s, uint32_t i, struct case_step *got)
{
	static struct traffic_packet packet;
	int err;

	if (!traffic_build(&r->traffic, s, i, &packet))
		return 0;
	err = send_packet(r, s, &packet);
	if (!err)
		traffic_answer(got, traffic_end(&r->traffic, s, &packet));
	return err;
}

static uint32_t count_of(const struct case_step *s, const struct case_server *server)
{
	for (unsigned i = 0; i < s->answer_count; i++)
		if (!memcmp(&s->answers[i].server, server, sizeof(*server)))
			return s->answers[i].n[0];
	return 0;
}

/* Chi-square of two samples over the servers that `a` counts; with `others` only over those that `b` does not. */
static double distance(const struct case_step *a, const struct case_step *b, bool others, unsigned *servers)
{
	double sum = 0;

	for (unsigned i = 0; i < a->answer_count; i++) {
		double x = a->answers[i].n[0], y = count_of(b, &a->answers[i].server);

		if (others && y > 0)
			continue;
		sum += (x - y) * (x - y) / (x + y);
		++*servers;
	}
	return sum;
}

/*
 * Choices by chance: might both counts be draws from the same urn? Once in 10^9 it says no and is wrong. A server of a small weight may
 * have been drawn on one side only.
 */
static int same_urn(struct replay *r, const struct case_step *s, const struct case_step *got)
{
	unsigned n = 0;
	double sum = distance(s, got, false, &n);

	sum += distance(got, s, true, &n);
	if (n && sum <= n + 10 * sqrt(2 * n) + 20)
		return 0;
	return wrong(r, "line %u: the servers' shares are not the kernel's (chi-square %.0f, %u servers)", s->line, sum, n);
}

static int packets(struct replay *r, const struct case_step *s)
{
	static struct case_step got;

	memset(&got, 0, sizeof(got));
	got.word = s->word;
	got.counted = s->counted;
	if (s->word->answered && !s->counted && s->answer_count != s->count)
		return wrong(r, "line %u: %u packets, %u answers", s->line, s->count, s->answer_count);
	for (uint32_t i = 0; i < s->count; i++) {
		int err = one_packet(r, s, i, &got);

		if (err)
			return err;
		if (s->word->answered && !s->counted && memcmp(&got.answers[i], &s->answers[i], sizeof(got.answers[i])))
			return differs(r, s, "packet", i, &s->answers[i], &got.answers[i]);
	}
	return s->counted ? same_urn(r, s, &got) : 0;
}

static int step(struct replay *r, const struct case_step *s)
{
	int err = s->kind == CASE_ADMIN || s->kind == CASE_COMMENT ? 0 : flush_changes(r);

	if (err)
		return err;
	switch (s->kind) {
	case CASE_ADMIN: return admin(r, s);
	case CASE_PACKETS: return packets(r, s);
	case CASE_MARK: r->mark = s->number; return 0;
	case CASE_WAIT: return pass_time(r, s);
	case CASE_LOADS: return loads(r, s);
	default: return 0;
	}
}

static int play(struct replay *r, FILE *file)
{
	static struct case_reader reader;
	static struct case_step s;
	int err = 0, more = 1;

	case_open(&reader, file);
	while (!err && (more = case_next(&reader, &s)) > 0) {
		err = step(r, &s);
		if (err)
			printf("# %s:%u: %s\n", r->name, s.line, r->why);
	}
	if (more < 0) {
		printf("# %s: %s\n", r->name, reader.why);
		err = more;
	}
	return err;
}

/* Why a case cannot hold: what `differs`, beside the cases, says of it ("PATTERN REASON" a line). False: it must hold. */
static bool differs_known(const char *directory, const char *name, char ret_reason[256])
{
	char path[512], line[512], pattern[128];
	bool known = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/../differs", directory);
	file = fopen(path, "r");
	while (file && !known && fgets(line, sizeof(line), file)) {
		known = sscanf(line, "%127s %255[^\n]", pattern, ret_reason) == 2 && !fnmatch(pattern, name, 0);
	}
	if (file)
		fclose(file);
	return known;
}

/* Returns whether it failed. */
static bool run_case(struct lane *lane, const char *directory, const char *name)
{
	static struct replay r;
	char path[512], reason[256];
	FILE *file;
	int err;

	memset(&r, 0, sizeof(r));
	r.lane = lane;
	r.name = name;
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "r");
	err = file ? replay_open(&r) : -errno;
	if (!err)
		err = play(&r, file);
	if (file) {
		replay_close(&r);
		fclose(file);
	}
	if (err && differs_known(directory, name, reason)) {
		printf("skip %s %s # %s\n", lane_name(lane), name, reason);
		return false;
	}
	printf("%s %s %s\n", err ? "not ok" : "ok", lane_name(lane), name);
	return err != 0;
}

static bool wanted(const char *name, char *const patterns[])
{
	if (*name == '.')
		return false;
	if (!*patterns)
		return true;
	for (; *patterns; patterns++)
		if (!fnmatch(*patterns, name, 0))
			return true;
	return false;
}

int replay_run(struct lane *lane, const char *directory, char *const patterns[])
{
	struct dirent **list;
	int n = scandir(directory, &list, NULL, alphasort), failed = 0, ran = 0;

	for (int i = 0; i < n; i++) {
		for (int express = 0; wanted(list[i]->d_name, patterns) && express < 2; express++, ran++) {
			lane->express = express;
			failed += run_case(lane, directory, list[i]->d_name);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	if (ran)
		return failed;
	printf("# %s\nnot ok golden cases are found\n", directory);
	return 1;
}
