/*
 * Stored records that cannot be read (stored.h), found for the operators: those that were there
 * at the start, some workspaces at a time, and those written since. Each is told once, for as
 * long as it stays so. One thread's: the follower's.
 */
#pragma once

#include "carillon/registry/stored.h"

struct unreadable;
struct unreadable *unreadable_new(struct store *s);
void unreadable_free(struct unreadable *u);

typedef void unreadable_fn(const struct stored *s, void *arg);
/* Looks at some of what there was at the start; false once that is over. */
bool unreadable_scan(struct unreadable *u, unreadable_fn *each, void *arg);
/* The record of this key was written or deleted. */
void unreadable_look(
    struct unreadable *u, const struct stored_key *key, unreadable_fn *each, void *arg);
