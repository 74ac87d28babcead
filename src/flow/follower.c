/*
 * The follower thread: applies what changes in the state bucket to the index and drops what was
 * compiled from it; writes into the state what the flow found out (a refused credential, an
 * unusable channel) and tells the operators; keeps telling the broker that we are still
 * working.
 */
#include "follower.h"

#include <stdio.h>

#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "carillon/broker/service.h"
#include "carillon/registry/apply.h"
#include "carillon/registry/registry.h"
#include "flow_private.h"
#include "unreadable.h"

void
credential_mark(unsigned char mark[static CREDENTIAL_MARK], struct str sealed)
{
	memset(mark, 0, CREDENTIAL_MARK);
	if (sealed.len >= CREDENTIAL_MARK)
		memcpy(mark, sealed.ptr + sealed.len - CREDENTIAL_MARK, CREDENTIAL_MARK);
}

/* --- the thread --- */

enum {
	FOLLOW_WAIT_MS = 50, /* how soon a trouble is seen to */
	RENEWED_MS = 5000,   /* a credential is new for so long */
	OPEN_PAUSE_MS = 500,
	TROUBLES_A_TURN = 64,
	AGAIN_MS = 1000,     /* until what could not be written is tried again */
	KEY_WAIT_MS = 10000, /* until it is looked whether the master key is there now */
	LOOK_EVERY_MS = 60000,
};

struct follower {
	struct flow *flow;
	struct registry *registry;
	struct unreadable *unreadable;
	bool has_scanned; /* what there was at the start for what cannot be read */
	struct reader *reader;
	struct chunk *chunk; /* the changes in hand */
	uint64_t at;
	mono_t progress_at, look_at;
};

/* --- records that cannot be read --- */

static void
found_unreadable(const struct stored *s, void *arg)
{
	struct follower *w = arg;
	struct flow *f = w->flow;
	struct trouble t = {.kind = TROUBLE_UNREADABLE};
	const char *kind = state_kind_name(s->key.kind);

	str_copy(t.workspace, sizeof(t.workspace), s->key.workspace);
	if (s->key.kind == STATE_RULE)
		str_copy(t.rule, sizeof(t.rule), s->key.id);
	if (s->key.kind == STATE_CONNECTION)
		str_copy(t.connection, sizeof(t.connection), s->key.id);
	snprintf(t.reason, sizeof(t.reason),
	    "the stored record of %s \"%.*s\" cannot be read: %s", kind, STR_ARG(s->key.id),
	    s->why.text);
	snprintf(t.action, sizeof(t.action), "write the %s again, or delete it", kind);
	if (!troubles_put(f->troubles, &t, clock_mono()))
		FLOW_COUNT(f, ops_dropped);
}

/* --- state that changed --- */

/* Compared with what is there before it is applied. One that whoever wrote it has applied
 * already may matter. */
static bool
changes_where_things_go(struct follower *w, const struct broker_message *m, struct txn *t)
{
	struct state_value was;
	struct stored_key key;

	if (!state_key_parse(broker_state_key(w->flow->parts.broker, m->subject),
		&key.workspace, &key.kind, &key.id) ||
	    (key.kind != STATE_RULE && key.kind != STATE_CONNECTION))
		return false;
	if (m->seq <= store_applied(t))
		return true;
	return state_get(t, key.workspace, key.kind, key.id, &was) &&
	       moves_matter(key.kind, was.bytes, m->is_delete ? (struct str){0} : m->data);
}

/* Returns those of the chunk, an array of its length that the caller frees. */
static bool *
find_moves(struct follower *w, const struct chunk *c)
{
	struct txn *t = txn_read(w->flow->parts.store, STORE_STATE);
	bool *moves = calloc(c->n, sizeof(*moves));

	must(moves != NULL);
	for (size_t i = 0; i < c->n; i++)
		moves[i] = changes_where_things_go(w, &c->messages[i], t);
	txn_end(t);
	return moves;
}

static void
note_moves(struct follower *w, const struct broker_message *m)
{
	struct stored_key key;

	if (state_key_parse(broker_state_key(w->flow->parts.broker, m->subject), &key.workspace,
		&key.kind, &key.id))
		moves_note(w->flow->moves, key.workspace);
}

/* What was made of the record goes. */
static void
note_change(struct follower *w, const struct broker_message *m)
{
	struct flow *f = w->flow;
	struct stored_key key;

	if (!state_key_parse(broker_state_key(f->parts.broker, m->subject), &key.workspace,
		&key.kind, &key.id))
		return;
	if (key.kind != STATE_REPLAY) /* nothing is compiled from one */
		rulebook_drop(f->rulebook, str_eq(key.workspace, CATALOGUE_WORKSPACE)
					       ? (struct str){0}
					       : key.workspace);
	if (key.kind == STATE_WORKSPACE && m->is_delete)
		gone_note(f->gone, key.workspace);
	unreadable_look(w->unreadable, &key, found_unreadable, w);
}

static void
apply_changes(struct follower *w)
{
	struct flow *f = w->flow;
	const struct chunk *c = w->chunk;
	bool *moves = find_moves(w, c);
	struct err e = {0};

	if (!registry_apply_chunk(f->parts.store, f->parts.broker, c, (struct str){0}, &e)) {
		/* Read again from here once the disk has room. */
		log_error("follower.apply", L_STR("error", e.text));
		reader_close(w->reader);
		w->reader = NULL;
		free(moves);
		return;
	}
	w->at = chunk_last(c);
	for (size_t i = 0; i < c->n; i++) {
		note_change(w, &c->messages[i]);
		if (moves[i])
			note_moves(w, &c->messages[i]);
	}
	free(moves);
	flow_wake_ledger(f);
}

static void
follow(struct follower *w, int64_t wait_ms)
{
	struct err e = {0};

	if (w->reader == NULL &&
	    !reader_open(&w->reader, w->flow->parts.broker, STREAM_STATE, w->at + 1, &e)) {
		log_warn("follower.open", L_STR("error", e.text));
		clock_sleep(wait_ms > 0 ? OPEN_PAUSE_MS : 0);
		return;
	}
	if (chunk_follow(w->chunk, w->reader, wait_ms, &e)) {
		apply_changes(w);
	} else if (e.kind != ERR_NONE && e.kind != ERR_TEMP) {
		log_warn("follower.read", L_STR("error", e.text));
		if (e.kind == ERR_CORRUPT) /* what was lost is put back at the next start */
			flow_break(w->flow, &e);
		reader_close(w->reader);
		w->reader = NULL;
		clock_sleep(wait_ms > 0 ? OPEN_PAUSE_MS : 0);
	}
}

/* --- what the flow found out --- */

static const char *
what_of(enum trouble_kind kind)
{
	switch (kind) {
	case TROUBLE_CONNECTION_BROKEN: return "connection.broken";
	case TROUBLE_RULE_HELD: return "rule.held";
	case TROUBLE_EXHAUSTED: return "delivery.exhausted";
	case TROUBLE_UNDECODABLE: return "event.undecodable";
	case TROUBLE_UNREADABLE: return "record.unreadable";
	case TROUBLE_CANCELED: return "workspace.canceled";
	}
	return "unknown";
}

static struct str
reason_of(struct arena *a, const struct trouble *t)
{
	if (t->count == 0)
		return str_of(t->reason);
	if (!t->is_rest)
		return arena_printf(a, "%llu deliveries that went as one message: %s",
		    (unsigned long long)t->count, t->reason);
	return arena_printf(a,
	    t->kind == TROUBLE_CANCELED ? "%llu deliveries were canceled: %s"
					: "%llu more in a minute; the newest: %s",
	    (unsigned long long)t->count, t->reason);
}

/* False when it could not be published. */
static bool
tell_trouble(struct follower *w, struct trouble *t)
{
	const char *what = what_of(t->kind);
	struct arena *a = arena_new(0);
	struct err e = {0};
	ops_event ops;
	bool ok;

	carillon__v1__ops_event__init(&ops);
	ops.what = (char *)(uintptr_t)what;
	ops.workspace = t->workspace;
	ops.connection = t->connection;
	ops.rule = t->rule;
	ops.event_id = t->event_id;
	ops.reason = arena_cstr(a, reason_of(a, t));
	ops.action = t->action;
	ops.repair = (Carillon__V1__Repair)t->repair;
	ops.count = t->count;
	log_warn(what, L_STR("workspace", t->workspace), L_STR("connection", t->connection),
	    L_STR("rule", t->rule), L_STR("event", t->event_id), L_STR("code", t->code),
	    L_STR("reason", ops.reason), L_STR("action", t->action));
	ok = ops_publish(w->flow->parts.broker, &ops, &e);
	if (!ok)
		log_error("follower.ops", L_STR("error", e.text));
	arena_free(a);
	return ok;
}

static bool
is_same_credential(const struct trouble *t, const connection_record *c)
{
	unsigned char mark[CREDENTIAL_MARK] = {0};

	credential_mark(mark, (struct str){(const char *)c->sealed.data, c->sealed.len});
	return memcmp(mark, t->credential, sizeof(mark)) == 0;
}

static bool
is_same_channel(const struct trouble *t, const rule_record *r)
{
	return strncmp(t->channel, r->channel, CHANNEL_ID_MAX) == 0 &&
	       strcmp(t->connection, r->connection) == 0;
}

/* What became of a trouble that was to be written. */
enum persisted {
	PERSISTED, /* by this call, so that it is told once however many deliveries failed */
	PERSISTED_NOT,   /* there is nothing to be written */
	PERSISTED_LATER, /* it must be tried again */
};

/*
 * Whether the credential of a connection is really shut: a rotation may have sealed it under a
 * key that our file has got since, or that somebody forgot to give us. That is not the
 * customer's to repair, and so waits here until the key is there.
 */
static enum persisted
look_at_seal(struct follower *w, struct trouble *t, const connection_record *c)
{
	const struct vault *v = w->flow->parts.vault;
	struct secret *clear = secret_new(SECRET_MAX);
	enum persisted verdict = PERSISTED;

	t->is_over = vault_unseal(v, str_of(t->workspace), str_of(t->connection),
	    record_bytes(&c->sealed), clear, NULL);
	secret_free(clear);
	if (t->is_over)
		verdict = PERSISTED_NOT;
	else if (c->sealed.len >= VAULT_SEALED_OVERHEAD &&
		 !vault_has_version(v, vault_sealed_version(c->sealed.data, c->sealed.len)))
		verdict = PERSISTED_LATER;
	return verdict;
}

static enum persisted
put_broken(struct follower *w, struct trouble *t, connection_record *c, uint64_t revision,
    struct err *e)
{
	c->status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_NEEDS_RECONNECT;
	c->status_reason = t->reason;
	c->status_code = t->code;
	c->repair = (Carillon__V1__Repair)t->repair;
	c->updated_ms = clock_wall().ms;
	return registry_put_connection(w->registry, str_of(t->workspace), c, revision, e)
	           ? PERSISTED
	           : PERSISTED_NOT;
}

/*
 * A credential that is renewed may only have ended sooner than was said. So whoever renews is
 * asked to, once: what was issued a moment ago and is refused needs a person. What is held
 * stays so until the record changes, whatever comes of it.
 */
static bool
may_be_renewed(struct follower *w, const struct trouble *t, const connection_record *c)
{
	struct arena *a;
	keeper_request ask;
	struct err e = {0};
	bool ok;

	if (c->expires_ms == 0 || t->repair != REPAIR_RECONNECT ||
	    clock_wall().ms - c->issued_ms < RENEWED_MS)
		return false;
	a = arena_new(0);
	carillon__v1__keeper_request__init(&ask);
	ask.workspace = (char *)(uintptr_t)t->workspace;
	ask.connection = (char *)(uintptr_t)t->connection;
	ok = service_tell(
	    w->flow->parts.broker, "keeper", "oauth.refresh", record_pack(a, &ask), &e);
	arena_free(a);
	log_info("follower.renewal", L_STR("workspace", t->workspace),
	    L_STR("connection", t->connection), L_STR("code", t->code), L_BOOL("asked", ok));
	return ok;
}

static enum persisted
break_connection(struct follower *w, struct trouble *t, struct err *e)
{
	struct arena *a = arena_new(0);
	uint64_t revision = 0;
	connection_record *c = registry_connection(
	    w->registry, a, str_of(t->workspace), str_of(t->connection), &revision, e);
	enum persisted result = PERSISTED_NOT;

	t->is_over = c != NULL && !is_same_credential(t, c);
	if (c != NULL && !t->is_over &&
	    c->status == CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE) {
		result =
		    strcmp(t->code, CODE_SEALED_SHUT) == 0 ? look_at_seal(w, t, c) : PERSISTED;
		if (result == PERSISTED && may_be_renewed(w, t, c))
			result = PERSISTED_NOT;
		if (result == PERSISTED)
			result = put_broken(w, t, c, revision, e);
	}
	arena_free(a);
	return result;
}

static enum persisted
hold_rule(struct follower *w, struct trouble *t, struct err *e)
{
	struct arena *a = arena_new(0);
	uint64_t revision = 0;
	rule_record *r =
	    registry_rule(w->registry, a, str_of(t->workspace), str_of(t->rule), &revision, e);
	bool changed = false;

	t->is_over = r != NULL && !is_same_channel(t, r);
	if (r != NULL && !t->is_over && r->hold_reason[0] == '\0') {
		r->hold_reason = t->reason;
		r->hold_code = t->code;
		r->repair = (Carillon__V1__Repair)t->repair;
		r->updated_ms = clock_wall().ms;
		changed =
		    registry_put_rule(w->registry, str_of(t->workspace), r, revision, NULL, e);
	}
	arena_free(a);
	return changed ? PERSISTED : PERSISTED_NOT;
}

/* A customer edits it this moment, or the broker is away or full. */
static bool
is_worth_trying(const struct err *e)
{
	return e->kind == ERR_CONFLICT || e->kind == ERR_TEMP || e->kind == ERR_FULL;
}

/* What was held because of it may go. */
static void
release(struct follower *w, const struct trouble *t)
{
	rulebook_drop(w->flow->rulebook, str_of(t->workspace));
	flow_wake_ledger(w->flow);
}

static void
wait_for_key(struct follower *w, struct trouble *t)
{
	if (!t->is_told) {
		str_copy(t->action, sizeof(t->action),
		    STR("give the service the master key file as the last rotation left it, "
			"and restart it"));
		(void)tell_trouble(w, t);
	}
	t->is_told = true;
	troubles_try_later(w->flow->troubles, t, mono_after(clock_mono(), KEY_WAIT_MS));
}

/* Takes it. */
static void
persist(struct follower *w, struct trouble *t)
{
	struct err e = {0};
	enum persisted result = t->kind == TROUBLE_CONNECTION_BROKEN
	                            ? break_connection(w, t, &e)
	                            : hold_rule(w, t, &e);

	if (result == PERSISTED_LATER) {
		wait_for_key(w, t);
		return;
	}
	if (is_worth_trying(&e)) {
		log_warn("follower.persist", L_STR("workspace", t->workspace),
		    L_STR("error", e.text), L_STR("meanwhile", "it is tried again"));
		troubles_try_later(w->flow->troubles, t, mono_after(clock_mono(), AGAIN_MS));
		return;
	}
	/* One that is gone, or that nobody can read, sends nothing. */
	if (e.kind != ERR_NONE && e.kind != ERR_NOT_FOUND && e.kind != ERR_CORRUPT)
		log_error("follower.persist", L_STR("error", e.text));
	if (result == PERSISTED) {
		rulebook_drop(w->flow->rulebook, str_of(t->workspace));
		(void)tell_trouble(w, t);
	} else if (t->is_over) {
		release(w, t);
	}
	free(t);
}

/* Returns whether there may be more. What cannot be published has been logged. */
static bool
tell_next(struct follower *w, mono_t now)
{
	struct trouble *t = troubles_take_news(w->flow->troubles, now);
	bool ok = t != NULL && tell_trouble(w, t);

	free(t);
	return ok;
}

/* Work first; of either no more than others can wait for. */
static void
see_to_troubles(struct follower *w)
{
	mono_t now = clock_mono();
	struct trouble *t;

	for (int i = 0; i < TROUBLES_A_TURN; i++) {
		t = troubles_take_work(w->flow->troubles, now);
		if (t == NULL)
			break;
		persist(w, t);
	}
	for (int i = 0; i < TROUBLES_A_TURN; i++)
		if (!broker_is_connected(w->flow->parts.broker) || !tell_next(w, now))
			break;
}

/* At the end of its life: also what was counted and not yet told. */
static void
see_to_all_troubles(struct follower *w)
{
	const mono_t now = clock_mono();
	struct trouble *t;

	while ((t = troubles_take_work(w->flow->troubles, now)) != NULL)
		persist(w, t);
	while (tell_next(w, MONO_NEVER))
		continue;
}

/* --- every now and then --- */

/* What is sent may wait for the connection, and who takes messages in hand must not. */
static void
report_progress(struct flow *f, mono_t now, int64_t after_ms)
{
	struct str replies[ACTIVE_OVERDUE_MAX];
	struct arena *a = arena_new(0);
	struct err e = {0};
	size_t n;

	do {
		n = active_overdue(f->active, now, after_ms, a, replies);
		for (size_t i = 0; i < n; i++)
			if (!broker_in_progress(f->parts.broker, replies[i], &e))
				log_debug("follower.progress", L_STR("error", e.text));
		arena_reset(a);
	} while (n == ACTIVE_OVERDUE_MAX);
	arena_free(a);
}

static void
log_counters(struct flow *f)
{
	struct flow_view v;
	const struct flow_counters *c = &v.counters;

	flow_look(f, &v);
	log_info("flow.counters", L_INT("received", c->events_received),
	    L_INT("delivered", c->deliveries_delivered),
	    L_INT("retrying", c->deliveries_retrying), L_INT("parked", c->deliveries_parked),
	    L_INT("held", c->deliveries_held), L_INT("failed", c->deliveries_failed),
	    L_INT("in_hand", v.in_hand), L_INT("lanes", v.lanes.lanes),
	    L_INT("queued", v.lanes.queued), L_INT("in_flight", v.lanes.in_flight),
	    L_INT("shut", v.lanes.shut), L_INT("places", v.places.held),
	    L_INT("overflow", v.places.overflow));
}

static void
now_and_then(struct follower *w)
{
	struct flow *f = w->flow;
	int64_t half_ms = f->parts.config->ack_wait_s * 1000 / 2;
	mono_t now = clock_mono();
	struct err e = {0};

	if (mono_reached(now, w->progress_at)) {
		report_progress(f, now, half_ms);
		w->progress_at = mono_after(now, half_ms / 4);
		if (broker_take_denied(f->parts.broker, &e))
			flow_break(f, &e);
	}
	if (mono_reached(now, w->look_at)) {
		log_counters(f);
		w->look_at = mono_after(now, LOOK_EVERY_MS);
	}
}

struct follower *
follower_new(struct flow *f)
{
	struct follower *w = calloc(1, sizeof(*w));

	must(w != NULL);
	w->flow = f;
	w->registry = registry_new(f->parts.broker, f->parts.store);
	w->chunk = chunk_new();
	w->unreadable = unreadable_new(f->parts.store);
	w->at = store_applied_now(f->parts.store, STORE_STATE);
	w->look_at = mono_after(clock_mono(), LOOK_EVERY_MS);
	return w;
}

void
follower_free(struct follower *w)
{
	reader_close(w->reader);
	chunk_free(w->chunk);
	unreadable_free(w->unreadable);
	registry_free(w->registry);
	free(w);
}

void
follower_turn(struct follower *w, int64_t wait_ms)
{
	follow(w, wait_ms);
	if (!w->has_scanned)
		w->has_scanned = !unreadable_scan(w->unreadable, found_unreadable, w);
	see_to_troubles(w);
	now_and_then(w);
}

void *
follower_run(void *flow)
{
	struct follower *w = follower_new(flow);

	while (!atomic_load(&w->flow->is_ending))
		follower_turn(w, FOLLOW_WAIT_MS);
	see_to_all_troubles(w);
	follower_free(w);
	return NULL;
}
