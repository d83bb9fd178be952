/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_RPC_H
#define SLUICED_RPC_H
/* JSON-RPC 2.0: one line in, one line out. */

#include <stddef.h>

#include "sluiced/api/api.h"

enum rpc_code {
	RPC_NOT_JSON = -32700,
	RPC_NOT_REQUEST = -32600,
	RPC_NO_METHOD = -32601,
	RPC_BAD_PARAMS = -32602,
};

/* An error as it goes to the peer. */
struct rpc_error {
	int code;
	const char *errno_name; /* or NULL */
	int op; /* index of the operation that failed, or -1 */
	char text[300];
};

/* Write the sentence, return `code`. */
int rpc_fail(struct rpc_error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same for a negative errno of the model or plane. */
int rpc_fail_errno(struct rpc_error *error, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * Answer one request (without its newline). Returns the answer with its newline, to be freed by the caller, or NULL when there is
 * none (a notification, or no memory).
 */
char *rpc_answer(struct api *api, enum api_access access, const char *line, size_t size, size_t *ret_size);

/* An error answer to a request that could not be read. */
char *rpc_refusal(int code, const char *text, size_t *ret_size);

#endif
