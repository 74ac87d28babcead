/*
 * Stages dispatch and deliver: the courier thread. It owns the lanes and the requests in
 * flight.
 *
 *     accept from intake -> lanes -> compose -> request ... answer -> judge -> lane, scribe
 */
#include "attempt.h"
#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "courier_lanes.h"
#include "carillon/http/pool.h"
#include "flow_private.h"
#include "record.h"
#include "carillon/registry/rulebook.h"

enum {
	LONGEST_TURN_MS = 500, /* flags of other threads are looked at this often */
	DRAIN_TURN_MS = 50,
	SWEEP_EVERY_MS = 10000,
	LOOK_EVERY_MS = 1000,
	LANE_IDLE_MS = 600000,
	STORE_PAUSE_MS = 2000, /* until a delivery whose rule cannot be read comes again */
	DOWN_MIN_LANES = 8, /* fewer shut lanes say nothing about the destination as a whole */
	/* While it is down a message is let in now and then: at once if nothing is in hand to
	 * probe with; and else because its own destination may be one that works. */
	LET_IN_PROBE_MS = 1000,
	OTHER_WAY_MS = 3600 * 1000, /* until the first way is tried again by itself */
	LET_IN_MS = 30000,
	/* Of one turn: then answers and whoever has come meanwhile are looked at. */
	LAUNCHES_MAX = 32,
	CLAIMED_MAX = LAUNCHES_MAX / 2,
	LAUNCH_STEPS_MAX = 40000, /* of work for their messages */
	SEEN_WAIT_MS = 2000,      /* who waits longer is to be seen with his attempts */
	PROGRESS_MAX = 50,        /* attempts of one life after which no more is said */
};

void
courier_hand_over(struct courier *c, struct delivery *d)
{
	list_append(&c->outbox, &d->handoff.link);
}

/* Sends what the scribe has room for. The rest waits here: not more than is in hand. */
static void
flush_outbox(struct courier *c)
{
	struct list *first;

	while ((first = list_take_first(&c->outbox)) != NULL) {
		if (!queue_try_put(c->flow->to_scribe, first)) {
			list_prepend(&c->outbox, first);
			return;
		}
	}
}

static struct dest_message
dest_message_of(
    const struct delivery *d, char reference[static EVENT_ID_MAX + RECORD_ID_MAX + 2])
{
	const struct message *m = d->message;

	snprintf(reference, EVENT_ID_MAX + RECORD_ID_MAX + 2, "%.*s:%.*s", STR_ARG(m->event.id),
	    STR_ARG(d->rule_id));
	return (struct dest_message){
	    .channel = d->channel,
	    .body = d->body,
	    .is_plain = d->degraded,
	    .without_images = d->image_refusals > 1,
	    .thread_id = d->thread_id,
	    .update_id = d->update_id,
	    .has_other_way = str_eq(d->channel, d->rule->connection->granted_channel),
	    .other_way = d->other_way,
	    .reference = str_of(reference),
	    .workspace = m->event.workspace,
	};
}

/* Opens the credential for the length of one compose; `opened` says whether that was possible.
 */
static bool
compose(struct courier *c, struct delivery *d, const struct ruleset_connection *conn,
    struct http_request *req, bool *opened, struct err *e)
{
	char reference[EVENT_ID_MAX + RECORD_ID_MAX + 2];
	struct dest_message what;
	struct dest_call call = {
	    .base_url =
		dest_base_url(conn->dest, &c->settings.config, conn->api_host, conn->url),
	    .credential = c->credential,
	    .now = clock_wall(),
	};
	bool ok;

	*opened = vault_unseal(c->flow->parts.vault, d->message->event.workspace, conn->id,
	    conn->sealed, c->credential, e);
	ok = *opened &&
	     (call.base_url != NULL || fail(e, ERR_INPUT, "the connection has no known host"));
	if (ok) {
		d->other_way = d->other_way || conn->dest->has_only_other_way(c->credential);
		what = dest_message_of(d, reference);
		ok = conn->dest->compose(req, &what, &call, e);
	}
	secret_clear(c->credential);
	return ok;
}

/* A delivery that was settled for a reason of its own leaves its lane without an attempt. */
static void
turn_back(struct courier *c, struct delivery *d, mono_t now)
{
	dispatch_report(c->dispatch, &d->lane_item, LANE_RESULT_NEUTRAL, -1, now);
	courier_hand_over(c, d);
}

/* As if the destination had refused the credential: its connection needs a person, and until
 * the state says so its deliveries must not run into the same. */
static void
refuse_credential(struct delivery *d, const struct ruleset *r, const struct rule *rule)
{
	struct outcome *o = &d->outcome;
	struct gate gate;

	atomic_store_explicit(&rule->connection->is_sealed_shut, true, memory_order_relaxed);
	gate = gate_of(r, rule);
	*o = (struct outcome){.verdict = VERDICT_HOLD_CONNECTION,
	    .code = OUTCOME_AUTH_FAILED,
	    .retry_after_ms = -1};
	str_copy(o->error_code, sizeof(o->error_code), str_of(CODE_SEALED_SHUT));
	str_copy(o->reason, sizeof(o->reason), gate.reason);
	o->repair = gate.remedy.repair;
	str_copy(o->action, sizeof(o->action), gate.remedy.action);
	d->has_outcome = true;
}

/* If that was not done at its admission. */
static void
render(struct courier *c, struct delivery *d, mono_t now)
{
	struct message *m = d->message;
	const uint64_t before = m->steps;

	delivery_render(d, d->arena);
	c->steps += m->steps - before;
	if (m->steps > before)
		budget_charge(
		    c->flow->budget, m->event.workspace, m->steps - before, m->steps, now);
}

static void
start(struct courier *c, struct delivery *d, const struct ruleset *r, const struct rule *rule,
    mono_t now)
{
	struct transfer *t = pool_slot(c->pool);
	struct err e = {0};
	bool opened;

	must(t != NULL); /* dispatch lets no more out than there are slots */
	if (str_eq(d->channel, rule->connection->granted_channel))
		d->other_way =
		    d->other_way || clock_wall().ms < rule->connection->other_way_until_ms;
	render(c, d, now);
	if (compose(c, d, rule->connection, transfer_request(t), &opened, &e)) {
		FLOW_COUNT(c->flow, attempts);
		FLOW_TOOK(c->flow, lane_sent, c->now_us - d->stage_us);
		d->stage_us = c->now_us;
		pool_start(c->pool, t, d);
		return;
	}
	pool_release(c->pool, t);
	log_error("courier.compose", L_STRN("workspace", d->message->event.workspace),
	    L_STRN("connection", rule->connection->id), L_STR("error", e.text));
	if (opened)
		delivery_settle(d, DELIVERY_FAILED, arena_printf(d->arena, "%s", e.text),
		    remedy_of(REPAIR_EDIT_MESSAGE));
	else
		refuse_credential(d, r, rule);
	turn_back(c, d, now);
}

/* Sends a delivery by the rules as they are now: its connection may have been repaired or
 * broken since. */
static void
launch(struct courier *c, struct delivery *d, mono_t now)
{
	struct err e = {0};
	struct ruleset *r = rulebook_get(c->flow->rulebook, d->message->event.workspace, &e);
	const struct rule *rule;
	struct gate gate;

	if (r == NULL) {
		delivery_wait(d, DELIVERY_PARKED, (wall_t){clock_wall().ms + STORE_PAUSE_MS},
		    STR("the index could not be read"), remedy_of(REPAIR_WAIT));
		turn_back(c, d, now);
		return;
	}
	rule = ruleset_rule(r, d->rule_id);
	gate = gate_of(r, rule);
	if (!r->exists) {
		delivery_orphan(d);
		turn_back(c, d, now);
	} else if (!gate.is_open) {
		delivery_settle(d, DELIVERY_HELD, arena_str(d->arena, gate.reason),
		    (struct remedy){
			gate.remedy.repair, arena_str(d->arena, gate.remedy.action)});
		turn_back(c, d, now);
	} else if (!str_eq(rule->channel, d->channel) ||
		   !str_eq(rule->connection_id, d->rule->connection_id) ||
		   rule->connection->dest != d->rule->connection->dest) {
		courier_reroute(c, d, now);
	} else if (delivery_wants_claim(d)) {
		courier_hand_over(c, d); /* the scribe sends it back */
	} else {
		start(c, d, r, rule, now);
	}
	ruleset_unref(r);
}

/* What is claimed has left its lane already. The rest has its turn in the next turns. */
static void
launch_some(struct courier *c, mono_t now)
{
	struct list *claimed;
	struct lane_item *item;
	int n = 0;

	c->steps = 0;
	while (n < CLAIMED_MAX && (claimed = list_take_first(&c->claimed)) != NULL) {
		launch(c, CONTAINER_OF(claimed, struct delivery, handoff.link), now);
		n++;
	}
	while (n++ < LAUNCHES_MAX && c->steps < LAUNCH_STEPS_MAX &&
	       (item = dispatch_next(c->dispatch, now)) != NULL)
		launch(c, CONTAINER_OF(item, struct delivery, lane_item), now);
}

static void
accept_message(struct courier *c, struct message *m, mono_t now)
{
	/* What is turned away goes to the scribe, who may free the message, only with the
	 * outbox. */
	for (int i = 0; i < m->n_deliveries; i++) {
		if (!delivery_is_open(&m->deliveries[i])) {
			courier_hand_over(c, &m->deliveries[i]);
			continue;
		}
		FLOW_COUNT(c->flow, deliveries_started);
		courier_offer(c, &m->deliveries[i], now);
	}
}

static void
accept_all(struct courier *c, mono_t now)
{
	struct list inbox, *first;

	list_init(&inbox);
	queue_take_all(c->flow->to_courier, &inbox);
	while ((first = list_take_first(&inbox)) != NULL) {
		struct handoff *h = CONTAINER_OF(first, struct handoff, link);

		if (h->kind == HANDOFF_MESSAGE)
			accept_message(c, CONTAINER_OF(h, struct message, handoff), now);
		else
			list_append(&c->claimed, first);
	}
}

static enum lane_result
lane_result(const struct outcome *o)
{
	if (o->verdict == VERDICT_THROTTLED)
		return LANE_RESULT_THROTTLED;
	if (o->lane_fault)
		return LANE_RESULT_FAULT;
	return o->verdict == VERDICT_DONE ? LANE_RESULT_OK : LANE_RESULT_NEUTRAL;
}

/* As the rulebook has it at this moment, with the ruleset that keeps it; NULL: it is gone. */
static struct ruleset_connection *
connection_now(struct courier *c, const struct delivery *d, struct ruleset **r)
{
	struct err e = {0};

	*r = rulebook_get(c->flow->rulebook, d->message->event.workspace, &e);
	return *r == NULL ? NULL : ruleset_connection(*r, d->rule->connection_id);
}

/* Until the state says so, deliveries of this workspace must not run into the same refusal. */
static void
mark_broken(struct courier *c, const struct delivery *d)
{
	struct ruleset *r;
	struct ruleset_connection *conn = connection_now(c, d, &r);

	if (conn != NULL)
		atomic_store_explicit(&conn->is_broken, true, memory_order_relaxed);
	ruleset_unref(r);
}

/* Those that follow into the channel need not run into the same refusal first. */
static void
remember_other_way(struct courier *c, const struct delivery *d)
{
	struct ruleset *r;
	struct ruleset_connection *conn = connection_now(c, d, &r);

	if (conn != NULL)
		conn->other_way_until_ms = clock_wall().ms + OTHER_WAY_MS;
	ruleset_unref(r);
}

/*
 * While the whole destination is down what is in hand stays there and is what its lane is
 * probed with: the schedule is for deliveries that fail, not for time that passes. One that may
 * have been posted is not tried again and again.
 */
static bool
stays_as_probe(struct courier *c, const struct delivery *d)
{
	return !d->rule->connection->dest->has_own_url && d->outcome.lane_fault &&
	       !d->maybe_posted && !d->rule->prefer_silence &&
	       dispatch_is_down(c->dispatch, DOWN_MIN_LANES) &&
	       !atomic_load(&c->flow->is_draining);
}

/*
 * Whether the delivery goes back to the head of its lane, without counting: after a short
 * pause, or to be said differently, in plain text or at top level.
 */
static bool
goes_again(struct courier *c, struct delivery *d)
{
	int64_t patience_ms = c->settings.config.nak_delay_max_s * 1000;
	bool has_text_left =
	    d->rule->plain_text_fallback && !d->degraded && d->body->has_layout;

	switch (d->outcome.verdict) {
	case VERDICT_THROTTLED:
		/* A claim that stands while it waits would be taken for a post. */
		return d->outcome.retry_after_ms <= patience_ms && !d->rule->prefer_silence &&
		       !atomic_load(&c->flow->is_draining);
	case VERDICT_LATER:
	case VERDICT_LATER_FEW:
	case VERDICT_LATER_SLOWLY: return stays_as_probe(c, d);
	case VERDICT_NO_THREAD:
		/* The message to reply to or to replace is gone: say it anew, at top level. */
		if (d->thread_id.len == 0 && d->update_id.len == 0)
			return false;
		d->thread_id = d->update_id = (struct str){0};
		d->lane_item.is_update = false;
		return true;
	case VERDICT_IMAGE: d->image_refusals++; return true;
	case VERDICT_OTHER_WAY:
		d->other_way = true;
		remember_other_way(c, d);
		return true;
	case VERDICT_MESSAGE:
		if (!has_text_left)
			return false;
		d->degraded = true;
		return true;
	default: return false;
	}
}

/* Whether what goes again does not do so at once. */
static bool
waits_long(const struct outcome *o)
{
	switch (o->verdict) {
	case VERDICT_THROTTLED: return o->retry_after_ms >= SEEN_WAIT_MS;
	case VERDICT_LATER:
	case VERDICT_LATER_FEW:
	case VERDICT_LATER_SLOWLY: return true;
	default: return false;
	}
}

/* What goes back to its lane for a while is recorded with what was tried; what the ledger knows
 * already keeps the record that it has. */
static void
show_progress(struct courier *c, struct delivery *d)
{
	const int64_t wait_ms = d->outcome.retry_after_ms;
	const wall_t now = clock_wall();
	struct progress *p;

	if (d->state != DELIVERY_PENDING || d->before != NULL || d->digest != NULL ||
	    !waits_long(&d->outcome) || d->n_attempts > PROGRESS_MAX)
		return;
	p = ARENA_NEW(d->arena, struct progress);
	*p = (struct progress){
	    .handoff.kind = HANDOFF_PROGRESS,
	    .message = d->message,
	    .record =
		record_progress(d, (wall_t){wait_ms > 0 ? now.ms + wait_ms : 0}, now, d->arena),
	};
	list_append(&c->outbox, &p->handoff.link);
}

static void
finish_request(struct courier *c, struct transfer *t, struct delivery *d,
    const struct http_response *res, struct flight flight, mono_t now)
{
	char reference[EVENT_ID_MAX + RECORD_ID_MAX + 2];
	struct dest_message what = dest_message_of(d, reference);
	const struct dest_type *dest = d->rule->connection->dest;
	enum lane_result result;

	FLOW_TOOK(c->flow, sent_answered, c->now_us - d->stage_us);
	d->stage_us = c->now_us;
	dest->judge(&what, res, &d->outcome);
	d->has_outcome = true;
	atomic_fetch_add_explicit(&c->flow->outcomes[d->outcome.code], 1, memory_order_relaxed);
	if (d->outcome.left_thread)
		d->thread_id = (struct str){0}; /* so it is what later replies go under */
	attempt_add(d, transfer_request(t), res, flight, dest,
	    c->settings.config.keep_delivered_requests);
	pool_release(c->pool, t);
	result = lane_result(&d->outcome);
	delivery_doubt(d, d->outcome.ambiguous);
	if (d->outcome.verdict == VERDICT_HOLD_CONNECTION)
		mark_broken(c, d);
	if (goes_again(c, d)) {
		show_progress(c, d);
		dispatch_return(
		    c->dispatch, &d->lane_item, result, d->outcome.retry_after_ms, now);
	} else {
		dispatch_report(
		    c->dispatch, &d->lane_item, result, d->outcome.retry_after_ms, now);
		if (result == LANE_RESULT_THROTTLED && d->outcome.retry_after_ms > 0)
			places_shut(c->flow->places, d->line,
			    mono_after(now, d->outcome.retry_after_ms));
		courier_hand_over(c, d);
	}
}

static void
finish_all(struct courier *c, mono_t now)
{
	struct http_response res;
	struct transfer *t;
	void *tag;
	struct flight flight;

	while ((t = pool_finished(c->pool, &res, &tag, &flight)) != NULL)
		finish_request(c, t, tag, &res, flight, now);
}

static int64_t
wait_ms(struct courier *c, mono_t now)
{
	mono_t wake = dispatch_wake(c->dispatch, now);
	int64_t ms = wake.ms - now.ms;

	if (!list_is_empty(&c->claimed))
		return 0;
	if (!list_is_empty(&c->outbox))
		return 5; /* the scribe has no room: look again soon */
	return ms < 0 ? 0 : ms;
}

/* What is let in to probe with waits in the ledger, if anything does: what intake brings would
 * have to wait behind it. */
static void
let_one_in(struct courier *c, mono_t now)
{
	struct places_view places;

	if (mono_reached(now, mono_after(c->let_in_at, LET_IN_MS))) {
		atomic_store(&c->flow->hold, HOLD_BUT_ONE);
		c->let_in_at = c->probe_at = now;
	} else if (!dispatch_has_items(c->dispatch) &&
		   mono_reached(now, mono_after(c->probe_at, LET_IN_PROBE_MS))) {
		places_look(c->flow->places, &places);
		atomic_store(
		    &c->flow->hold, places.overflow > 0 ? HOLD_BUT_OVERFLOW : HOLD_BUT_ONE);
		c->probe_at = now;
	}
}

static void
hold_or_release(struct courier *c, mono_t now)
{
	bool was_down = atomic_load(&c->flow->hold) != HOLD_NOTHING;
	bool is_down = dispatch_is_down(c->dispatch, DOWN_MIN_LANES);

	if (is_down == was_down) {
		if (is_down)
			let_one_in(c, now);
		return;
	}
	atomic_store(&c->flow->hold, is_down ? HOLD_ALL : HOLD_NOTHING);
	c->let_in_at = c->probe_at = now;
	log_warn("courier.destination", L_BOOL("down", is_down));
}

/* For whoever asks the flow: the lanes are nobody else's to look at. */
static void
show_lanes(struct courier *c)
{
	struct flow *f = c->flow;
	struct dispatch_view v;

	dispatch_look(c->dispatch, &v);
	atomic_store_explicit(&f->lanes.lanes, v.lanes, memory_order_relaxed);
	atomic_store_explicit(&f->lanes.queued, v.queued, memory_order_relaxed);
	atomic_store_explicit(&f->lanes.in_flight, v.in_flight, memory_order_relaxed);
	atomic_store_explicit(&f->lanes.shut, v.shut, memory_order_relaxed);
}

static void
housekeeping(struct courier *c, mono_t now)
{
	hold_or_release(c, now);
	courier_cancel_orphans(c);
	if (!atomic_load(&c->flow->is_draining))
		courier_move(c, now);
	if (mono_reached(now, c->look_at)) {
		show_lanes(c);
		c->look_at = mono_after(now, LOOK_EVERY_MS);
	}
	if (mono_reached(now, c->sweep_at)) {
		dispatch_sweep(c->dispatch, now, LANE_IDLE_MS);
		c->sweep_at = mono_after(now, SWEEP_EVERY_MS);
	}
	if (!atomic_load(&c->flow->is_draining))
		return;
	if (!c->gave_back)
		courier_give_back(c);
	c->gave_back = true;
	if (now.ms >= atomic_load(&c->flow->give_up_ms))
		pool_give_up(c->pool);
}

/* Once before the courier sends, and once after it has waited. */
static mono_t
read_clock(struct courier *c)
{
	c->now_us = clock_mono_us();
	return (mono_t){c->now_us / 1000};
}

void
courier_turn(struct courier *c, int64_t longest_ms)
{
	mono_t now = read_clock(c);
	int64_t wait;

	courier_take_settings(c, now);
	accept_all(c, now);
	housekeeping(c, now);
	launch_some(c, now);
	wait = wait_ms(c, now);
	pool_turn(
	    c->pool, wait < longest_ms ? wait : longest_ms, queue_fd(c->flow->to_courier));
	finish_all(c, read_clock(c));
	flush_outbox(c);
}

bool
courier_is_done(struct courier *c)
{
	if (atomic_load(&c->flow->is_abandoned))
		return true;
	return atomic_load(&c->flow->is_draining) && c->gave_back &&
	       pool_in_flight(c->pool) == 0 && list_is_empty(&c->outbox) &&
	       queue_len(c->flow->to_courier) == 0 && !dispatch_has_items(c->dispatch);
}

void *
courier_run(void *flow)
{
	struct courier *c = courier_new(flow);

	while (!courier_is_done(c))
		courier_turn(
		    c, atomic_load(&c->flow->is_draining) ? DRAIN_TURN_MS : LONGEST_TURN_MS);
	courier_free(c);
	return NULL;
}
