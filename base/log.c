/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_LINES 10
#define LIMIT_MS 10000

static const char *log_name = "sluice";
static enum log_level log_most = LOG_LEVEL_NOTICE;
static bool log_journal;

static const struct {
	const char *name;
	enum log_level level;
} levels[] = {
    {"err", LOG_LEVEL_ERR},
    {"warn", LOG_LEVEL_WARN},
    {"notice", LOG_LEVEL_NOTICE},
    {"info", LOG_LEVEL_INFO},
    {"debug", LOG_LEVEL_DEBUG},
};

int log_level_parse(const char *text, enum log_level *ret_level)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(text, levels[i].name) == 0) {
			*ret_level = levels[i].level;
			return 0;
		}
	}
	return -EINVAL;
}

/* Is stderr the very stream that the service manager connected to the journal? */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	if (!stream || sscanf(stream, "%llu:%llu", &dev, &ino) != 2 || fstat(STDERR_FILENO, &st) < 0)
		return false;
	return st.st_dev == dev && st.st_ino == ino;
}

void log_open(const char *name, enum log_level level)
{
	log_name = name;
	log_most = level;
	log_journal = is_journal();
}

static void log_args(enum log_level level, const char *format, va_list args)
{
	char line[1024];

	if (level > log_most)
		return;
	vsnprintf(line, sizeof(line), format, args);
	for (char *c = line; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
	if (log_journal)
		fprintf(stderr, "<%d>%s\n", level, line);
	else
		fprintf(stderr, "%s: %s\n", log_name, line);
}

void log_line(enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_args(level, format, args);
	va_end(args);
}

bool log_limit_ok(struct log_limit *limit)
{
	struct timespec ts;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	if (limit->since_ms == 0 || now - limit->since_ms >= LIMIT_MS) {
		if (limit->left_out)
			log_warn("%u lines like the following were left out", limit->left_out);
		*limit = (struct log_limit){.since_ms = now};
	}
	if (limit->said >= LIMIT_LINES) {
		limit->left_out++;
		return false;
	}
	limit->said++;
	return true;
}

void fatal(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_args(LOG_LEVEL_ERR, format, args);
	va_end(args);
	exit(1);
}
