#include "ruleset_build.h"

#include "carillon/arena.h"

/* Records of one kind, gathered so that arrays can be made of them. */
struct gathering {
	struct arena *arena;
	const ProtobufCMessageDescriptor *type;
	void **records;
	int n, cap;
	struct err *err; /* kind is set when a record cannot be read */
};

static bool
gather_one(struct str id, const struct state_value *v, void *arg)
{
	struct gathering *g = arg;
	void *record;

	if (!record_unpack(g->type, g->arena, arena_str(g->arena, v->bytes), &record, g->err))
		return fail_within(g->err, "record %.*s", STR_ARG(id));
	if (g->n == g->cap) {
		int cap = g->cap ? 2 * g->cap : 8;
		void **more = ARENA_ARRAY(g->arena, void *, cap);

		if (g->n > 0)
			memcpy(more, g->records, (size_t)g->n * sizeof(*more));
		g->records = more;
		g->cap = cap;
	}
	g->records[g->n++] = record;
	return true;
}

static struct gathering
gather(struct txn *t, struct arena *a, struct str workspace, enum state_kind kind,
    const ProtobufCMessageDescriptor *type, struct err *e)
{
	struct gathering g = {.arena = a, .type = type, .err = e};

	state_each(t, workspace, kind, gather_one, &g);
	return g;
}

static struct str
borrow(const char *field)
{
	return str_of(field);
}

static void
connection_fill(struct ruleset_connection *c, const connection_record *rec)
{
	c->id = borrow(rec->id);
	c->name = borrow(rec->name);
	c->dest = dest_find(borrow(rec->dest));
	c->status = rec->status;
	c->status_reason = borrow(rec->status_reason);
	c->sealed = (struct str){(const char *)rec->sealed.data, rec->sealed.len};
	atomic_init(&c->is_broken, false);
}

/* The catalogue entry of a type: the workspace's own, else the one all share, else NULL. */
static const type_record *
type_find(struct txn *t, struct arena *a, struct str workspace, struct str type)
{
	struct state_value v;
	void *record;

	if (!state_get(t, workspace, STATE_TYPE, type, &v) &&
	    !state_get(t, CATALOGUE_WORKSPACE, STATE_TYPE, type, &v))
		return NULL;
	if (!record_unpack(
		&carillon__v1__event_type__descriptor, a, arena_str(a, v.bytes), &record, NULL))
		return NULL;
	return record;
}

static void
template_problem(struct rule *out, struct arena *a, const struct message_template_error *te)
{
	if (te->line > 0)
		out->problem = arena_printf(a, "template: %s, line %d, column %d: %s", te->slot,
		    te->line, te->column, te->text);
	else
		out->problem = arena_printf(
		    a, "template: %s%s%s", te->slot, te->slot[0] ? ": " : "", te->text);
}

/* A key is a template too, but of plain text: it is compared, not shown. */
static bool
compile_key(struct rule *out, struct arena *a, enum key_use use, const char *name,
    const char *text, int64_t age_ms)
{
	struct template_error te = {0};
	struct template *t;

	if (text[0] == '\0')
		return true;
	if (!template_compile(a, borrow(text), &t, &te)) {
		out->problem = arena_printf(a, "%s: line %d, column %d: %s%s%s", name, te.line,
		    te.column, te.text, te.suggestion[0] ? "; " : "", te.suggestion);
		return false;
	}
	out->key[use] = t;
	out->key_age_ms[use] = age_ms;
	return true;
}

static bool
compile_keys(struct rule *out, struct arena *a, const rule_record *rec)
{
	const int64_t hour_ms = 3600000, minute_ms = 60000;

	return compile_key(out, a, KEY_THREAD, "thread key", rec->thread_key,
		   rec->thread_hours * hour_ms) &&
	       compile_key(out, a, KEY_UPDATE, "update key", rec->update_key, 0) &&
	       compile_key(out, a, KEY_DEDUPE, "dedupe key", rec->dedupe_key,
		   rec->dedupe_minutes * minute_ms);
}

/* The rule's own template, else its event type's, else the built-in one. */
static struct str
template_text(const rule_record *rec, const type_record *type)
{
	struct str own = borrow(rec->template_);

	if (own.len > 0 || type == NULL)
		return own;
	return borrow(type->default_template);
}

void
rule_compile(struct arena *a, const rule_record *rec, const type_record *type, struct rule *out)
{
	struct filter *filter = NULL;
	struct message_template *template = NULL;
	struct message_template_error te = {0};
	struct err e = {0};

	*out = (struct rule){
	    .id = borrow(rec->id),
	    .name = borrow(rec->name),
	    .pattern = borrow(rec->event_type),
	    .channel = borrow(rec->channel),
	    .connection_id = borrow(rec->connection),
	    .hold_reason = borrow(rec->hold_reason),
	    .active = rec->active,
	    .order = severity_new(a, type),
	    .prefer_silence =
		rec->on_unknown == CARILLON__V1__ON_UNKNOWN__ON_UNKNOWN_PREFER_SILENCE,
	    .plain_text_fallback = rec->on_message_error ==
	                           CARILLON__V1__ON_MESSAGE_ERROR__ON_MESSAGE_ERROR_PLAIN_TEXT,
	    .n_retry = (int)rec->n_retry_s,
	    .retry_s = rec->retry_s,
	};
	if (!filter_compile(a, borrow(rec->filter), out->order, NULL, &filter, &e))
		out->problem = arena_printf(a, "%s", e.text); /* says "filter: " */
	else if (!message_template_compile(a, template_text(rec, type), &template, &te))
		template_problem(out, a, &te);
	else
		(void)compile_keys(out, a, rec); /* out->problem says what is wrong */
	out->filter = filter;
	out->template = template;
}

static void
build_rules(struct txn *t, struct ruleset *r, struct err *e)
{
	struct gathering g =
	    gather(t, r->arena, r->workspace, STATE_RULE, &carillon__v1__rule__descriptor, e);

	r->rules = ARENA_ARRAY(r->arena, struct rule, g.n + 1);
	r->n_rules = g.n;
	for (int i = 0; i < g.n; i++) {
		const rule_record *rec = g.records[i];
		const type_record *type =
		    type_find(t, r->arena, r->workspace, borrow(rec->event_type));

		rule_compile(r->arena, rec, type, &r->rules[i]);
		r->rules[i].connection = ruleset_connection(r, borrow(rec->connection));
	}
}

static void
build_connections(struct txn *t, struct ruleset *r, struct err *e)
{
	struct gathering g = gather(t, r->arena, r->workspace, STATE_CONNECTION,
	    &carillon__v1__connection__descriptor, e);

	r->connections = ARENA_ARRAY(r->arena, struct ruleset_connection, g.n + 1);
	r->n_connections = g.n;
	for (int i = 0; i < g.n; i++)
		connection_fill(&r->connections[i], g.records[i]);
}

static void
build_workspace(struct txn *t, struct ruleset *r)
{
	struct state_value v;
	void *record;

	if (!state_get(t, r->workspace, STATE_WORKSPACE, r->workspace, &v))
		return;
	r->exists = true;
	if (record_unpack(&carillon__v1__workspace__descriptor, r->arena,
		arena_str(r->arena, v.bytes), &record, NULL))
		r->paused = ((const workspace_record *)record)->paused;
}

struct ruleset *
ruleset_build(struct store *s, struct str workspace, struct err *e)
{
	struct txn *t = txn_read(s, STORE_STATE);
	struct arena *a = arena_new(0);
	struct ruleset *r = ARENA_NEW(a, struct ruleset);
	struct err trouble = {0};

	r->arena = a;
	r->workspace = arena_str(a, workspace);
	atomic_init(&r->refs, 1);
	list_init(&r->lru);
	build_workspace(t, r);
	if (r->exists) {
		build_connections(t, r, &trouble);
		build_rules(t, r, &trouble);
	}
	if (txn_error(t) != NULL)
		trouble = *txn_error(t);
	txn_end(t);
	if (trouble.kind == ERR_NONE)
		return r;
	if (e != NULL)
		*e = trouble;
	fail_within(e, "workspace %.*s", STR_ARG(workspace));
	ruleset_unref(r);
	return NULL;
}
