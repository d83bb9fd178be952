/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A service's name and options. */

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "sluiced/model/check.h"

#define V4_BITS 96 /* in front of an IPv4 address */

int check_svc_name(const struct op *op, struct model_error *ret_error)
{
	char text[ADDR_TEXT];

	if (svc_key_is_mark(&op->svc)) {
		if (svc_key_mark_of(&op->svc) == 0)
			return check_refuse(ret_error, -EINVAL, "mark 0 is what a packet without a mark has: write 1 to 4294967295");
		return 0;
	}
	if (op->svc.proto == IPPROTO_SCTP)
		return check_refuse(ret_error, -ENOSYS, "SCTP services are not built yet: use tcp or udp");
	if (!addr_is_unicast(op->svc.addr.b)) {
		return check_refuse(ret_error, -EINVAL, "%s can't be a virtual address: use the unicast address that clients connect to",
		    addr_print(op->svc.addr.b, text));
	}
	return 0;
}

static int check_flags(const struct op_svc *said, struct svc_conf *conf, struct model_error *ret_error)
{
	for (unsigned i = 0; i < said->flag_count; i++) {
		uint32_t flag = 0;
		int err = model_flag_parse(said->flags[i], conf->sched, &flag);

		if (err == -ENOENT) {
			return check_refuse(ret_error, -EINVAL,
			    "there is no scheduler flag \"%.32s\": use sh-fallback, sh-port, mh-fallback, mh-port or flag-1 to flag-3",
			    said->flags[i]);
		}
		if (err) {
			return check_refuse(ret_error, err,
			    "the scheduler flag %s is of another scheduler than %s: leave it out, or use sched \"%.2s\"", said->flags[i],
			    model_sched_text(conf->sched), said->flags[i]);
		}
		conf->flags |= flag;
	}
	return 0;
}

/* The first `len` bits of 128. */
static struct sl_addr mask_of(uint32_t len)
{
	struct sl_addr mask = {0};

	for (uint32_t i = 0; i < len; i++)
		mask.b[i / 8] |= 0x80 >> i % 8;
	return mask;
}

static int check_mask(const struct op *op, struct svc_conf *conf, struct model_error *ret_error)
{
	const struct op_svc *said = &op->conf;
	bool v4 = addr_is_v4(op->svc.addr.b);
	int most = v4 ? 32 : 128;

	if (said->mask_kind == OP_MASK_ADDR && !v4) {
		return check_refuse(ret_error, -EINVAL, "a netmask is IPv4's: write a prefix length from 1 to 128 for an IPv6 service");
	}
	if (said->mask_kind == OP_MASK_LEN && (said->mask_len < 1 || said->mask_len > most)) {
		return check_refuse(ret_error, -EINVAL, "a mask of %lld bits is out of range: write 1 to %d%s", (long long)said->mask_len,
		    most, v4 ? ", or a netmask" : "");
	}
	conf->mask = mask_of(said->mask_kind == OP_MASK_LEN ? (v4 ? V4_BITS : 0) + said->mask_len : 128);
	if (said->mask_kind == OP_MASK_ADDR)
		conf->mask.w[3] = said->mask.w[3];
	return 0;
}

static int check_persistence(const struct op *op, struct svc_conf *conf, struct model_error *ret_error)
{
	const struct op_svc *said = &op->conf;

	if (!said->persistent) {
		if (said->mask_kind != OP_MASK_NONE)
			return check_refuse(ret_error, -EINVAL, "a mask is for persistent services: add \"persist\" (-p), or leave it out");
		if (op->svc.port == 0 && !svc_key_is_mark(&op->svc))
			return check_refuse(
			    ret_error, -EINVAL, "port 0 (all ports) needs persistence: name a port, or add \"persist\" (-p)");
		return 0;
	}
	if (said->persist < 1 || said->persist > MODEL_MAX_TIMEOUT) {
		return check_refuse(ret_error, -ERANGE, "a persistence timeout of %lld s is out of range: write 1 to %d",
		    (long long)said->persist, MODEL_MAX_TIMEOUT);
	}
	conf->flags |= SL_SVC_PERSISTENT;
	conf->persist_s = said->persist;
	return check_mask(op, conf, ret_error);
}

static int check_engine(const struct op *op, struct svc_conf *conf, struct model_error *ret_error)
{
	int err = model_pe_parse(op->conf.pe, &conf->pe);

	if (err)
		return check_refuse(ret_error, err, "there is no persistence engine \"%.32s\": use sip", op->conf.pe);
	if (conf->pe && op->svc.proto != IPPROTO_UDP)
		return check_refuse(ret_error, -EINVAL, "the persistence engine sip is for UDP services only: leave it out");
	if (conf->pe && !op->conf.persistent)
		return check_refuse(ret_error, -EINVAL, "the persistence engine sip needs persistence: add \"persist\" (-p)");
	return 0;
}

static int check_own_timeouts(const struct op_svc *said, struct svc_conf *conf, struct model_error *ret_error)
{
	int err = check_timeout("tcp", said->tcp, "for the global one", ret_error);

	if (!err)
		err = check_timeout("tcpfin", said->tcpfin, "for the global one", ret_error);
	if (!err)
		err = check_timeout("udp", said->udp, "for the global one", ret_error);
	if (!err)
		conf->timeouts = (struct model_timeouts){said->tcp, said->tcpfin, said->udp};
	return err;
}

/* A prefix of another family than the service's would let nobody in, or (::/0) everybody. */
static int check_allow(const struct op *op, struct model_error *ret_error)
{
	const struct allow *allow = op->conf.allow;
	bool v4 = addr_is_v4(op->svc.addr.b);
	char text[PREFIX_TEXT];

	for (uint32_t i = 0; allow && i < allow->count; i++) {
		const struct prefix *prefix = &allow->prefixes[i];

		if (prefix_is_v4(prefix) != v4) {
			return check_refuse(ret_error, -EINVAL, "no client of this service can be in %s: write %s prefixes",
			    prefix_print(prefix, text), v4 ? "IPv4" : "IPv6");
		}
	}
	return 0;
}

int check_svc_conf(const struct op *op, struct svc_conf *ret_conf, struct model_error *ret_error)
{
	struct svc_conf conf = {0};
	int err = model_sched_parse(op->conf.sched, &conf.sched);

	if (err) {
		return check_refuse(ret_error, err,
		    "there is no scheduler \"%.32s\": use rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh or twos",
		    op->conf.sched);
	}
	err = check_engine(op, &conf, ret_error);
	if (!err)
		err = check_flags(&op->conf, &conf, ret_error);
	if (!err)
		err = check_persistence(op, &conf, ret_error);
	if (!err)
		err = check_own_timeouts(&op->conf, &conf, ret_error);
	if (!err)
		err = check_allow(op, ret_error);
	if (!err && op->conf.ops && op->svc.proto != IPPROTO_UDP && !svc_key_is_mark(&op->svc))
		err = check_refuse(ret_error, -EINVAL, "one-packet scheduling is for UDP services only: leave \"ops\" (-o) out");
	if (err)
		return err;
	conf.flags |= op->conf.ops ? SL_SVC_ONEPACKET : 0;
	*ret_conf = conf;
	return 0;
}
