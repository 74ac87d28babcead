#include "carillon/index/lost_tail.h"

#include <stdio.h>

#include "carillon/base/clock.h"
#include "carillon/base/log.h"

enum { EVENTS_ASKED_MAX = 16 }; /* newest ones, when some were deleted by hand */

/* Events that a stream may have lost; a record beyond that is none of the service's, and to use
 * up the sequences before it would take days. */
#define LOST_MAX (UINT64_C(1) << 32)

/* --- in words --- */

void
tail_sentence(const struct tail *t, char out[static TAIL_SENTENCE_MAX])
{
	const unsigned long long applied = t->applied, good = t->good, last = t->info.last_seq;
	const char *of = t->stream == STREAM_EVENTS ? "events" : "messages";

	if (t->is == TAIL_WHOLE)
		snprintf(out, TAIL_SENTENCE_MAX, "stream %s has all that the index has of it",
		    t->info.name);
	else if (t->is_resumed)
		snprintf(out, TAIL_SENTENCE_MAX,
		    "the repair of stream %s from the index was begun and interrupted",
		    t->info.name);
	else if (t->is_noted)
		snprintf(out, TAIL_SENTENCE_MAX,
		    "stream %s lost its tail while the service ran: it gave sequence %llu and "
		    "perhaps others to other events",
		    t->info.name, good + 1);
	else if (t->is_anew)
		snprintf(out, TAIL_SENTENCE_MAX,
		    "stream %s was made anew (%s) and has %llu %s; the index was built from "
		    "%llu "
		    "of the one before",
		    t->info.name, t->info.id, (unsigned long long)t->info.messages, of,
		    applied);
	else if (t->info.last_seq < t->applied)
		snprintf(out, TAIL_SENTENCE_MAX,
		    "stream %s lost its tail: it ends at %llu and the index has %s up to %llu, "
		    "so "
		    "up to %llu are missing",
		    t->info.name, last, of, applied, applied - good);
	else
		snprintf(out, TAIL_SENTENCE_MAX,
		    "stream %s lost its tail: what it has up to %llu now are other %s than the "
		    "index has",
		    t->info.name, applied, of);
}

bool
tail_must_be_whole(const struct tail *t, struct err *e)
{
	char found[TAIL_SENTENCE_MAX];

	tail_sentence(t, found);
	if (t->is == TAIL_FOREIGN)
		return fail(e, ERR_CORRUPT,
		    "%s: if this is the right broker, move the data directory away and start "
		    "again, it is rebuilt from the streams; if not, correct nats_url or prefix",
		    found);
	return t->is == TAIL_WHOLE ||
	       fail(e, ERR_CORRUPT,
		   "%s: carillon serve puts back what is missing when it starts (with repair "
		   "on)",
		   found);
}

/* --- state and history: the index follows the stream message by message --- */

/* What the index remembers of its stream. */
struct memory {
	struct arena *arena;
	struct str id, mark;
	uint64_t repair;
};

static bool
read_memory(struct memory *m, struct tail *t, struct store *s, struct err *e)
{
	struct txn *txn = txn_read(s, t->stream == STREAM_STATE ? STORE_STATE : STORE_HISTORY);

	m->id = store_stream_id(txn, m->arena);
	m->mark = store_mark(txn, m->arena);
	m->repair = store_number(txn, STORE_REPAIR);
	t->applied = store_applied(txn);
	return txn_finish(txn, e);
}

/* Whether the message under the sequence applied last is the one that was applied. One that is
 * no longer there has expired or was erased. */
static bool
ask_for_mark(struct tail *t, struct broker *b, struct str mark, struct err *e)
{
	struct broker_message m;

	if (!broker_get(b, t->stream, t->applied, &m, e))
		return e->kind == ERR_NOT_FOUND;
	if (m.msg_id.len > 0 && !str_eq(m.msg_id, mark)) {
		t->is = TAIL_LOST;
		t->good = t->applied - 1;
	}
	broker_message_free(&m);
	return true;
}

static void
judge(struct tail *t, const struct memory *m)
{
	const bool is_other = m->id.len > 0 && !str_eq(m->id, str_of(t->info.id));

	t->good = t->applied < t->info.last_seq ? t->applied : t->info.last_seq;
	if (m->repair > 0) {
		t->is = TAIL_LOST;
		t->is_resumed = true;
		t->good = m->repair - 1;
	} else if (t->applied > 0 && is_other) {
		/* History may be of a stream that was deleted alone; whose it is, the state
		 * says. */
		t->is = t->stream == STREAM_STATE && t->info.messages > 0 ? TAIL_FOREIGN
		                                                          : TAIL_LOST;
		t->is_anew = true;
		t->good = 0;
	} else if (t->applied > t->info.last_seq) {
		t->is = TAIL_LOST;
	}
}

static bool
look_at_log(
    struct tail *t, struct broker *b, struct store *s, enum tail_effort effort, struct err *e)
{
	struct memory m = {.arena = arena_new(0)};
	/* The index first: a service that runs may be ahead of an older look at the stream. */
	bool ok = read_memory(&m, t, s, e) && broker_stream_info(b, t->stream, &t->info, e);

	if (ok)
		judge(t, &m);
	if (ok && t->is == TAIL_WHOLE && effort == TAIL_ASK && t->applied > 0 && m.mark.len > 0)
		ok = ask_for_mark(t, b, m.mark, e);
	arena_free(m.arena);
	return ok;
}

/* --- events: the index knows some of them, by sequence --- */

bool
tail_is_same_event(const struct broker *b, const event_record *rec, struct str workspace,
    const struct broker_message *m)
{
	struct str is, type;

	return subject_parse_event(b, m->subject, &is, &type) && str_eq(is, workspace) &&
	       (rec == NULL ||
		   (str_eq(is, str_of(rec->workspace)) && rec->received_ms == m->stored_at.ms));
}

static bool
note_lost(struct txn *t, void *arg, struct err *e)
{
	const uint64_t *seq = arg, before = store_number(t, STORE_EVENTS_GOOD);

	(void)e;
	if (before == 0 || *seq < before)
		store_set_number(
		    t, STORE_EVENTS_GOOD, *seq); /* which is the last good, plus one */
	return true;
}

bool
tail_note_lost(struct store *s, uint64_t seq, struct err *e)
{
	return store_write(s, STORE_HISTORY, note_lost, &seq, e);
}

struct probe {
	struct tail *tail;
	struct broker *broker;
	struct store *store;
	struct arena *arena;
	struct err *err;
};

/* The newest event of the index at or before `seq`, or NULL (with an error, or without). */
static event_record *
known_before(struct probe *p, uint64_t seq)
{
	struct txn *t = txn_read(p->store, STORE_HISTORY);
	event_record *rec;

	arena_reset(p->arena);
	rec = history_event_before(t, p->arena, seq);
	return txn_finish(t, p->err) ? rec : NULL;
}

enum there { THERE_UNREADABLE, THERE_SAME, THERE_OTHER, THERE_GONE };

/* A stream made anew begins behind all that the index knows, where the server can do that: its
 * events are gone as expired ones are, but for their being older than the stream. */
static bool
is_older_than_stream(const struct tail *t, const event_record *rec)
{
	wall_t made;

	return clock_parse(str_of(t->info.id), &made) && rec->received_ms < made.ms;
}

static enum there
look_whether_there(struct probe *p, const event_record *rec)
{
	struct broker_message m;
	bool same;

	if (rec->seq > p->tail->info.last_seq)
		return THERE_OTHER;
	if (!broker_get(p->broker, STREAM_EVENTS, rec->seq, &m, p->err))
		return p->err->kind != ERR_NOT_FOUND        ? THERE_UNREADABLE
		       : is_older_than_stream(p->tail, rec) ? THERE_OTHER
		                                            : THERE_GONE;
	same = tail_is_same_event(p->broker, rec, str_of(rec->workspace), &m);
	broker_message_free(&m);
	return same ? THERE_SAME : THERE_OTHER;
}

/* Halving: all known events up to `good` are those of the stream, the first that is not comes
 * after it. What expired at the old end counts as the same. */
static bool
find_good(struct probe *p, uint64_t *good)
{
	uint64_t same = 0, other = p->tail->applied + 1;

	while (same + 1 < other) {
		const uint64_t middle = same + (other - same) / 2;
		const event_record *rec = known_before(p, middle);
		enum there v;

		if (p->err->kind != ERR_NONE)
			return false;
		if (rec == NULL || rec->seq <= same) {
			same = middle;
			continue;
		}
		v = look_whether_there(p, rec);
		if (v == THERE_UNREADABLE)
			return false;
		*p->err = (struct err){0};
		if (v == THERE_OTHER)
			other = rec->seq;
		else
			same = middle;
	}
	*good = other - 1;
	return true;
}

/* Whether the newest event that both have is the same one. */
static bool
newest_is_same(struct probe *p, bool *same)
{
	uint64_t at = p->tail->applied;

	*same = true;
	for (int i = 0; i < EVENTS_ASKED_MAX && at > 0; i++) {
		const event_record *rec = known_before(p, at);
		enum there v;

		if (rec == NULL)
			return p->err->kind == ERR_NONE;
		at = rec->seq - 1;
		v = look_whether_there(p, rec);
		if (v == THERE_UNREADABLE)
			return false;
		*p->err = (struct err){0};
		*same = v != THERE_OTHER;
		if (v != THERE_GONE)
			return true;
	}
	return true;
}

static bool
judge_events(struct probe *p, enum tail_effort effort)
{
	struct tail *t = p->tail;
	bool same = true;

	t->good = t->end = t->info.last_seq;
	if (t->applied == 0)
		return true;
	if (t->applied > t->info.last_seq)
		same = false;
	else if (effort == TAIL_ASK && !newest_is_same(p, &same))
		return false;
	if (same)
		return true;
	t->is = TAIL_LOST;
	if (!find_good(p, &t->good))
		return false;
	if (t->good > t->end)
		t->good = t->end;
	return true;
}

bool
tail_newest_event(struct store *s, uint64_t last_seq, uint64_t *newest, struct err *e)
{
	struct txn *history;

	if (*newest <= last_seq || *newest - last_seq <= LOST_MAX)
		return true;
	log_error("tail.forged", L_INT("seq", *newest), L_INT("stream_ends_at", last_seq),
	    L_STR("found", "no stream can have lost so many events: the record is left out"));
	history = txn_read(s, STORE_HISTORY);
	*newest = ledger_newest_until(history, last_seq + LOST_MAX);
	return txn_finish(history, e);
}

uint64_t
tail_newest_in_sequence(struct txn *history)
{
	uint64_t newest = ledger_newest(history), before;

	while (newest > LOST_MAX) {
		before = ledger_newest_until(history, newest - 1);
		if (before == 0 || newest - before <= LOST_MAX)
			break;
		newest = before;
	}
	return newest;
}

static bool
remember_events(struct tail *t, struct store *s, struct err *e)
{
	struct txn *txn = txn_read(s, STORE_HISTORY);

	t->applied = ledger_newest(txn);
	t->end = store_number(txn, STORE_EVENTS_END);
	t->good = store_number(txn, STORE_EVENTS_GOOD);
	t->is_resumed = t->good > 0 && t->end > 0;
	t->is_noted = t->good > 0 && t->end == 0;
	return txn_finish(txn, e);
}

static bool
look_at_events(
    struct tail *t, struct broker *b, struct store *s, enum tail_effort effort, struct err *e)
{
	struct probe p = {.tail = t, .broker = b, .store = s, .err = e};
	bool ok;

	*e = (struct err){0};
	if (!remember_events(t, s, e) || !broker_stream_info(b, STREAM_EVENTS, &t->info, e) ||
	    !tail_newest_event(s, t->info.last_seq, &t->applied, e))
		return false;
	if (t->is_resumed || t->is_noted) {
		t->is = TAIL_LOST;
		t->good--;
		t->end = t->is_noted ? t->info.last_seq : t->end;
		return true;
	}
	p.arena = arena_new(0);
	ok = judge_events(&p, effort);
	arena_free(p.arena);
	return ok;
}

bool
tail_look(struct tail *out, struct broker *b, struct store *s, enum stream stream,
    enum tail_effort effort, struct err *e)
{
	*out = (struct tail){.stream = stream};
	if (stream == STREAM_EVENTS)
		return look_at_events(out, b, s, effort, e);
	return look_at_log(out, b, s, effort, e);
}
