/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLUICED_FIELD_H
#define SLUICED_FIELD_H
/* Fields of JSON objects: read with a sentence for every mistake, and written. Readers return 0 or the error's code. */

#include <jansson.h>

#include "sluiced/api/rpc.h"

/* An error unless every name in `object` is one of `names` (NULL at the end). */
int field_only(const json_t *object, const char *const *names, struct rpc_error *ret_error);

/* A field that may be missing: *ret_value then keeps what it has. */
int field_text(const json_t *object, const char *name, const char **ret_value, struct rpc_error *ret_error);
int field_number(const json_t *object, const char *name, int64_t *ret_value, struct rpc_error *ret_error);
int field_bool(const json_t *object, const char *name, bool *ret_value, struct rpc_error *ret_error);
int field_prefix(const json_t *object, const char *name, bool *ret_said, struct prefix *ret_prefix, struct rpc_error *ret_error);

/* "addr", which must be there; and "port", host order, which may be missing. */
int field_addr(const json_t *object, struct sl_addr *ret_addr, struct rpc_error *ret_error);
int field_port(const json_t *object, __be16 *ret_port, struct rpc_error *ret_error);

/* "tcp", "udp", "sctp", which may be missing. */
int field_proto(const json_t *object, __u8 *ret_proto, struct rpc_error *ret_error);

/* A prefix as text. */
int field_prefix_text(const char *text, struct prefix *ret_prefix, struct rpc_error *ret_error);

/* A service's name: "proto", "addr", "port", all of them, or "fwmark" and perhaps "family". */
#define FIELD_SVC "proto", "addr", "port", "fwmark", "family"
int field_svc(const json_t *object, struct sl_svc_key *ret_key, struct rpc_error *ret_error);
void field_set_svc(json_t *object, const struct sl_svc_key *key);

int field_fwd(const json_t *object, enum sl_fwd *ret_fwd, struct rpc_error *ret_error);
const char *field_fwd_text(unsigned fwd);
const char *field_proto_text(unsigned proto);

/* {"addr", "port"} */
json_t *field_end(const struct sl_addr *addr, __be16 port);

/* Set "addr" and "port" of an object; 0 or -1. */
int field_set_end(json_t *object, const struct sl_addr *addr, __be16 port);

#endif
