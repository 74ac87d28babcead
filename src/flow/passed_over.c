#include "passed_over.h"

#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "match.h"
#include "resume.h"

enum {
	ASK_MS = 5000,    /* between two looks at how far the consumer is */
	AGAIN_MS = 1000,  /* after a failure, or while somebody has the event in hand */
	LOOKS_MAX = 1024, /* events compared at once */
};

struct passed_over {
	struct flow *flow;
	struct arena *arena; /* of one look */
	bool has_begun;
	uint64_t compared; /* everything up to it was */
	uint64_t noted;    /* the same, as the index has it */
	uint64_t floor;    /* of the consumer, as it said last */
	mono_t ask_at;     /* when it is asked again */
	mono_t not_before; /* when it is gone on after a failure */
};

/* Sequences of which history has no event, or one whose deliveries the broker has forgotten. */
struct difference {
	enum { NO_DIFFERENCE, NO_EVENT, FORGOTTEN } what;
	uint64_t first, last;
};

struct passed_over *
passed_over_new(struct flow *f)
{
	struct passed_over *p = calloc(1, sizeof(*p));

	must(p != NULL);
	p->flow = f;
	p->arena = arena_new(0);
	return p;
}

void
passed_over_free(struct passed_over *p)
{
	if (p == NULL)
		return;
	arena_free(p->arena);
	free(p);
}

static void
look_later(struct passed_over *p, mono_t now, const struct err *why)
{
	if (why != NULL && why->kind != ERR_NONE)
		log_warn("matcher.compare", L_STR("error", why->text));
	p->not_before = mono_after(now, AGAIN_MS);
}

/* --- how far --- */

static bool
note(struct txn *t, void *passed_over, struct err *e)
{
	const struct passed_over *p = passed_over;

	(void)e;
	store_set_number(t, STORE_COMPARED, p->compared + 1);
	return true;
}

/* A new index was compared with nothing: it begins where the consumer is. */
static bool
begin(struct passed_over *p, struct err *e)
{
	struct txn *t = txn_read(p->flow->parts.store, STORE_HISTORY);
	const uint64_t n = store_number(t, STORE_COMPARED);

	if (!txn_finish(t, e))
		return false;
	p->compared = n > 0 ? n - 1 : p->floor;
	p->noted = n > 0 ? p->compared : UINT64_MAX;
	p->has_begun = true;
	return true;
}

/* What was found and has no record yet would not be found again after a kill. */
static bool
note_if_done(struct passed_over *p, struct err *e)
{
	if (p->compared == p->noted || atomic_load(&p->flow->passed_over_in_hand) > 0)
		return true;
	if (!store_write(p->flow->parts.store, STORE_HISTORY, note, p, e))
		return false;
	p->noted = p->compared;
	return true;
}

static void
ask(struct passed_over *p, mono_t now)
{
	struct consumer_info info;
	struct err e = {0};

	p->ask_at = mono_after(now, ASK_MS);
	if (!broker_is_connected(p->flow->parts.broker))
		return;
	if (!broker_consumer_info(p->flow->parts.broker, &info, &e)) {
		log_debug("matcher.consumer", L_STR("error", e.text));
		return;
	}
	p->floor = info.ack_floor_seq;
	if ((!p->has_begun && !begin(p, &e)) || !note_if_done(p, &e))
		look_later(p, now, &e);
}

/* --- looking --- */

static bool
is_settled_here(const delivery_record *d, void *is_forgotten)
{
	*(bool *)is_forgotten = resume_is_the_brokers(d);
	return !*(bool *)is_forgotten;
}

/* Leaves `compared` before what was found. */
static struct difference
look(struct passed_over *p, struct err *e)
{
	struct txn *t = txn_read(p->flow->parts.store, STORE_HISTORY);
	struct difference f = {0};
	bool is_forgotten = false;

	arena_reset(p->arena);
	for (int i = 0; i < LOOKS_MAX && f.what == NO_DIFFERENCE && p->compared < p->floor;
	     i++) {
		const uint64_t seq = p->compared + 1;
		uint64_t next = ledger_next_event(t, seq);

		if (txn_error(t) != NULL)
			break;
		if (next == 0 || next > p->floor)
			next = p->floor + 1;
		if (next > seq)
			f = (struct difference){NO_EVENT, seq, next - 1};
		else
			history_each_delivery(t, p->arena, seq, is_settled_here, &is_forgotten);
		if (is_forgotten)
			f = (struct difference){FORGOTTEN, seq, seq};
		if (f.what == NO_DIFFERENCE)
			p->compared = seq;
	}
	return txn_finish(t, e) ? f : (struct difference){0};
}

/* --- an event without a record --- */

/* What a life may have posted without having said so is not more than it had in hand. */
static bool
is_in_doubt(const struct passed_over *p, const struct broker_message *bm)
{
	const struct doubt *d = &p->flow->doubt;

	return maybe_posted_event(d, bm->seq, bm->stored_at) &&
	       bm->seq <= d->newest + d->active_limit;
}

enum wanted { IS_WANTED, IS_NOT_WANTED, IS_FOR_LATER };

/* A repeat leaves no record; but one of what could not be understood is none. */
static enum wanted
is_first(struct passed_over *p, const struct message *m, struct err *e)
{
	struct txn *t = txn_read(p->flow->parts.store, STORE_HISTORY);
	const uint64_t known = ledger_seq(t, m->event.workspace, m->event.id);
	const event_record *rec = known != 0 ? history_event(t, m->arena, known) : NULL;
	const bool is_repeat =
	    rec != NULL && rec->status != CARILLON__V1__EVENT_STATUS__EVENT_STATUS_FAILED;
	/* By whoever had it in hand until a moment ago: then there are its deliveries to see
	 * to. */
	const bool is_recorded = history_event(t, m->arena, m->seq) != NULL;

	if (!txn_finish(t, e) || is_recorded)
		return IS_FOR_LATER;
	return is_repeat ? IS_NOT_WANTED : IS_WANTED;
}

/* What belongs to nobody leaves no record either. */
static enum wanted
fill_skipped(
    struct passed_over *p, struct message *m, const struct broker_message *bm, struct err *e)
{
	struct broker *b = p->flow->parts.broker;
	struct str workspace, type;
	enum wanted wanted;

	m->is_passed_over = m->is_matched_aside = true;
	m->received_at = bm->stored_at;
	m->is_repeat = is_in_doubt(p, bm);
	if (subject_is_filler(b, bm->subject) ||
	    !subject_parse_event(b, bm->subject, &workspace, &type))
		return IS_NOT_WANTED;
	m->rules = rulebook_get(p->flow->rulebook, workspace, e);
	if (m->rules == NULL)
		return IS_FOR_LATER;
	if (!m->rules->exists)
		return IS_NOT_WANTED;
	if (!message_decode(m, workspace, type, bm))
		message_deliveries(m, 0);
	wanted = is_first(p, m, e);
	if (wanted == IS_WANTED && m->failure.len == 0)
		must(match_rules(m, UINT64_MAX));
	return wanted;
}

static struct message *
skipped(struct passed_over *p, const struct broker_message *bm, mono_t now)
{
	struct message *m;
	struct err e = {0};
	enum wanted wanted;

	if (active_has(p->flow->active, bm->seq)) { /* it will have a record */
		look_later(p, now, NULL);
		return NULL;
	}
	m = message_new(ORIGIN_LEDGER, bm->seq);
	wanted = fill_skipped(p, m, bm, &e);
	if (wanted == IS_WANTED)
		return m;
	message_free(m);
	if (wanted == IS_NOT_WANTED)
		p->compared = bm->seq;
	else
		look_later(p, now, &e);
	return NULL;
}

/* Most gaps are events that were deleted, or repeats. */
static struct message *
look_into_gap(struct passed_over *p, const struct difference *gap, mono_t now)
{
	struct broker_message bm;
	struct message *m = NULL;
	struct err e = {0};

	if (!broker_next_event(p->flow->parts.broker, gap->first, &bm, &e)) {
		if (e.kind == ERR_NOT_FOUND)
			p->compared = gap->last;
		else
			look_later(p, now, &e);
		return NULL;
	}
	if (bm.seq > gap->last) {
		p->compared = gap->last;
	} else {
		p->compared = bm.seq - 1;
		m = skipped(p, &bm, now);
	}
	broker_message_free(&bm);
	return m;
}

/* --- an event that the broker has forgotten --- */

static bool
fill_forgotten(
    struct passed_over *p, struct message *m, const struct broker_message *bm, struct err *e)
{
	struct txn *t = txn_read(p->flow->parts.store, STORE_HISTORY);
	const event_record *rec = history_event(t, m->arena, m->seq);
	const struct str workspace = rec != NULL ? str_of(rec->workspace) : (struct str){0};

	m->rules = rec != NULL ? rulebook_get(p->flow->rulebook, workspace, e) : NULL;
	if (m->rules != NULL) {
		resume_event(m, p->flow->parts.broker, t, workspace, bm);
		resume_from_stream(m, t, clock_wall());
	}
	return txn_finish(t, e) && m->rules != NULL && m->n_deliveries > 0;
}

static struct message *
forgotten(struct passed_over *p, uint64_t seq, mono_t now)
{
	struct broker_message bm;
	struct message *m;
	struct err e = {0};
	bool is_there;

	if (active_has(p->flow->active, seq)) { /* and has no last word yet */
		look_later(p, now, NULL);
		return NULL;
	}
	is_there = broker_get(p->flow->parts.broker, STREAM_EVENTS, seq, &bm, &e);
	if (!is_there && e.kind != ERR_NOT_FOUND) {
		look_later(p, now, &e);
		return NULL;
	}
	e = (struct err){0};
	m = message_new(ORIGIN_LEDGER, seq);
	m->is_passed_over = true;
	if (!fill_forgotten(p, m, is_there ? &bm : NULL, &e)) {
		message_free(m);
		m = NULL;
		look_later(p, now, &e); /* it may have been settled meanwhile */
	}
	if (is_there)
		broker_message_free(&bm);
	return m;
}

/* --- the matcher's side --- */

struct message *
passed_over_next(struct passed_over *p, mono_t now, bool *more)
{
	struct message *m = NULL;
	struct difference found;
	struct err e = {0};

	*more = false;
	if (!mono_reached(now, p->not_before))
		return NULL;
	if (p->compared >= p->floor && mono_reached(now, p->ask_at))
		ask(p, now);
	if (!p->has_begun || p->compared >= p->floor)
		return NULL;
	found = look(p, &e);
	if (e.kind != ERR_NONE)
		look_later(p, now, &e);
	else if (found.what == NO_EVENT)
		m = look_into_gap(p, &found, now);
	else if (found.what == FORGOTTEN)
		m = forgotten(p, found.first, now);
	*more = p->compared < p->floor && mono_reached(now, p->not_before);
	return m;
}

void
passed_over_taken(struct passed_over *p, uint64_t seq, bool has_more)
{
	FLOW_COUNT(p->flow, events_passed_over);
	log_warn("matcher.passed_over", L_INT("seq", seq),
	    L_STR("event", "the broker had passed over it; read again"));
	if (!has_more)
		p->compared = seq;
}
