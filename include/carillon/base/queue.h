/*
 * A bounded hand-off between threads: whoever puts gives ownership, whoever takes has it. A
 * lock and a condition inside; an eventfd for a taker that waits in epoll. Order is kept.
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/list.h"

struct queue;

/* `limit` entries at most. */
struct queue *queue_new(size_t limit);
void queue_free(struct queue *q); /* must be empty; NULL is fine */

/* False when full: the caller keeps `node`, and decides what "full" means. */
MUST_USE bool queue_try_put(struct queue *q, struct list *node);
/* Puts every node of `from`, waiting for room. */
void queue_put_all(struct queue *q, struct list *from);
/* Moves everything to the end of `into`; never waits. Returns how many. */
size_t queue_take_all(struct queue *q, struct list *into);
/* As queue_take_all, but waits up to `wait_ms` for a first entry. */
size_t queue_wait_all(struct queue *q, struct list *into, int64_t wait_ms);
/* The same for the first entry alone, for several takers of one queue. */
size_t queue_wait_one(struct queue *q, struct list *into, int64_t wait_ms);
/* Readable whenever there may be something to take; cleared by queue_take_all. */
int queue_fd(const struct queue *q);
size_t queue_len(struct queue *q);
