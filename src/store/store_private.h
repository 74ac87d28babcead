/*
 * What the files of the store share: the two environments, the transaction with its sticky
 * error, and scans. Nothing outside this directory includes it.
 */
#pragma once

#include <lmdb.h>
#include <pthread.h>

#include "carillon/store/store.h"
#include "keys.h"

enum table_id {
#define TABLE(ENV, NAME, name) TABLE_##NAME,
#include "tables.def"
#undef TABLE
	TABLES
};

enum {
	STORE_ENVS = 2,
	STORE_PATH_MAX = 240,
	STORE_ASIDE_MAX = STORE_PATH_MAX + 64, /* of a damaged file's new name */
};

/*
 * LMDB cannot change the size of a map while this process has a transaction in it. The gate
 * counts them: a thread that has to resize closes it and waits for the count to reach zero.
 */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int inside;
	bool closed;
};

struct env {
	MDB_env *mdb;
	char dir[STORE_PATH_MAX];
	char path[STORE_PATH_MAX + 16]; /* the data file */
	bool read_only, looks_at_all;
	struct gate gate;
};

struct store {
	struct env envs[STORE_ENVS];
	MDB_dbi tables[TABLES];
	char aside[STORE_ENVS][STORE_ASIDE_MAX]; /* where a damaged file was put, or empty */
};

struct txn {
	struct store *store;
	struct env *env;
	MDB_txn *mdb; /* NULL after a failure to begin */
	bool writes;
	int rc; /* LMDB's code of the first failure, 0 if it was not LMDB's */
	struct err err;
	struct arena *scratch; /* for records read on the way to a write; NULL until needed */
	struct hours_kept *hours; /* counts that were changed; NULL until any are */
};

const char *table_name(enum table_id table); /* in LMDB */
/* Fills `e` with what LMDB's `rc` means for a person, and returns false. */
bool env_fail(const struct env *env, struct err *e, int rc);
/* ERR_CORRUPT: the file of `env` is not what was written, because of `why`. */
bool env_fail_corrupt(const struct env *env, struct err *e, const char *why);
/*
 * Makes the map larger than `full` bytes, or with 0 as large as another process has made it.
 * ERR_TEMP if transactions of this process do not end in time. The caller is in none of `env`.
 */
MUST_USE bool env_resize(struct env *env, size_t full, struct err *e);
size_t env_map_size(const struct env *env); /* bytes */
/* Before and after every transaction. */
void env_enter(struct env *env);
void env_leave(struct env *env);
void gate_init(struct gate *g);
void gate_fini(struct gate *g);

/* The lock file's descriptor, or -1 if a process has the environment at `path` open. Close it
 * to let others in (rewrite.c). */
int env_lock_alone(const char *path);
/* fsync; errno's number of what went wrong, or 0. */
int path_sync(const char *path, int flags);
/* Renames the damaged data file of `env`, which must not be open; `to` is its new name
 * (set_aside.c). */
MUST_USE bool env_set_aside(const struct env *env, const struct err *why,
    char to[static STORE_ASIDE_MAX], struct err *e);

/* Does what store_ask_rewrite asked for, if nobody else has the files open (rewrite.c). */
void store_rewrite(const char *dir);
/* The same for the state's file alone, because of STORE_OLD_SEALS, which the new one is
 * without.
 */
void store_rewrite_state(const char *dir);
const char *store_number_name(enum store_number which);

/* Walks the pages of the file and looks whether they are what was written (check.c). */
MUST_USE bool env_check(struct env *env, struct err *e);

/* The first failure stays. Both return false. */
bool txn_fail(struct txn *t, int rc);
bool txn_fail_record(struct txn *t, uint64_t seq, const struct err *why);
/* Arena for what lives no longer than one call; emptied by the next taker. */
struct arena *txn_scratch(struct txn *t);

/* LMDB's handle of `table`, which must be of the environment of `t`. */
MDB_dbi txn_table(const struct txn *t, enum table_id table);
MUST_USE bool txn_get(struct txn *t, enum table_id table, const struct key *k, struct str *out);
void txn_put(struct txn *t, enum table_id table, const struct key *k, struct str value);
/* Puts unless there is one already. */
bool txn_put_new(struct txn *t, enum table_id table, const struct key *k, struct str value);
void txn_delete(struct txn *t, enum table_id table, const struct key *k);
/* Packs `message` right into the page. Appending is cheap and succeeds (returns true) only if
 * `k` is greater than every key of the table. */
void txn_put_message(
    struct txn *t, enum table_id table, const struct key *k, const void *message);
bool txn_append_message(
    struct txn *t, enum table_id table, const struct key *k, const void *message);
/* Of the pages in use; looks at none of them. */
uint64_t txn_bytes(struct txn *t, enum table_id table);
uint64_t txn_count(struct txn *t, enum table_id table);
/* Deletes everything in it. */
void txn_empty(struct txn *t, enum table_id table);

uint64_t meta_number(struct txn *t, struct str name);
void meta_set_number(struct txn *t, struct str name, uint64_t n);

/* Walks keys that begin with `prefix`: forward from the first key >= start, or backward from
 * the last key < start. End it before the transaction. */
struct scan {
	struct txn *txn;
	MDB_cursor *cursor; /* NULL when there is nothing to walk */
	struct key prefix, start;
	enum { SCAN_START_FORWARD, SCAN_START_BACKWARD, SCAN_FORWARD, SCAN_BACKWARD } step;
	struct str key, value; /* borrowed from the map until the next write */
};

void scan_forward(struct scan *s, struct txn *t, enum table_id table, const struct key *prefix,
    const struct key *start);
void scan_backward(struct scan *s, struct txn *t, enum table_id table, const struct key *prefix,
    const struct key *start);
bool scan_next(struct scan *s);
void scan_end(struct scan *s);

/* Why an entry is none that can have been written (history_check.c); NULL: it is one. */
const char *history_flaw(const history_entry *entry);
/* A record of the index, unpacked into `a`. NULL: it is damaged, which is the transaction's
 * error, or none that can have been written, which is only left out (history.c). */
delivery_record *delivery_unpack(
    struct txn *t, struct arena *a, uint64_t seq, struct str bytes);
/* Deletes with all index entries (history.c). */
void history_delete_delivery(struct txn *t, const delivery_record *d);
/* Fills the indexes that are new in this version from an older one's records. */
void history_index_anew(struct txn *t);
void history_delete_event(struct txn *t, const event_record *ev);

/* Moves a delivery from the counts of what it was (NULL: it was not there) to those of what it
 * is (NULL: it goes) (hours.c). */
void hours_move(struct txn *t, const delivery_record *was, const delivery_record *is);
/* Counts all deliveries anew; of an index that was made before there were counts. */
void hours_recount(struct txn *t);
void hours_forget(struct txn *t, struct str workspace);
/* Puts what the transaction keeps of them; before it commits. */
void hours_flush(struct txn *t);
/* Forgets it, put or not. */
void hours_drop(struct txn *t);

/* Updates (note) or removes (forget) the rule keys' entries that point at this delivery
 * (rule_keys.c). */
void keyed_note(struct txn *t, const delivery_record *d);
void keyed_forget(struct txn *t, const delivery_record *d);
