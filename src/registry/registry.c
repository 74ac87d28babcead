#include "carillon/registry/registry.h"

#include "carillon/base/id.h"
#include "carillon/base/log.h"
#include "carillon/index/lost_tail.h"
#include "carillon/registry/apply.h"
#include "carillon/registry/check.h"
#include "registry_private.h"

struct registry *
registry_new(struct broker *b, struct store *s)
{
	struct registry *r = calloc(1, sizeof(*r));

	must(r != NULL);
	*r = (struct registry){.broker = b, .store = s};
	return r;
}

void
registry_free(struct registry *r)
{
	free(r);
}

void
registry_set_author(struct registry *r, struct str by)
{
	str_copy(
	    r->author, sizeof(r->author), (struct str){by.ptr, str_utf8_cut(by, STATE_BY_MAX)});
}

/* --- catching up --- */

static bool
read_until(struct registry *r, struct reader *reader, const struct tail *tail, uint64_t until,
    struct err *e)
{
	struct chunk *c = chunk_new();
	uint64_t at = 0;
	bool ok = true;

	while (ok && at < until) {
		ok = chunk_read(c, reader, "state bucket", until, e) &&
		     registry_apply_chunk(r->store, r->broker, c, str_of(tail->info.id), e);
		if (ok)
			at = chunk_last(c);
	}
	chunk_free(c);
	return ok;
}

bool
registry_catch_up(struct registry *r, uint64_t until, struct err *e)
{
	struct tail tail;
	struct reader *reader = NULL;
	bool ok;

	/* After a put of our own the stream's end is known to be ours. */
	if (!tail_look(&tail, r->broker, r->store, STREAM_STATE,
		until == 0 ? TAIL_ASK : TAIL_COUNT, e) ||
	    !tail_must_be_whole(&tail, e))
		return false;
	if (until == 0)
		until = tail.info.last_seq;
	if (tail.applied >= until)
		return true;
	ok = reader_open(&reader, r->broker, STREAM_STATE, tail.applied + 1, e) &&
	     read_until(r, reader, &tail, until, e);
	reader_close(reader);
	return ok;
}

/* --- reading --- */

static bool
fail_missing(const struct stored_key *k, struct err *e)
{
	const char *kind = state_kind_name(k->kind);

	if (k->kind == STATE_WORKSPACE)
		return fail(e, ERR_NOT_FOUND, "there is no workspace \"%.*s\"", STR_ARG(k->id));
	if (str_eq(k->workspace, CATALOGUE_WORKSPACE))
		return fail(
		    e, ERR_NOT_FOUND, "the catalogue has no %s \"%.*s\"", kind, STR_ARG(k->id));
	return fail(e, ERR_NOT_FOUND, "workspace \"%.*s\" has no %s \"%.*s\"",
	    STR_ARG(k->workspace), kind, STR_ARG(k->id));
}

static bool
fail_unreadable(const struct stored *s, struct err *e)
{
	return fail(e, ERR_CORRUPT,
	    "the stored record of %s \"%.*s\" cannot be read (%s): write it again, or delete "
	    "it",
	    state_kind_name(s->key.kind), STR_ARG(s->key.id), s->why.text);
}

static void *
get(struct registry *r, struct arena *a, const struct stored_key *k, uint64_t *revision,
    struct err *e)
{
	struct txn *t = txn_read(r->store, STORE_STATE);
	struct stored s;
	bool is_there = stored_get(t, a, k, &s);

	if (is_there && revision != NULL)
		*revision = s.revision;
	if (is_there && s.record == NULL)
		(void)fail_unreadable(&s, e);
	else if (!is_there && txn_error(t) != NULL)
		*e = *txn_error(t);
	else if (!is_there)
		(void)fail_missing(k, e);
	txn_end(t);
	return s.record;
}

bool
registry_revision(struct registry *r, struct str workspace, enum state_kind kind, struct str id,
    uint64_t *revision, struct err *e)
{
	struct txn *t = txn_read(r->store, STORE_STATE);
	struct state_value v;
	bool is_there = state_get(t, workspace, kind, id, &v);

	*revision = v.revision;
	return txn_finish(t, e) &&
	       (is_there || fail_missing(&(struct stored_key){workspace, kind, id}, e));
}

bool
registry_has_workspace(struct registry *r, struct str workspace, struct err *e)
{
	uint64_t revision;

	return registry_revision(r, workspace, STATE_WORKSPACE, workspace, &revision, e);
}

workspace_record *
registry_workspace(struct registry *r, struct arena *a, struct str workspace,
    uint64_t *revision, struct err *e)
{
	return get(
	    r, a, &(struct stored_key){workspace, STATE_WORKSPACE, workspace}, revision, e);
}

connection_record *
registry_connection(struct registry *r, struct arena *a, struct str workspace, struct str id,
    uint64_t *revision, struct err *e)
{
	return get(r, a, &(struct stored_key){workspace, STATE_CONNECTION, id}, revision, e);
}

rule_record *
registry_rule(struct registry *r, struct arena *a, struct str workspace, struct str id,
    uint64_t *revision, struct err *e)
{
	return get(r, a, &(struct stored_key){workspace, STATE_RULE, id}, revision, e);
}

type_record *
registry_type(struct registry *r, struct arena *a, struct str workspace, struct str name,
    uint64_t *revision, struct err *e)
{
	return get(r, a, &(struct stored_key){workspace, STATE_TYPE, name}, revision, e);
}

replay_record *
registry_replay(struct registry *r, struct arena *a, struct str workspace, struct str id,
    uint64_t *revision, struct err *e)
{
	return get(r, a, &(struct stored_key){workspace, STATE_REPLAY, id}, revision, e);
}

key_record *
registry_key(struct registry *r, struct arena *a, struct str workspace, struct str id,
    uint64_t *revision, struct err *e)
{
	return get(r, a, &(struct stored_key){workspace, STATE_KEY, id}, revision, e);
}

type_record *
registry_type_of_rule(
    struct registry *r, struct arena *a, struct str workspace, const rule_record *rule)
{
	struct str name = str_of(rule->event_type);
	struct err e = {0};
	type_record *own;

	/* A pattern is no type's name, and neither need be a legal key. */
	if (name.len > EVENT_TYPE_MAX || !id_is_event_type(name))
		return NULL;
	own = registry_type(r, a, workspace, name, NULL, &e);
	return own != NULL ? own : registry_type(r, a, CATALOGUE_WORKSPACE, name, NULL, &e);
}

const struct dest_type *
registry_dest_of_rule(struct registry *r, struct str workspace, const rule_record *rule)
{
	const struct dest_type *dest = NULL;
	const connection_record *c;
	struct err e = {0};
	struct arena *a;

	if (rule->connection[0] == '\0')
		return dest_default();
	a = arena_new(0);
	c = registry_connection(r, a, workspace, str_of(rule->connection), NULL, &e);
	if (c != NULL)
		dest = dest_find(str_of(c->dest));
	arena_free(a);
	return dest != NULL ? dest : dest_default();
}

struct each_closure {
	registry_each_fn *each;
	void *arg;
};

static bool
each_readable(const struct stored *s, void *arg)
{
	struct each_closure *c = arg;

	return s->record == NULL || c->each(s->record, s->revision, c->arg);
}

bool
registry_each(struct registry *r, struct arena *a, const struct state_list *list,
    registry_each_fn *each, void *arg, struct err *e)
{
	struct each_closure c = {each, arg};
	struct txn *t = txn_read(r->store, STORE_STATE);

	stored_each(t, a, list, each_readable, &c);
	return txn_finish(t, e);
}

/* Each workspace is a list of one. */
struct each_workspace {
	struct txn *txn;
	struct arena *arena;
	struct each_closure to;
};

static bool
each_workspace(struct str id, const struct state_value *v, void *arg)
{
	struct each_workspace *w = arg;
	struct stored s;

	(void)v;
	return !stored_get(
		   w->txn, w->arena, &(struct stored_key){id, STATE_WORKSPACE, id}, &s) ||
	       each_readable(&s, &w->to);
}

bool
registry_each_workspace(struct registry *r, struct arena *a, struct str after,
    registry_each_fn *each, void *arg, struct err *e)
{
	struct each_workspace w = {txn_read(r->store, STORE_STATE), a, {each, arg}};

	state_each_workspace(w.txn, after, each_workspace, &w);
	return txn_finish(w.txn, e);
}

bool
registry_each_of_kind(
    struct registry *r, enum state_kind kind, stored_fn *each, void *arg, struct err *e)
{
	struct txn *t = txn_read(r->store, STORE_STATE);
	struct arena *a = arena_new(0);

	stored_each_of_kind(t, a, kind, each, arg);
	arena_free(a);
	return txn_finish(t, e);
}

struct unreadable_closure {
	struct arena *arena;
	stored_fn *each;
	void *arg;
};

static bool
each_unreadable(const struct stored *s, void *arg)
{
	struct unreadable_closure *c = arg;
	bool more = s->record != NULL || c->each(s, c->arg);

	arena_reset(c->arena);
	return more;
}

bool
registry_each_unreadable(struct registry *r, struct str workspace, enum state_kind kind,
    stored_fn *each, void *arg, struct err *e)
{
	struct unreadable_closure c = {arena_new(0), each, arg};
	struct txn *t = txn_read(r->store, STORE_STATE);

	if (workspace.len > 0)
		stored_each(
		    t, c.arena, &(struct state_list){workspace, kind}, each_unreadable, &c);
	else
		stored_each_of_kind(t, c.arena, kind, each_unreadable, &c);
	arena_free(c.arena);
	return txn_finish(t, e);
}

/* --- writing --- */

static struct str
id_of(enum state_kind kind, const void *record)
{
	switch (kind) {
	case STATE_CONNECTION: return str_of(((const connection_record *)record)->id);
	case STATE_RULE: return str_of(((const rule_record *)record)->id);
	case STATE_TYPE: return str_of(((const type_record *)record)->name);
	case STATE_REPLAY: return str_of(((const replay_record *)record)->id);
	case STATE_KEY: return str_of(((const key_record *)record)->id);
	default: return str_of(((const workspace_record *)record)->id);
	}
}

bool
registry_put_record(struct registry *r, struct str workspace, enum state_kind kind,
    const void *record, uint64_t expected, struct err *e)
{
	struct str id = id_of(kind, record);
	char key[STATE_KEY_MAX];
	struct arena *a = arena_new(0);
	uint64_t revision;
	bool ok;

	state_key(key, workspace, kind, id);
	ok = broker_state_put(r->broker,
	    &(struct state_change){key, record_pack(a, record), expected, str_of(r->author)},
	    &revision, e);
	arena_free(a);
	if (!ok && e->kind == ERR_CONFLICT)
		return expected == 0 ? fail(e, ERR_CONFLICT, "%s \"%.*s\" exists already",
					   state_kind_name(kind), STR_ARG(id))
		                     : fail(e, ERR_CONFLICT,
					   "%s \"%.*s\" was changed by somebody else "
					   "meanwhile: look and try again",
					   state_kind_name(kind), STR_ARG(id));
	return ok && registry_catch_up(r, revision, e);
}

static bool
check_record(struct registry *r, struct arena *a, struct str workspace, enum state_kind kind,
    const void *record, struct findings *f)
{
	switch (kind) {
	case STATE_WORKSPACE: return check_workspace(record, f);
	case STATE_CONNECTION: return check_connection(record, f);
	case STATE_RULE:
		return check_rule(record, registry_type_of_rule(r, a, workspace, record),
		    registry_dest_of_rule(r, workspace, record), f);
	case STATE_TYPE: return check_type(record, f);
	case STATE_KEY: return check_key(record, f);
	default: return true;
	}
}

bool
registry_is_sound(struct registry *r, struct str workspace, enum state_kind kind,
    const void *record, struct findings *f, struct err *e)
{
	struct arena *a = arena_new(0);
	struct findings own;
	bool ok;

	findings_init(&own, a);
	if (f == NULL)
		f = &own;
	ok = check_record(r, a, workspace, kind, record, f) || findings_none(f, e);
	arena_free(a);
	return ok;
}

bool
registry_put_workspace(
    struct registry *r, const workspace_record *w, uint64_t expected, struct err *e)
{
	struct str id = str_of(w->id);

	return registry_is_sound(r, id, STATE_WORKSPACE, w, NULL, e) &&
	       registry_put_record(r, id, STATE_WORKSPACE, w, expected, e);
}

/* A put into a workspace that was never created would be an orphan nobody can see. */
static bool
workspace_exists(struct registry *r, struct str workspace, struct err *e)
{
	return str_eq(workspace, CATALOGUE_WORKSPACE) ||
	       registry_has_workspace(r, workspace, e);
}

bool
registry_has_room(
    struct registry *r, struct str workspace, enum state_kind kind, int max, struct err *e)
{
	struct txn *t = txn_read(r->store, STORE_STATE);
	const int n = (int)state_count(t, &(struct state_list){workspace, kind});

	if (!txn_finish(t, e))
		return false;
	return n < max ||
	       fail(e, ERR_FULL, "workspace \"%.*s\" has %d %ss already; that is the limit",
		   STR_ARG(workspace), n, state_kind_name(kind));
}

bool
registry_put_connection(struct registry *r, struct str workspace, const connection_record *c,
    uint64_t expected, struct err *e)
{
	if (!registry_is_sound(r, workspace, STATE_CONNECTION, c, NULL, e) ||
	    !workspace_exists(r, workspace, e) ||
	    (expected == 0 &&
		!registry_has_room(r, workspace, STATE_CONNECTION, CONNECTIONS_MAX, e)) ||
	    !registry_put_record(r, workspace, STATE_CONNECTION, c, expected, e))
		return false;
	seals_forget_older(r, workspace, str_of(c->id), record_bytes(&c->sealed));
	return true;
}

static bool
rule_references_exist(
    struct registry *r, struct str workspace, const rule_record *rule, struct err *e)
{
	uint64_t revision;

	return rule->connection[0] == '\0' || registry_revision(r, workspace, STATE_CONNECTION,
						  str_of(rule->connection), &revision, e);
}

bool
registry_put_rule(struct registry *r, struct str workspace, const rule_record *rule,
    uint64_t expected, struct findings *f, struct err *e)
{
	return registry_is_sound(r, workspace, STATE_RULE, rule, f, e) &&
	       workspace_exists(r, workspace, e) &&
	       rule_references_exist(r, workspace, rule, e) &&
	       (expected != 0 || registry_has_room(r, workspace, STATE_RULE, RULES_MAX, e)) &&
	       registry_put_record(r, workspace, STATE_RULE, rule, expected, e);
}

bool
registry_put_type(struct registry *r, struct str workspace, const type_record *t,
    uint64_t expected, struct findings *f, struct err *e)
{
	return registry_is_sound(r, workspace, STATE_TYPE, t, f, e) &&
	       workspace_exists(r, workspace, e) &&
	       registry_put_record(r, workspace, STATE_TYPE, t, expected, e);
}

bool
registry_delete(struct registry *r, struct str workspace, enum state_kind kind, struct str id,
    uint64_t expected, struct err *e)
{
	char key[STATE_KEY_MAX];
	uint64_t revision;

	state_key(key, workspace, kind, id);
	if (!broker_state_delete(r->broker,
		&(struct state_change){
		    .key = key, .expected = expected, .by = str_of(r->author)},
		&revision, e))
		return false;
	if (kind == STATE_CONNECTION)
		seals_forget_older(r, workspace, id, (struct str){0});
	return registry_catch_up(r, revision, e);
}
