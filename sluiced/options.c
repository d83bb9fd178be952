/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sluice/abi.h"

static const char usage[] = "Usage: sluiced [OPTION]...\n"
			    "Run the Sluice director of this network namespace, in the foreground. No option is needed.\n\n"
			    "  --xdp=MODE         express lane: auto (default: native, on physical interfaces), native, generic or off\n"
			    "  --connections=N    slots of a new connection table: a power of two from 1024 to 67108864 (default 1048576)\n"
			    "  --log-level=LEVEL  err, warn, notice (default), info or debug\n"
			    "  --teardown         remove every trace of the director from this network namespace, and end\n"
			    "  --version          print the version, and end\n"
			    "  --help             print this, and end\n";

static const struct {
	const char *name;
	enum lanes_xdp xdp;
} modes[] = {
    {"auto", LANES_XDP_AUTO},
    {"native", LANES_XDP_NATIVE},
    {"generic", LANES_XDP_GENERIC},
    {"off", LANES_XDP_OFF},
};

enum { OPT_XDP = 1, OPT_CONNECTIONS, OPT_LEVEL, OPT_TEARDOWN, OPT_VERSION, OPT_HELP };

static const struct option long_options[] = {
    {"xdp", required_argument, NULL, OPT_XDP},
    {"connections", required_argument, NULL, OPT_CONNECTIONS},
    {"log-level", required_argument, NULL, OPT_LEVEL},
    {"teardown", no_argument, NULL, OPT_TEARDOWN},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, OPT_HELP},
    {0},
};

static void __attribute__((format(printf, 1, 2), noreturn)) wrong(const char *format, ...)
{
	va_list args;

	fputs("sluiced: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\nTry `sluiced --help'.\n", stderr);
	exit(2);
}

static enum lanes_xdp parse_xdp(const char *text)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].name, text) == 0)
			return modes[i].xdp;
	}
	wrong("--xdp can't be \"%s\": write auto, native, generic or off", text);
}

static uint32_t parse_slots(const char *text)
{
	char *end;
	unsigned long long slots;

	errno = 0;
	slots = strtoull(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || slots < SL_MIN_SLOTS || slots > SL_MAX_SLOTS || slots & (slots - 1))
		wrong("--connections can't be \"%s\": write a power of two from %d to %d", text, SL_MIN_SLOTS, SL_MAX_SLOTS);
	return slots;
}

static void parse_option(int option, struct options *ret_options)
{
	switch (option) {
	case OPT_XDP: ret_options->xdp = parse_xdp(optarg); break;
	case OPT_CONNECTIONS: ret_options->slots = parse_slots(optarg); break;
	case OPT_LEVEL:
		if (log_level_parse(optarg, &ret_options->level))
			wrong("--log-level can't be \"%s\": write err, warn, notice, info or debug", optarg);
		break;
	case OPT_TEARDOWN: ret_options->teardown = true; break;
	case OPT_VERSION: puts("sluiced " SLUICE_VERSION); exit(0);
	case OPT_HELP: fputs(usage, stdout); exit(0);
	}
}

void options_parse(int argc, char **argv, struct options *ret_options)
{
	int option;

	*ret_options = (struct options){.level = LOG_LEVEL_NOTICE};
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", long_options, NULL)) >= 0) {
		if (option == ':')
			wrong("%s needs a value", argv[optind - 1]);
		if (option == '?')
			wrong("there is no option \"%s\", or it takes no value", argv[optind - 1]);
		parse_option(option, ret_options);
	}
	if (optind < argc)
		wrong("\"%s\" is one word too many", argv[optind]);
}
