/*
 * How many events a life of the service may have posted without a record: what it had in hand
 * when it was killed, at most its setting active_max. The index remembers the largest of the
 * lives that did not end drained, for the next one may have another setting. Any thread.
 */
#pragma once

#include "carillon/store/store.h"

/* `limit` of this life counts from now on, with those before. *most is the largest. */
MUST_USE bool active_limit_note(struct store *s, uint64_t limit, uint64_t *most, struct err *e);
/* The largest, this life's `limit` among them. */
MUST_USE bool active_limit_most(struct store *s, uint64_t limit, uint64_t *most, struct err *e);
/* Everything in hand was settled: no life counts any more. */
MUST_USE bool active_limit_forget(struct store *s, struct err *e);
