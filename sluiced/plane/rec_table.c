/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs of the pools: found room for, written aside, given back. A scheduler's table is one. */

#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sluiced/plane/reconcile_own.h"

/* If the pool is out, what is at rest will do once every program that runs now has ended. */
int rec_pool_take(struct pool *pool, uint32_t count, uint32_t *ret_first)
{
	int err = pool_take(pool, count, ret_first);

	if (err != -ENOSPC || syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0)
		return err;
	pool_settle(pool);
	return pool_take(pool, count, ret_first);
}

static uint32_t words_of(const struct sl_svc *svc)
{
	return sched_table_words(svc->sched, svc->table_len);
}

/* Writes the table aside, for `next`; it stays where it is if it is the same. */
int rec_table_place(struct reconcile *rec, const struct rec_svc *rs, const struct sched_table *table, struct sl_svc *next, bool *ret_new)
{
	const struct sl_svc *was = &rs->svc;
	struct plane *plane = rec->plane;
	int err;

	next->table = 0;
	next->table_len = table->len;
	if (!table->count)
		return 0;
	if (rs->active && rs->owns_table && words_of(was) == table->count &&
	    memcmp(&plane->tables[was->table], table->words, table->count * sizeof(*table->words)) == 0) {
		next->table = was->table;
		return 0;
	}
	err = rec_pool_take(&rec->tables, table->count, &next->table);
	if (err)
		return err;
	*ret_new = true;
	plane_tables_set(plane, next->table, table->words, table->count);
	return 0;
}

void rec_table_return(struct reconcile *rec, const struct sl_svc *svc)
{
	pool_return(&rec->tables, svc->table, words_of(svc));
}

void rec_table_release(struct reconcile *rec, const struct sl_svc *svc)
{
	pool_release(&rec->tables, svc->table, words_of(svc));
}

bool rec_table_claim(struct reconcile *rec, const struct sl_svc *svc)
{
	return words_of(svc) && pool_claim(&rec->tables, svc->table, words_of(svc));
}
