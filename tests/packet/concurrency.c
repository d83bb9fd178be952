/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: the table under fire
 *
 * Both lanes on every CPU, the broom and a reader at once, over a table so small that everything is contended and over a
 * larger one. Ticks are jiffies and timeouts a few of them, so claims, refreshes, changes of state, expiry and eviction happen all
 * the time. So do generations of the service, and of another one with a server of its own. While it lasts the reader must never
 * see a connection that is not whole or goes to a server of the other service; afterwards every server's load must equal a
 * count of the table, every template's references the connections under it, every server's overload its thresholds, and no slot be BUSY.
 * Then time passes, the broom sweeps, and everything must be zero.
 */
#include "tests/packet/rig.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "churn.skel.h"

enum { MAX_THREADS = 64, FRAME = 64, SERVERS = 3, OTHERS = SERVERS + 1 };

struct storm {
	struct lane *lane;
	struct churn_prog *churn;
	struct sl_svc svc; /* of the flows */
	struct sl_svc_key key;
	bool expiry; /* so many flows that some are idle for longer than their timeout */
	uint32_t runs; /* of each lane's program on each CPU */
	bool over;
	uint64_t read, torn, swept, freed, changes;
};

struct worker {
	pthread_t thread;
	struct storm *storm;
	int cpu; /* -1: any */
	bool express;
	int result;
};

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void *run_lane(void *arg)
{
	struct worker *w = arg;
	struct storm *s = w->storm;
	uint8_t frame[FRAME] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 1, 8, 0, 0x45};
	struct xdp_md md = {.data_end = sizeof(frame), .ingress_ifindex = s->lane->ifindex[LANE_OUTSIDE]};
	struct __sk_buff skb = {.ifindex = s->lane->ifindex[LANE_OUTSIDE]};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame), .repeat = s->runs);

	pin(w->cpu);
	opts.ctx_in = w->express ? (void *)&md : &skb;
	opts.ctx_size_in = w->express ? sizeof(md) : sizeof(skb);
	w->result = bpf_prog_test_run_opts(bpf_program__fd(w->express ? s->churn->progs.churn_xdp : s->churn->progs.churn_tc), &opts);
	/* A driver that could not call its lane says so. */
	if (!w->result && w->express && opts.retval == XDP_ABORTED)
		w->result = -ENOEXEC;
	return NULL;
}

static void *run_broom(void *arg)
{
	struct worker *w = arg;
	struct storm *s = w->storm;

	while (!__atomic_load_n(&s->over, __ATOMIC_ACQUIRE)) {
		struct sl_broom broom = {.count = s->lane->slots / SL_BUCKET_SLOTS};

		w->result = w->result ? w->result : s->lane->ops->sweep(s->lane, &broom);
		s->swept++;
		s->freed += broom.freed;
	}
	return NULL;
}

/* Does the connection belong to its word? Its hash must give the word's tag and one of its buckets. */
static bool is_whole(const struct storm *s, uint32_t slot, uint64_t word, const struct sl_conn *c)
{
	uint64_t hash = sl_flow_hash(&c->caddr, c->cport, c->proto, LANE_SEED0, LANE_SEED1);
	uint32_t mask = s->lane->slots / SL_BUCKET_SLOTS - 1, bucket = slot / SL_BUCKET_SLOTS;

	return sl_hash_tag(hash) == sl_word_tag(word) && (bucket == sl_hash_home(hash, mask) || bucket == sl_hash_second(hash, mask)) &&
	       c->proto == IPPROTO_TCP && c->dest >= 1 && c->dest <= SERVERS && c->vport == htons(80) && c->dport == htons(8080);
}

static void read_slot(struct storm *s, uint32_t slot)
{
	uint64_t before = __atomic_load_n(&s->lane->tags[slot], __ATOMIC_ACQUIRE), after;
	struct sl_conn c;

	if (!sl_state_live(sl_word_state(before)))
		return;
	c = s->lane->conns[slot];
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	after = __atomic_load_n(&s->lane->tags[slot], __ATOMIC_RELAXED);
	if ((before ^ after) & SL_W_SAME || !sl_state_live(sl_word_state(after)))
		return;
	s->read++;
	s->torn += !is_whole(s, slot, before, &c);
}

static void *run_reader(void *arg)
{
	struct worker *w = arg;
	struct storm *s = w->storm;

	while (!__atomic_load_n(&s->over, __ATOMIC_ACQUIRE))
		for (uint32_t slot = 0; slot < s->lane->slots; slot++)
			read_slot(s, slot);
	return NULL;
}

/* A value that is replaced may be given to the other service while a lane still reads it: the lane must notice. */
static void *run_changes(void *arg)
{
	struct worker *w = arg;
	struct storm *s = w->storm;
	struct sl_svc ours = s->svc, other = s->svc;
	struct sl_svc_key other_key = s->key;

	other_key.port = htons(81);
	other.id++;
	other.first += ours.count;
	other.count = 1;
	s->lane->members[other.first] = (struct sl_member){.dest = OTHERS, .weight = 1};
	while (!__atomic_load_n(&s->over, __ATOMIC_ACQUIRE) && !w->result) {
		ours.gen++;
		other.gen++;
		w->result = s->lane->ops->svc_set(s->lane, &s->key, &ours);
		w->result = w->result ? w->result : s->lane->ops->svc_set(s->lane, &other_key, &other);
		w->result = w->result == -ENOMEM ? 0 : w->result; /* the allocator's reserve was out for a moment */
		s->changes++;
	}
	s->lane->ops->svc_set(s->lane, &other_key, NULL);
	return NULL;
}

static int churn_load(struct storm *s, uint32_t flows)
{
	int xdp = lane_bpf_fd(s->lane, true), tc = lane_bpf_fd(s->lane, false), r;
	uint32_t zero = 0;

	s->churn = churn_prog__open();
	if (!s->churn)
		return -errno;
	s->churn->rodata->churn_flows = flows;
	r = churn_prog__load(s->churn);
	r = r ? r : bpf_map_update_elem(bpf_map__fd(s->churn->maps.lane_xdp), &zero, &xdp, BPF_ANY);
	return r ? r : bpf_map_update_elem(bpf_map__fd(s->churn->maps.lane_tc), &zero, &tc, BPF_ANY);
}

/* Life is short here, in ticks. */
static void set_timeouts(struct rig *rig)
{
	struct sl_settings *set = rig->lane->settings;
	struct sl_own *own = &rig->lane->owns[rig->svc.id];

	for (int i = 0; i < SL_MAX_STATES; i++)
		set->timeout[i] = set->own_least[i] = 3 + i % 5;
	set->timeout[SL_ST_ESTABLISHED] = 12;
	for (int i = SL_ST_TEMPLATE_GONE; i <= SL_ST_TEMPLATE_ASSURED; i++)
		own->timeout[i] = own->timeout[i] ? 5 : 0;
}

static int storm_run(struct storm *s)
{
	static void *(*const jobs[])(void *) = {run_broom, run_reader, run_changes};
	enum { HELPERS = sizeof(jobs) / sizeof(jobs[0]) };
	struct worker workers[MAX_THREADS] = {0}, helpers[HELPERS] = {0};
	int cpus = sysconf(_SC_NPROCESSORS_ONLN), n = 0, result = 0;

	cpus = cpus > MAX_THREADS / 2 ? MAX_THREADS / 2 : cpus;
	for (int i = 0; i < HELPERS; i++) {
		helpers[i].storm = s;
		pthread_create(&helpers[i].thread, NULL, jobs[i], &helpers[i]);
	}
	for (int cpu = 0; cpu < cpus; cpu++)
		for (int express = 0; express < 2; express++, n++) {
			workers[n] = (struct worker){.storm = s, .cpu = cpu, .express = express};
			pthread_create(&workers[n].thread, NULL, run_lane, &workers[n]);
		}
	for (int i = 0; i < n; i++) {
		pthread_join(workers[i].thread, NULL);
		result = result ? result : workers[i].result;
	}
	__atomic_store_n(&s->over, true, __ATOMIC_RELEASE);
	for (int i = 0; i < HELPERS; i++) {
		pthread_join(helpers[i].thread, NULL);
		result = result ? result : helpers[i].result;
	}
	return result;
}

static const char *text_counts(struct rig *rig)
{
	uint64_t now[SL_MAX_COUNTERS];

	rig->lane->ops->counters(rig->lane, now);
#define X(name, number, text) \
	printf("# %s: %llu\n", text, (unsigned long long)(now[SL_MAX_REASONS + (number)] - rig->counters[SL_MAX_REASONS + (number)]));
#include "sluice/events.def"
#undef X
#define X(name, number, text)                     \
	if (now[number] != rig->counters[number]) \
		printf("# dropped, %s: %llu\n", text, (unsigned long long)(now[number] - rig->counters[number]));
#include "sluice/reasons.def"
#undef X
	return NULL;
}

/* Lets everything expire: a fresh sweep far in the future, by ageing the words. */
static const char *drain(struct rig *rig)
{
	struct step age = {.op = OP_AGE, .n = 1000};
	struct sl_broom broom = {.count = rig->lane->slots / SL_BUCKET_SLOTS};
	uint32_t slot;

	rig_step(rig, &age);
	rig->lane->ops->sweep(rig->lane, &broom);
	if (rig_conns(rig, &slot))
		return "connections were left after the last sweep";
	/* Templates that were swept before their connections have waited for them. */
	rig_step(rig, &age);
	rig->lane->ops->sweep(rig->lane, &broom);
	for (int state = SL_ST_TEMPLATE_GONE; state <= SL_ST_TEMPLATE_ASSURED; state++)
		if (rig_templates(rig, state))
			return "templates were left after the last sweep";
	return rig_audit(rig);
}

static const char *storm(struct storm *s, struct rig *rig, uint32_t flows)
{
	const char *why;
	int r = churn_load(s, flows);

	if (r)
		return strerror(-r);
	r = storm_run(s);
	text_counts(rig);
	printf("# %llu reads, %llu torn; %llu sweeps freed %llu; %llu changes\n", (unsigned long long)s->read, (unsigned long long)s->torn,
	    (unsigned long long)s->swept, (unsigned long long)s->freed, (unsigned long long)s->changes);
	if (r)
		return strerror(-r);
	if (s->torn)
		return "the reader saw connections that are not whole";
	if (!s->read || !s->changes || (s->expiry && !s->freed))
		return "the reader, the broom or the changes had nothing to do: the test proves nothing";
	why = rig_audit(rig);
	return why ? why : drain(rig);
}

static void set_up(struct rig *rig, struct lane *lane, uint32_t slots, unsigned mask)
{
	struct world w = {.proto = IPPROTO_TCP, .method = W_NAT, .fwd = SL_FWD_MASQ, .vport = 80, .dport = 8080};

	memset(rig, 0, sizeof(*rig));
	rig_reset(rig, lane, &w);
	rig_service(rig, SL_SCHED_WLC);
	if (mask)
		rig_persistent(rig, 1, mask);
	for (int i = 0; i < SERVERS; i++)
		rig_server(rig, RS1 + i, 1 + i);
	/* Passed up and down all the time. */
	lane->dests[who_dest(RS1)].upper = lane->dests[who_dest(RS1)].lower = slots / 16;
	lane->dests[who_dest(RS2)].upper = slots / 8;
	lane->dests[who_dest(RS2)].lower = slots / 16;
	rig_commit(rig);
	set_timeouts(rig);
}

/* mask: of persistence, in bits; 0: the service is not persistent. */
static int run(uint32_t slots, uint32_t flows, uint32_t runs, unsigned mask)
{
	struct storm s = {.runs = runs, .expiry = flows > 10000};
	static struct rig rig;
	const char *why;
	int r = lane_bpf_new(slots, 0, &s.lane);

	if (!r) {
		set_up(&rig, s.lane, slots, mask);
		s.svc = rig.svc;
		s.key = rig.key;
		why = storm(&s, &rig, flows);
		churn_prog__destroy(s.churn);
		lane_bpf_free(s.lane);
	} else {
		why = strerror(-r);
	}
	if (why)
		printf("# %s\n", why);
	printf(
	    "%s %u slots, %u flows, %u packets a lane and CPU%s\n", why ? "not ok" : "ok", slots, flows, runs, mask ? ", persistent" : "");
	return why != NULL;
}

int main(void)
{
	int r;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (geteuid()) {
		printf("skip concurrency # needs root\n");
		return 0;
	}
	r = lane_bpf_enter();
	if (r) {
		printf("# %s\nnot ok a network namespace for the test\n", strerror(-r));
		return 1;
	}
	r = run(16, 24, 1000000, 0); /* eviction for lack of room, and a race for every slot */
	r |= run(16384, 60000, 2000000, 0); /* some of everything */
	r |= run(65536, 60000, 3000000, 0); /* room for all: expiry */
	r |= run(16, 24, 1000000, 30); /* the same, four clients a template */
	r |= run(64, 300, 1000000, 32);
	return r | run(16384, 60000, 2000000, 28);
}
