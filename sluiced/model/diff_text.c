/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Differences as lines for the log. */

#include <stdio.h>

#include "sluiced/model/diff.h"

static const char *fwd_text(enum sl_fwd fwd)
{
	static const char *const texts[] = {
#define X(name, number, text) [number] = text,
#include "sluice/fwd.def"
#undef X
	};

	return texts[fwd];
}

static void svc_text(const struct diff_item *item, char text[DIFF_TEXT])
{
	const struct svc_conf *conf = item->kind == DIFF_DELETE ? item->svc_was : item->svc_is;
	char name[MODEL_NAME_TEXT], persist[40] = "";

	if (conf->flags & SL_SVC_PERSISTENT)
		snprintf(persist, sizeof(persist), " persistent %u", conf->persist_s);
	snprintf(text, DIFF_TEXT, "%c %s %s%s%s%s%s", "+~-"[item->kind], model_svc_text(&item->rec->key, name),
	    model_sched_text(conf->sched), persist, conf -> pe ? " pe sip" : "", conf->flags &SL_SVC_ONEPACKET ? " ops" : "",
	    conf->allow ? " with an allow-list" : "");
}

static void dest_text(const struct diff_item *item, char text[DIFF_TEXT])
{
	const struct dest_conf *conf = item->kind == DIFF_DELETE ? item->dest_was : item->dest_is;
	char name[2][MODEL_NAME_TEXT], over[48] = "";

	if (conf->upper)
		snprintf(over, sizeof(over), " upper %u lower %u", conf->upper, conf->lower);
	snprintf(text, DIFF_TEXT, "%c %s -> %s %s weight %d%s", "+~-"[item->kind], model_svc_text(&item->rec->key, name[0]),
	    model_dest_text(&item->rec->dest->key, name[1]), fwd_text(conf->fwd), conf -> weight, over);
}

static void setting_text(const struct diff_item *item, char text[DIFF_TEXT])
{
	for (unsigned i = 0; model_sysctl_at(i); i++) {
		const struct model_sysctl *sysctl = model_sysctl_at(i);

		if (sysctl->index == item->rec->index)
			snprintf(text, DIFF_TEXT, "~ %s %d", sysctl->name, item->model->sysctl[sysctl->index]);
	}
}

const char *diff_text(const struct diff_item *item, char text[DIFF_TEXT])
{
	const struct model_timeouts *t = &item->model->timeouts;
	const struct rule *rule = item->what == DIFF_MARK ? &item->rec->rule->rule : NULL;

	switch (item->what) {
	case DIFF_SVC: svc_text(item, text); break;
	case DIFF_DEST: dest_text(item, text); break;
	case DIFF_TIMEOUTS: snprintf(text, DIFF_TEXT, "~ timeouts tcp %u tcpfin %u udp %u", t->tcp, t->tcpfin, t->udp); break;
	case DIFF_SETTING: setting_text(item, text); break;
	case DIFF_MARK: snprintf(text, DIFF_TEXT, "%c rule %u mark %u", "+~-"[item->kind], rule -> id, rule -> mark); break;
	case DIFF_SYNC:
		snprintf(
		    text, DIFF_TEXT, "%c %s sync daemon", "+~-"[item->kind], item -> rec -> index == SYNC_MASTER ? "master" : "backup");
		break;
	}
	return text;
}
