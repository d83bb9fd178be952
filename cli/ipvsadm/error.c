// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/ipvsadm/ipvsadm.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"

enum adm_status { STATUS_FAIL = 2, STATUS_REFUSED = 255 };

static int set(struct adm_error *ret_error, int status, const char *format, va_list args)
{
	if (vasprintf(&ret_error->text, format, args) < 0)
		ret_error->text = NULL;
	ret_error->status = status;
	return status;
}

int adm_fail(struct adm_error *ret_error, const char *format, ...)
{
	va_list args;
	int status;

	va_start(args, format);
	status = set(ret_error, STATUS_FAIL, format, args);
	va_end(args);
	return status;
}

int adm_refuse(struct adm_error *ret_error, const char *format, ...)
{
	va_list args;
	int status;

	va_start(args, format);
	status = set(ret_error, STATUS_REFUSED, format, args);
	va_end(args);
	return status;
}

int adm_try_help(struct adm_error *ret_error, const char *program)
{
	return adm_refuse(ret_error, "Try `%s -h' or '%s --help' for more information.", program, program);
}

int adm_call_failed(const struct client *client, int err, int status, struct adm_error *ret_error)
{
	bool merely_refused = err == -EREMOTEIO && strcmp(client_refusal(client)->name, "EPERM") != 0;

	ret_error->text = client_explain(client, err);
	return ret_error->status = merely_refused ? status : STATUS_FAIL;
}

void adm_error_free(struct adm_error *error)
{
	free(error->text);
	error->text = NULL;
}
