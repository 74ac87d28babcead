/*
 * A registry from within, for the files that it consists of.
 */
#pragma once

#include "carillon/registry/registry.h"

struct registry {
	struct broker *broker;
	struct store *store;
	char author[STATE_BY_MAX + 1];
};

/* Whether a record may be stored; else ERR_INPUT, and `f`, unless it is NULL, has all that is
 * wrong. */
MUST_USE bool registry_is_sound(struct registry *r, struct str workspace, enum state_kind kind,
    const void *record, struct findings *f, struct err *e);
/* Puts a sound record with the expected revision and waits until the index has it.
 * ERR_CONFLICT: it exists already (expected 0), or was changed meanwhile. */
MUST_USE bool registry_put_record(struct registry *r, struct str workspace,
    enum state_kind kind, const void *record, uint64_t expected, struct err *e);
/*
 * Erases the bucket's revisions of a connection with another seal than `newest`, which is empty
 * when it was deleted, and the oldest of those with the same one before the bucket lets them
 * go, since it overwrites nothing. What cannot be erased is told in the log, and the change
 * stands.
 */
void seals_forget_older(
    struct registry *r, struct str workspace, struct str connection, struct str newest);
