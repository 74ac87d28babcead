/*
 * An intrusive, circular, doubly linked list. A struct that lives on one list at a time embeds
 * one `struct list`; an unlinked node points at itself.
 */
#pragma once

#include "carillon/base/base.h"

struct list {
	struct list *next, *prev;
};

static inline void
list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool
list_is_empty(const struct list *l)
{
	return l->next == l;
}

static inline void
list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Links `node` last. It must not be on a list. */
static inline void
list_append(struct list *head, struct list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

static inline void
list_prepend(struct list *head, struct list *node)
{
	list_append(head->next, node);
}

/* Moves every node of `from`, in order, to the end of `into`. */
static inline void
list_move_all(struct list *from, struct list *into)
{
	if (list_is_empty(from))
		return;
	from->next->prev = into->prev;
	into->prev->next = from->next;
	from->prev->next = into;
	into->prev = from->prev;
	list_init(from);
}

/* Unlinks and returns the first node, or NULL. */
static inline struct list *
list_take_first(struct list *head)
{
	struct list *first = head->next;

	if (first == head)
		return NULL;
	list_remove(first);
	return first;
}

#define LIST_EACH(node, head) \
	for (struct list *node = (head)->next; node != (head); node = node->next)
#define LIST_EACH_SAFE(node, head)                                                        \
	for (struct list *node = (head)->next, *node##_next = node->next; node != (head); \
	     node = node##_next, node##_next = node->next)
