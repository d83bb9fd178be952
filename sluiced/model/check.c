/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/model/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int check_refuse(struct model_error *error, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return err;
}

int check_svc(const struct op *op, struct model_error *ret_error)
{
	char text[ADDR_TEXT];

	if (!addr_is_unicast(op->svc.addr.b)) {
		return check_refuse(ret_error, -EINVAL, "%s can't be a virtual address: use the unicast address that clients connect to",
		    addr_print(op->svc.addr.b, text));
	}
	if (op->svc.port == 0)
		return check_refuse(ret_error, -EINVAL, "port 0 (all ports) needs persistence, which is not built yet: name a port");
	return 0;
}

/* Has the server's address a sense at all? */
static int check_dest_addr(const struct op *op, struct model_error *ret_error)
{
	char text[ADDR_TEXT];

	addr_print(op->dest.addr.b, text);
	if (!addr_is_unicast(op->dest.addr.b))
		return check_refuse(ret_error, -EINVAL, "%s can't be a real server: use the unicast address of the server", text);
	if (addr_is_link_local6(op->dest.addr.b)) {
		return check_refuse(
		    ret_error, -EINVAL, "%s is link-local and can't be a real server: use a global or unique local address", text);
	}
	if (addr_is_v4(op->svc.addr.b) != addr_is_v4(op->dest.addr.b) && op->fwd != SL_FWD_TUNNEL) {
		return check_refuse(
		    ret_error, -EINVAL, "%s is of another address family than its service: only fwd \"tunnel\" (-i) can do that", text);
	}
	return 0;
}

int check_dest(const struct op *op, struct model_error *ret_error)
{
	int err = check_dest_addr(op, ret_error);

	if (err)
		return err;
	if (op->weight < 0 || op->weight > INT32_MAX) {
		return check_refuse(ret_error, -ERANGE, "weight %lld is out of range: write 0 to %d", (long long)op->weight, INT32_MAX);
	}
	if (op->dest.port == 0 && op->fwd == SL_FWD_MASQ)
		return check_refuse(ret_error, -EINVAL, "port 0 can't be a server's port: name one, or leave it out for the service's");
	return 0;
}

int check_timeouts(const struct op *op, struct model_error *ret_error)
{
	const struct {
		const char *name;
		int64_t seconds;
	} rows[] = {{"tcp", op->tcp}, {"tcpfin", op->tcpfin}, {"udp", op->udp}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].seconds < 0 || rows[i].seconds > MODEL_MAX_TIMEOUT) {
			return check_refuse(ret_error, -ERANGE, "timeout %s of %lld s is out of range: write 1 to %d, or 0 to keep it",
			    rows[i].name, (long long)rows[i].seconds, MODEL_MAX_TIMEOUT);
		}
	}
	return 0;
}
