/*
 * The newest changes of all workspaces, a bounded number of them, so that who comes back to a
 * live stream learns what came meanwhile. Whoever uses it holds the hub's lock.
 */
#pragma once

#include "hub.h"

/* How far the two streams were followed. */
struct position {
	uint64_t history, state;
};

struct recent;
struct recent *recent_new(void);
void recent_free(struct recent *r);
/* From here on every change is noted. */
void recent_begin(struct recent *r, struct position at);
/* What happened after `at` was told. */
void recent_add(struct recent *r, const struct change *c, struct position at);
/* Whether everything since is still here. */
bool recent_reaches(const struct recent *r, struct position since);
/* The changes of a kind in a workspace since, as elements of a JSON array; returns how many. */
int recent_write(const struct recent *r, struct str workspace, enum change_kind kind,
    struct position since, struct buf *out);

/* A change as an element of a JSON array, after those that are there. */
void change_write(struct buf *out, const struct change *c);
