/*
 * The index: two LMDB environments under the data directory, "state" (what customers
 * configured) and "history" (what became of every event, which is also the ledger). JetStream
 * is the truth: both can be deleted and are rebuilt by applying the streams from sequence 1.
 * Each environment keeps, in the same transaction as the data, the sequence it has applied.
 *
 * Several processes may have a store open (the service and the CLI). LMDB serialises writers.
 * A read transaction belongs to the thread that began it; end it before doing anything slow, a
 * stale reader keeps old pages alive and the file grows.
 *
 * Disk full, bad file: ERR_FULL, ERR_CORRUPT, with what to do. A map that is too small grows
 * by itself (abort, grow, and the caller's function runs again: see store_write).
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/base/records.h"
#include "carillon/store/key_life.h"

struct store;

enum store_env { STORE_STATE, STORE_HISTORY };

struct store_options {
	const char *dir;     /* created with mode 0700 if it is not there */
	size_t state_map_mb; /* initial map sizes */
	size_t history_map_mb;
	bool read_only;    /* for CLI verbs that only look; the store must exist */
	bool looks_at_all; /* of large files, too, and when only looking: it takes seconds */
	/* A damaged file is renamed and begun anew, said in the log; not with read_only. The
	 * service's choice: only it fills the new one from the streams at once. */
	bool sets_aside;
};

/*
 * Opens both environments, clears readers of dead processes and checks the schema version.
 * ERR_CORRUPT: a file is not what was written (says what to do). ERR_SETUP: newer schema, no
 * permission.
 */
MUST_USE bool store_open(struct store **out, const struct store_options *o, struct err *e);
/* The path that a damaged file was renamed to when this was opened; NULL if it was whole. */
const char *store_set_aside(const struct store *s, enum store_env env);
void store_close(struct store *s); /* NULL is fine */

/*
 * A transaction with a sticky error: after a first failure the calls below do nothing and
 * return nothing, so ten puts need one check, at txn_commit or txn_error.
 */
struct txn;
struct txn *txn_read(struct store *s, enum store_env env); /* never NULL; may carry an error */
void txn_end(struct txn *t);                               /* of a read; NULL is fine */
/* The first error so far, or NULL. */
const struct err *txn_error(const struct txn *t);
/* Ends a read; false, with its first error in *e (which may be NULL), if it had one. */
MUST_USE bool txn_finish(struct txn *t, struct err *e);

/*
 * Runs `fill(txn, arg)` in one write transaction and commits it, synced to disk when this
 * returns true. `fill` must be repeatable: it runs again when the map had to grow. If `fill`
 * returns false nothing is written and `e` is what it left.
 */
typedef bool store_fill(struct txn *t, void *arg, struct err *e);
MUST_USE bool store_write(
    struct store *s, enum store_env env, store_fill *fill, void *arg, struct err *e);

/* --- state: records under "<workspace>.<kind>.<id>", with the revision of the KV bucket --- */

enum state_kind {
	STATE_WORKSPACE,
	STATE_CONNECTION,
	STATE_RULE,
	STATE_TYPE,
	STATE_REPLAY,
	STATE_KEY,
	STATE_KINDS
};
const char *state_kind_name(enum state_kind k); /* "workspace", "connection", ... */
/* Splits a KV key. False if it is none of ours. */
MUST_USE bool state_key_parse(
    struct str key, struct str *workspace, enum state_kind *kind, struct str *id);
/* "<workspace>.<kind>.<id>" into `out` (STATE_KEY_MAX bytes), NUL-terminated. Event type names
 * have dots: '.' in an id is written as '/'. */
enum { STATE_KEY_MAX = 64 + 1 + 16 + 1 + 128 + 1 };
void state_key(
    char out[static STATE_KEY_MAX], struct str workspace, enum state_kind kind, struct str id);

struct state_value {
	struct str bytes; /* packed record; borrowed until the transaction ends */
	uint64_t revision;
};
/* False when there is none (or the transaction has failed). */
MUST_USE bool state_get(struct txn *t, struct str workspace, enum state_kind kind,
    struct str id, struct state_value *out);
/* The records of one kind of one workspace, in order of id; false from `each` stops. */
struct state_list {
	struct str workspace;
	enum state_kind kind;
	struct str after; /* an id, there or not; empty: from the first */
	size_t max;       /* 0: all */
};
typedef bool state_each_fn(struct str id, const struct state_value *v, void *arg);
void state_each(struct txn *t, const struct state_list *list, state_each_fn *each, void *arg);
/* How many records the list has, whether they can be read or not. */
size_t state_count(struct txn *t, const struct state_list *list);
/* Every workspace that has a record of kind workspace, in order, starting after `after`. */
void state_each_workspace(struct txn *t, struct str after, state_each_fn *each, void *arg);
/* Every record of one kind, whatever its workspace. */
typedef bool state_of_kind_fn(
    struct str workspace, struct str id, const struct state_value *v, void *arg);
void state_each_of_kind(struct txn *t, enum state_kind kind, state_of_kind_fn *each, void *arg);
/* Puts or (bytes empty) deletes by KV key; an older revision than what is there changes
 * nothing. */
void state_apply(struct txn *t, struct str key, struct str bytes, uint64_t revision);
/* Every record and (bytes empty) every deletion, with its KV key; false from it stops. */
typedef bool state_version_fn(struct str key, struct str bytes, uint64_t revision, void *arg);
void state_each_version(struct txn *t, state_version_fn *each, void *arg);
/* Empties the environment: it is as if nothing had been applied yet. */
void state_reset(struct txn *t);
/* Forgets what was deleted in a workspace: their ids are its customer's. At most `max` a call;
 * returns how many went. */
size_t state_forget(struct txn *t, struct str workspace, size_t max);
/* The stream sequence up to which the environment is complete; 0 when empty. */
uint64_t store_applied(struct txn *t);
/* The same, in a transaction of its own. 0 if it cannot be read. */
uint64_t store_applied_now(struct store *s, enum store_env env);
void store_set_applied(struct txn *t, uint64_t seq);
/* The message id of what was applied last. Another one under that sequence means that the
 * stream lost its tail and has used its sequences again. Empty: not known. */
struct str store_mark(struct txn *t, struct arena *a);
void store_set_mark(struct txn *t, struct str msg_id);
/* Both, unless the environment has come further already. */
void store_advance(struct txn *t, uint64_t seq, struct str msg_id);
/* What an interrupted repair needs to go on (carillon/index/repair.h). 0: no repair is under
 * way. */
enum store_number {
	STORE_REPAIR,       /* of the environment's own stream: what it still has, plus one */
	STORE_EVENTS_GOOD,  /* of the events stream, in the history environment: the same, */
	STORE_EVENTS_END,   /* and where it ended when that was found */
	STORE_ACTIVE_LIMIT, /* of the history environment: see carillon/index/active_limit.h */
	STORE_COMPARED,     /* the same: how far events were compared with it, plus one */
	/* Of the state environment: a connection was changed or deleted, so its older seals may
	 * be in free pages. The next store_open that has the file to itself writes it anew. */
	STORE_OLD_SEALS,
	STORE_NUMBERS
};
uint64_t store_number(struct txn *t, enum store_number which);
void store_set_number(struct txn *t, enum store_number which, uint64_t n);
/* Id of the stream the environment was built from (creation time as text); empty when new. A
 * different one means the stream was made anew. Copies into the arena. */
struct str store_stream_id(struct txn *t, struct arena *a);
void store_set_stream_id(struct txn *t, struct str id);

/* --- history and ledger --- */

/* Applies one entry (an upsert of the whole record, with its indexes). One that the service
 * cannot have written is left out and said in the log. */
void history_apply(struct txn *t, const history_entry *entry);
/* Sequence under which (workspace, event id) is known; 0 if it is not. */
uint64_t ledger_seq(struct txn *t, struct str workspace, struct str event_id);
/* Sequence of the newest event that is known; 0 if none is. */
uint64_t ledger_newest(struct txn *t);
/* The same, of those at or before `seq`. */
uint64_t ledger_newest_until(struct txn *t, uint64_t seq);
/* The first event at or after `seq`; 0 if there is none. */
uint64_t ledger_next_event(struct txn *t, uint64_t seq);
/* The newest event at or before `seq`, unpacked into `a`; NULL if there is none. */
event_record *history_event_before(struct txn *t, struct arena *a, uint64_t seq);
/* The event / the delivery of (seq, rule), unpacked into `a`; NULL if there is none. */
event_record *history_event(struct txn *t, struct arena *a, uint64_t seq);
delivery_record *history_delivery(
    struct txn *t, struct arena *a, uint64_t seq, struct str rule);
/* All deliveries of an event, in order of rule id; false from `each` stops. */
typedef bool delivery_each_fn(const delivery_record *d, void *arg);
void history_each_delivery(
    struct txn *t, struct arena *a, uint64_t seq, delivery_each_fn *each, void *arg);

/* Lists of a workspace, newest first, before sequence `before` (0: from the newest). */
typedef bool event_each_fn(const event_record *ev, void *arg);
void history_each_event_of(struct txn *t, struct arena *a, struct str workspace,
    uint64_t before, event_each_fn *each, void *arg);
/* The same forward, from sequence `from`; those of which only deliveries are known too. */
typedef bool seq_each_fn(uint64_t seq, void *arg);
void history_each_seq_of(
    struct txn *t, struct str workspace, uint64_t from, seq_each_fn *each, void *arg);
/*
 * The place of a delivery in the lists, which go from the newest event to the oldest and within
 * an event from the last rule id to the first. A list begins behind it, so the last delivery of
 * a page is the cursor of the next. An empty rule: behind all of that event; seq 0: at the
 * start.
 */
struct delivery_cursor {
	uint64_t seq;
	struct str rule;
};
struct delivery_list {
	struct str workspace;
	enum delivery_state state; /* by an index of its own; not DELIVERED. NONE: all */
	struct delivery_cursor after;
};
void history_each_delivery_of(struct txn *t, struct arena *a, const struct delivery_list *list,
    delivery_each_fn *each, void *arg);

/*
 * How many deliveries of a workspace are in each state, by the hour (UTC) in which they were
 * created: kept while records are applied, so that nobody has to walk them. Hours without any
 * are left out; oldest first, those that begin before `to`, from the one that has `from` in it.
 * The number under DELIVERY_NONE is of states that a newer version knows.
 */
typedef bool hour_each_fn(
    wall_t hour, const uint32_t counts[static DELIVERY_STATES], void *arg);
void history_each_hour(
    struct txn *t, struct str workspace, wall_t from, wall_t to, hour_each_fn *each, void *arg);
/* The first sequence whose event was received at or after `at`, of any workspace; one past the
 * newest if none was. Found by halving: right as long as the broker's clock does not jump. */
uint64_t history_seq_at(struct txn *t, wall_t at);

/* Parked deliveries due at or before `now`, earliest first, of all workspaces. */
void ledger_each_due(
    struct txn *t, struct arena *a, wall_t now, delivery_each_fn *each, void *arg);
/*
 * Overflow: parked deliveries that wait for room in their lane, in the order of the stream.
 * `after_seq` and `after_rule` name the one before the first that is wanted; 0: from the first.
 */
struct lane_id {
	struct str workspace, connection, channel;
};
struct overflow_position {
	uint64_t seq;
	struct str rule;
};
void ledger_each_overflow(struct txn *t, struct arena *a, const struct lane_id *lane,
    const struct overflow_position *after, delivery_each_fn *each, void *arg);
/* Deliveries that are parked, held or claimed to go out of the lane with others as one message,
 * in the order of the stream; also those that are not due yet. */
void ledger_each_together(struct txn *t, struct arena *a, const struct lane_id *lane,
    delivery_each_fn *each, void *arg);
/* Parked deliveries of a workspace, in the order of the stream, behind `after` (0: from the
 * first). */
void ledger_each_parked(struct txn *t, struct arena *a, struct str workspace,
    const struct overflow_position *after, delivery_each_fn *each, void *arg);
/* Each lane that has overflow, with its count, once; false from `each` stops. For the start:
 * it looks at every key. */
typedef bool overflow_lane_fn(const struct lane_id *lane, uint64_t n, void *arg);
void ledger_each_overflow_lane(struct txn *t, overflow_lane_fn *each, void *arg);
/* Held deliveries of one connection (rule empty) or one rule, in order of sequence. */
struct held_list {
	struct str workspace, connection, rule;
};
void ledger_each_held(struct txn *t, struct arena *a, const struct held_list *list,
    delivery_each_fn *each, void *arg);
/* Each (workspace, connection) that has held deliveries, once, behind the one named (empty:
 * from the first); false from `each` stops. */
typedef bool held_group_fn(struct str workspace, struct str connection, void *arg);
void ledger_each_held_group(struct txn *t, struct str after_workspace,
    struct str after_connection, held_group_fn *each, void *arg);
/* Each workspace after `after` that has deliveries in any other state than delivered, once, in
 * order; false from `each` stops. */
typedef bool ledger_workspace_fn(struct str workspace, void *arg);
void ledger_each_workspace(
    struct txn *t, struct str after, ledger_workspace_fn *each, void *arg);
/* The first event of the workspace behind `after` that waits to be matched; 0: none does. */
uint64_t ledger_next_waiting(struct txn *t, struct str workspace, uint64_t after);
/* Each workspace that has such, once, in order; false from `each` stops. */
void ledger_each_waiting_workspace(struct txn *t, ledger_workspace_fn *each, void *arg);
/* Deliveries left in state sending (claimed by a process that died), in order of sequence. */
void ledger_each_claimed(struct txn *t, struct arena *a, delivery_each_fn *each, void *arg);

/* Deliveries of all workspaces that are not final, of events from sequence `from` on. */
void ledger_each_open(
    struct txn *t, struct arena *a, uint64_t from, delivery_each_fn *each, void *arg);

/* Calls `each` for every event and delivery of `ours` that `theirs` has not (then it is given
 * NULL) or has otherwise; false from it stops. Entries live until `each` returns. */
typedef bool history_differs_fn(
    const history_entry *ours, const history_entry *theirs, void *arg);
void history_compare(struct txn *ours, struct txn *theirs, history_differs_fn *each, void *arg);

/*
 * The life of a key that a rule's option made of its events (key_life.h); an empty one if
 * nothing is known of it. A message is known as long as the delivery it came from.
 */
void ledger_key_life(struct txn *t, struct str workspace, struct str rule, enum key_use use,
    struct str key, struct key_life *out);

/* Deletes events received before `before`, with deliveries and indexes, at most `max` events
 * (<= 1024: more stalls the writer). Deliveries that are not final are kept. Returns how many
 * went. */
size_t history_expire(struct txn *t, wall_t before, size_t max);
/* How much room history takes: less than the file, which never shrinks. */
uint64_t history_bytes(struct txn *t);
/* Deletes everything of one workspace, at most `max` records a call; 0 when nothing is left. */
size_t history_erase(struct txn *t, struct str workspace, size_t max);

/*
 * LMDB does not wipe what it deletes: the bytes stay in free pages. This asks for both files to
 * be written anew without them by the next store_open that has them to itself. While it is
 * asked for, store_wants_rewrite is true.
 */
MUST_USE bool store_ask_rewrite(const char *dir, struct err *e);
bool store_wants_rewrite(const char *dir);

/* Removes the files of a store that nobody has open, and its directory if that is empty then.
 */
void store_remove(const char *dir);

struct store_stats {
	uint64_t events, deliveries, parked, held, state_records;
	uint64_t state_bytes, history_bytes; /* of the files */
	uint64_t state_map, history_map;     /* bytes that these may grow to */
};
void store_stats(struct store *s, struct store_stats *out);
