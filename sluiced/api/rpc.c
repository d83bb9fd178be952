/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sluiced/api/rpc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sluiced/api/cmd.h"
#include "sluiced/api/field.h"

/* Error codes of docs/api.md. */
static const struct {
	int err, code;
	const char *name;
} errors[] = {
    {EEXIST, 1, "EEXIST"},
    {ESRCH, 2, "ESRCH"},
    {ENOENT, 3, "ENOENT"},
    {EINVAL, 4, "EINVAL"},
    {ERANGE, 5, "ERANGE"},
    {ENOSPC, 6, "ENOSPC"},
    {EPERM, 7, "EPERM"},
    {EIO, 8, "EIO"},
    {ENOSYS, 9, "ENOSYS"},
    {EAGAIN, 10, "EAGAIN"},
    {ENODEV, 11, "ENODEV"},
};

/* Half a UTF-8 character, where a quotation was cut, would be no JSON: the sentence is kept to ASCII. */
static void set_error(struct rpc_error *error, int code, const char *name, const char *format, va_list args)
{
	error->code = code;
	error->errno_name = name;
	vsnprintf(error->text, sizeof(error->text), format, args);
	for (char *c = error->text; *c; c++) {
		if ((signed char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
}

int rpc_fail(struct rpc_error *error, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_error(error, code, NULL, format, args);
	va_end(args);
	return code;
}

int rpc_fail_errno(struct rpc_error *error, int err, const char *format, ...)
{
	size_t row = 0, last = sizeof(errors) / sizeof(errors[0]);
	va_list args;

	while (row < last && errors[row].err != -err)
		row++;
	va_start(args, format);
	set_error(error, row < last ? errors[row].code : 8, row < last ? errors[row].name : "EIO", format, args);
	va_end(args);
	return error->code;
}

static char *dump(json_t *answer, size_t *ret_size)
{
	size_t size = answer ? json_dumpb(answer, NULL, 0, JSON_COMPACT) : 0;
	char *text = size ? malloc(size + 1) : NULL;

	if (text && json_dumpb(answer, text, size, JSON_COMPACT) == size) {
		text[size] = '\n';
		*ret_size = size + 1;
	} else {
		free(text);
		text = NULL;
	}
	json_decref(answer);
	return text;
}

static json_t *error_object(const struct rpc_error *error)
{
	json_t *object = json_pack("{s:i, s:s}", "code", error->code, "message", error->text), *data;

	if (!object || (!error->errno_name && error->op < 0))
		return object;
	data = json_object();
	if (error->errno_name)
		json_object_set_new(data, "errno", json_string(error->errno_name));
	if (error->op >= 0)
		json_object_set_new(data, "op", json_integer(error->op));
	json_object_set_new(object, "data", data);
	return object;
}

/* Takes `value` over. */
static char *answer(json_t *id, const char *name, json_t *value, size_t *ret_size)
{
	json_t *object = json_pack("{s:s, s:O}", "jsonrpc", "2.0", "id", id ? id : json_null());

	if (!object || !value || json_object_set_new(object, name, value)) {
		json_decref(object);
		return NULL;
	}
	return dump(object, ret_size);
}

char *rpc_refusal(int code, const char *text, size_t *ret_size)
{
	struct rpc_error error = {.op = -1};

	rpc_fail(&error, code, "%s", text);
	return answer(NULL, "error", error_object(&error), ret_size);
}

/* A command's result: a tree, or, in `text`, the whole answer as it goes out. */
struct result {
	json_t *tree;
	struct text text;
};

/* The answer's head, then what the command writes. */
static int call_text(
    struct api *api, const struct cmd *cmd, const json_t *request, const json_t *params, struct text *out, struct rpc_error *ret_error)
{
	char *id = json_dumps(json_object_get(request, "id"), JSON_ENCODE_ANY | JSON_COMPACT);
	int err;

	text_raw(out, "{\"jsonrpc\":\"2.0\",\"id\":");
	text_raw(out, id ? id : "null");
	text_raw(out, ",\"result\":");
	free(id);
	err = cmd->write(api, params, out, ret_error);
	text_raw(out, "}\n");
	if (!err && out->failed)
		err = rpc_fail_errno(ret_error, -EIO, "out of memory for the answer");
	if (err) {
		free(out->at);
		*out = (struct text){0};
	}
	return err;
}

static int call(struct api *api, enum api_access access, const json_t *request, struct result *ret_result, struct rpc_error *ret_error)
{
	const char *method = json_string_value(json_object_get(request, "method"));
	const json_t *params = json_object_get(request, "params");
	const struct cmd *cmd;
	int err;

	if (!method)
		return rpc_fail(ret_error, RPC_NOT_REQUEST, "a request needs a \"method\" that is a string");
	cmd = cmd_lookup(method);
	if (!cmd)
		return rpc_fail(ret_error, RPC_NO_METHOD, "there is no method \"%.40s\"", method);
	if (access < cmd->access) {
		return rpc_fail_errno(ret_error, -EPERM, "only root and group sluice%s may call \"%s\"",
		    cmd->access == API_READ ? " or sluice-ro" : "", method);
	}
	if (params && !json_is_object(params))
		return rpc_fail(ret_error, RPC_BAD_PARAMS, "\"params\" must be an object");
	err = field_only(params, cmd->params, ret_error);
	if (err)
		return err;
	if (!cmd->handler)
		return call_text(api, cmd, request, params, &ret_result->text, ret_error);
	return cmd->handler(api, params, &ret_result->tree, ret_error);
}

static bool good_id(const json_t *id)
{
	return !id || json_is_string(id) || json_is_number(id) || json_is_null(id);
}

static char *answer_request(struct api *api, enum api_access access, json_t *request, size_t *ret_size)
{
	struct rpc_error error = {.op = -1};
	json_t *id = json_object_get(request, "id");
	struct result result = {0};

	if (!json_is_object(request) || !good_id(id))
		return rpc_refusal(RPC_NOT_REQUEST, "a request is one JSON object with a string or number as its id", ret_size);
	if (call(api, access, request, &result, &error))
		return id || error.code == RPC_NOT_REQUEST ? answer(id, "error", error_object(&error), ret_size) : NULL;
	if (!id) {
		json_decref(result.tree);
		free(result.text.at);
		return NULL;
	}
	if (result.text.at) {
		*ret_size = result.text.size;
		return result.text.at;
	}
	if (!result.tree) {
		rpc_fail_errno(&error, -EIO, "out of memory for the answer");
		return answer(id, "error", error_object(&error), ret_size);
	}
	return answer(id, "result", result.tree, ret_size);
}

char *rpc_answer(struct api *api, enum api_access access, const char *line, size_t size, size_t *ret_size)
{
	json_error_t where;
	json_t *request = json_loadb(line, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
	char text[200], *result;

	if (!request) {
		snprintf(text, sizeof(text), "not JSON at byte %d: %.120s", where.position, where.text);
		return rpc_refusal(RPC_NOT_JSON, text, ret_size);
	}
	result = answer_request(api, access, request, ret_size);
	json_decref(request);
	return result;
}
