#include "find.h"

#include "carillon/index/lost_tail.h"
#include "flow/match.h"

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

	if (replay_has_taken(l->selection, d))
		l->out->taken++;
	else if (replay_wants(l->selection, d))
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
	ok = txn_error(l.txn) == NULL;
	if (!ok)
		*e = *txn_error(l.txn);
	txn_end(l.txn);
	arena_free(l.arena);
	return ok;
}

/* --- reading --- */

struct gathering {
	const struct replay_selection *selection;
	const delivery_record *records[256];
	int n;
};

static bool
gather(const delivery_record *d, void *arg)
{
	struct gathering *g = arg;

	if (replay_wants(g->selection, d) && g->n < (int)COUNT_OF(g->records))
		g->records[g->n++] = d;
	return true;
}

static struct gathering
wanted_of(const struct replay_selection *s, struct txn *history, struct arena *a, uint64_t seq)
{
	struct gathering g = {.selection = s};

	history_each_delivery(history, a, seq, gather, &g);
	return g;
}

/* The index knows all that a record of a cancellation says. */
static void
fill_canceled(struct message *m, const struct replay_source *from,
    const struct replay_selection *s, struct txn *history)
{
	struct gathering g = wanted_of(s, history, m->arena, m->seq);

	m->event.workspace = arena_str(m->arena, from->workspace);
	m->is_known = true;
	message_deliveries(m, g.n);
	for (int i = 0; i < g.n; i++) {
		struct delivery *d = &m->deliveries[i];

		m->event.id = str_of(g.records[i]->event_id);
		d->before = g.records[i];
		d->rule_id = str_of(g.records[i]->rule);
		d->spent = g.records[i]->spent;
		d->replay = arena_str(m->arena, s->replay);
		d->step = STEP_SETTLED;
		d->state = DELIVERY_CANCELED;
		d->reason = STR("canceled by hand");
	}
}

/* False when the event cannot be understood, is another one, or its workspace is gone. */
static bool
fill_event(struct message *m, const struct replay_source *from, struct txn *history,
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

/* The stream does not have the event any more: its deliveries stay as they are. */
static int
count_wanted(const struct replay_selection *s, struct txn *history, uint64_t seq)
{
	struct arena *a = arena_new(0);
	int n = wanted_of(s, history, a, seq).n;

	arena_free(a);
	return n;
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

bool
replay_read(const struct replay_source *from, const struct replay_selection *s, uint64_t seq,
    wall_t now, struct replay_reading *out, struct err *e)
{
	struct message *m;
	struct broker_message bm;
	struct txn *history;
	bool is_there, ok;

	*out = (struct replay_reading){0};
	if (!get_event(from, s, seq, &bm, &is_there, e))
		return false;
	m = message_new(ORIGIN_LEDGER, seq);
	history = txn_read(from->store, STORE_HISTORY);
	if (s->cancels)
		fill_canceled(m, from, s, history);
	else if (is_there && fill_event(m, from, history, &bm))
		out->skipped = match_replay(m, history, s, now);
	else
		out->skipped = count_wanted(s, history, seq);
	ok = txn_error(history) == NULL;
	if (!ok)
		*e = *txn_error(history);
	txn_end(history);
	if (is_there)
		broker_message_free(&bm);
	if (ok && m->n_deliveries > 0)
		out->message = m;
	else
		message_free(m);
	return ok;
}
