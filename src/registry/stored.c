#include "carillon/registry/stored.h"

#include "carillon/base/id.h"
#include "carillon/registry/check.h"
#include "carillon/registry/registry.h"
#include "carillon/registry/replay_selection.h"

enum {
	CHANNEL_MAX = 64,
	SENTENCE_MAX = 1024,  /* bytes of a reason, which every held delivery's record has */
	SMALL = 64 * 1024,    /* bytes whose reading takes little memory, whatever they say */
	MEMORY_MAX = 8 << 20, /* of a larger record */
};

/* --- one record --- */

static bool
wrong(struct err *e, const char *what)
{
	return fail(e, ERR_INPUT, "%s", what);
}

static bool
schedule_fits(const uint32_t *retry_s, size_t n, struct err *e)
{
	bool fits = n <= RULE_RETRY_STEPS_MAX;

	for (size_t i = 0; fits && i < n; i++)
		fits = retry_s[i] <= RULE_RETRY_S_MAX;
	return fits || wrong(e, "its retry schedule is longer than may be");
}

static bool
sentence_fits(const char *reason, struct err *e)
{
	return strlen(reason) <= SENTENCE_MAX ||
	       wrong(e, "the reason of its state is longer than may be");
}

static bool
connection_fits(const connection_record *c, struct err *e)
{
	return sentence_fits(c->status_reason, e) && schedule_fits(c->retry_s, c->n_retry_s, e);
}

static bool
rule_fits(const rule_record *r, struct err *e)
{
	struct str pattern = str_of(r->event_type), connection = str_of(r->connection);

	if (pattern.len > EVENT_TYPE_MAX || !id_is_type_pattern(pattern))
		return wrong(e, "it names no event type");
	if (connection.len > 0 && !id_is_record(connection))
		return wrong(e, "it names no connection");
	if (strlen(r->channel) > CHANNEL_MAX)
		return wrong(e, "its channel is longer than may be");
	return sentence_fits(r->hold_reason, e) && schedule_fits(r->retry_s, r->n_retry_s, e);
}

static bool
type_fits(const type_record *t, struct err *e)
{
	return (t->n_default_rules <= DEFAULT_RULES_MAX &&
		   t->n_severity_order <= SEVERITY_LEVELS_MAX) ||
	       wrong(e, "it has more default rules or severities than may be");
}

static bool
replay_fits(const replay_record *r, struct err *e)
{
	struct replay_selection selection;

	return replay_selection_of(r, &selection, e) &&
	       ((r->rate >= 1 && r->rate <= REPLAY_RATE_MAX) ||
		   wrong(e, "its rate is none that may be"));
}

static bool
fits(enum state_kind kind, const void *record, struct err *e)
{
	switch (kind) {
	case STATE_CONNECTION: return connection_fits(record, e);
	case STATE_RULE: return rule_fits(record, e);
	case STATE_TYPE: return type_fits(record, e);
	case STATE_REPLAY: return replay_fits(record, e);
	default: return true;
	}
}

static struct str
id_in(enum state_kind kind, const void *record)
{
	switch (kind) {
	case STATE_CONNECTION: return str_of(((const connection_record *)record)->id);
	case STATE_RULE: return str_of(((const rule_record *)record)->id);
	case STATE_TYPE: return str_of(((const type_record *)record)->name);
	case STATE_REPLAY: return str_of(((const replay_record *)record)->id);
	default: return str_of(((const workspace_record *)record)->id);
	}
}

static bool
key_fits(const struct stored_key *key, struct err *e)
{
	bool ok;

	switch (key->kind) {
	case STATE_WORKSPACE: ok = str_eq(key->id, key->workspace); break;
	case STATE_TYPE: ok = id_is_event_type(key->id); break;
	default: ok = id_is_record(key->id); break;
	}
	return ok || wrong(e, "its key is none of such a record");
}

/* Whether a record that is large on the wire is no larger in memory than one may be. */
static bool
unpacks_within(const ProtobufCMessageDescriptor *type, struct str bytes, struct err *e)
{
	struct arena *a;
	void *record;
	bool ok;

	if (bytes.len <= SMALL)
		return true;
	a = arena_new(MEMORY_MAX);
	ok = record_unpack(type, a, bytes, &record, e);
	arena_free(a);
	return ok;
}

bool
stored_read(struct arena *a, const struct stored_key *key, struct str bytes, void **record,
    struct err *e)
{
	const ProtobufCMessageDescriptor *type = registry_type_of(key->kind);
	struct str id;

	*record = NULL;
	if (!key_fits(key, e) || !unpacks_within(type, bytes, e) ||
	    !record_unpack(type, a, bytes, record, e))
		return false;
	id = id_in(key->kind, *record);
	if (!str_eq(id, key->id))
		return fail(e, ERR_INPUT, "it says it is \"%.*s\"",
		    (int)str_utf8_cut(id, RECORD_ID_MAX), id.ptr);
	return fits(key->kind, *record, e);
}

static void
fill(struct stored *out, struct arena *a, const struct state_value *v)
{
	out->revision = v->revision;
	out->why = (struct err){0};
	if (!stored_read(a, &out->key, v->bytes, &out->record, &out->why))
		out->record = NULL;
}

bool
stored_get(struct txn *t, struct arena *a, const struct stored_key *key, struct stored *out)
{
	struct state_value v;

	*out = (struct stored){.key = *key};
	if (!state_get(t, key->workspace, key->kind, key->id, &v))
		return false;
	fill(out, a, &v);
	return true;
}

/* --- many --- */

size_t
stored_limit(enum state_kind kind)
{
	return kind == STATE_RULE ? RULES_MAX : kind == STATE_CONNECTION ? CONNECTIONS_MAX : 0;
}

struct reading {
	struct arena *arena;
	struct stored stored;
	size_t left; /* before the limit */
	bool has_limit;
	stored_fn *each;
	void *arg;
};

static bool
read_one(struct str id, const struct state_value *v, void *arg)
{
	struct reading *r = arg;
	struct stored *s = &r->stored;

	s->key.id = id;
	if (r->has_limit && r->left == 0) {
		s->revision = v->revision;
		s->record = NULL;
		(void)fail(&s->why, ERR_FULL, "the workspace has more than %zu %ss",
		    stored_limit(s->key.kind), state_kind_name(s->key.kind));
	} else {
		fill(s, r->arena, v);
		r->left -= s->record != NULL && r->has_limit;
	}
	return r->each(s, r->arg);
}

void
stored_each(
    struct txn *t, struct arena *a, const struct state_list *list, stored_fn *each, void *arg)
{
	struct reading r = {
	    .arena = a,
	    .stored.key = {.workspace = list->workspace, .kind = list->kind},
	    .left = stored_limit(list->kind),
	    .each = each,
	    .arg = arg,
	};

	/* A page does not know how many were before it. */
	r.has_limit = r.left > 0 && list->after.len == 0;
	state_each(t, list, read_one, &r);
}

/* Lists of one workspace come one after the other, each with its limit. */
static bool
read_of_any(struct str workspace, struct str id, const struct state_value *v, void *arg)
{
	struct reading *r = arg;

	if (!str_eq(workspace, r->stored.key.workspace)) {
		r->stored.key.workspace = workspace;
		r->left = stored_limit(r->stored.key.kind);
	}
	arena_reset(r->arena);
	return read_one(id, v, r);
}

void
stored_each_of_kind(
    struct txn *t, struct arena *a, enum state_kind kind, stored_fn *each, void *arg)
{
	struct reading r = {
	    .arena = a,
	    .stored.key.kind = kind,
	    .has_limit = stored_limit(kind) > 0,
	    .each = each,
	    .arg = arg,
	};

	state_each_of_kind(t, kind, read_of_any, &r);
}
