/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_LOG_H
#define BASE_LOG_H
/*
 * DOC: what a program says while it runs
 *
 * Lines go to stderr. Where stderr is the journal's (JOURNAL_STREAM names it), each begins with "<level>" instead of the program's
 * name, which the journal adds itself. A message is one line: control characters in it become "?". The edge of the program
 * logs, once; libraries return.
 */

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_NOTICE = 5, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 }; /* syslog's */

/* Name before each line, and the least important level that is still said (notice until this is called). */
void log_open(const char *name, enum log_level level);

/* "err", "warn", "notice", "info", "debug"; -EINVAL. */
int log_level_parse(const char *text, enum log_level *ret_level);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_err(...) log_line(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_notice(...) log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* For what others can provoke: at most ten lines in ten seconds each place, then how many were left out. */
struct log_limit {
	uint64_t since_ms;
	unsigned said, left_out;
};

/* May this place speak now? Says itself how many lines were left out. */
bool log_limit_ok(struct log_limit *limit);

#define log_warn_limited(...)                   \
	do {                                    \
		static struct log_limit limit_; \
		if (log_limit_ok(&limit_))      \
			log_warn(__VA_ARGS__);  \
	} while (0)

/* Only before the loop runs: say it and exit with status 1. */
void fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
