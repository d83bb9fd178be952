/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is one for all services: timeouts, settings, sync daemons; and the timeouts of a service's own, which build on the global ones. */

#include <stdio.h>
#include <string.h>

#include "sluiced/plane/reconcile_own.h"

/* The states that an operator's timeout is about. */
static const struct {
	enum sl_state state;
	size_t at; /* in model_timeouts */
} said[] = {
    {SL_ST_ESTABLISHED, offsetof(struct model_timeouts, tcp)},
    {SL_ST_FIN_WAIT, offsetof(struct model_timeouts, tcpfin)},
    {SL_ST_UDP_NEW, offsetof(struct model_timeouts, udp)},
    {SL_ST_UDP, offsetof(struct model_timeouts, udp)},
};

#define SAID (sizeof(said) / sizeof(said[0]))

static uint32_t seconds(const struct model_timeouts *t, unsigned i)
{
	return *(const uint32_t *)((const char *)t + said[i].at);
}

static struct sl_sync sync_entry(const struct sync_conf *conf)
{
	struct sl_sync entry = {0};

	if (!conf->on)
		return entry;
	entry.group = conf->group;
	memcpy(entry.interface, conf->interface, strnlen(conf->interface, sizeof(entry.interface) - 1));
	entry.maxlen = conf->maxlen;
	entry.port = conf->port;
	entry.id = conf->id;
	entry.ttl = conf->ttl;
	entry.on = 1;
	return entry;
}

void rec_global_write(struct reconcile *rec, const struct model *model)
{
	for (unsigned i = 0; i < SAID; i++)
		plane_timeout_set(rec->plane, said[i].state, seconds(&model->timeouts, i));
	plane_sysctl_set(rec->plane, model->sysctl);
	for (int role = 0; role < SYNC_ROLES; role++) {
		struct sl_sync entry = sync_entry(&model->sync[role]);

		plane_sync_set(rec->plane, role, &entry);
	}
}

static struct sync_conf sync_of(const struct sl_sync *entry)
{
	struct sync_conf conf = {
	    .on = true, .id = entry->id, .ttl = entry->ttl, .maxlen = entry->maxlen, .port = entry->port, .group = entry->group};

	snprintf(conf.interface, sizeof(conf.interface), "%.15s", entry->interface);
	return conf;
}

/* New maps have no settings yet; a value out of its range is another build's. The default takes their place. */
void rec_global_adopt(const struct reconcile *rec, struct model *model)
{
	const struct sl_settings *settings = rec->plane->settings;
	const struct model_sysctl *sysctl;

	model->timeouts = (struct model_timeouts){
	    settings->timeout_s[SL_ST_ESTABLISHED], settings->timeout_s[SL_ST_FIN_WAIT], settings->timeout_s[SL_ST_UDP]};
	for (unsigned i = 0; rec->plane->adopted && (sysctl = model_sysctl_at(i)); i++) {
		int32_t value = settings->sysctl[sysctl->index];

		if (value >= sysctl->least && value <= sysctl->most)
			model->sysctl[sysctl->index] = value;
	}
	for (int role = 0; role < SYNC_ROLES; role++) {
		if (settings->sync[role].on)
			model->sync[role] = sync_of(&settings->sync[role]);
	}
}

/* Before anything has a shorter timeout, the least of all has to say so; it is raised when the change is through. */
static void lower_least(struct plane *plane, const struct sl_own *own)
{
	__u32 least[SL_MAX_STATES];

	for (unsigned state = 0; state < SL_MAX_STATES; state++) {
		least[state] = plane->settings->own_least[state];
		if (own->timeout[state] && own->timeout[state] < least[state])
			least[state] = own->timeout[state];
	}
	plane_own_least_set(plane, least);
}

/* The timeouts of a service's connections, by state; of its templates the persistence timeout. */
void rec_own_write(struct reconcile *rec, const struct model *model, const struct svc *svc, uint32_t id)
{
	const struct svc_conf *conf = &svc->conf;
	struct plane *plane = rec->plane;
	struct sl_own own = {.said = {conf->timeouts.tcp, conf->timeouts.tcpfin, conf->timeouts.udp}};

	for (unsigned state = 0; state < SL_MAX_STATES; state++)
		own.timeout[state] = plane->settings->timeout[state];
	for (unsigned i = 0; i < SAID; i++) {
		uint32_t s = seconds(&conf->timeouts, i);

		own.timeout[said[i].state] = plane_ticks(plane, s ? s : seconds(&model->timeouts, i));
	}
	for (unsigned state = SL_ST_TEMPLATE_GONE; state < SL_MAX_STATES && conf->flags & SL_SVC_PERSISTENT; state++)
		own.timeout[state] = plane_ticks(plane, conf->persist_s);
	lower_least(plane, &own);
	plane_own_set(plane, id, &own);
}

void rec_own_adopt(const struct reconcile *rec, uint32_t id, struct svc_conf *conf)
{
	const struct sl_own *own = &rec->plane->owns[id];

	for (int i = 0; i < 3; i++) {
		if (own->said[i] > MODEL_MAX_TIMEOUT)
			return;
	}
	conf->timeouts = (struct model_timeouts){own->said[0], own->said[1], own->said[2]};
}

/* The least of all, so that the broom knows by one look which connections are young in any case; those of removed services count too. */
void rec_own_least_write(struct reconcile *rec)
{
	__u32 least[SL_MAX_STATES];

	memcpy(least, rec->plane->settings->timeout, sizeof(least));
	for (uint32_t id = 1; id < SL_MAX_SVCS; id++) {
		const struct sl_own *own = &rec->plane->owns[id];

		if (!rec->svcs[id].svc.id)
			continue;
		for (unsigned state = 0; state < SL_MAX_STATES; state++) {
			if (own->timeout[state] && own->timeout[state] < least[state])
				least[state] = own->timeout[state];
		}
	}
	plane_own_least_set(rec->plane, least);
}
