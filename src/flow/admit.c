#include "admit.h"

#include "carillon/base/clock.h"
#include "match.h"
#include "rule_keys.h"

enum {
	LANE_LEAST = 8, /* places that a lane may have, however slow its destination is */
	RENDERED_STEPS_MAX = 20000, /* of an event; then the rest is rendered when it leaves */
};

/* --- handing on --- */

void
onward_init(struct onward *o)
{
	list_init(&o->to_courier);
	list_init(&o->to_scribe);
	o->n = 0;
}

/* What has nothing to be sent is only recorded. The courier passes on what of a message was
 * decided already: were that recorded first, newer messages would overtake its siblings. */
static void
onward_add(struct onward *o, struct message *m)
{
	bool is_open = false;

	for (int i = 0; i < m->n_deliveries; i++)
		is_open = is_open || delivery_is_open(&m->deliveries[i]);
	list_append(is_open ? &o->to_courier : &o->to_scribe, &m->handoff.link);
	o->n++;
}

void
onward_send(struct onward *o, struct flow *f)
{
	if (o->n == 0)
		return;
	if (!list_is_empty(&o->to_courier))
		queue_put_all(f->to_courier, &o->to_courier);
	if (!list_is_empty(&o->to_scribe))
		queue_put_all(f->to_scribe, &o->to_scribe);
	o->n = 0;
}

/* --- places --- */

size_t
admit_lane_limit(const struct config *c, const struct dest_type *dest)
{
	int64_t n = dest->settings(c).channel.milli * c->lane_horizon_s / 1000;

	return n < LANE_LEAST ? LANE_LEAST : (size_t)n;
}

struct loading {
	struct places *places;
	size_t limit;
};

static bool
load_lane(const struct lane_id *lane, uint64_t n, void *arg)
{
	const struct loading *l = arg;

	places_load(l->places, lane, l->limit, n);
	return true;
}

bool
admit_load(struct flow *f, struct err *e)
{
	struct loading l = {f->places, admit_lane_limit(f->parts.config, dest_default())};
	struct txn *t = txn_read(f->parts.store, STORE_HISTORY);

	ledger_each_overflow_lane(t, load_lane, &l);
	return txn_finish(t, e);
}

static struct lane_id
lane_of(const struct delivery *d)
{
	return (struct lane_id){
	    .workspace = d->message->event.workspace,
	    .connection = d->rule->connection_id,
	    .channel = d->channel,
	};
}

/*
 * A rule that makes one message of a storm: what it has then waits for that. What comes back
 * from the ledger has waited once already and is not judged again.
 */
static bool
waits_for_digest(struct flow *f, struct delivery *d, const struct config *c, wall_t now)
{
	const struct lane_id lane = lane_of(d);

	if (d->rule->on_burst != CARILLON__V1__ON_BURST__ON_BURST_DIGEST ||
	    d->message->origin == ORIGIN_LEDGER ||
	    places_backlog(f->places, &lane) < (uint64_t)c->burst_backlog)
		return false;
	d->is_for_digest = true;
	delivery_wait(d, DELIVERY_PARKED, (wall_t){now.ms + c->digest_wait_s * 1000},
	    STR("a storm: goes out with the others as one message"), remedy_of(REPAIR_WAIT));
	return true;
}

/* In whose rule the newest displaces the oldest (the courier's), and what stands for many and
 * must stay one, need no more than a place. */
static bool
takes_any_place(struct flow *f, struct delivery *d)
{
	return (d->rule->on_burst == CARILLON__V1__ON_BURST__ON_BURST_DROP_OLDEST ||
		   d->digest != NULL) &&
	       places_take(f->places, d->line);
}

static void
place(struct flow *f, struct delivery *d, const struct config *c, wall_t now)
{
	const struct lane_id lane = lane_of(d);
	enum room room;

	if (d->digest == NULL && match_is_quiet(d, now)) {
		if (d->has_place) /* taken back from overflow */
			places_release(f->places, d->line);
		d->has_place = false;
		d->line = NULL;
		return;
	}
	if (d->has_place || waits_for_digest(f, d, c, now))
		return;
	room = places_ask(f->places, &lane, admit_lane_limit(c, d->rule->connection->dest),
	    d->message->origin == ORIGIN_LEDGER, &d->line);
	if (room == ROOM_FREE) {
		d->has_place = true;
	} else if (takes_any_place(f, d)) {
		places_stored(f->places, d->line, false);
		d->has_place = true;
	} else {
		d->is_overflow = true;
		if (d->digest == NULL)
			delivery_wait(d, DELIVERY_PARKED, (wall_t){0}, room_sentence(room),
			    remedy_of(REPAIR_WAIT));
	}
}

/* What comes back from the ledger, and what an event has no work left for, is rendered when it
 * leaves; what is matched aside is rendered there. */
static bool
is_rendered_now(const struct message *m)
{
	return m->is_matched_aside ||
	       (m->origin == ORIGIN_STREAM && m->steps <= RENDERED_STEPS_MAX);
}

/* Deliveries that are matched aside and have nothing to send are counted until recorded. */
static void
pace(struct flow *f, struct delivery *d)
{
	d->is_paced = true;
	atomic_fetch_add(&f->paced, 1);
}

static void
place_all(struct flow *f, struct message *m, struct onward *o, wall_t now)
{
	(void)settings_take(f->settings, &o->settings);
	for (int i = 0; i < m->n_deliveries; i++) {
		struct delivery *d = &m->deliveries[i];

		if (delivery_is_open(d))
			place(f, d, &o->settings.config, now);
		if (delivery_is_open(d) && is_rendered_now(m))
			delivery_render_shared(d);
		if (!delivery_is_open(d) && m->is_matched_aside)
			pace(f, d);
	}
}

/* Leaves the book as if it had not been asked. */
static void
let_go_of_line(struct flow *f, struct delivery *d, bool is_kept)
{
	if (d->is_overflow && d->line != NULL)
		places_stored(f->places, d->line, is_kept);
	if (d->has_place)
		places_release(f->places, d->line);
	d->line = NULL;
	d->has_place = false;
}

/* A digest goes as one message or not now: its members wait as they are. */
static bool
is_digest_without_place(const struct message *m)
{
	return m->n_deliveries == 1 && m->deliveries[0].digest != NULL &&
	       delivery_is_open(&m->deliveries[0]) && !m->deliveries[0].has_place;
}

/* --- admission --- */

static enum admission
take_in_hand(struct flow *f, struct message *m)
{
	switch (active_take(f->active, m)) {
	case ACTIVE_TAKEN: return ADMITTED;
	case ACTIVE_SAME_MESSAGE: return REFUSED_SAME_MESSAGE;
	case ACTIVE_SAME_EVENT: return REFUSED_SAME_EVENT;
	case ACTIVE_OTHERWISE: break;
	}
	return REFUSED_BUSY;
}

/* Only now: of two messages of one key, the later one must find what became of the first. */
static bool
look_at_keys(struct flow *f, struct message *m, wall_t now, struct err *e)
{
	struct txn *history;

	if (!rule_keys_has_any(m))
		return true;
	history = txn_read(f->parts.store, STORE_HISTORY);
	rule_keys_apply(m, history, now);
	return txn_finish(history, e);
}

/* While all is held, one message at a time may go and try. */
static void
took_one(struct flow *f)
{
	int hold = atomic_load(&f->hold);

	if (hold == HOLD_BUT_ONE || hold == HOLD_BUT_OVERFLOW)
		(void)atomic_compare_exchange_strong(&f->hold, &hold, HOLD_ALL);
}

/* Setting an event aside would have saved all its deliveries' work but one record's. */
static uint64_t
work_of(const struct message *m)
{
	const bool is_matched_now =
	    m->origin == ORIGIN_STREAM ? !m->is_known : m->is_matched_aside;
	const int more = is_matched_now && m->n_deliveries > 1 ? m->n_deliveries - 1 : 0;

	return m->steps + (uint64_t)more * BUDGET_DELIVERY_STEPS;
}

enum admission
admit(struct flow *f, struct message *m, struct onward *o, wall_t now, struct err *e)
{
	enum admission admission;

	rule_keys_prepare(m);
	admission = take_in_hand(f, m);
	if (admission != ADMITTED)
		return admission;
	if (!look_at_keys(f, m, now, e)) {
		active_release(f->active, m);
		return REFUSED_UNREADABLE;
	}
	place_all(f, m, o, now);
	if (is_digest_without_place(m)) {
		let_go_of_line(f, &m->deliveries[0], false);
		active_release(f->active, m);
		return REFUSED_BUSY;
	}
	if (!m->is_set_aside || m->steps > 0)
		budget_charge(
		    f->budget, m->event.workspace, work_of(m), m->steps, clock_mono());
	took_one(f);
	if (m->is_replay)
		atomic_fetch_add(&f->replay_in_hand, 1);
	if (m->is_passed_over)
		atomic_fetch_add(&f->passed_over_in_hand, 1);
	onward_add(o, m);
	return ADMITTED;
}

void
admit_end(struct flow *f, struct message *m)
{
	if (m->is_replay)
		atomic_fetch_sub(&f->replay_in_hand, 1);
	if (m->is_passed_over)
		atomic_fetch_sub(&f->passed_over_in_hand, 1);
	active_release(f->active, m);
}

void
admit_wait_in_line(struct flow *f, struct delivery *d, mono_t until, struct str reason)
{
	const int64_t wait_ms = until.ms - clock_mono().ms;

	delivery_wait(d, DELIVERY_PARKED,
	    (wall_t){clock_wall().ms + (wait_ms > 0 ? wait_ms : 0)}, reason,
	    remedy_of(REPAIR_WAIT));
	places_shut(f->places, d->line, until);
	if (d->digest != NULL)
		return; /* it stays one: it comes back when it is due */
	d->is_overflow = true;
	places_park(f->places, d->line);
}

void
admit_settled(struct flow *f, struct delivery *d)
{
	active_settled(f->active, d);
	if (d->is_paced)
		atomic_fetch_sub(&f->paced, 1);
	let_go_of_line(f, d, d->state == DELIVERY_PARKED);
}
