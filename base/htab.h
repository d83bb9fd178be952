/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_HTAB_H
#define BASE_HTAB_H
/*
 * DOC: a hash table whose links live inside the members
 *
 * The caller hashes and compares: htab_first() and htab_next() walk the members of one hash value. The table grows by itself;
 * an insertion can't fail (without memory the table stays as large as it is and gets slower).
 */

#include <stddef.h>
#include <stdint.h>

struct hnode {
	struct hnode *next;
	uint64_t hash;
};

struct htab {
	struct hnode **buckets;
	size_t mask; /* buckets - 1 */
	size_t count; /* members */
	struct hnode *first[16]; /* the buckets of a small table */
};

/* Hash of `size` bytes, continuing from `seed`. For keys that only those may choose who may configure the director. */
uint64_t hash_bytes(const void *data, size_t size, uint64_t seed);

void htab_init(struct htab *htab); /* the table may not be moved after that */
void htab_fini(struct htab *htab); /* frees no member */
void htab_insert(struct htab *htab, struct hnode *node, uint64_t hash);
void htab_remove(struct htab *htab, struct hnode *node); /* which must be in it */
struct hnode *htab_first(const struct htab *htab, uint64_t hash);
struct hnode *htab_next(const struct hnode *node);

#endif
