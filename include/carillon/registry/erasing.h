/*
 * Erasing a workspace from beginning to end: its state, its messages in every stream, its
 * records in this index, what the short bucket has of it; and the notice by which every other
 * index that follows the streams forgets it, too. Whoever is interrupted begins again with the
 * same record.
 */
#pragma once

#include <stdatomic.h>

#include "carillon/index/erase.h"
#include "carillon/registry/registry.h"
#include "carillon/v1/erasure.pb-c.h"

typedef Carillon__V1__Erasure erasure_record;

struct erasing {
	struct registry *registry;
	struct erasure erasure; /* broker, store and workspace; then what has gone */
	int64_t request_timeout_ms;
	const atomic_bool *is_stopping; /* may be NULL */
	bool was_there;
};

/* Until a pass finds nothing any more. ERR_TEMP: its producers go on, or it is to stop. */
MUST_USE bool erasing_run(struct erasing *x, struct err *e);

/* A record of its own id and key; `workspace` is borrowed. Its bytes live in `a`. */
void erasure_new(erasure_record *r, struct arena *a, struct str workspace, wall_t now);
/* As done: without the workspace. */
void erasure_end(erasure_record *r, const struct erasure *x, wall_t now);
MUST_USE bool erasure_put(
    struct broker *b, const erasure_record *r, uint64_t expected, struct err *e);
/* ERR_NOT_FOUND: there is none, or it is older than a day. */
MUST_USE bool erasure_get(struct broker *b, struct arena *a, struct str id,
    erasure_record **out, uint64_t *revision, struct err *e);
/* The record in a message of the short bucket; NULL: it is another kind's. */
erasure_record *erasure_of(
    const struct broker *b, struct arena *a, const struct broker_message *m);
/* Whether it is of this workspace, done or not. */
bool erasure_is_of(const erasure_record *r, struct str workspace);
