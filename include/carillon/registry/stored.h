/*
 * Stored records as they are read: input like any other. Whoever may write to the bucket may
 * write anything under a key. A record counts only if it unpacks, is called as its key says and
 * keeps to the limits; what does not is unreadable, with the reason, and harms only itself. Ids
 * come from keys, never from bodies. Any thread.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/records.h"
#include "carillon/store/store.h"

/* Where a record stands. */
struct stored_key {
	struct str workspace;
	enum state_kind kind;
	struct str id;
};

/* A record, or why it cannot be read. */
struct stored {
	struct stored_key key; /* borrowed until the transaction ends */
	uint64_t revision;
	void *record;   /* NULL: it cannot be read */
	struct err why; /* then; ERR_FULL: it is beyond the limit of its kind */
};

/* Reads the bytes that stand under a key into `a`; false: they cannot be read. */
MUST_USE bool stored_read(struct arena *a, const struct stored_key *key, struct str bytes,
    void **record, struct err *e);
/* The record of a key; false: there is none, or the transaction has failed. */
MUST_USE bool stored_get(
    struct txn *t, struct arena *a, const struct stored_key *key, struct stored *out);
/*
 * The records of a list, in order of id; false from `each` stops. Those that can be read, more
 * than a workspace may have of the kind (registry.h), are beyond the limit. Records live in
 * `a`, which `each` may reset.
 */
typedef bool stored_fn(const struct stored *s, void *arg);
void stored_each(
    struct txn *t, struct arena *a, const struct state_list *list, stored_fn *each, void *arg);
/* The same for every record of a kind, of whatever workspace; `a` is reset before each. */
void stored_each_of_kind(
    struct txn *t, struct arena *a, enum state_kind kind, stored_fn *each, void *arg);
/* How many records of a list are read; more are beyond the limit. 0: there is no limit. */
size_t stored_limit(enum state_kind kind);
