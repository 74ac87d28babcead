#include "ruleset_build.h"

#include "carillon/base/arena.h"
#include "carillon/base/id.h"

/* What building needs and the ruleset does not keep. */
struct builder {
	struct txn *txn;
	struct ruleset *rules;
	struct arena *scratch; /* the records as they are stored */
	struct err *err;       /* kind is set when a record cannot be read */
	struct own_type *own_types;
};

/* A type that the workspace has in a catalogue of its own, compiled once for its rules. */
struct own_type {
	const struct event_type *type;
	struct own_type *next;
};

/* Records of one kind, gathered so that arrays can be made of them. */
struct gathering {
	struct builder *builder;
	const ProtobufCMessageDescriptor *type;
	void **records;
	int n, cap;
};

static bool
gather_one(struct str id, const struct state_value *v, void *arg)
{
	struct gathering *g = arg;
	struct arena *scratch = g->builder->scratch;
	void *record;

	if (!record_unpack(g->type, scratch, v->bytes, &record, g->builder->err))
		return fail_within(g->builder->err, "record %.*s", STR_ARG(id));
	if (g->n == g->cap) {
		int cap = g->cap ? 2 * g->cap : 8;
		void **more = ARENA_ARRAY(scratch, void *, cap);

		if (g->n > 0)
			memcpy(more, g->records, (size_t)g->n * sizeof(*more));
		g->records = more;
		g->cap = cap;
	}
	g->records[g->n++] = record;
	return true;
}

static struct gathering
gather(struct builder *b, enum state_kind kind)
{
	struct gathering g = {.builder = b, .type = registry_type_of(kind)};

	state_each(b->txn, &(struct state_list){b->rules->workspace, kind}, gather_one, &g);
	return g;
}

static void
connection_fill(struct ruleset_connection *c, struct arena *a, const connection_record *rec)
{
	c->id = arena_str(a, str_of(rec->id));
	c->dest = dest_find(str_of(rec->dest));
	c->status = rec->status;
	if (rec->status_reason[0] != '\0')
		c->status_reason = arena_str(a, str_of(rec->status_reason));
	c->repair = (enum repair)rec->repair;
	c->retry_s = schedule_copy(a, rec->retry_s, rec->n_retry_s);
	c->n_retry = (int)rec->n_retry_s;
	c->sealed = arena_str(a, (struct str){(const char *)rec->sealed.data, rec->sealed.len});
	c->api_host = arena_str(a, str_of(rec->api_host));
	if (rec->granted_channel != NULL)
		c->granted_channel = arena_str(a, str_of(rec->granted_channel->id));
	atomic_init(&c->other_way_until_ms, 0);
	atomic_init(&c->is_broken, false);
}

static void
build_connections(struct builder *b)
{
	struct gathering g = gather(b, STATE_CONNECTION);
	struct ruleset *r = b->rules;

	if (g.n == 0)
		return;
	r->connections = ARENA_ARRAY(r->arena, struct ruleset_connection, g.n);
	r->n_connections = g.n;
	for (int i = 0; i < g.n; i++)
		connection_fill(&r->connections[i], r->arena, g.records[i]);
}

static const struct event_type *
own_type(struct builder *b, struct str name)
{
	struct state_value v;
	void *record;
	struct own_type *own;

	for (own = b->own_types; own != NULL; own = own->next)
		if (str_eq(own->type->name, name))
			return own->type;
	if (!state_get(b->txn, b->rules->workspace, STATE_TYPE, name, &v) ||
	    !record_unpack(registry_type_of(STATE_TYPE), b->scratch, v.bytes, &record, NULL))
		return NULL;
	own = ARENA_NEW(b->scratch, struct own_type);
	own->type = event_type_compile(b->rules->arena, record);
	own->next = b->own_types;
	b->own_types = own;
	return own->type;
}

/* The connection's own id serves all rules that name it; so does its schedule those that have
 * none. */
static void
aim(struct ruleset *r, struct rule *rule, struct str id, struct ruleset_connection *c)
{
	rule->connection = c;
	if (rule->connection != NULL)
		rule->connection_id = rule->connection->id;
	else if (id.len > 0)
		rule->connection_id = arena_str(r->arena, id);
	if (rule->connection != NULL && rule->n_retry == 0) {
		rule->retry_s = rule->connection->retry_s;
		rule->n_retry = rule->connection->n_retry;
	}
}

/* Who renders for a rule with this connection; it may have none. */
static const struct dest_type *
dest_of(const struct ruleset_connection *c)
{
	return c != NULL && c->dest != NULL ? c->dest : dest_default();
}

static void
build_rules(struct builder *b)
{
	struct gathering g = gather(b, STATE_RULE);
	struct ruleset *r = b->rules;
	struct findings f;

	if (g.n == 0)
		return;
	r->rules = ARENA_ARRAY(r->arena, struct rule, g.n);
	r->n_rules = g.n;
	for (int i = 0; i < g.n; i++) {
		const rule_record *rec = g.records[i];
		const struct event_type *type = own_type(b, str_of(rec->event_type));
		struct str id = str_of(rec->connection);
		struct ruleset_connection *c = ruleset_connection(r, id);

		if (type == NULL)
			type = catalogue_type(r->catalogue, str_of(rec->event_type));
		findings_init(&f, b->scratch);
		rule_compile(r->arena, rec, type, dest_of(c), &r->rules[i], &f);
		aim(r, &r->rules[i], id, c);
	}
}

static void
build_workspace(struct builder *b)
{
	struct ruleset *r = b->rules;
	struct state_value v;
	void *record;

	if (!state_get(b->txn, r->workspace, STATE_WORKSPACE, r->workspace, &v))
		return;
	r->exists = true;
	if (record_unpack(
		registry_type_of(STATE_WORKSPACE), b->scratch, v.bytes, &record, NULL))
		r->paused = ((const workspace_record *)record)->paused;
	build_connections(b);
	build_rules(b);
}

static struct ruleset *
ruleset_new(struct catalogue *c, struct str workspace)
{
	struct arena *a = arena_new_small();
	struct ruleset *r = ARENA_NEW(a, struct ruleset);

	r->arena = a;
	r->catalogue = catalogue_ref(c);
	r->workspace = arena_str(a, workspace);
	atomic_init(&r->refs, 1);
	list_init(&r->lru);
	return r;
}

struct ruleset *
ruleset_build(struct store *s, struct catalogue *c, struct str workspace, struct err *e)
{
	struct err trouble = {0};
	struct builder b = {
	    .txn = txn_read(s, STORE_STATE),
	    .rules = ruleset_new(c, workspace),
	    .scratch = arena_new(0),
	    .err = &trouble,
	};

	build_workspace(&b);
	const bool is_read = txn_finish(b.txn, &trouble);
	arena_free(b.scratch);
	if (is_read && trouble.kind == ERR_NONE)
		return b.rules;
	if (e != NULL)
		*e = trouble;
	(void)fail_within(e, "workspace %.*s", STR_ARG(workspace));
	ruleset_unref(b.rules);
	return NULL;
}

/* --- reading it --- */

bool
rule_wants(const struct rule *rule, const struct event *ev)
{
	if (!rule->active || !id_type_matches(rule->pattern, ev->type))
		return false;
	/* A rule that does not compile is recorded as failed, not silently skipped. */
	return rule->problem.len > 0 || filter_matches(rule->filter, ev);
}

static struct gate
held(struct str reason, struct remedy remedy)
{
	return (struct gate){.is_open = false, .reason = reason, .remedy = remedy};
}

/* As the record says; one from before there were repairs says nothing. */
static enum repair
repair_or(enum repair recorded, enum repair usual)
{
	return recorded != REPAIR_NONE ? recorded : usual;
}

struct gate
gate_of_connection(const struct ruleset_connection *c)
{
	if (c->status == CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_DISABLED)
		return held(STR("the connection is switched off"),
		    (struct remedy){REPAIR_NONE, STR("switch the connection on")});
	if (c->status == CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_NEEDS_RECONNECT)
		return held(
		    c->status_reason, remedy_of(repair_or(c->repair, REPAIR_RECONNECT)));
	if (atomic_load_explicit(&c->is_broken, memory_order_relaxed))
		return held(STR("the destination refused the connection's credential"),
		    remedy_of(REPAIR_RECONNECT));
	if (c->sealed.len == 0)
		return held(
		    STR("the connection has no credential"), remedy_of(REPAIR_RECONNECT));
	return (struct gate){.is_open = true};
}

struct gate
gate_of(const struct ruleset *r, const struct rule *rule)
{
	const struct ruleset_connection *c = rule == NULL ? NULL : rule->connection;

	if (r->paused)
		return held(STR("the workspace is paused"),
		    (struct remedy){REPAIR_NONE, STR("resume the workspace")});
	if (rule == NULL || (c == NULL && rule->connection_id.len > 0))
		return held(STR("the connection of this rule was deleted"),
		    (struct remedy){
			REPAIR_PICK_CHANNEL, STR("choose another connection for the rule")});
	if (c == NULL || rule->channel.len == 0)
		return held(STR("the rule has no connection or no channel yet"),
		    (struct remedy){REPAIR_PICK_CHANNEL,
			STR("choose a connection and a channel for the rule")});
	if (c->dest == NULL)
		return held(STR("this version of Carillon does not know the connection's type"),
		    (struct remedy){REPAIR_SUPPORT, STR("upgrade the service")});
	if (rule->hold_reason.len > 0)
		return held(rule->hold_reason,
		    (struct remedy){repair_or(rule->repair, REPAIR_PICK_CHANNEL),
			STR("repair the channel, then enable the rule again")});
	return gate_of_connection(c);
}
