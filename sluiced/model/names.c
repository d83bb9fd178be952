/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of the model: schedulers, their flags, persistence engines, settings. */

#include <errno.h>
#include <string.h>

#include "sluiced/model/model.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	const char *text;
	enum sl_sched sched;
} scheds[] = {
#define X(name, number, text) {text, number},
#include "sluice/sched.def"
#undef X
};

/* A scheduler's own names come before the general ones, which stand for the same bits. */
static const struct {
	const char *text;
	enum sl_sched sched; /* 0: of any */
	uint32_t flag;
} flags[] = {
    {"sh-fallback", SL_SCHED_SH, SL_SVC_SCHED1},
    {"sh-port", SL_SCHED_SH, SL_SVC_SCHED2},
    {"mh-fallback", SL_SCHED_MH, SL_SVC_SCHED1},
    {"mh-port", SL_SCHED_MH, SL_SVC_SCHED2},
    {"flag-1", 0, SL_SVC_SCHED1},
    {"flag-2", 0, SL_SVC_SCHED2},
    {"flag-3", 0, SL_SVC_SCHED3},
};

static const struct {
	const char *text;
	enum sl_pe pe;
} engines[] = {{"", SL_PE_NONE}, {"sip", SL_PE_SIP}};

static const struct model_sysctl sysctls[] = {
#define X(name, number, text, value, least, most, unit) {text, unit, number, value, least, most},
#include "sluice/sysctl.def"
#undef X
};

const char *model_sched_text(enum sl_sched sched)
{
	for (size_t i = 0; i < COUNT(scheds); i++) {
		if (scheds[i].sched == sched)
			return scheds[i].text;
	}
	return "none";
}

int model_sched_parse(const char *text, enum sl_sched *ret_sched)
{
	if (!text || !text[0])
		text = "wlc";
	for (size_t i = 0; i < COUNT(scheds); i++) {
		if (strcmp(scheds[i].text, text) == 0) {
			*ret_sched = scheds[i].sched;
			return 0;
		}
	}
	return -ENOENT;
}

int model_flag_parse(const char *text, enum sl_sched sched, uint32_t *ret_flag)
{
	for (size_t i = 0; i < COUNT(flags); i++) {
		if (strcmp(flags[i].text, text) != 0)
			continue;
		if (flags[i].sched && flags[i].sched != sched)
			return -EINVAL;
		*ret_flag = flags[i].flag;
		return 0;
	}
	return -ENOENT;
}

const char *model_flag_text(enum sl_sched sched, uint32_t set, unsigned index)
{
	for (size_t i = 0; i < COUNT(flags); i++) {
		if (!(set & flags[i].flag) || (flags[i].sched && flags[i].sched != sched))
			continue;
		if (index-- == 0)
			return flags[i].text;
		set &= ~flags[i].flag;
	}
	return NULL;
}

int model_pe_parse(const char *text, enum sl_pe *ret_pe)
{
	for (size_t i = 0; i < COUNT(engines); i++) {
		if (strcmp(engines[i].text, text ? text : "") == 0) {
			*ret_pe = engines[i].pe;
			return 0;
		}
	}
	return -ENOENT;
}

const char *model_pe_text(enum sl_pe pe)
{
	return pe < COUNT(engines) ? engines[pe].text : "";
}

const struct model_sysctl *model_sysctl(const char *name)
{
	for (size_t i = 0; i < COUNT(sysctls); i++) {
		if (strcmp(sysctls[i].name, name) == 0)
			return &sysctls[i];
	}
	return NULL;
}

const struct model_sysctl *model_sysctl_at(unsigned i)
{
	return i < COUNT(sysctls) ? &sysctls[i] : NULL;
}
