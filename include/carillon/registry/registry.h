/*
 * What customers and operators configure: written to the state bucket by compare-and-set, read
 * from the index. A write is: put with the expected revision -> PubAck -> applied to LMDB ->
 * answered. The service and every CLI verb that changes something use the same functions;
 * whoever is first applies, the other finds it done.
 *
 * One thread at a time.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/base/findings.h"
#include "carillon/broker/broker.h"
#include "carillon/dest/dest.h"
#include "carillon/base/records.h"
#include "carillon/registry/stored.h"
#include "carillon/store/store.h"

enum {
	RULES_MAX = 256,    /* of one workspace */
	REPLAYS_KEPT = 256, /* of one workspace; older ones that ended go */
	REPLAY_RATE_MAX = 1000,
	CONNECTIONS_MAX = 64, /* of one workspace */
	KEYS_MAX = 64,        /* of one workspace; and secret keys of the whole */
	NAME_MAX_BYTES = 128,
	THREAD_HOURS_MAX = 720,
	THREAD_HOURS_USUAL = 24,
	DEDUPE_MINUTES_MAX = 7 * 24 * 60,
	DEDUPE_MINUTES_USUAL = 10,
	RULE_RETRY_STEPS_MAX = 16,
	RULE_RETRY_S_MAX = 7 * 24 * 3600,
	SEVERITY_LEVELS_MAX = 16,
	SEVERITY_ALIASES_MAX = 16, /* of one level */
	SEVERITY_NAME_MAX = 64,    /* bytes */
	DEFAULT_RULES_MAX = 16,    /* of one type */
};

/* Workspace of the catalogue that all workspaces share. No customer can have this id. */
#define CATALOGUE_WORKSPACE STR("_catalogue")
/* That of the secret keys. */
#define KEYS_WORKSPACE STR("_keys")

/* Both are borrowed and must outlive the registry. */
struct registry;
struct registry *registry_new(struct broker *b, struct store *s);
void registry_free(struct registry *r);
/*
 * Who changes what is written from here on, "<kind>:<id>": "cli:tyrion", "session:s_42". Kept
 * with each change (struct state_change), cut to STATE_BY_MAX bytes. Empty at first: the
 * service itself. Copied.
 */
void registry_set_author(struct registry *r, struct str by);

/* Applies to the index what the bucket has and the index has not. `until` 0: all there is now.
 */
MUST_USE bool registry_catch_up(struct registry *r, uint64_t until, struct err *e);

/* Reading: unpacked into `a`; NULL if there is none or (e->kind not ERR_NOT_FOUND) reading
 * failed. ERR_CORRUPT: it is there and cannot be read (stored.h); its revision is told. */
workspace_record *registry_workspace(struct registry *r, struct arena *a, struct str workspace,
    uint64_t *revision, struct err *e);
connection_record *registry_connection(struct registry *r, struct arena *a,
    struct str workspace, struct str id, uint64_t *revision, struct err *e);
rule_record *registry_rule(struct registry *r, struct arena *a, struct str workspace,
    struct str id, uint64_t *revision, struct err *e);
type_record *registry_type(struct registry *r, struct arena *a, struct str workspace,
    struct str name, uint64_t *revision, struct err *e);
replay_record *registry_replay(struct registry *r, struct arena *a, struct str workspace,
    struct str id, uint64_t *revision, struct err *e);
/* A publishable key of a workspace, or a secret one (KEYS_WORKSPACE). */
key_record *registry_key(struct registry *r, struct arena *a, struct str workspace,
    struct str id, uint64_t *revision, struct err *e);
/* Whether a record is there, which need not be readable: what may be deleted or written again.
 */
MUST_USE bool registry_revision(struct registry *r, struct str workspace, enum state_kind kind,
    struct str id, uint64_t *revision, struct err *e);
MUST_USE bool registry_has_workspace(struct registry *r, struct str workspace, struct err *e);
/* What the catalogue says of a rule's event type: the workspace's own entry, else the one all
 * share, else (or of a pattern with "*" or ">") NULL. */
type_record *registry_type_of_rule(
    struct registry *r, struct arena *a, struct str workspace, const rule_record *rule);

/* Who renders for a rule: the destination type of its connection, or the default one. */
const struct dest_type *registry_dest_of_rule(
    struct registry *r, struct str workspace, const rule_record *rule);

/* ERR_FULL: the workspace has `max` records of the kind, those that cannot be read too. */
MUST_USE bool registry_has_room(
    struct registry *r, struct str workspace, enum state_kind kind, int max, struct err *e);
/* Lists of one kind, in order of id; false from `each` stops. `record` is unpacked into `a`.
 * What cannot be read is left out. */
typedef bool registry_each_fn(const void *record, uint64_t revision, void *arg);
MUST_USE bool registry_each(struct registry *r, struct arena *a, const struct state_list *list,
    registry_each_fn *each, void *arg, struct err *e);
/* The active rules that post through a connection. */
struct connection_users {
	int n;
	struct str shown; /* ids of the first five, in `a` */
};
MUST_USE bool registry_users(struct registry *r, struct arena *a, struct str workspace,
    struct str connection, struct connection_users *out, struct err *e);
MUST_USE bool registry_each_workspace(struct registry *r, struct arena *a, struct str after,
    registry_each_fn *each, void *arg, struct err *e);
/* Every record of a kind, of whatever workspace, also those that cannot be read. */
MUST_USE bool registry_each_of_kind(
    struct registry *r, enum state_kind kind, stored_fn *each, void *arg, struct err *e);
/* What the lists leave out, of a workspace or (empty) of all; and why. */
MUST_USE bool registry_each_unreadable(struct registry *r, struct str workspace,
    enum state_kind kind, stored_fn *each, void *arg, struct err *e);

/* A revision of a record, as the bucket has it: the newest STATE_KEEP of each. */
struct registry_revision {
	uint64_t revision;
	wall_t at;
	struct str by;      /* empty: the service, or not told */
	const void *record; /* unpacked; NULL: deleted by this revision, or not readable */
	bool is_delete;
};
typedef bool registry_revision_fn(const struct registry_revision *v, void *arg);
/* The revisions of a record, newest first; false from `each` stops. Asks the broker, some 20
 * round trips. None is no error. */
MUST_USE bool registry_history(struct registry *r, struct arena *a,
    const struct stored_key *key, registry_revision_fn *each, void *arg, struct err *e);

/*
 * Writing: checks the record (ids, references, that filter and template compile), puts it with
 * the expected revision (0: it must not exist), waits until the index has it.
 * ERR_INPUT, ERR_NOT_FOUND (workspace, connection), ERR_CONFLICT (changed meanwhile), ERR_TEMP.
 * With ERR_INPUT `f`, unless it is NULL, has all that is wrong, and `e` the first of it.
 */
MUST_USE bool registry_put_workspace(
    struct registry *r, const workspace_record *w, uint64_t expected, struct err *e);
/*
 * Creates a workspace with the default rules of the shared catalogue's event types, inactive
 * until a person gives them a connection and a channel. Interrupted, it can be run again. One
 * that is there and cannot be read is written again. ERR_CONFLICT: there is one already.
 */
MUST_USE bool registry_provision_workspace(
    struct registry *r, const workspace_record *w, struct err *e);
MUST_USE bool registry_put_connection(struct registry *r, struct str workspace,
    const connection_record *c, uint64_t expected, struct err *e);
MUST_USE bool registry_put_rule(struct registry *r, struct str workspace,
    const rule_record *rule, uint64_t expected, struct findings *f, struct err *e);
MUST_USE bool registry_put_type(struct registry *r, struct str workspace, const type_record *t,
    uint64_t expected, struct findings *f, struct err *e);
/* A new one (expected 0) takes the place of the oldest that ended, if there are many. */
MUST_USE bool registry_put_replay(struct registry *r, struct str workspace,
    const replay_record *replay, uint64_t expected, struct err *e);
MUST_USE bool registry_put_key(struct registry *r, struct str workspace, const key_record *k,
    uint64_t expected, struct findings *f, struct err *e);
MUST_USE bool registry_delete(struct registry *r, struct str workspace, enum state_kind kind,
    struct str id, uint64_t expected, struct err *e);
/* Deletes a workspace's connections, rules, types and then itself. */
MUST_USE bool registry_delete_workspace(
    struct registry *r, struct str workspace, struct err *e);
