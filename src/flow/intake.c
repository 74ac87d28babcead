/*
 * Stages ingest, decode, match, render: the intake thread. It pulls only what there is room
 * for, and nothing while a whole destination type is down: then the stream is the buffer.
 */
#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "carillon/index/lost_tail.h"
#include "admit.h"
#include "match.h"
#include "resume.h"

enum {
	PULL_WAIT_MS = 200, /* how soon a stop is noticed */
	SHUT_WAIT_MS = 100,
	REPAIR_PAUSE_MS = 1000,
	STORE_PAUSE_MS = 2000,  /* the index cannot be read right now */
	LEDGER_PAUSE_MS = 1000, /* until the ledger's deliveries of the event are settled */
	GIVE_BACK_WAIT_MS = 50,
	TOGETHER_MAX = 32, /* messages handed over at once */
};

struct intake {
	struct flow *flow;
	struct puller *puller; /* NULL until it could be opened */
	bool knows_consumer;   /* false: it is gone, or may be */
	uint64_t consumer;     /* consumer_info.id: who counts what is pulled */
	bool has_lost_tail;    /* the stream: nothing more is taken in this life */
	uint64_t highest;      /* sequence pulled in this life */
	mono_t not_before;     /* after a failure */
	struct onward onward;  /* taken, and not yet handed over */
};

static void
settle_now(const struct intake *in, struct str reply,
    bool (*how)(struct broker *, struct str, struct err *))
{
	struct err e;

	/* A lost word is harmless: the broker asks again and the ledger knows the answer. */
	if (!how(in->flow->parts.broker, reply, &e))
		log_debug("intake.settle", L_STR("error", e.text));
}

static void
come_back(const struct intake *in, const struct broker_message *bm, int64_t delay_ms)
{
	struct err e;

	if (!broker_nak(in->flow->parts.broker, bm->reply, delay_ms, &e))
		log_debug("intake.nak", L_STR("error", e.text));
}

/* A sequence that no event can have had before this one, so that a record of another one under
 * it is none that the service wrote: it is new, or the stream had it when we looked at it. */
static bool
is_its_first(const struct intake *in, const struct message *m)
{
	const struct doubt *at_start = &in->flow->doubt;

	if (m->seq <= at_start->last)
		return m->received_at.ms <= at_start->last_at.ms;
	return m->seq > in->highest;
}

/* A server that lost its newest events while we run gives their sequences to others. Nothing is
 * recorded under them: the next start puts such events at the end of the stream. */
static bool
is_of_another(struct intake *in, struct txn *history, struct message *m, struct err *e)
{
	const event_record *rec = m->is_known ? NULL : history_event(history, m->arena, m->seq);

	if (rec == NULL ||
	    (rec->received_ms == m->received_at.ms &&
		str_eq(str_of(rec->workspace), m->event.workspace)) ||
	    is_its_first(in, m))
		return false;
	in->has_lost_tail = true;
	if (tail_note_lost(in->flow->parts.store, m->seq, e))
		(void)fail(e, ERR_CORRUPT,
		    "the events stream lost its tail while the service ran: it gave sequence "
		    "%llu to another event; it is repaired at the next start",
		    (unsigned long long)m->seq);
	flow_break(in->flow, e);
	return true;
}

/* False when it is no event to be recorded: see above. */
static bool
fail_event(struct intake *in, struct message *m, struct str reason, struct err *e)
{
	struct txn *history = txn_read(in->flow->parts.store, STORE_HISTORY);
	bool ok = !is_of_another(in, history, m, e);

	txn_end(history);
	if (!ok)
		return false;
	m->failure = reason;
	message_deliveries(m, 0);
	FLOW_COUNT(in->flow, events_failed);
	return true;
}

/* What its workspace has no work left for is only recorded, unmatched; so is what comes after
 * such of the same workspace. */
static void
match_or_set_aside(struct intake *in, struct message *m)
{
	if (budget_allows(in->flow->budget, m->event.workspace, clock_mono()) &&
	    match_rules(m, EVENT_STEPS_MAX))
		return;
	m->is_set_aside = true;
	message_deliveries(m, 0);
}

/* Whether the event of that sequence could not be understood: then its producer has mended it
 * and sends it again, and this is no repeat. */
static bool
was_failed(const struct message *m, struct txn *history, uint64_t seq)
{
	const event_record *rec = history_event(history, m->arena, seq);

	return rec != NULL && rec->status == CARILLON__V1__EVENT_STATUS__EVENT_STATUS_FAILED;
}

/* An event that the ledger knows goes on as it says; one that it knows under another sequence
 * is a repeat. */
static bool
match_against_ledger(struct intake *in, struct message *m, bool *is_repeated, struct err *e)
{
	/* For this message only: a reader kept while waiting would pin old pages of the index.
	 */
	struct txn *history = txn_read(in->flow->parts.store, STORE_HISTORY);
	uint64_t known = ledger_seq(history, m->event.workspace, m->event.id);
	bool ok;

	if (known != 0 && known != m->seq && was_failed(m, history, known))
		known = 0;
	*is_repeated = known != 0 && known != m->seq;
	if (known == 0)
		match_or_set_aside(in, m);
	else if (known == m->seq)
		resume_from_stream(m, history, clock_wall());
	ok = txn_error(history) == NULL;
	if (!ok)
		*e = *txn_error(history);
	ok = ok && (*is_repeated || !is_of_another(in, history, m, e));
	txn_end(history);
	return ok;
}

/* Of a workspace that is gone: what the ledger knows is canceled, what it does not know is
 * nobody's. */
static bool
is_known(const struct intake *in, const struct message *m)
{
	struct txn *history = txn_read(in->flow->parts.store, STORE_HISTORY);
	const uint64_t seq = ledger_seq(history, m->event.workspace, m->event.id);

	txn_end(history);
	return seq != 0;
}

/* An event as the broker brought it, with what its subject says. */
struct incoming {
	const struct broker_message *bm;
	struct str workspace, type;
};

/* Fills the message from the broker's. True unless the index could not be read, or has another
 * event under its sequence. */
static bool
read_event(struct intake *in, struct message *m, const struct incoming *from, bool *is_repeated,
    struct err *e)
{
	*is_repeated = false;
	if (!message_decode(m, from->workspace, from->type, from->bm))
		return fail_event(in, m, m->failure, e);
	m->rules = rulebook_get(in->flow->rulebook, m->event.workspace, e);
	if (m->rules == NULL)
		return false;
	if (!m->rules->exists && !is_known(in, m))
		return fail_event(in, m,
		    STR("there is no such workspace: create it, or correct the "
			"producer's subject"),
		    e);
	return match_against_ledger(in, m, is_repeated, e);
}

static struct handout
handout_of(const struct intake *in, const struct broker_message *bm)
{
	return (struct handout){.consumer = in->consumer, .deliveries = bm->deliveries};
}

static struct message *
message_from(struct intake *in, const struct broker_message *bm)
{
	const struct doubt *doubt = &in->flow->doubt;
	struct message *m = message_new(ORIGIN_STREAM, bm->seq);

	m->reply = arena_str(m->arena, bm->reply);
	m->handout = handout_of(in, bm);
	m->counts_in_doubt =
	    maybe_counted_back(doubt, bm->seq, broker_reconnects(in->flow->parts.broker));
	m->received_at = bm->stored_at;
	if (bm->deliveries == 1)
		FLOW_TOOK(
		    in->flow, received_taken, (clock_wall().ms - bm->stored_at.ms) * 1000);
	m->is_repeat = bm->deliveries > 1 || maybe_posted_event(doubt, bm->seq, bm->stored_at);
	return m;
}

/* Sends the prepared message on its way, or lets it go. Takes it. */
static void
admit_or_answer(struct intake *in, struct message *m, const struct broker_message *bm)
{
	struct err e = {0};

	switch (admit(in->flow, m, &in->onward, clock_wall(), &e)) {
	case ADMITTED:
		/* It is not sent on before the turn's end. */
		if (m->is_set_aside)
			budget_set_aside(in->flow->budget, m->event.workspace);
		return;
	case REFUSED_SAME_MESSAGE: FLOW_COUNT(in->flow, events_in_hand); break;
	case REFUSED_BUSY: come_back(in, bm, LEDGER_PAUSE_MS); break;
	case REFUSED_SAME_EVENT:
		FLOW_COUNT(in->flow, events_repeated);
		settle_now(in, bm->reply, broker_ack);
		break;
	case REFUSED_UNREADABLE:
		log_error("intake.keys", L_STR("error", e.text), L_INT("seq", bm->seq));
		come_back(in, bm, STORE_PAUSE_MS);
		break;
	}
	message_free(m);
}

static void
ingest_event(struct intake *in, const struct incoming *from)
{
	const struct broker_message *bm = from->bm;
	struct message *m = message_from(in, bm);
	struct err e = {0};
	bool is_repeated;

	if (!read_event(in, m, from, &is_repeated, &e)) {
		log_error("intake.index", L_STR("error", e.text), L_INT("seq", bm->seq));
		come_back(in, bm, STORE_PAUSE_MS);
		message_free(m);
	} else if (is_repeated) {
		FLOW_COUNT(in->flow, events_repeated);
		settle_now(in, bm->reply, broker_ack);
		message_free(m);
	} else {
		admit_or_answer(in, m, bm);
	}
}

static void
ingest(struct intake *in, const struct broker_message *bm)
{
	struct incoming from = {.bm = bm};

	if (subject_is_filler(in->flow->parts.broker, bm->subject)) {
		settle_now(in, bm->reply, broker_ack);
		return;
	}
	FLOW_COUNT(in->flow, events_received);
	if (bm->deliveries > 1)
		FLOW_COUNT(in->flow, events_redelivered);
	if (active_notes_repeat(in->flow->active, bm->seq, handout_of(in, bm))) {
		FLOW_COUNT(in->flow, events_in_hand);
		return;
	}
	if (!subject_parse_event(
		in->flow->parts.broker, bm->subject, &from.workspace, &from.type)) {
		/* Nobody's: there is no workspace to record it under. */
		log_error("intake.subject", L_STRN("subject", bm->subject),
		    L_INT("seq", bm->seq),
		    L_STR("reason", "not <prefix>.events.<workspace>.<type>; discarded"));
		FLOW_COUNT(in->flow, events_failed);
		settle_now(in, bm->reply, broker_term);
		return;
	}
	ingest_event(in, &from);
}

/* The consumer or a stream is gone: it is made again before more is pulled. */
static void
doubt_consumer(struct intake *in, const struct err *why)
{
	log_error("intake.consumer", L_STR("error", why->text));
	in->knows_consumer = false;
}

static void
pause_after(struct intake *in, const char *verb, const struct err *why)
{
	log_error(verb, L_STR("error", why->text));
	in->not_before = mono_after(clock_mono(), REPAIR_PAUSE_MS);
}

/* Makes the consumer again if we may. Who it is must be known before anything is pulled: made
 * anew unnoticed it is taken for the earlier one, but only by this life, which knows what it
 * did meanwhile. */
static bool
know_consumer(struct intake *in)
{
	struct broker *b = in->flow->parts.broker;
	struct consumer_info info;
	struct err e = {0};

	if (!broker_ensure(b, &e) || !broker_consumer_info(b, &info, &e)) {
		pause_after(in, "intake.repair", &e);
		if (e.kind == ERR_SETUP)
			flow_break(in->flow, &e);
		return false;
	}
	log_info(
	    "intake.repaired", L_STR("consumer", "made again; the ledger knows what is done"));
	in->consumer = info.id;
	in->knows_consumer = true;
	return true;
}

static bool
is_ready(struct intake *in)
{
	struct err e = {0};

	if (!mono_reached(clock_mono(), in->not_before))
		return false;
	if (!in->knows_consumer && !know_consumer(in))
		return false;
	if (in->puller != NULL || puller_open(&in->puller, in->flow->parts.broker, &e))
		return true;
	pause_after(in, "intake.open", &e);
	return false;
}

bool
intake_turn(struct intake *in, int64_t wait_ms)
{
	struct flow *f = in->flow;
	int hold = atomic_load(&f->hold);
	struct broker_message bm;
	struct err e = {0};
	size_t room;

	if (in->has_lost_tail || hold == HOLD_ALL || hold == HOLD_BUT_OVERFLOW ||
	    !is_ready(in)) {
		onward_send(&in->onward, f);
		return false;
	}
	room = active_room(f->active);
	if (room == 0)
		onward_send(&in->onward, f);
	if (room == 0 && !active_wait_room(f->active, wait_ms))
		return true;
	if (room == 0 || hold == HOLD_BUT_ONE)
		room = 1;
	if (puller_next(in->puller, room, wait_ms, &bm, &e)) {
		ingest(in, &bm);
		if (bm.seq > in->highest)
			in->highest = bm.seq;
		broker_message_free(&bm);
		if (in->onward.n >= TOGETHER_MAX || !puller_has_next(in->puller))
			onward_send(&in->onward, f);
		return true;
	}
	if (e.kind == ERR_SETUP)
		doubt_consumer(in, &e);
	else if (e.kind != ERR_NONE)
		log_debug("intake.pull", L_STR("error", e.text));
	return wait_ms > 0 && e.kind == ERR_NONE;
}

struct intake *
intake_new(struct flow *f)
{
	struct intake *in = calloc(1, sizeof(*in));

	must(in != NULL);
	in->flow = f;
	in->consumer = f->doubt.consumer.id;
	in->knows_consumer = true;
	onward_init(&in->onward);
	return in;
}

/* What the server had already sent when we stopped asking goes back at once, unseen. */
static void
give_back_rest(struct intake *in)
{
	struct broker_message bm;
	struct err e = {0};

	puller_stop(in->puller);
	while (puller_next(in->puller, 1, GIVE_BACK_WAIT_MS, &bm, &e)) {
		come_back(in, &bm, 0);
		broker_message_free(&bm);
	}
}

void
intake_free(struct intake *in)
{
	onward_send(&in->onward, in->flow);
	if (in->puller != NULL) {
		give_back_rest(in);
		puller_close(in->puller);
	}
	free(in);
}

void *
intake_run(void *flow)
{
	struct intake *in = intake_new(flow);

	while (!atomic_load(&in->flow->is_stopping))
		if (!intake_turn(in, PULL_WAIT_MS))
			clock_sleep(PULL_WAIT_MS / 2);
	intake_free(in);
	return NULL;
}
