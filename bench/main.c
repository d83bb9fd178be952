/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DOC: the benchmark harness
 *
 * Measures in sections, prints the report and writes it beside the build as text and JSON. Everything happens in network
 * namespaces of its own, without a name, and on a private bpffs: when the process ends, however it ends, they are gone.
 */
#include "bench/bench.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "bench/net.h"
#include "bench/report.h"

static const struct part {
	const char *name;
	int (*run)(struct bench *bench);
} parts[] = {
    {"programs", bench_programs},
    {"table", bench_table},
    {"sched", bench_sched},
    {"memory", bench_memory},
    {"packets", bench_packets},
    {"bulk", bench_bulk},
};

enum { PARTS = sizeof(parts) / sizeof(parts[0]), ROUNDS = 5, QUICK_ROUNDS = 3 };

static void usage(FILE *out)
{
	fprintf(out,
	    "usage: bench [--quick] [--rounds N] [--only PART] [--build DIR]\n"
	    "  --quick     about a minute instead of five; figures are less steady\n"
	    "  --rounds N  interleaved rounds of every figure (%d; quick: %d)\n"
	    "  --only PART one of:",
	    ROUNDS, QUICK_ROUNDS);
	for (unsigned i = 0; i < PARTS; i++)
		fprintf(out, " %s", parts[i].name);
	fprintf(out, "\n  --build DIR build directory, where the report goes too (build)\n");
}

/* The value of a `key : value` line, or "unknown". */
static void read_key(const char *path, const char *key, char *ret_value, size_t len)
{
	char line[256];
	FILE *f = fopen(path, "r");

	snprintf(ret_value, len, "unknown");
	while (f && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');

		if (strncmp(line, key, strlen(key)) || !colon)
			continue;
		snprintf(ret_value, len, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
		break;
	}
	if (f)
		fclose(f);
}

static void add_facts(struct report *report)
{
	char cpu[128], memory[64], when[64];
	time_t now = time(NULL);
	struct utsname uts;

	uname(&uts);
	read_key("/proc/cpuinfo", "model name", cpu, sizeof(cpu));
	read_key("/proc/meminfo", "MemTotal", memory, sizeof(memory));
	strftime(when, sizeof(when), "%F %T %Z", localtime(&now));
	report_fact(report, "sluice", "%s", SLUICE_VERSION);
	report_fact(report, "when", "%s", when);
	report_fact(report, "kernel", "%s %s %s", uts.sysname, uts.release, uts.machine);
	report_fact(report, "processor", "%ld x %s", sysconf(_SC_NPROCESSORS_ONLN), cpu);
	report_fact(report, "memory", "%s", memory);
	report_fact(report, "libbpf", "%s", libbpf_version_string());
}

/* Network namespace, mounts and bpffs of our own. */
static int enter_sandbox(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS))
		return -errno;
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	return mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL) ? -errno : 0;
}

/* The last CPU we may run on: the first one has more of the machine's other work. */
static int pin_to_one_cpu(void)
{
	cpu_set_t allowed, one;
	int last = 0;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return -errno;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			last = cpu;
	CPU_ZERO(&one);
	CPU_SET(last, &one);
	return sched_setaffinity(0, sizeof(one), &one) ? -errno : 0;
}

static int write_file(const struct bench *bench, const char *name, bool json)
{
	char path[4096];
	FILE *f;
	int err = 0;

	snprintf(path, sizeof(path), "%s/%s", bench->build, name);
	f = fopen(path, "w");
	if (!f)
		return -errno;
	if (json)
		err = report_json(bench->report, f);
	else
		report_print(bench->report, f);
	if (fclose(f) && !err)
		err = -errno;
	if (!err)
		printf("written: %s\n", path);
	return err;
}

static bool parse_args(struct bench *bench, int argc, char **argv, const char **ret_only)
{
	static const struct option options[] = {{"quick", no_argument, NULL, 'q'}, {"rounds", required_argument, NULL, 'r'},
	    {"only", required_argument, NULL, 'o'}, {"build", required_argument, NULL, 'b'}, {"help", no_argument, NULL, 'h'}, {0}};
	long rounds = 0;
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		switch (c) {
		case 'q': bench->quick = true; break;
		case 'o': *ret_only = optarg; break;
		case 'b': bench->build = optarg; break;
		case 'h': usage(stdout); exit(0);
		case 'r':
			rounds = strtol(optarg, &end, 10);
			if (*end || rounds < 1 || rounds > 30)
				return false;
			break;
		default: return false;
		}
	bench->rounds = rounds ? (unsigned)rounds : bench->quick ? QUICK_ROUNDS : ROUNDS;
	return optind == argc;
}

/* The verifier's log would bury the sentence that matters. */
static int print_short(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[240];

	if (level == LIBBPF_DEBUG || level == LIBBPF_INFO)
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	return fprintf(stderr, "%.*s\n", (int)strcspn(line, "\n"), line);
}

static bool run_parts(struct bench *bench, const char *only)
{
	bool known = false;

	for (unsigned i = 0; i < PARTS; i++) {
		int err;

		if (only && strcmp(only, parts[i].name))
			continue;
		known = true;
		fprintf(stderr, "bench: %s ...\n", parts[i].name);
		err = parts[i].run(bench);
		if (!err)
			continue;
		bench->failures++;
		report_note(bench->report, "could not be measured: %s", strerror(-err));
	}
	return known;
}

int main(int argc, char **argv)
{
	struct bench bench = {.build = "build"};
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	const char *only = NULL;
	int err;

	if (!parse_args(&bench, argc, argv, &only)) {
		usage(stderr);
		return 2;
	}
	bench.report = report_new();
	libbpf_set_print(print_short);
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	net_remember_cpus();
	err = bench.report ? enter_sandbox() : -ENOMEM;
	if (!err)
		err = pin_to_one_cpu();
	if (err) {
		fprintf(stderr, "bench: %s (it needs root: namespaces and BPF)\n", strerror(-err));
		report_free(bench.report);
		return 1;
	}
	add_facts(bench.report);
	if (!run_parts(&bench, only)) {
		usage(stderr);
		report_free(bench.report);
		return 2;
	}
	report_print(bench.report, stdout);
	err = write_file(&bench, "bench-report.txt", false);
	if (!err)
		err = write_file(&bench, "bench-report.json", true);
	if (err)
		fprintf(stderr, "bench: the report can't be written: %s\n", strerror(-err));
	report_free(bench.report);
	return err || bench.failures;
}
