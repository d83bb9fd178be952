/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_LIST_H
#define BASE_LIST_H
/* A doubly linked list whose links live inside the members; the head is a link of its own. */

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *prev, *next;
};

/* The struct of type `type` whose field `field` is at `ptr`. */
#define container_of(ptr, type, field) ((type *)((char *)(ptr) - offsetof(type, field)))

/* For every member, in order; the current one may be removed. */
#define list_each(pos, safe, head) for (pos = (head)->next, safe = pos->next; pos != (head); pos = safe, safe = pos->next)

static inline void list_init(struct list *head)
{
	head->prev = head->next = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

/* Insert `link` behind `at`: with the head, as the first. */
static inline void list_add(struct list *at, struct list *link)
{
	link->prev = at;
	link->next = at->next;
	at->next->prev = link;
	at->next = link;
}

/* Insert as the last. */
static inline void list_append(struct list *head, struct list *link)
{
	list_add(head->prev, link);
}

static inline void list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

#endif
