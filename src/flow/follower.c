/*
 * The follower thread: applies what changes in the state bucket to the index and drops what was
 * compiled from it; writes into the state what the flow found out (a refused credential, an
 * unusable channel) and tells the operators; keeps telling the broker that we are still
 * working.
 */
#include "follower.h"

#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "carillon/base/queue.h"
#include "carillon/registry/registry.h"
#include "flow_private.h"

/* --- what the others put down for it --- */

struct troubles {
	struct queue *queue;
	struct list taken; /* the follower's */
};

struct troubles *
troubles_new(size_t limit)
{
	struct troubles *t = calloc(1, sizeof(*t));

	must(t != NULL);
	t->queue = queue_new(limit);
	list_init(&t->taken);
	return t;
}

void
troubles_free(struct troubles *t)
{
	struct trouble *left;

	if (t == NULL)
		return;
	while ((left = troubles_take(t)) != NULL)
		free(left);
	queue_free(t->queue);
	free(t);
}

bool
troubles_put(struct troubles *t, const struct trouble *trouble)
{
	struct trouble *copy = malloc(sizeof(*copy));

	must(copy != NULL);
	*copy = *trouble;
	list_init(&copy->link);
	if (queue_try_put(t->queue, &copy->link))
		return true;
	free(copy);
	return false;
}

struct trouble *
troubles_take(struct troubles *t)
{
	struct list *first;

	if (list_is_empty(&t->taken))
		queue_take_all(t->queue, &t->taken);
	first = list_take_first(&t->taken);
	return first == NULL ? NULL : CONTAINER_OF(first, struct trouble, link);
}

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
	OPEN_PAUSE_MS = 500,
	PERSIST_TRIES = 5, /* conflicts with a customer who is editing */
	LOOK_EVERY_MS = 60000,
};

struct follower {
	struct flow *flow;
	struct registry *registry;
	struct reader *reader;
	uint64_t at;
	mono_t progress_at, look_at;
};

/* --- state that changed --- */

struct change {
	struct str key, bytes, msg_id;
	uint64_t seq;
};

static bool
apply_change(struct txn *t, void *arg, struct err *e)
{
	const struct change *c = arg;

	(void)e;
	/* The CLI that wrote it may have applied it already. */
	if (c->seq <= store_applied(t))
		return true;
	state_apply(t, c->key, c->bytes, c->seq);
	store_set_applied(t, c->seq);
	store_set_mark(t, c->msg_id);
	return true;
}

static void
change(struct follower *w, const struct broker_message *m)
{
	struct flow *f = w->flow;
	struct change c = {
	    .key = broker_state_key(f->parts.broker, m->subject),
	    .bytes = m->is_delete ? (struct str){0} : m->data,
	    .msg_id = m->msg_id,
	    .seq = m->seq,
	};
	struct str workspace, id;
	enum state_kind kind;
	struct err e = {0};

	if (!store_write(f->parts.store, STORE_STATE, apply_change, &c, &e)) {
		/* Read again from here once the disk has room. */
		log_error("follower.apply", L_STR("error", e.text));
		reader_close(w->reader);
		w->reader = NULL;
		return;
	}
	w->at = m->seq;
	if (!state_key_parse(c.key, &workspace, &kind, &id))
		return;
	if (kind != STATE_REPLAY) /* nothing is compiled from one */
		rulebook_drop(f->rulebook,
		    str_eq(workspace, CATALOGUE_WORKSPACE) ? (struct str){0} : workspace);
	flow_wake_ledger(f);
}

static void
follow(struct follower *w, int64_t wait_ms)
{
	struct broker_message m;
	struct err e = {0};

	if (w->reader == NULL &&
	    !reader_open(&w->reader, w->flow->parts.broker, STREAM_STATE, w->at + 1, &e)) {
		log_warn("follower.open", L_STR("error", e.text));
		clock_sleep(wait_ms > 0 ? OPEN_PAUSE_MS : 0);
		return;
	}
	if (reader_next(w->reader, wait_ms, &m, &e)) {
		change(w, &m);
		broker_message_free(&m);
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
	}
	return "unknown";
}

static void
tell(struct follower *w, struct trouble *t)
{
	const char *what = what_of(t->kind);
	struct err e = {0};
	ops_event ops;

	carillon__v1__ops_event__init(&ops);
	ops.what = (char *)(uintptr_t)what;
	ops.workspace = t->workspace;
	ops.connection = t->connection;
	ops.rule = t->rule;
	ops.event_id = t->event_id;
	ops.reason = t->reason;
	ops.action = t->action;
	ops.repair = (Carillon__V1__Repair)t->repair;
	log_warn(what, L_STR("workspace", t->workspace), L_STR("connection", t->connection),
	    L_STR("rule", t->rule), L_STR("event", t->event_id), L_STR("code", t->code),
	    L_STR("reason", t->reason), L_STR("action", t->action));
	if (!ops_publish(w->flow->parts.broker, &ops, &e))
		log_error("follower.ops", L_STR("error", e.text));
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

/* True when this call made the change, so that it is told once however many deliveries failed.
 */
static bool
break_connection(struct follower *w, struct trouble *t, struct err *e)
{
	struct arena *a = arena_new(0);
	uint64_t revision = 0;
	connection_record *c = registry_connection(
	    w->registry, a, str_of(t->workspace), str_of(t->connection), &revision, e);
	bool changed = false;

	t->is_over = c != NULL && !is_same_credential(t, c);
	if (c != NULL && !t->is_over &&
	    c->status == CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE) {
		c->status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_NEEDS_RECONNECT;
		c->status_reason = t->reason;
		c->status_code = t->code;
		c->repair = (Carillon__V1__Repair)t->repair;
		c->updated_ms = clock_wall().ms;
		changed =
		    registry_put_connection(w->registry, str_of(t->workspace), c, revision, e);
	}
	arena_free(a);
	return changed;
}

static bool
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
	return changed;
}

static void
persist(struct follower *w, struct trouble *t)
{
	for (int i = 0; i < PERSIST_TRIES; i++) {
		struct err e = {0};
		bool changed = t->kind == TROUBLE_CONNECTION_BROKEN ? break_connection(w, t, &e)
		                                                    : hold_rule(w, t, &e);

		if (changed) {
			rulebook_drop(w->flow->rulebook, str_of(t->workspace));
			tell(w, t);
			return;
		}
		if (e.kind != ERR_CONFLICT && e.kind != ERR_TEMP) {
			if (e.kind != ERR_NONE && e.kind != ERR_NOT_FOUND)
				log_error("follower.persist", L_STR("error", e.text));
			if (!t->is_over)
				return;
			/* What was held because of it may go. */
			rulebook_drop(w->flow->rulebook, str_of(t->workspace));
			flow_wake_ledger(w->flow);
			return;
		}
	}
	/* The held deliveries bring it up again. */
	log_warn("follower.persist", L_STR("workspace", t->workspace),
	    L_STR("error", "kept conflicting"));
}

static void
see_to_troubles(struct follower *w)
{
	struct trouble *t;

	while ((t = troubles_take(w->flow->troubles)) != NULL) {
		if (t->kind == TROUBLE_CONNECTION_BROKEN || t->kind == TROUBLE_RULE_HELD)
			persist(w, t);
		else
			tell(w, t);
		free(t);
	}
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
	w->at = store_applied_now(f->parts.store, STORE_STATE);
	w->look_at = mono_after(clock_mono(), LOOK_EVERY_MS);
	return w;
}

void
follower_free(struct follower *w)
{
	reader_close(w->reader);
	registry_free(w->registry);
	free(w);
}

void
follower_turn(struct follower *w, int64_t wait_ms)
{
	follow(w, wait_ms);
	see_to_troubles(w);
	now_and_then(w);
}

void *
follower_run(void *flow)
{
	struct follower *w = follower_new(flow);

	while (!atomic_load(&w->flow->is_ending))
		follower_turn(w, FOLLOW_WAIT_MS);
	see_to_troubles(w);
	follower_free(w);
	return NULL;
}
