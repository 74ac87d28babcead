/*
 * Stage settle: the scribe thread. Outcomes become records, in groups:
 *
 *     history stream (PubAck) -> LMDB (synced) -> the broker's acks
 *
 * in this order, so that whatever happens in between is repeated harmlessly: a batch applied
 * twice changes nothing, and an event that comes back finds in the ledger what is done. Nothing
 * is acked before both are safe. While either cannot be written, the scribe waits, no room is
 * left in hand, intake stops pulling, and the stream is the buffer.
 */
#include <sodium.h>

#include "carillon/index/history_batch.h"
#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "admit.h"
#include "commit.h"
#include "record.h"
#include "rule_keys.h"
#include "carillon/index/retention.h"
#include "retry.h"
#include "nak_slots.h"

enum {
	INBOX_WAIT_MS = 200,
	ENOUGH = 256, /* outcomes worth a commit at once */
	SEEN_AFTER_MS =
	    1500, /* then what is in hand has a record, within 2 s with its commit */
	MORE_PAUSE_MS = 1000, /* until an event's further deliveries have their turn */
};

struct scribe {
	struct flow *flow;
	struct settings_view settings;
	struct retry_policy policy; /* of them */
	struct nak_slots *slots;
	struct commit *commit;
	struct repeats *repeats;
	struct retention retention;
	struct batch batch;
	struct list inbox;   /* not yet looked at */
	struct list touched; /* handoffs in the batch: what to go on with after the commit */
	uint64_t random; /* for jitter; not a secret, and a system call less for each event */
	wall_t now;
	mono_t mono_now;
	int64_t safe_us; /* clock_mono_us, when the last batch was */
};

/* --- deciding --- */

static struct str
slot_key(struct scribe *s, const struct delivery *d)
{
	return arena_printf(
	    s->batch.arena, "%.*s/%.*s", STR_ARG(d->connection_key), STR_ARG(d->channel));
}

/* A short retry needs a slot at the broker; without one it is parked until the same time. */
static void
place(struct scribe *s, struct delivery *d)
{
	int64_t wait_ms = d->due.ms - s->now.ms;
	mono_t until = mono_after(s->mono_now, wait_ms > 0 ? wait_ms : 0);

	if (d->state != DELIVERY_RETRYING)
		return;
	if (d->message->origin == ORIGIN_LEDGER ||
	    !nak_slots_take(s->slots, slot_key(s, d), s->mono_now, until))
		delivery_park_instead(d);
}

static void
count_state(struct flow *f, enum delivery_state state)
{
	switch (state) {
	case DELIVERY_DELIVERED: FLOW_COUNT(f, deliveries_delivered); break;
	case DELIVERY_RETRYING: FLOW_COUNT(f, deliveries_retrying); break;
	case DELIVERY_PARKED: FLOW_COUNT(f, deliveries_parked); break;
	case DELIVERY_HELD: FLOW_COUNT(f, deliveries_held); break;
	case DELIVERY_FAILED: FLOW_COUNT(f, deliveries_failed); break;
	default: FLOW_COUNT(f, deliveries_other); break;
	}
}

static uint32_t
next_random(struct scribe *s)
{
	/* xorshift64 */
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return (uint32_t)(s->random >> 32);
}

static void
count_repeat(struct scribe *s, struct delivery *d)
{
	if (!d->is_counted)
		d->suppressed = repeats_count(s->repeats, d);
	delivery_reword(d, arena_printf(d->arena, "%.*s; counted (%u so far), not posted",
			       STR_ARG(d->reason), d->suppressed));
}

static void
put_trouble(struct flow *f, const struct trouble *t)
{
	if (!troubles_put(f->troubles, t, clock_mono()))
		FLOW_COUNT(f, ops_dropped);
}

/* With its workspace: told as one, with the count. */
static void
tell_orphan(struct scribe *s, const struct delivery *d)
{
	struct trouble t = {.kind = TROUBLE_CANCELED, .seq = d->message->seq};

	str_copy(t.workspace, sizeof(t.workspace), d->message->event.workspace);
	str_copy(t.reason, sizeof(t.reason), d->reason);
	put_trouble(s->flow, &t);
}

/* The delivery's last word: its state is decided and its record goes into the batch. */
static void
settle_delivery(struct scribe *s, struct delivery *d, enum batch_join join)
{
	struct message *m = d->message;

	if (delivery_is_open(d))
		retry_decide(&s->policy, d, s->now, next_random(s));
	if (d->suppressed > 0)
		count_repeat(s, d);
	place(s, d);
	count_state(s->flow, d->state);
	if (d->is_orphan)
		tell_orphan(s, d);
	m->open--;
	if (d->state == DELIVERY_RETRYING) {
		int64_t wait_ms = d->due.ms > s->now.ms ? d->due.ms - s->now.ms : 0;

		if (m->nak_delay_ms < 0 || wait_ms < m->nak_delay_ms)
			m->nak_delay_ms = wait_ms;
	}
	record_delivery(&s->batch, d, join, active_handout(s->flow->active, m), s->now);
	record_members(&s->batch, d, s->now);
}

/* The event's record comes with one for each of its deliveries, so that an event the ledger
 * knows never gains or loses a delivery. Returns how the one that brings its own is recorded.
 */
static enum batch_join
add_event(struct scribe *s, struct message *m, const struct delivery *with_its_own)
{
	if (m->is_known || m->is_recorded)
		return BATCH_APART;
	m->is_recorded = true;
	record_event(&s->batch, m);
	/* What the courier has of them meanwhile is not looked at: it comes later. */
	for (int i = 0; i < m->n_deliveries; i++) {
		const struct delivery *d = &m->deliveries[i];

		if (d != with_its_own)
			record_pending(
			    &s->batch, d, active_handout(s->flow->active, m), s->now);
	}
	return with_its_own != NULL ? BATCH_JOINED : BATCH_APART;
}

/* From intake or the ledger: nothing of it is to be sent. */
static void
take_message(struct scribe *s, struct message *m)
{
	enum batch_join join = add_event(s, m, m->n_deliveries == 1 ? &m->deliveries[0] : NULL);

	for (int i = 0; i < m->n_deliveries; i++)
		if (!delivery_is_open(&m->deliveries[i]))
			settle_delivery(s, &m->deliveries[i], join);
	if (m->is_set_aside)
		FLOW_COUNT(s->flow, events_set_aside);
	else if (m->n_deliveries == 0 && !m->is_known && m->failure.len == 0)
		FLOW_COUNT(s->flow, events_unmatched);
}

/* Before it leaves. */
static void
claim(struct scribe *s, struct delivery *d, enum batch_join join)
{
	struct message *m = d->message;

	delivery_claim(d);
	record_delivery(&s->batch, d, join,
	    m->origin == ORIGIN_LEDGER ? (struct handout){0}
				       : active_handout(s->flow->active, m),
	    s->now);
	record_members(&s->batch, d, s->now);
}

static void
take_delivery(struct scribe *s, struct delivery *d)
{
	enum batch_join join = add_event(s, d->message, d);

	if (delivery_wants_claim(d))
		claim(s, d, join);
	else
		settle_delivery(s, d, join);
}

/* Not decided, but to be seen: it was tried, and waits. */
static void
take_progress(struct scribe *s, const struct progress *p)
{
	void *record;

	(void)add_event(s, p->message, NULL);
	must(record_unpack(&carillon__v1__delivery_record__descriptor, s->batch.arena,
	    p->record, &record, NULL)); /* packed by this process */
	((delivery_record *)record)->broker_deliveries =
	    active_handout(s->flow->active, p->message).deliveries;
	batch_add_delivery(&s->batch, record, BATCH_APART);
}

/* --- going on, once the batch is safe --- */

static void
tell_broker(struct scribe *s, const struct message *m)
{
	struct broker *b = s->flow->parts.broker;
	struct err e = {0};
	bool ok;

	if (m->failure.len > 0)
		ok = broker_term(b, m->reply, &e);
	else if (m->has_more)
		ok = broker_nak(b, m->reply, MORE_PAUSE_MS, &e);
	else if (m->nak_delay_ms >= 0)
		ok = broker_nak(b, m->reply, m->nak_delay_ms, &e);
	else
		ok = broker_ack(b, m->reply, &e);
	/* The broker sends it again, and the ledger knows what is done. */
	if (!ok)
		log_debug("scribe.ack", L_INT("seq", m->seq), L_STR("error", e.text));
}

static void
tell_operator(struct scribe *s, const struct delivery *d)
{
	struct trouble t = {.seq = d->message->seq};

	if (!d->has_outcome)
		return;
	if (d->outcome.verdict == VERDICT_HOLD_CONNECTION)
		t.kind = TROUBLE_CONNECTION_BROKEN;
	else if (d->outcome.verdict == VERDICT_HOLD_RULE)
		t.kind = TROUBLE_RULE_HELD;
	else if (d->state == DELIVERY_FAILED)
		t.kind = TROUBLE_EXHAUSTED;
	else
		return;
	str_copy(t.workspace, sizeof(t.workspace), d->message->event.workspace);
	str_copy(t.event_id, sizeof(t.event_id), d->message->event.id);
	str_copy(t.rule, sizeof(t.rule), d->rule_id);
	if (d->rule != NULL)
		str_copy(t.connection, sizeof(t.connection), d->rule->connection_id);
	if (d->rule != NULL && d->rule->connection != NULL)
		credential_mark(t.credential, d->rule->connection->sealed);
	str_copy(t.channel, sizeof(t.channel), d->channel);
	str_copy(t.code, sizeof(t.code), str_of(d->outcome.error_code));
	str_copy(t.reason, sizeof(t.reason), d->reason);
	str_copy(t.action, sizeof(t.action), d->remedy.action);
	t.repair = d->remedy.repair;
	if (d->digest != NULL)
		t.count = 1 + (uint64_t)d->digest->n;
	put_trouble(s->flow, &t);
}

static void
tell_undecodable(struct scribe *s, const struct message *m)
{
	struct trouble t = {.kind = TROUBLE_UNDECODABLE, .seq = m->seq};

	str_copy(t.workspace, sizeof(t.workspace), m->event.workspace);
	str_copy(t.event_id, sizeof(t.event_id), m->event.id);
	str_copy(t.reason, sizeof(t.reason), m->failure);
	str_copy(t.action, sizeof(t.action), STR("correct the producer"));
	t.repair = REPAIR_SUPPORT;
	put_trouble(s->flow, &t);
}

/* Nothing is open any more: the broker gets its answer and the message ends here. */
static void
let_go(struct scribe *s, struct message *m)
{
	if (m->origin == ORIGIN_STREAM)
		tell_broker(s, m);
	if (m->failure.len > 0)
		tell_undecodable(s, m);
	admit_end(s->flow, m);
	message_free(m);
}

static void
all_settled(struct scribe *s, struct message *m)
{
	for (int i = 0; i < m->n_deliveries; i++)
		admit_settled(s->flow, &m->deliveries[i]);
}

static void
go_on(struct scribe *s, struct handoff *h)
{
	struct message *m;

	if (h->kind == HANDOFF_PROGRESS) { /* its delivery comes later */
		CONTAINER_OF(h, struct progress, handoff)->message->in_batch--;
		return;
	}
	if (h->kind == HANDOFF_DELIVERY) {
		struct delivery *d = CONTAINER_OF(h, struct delivery, handoff);

		m = d->message;
		m->in_batch--;
		if (delivery_is_open(d)) { /* it is claimed */
			must(queue_try_put(s->flow->to_courier, &h->link));
			return;
		}
		if (d->has_outcome)
			FLOW_TOOK(s->flow, answered_settled, s->safe_us - d->stage_us);
		tell_operator(s, d);
		admit_settled(s->flow, d);
		/* Several deliveries of one message may be in one batch: the last one ends it.
		 */
		if (m->open > 0 || m->in_batch > 0)
			return;
	} else {
		m = CONTAINER_OF(h, struct message, handoff);
		m->in_batch--;
		all_settled(s, m);
		if (m->is_set_aside)
			budget_stored(s->flow->budget, m->event.workspace, m->seq);
	}
	let_go(s, m);
}

/* --- the loop --- */

static struct message *
message_of(struct handoff *h)
{
	switch (h->kind) {
	case HANDOFF_MESSAGE: return CONTAINER_OF(h, struct message, handoff);
	case HANDOFF_PROGRESS: return CONTAINER_OF(h, struct progress, handoff)->message;
	case HANDOFF_DELIVERY: break;
	}
	return CONTAINER_OF(h, struct delivery, handoff)->message;
}

static void
fill_batch(struct scribe *s)
{
	struct list *first;

	s->now = clock_wall();
	s->mono_now = clock_mono();
	while (!list_is_empty(&s->inbox)) {
		struct handoff *h = CONTAINER_OF(s->inbox.next, struct handoff, link);
		struct message *m = message_of(h);

		if (batch_is_full(&s->batch))
			return;
		first = list_take_first(&s->inbox);
		list_append(&s->touched, first);
		m->in_batch++;
		if (h->kind == HANDOFF_MESSAGE)
			take_message(s, m);
		else if (h->kind == HANDOFF_PROGRESS)
			take_progress(s, CONTAINER_OF(h, struct progress, handoff));
		else
			take_delivery(s, CONTAINER_OF(h, struct delivery, handoff));
	}
}

/* Returns false when the batch could not be written before everything was abandoned. */
static bool
write_batch(struct scribe *s)
{
	struct list *first;

	if (s->batch.n > 0 && !commit_batch(s->commit, &s->batch))
		return false;
	s->safe_us = clock_mono_us();
	FLOW_COUNT(s->flow, batches);
	FLOW_COUNT_N(s->flow, batch_entries, s->batch.n);
	batch_clear(&s->batch);
	while ((first = list_take_first(&s->touched)) != NULL)
		go_on(s, CONTAINER_OF(first, struct handoff, link));
	if (places_wants_return(s->flow->places) || active_has_called(s->flow->active))
		flow_call_ledger(s->flow);
	return true;
}

/* What has waited for a while is to be seen, though nothing of it is decided. False as
 * write_batch. */
static bool
show_waiting(struct scribe *s)
{
	struct message *waiting[ACTIVE_UNSEEN_MAX];
	size_t n;

	s->now = clock_wall();
	do {
		n = active_unseen(s->flow->active, clock_mono(), SEEN_AFTER_MS, waiting);
		for (size_t i = 0; i < n; i++)
			(void)add_event(s, waiting[i], NULL);
		if (s->batch.n > 0 && !write_batch(s))
			return false;
	} while (n == ACTIVE_UNSEEN_MAX);
	return true;
}

static struct retry_policy
retry_policy_of(const struct config *c)
{
	struct retry_policy p = {
	    .jitter_percent = c->retry_jitter_percent,
	    .nak_delay_max_ms = c->nak_delay_max_s * 1000,
	};
	struct err e = {0};

	must(
	    config_retry_schedule(c->retry_schedule_s, &p.schedule, &e)); /* config_check did */
	return p;
}

static void
take_settings(struct scribe *s)
{
	const struct config *c = &s->settings.config;

	if (!settings_take(s->flow->settings, &s->settings))
		return;
	s->policy = retry_policy_of(c);
	nak_slots_set_limits(s->slots, c->nak_slots_max, c->nak_slots_lane_max);
	s->retention.max_age_ms = c->history_max_age_s * 1000;
	s->retention.max_bytes = (uint64_t)c->history_max_mb * 1024 * 1024;
}

struct scribe *
scribe_new(struct flow *f)
{
	struct scribe *s = calloc(1, sizeof(*s));

	must(s != NULL);
	s->flow = f;
	s->slots = nak_slots_new(0, 0);
	s->commit = commit_new(f);
	s->repeats = repeats_new();
	s->retention.store = f->parts.store;
	take_settings(s);
	randombytes_buf(&s->random, sizeof(s->random));
	s->random |= 1; /* never 0 */
	batch_init(&s->batch);
	list_init(&s->inbox);
	list_init(&s->touched);
	return s;
}

void
scribe_free(struct scribe *s)
{
	batch_fini(&s->batch);
	commit_free(s->commit);
	repeats_free(s->repeats);
	nak_slots_free(s->slots);
	free(s);
}

bool
scribe_turn(struct scribe *s, int64_t wait_ms)
{
	size_t n = queue_wait_all(s->flow->to_scribe, &s->inbox, wait_ms);

	take_settings(s);
	if (n > 0 && n < ENOUGH && wait_ms > 0 && !atomic_load(&s->flow->is_draining)) {
		/* A commit costs the disk the same for one outcome as for many, and while the
		 * disk is busy with it the broker's own writes wait too. */
		clock_sleep(s->settings.config.commit_wait_ms);
		queue_take_all(s->flow->to_scribe, &s->inbox);
	}
	while (!list_is_empty(&s->inbox)) {
		fill_batch(s);
		if (!write_batch(s))
			return false;
	}
	if (!show_waiting(s))
		return false;
	retention_turn(&s->retention, clock_mono(), clock_wall());
	return true;
}

bool
scribe_is_done(struct scribe *s)
{
	if (atomic_load(&s->flow->is_abandoned))
		return true;
	return atomic_load(&s->flow->is_draining) && active_count(s->flow->active) == 0;
}

void *
scribe_run(void *flow)
{
	struct scribe *s = scribe_new(flow);

	while (!scribe_is_done(s) && scribe_turn(s, INBOX_WAIT_MS))
		;
	scribe_free(s);
	return NULL;
}
