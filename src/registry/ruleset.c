#include "ruleset_build.h"

#include "carillon/base/arena.h"
#include "carillon/base/id.h"
#include "carillon/registry/registry.h"
#include "carillon/registry/stored.h"

/* What building needs and the ruleset does not keep. */
struct builder {
	struct txn *txn;
	struct ruleset *rules;
	struct arena *scratch; /* of the whole building */
	struct arena *record;  /* of the record that is being read */
	struct own_type *own_types;
	size_t room; /* for more of what is left out, in the list that is being read */
};

/* A type that the workspace has in a catalogue of its own, compiled once for its rules. */
struct own_type {
	const struct event_type *type;
	struct own_type *next;
};

/* Beside the records that count the ruleset knows as many that do not, so that what these have
 * is held. Returns how many of the kind there can be in it. */
static size_t
make_room(struct builder *b, enum state_kind kind)
{
	const size_t limit = stored_limit(kind);
	const size_t n = state_count(b->txn, &(struct state_list){b->rules->workspace, kind});

	b->room = limit;
	return n < 2 * limit ? n : 2 * limit;
}

/* Whether there is room for it; for one that counts there always is. */
static bool
has_room(struct builder *b, const struct stored *s)
{
	if (s->record != NULL)
		return true;
	if (b->room == 0)
		return false;
	b->room--;
	return true;
}

static enum left_out
left_out(const struct stored *s)
{
	if (s->record != NULL)
		return LEFT_OUT_NOT;
	return s->why.kind == ERR_FULL ? LEFT_OUT_BEYOND : LEFT_OUT_UNREADABLE;
}

static void
connection_fill(struct ruleset_connection *c, struct arena *a, const connection_record *rec)
{
	c->dest = dest_find(str_of(rec->dest));
	c->status = rec->status;
	if (rec->status_reason[0] != '\0')
		c->status_reason = arena_str(a, str_of(rec->status_reason));
	c->repair = (enum repair)rec->repair;
	c->retry_s = schedule_copy(a, rec->retry_s, rec->n_retry_s);
	c->n_retry = (int)rec->n_retry_s;
	c->sealed = arena_str(a, (struct str){(const char *)rec->sealed.data, rec->sealed.len});
	c->api_host = arena_str(a, str_of(rec->api_host));
	if (rec->url[0] != '\0')
		c->url = arena_cstr(a, str_of(rec->url));
	if (rec->granted_channel != NULL)
		c->granted_channel = arena_str(a, str_of(rec->granted_channel->id));
	atomic_init(&c->other_way_until_ms, 0);
	atomic_init(&c->is_broken, false);
	atomic_init(&c->is_sealed_shut, false);
}

static bool
add_connection(const struct stored *s, void *arg)
{
	struct builder *b = arg;
	struct ruleset *r = b->rules;
	struct ruleset_connection *c;

	if (!has_room(b, s))
		return s->why.kind != ERR_FULL; /* then none that counts comes any more */
	c = &r->connections[r->n_connections++];
	c->id = arena_str(r->arena, s->key.id);
	c->left_out = left_out(s);
	if (s->record != NULL)
		connection_fill(c, r->arena, s->record);
	arena_reset(b->record);
	return true;
}

static void
build_connections(struct builder *b)
{
	struct ruleset *r = b->rules;
	size_t n = make_room(b, STATE_CONNECTION);

	if (n == 0)
		return;
	r->connections = ARENA_ARRAY(r->arena, struct ruleset_connection, n);
	stored_each(b->txn, b->record, &(struct state_list){r->workspace, STATE_CONNECTION},
	    add_connection, b);
}

static const struct event_type *
own_type(struct builder *b, struct str name)
{
	struct stored s;
	struct own_type *own;

	for (own = b->own_types; own != NULL; own = own->next)
		if (str_eq(own->type->name, name))
			return own->type;
	if (!stored_get(b->txn, b->scratch,
		&(struct stored_key){b->rules->workspace, STATE_TYPE, name}, &s) ||
	    s.record == NULL)
		return NULL;
	own = ARENA_NEW(b->scratch, struct own_type);
	own->type = event_type_compile(b->rules->arena, s.record);
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
rule_fill(struct builder *b, struct rule *rule, const rule_record *rec)
{
	struct ruleset *r = b->rules;
	const struct event_type *type = own_type(b, str_of(rec->event_type));
	struct str id = str_of(rec->connection);
	struct ruleset_connection *c = ruleset_connection(r, id);
	struct findings f;

	if (type == NULL)
		type = catalogue_type(r->catalogue, str_of(rec->event_type));
	findings_init(&f, b->scratch);
	rule_compile(r->arena, rec, type, dest_of(c), rule, &f);
	aim(r, rule, id, c);
}

/* One that is left out counts as active: what it has is held, not canceled. */
static bool
add_rule(const struct stored *s, void *arg)
{
	struct builder *b = arg;
	struct ruleset *r = b->rules;
	struct rule *rule;

	if (!has_room(b, s)) {
		r->is_cut = true;
		return s->why.kind != ERR_FULL;
	}
	rule = &r->rules[r->n_rules++];
	if (s->record != NULL)
		rule_fill(b, rule, s->record);
	else
		*rule = (struct rule){.id = arena_str(r->arena, s->key.id),
		    .active = true,
		    .left_out = left_out(s)};
	arena_reset(b->record);
	return true;
}

static void
build_rules(struct builder *b)
{
	struct ruleset *r = b->rules;
	size_t n = make_room(b, STATE_RULE);

	if (n == 0)
		return;
	r->rules = ARENA_ARRAY(r->arena, struct rule, n);
	stored_each(
	    b->txn, b->record, &(struct state_list){r->workspace, STATE_RULE}, add_rule, b);
}

static void
build_workspace(struct builder *b)
{
	struct ruleset *r = b->rules;
	struct stored s;

	if (!stored_get(b->txn, b->scratch,
		&(struct stored_key){r->workspace, STATE_WORKSPACE, r->workspace}, &s))
		return;
	r->exists = true;
	r->is_unreadable = s.record == NULL;
	if (s.record != NULL)
		r->paused = ((const workspace_record *)s.record)->paused;
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
	struct builder b = {
	    .txn = txn_read(s, STORE_STATE),
	    .rules = ruleset_new(c, workspace),
	    .scratch = arena_new(0),
	    .record = arena_new(0),
	};

	build_workspace(&b);
	const bool is_read = txn_finish(b.txn, e);
	arena_free(b.record);
	arena_free(b.scratch);
	if (is_read)
		return b.rules;
	(void)fail_within(e, "workspace %.*s", STR_ARG(workspace));
	ruleset_unref(b.rules);
	return NULL;
}

/* --- reading it --- */

bool
rule_wants(const struct rule *rule, const struct event *ev)
{
	if (!rule->active || rule->left_out != LEFT_OUT_NOT ||
	    !id_type_matches(rule->pattern, ev->type))
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

static struct gate
gate_of_left_out_rule(const struct rule *rule)
{
	if (rule->left_out == LEFT_OUT_BEYOND)
		return held(
		    STR("the workspace has more rules than it may have, and this is one "
			"too many"),
		    (struct remedy){REPAIR_NONE, STR("delete rules that are not needed")});
	return held(STR("the rule's stored record cannot be read"),
	    (struct remedy){REPAIR_NONE, STR("delete the rule, or write it again")});
}

static struct gate
gate_of_left_out_connection(const struct ruleset_connection *c)
{
	if (c->left_out == LEFT_OUT_BEYOND)
		return held(STR("the workspace has more connections than it may have, and this "
				"is one too many"),
		    (struct remedy){
			REPAIR_NONE, STR("delete connections that are not needed")});
	return held(
	    STR("the connection's stored record cannot be read"), remedy_of(REPAIR_RECONNECT));
}

struct gate
gate_of_connection(const struct ruleset_connection *c)
{
	if (c->left_out != LEFT_OUT_NOT)
		return gate_of_left_out_connection(c);
	if (c->status == CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_DISABLED)
		return held(STR("the connection is switched off"),
		    (struct remedy){REPAIR_NONE, STR("switch the connection on")});
	if (c->status == CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_NEEDS_RECONNECT)
		return held(
		    c->status_reason, remedy_of(repair_or(c->repair, REPAIR_RECONNECT)));
	if (atomic_load_explicit(&c->is_broken, memory_order_relaxed))
		return held(STR("the destination refused the connection's credential"),
		    remedy_of(REPAIR_RECONNECT));
	if (atomic_load_explicit(&c->is_sealed_shut, memory_order_relaxed))
		return held(STR("the connection's stored credential cannot be opened"),
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

	if (r->is_unreadable)
		return held(STR("the workspace's stored record cannot be read"),
		    (struct remedy){REPAIR_SUPPORT, STR("ask the operator to write it again")});
	if (r->paused)
		return held(STR("the workspace is paused"),
		    (struct remedy){REPAIR_NONE, STR("resume the workspace")});
	if (rule != NULL && rule->left_out != LEFT_OUT_NOT)
		return gate_of_left_out_rule(rule);
	if (c != NULL && c->left_out != LEFT_OUT_NOT)
		return gate_of_connection(c);
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
