/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs rows: their steps, one after the other, and what they report. */
#include "tests/packet/rig.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static const struct rows *const all_rows[] = {&rows_forward, &rows_states, &rows_sched, &rows_table, &rows_edges, &rows_mark, &rows_allow,
    &rows_persist, &rows_thresholds, &rows_ops, &rows_sip};

static const char *const state_text[SL_MAX_STATES] = {
#define X(name, number, text, seconds, active, rank) [number] = #name,
#include "sluice/state.def"
#undef X
};

uint32_t rig_conns(const struct rig *rig, uint32_t *ret_slot)
{
	uint32_t n = 0;

	for (uint32_t slot = 0; slot < rig->lane->slots; slot++) {
		if (!sl_state_conn(sl_word_state(rig->lane->tags[slot])))
			continue;
		*ret_slot = slot;
		n++;
	}
	return n;
}

uint32_t rig_templates(const struct rig *rig, enum sl_state state)
{
	uint32_t n = 0;

	for (uint32_t slot = 0; slot < rig->lane->slots; slot++)
		n += sl_word_state(rig->lane->tags[slot]) == state;
	return n;
}

/* Everything that lives. */
static uint32_t rig_live(const struct rig *rig)
{
	uint32_t slot, n = rig_conns(rig, &slot);

	for (int state = SL_ST_TEMPLATE_GONE; state <= SL_ST_TEMPLATE_ASSURED; state++)
		n += rig_templates(rig, state);
	return n;
}

/* What the table holds, dest by dest, and template by template. */
struct audit {
	struct sl_load load[SL_MAX_DESTS];
	uint32_t *under; /* by slot */
};

static const char *audit_slots(const struct lane *lane, struct audit *a)
{
	for (uint32_t slot = 0; slot < lane->slots; slot++) {
		uint32_t state = sl_word_state(lane->tags[slot]);
		const struct sl_conn *c = &lane->conns[slot];

		if (state == SL_ST_BUSY)
			return "a slot was left BUSY";
		if (sl_state_template(state))
			a->load[c->dest & (SL_MAX_DESTS - 1)].templates++;
		else if (sl_state_live(state))
			a->load[c->dest & (SL_MAX_DESTS - 1)].word += sl_state_load(state);
		if (sl_state_conn(state) && c->template)
			a->under[c->template - 1]++;
	}
	return NULL;
}

static const char *audit_templates(struct rig *rig, const struct audit *a)
{
	const struct lane *lane = rig->lane;

	for (uint32_t slot = 0; slot < lane->slots; slot++) {
		bool template = sl_state_template(sl_word_state(lane->tags[slot]));
		uint64_t refs = template ? lane->conns[slot].refs : 0;

		if (template ? refs == sl_refs(sl_word_gen(lane->tags[slot]), a->under[slot]) : !a->under[slot])
			continue;
		snprintf(rig->why, sizeof(rig->why), "slot %u, %s: refs says %llx, and %u connections are under it", slot,
		    state_text[sl_word_state(lane->tags[slot])], (unsigned long long)refs, a->under[slot]);
		return rig->why;
	}
	return NULL;
}

static const char *audit_over(struct rig *rig, uint32_t dest)
{
	const struct sl_load *load = &rig->lane->loads[dest];
	uint32_t total = load->active + load->inactive, upper = rig->lane->dests[dest].upper, lower = rig->lane->dests[dest].lower;

	if (!upper || (total < upper && total >= lower) || load->over == (total >= upper))
		return NULL;
	snprintf(rig->why, sizeof(rig->why), "dest %u: %u connections, thresholds %u and %u, overloaded %u", dest, total, upper, lower,
	    load->over);
	return rig->why;
}

static const char *audit_load(struct rig *rig, uint32_t dest, const struct sl_load *count)
{
	const struct sl_load *load = &rig->lane->loads[dest];

	if (count->word == load->word && count->templates == load->templates)
		return audit_over(rig, dest);
	snprintf(rig->why, sizeof(rig->why), "dest %u: load says %d active, %d inactive, %d templates; the table holds %u, %u and %u", dest,
	    (int)load->active, (int)load->inactive, (int)load->templates, count->active, count->inactive, count->templates);
	return rig->why;
}

const char *rig_audit(struct rig *rig)
{
	static struct audit a;
	const char *why;

	memset(&a, 0, sizeof(a));
	a.under = calloc(rig->lane->slots, sizeof(a.under[0]));
	if (!a.under)
		return "no memory";
	why = audit_slots(rig->lane, &a);
	why = why ? why : audit_templates(rig, &a);
	for (uint32_t dest = 0; dest < SL_MAX_DESTS && !why; dest++)
		why = audit_load(rig, dest, &a.load[dest]);
	free(a.under);
	return why;
}

static const char *say(struct rig *rig, const char *what, int64_t got, int64_t want)
{
	if (got == want)
		return NULL;
	snprintf(rig->why, sizeof(rig->why), "%s is %lld, expected %lld", what, (long long)got, (long long)want);
	return rig->why;
}

/* The slot of the row's one connection, or -1 with rig->why. */
static int64_t only_slot(struct rig *rig)
{
	uint32_t slot = 0;

	return say(rig, "the number of connections", rig_conns(rig, &slot), 1) ? -1 : (int64_t)slot;
}

static const char *step_state(struct rig *rig, const struct step *step)
{
	int64_t slot = only_slot(rig);
	uint32_t state;

	if (slot < 0)
		return rig->why;
	state = sl_word_state(rig->lane->tags[slot]);
	if (state == step->n)
		return NULL;
	snprintf(rig->why, sizeof(rig->why), "state is %s, expected %s", state_text[state], state_text[step->n]);
	return rig->why;
}

static void poke(struct rig *rig, uint32_t slot, uint32_t state)
{
	uint64_t *word = &rig->lane->tags[slot];
	struct sl_load *load = &rig->lane->loads[rig->lane->conns[slot].dest];

	load->word += sl_state_load(state) - sl_state_load(sl_word_state(*word));
	*word = sl_word_move(*word, state, sl_word_tick(*word));
}

static const char *step_poke(struct rig *rig, const struct step *step)
{
	int64_t slot = only_slot(rig);

	if (slot < 0)
		return rig->why;
	poke(rig, slot, step->n);
	return NULL;
}

static const char *step_load(struct rig *rig, const struct step *step)
{
	const struct sl_load *load = &rig->lane->loads[who_dest(step->who)];
	const char *why = say(rig, "active", (int32_t)load->active, step->n);

	return why ? why : say(rig, "inactive", (int32_t)load->inactive, step->m);
}

static struct sl_stats sum_stats(const struct lane *lane, uint32_t dest)
{
	struct sl_stats sum = {0};

	for (unsigned cpu = 0; cpu < lane->cpus; cpu++) {
		const struct sl_stats *s = &lane->stats[cpu * SL_MAX_DESTS + dest];

		sum.conns += s->conns;
		sum.in_pkts += s->in_pkts;
		sum.out_pkts += s->out_pkts;
		sum.in_bytes += s->in_bytes;
		sum.out_bytes += s->out_bytes;
	}
	return sum;
}

static const char *step_stats(struct rig *rig, const struct step *step)
{
	struct sl_stats s = sum_stats(rig->lane, who_dest(step->who));
	const char *why = say(rig, "conns", s.conns, step->n);

	why = why ? why : say(rig, "in_pkts", s.in_pkts, step->m);
	return why ? why : say(rig, "out_pkts", s.out_pkts, step->k);
}

static const char *step_bytes(struct rig *rig, const struct step *step)
{
	struct sl_stats s = sum_stats(rig->lane, who_dest(step->who));
	const char *why = say(rig, "in_bytes", s.in_bytes, step->n);

	return why ? why : say(rig, "out_bytes", s.out_bytes, step->m);
}

static const char *step_counter(struct rig *rig, const struct step *step)
{
	uint64_t now[SL_MAX_COUNTERS];

	rig->lane->ops->counters(rig->lane, now);
	return say(rig, "the counter", now[step->n] - rig->counters[step->n], step->m);
}

static void age(struct rig *rig, int64_t ticks)
{
	for (uint32_t slot = 0; slot < rig->lane->slots; slot++) {
		uint64_t w = rig->lane->tags[slot];

		if (!sl_state_live(sl_word_state(w)))
			continue;
		rig->lane->tags[slot] = sl_word_move(w, sl_word_state(w), sl_word_tick(w) - ticks);
		rig->lane->conns[slot].seen = (rig->lane->conns[slot].seen - ticks) & SL_W_TICK_MASK;
	}
}

static const char *step_sweep(struct rig *rig, const struct step *step)
{
	struct sl_broom broom = {.count = rig->lane->slots / SL_BUCKET_SLOTS};
	uint32_t before = rig_live(rig);
	int r = rig->lane->ops->sweep(rig->lane, &broom);
	const char *why = say(rig, "the broom's result", r, 0);

	why = why ? why : say(rig, "freed", broom.freed, step->n);
	return why ? why : say(rig, "live", broom.live, before - step->n);
}

/* New connections one after the other; where the newest slot points says who got it. */
static const char *step_sequence(struct rig *rig, const struct step *step)
{
	char got[64] = "";
	uint32_t before[8];

	for (size_t i = 0; step->text[i] && i < sizeof(got) - 1; i++) {
		struct shot shot = {.flags = PKT_SYN, .cport = 20000 + rig->sequence++, .want = WANT_ANY};
		const char *why;

		for (int d = 0; d < 8; d++)
			before[d] = sum_stats(rig->lane, d).conns;
		why = rig_shoot(rig, &shot);
		if (why)
			return why;
		got[i] = '-';
		for (int d = 0; d < 8; d++)
			if (sum_stats(rig->lane, d).conns != before[d])
				got[i] = 'A' + d - 1;
	}
	if (!strcmp(got, step->text))
		return NULL;
	snprintf(rig->why, sizeof(rig->why), "the connections went to %s, expected %s", got, step->text);
	return rig->why;
}

/* Client ports of a fill begin at 1000 and go on where the last fill ended. */
static const char *step_fill(struct rig *rig, const struct step *step)
{
	uint16_t first = 1000 + rig->filled;

	for (int64_t i = 0; i < step->n; i++) {
		struct shot shot = {.flags = PKT_SYN, .cport = 1000 + rig->filled++, .want = WANT_FORWARD, .rs = RS1};
		const char *why = rig_shoot(rig, &shot);

		if (why)
			return why;
	}
	for (uint32_t slot = 0; slot < rig->lane->slots; slot++)
		if (sl_state_conn(sl_word_state(rig->lane->tags[slot])) && ntohs(rig->lane->conns[slot].cport) >= first)
			poke(rig, slot, step->m);
	return NULL;
}

static const char *step_assured(struct rig *rig, const struct step *step)
{
	const char *why = say(rig, "assured templates", rig_templates(rig, SL_ST_TEMPLATE_ASSURED), step->n);

	why = why ? why : say(rig, "other templates", rig_templates(rig, SL_ST_TEMPLATE), step->m);
	return why ? why : say(rig, "templates given up", rig_templates(rig, SL_ST_TEMPLATE_GONE), step->k);
}

static void set_own(struct rig *rig, uint32_t state, uint32_t seconds)
{
	uint32_t *least = &rig->lane->settings->own_least[state], ticks = seconds * LANE_TICKS;

	rig->lane->owns[rig->svc.id].timeout[state] = ticks;
	*least = ticks < *least ? ticks : *least;
}

static void set_thresholds(struct rig *rig, const struct step *step)
{
	struct sl_dest *d = &rig->lane->dests[who_dest(step->who)];

	d->upper = step->n;
	d->lower = step->m ? step->m : step->n - (step->n >> 2);
}

static const char *step_setup(struct rig *rig, const struct step *step)
{
	switch (step->op) {
	case OP_SERVICE: rig_service(rig, step->n); break;
	case OP_SERVER: rig_server(rig, step->who, step->n); break;
	case OP_UNSERVER: rig_unserver(rig, step->who); break;
	case OP_WEIGHT: rig_weight(rig, step->who, step->n); break;
	case OP_HOP: rig->lane->hops[who_dest(step->who)].flags = step->n; break;
	case OP_NO_ROUTE: rig->lane->dests[who_dest(step->who)].hop = 0; break;
	case OP_AGE: age(rig, step->n); break;
	case OP_PERSISTENT: rig_persistent(rig, step->n, step->m); break;
	case OP_LISTEN: rig_listen(rig, step->n); break;
	case OP_FLAG:
		rig->svc.flags |= step->n;
		rig_commit(rig);
		break;
	case OP_OWN: set_own(rig, step->n, step->m); break;
	case OP_DEST: rig->lane->dests[who_dest(step->who)].flags |= step->n; break;
	case OP_ORIGIN: rig_origin(rig, step->who); break;
	case OP_SYSCTL: rig->lane->settings->sysctl[step->n] = step->m; break;
	case OP_THRESHOLDS: set_thresholds(rig, step); break;
	default: return "a step of no known kind";
	}
	return NULL;
}

const char *rig_step(struct rig *rig, const struct step *step)
{
	uint32_t slot;

	switch (step->op) {
	case OP_SHOT: return rig_shoot(rig, &step->shot);
	case OP_SEQUENCE: return step_sequence(rig, step);
	case OP_FILL: return step_fill(rig, step);
	case OP_STATE: return step_state(rig, step);
	case OP_POKE: return step_poke(rig, step);
	case OP_LOAD: return step_load(rig, step);
	case OP_CONNS: return say(rig, "the number of connections", rig_conns(rig, &slot), step->n);
	case OP_COUNTER: return step_counter(rig, step);
	case OP_STATS: return step_stats(rig, step);
	case OP_BYTES: return step_bytes(rig, step);
	case OP_SWEEP: return step_sweep(rig, step);
	case OP_OVER: return say(rig, "overloaded", rig->lane->loads[who_dest(step->who)].over, step->n);
	case OP_TEMPLATES: return say(rig, "templates", rig->lane->loads[who_dest(step->who)].templates, step->n);
	case OP_ASSURED: return step_assured(rig, step);
	case OP_CALL: return step->fn(rig);
	default: return step_setup(rig, step);
	}
}

static const char *row_run(struct rig *rig, const struct row *row, int *ret_step)
{
	for (int i = 0; i < ROW_STEPS && row->steps[i].op != OP_END; i++) {
		const char *why = rig_step(rig, &row->steps[i]);

		*ret_step = i + 1;
		if (why)
			return why;
	}
	*ret_step = 0;
	return rig_audit(rig);
}

/* Does the row exist in this lane? */
static bool row_exists(const struct row *row, const struct lane *lane)
{
	unsigned need = (lane->host ? IN_HOST : IN_BPF) | (lane->express ? IN_EXPRESS : IN_FULL);
	unsigned set = row->lanes;

	set |= set & (IN_HOST | IN_BPF) ? 0 : IN_HOST | IN_BPF;
	set |= set & (IN_FULL | IN_EXPRESS) ? 0 : IN_FULL | IN_EXPRESS;
	return (set & need) == need && (!row->slots || row->slots == lane->slots);
}

static int row_worlds(struct lane *lane, const struct row *row, const char *filter)
{
	static struct rig rig;
	struct world w;
	int failed = 0, step;
	unsigned i = 0;

	while (world_next(row->worlds, &i, &w)) {
		char name[256];
		const char *why;

		snprintf(name, sizeof(name), "%s: %s: %s", lane_name(lane), world_text(&w), row->name);
		if (filter && !strstr(name, filter))
			continue;
		rig_reset(&rig, lane, &w);
		why = row_run(&rig, row, &step);
		if (why && step)
			printf("# step %d: %s\n", step, why);
		else if (why)
			printf("# at the end: %s\n", why);
		printf("%s %s\n", why ? "not ok" : "ok", name);
		failed += why != NULL;
	}
	return failed;
}

int rows_run(struct lane *lane, const char *filter)
{
	int failed = 0;

	for (size_t s = 0; s < sizeof(all_rows) / sizeof(all_rows[0]); s++)
		for (size_t i = 0; i < all_rows[s]->count; i++) {
			const struct row *row = &all_rows[s]->row[i];

			/* Rows that do not care run with the large table alone. */
			if (row_exists(row, lane) && (row->slots || lane->slots >= SL_MIN_SLOTS))
				failed += row_worlds(lane, row, filter);
		}
	return failed;
}
