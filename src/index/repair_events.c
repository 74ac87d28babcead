/*
 * The events stream. The index knows which events there were, not what they said: those that
 * are gone are gone. What it can see to is that nobody is given another one's event:
 *
 *     1 ...... good | good+1 .... end              other events, stored since
 *     1 ...... good | (deleted)     ... used up ... | good+1 .... end, again
 *                                                 floor
 *
 * The sequences that anybody may remember (the index, the consumer, and what a life may have
 * had in hand beyond them) are used up, events stored under one of them are put behind, in
 * their order, and what was still to be delivered of the lost ones fails and says why.
 */
#include <sodium.h>
#include <stdio.h>

#include "carillon/index/active_limit.h"
#include "carillon/index/event_bytes.h"
#include "carillon/index/catch_up.h"
#include "carillon/index/history_batch.h"
#include "carillon/base/clock.h"
#include "carillon/rules/event.h"
#include "carillon/base/log.h"
#include "carillon/index/repair.h"

enum { PUBLISH_WAIT_MS = 10000 };

/* --- events that stand under a lost one's sequence --- */

/* The server's memory of message ids is short, the ledger's of event ids long: a copy made
 * twice must have one id. In protobuf a field that comes again replaces the first. */
struct str
repair_with_id(
    struct arena *a, struct str bytes, struct str subject, uint64_t seq, wall_t stored_at)
{
	enum { ID_LEN = 28, TAG_ID = 1 << 3 | 2 };
	uint8_t hash[crypto_generichash_BYTES_MIN];
	char hex[2 * sizeof(hash) + 1], *out;
	struct arena *body = arena_new(0);
	struct str name;
	void *event;
	bool has_none =
	    record_unpack(&carillon__v1__event__descriptor, body, bytes, &event, NULL) &&
	    ((event_message *)event)->id[0] == '\0' &&
	    bytes.len + ID_LEN + 2 <= EVENT_BYTES_MAX;

	arena_free(body);
	if (!has_none)
		return bytes;
	name = arena_printf(a, "%.*s\n%llu\n%lld", STR_ARG(subject), (unsigned long long)seq,
	    (long long)stored_at.ms);
	crypto_generichash(hash, sizeof(hash), (const uint8_t *)name.ptr, name.len, NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	out = arena_must(a, bytes.len + ID_LEN + 3);
	if (bytes.len > 0)
		memcpy(out, bytes.ptr, bytes.len);
	snprintf(out + bytes.len, ID_LEN + 3, "%c%cevt_%.24s", TAG_ID, ID_LEN, hex);
	return (struct str){out, bytes.len + ID_LEN + 2};
}

static bool
move(const struct index_parts *p, const struct broker_message *m, struct err *e)
{
	struct arena *a = arena_new(0);
	/* Headers are not moved: what they say becomes part of the event. */
	const struct str bytes =
	    repair_with_id(a, event_bytes(m, a), m->subject, m->seq, m->stored_at);
	char id[80];
	bool ok;

	snprintf(id, sizeof(id), "moved-%llu-%lld", (unsigned long long)m->seq,
	    (long long)m->stored_at.ms);
	ok = broker_publish(p->broker,
		 &(struct publication){arena_cstr(a, m->subject), bytes, id, PUBLISH_WAIT_MS},
		 NULL, e) &&
	     broker_erase(p->broker, STREAM_EVENTS, m->seq, e);
	arena_free(a);
	return ok;
}

/* Whether the index has it already, under this very sequence: by a service that ran. */
static bool
is_known(const struct index_parts *p, const struct broker_message *m)
{
	struct arena *a = arena_new(0);
	struct txn *t = txn_read(p->store, STORE_HISTORY);
	const event_record *rec = history_event(t, a, m->seq);
	const bool known =
	    rec != NULL && tail_is_same_event(p->broker, rec, str_of(rec->workspace), m);

	txn_end(t);
	arena_free(a);
	return known;
}

static bool
may_move(const struct index_parts *p, const struct broker_message *m)
{
	struct str workspace, type;

	return subject_parse_event(p->broker, m->subject, &workspace, &type) && !is_known(p, m);
}

struct moving {
	const struct index_parts *parts;
	uint64_t end; /* sequence of the last that is moved */
	uint64_t n;   /* were */
};

static bool
move_next(const struct broker_message *m, void *arg, struct err *e)
{
	struct moving *to = arg;

	if (m->seq > to->end || !may_move(to->parts, m))
		return true;
	if (!move(to->parts, m, e))
		return false;
	to->n++;
	return true;
}

static bool
move_all(const struct index_parts *p, const struct tail *tail, uint64_t *n, struct err *e)
{
	struct moving moving = {.parts = p, .end = tail->end};
	bool ok =
	    tail->good >= tail->end || broker_read_each(p->broker,
					   &(struct stream_span){STREAM_EVENTS, "events stream",
					       tail->good + 1, tail->end},
					   move_next, &moving, e);

	*n += moving.n;
	return ok;
}

/* --- what was to be delivered of the lost ones --- */

struct losses {
	const struct index_parts *parts;
	struct txn *history;
	struct batch batch;
	wall_t now;
	uint64_t last;      /* sequence of the newest in the batch */
	uint64_t looked_at; /* whether the event of this sequence is there, */
	bool is_there;
	struct err *err;
};

/* One that came since may be known, and there. */
static bool
look_for_event(struct losses *l, const delivery_record *d)
{
	struct broker *b = l->parts->broker;
	struct arena *a;
	struct broker_message m;

	if (d->seq == l->looked_at)
		return true;
	l->is_there = false;
	l->looked_at = d->seq;
	if (!broker_get(b, STREAM_EVENTS, d->seq, &m, l->err))
		return l->err->kind == ERR_NOT_FOUND;
	a = arena_new(0);
	l->is_there = tail_is_same_event(
	    b, history_event(l->history, a, d->seq), str_of(d->workspace), &m);
	arena_free(a);
	broker_message_free(&m);
	return true;
}

static void
fail_delivery(struct losses *l, const delivery_record *d)
{
	delivery_record *rec = ARENA_NEW(l->batch.arena, delivery_record);

	*rec = *d;
	rec->state = (Carillon__V1__DeliveryState)DELIVERY_FAILED;
	rec->updated_ms = l->now.ms;
	rec->due_ms = 0;
	rec->broker_deliveries = rec->broker_consumer = 0;
	rec->reason = (char *)(uintptr_t) "the event is no longer in the stream: the broker "
					  "lost it before it could be delivered";
	rec->action = (char *)(uintptr_t) "publish the event again, under another id";
	rec->repair = CARILLON__V1__REPAIR__REPAIR_SUPPORT;
	batch_add_delivery(&l->batch, rec, BATCH_APART);
	l->last = d->seq;
}

static bool
fail_one(const delivery_record *d, void *arg)
{
	struct losses *l = arg;

	if (!look_for_event(l, d))
		return false;
	*l->err = (struct err){0};
	if (!l->is_there)
		fail_delivery(l, d);
	return !batch_is_full(&l->batch);
}

/* The stream is asked within the transaction: nobody else writes yet. */
static bool
gather_losses(struct losses *l, uint64_t from)
{
	struct err *e = l->err;

	*e = (struct err){0};
	batch_clear(&l->batch);
	l->looked_at = 0;
	l->history = txn_read(l->parts->store, STORE_HISTORY);
	ledger_each_open(l->history, l->batch.arena, from, fail_one, l);
	return txn_finish(l->history, e->kind == ERR_NONE ? e : NULL) && e->kind == ERR_NONE;
}

static bool
record_losses(const struct index_parts *p, struct losses *l, struct err *e)
{
	const size_t limit = batch_limit(p->broker);
	struct str bytes;

	while (batch_take(&l->batch, limit, p->config->node_name, &bytes))
		if (!broker_publish(p->broker,
			&(struct publication){
			    p->partition->history, bytes, NULL, PUBLISH_WAIT_MS},
			NULL, e))
			return false;
	return history_catch_up(p->broker, p->store, e);
}

static bool
fail_all(const struct index_parts *p, uint64_t good, uint64_t *n, struct err *e)
{
	struct losses l = {.parts = p, .now = clock_wall(), .err = e};
	uint64_t from = good + 1;
	bool ok;

	batch_init(&l.batch);
	while ((ok = gather_losses(&l, from)) && l.batch.n > 0) {
		from = l.last;
		*n += l.batch.n;
		ok = record_losses(p, &l, e);
		if (!ok)
			break;
	}
	batch_fini(&l.batch);
	return ok;
}

/* --- all --- */

static bool
write_tail(struct txn *t, void *arg, struct err *e)
{
	const struct tail *tail = arg; /* NULL: it is done */

	(void)e;
	store_set_number(t, STORE_EVENTS_GOOD, tail == NULL ? 0 : tail->good + 1);
	store_set_number(t, STORE_EVENTS_END, tail == NULL ? 0 : tail->end);
	return true;
}

static bool
use_up(const struct index_parts *p, const struct tail *tail, struct err *e)
{
	struct consumer_info consumer;
	uint64_t beyond, floor = tail->applied > tail->end ? tail->applied : tail->end;

	if (!broker_consumer_info(p->broker, &consumer, e) ||
	    !active_limit_most(p->store, (uint64_t)p->config->active_max, &beyond, e))
		return false;
	if (consumer.delivered_seq > floor)
		floor = consumer.delivered_seq;
	/* Sequences that close beyond it would be taken for possibly posted. */
	return broker_use_up_events(p->broker, floor + beyond, e);
}

bool
repair_events(const struct index_parts *p, struct err *e)
{
	uint64_t moved = 0, failed = 0;
	struct tail tail;
	char done[200];
	bool needed;

	if (!repair_is_needed(p, STREAM_EVENTS, &tail, &needed, e))
		return false;
	if (!needed)
		return true;
	if (!store_write(p->store, STORE_HISTORY, write_tail, &tail, e) ||
	    !use_up(p, &tail, e) || !move_all(p, &tail, &moved, e) ||
	    !fail_all(p, tail.good, &failed, e) ||
	    !store_write(p->store, STORE_HISTORY, write_tail, NULL, e))
		return fail_within(e, "repair of stream %s", tail.info.name);
	snprintf(done, sizeof(done),
	    "%llu events stored since were put at its end, %llu deliveries of lost ones "
	    "failed",
	    (unsigned long long)moved, (unsigned long long)failed);
	repair_is_done(p, &tail, done);
	return true;
}
