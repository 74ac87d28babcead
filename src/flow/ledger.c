/*
 * The ledger thread: what was parked and is due, what was held and may go again, and what a
 * dead process had claimed, is read again from the events stream by its sequence and goes the
 * ordinary way: claim (scribe), courier, settle. Most of what may be in hand is left to live
 * traffic.
 */
#include "carillon/base/clock.h"
#include "carillon/base/deadline.h"
#include "carillon/base/log.h"
#include "admit.h"
#include "gather.h"
#include "carillon/registry/rulebook.h"
#include "resume.h"
#include "flow/replay/replay.h"

enum {
	LOOK_EVERY_MS = 250,       /* for what is due */
	LOOK_HELD_EVERY_MS = 5000, /* besides when something was repaired */
	PICKS_MAX = 256,           /* a look */
	HELD_GROUP_MAX = 64,       /* of one connection a look, so that others get their turn */
	RETURNS_MAX = 512,         /* a turn: then it is looked at what is due */
};

struct pick {
	uint64_t seq;
	struct str workspace, rule;
	bool is_for_digest;
	const struct lane_id
	    *left; /* whose overflow it was in, read again out of turn; or NULL */
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
	bool has_moves; /* to be looked at, at once */
	int claims;     /* seen in this look */
	mono_t held_at;
	/* The group of held ones that had its turn last; empty: the first is next. */
	char group_workspace[WORKSPACE_ID_MAX + 1], group_connection[RECORD_ID_MAX + 1];
	wall_t now;
	/* While looking at one group of held ones: */
	struct txn *history;
	const struct ruleset *rules;
	int n_group;
	bool has_full_group; /* of one more is held than was picked */
	/* While overflow of one lane comes back, its turn; NULL: what is due or held does. */
	const struct place_return *turn;
	uint64_t returned; /* of it, and handed on */
};

/* --- looking: which deliveries may go --- */

static bool
pick(struct ledger_walk *w, const delivery_record *d)
{
	const struct lane_id lane = {
	    str_of(d->workspace), str_of(d->connection), str_of(d->channel)};

	if (w->n == PICKS_MAX)
		return false;
	if (d->digest && active_has_digest(w->flow->active, &lane))
		return true;
	if (!active_has_delivery(w->flow->active, d->seq, str_of(d->rule)))
		w->picks[w->n++] = (struct pick){
		    .seq = d->seq,
		    .workspace = str_of(d->workspace),
		    .rule = str_of(d->rule),
		    .is_for_digest = d->digest,
		};
	return w->n < PICKS_MAX;
}

/* What waited for a key that is free now. */
static void
pick_called(struct ledger_walk *w, struct txn *t)
{
	struct key_waiter called[PICKS_MAX];
	size_t n = active_take_called(w->flow->active, called, PICKS_MAX);

	for (size_t i = 0; i < n; i++) {
		const delivery_record *d =
		    history_delivery(t, w->arena, called[i].seq, str_of(called[i].rule));

		if (d != NULL && d->state == (int)DELIVERY_PARKED && !d->overflow)
			(void)pick(w, d);
	}
}

/* What waits in a wrong place. */
static bool
pick_moved(const delivery_record *d, void *arg)
{
	struct ledger_walk *w = arg;
	const int n = w->n;
	const bool wants_more = pick(w, d);
	struct lane_id *lane;

	if (w->n > n && d->overflow) {
		lane = ARENA_NEW(w->arena, struct lane_id);
		*lane = (struct lane_id){
		    str_of(d->workspace), str_of(d->connection), str_of(d->channel)};
		w->picks[n].left = lane;
	}
	return wants_more;
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
	if (!pick(w, d))
		return false;
	w->has_full_group = ++w->n_group == HELD_GROUP_MAX || w->has_full_group;
	return w->n_group < HELD_GROUP_MAX;
}

/* A gate that is shut for all of a connection's rules is asked once. */
static bool
is_shut_for_all(const struct ruleset *r, struct str connection)
{
	const struct ruleset_connection *c = ruleset_connection(r, connection);

	return r->paused || r->is_unreadable || (c != NULL && !gate_of_connection(c).is_open);
}

static bool
look_at_group(struct str workspace, struct str connection, void *arg)
{
	struct ledger_walk *w = arg;
	struct err e = {0};
	struct ruleset *r = rulebook_get(w->flow->rulebook, workspace, &e);

	str_copy(w->group_workspace, sizeof(w->group_workspace), workspace);
	str_copy(w->group_connection, sizeof(w->group_connection), connection);
	if (r == NULL)
		return true;
	w->rules = r;
	w->n_group = 0;
	if (!is_shut_for_all(r, connection))
		ledger_each_held(w->history, w->arena,
		    &(struct held_list){workspace, connection, (struct str){0}}, pick_held, w);
	ruleset_unref(r);
	w->rules = NULL;
	return w->n < PICKS_MAX;
}

/* Groups have their turn one after the other: the next look goes on behind this one's last.
 * Returns whether more may go at once. */
static bool
look_at_held(struct ledger_walk *w)
{
	bool is_from_first = w->group_workspace[0] == '\0';

	ledger_each_held_group(w->history, str_of(w->group_workspace),
	    str_of(w->group_connection), look_at_group, w);
	if (w->n == PICKS_MAX)
		return true;
	w->group_workspace[0] = w->group_connection[0] = '\0';
	return w->has_full_group || !is_from_first;
}

static void
look_for_picks(struct ledger_walk *w, bool at_held)
{
	struct txn *t = txn_read(w->flow->parts.store, STORE_HISTORY);
	struct err e;

	w->history = t;
	w->n = w->claims = 0;
	w->now = clock_wall();
	if (!w->looked_at_claims)
		ledger_each_claimed(t, w->arena, pick_claimed, w);
	/* A claimed one may have to wait for its event's other deliveries: they are looked for
	 * until there is none. */
	w->looked_at_claims = w->claims == 0 && txn_error(t) == NULL;
	pick_called(w, t);
	w->has_moves =
	    w->n < PICKS_MAX && moves_look(w->flow->moves, t, w->arena, pick_moved, w);
	if (w->n < PICKS_MAX)
		ledger_each_due(t, w->arena, w->now, pick_due, w);
	w->has_full_group = false;
	if (at_held && w->n < PICKS_MAX && look_at_held(w))
		w->held_at = (mono_t){0}; /* again with the next look */
	if (!txn_finish(t, &e))
		log_error("ledger.look", L_STR("error", e.text));
}

/* --- reading again --- */

static bool
read_message(struct ledger_walk *w, struct message *m, const struct pick *p,
    const struct broker_message *bm, const struct picked_rules *picked, struct err *e)
{
	struct txn *history;

	m->rules = rulebook_get(w->flow->rulebook, p->workspace, e);
	if (m->rules == NULL)
		return false;
	history = txn_read(w->flow->parts.store, STORE_HISTORY);
	resume_event(m, w->flow->parts.broker, history, p->workspace, bm);
	resume_from_ledger(m, history, picked->rules, picked->n, w->now);
	return txn_finish(history, e);
}

static bool
is_of_lane(const struct delivery *d, const struct lane_id *lane)
{
	return delivery_is_open(d) && str_eq(d->rule->connection_id, lane->connection) &&
	       str_eq(d->channel, lane->channel);
}

static void
give_back_places(struct ledger_walk *w, struct message *m)
{
	for (int i = 0; i < m->n_deliveries; i++) {
		if (m->deliveries[i].has_place)
			places_release(w->flow->places, m->deliveries[i].line);
		m->deliveries[i].has_place = false;
	}
}

/* What comes back to its lane has its place before it is admitted: nothing newer has. */
static bool
take_places(struct ledger_walk *w, struct message *m)
{
	for (int i = 0; i < m->n_deliveries; i++) {
		struct delivery *d = &m->deliveries[i];

		if (!is_of_lane(d, &w->turn->id))
			continue; /* its rule goes elsewhere since, or it is decided */
		if (!places_take_back(w->flow->places, w->turn->lane)) {
			give_back_places(w, m);
			return false;
		}
		d->line = w->turn->lane;
		d->has_place = true;
	}
	return true;
}

static bool
fill_and_admit(struct ledger_walk *w, struct message *m, const struct pick *p,
    const struct broker_message *bm, const struct picked_rules *picked, struct err *e)
{
	if (!read_message(w, m, p, bm, picked, e) || m->n_deliveries == 0)
		return false;
	if (p->is_for_digest && delivery_is_open(&m->deliveries[0]) &&
	    !gather_together(
		w->flow, &m->deliveries[0], w->now, w->settings.config.history_url, e))
		return false;
	if (w->turn != NULL && !take_places(w, m))
		return false;
	if (admit(w->flow, m, &w->onward, w->now, e) == ADMITTED)
		return true;
	give_back_places(w, m);
	return false;
}

static void
came_back(struct ledger_walk *w, int n)
{
	for (int i = 0; w->turn != NULL && i < n; i++) {
		places_came_back(w->flow->places, w->turn->lane);
		w->returned++;
	}
}

static void
leave_overflow(struct ledger_walk *w, const struct pick *p, int n)
{
	for (int i = 0; i < n; i++)
		if (p[i].left != NULL)
			places_left(w->flow->places, p[i].left);
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
		came_back(w, picked->n);
		leave_overflow(w, p, picked->n);
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

	/* It may have gone with another in this look. */
	if (p->is_for_digest && active_has_delivery(w->flow->active, p->seq, p->rule))
		return 1;
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

/* Whether another message may be taken in hand now. */
static bool
has_room(struct ledger_walk *w)
{
	return atomic_load(&w->flow->hold) != HOLD_ALL && active_room(w->flow->active) > 0 &&
	       !atomic_load(&w->flow->is_stopping);
}

static void
read_all_again(struct ledger_walk *w)
{
	int at = 0;

	while (at < w->n && has_room(w))
		at += read_again(w, at);
}

/* --- overflow --- */

/* One turn of one lane. */
struct lane_look {
	struct ledger_walk *walk;
	const struct place_return *turn;
	uint64_t passed; /* that are not in memory */
	bool is_whole;   /* the lane has no more than those */
};

static bool
pick_overflow(const delivery_record *d, void *arg)
{
	struct lane_look *l = arg;

	if (active_has_delivery(l->walk->flow->active, d->seq, str_of(d->rule)))
		return true;
	l->passed++;
	l->is_whole = (size_t)l->walk->n < l->turn->most && pick(l->walk, d);
	return l->is_whole;
}

/* The next of the lane, in its order. */
static struct lane_look
look_at_lane(struct ledger_walk *w, const struct place_return *turn)
{
	const struct overflow_position start = {0};
	struct lane_look l = {.walk = w, .turn = turn, .is_whole = true};
	struct txn *t = txn_read(w->flow->parts.store, STORE_HISTORY);
	struct err e;

	arena_reset(w->arena);
	w->n = 0;
	w->now = clock_wall();
	ledger_each_overflow(t, w->arena, &turn->id, &start, pick_overflow, &l);
	if (!txn_finish(t, &e)) {
		log_error("ledger.look", L_STR("error", e.text));
		l.is_whole = false;
		w->n = 0;
	}
	return l;
}

/* Lanes take turns; each gives as many as it has room for. Returns whether more may be left. */
static bool
take_back_overflow(struct ledger_walk *w)
{
	struct place_return turn;
	int n = 0;

	while (n < RETURNS_MAX && has_room(w) &&
	       places_return_begin(w->flow->places, clock_mono(), &turn)) {
		const struct lane_look l = look_at_lane(w, &turn);

		w->turn = &turn;
		w->returned = 0;
		read_all_again(w);
		w->turn = NULL;
		n += w->n + 1;
		places_return_end(w->flow->places, &turn, l.is_whole, l.passed - w->returned);
		if (w->returned == 0)
			break; /* the broker is away, or somebody has them: not at once again */
	}
	return n >= RETURNS_MAX;
}

/* --- the loop --- */

/* Returns whether something may have been repaired, rather than a lane having room again or the
 * time having passed. */
static bool
sleep_or_be_woken(struct flow *f, int64_t ms)
{
	const struct timespec until = deadline_after(ms);
	bool woken;
	int rc = 0;

	pthread_mutex_lock(&f->wake_lock);
	while (!f->is_woken && !f->is_called && rc == 0)
		rc = pthread_cond_timedwait(&f->wake, &f->wake_lock, &until);
	woken = f->is_woken;
	f->is_woken = f->is_called = false;
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

bool
ledger_walk_turn(struct ledger_walk *w, bool was_woken)
{
	mono_t now = clock_mono();
	bool at_held = was_woken || mono_reached(now, w->held_at), has_more;
	int hold;

	settings_take(w->flow->settings, &w->settings);
	gone_turn(w->flow->gone);
	hold = atomic_load(&w->flow->hold);
	if (hold == HOLD_ALL)
		return false;
	if (hold == HOLD_NOTHING)
		replays_turn(w->replays, was_woken);
	if (!has_room(w))
		return false;
	if (at_held)
		w->held_at = mono_after(now, LOOK_HELD_EVERY_MS);
	look_for_picks(w, at_held);
	has_more = w->n == PICKS_MAX || w->has_moves;
	read_all_again(w);
	has_more = take_back_overflow(w) || has_more;
	arena_reset(w->arena);
	return has_more && has_room(w);
}

void *
ledger_run(void *flow)
{
	struct ledger_walk *w = ledger_walk_new(flow);
	bool was_woken = true;

	while (!atomic_load(&w->flow->is_stopping)) {
		bool has_more = ledger_walk_turn(w, was_woken);

		was_woken = sleep_or_be_woken(w->flow, has_more ? 0 : LOOK_EVERY_MS);
	}
	ledger_walk_free(w);
	return NULL;
}
