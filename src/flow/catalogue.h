/*
 * The catalogue that all workspaces share, compiled: an immutable snapshot, held by reference
 * by every ruleset made with it. Any thread.
 */
#pragma once

#include "carillon/store/store.h"
#include "event_type.h"

struct catalogue;

/* The caller owns the one reference. NULL: the index cannot be read. */
MUST_USE struct catalogue *catalogue_build(struct store *s, struct err *e);
struct catalogue *catalogue_ref(struct catalogue *c);
void catalogue_unref(struct catalogue *c); /* NULL is fine */
/* NULL if the catalogue has no such type. */
const struct event_type *catalogue_type(const struct catalogue *c, struct str name);
