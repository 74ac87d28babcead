#include "record.h"

#include "attempt.h"
#include "carillon/base/arena.h"
#include "digest.h"

static char *
text(struct batch *b, struct str s)
{
	return arena_cstr(b->arena, s);
}

static Carillon__V1__EventStatus
status_of(const struct message *m)
{
	if (m->failure.len > 0)
		return CARILLON__V1__EVENT_STATUS__EVENT_STATUS_FAILED;
	return m->is_set_aside ? CARILLON__V1__EVENT_STATUS__EVENT_STATUS_WAITING
	                       : CARILLON__V1__EVENT_STATUS__EVENT_STATUS_RECEIVED;
}

/* What was mended, or would have been: of a failed event too. */
static void
put_warnings(struct batch *b, event_record *rec, const struct json_flaws *flaws)
{
	if (flaws == NULL)
		return;
	rec->warnings = ARENA_ARRAY(b->arena, event_warning *, JSON_FLAWS);
	for (int i = 0; i < JSON_FLAWS; i++) {
		event_warning *w;

		if (flaws->count[i] == 0)
			continue;
		w = ARENA_NEW(b->arena, event_warning);
		carillon__v1__event_warning__init(w);
		w->flaw = (Carillon__V1__PayloadFlaw)(i + 1);
		w->count = flaws->count[i];
		w->line = (uint32_t)flaws->line[i];
		w->column = (uint32_t)flaws->column[i];
		rec->warnings[rec->n_warnings++] = w;
	}
}

static void
put_foreign_test(struct batch *b, event_record *rec)
{
	event_warning **all = ARENA_ARRAY(b->arena, event_warning *, rec->n_warnings + 1);
	event_warning *w = ARENA_NEW(b->arena, event_warning);

	carillon__v1__event_warning__init(w);
	w->flaw = CARILLON__V1__PAYLOAD_FLAW__PAYLOAD_FLAW_FOREIGN_TEST;
	w->count = 1;
	if (rec->n_warnings > 0)
		memcpy(all, rec->warnings, rec->n_warnings * sizeof(*all));
	all[rec->n_warnings++] = w;
	rec->warnings = all;
}

void
record_event(struct batch *b, const struct message *m)
{
	event_record *rec = ARENA_NEW(b->arena, event_record);
	const struct event *ev = &m->event;

	carillon__v1__event_record__init(rec);
	rec->workspace = text(b, ev->workspace);
	rec->event_id = text(b, ev->id);
	rec->seq = m->seq;
	rec->type = text(b, ev->type);
	rec->resource = text(b, ev->resource);
	rec->resource_id = text(b, ev->resource_id);
	rec->received_ms = m->received_at.ms;
	rec->time_ms = ev->time.ms;
	rec->status = status_of(m);
	rec->matched = m->matched;
	rec->reason = text(b, m->is_set_aside ? STR("waiting its turn: this workspace's rules "
						    "have taken as much work as they may")
					      : m->failure);
	rec->severity = text(b, m->severity);
	put_warnings(b, rec, ev->flaws);
	if (m->has_foreign_test)
		put_foreign_test(b, rec);
	batch_add_event(b, rec, BATCH_APART);
}

/* Those of earlier lives, then those of this one; the oldest go when there are too many. */
static void
put_attempts(struct batch *b, delivery_record *rec, const struct delivery *d)
{
	size_t before = d->before == NULL ? 0 : d->before->n_attempts;
	size_t all = before + d->n_attempts;
	size_t skip = all > ATTEMPTS_KEPT ? all - ATTEMPTS_KEPT : 0;

	rec->attempts = ARENA_ARRAY(b->arena, attempt_record *, all - skip + 1);
	for (size_t i = skip; i < all; i++)
		rec->attempts[rec->n_attempts++] =
		    i < before ? d->before->attempts[i] : d->attempts[i - before];
}

static void
put_identity(struct batch *b, delivery_record *rec, const struct delivery *d)
{
	const struct message *m = d->message;

	rec->workspace = text(b, m->event.workspace);
	rec->event_id = text(b, m->event.id);
	rec->seq = m->seq;
	rec->rule = text(b, d->rule_id);
	rec->connection = d->rule != NULL     ? text(b, d->rule->connection_id)
	                  : d->before != NULL ? d->before->connection
	                                      : text(b, (struct str){0});
	rec->channel = d->rule != NULL     ? text(b, d->channel)
	               : d->before != NULL ? d->before->channel
	                                   : text(b, (struct str){0});
}

/* Reads only what was decided before the delivery went to the courier. */
static delivery_record *
record_of(struct batch *b, const struct delivery *d, enum delivery_state state,
    struct handout handout, wall_t now)
{
	delivery_record *rec = ARENA_NEW(b->arena, delivery_record);

	carillon__v1__delivery_record__init(rec);
	put_identity(b, rec, d);
	rec->state = (Carillon__V1__DeliveryState)state;
	rec->created_ms = d->before != NULL ? d->before->created_ms : now.ms;
	rec->updated_ms = now.ms;
	rec->broker_deliveries = handout.deliveries;
	if (state == DELIVERY_RETRYING)
		rec->broker_consumer = handout.consumer;
	return rec;
}

void
record_pending(struct batch *b, const struct delivery *d, struct handout handout, wall_t now)
{
	/* Of an event that the broker will not bring again the ledger does. */
	const bool is_the_ledgers = d->message->origin == ORIGIN_LEDGER;
	delivery_record *rec =
	    record_of(b, d, is_the_ledgers ? DELIVERY_PARKED : DELIVERY_PENDING, handout, now);

	if (is_the_ledgers)
		rec->due_ms = now.ms;
	rec->reason = text(b, is_the_ledgers ? STR("waiting its turn")
					     : STR("in its channel's queue, or being sent"));
	batch_add_delivery(b, rec, BATCH_JOINED);
}

/* What was settled before its keys were made keeps those of its record. */
static char *
key_text(struct batch *b, const struct delivery *d, enum key_use use, char *before)
{
	return d->key[use].len > 0 || d->before == NULL ? text(b, d->key[use]) : before;
}

static void
put_keys(struct batch *b, delivery_record *rec, const struct delivery *d)
{
	const delivery_record *old = d->before;

	rec->thread_key = key_text(b, d, KEY_THREAD, old != NULL ? old->thread_key : NULL);
	rec->update_key = key_text(b, d, KEY_UPDATE, old != NULL ? old->update_key : NULL);
	/* Who waits for another message of the key does not stand for it. */
	if (!d->waits_for_key)
		rec->dedupe_key =
		    key_text(b, d, KEY_DEDUPE, old != NULL ? old->dedupe_key : NULL);
}

struct str
record_progress(const struct delivery *d, wall_t due, wall_t now, struct arena *a)
{
	struct batch b = {.arena = arena_new(0)};
	delivery_record *rec = record_of(&b, d, DELIVERY_PENDING, (struct handout){0}, now);
	struct str bytes;

	must(d->before == NULL);
	rec->spent = d->spent;
	rec->maybe_posted = d->maybe_posted;
	rec->degraded = d->degraded;
	rec->reason = text(&b, str_of(d->outcome.reason));
	rec->action = text(&b, str_of(d->outcome.action));
	rec->repair = (Carillon__V1__Repair)d->outcome.repair;
	rec->due_ms = due.ms;
	put_attempts(&b, rec, d);
	bytes = record_pack(a, rec);
	arena_free(b.arena);
	return bytes;
}

void
record_delivery(struct batch *b, const struct delivery *d, enum batch_join join,
    struct handout handout, wall_t now)
{
	delivery_record *rec = record_of(b, d, d->state, handout, now);

	rec->spent = d->spent;
	rec->maybe_posted = d->maybe_posted;
	rec->degraded = d->degraded;
	rec->digest = d->is_for_digest || d->digest != NULL;
	rec->overflow = d->is_overflow && d->state == DELIVERY_PARKED;
	rec->suppressed = d->suppressed;
	rec->replay =
	    d->before != NULL && d->replay.len == 0 ? d->before->replay : text(b, d->replay);
	rec->shown_by = d->shown_by;
	put_keys(b, rec, d);
	rec->thread_id = text(b, d->thread_id);
	rec->reason = text(b, d->state == DELIVERY_DELIVERED && d->digest != NULL
				  ? digest_sentence(d, b->arena)
				  : d->reason);
	rec->action = text(b, d->remedy.action);
	rec->repair = (Carillon__V1__Repair)d->remedy.repair;
	rec->due_ms = d->due.ms;
	if (d->state == DELIVERY_SKIPPED && d->before != NULL) {
		rec->message_id = d->before->message_id;
		rec->message_channel = d->before->message_channel;
	}
	if (d->has_outcome) {
		rec->message_id = text(b, str_of(d->outcome.message_id));
		rec->message_channel = text(b, str_of(d->outcome.message_channel));
	}
	put_attempts(b, rec, d);
	batch_add_delivery(b, rec, join);
}

static void
add_member(struct batch *b, const struct delivery *d, const delivery_record *before, wall_t now)
{
	delivery_record *rec = ARENA_NEW(b->arena, delivery_record);

	*rec = *before;
	rec->state = (Carillon__V1__DeliveryState)d->state;
	rec->updated_ms = now.ms;
	rec->broker_deliveries = rec->broker_consumer = 0;
	rec->digest = true;
	rec->overflow = false;
	rec->maybe_posted = d->maybe_posted;
	rec->due_ms = d->due.ms;
	rec->reason = text(b, d->reason);
	rec->action = text(b, d->remedy.action);
	rec->repair = (Carillon__V1__Repair)d->remedy.repair;
	if (d->state == DELIVERY_DELIVERED) {
		rec->reason = text(b, digest_sentence(d, b->arena));
		rec->message_id = text(b, str_of(d->outcome.message_id));
		rec->message_channel = text(b, str_of(d->outcome.message_channel));
	}
	batch_add_delivery(b, rec, BATCH_APART);
}

void
record_members(struct batch *b, const struct delivery *d, wall_t now)
{
	for (int i = 0; d->digest != NULL && i < d->digest->n; i++)
		add_member(b, d, d->digest->members[i], now);
}
