#include "find.h"

#include "carillon/index/lost_tail.h"
#include "flow/resume.h"

enum { LOOK_EVENTS = 2048 }; /* some milliseconds of reading */

/* --- looking --- */

struct looking {
	const struct replay_selection *selection;
	struct replay_look *out;
	struct txn *txn;
	struct arena *arena;
	bool is_wanted;
	int n;
};

static bool
look_at_delivery(const delivery_record *d, void *arg)
{
	struct looking *l = arg;

	if (replay_has_taken(l->selection, d)) {
		l->out->taken++;
		l->out->taken_of_found++;
	} else if (replay_wants(l->selection, d))
		l->is_wanted = true;
	return true;
}

static bool
look_at_seq(uint64_t seq, void *arg)
{
	struct looking *l = arg;
	const event_record *ev;

	if (seq > l->selection->to_seq)
		return false;
	if (l->n++ == LOOK_EVENTS) {
		l->out->is_end = false;
		return false;
	}
	l->out->next = seq + 1;
	arena_reset(l->arena);
	ev = history_event(l->txn, l->arena, seq);
	if (ev == NULL || !replay_wants_event(l->selection, ev))
		return true;
	l->out->taken_of_found = 0;
	/* By today's rules it shows only when the event is read. */
	l->is_wanted = l->selection->todays_rules;
	history_each_delivery(l->txn, l->arena, seq, look_at_delivery, l);
	if (l->is_wanted)
		l->out->found = seq;
	l->out->is_end = l->out->is_end && !l->is_wanted;
	return !l->is_wanted;
}

bool
replay_look(const struct replay_source *from, const struct replay_selection *s, uint64_t seq,
    struct replay_look *out, struct err *e)
{
	struct looking l = {
	    .selection = s,
	    .out = out,
	    .txn = txn_read(from->store, STORE_HISTORY),
	    .arena = arena_new(0),
	};
	bool ok;

	*out = (struct replay_look){.next = seq, .is_end = true};
	history_each_seq_of(
	    l.txn, from->workspace, seq > s->from_seq ? seq : s->from_seq, look_at_seq, &l);
	ok = txn_finish(l.txn, e);
	arena_free(l.arena);
	return ok;
}

/* --- reading --- */

/* False when the event cannot be understood, is another one, or its workspace is gone. */
static bool
event_of_replay(struct message *m, const struct replay_source *from, struct txn *history,
    const struct broker_message *bm)
{
	const event_record *rec = history_event(history, m->arena, m->seq);
	struct str workspace, type;
	struct err e = {0};

	if (!tail_is_same_event(from->broker, rec, from->workspace, bm) ||
	    !subject_parse_event(from->broker, bm->subject, &workspace, &type) ||
	    !str_eq(workspace, from->workspace) || !message_decode(m, workspace, type, bm))
		return false;
	m->received_at = bm->stored_at;
	m->rules = rulebook_get(from->rulebook, workspace, &e);
	return m->rules != NULL && m->rules->exists;
}

static bool
count_one(const delivery_record *d, void *arg)
{
	struct resume_wish *wish = arg;

	wish->skipped += replay_wants(wish->selection, d);
	return true;
}

/* The stream does not have the event any more: its deliveries stay as they are. */
static void
skip_all(struct resume_wish *wish, struct txn *history, uint64_t seq)
{
	struct arena *a = arena_new(0);

	history_each_delivery(history, a, seq, count_one, wish);
	arena_free(a);
}

static bool
get_event(const struct replay_source *from, const struct replay_selection *s, uint64_t seq,
    struct broker_message *bm, bool *is_there, struct err *e)
{
	*is_there = false;
	if (s->cancels)
		return true;
	*is_there = broker_get(from->broker, STREAM_EVENTS, seq, bm, e);
	return *is_there || e->kind == ERR_NOT_FOUND;
}

/* `bm` NULL: the stream does not have it, or it is not asked. */
static bool
read_wanted(struct message *m, const struct replay_source *from, struct resume_wish *wish,
    const struct broker_message *bm, struct err *e)
{
	struct txn *history = txn_read(from->store, STORE_HISTORY);

	if (wish->selection->cancels) {
		m->event.workspace = arena_str(m->arena, from->workspace);
		resume_to_cancel(m, history, wish);
	} else if (bm != NULL && event_of_replay(m, from, history, bm)) {
		resume_for_replay(m, history, wish);
	} else {
		skip_all(wish, history, m->seq);
	}
	return txn_finish(history, e);
}

bool
replay_read(const struct replay_source *from, const struct replay_selection *s,
    const struct replay_at *at, struct replay_reading *out, struct err *e)
{
	struct resume_wish wish = {.selection = s, .after = str_of(at->after)};
	struct broker_message bm;
	struct message *m;
	bool is_there, ok;

	*out = (struct replay_reading){.next.seq = at->seq};
	if (!get_event(from, s, at->seq, &bm, &is_there, e))
		return false;
	m = message_new(ORIGIN_LEDGER, at->seq);
	ok = read_wanted(m, from, &wish, is_there ? &bm : NULL, e);
	if (is_there)
		broker_message_free(&bm);
	out->skipped = wish.skipped;
	out->has_more = m->has_more;
	str_copy(out->next.after, sizeof(out->next.after), wish.after);
	if (ok && m->n_deliveries > 0)
		out->message = m;
	else
		message_free(m);
	return ok;
}
