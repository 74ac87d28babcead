/*
 * The ledger thread: what was parked and is due, what was held and may go again, and what a
 * dead process had claimed, is read again from the events stream by its sequence and goes the
 * ordinary way: claim (scribe), courier, settle. Most of what may be in hand is left to live
 * traffic.
 */
#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "carillon/index/lost_tail.h"
#include "admit.h"
#include "digest.h"
#include "carillon/registry/rulebook.h"
#include "resume.h"
#include "flow/replay/replay.h"

enum {
	LOOK_EVERY_MS = 250,       /* for what is due */
	LOOK_HELD_EVERY_MS = 5000, /* besides when something was repaired */
	PICKS_MAX = 256,           /* a look */
	HELD_GROUP_MAX = 64,       /* of one connection a look, so that others get their turn */
	LEDGER_SHARE = 4,          /* a quarter of what may be in hand at most */
};

struct pick {
	uint64_t seq;
	struct str workspace, rule;
	bool is_for_digest;
	bool is_in_hand; /* its event is, for other rules: it may go with another one's */
	bool is_used;    /* it was read again, or went with another */
};

/* Those of one event that go together. */
struct picked_rules {
	struct str rules[PICKS_MAX];
	int n;
};

struct ledger_walk {
	struct flow *flow;
	struct settings_view settings;
	struct replays *replays;
	struct arena *arena; /* of one look */
	struct onward onward;
	struct pick picks[PICKS_MAX];
	int n;
	bool looked_at_claims;
	int claims; /* seen in this look */
	mono_t held_at;
	wall_t now;
	/* While looking at one group of held ones: */
	struct txn *history;
	const struct ruleset *rules;
	int n_group;
};

/* --- looking: which deliveries may go --- */

static bool
pick(struct ledger_walk *w, const delivery_record *d)
{
	if (w->n == PICKS_MAX)
		return false;
	if (d->digest &&
	    active_has_digest(w->flow->active, str_of(d->workspace), str_of(d->rule)))
		return true;
	const bool is_in_hand = active_has(w->flow->active, d->seq);
	/* An event that the broker brought is in hand for other deliveries than this one. */
	if (!is_in_hand || (d->digest && d->state != (int)DELIVERY_SENDING &&
			       active_has_of_stream(w->flow->active, d->seq)))
		w->picks[w->n++] = (struct pick){
		    .seq = d->seq,
		    .workspace = str_of(d->workspace),
		    .rule = str_of(d->rule),
		    .is_for_digest = d->digest,
		    .is_in_hand = is_in_hand,
		};
	return w->n < PICKS_MAX;
}

static bool
pick_due(const delivery_record *d, void *arg)
{
	return pick(arg, d);
}

/* A claim made for what the broker brought (prefer_silence) is its to bring back. */
static bool
pick_claimed(const delivery_record *d, void *arg)
{
	struct ledger_walk *w = arg;

	if (d->broker_deliveries > 0)
		return true;
	w->claims++;
	return pick(w, d);
}

static bool
pick_held(const delivery_record *d, void *arg)
{
	struct ledger_walk *w = arg;
	const struct rule *rule = ruleset_rule(w->rules, str_of(d->rule));

	/* A rule that was deleted or disabled cancels what it held: resume_from_ledger says so.
	 */
	if (rule != NULL && rule->active && !gate_of(w->rules, rule).is_open)
		return true;
	return pick(w, d) && ++w->n_group < HELD_GROUP_MAX;
}

static bool
look_at_group(struct str workspace, struct str connection, void *arg)
{
	struct ledger_walk *w = arg;
	struct err e = {0};
	struct ruleset *r = rulebook_get(w->flow->rulebook, workspace, &e);

	if (r == NULL)
		return true;
	w->rules = r;
	w->n_group = 0;
	ledger_each_held(
	    w->history, w->arena, workspace, connection, (struct str){0}, pick_held, w);
	ruleset_unref(r);
	w->rules = NULL;
	return w->n < PICKS_MAX;
}

static void
look_for_picks(struct ledger_walk *w, bool at_held)
{
	struct txn *t = txn_read(w->flow->parts.store, STORE_HISTORY);

	w->history = t;
	w->n = w->claims = 0;
	w->now = clock_wall();
	if (!w->looked_at_claims)
		ledger_each_claimed(t, w->arena, pick_claimed, w);
	/* A claimed one may have to wait for its event's other deliveries: they are looked for
	 * until there is none. */
	w->looked_at_claims = w->claims == 0 && txn_error(t) == NULL;
	if (w->n < PICKS_MAX)
		ledger_each_due(t, w->arena, w->now, pick_due, w);
	if (at_held && w->n < PICKS_MAX)
		ledger_each_held_group(t, look_at_group, w);
	if (txn_error(t) != NULL)
		log_error("ledger.look", L_STR("error", txn_error(t)->text));
	txn_end(t);
}

/* --- reading again --- */

/* What the ledger itself knows of the event, for when the stream does not have it any more. */
static void
event_from_ledger(struct message *m, struct txn *history, const struct pick *p)
{
	event_record *rec = history_event(history, m->arena, p->seq);

	m->event = (struct event){.workspace = arena_str(m->arena, p->workspace)};
	if (rec == NULL)
		return;
	m->event.id = str_of(rec->event_id);
	m->event.type = str_of(rec->type);
	m->received_at = (wall_t){rec->received_ms};
	m->event.time = (wall_t){rec->time_ms};
}

/* Fills m->event from the stream, or from the ledger where the stream has it no longer: one
 * that lost its tail may have given the sequence to another event. */
static void
event_of_pick(struct ledger_walk *w, struct message *m, struct txn *history,
    const struct pick *p, const struct broker_message *bm)
{
	struct broker *b = w->flow->parts.broker;
	struct str workspace, type;

	if (bm != NULL)
		m->received_at = bm->stored_at;
	if (bm != NULL &&
	    tail_is_same_event(b, history_event(history, m->arena, p->seq), p->workspace, bm) &&
	    subject_parse_event(b, bm->subject, &workspace, &type) &&
	    message_decode(m, workspace, type, bm->data))
		return;
	m->failure = (struct str){0};
	m->is_gone = true;
	event_from_ledger(m, history, p);
}

/* Ends the transaction; false if it could not read all that was asked of it. */
static bool
end_reading(struct txn *history, struct err *e)
{
	bool ok = txn_error(history) == NULL;

	if (!ok)
		*e = *txn_error(history);
	txn_end(history);
	return ok;
}

static bool
read_message(struct ledger_walk *w, struct message *m, const struct pick *p,
    const struct broker_message *bm, const struct picked_rules *picked, struct err *e)
{
	struct txn *history;

	m->rules = rulebook_get(w->flow->rulebook, p->workspace, e);
	if (m->rules == NULL)
		return false;
	history = txn_read(w->flow->parts.store, STORE_HISTORY);
	event_of_pick(w, m, history, p, bm);
	resume_from_ledger(m, history, picked->rules, picked->n, w->now);
	return end_reading(history, e);
}

static bool
read_item(struct txn *history, struct arena *a, const struct pick *p, struct digest_item *out)
{
	out->delivery = history_delivery(history, a, p->seq, p->rule);
	out->event = history_event(history, a, p->seq);
	return out->delivery != NULL &&
	       !delivery_state_is_final((enum delivery_state)out->delivery->state);
}

/* The pick and all that wait to go out with it, as one message. */
static bool
gather_digest(struct ledger_walk *w, struct message *m, const struct pick *first, struct err *e)
{
	struct digest_item items[DIGEST_MAX];
	struct txn *history = txn_read(w->flow->parts.store, STORE_HISTORY);
	int n = read_item(history, m->arena, first, &items[0]);

	for (struct pick *p = w->picks; p < w->picks + w->n && n < DIGEST_MAX; p++) {
		if (p->is_used || !p->is_for_digest || !str_eq(p->rule, first->rule) ||
		    !str_eq(p->workspace, first->workspace))
			continue;
		n += read_item(history, m->arena, p, &items[n]);
		p->is_used = true;
	}
	if (!end_reading(history, e))
		return false;
	if (n >= 2)
		digest_make(&m->deliveries[0], items, n, w->settings.config.history_url);
	return true;
}

static bool
fill_and_admit(struct ledger_walk *w, struct message *m, const struct pick *p,
    const struct broker_message *bm, const struct picked_rules *picked, struct err *e)
{
	if (!read_message(w, m, p, bm, picked, e) || m->n_deliveries == 0)
		return false;
	if (p->is_for_digest && delivery_is_open(&m->deliveries[0]) &&
	    !gather_digest(w, m, p, e))
		return false;
	return admit(w->flow, m, &w->onward, w->now, e) == ADMITTED;
}

/* What does not go now, because somebody else has it or it cannot be read, is found by a later
 * look. */
static void
send_again(struct ledger_walk *w, const struct pick *p, const struct broker_message *bm,
    const struct picked_rules *picked)
{
	struct message *m = message_new(ORIGIN_LEDGER, p->seq);
	struct err e = {0};

	if (fill_and_admit(w, m, p, bm, picked, &e)) {
		FLOW_COUNT(w->flow, ledger_reread);
		onward_send(&w->onward, w->flow);
		return;
	}
	if (e.kind != ERR_NONE)
		log_warn("ledger.read", L_INT("seq", p->seq), L_STR("error", e.text));
	message_free(m);
}

/* Returns how many picks were used. */
static int
read_again(struct ledger_walk *w, int at)
{
	struct pick *p = &w->picks[at];
	struct picked_rules picked = {0};
	struct broker_message bm;
	struct err e = {0};

	if (p->is_used || p->is_in_hand)
		return 1;
	p->is_used = true;
	/* Deliveries of one event go together, but for one that waits for a digest. */
	do
		picked.rules[picked.n] = w->picks[at + picked.n].rule;
	while (at + ++picked.n < w->n && !p->is_for_digest &&
	       w->picks[at + picked.n].seq == p->seq && !w->picks[at + picked.n].is_for_digest);
	if (broker_get(w->flow->parts.broker, STREAM_EVENTS, p->seq, &bm, &e)) {
		send_again(w, p, &bm, &picked);
		broker_message_free(&bm);
	} else if (e.kind == ERR_NOT_FOUND) {
		send_again(w, p, NULL, &picked);
	} else {
		log_warn("ledger.get", L_INT("seq", p->seq), L_STR("error", e.text));
		return w->n - at; /* the broker is away: look again later */
	}
	return picked.n;
}

static int
room(struct ledger_walk *w)
{
	int limit = (int)active_limit(w->flow->active) / LEDGER_SHARE;
	int mine = (limit > 0 ? limit : 1) - atomic_load(&w->flow->ledger_in_hand);
	int all = (int)active_room(w->flow->active);

	switch (atomic_load(&w->flow->hold)) {
	case HOLD_ALL: all = 0; break;
	case HOLD_BUT_ONE: all = all > 0; break;
	default: break;
	}
	return mine < all ? mine : all;
}

static void
read_all_again(struct ledger_walk *w)
{
	int at = 0;

	while (at < w->n && !atomic_load(&w->flow->is_stopping) && room(w) > 0)
		at += read_again(w, at);
}

/* --- the loop --- */

/* Returns whether somebody called, rather than the time having passed. */
static bool
sleep_or_be_woken(struct flow *f, int64_t ms)
{
	struct timespec until;
	bool woken;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms % 1000 * 1000000;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&f->wake_lock);
	while (!f->is_woken && rc == 0)
		rc = pthread_cond_timedwait(&f->wake, &f->wake_lock, &until);
	woken = f->is_woken;
	f->is_woken = false;
	pthread_mutex_unlock(&f->wake_lock);
	return woken;
}

struct ledger_walk *
ledger_walk_new(struct flow *f)
{
	struct ledger_walk *w = calloc(1, sizeof(*w));

	must(w != NULL);
	w->flow = f;
	w->arena = arena_new(0);
	w->replays = replays_new(f);
	onward_init(&w->onward);
	return w;
}

void
ledger_walk_free(struct ledger_walk *w)
{
	replays_free(w->replays);
	arena_free(w->arena);
	free(w);
}

void
ledger_walk_turn(struct ledger_walk *w, bool was_woken)
{
	mono_t now = clock_mono();
	bool at_held = was_woken || mono_reached(now, w->held_at);
	int hold;

	settings_take(w->flow->settings, &w->settings);
	hold = atomic_load(&w->flow->hold);
	if (hold == HOLD_ALL)
		return;
	if (hold == HOLD_NOTHING)
		replays_turn(w->replays, was_woken);
	if (room(w) <= 0)
		return;
	if (at_held)
		w->held_at = mono_after(now, LOOK_HELD_EVERY_MS);
	look_for_picks(w, at_held);
	read_all_again(w);
	arena_reset(w->arena);
}

void *
ledger_run(void *flow)
{
	struct ledger_walk *w = ledger_walk_new(flow);
	bool was_woken = true;

	while (!atomic_load(&w->flow->is_stopping)) {
		ledger_walk_turn(w, was_woken);
		was_woken = sleep_or_be_woken(w->flow, LOOK_EVERY_MS);
	}
	ledger_walk_free(w);
	return NULL;
}
