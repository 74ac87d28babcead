/*
 * A binary heap of things that are due at a time, earliest first: timers without a timer
 * thread. A struct that waits embeds one `struct heap_node`. One owner; not thread-safe.
 */
#pragma once

#include "carillon/base/base.h"

struct heap_node {
	mono_t due;
	size_t slot; /* 0 = not in a heap */
};

struct heap {
	struct heap_node **slots; /* from 1 */
	size_t len, cap;
};

void heap_fini(struct heap *h);
/* Puts `n` in, or moves it, to be due at `due`. */
void heap_set(struct heap *h, struct heap_node *n, mono_t due);
static inline bool
heap_has(const struct heap_node *n)
{
	return n->slot != 0;
}
void heap_remove(struct heap *h, struct heap_node *n); /* not being in is fine */
/* The earliest, or NULL; it stays in. */
struct heap_node *heap_first(const struct heap *h);
/* Takes the earliest if it is due at `now`, else NULL. */
struct heap_node *heap_take_due(struct heap *h, mono_t now);
