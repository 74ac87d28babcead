#include "carillon/flow/flow.h"

#include <signal.h>
#include <unistd.h>

#include "carillon/base/clock.h"
#include "carillon/base/deadline.h"
#include "carillon/base/log.h"
#include "carillon/registry/credentials.h"
#include "carillon/registry/registry.h"
#include "carillon/http/pool.h"
#include "admit.h"
#include "carillon/index/active_limit.h"
#include "carillon/index/catch_up.h"
#include "carillon/index/lost_tail.h"
#include "carillon/index/repair.h"

enum {
	RULESETS_MAX = 200000, /* compiled workspaces kept; about 2 KiB each with three rules */
	SCRIBE_QUEUE_MAX = 65536,
	COURIER_QUEUE_MAX = 2 * 65536 + 1024, /* more than may ever be active */
};

/* --- start --- */

/*
 * Credentials are tried before anything is delivered: with a wrong master key every customer's
 * deliveries would be held, when one sentence now is enough. It is wrong when it opens none.
 */
static bool
check_master_key(struct flow *f, struct err *e)
{
	return credentials_check_key(f->parts.store, f->parts.vault, e);
}

/* When the stream stored its last event; one that is gone says nothing. */
static bool
find_last_at(struct flow *f, struct doubt *d, struct err *e)
{
	struct broker_message m;

	if (d->last == 0)
		return true;
	if (!broker_get(f->parts.broker, STREAM_EVENTS, d->last, &m, e))
		return e->kind == ERR_NOT_FOUND;
	d->last_at = m.stored_at;
	broker_message_free(&m);
	return true;
}

static bool
find_doubt(struct flow *f, struct err *e)
{
	struct doubt d = {0};
	struct txn *t = txn_read(f->parts.store, STORE_HISTORY);
	struct stream_info stream;
	bool ok;

	d.newest = ledger_newest(t);
	ok = txn_finish(t, e) &&
	     active_limit_note(
		 f->parts.store, (uint64_t)f->parts.config->active_max, &d.active_limit, e) &&
	     broker_stream_info(f->parts.broker, STREAM_EVENTS, &stream, e) &&
	     broker_consumer_info(f->parts.broker, &d.consumer, e);
	if (!ok)
		return false;
	d.last = stream.last_seq;
	if (!tail_newest_event(f->parts.store, d.last, &d.newest, e) || !find_last_at(f, &d, e))
		return false;
	f->doubt = d;
	return true;
}

static bool
load_workspace(struct str workspace, void *budget)
{
	budget_load(budget, workspace);
	return true;
}

/* Whose events an earlier life has set aside. */
static bool
load_waiting(struct flow *f, struct err *e)
{
	struct txn *t = txn_read(f->parts.store, STORE_HISTORY);

	ledger_each_waiting_workspace(t, load_workspace, f->budget);
	return txn_finish(t, e);
}

static bool
catch_up(struct flow *f, struct err *e)
{
	struct registry *r = registry_new(f->parts.broker, f->parts.store);
	const struct index_parts p = {
	    f->parts.config, f->parts.broker, f->parts.store, &f->parts.partition};
	bool ok = repair_state(&p, e) && registry_catch_up(r, 0, e) && repair_history(&p, e) &&
	          history_catch_up(p.broker, p.store, e) && repair_events(&p, e) &&
	          check_master_key(f, e) && find_doubt(f, e) && admit_load(f, e) &&
	          load_waiting(f, e);

	if (ok)
		repair_tell_rebuilt(&p);
	registry_free(r);
	return ok;
}

static void
start_thread(pthread_t *thread, void *(*run)(void *), struct flow *f, const char *name)
{
	sigset_t all, before;

	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	must(pthread_create(thread, NULL, run, f) == 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_setname_np(*thread, name);
}

/* Three quarters of what may be in hand: the rest is for what is on its way to a record. */
static size_t
places_of(const struct config *c)
{
	return (size_t)(c->active_max - c->active_max / 4);
}

static struct flow *
flow_new(const struct flow_parts *parts)
{
	struct flow *f = calloc(1, sizeof(*f));

	must(f != NULL);
	f->parts = *parts;
	f->at_start = *parts->config;
	f->parts.config = &f->at_start;
	f->settings = settings_new(parts->config);
	f->rulebook = rulebook_new(parts->store, RULESETS_MAX);
	f->active = active_new((size_t)parts->config->active_max);
	f->places = places_new(places_of(parts->config));
	f->budget = budget_new();
	f->to_courier = queue_new(COURIER_QUEUE_MAX);
	f->to_scribe = queue_new(SCRIBE_QUEUE_MAX);
	f->troubles = troubles_new();
	f->gone = gone_new(f);
	f->moves = moves_new(f);
	pthread_mutex_init(&f->wake_lock, NULL);
	pthread_mutex_init(&f->broken_lock, NULL);
	deadline_cond_init(&f->wake);
	config_node(parts->config, f->node);
	return f;
}

void
flow_close(struct flow *f)
{
	settings_free(f->settings);
	rulebook_free(f->rulebook);
	places_free(f->places);
	budget_free(f->budget);
	active_free(f->active);
	queue_free(f->to_courier);
	queue_free(f->to_scribe);
	troubles_free(f->troubles);
	gone_free(f->gone);
	moves_free(f->moves);
	pthread_cond_destroy(&f->wake);
	pthread_mutex_destroy(&f->wake_lock);
	pthread_mutex_destroy(&f->broken_lock);
	free(f);
}

bool
flow_open(struct flow **out, const struct flow_parts *parts, struct err *e)
{
	struct flow *f = flow_new(parts);

	if (!catch_up(f, e)) {
		flow_close(f);
		return false;
	}
	*out = f;
	return true;
}

bool
flow_start(struct flow **out, const struct flow_parts *parts, struct err *e)
{
	struct flow *f;

	/* Once the courier runs it is too late to say so. */
	if (!pool_reserve_files((int)parts->config->in_flight_max, e) ||
	    !flow_open(&f, parts, e))
		return false;
	start_thread(&f->scribe, scribe_run, f, "scribe");
	start_thread(&f->courier, courier_run, f, "courier");
	start_thread(&f->follower, follower_run, f, "follower");
	start_thread(&f->ledger, ledger_run, f, "ledger");
	start_thread(&f->matcher, matcher_run, f, "matcher");
	start_thread(&f->intake, intake_run, f, "intake");
	*out = f;
	return true;
}

void
flow_reload(struct flow *f, const struct config *c)
{
	uint64_t most;
	struct err e = {0};

	settings_change(f->settings, c);
	/* Noted before more is taken in hand than any life had so far. */
	if (active_limit_note(f->parts.store, (uint64_t)c->active_max, &most, &e)) {
		active_set_limit(f->active, (size_t)c->active_max);
		places_set_limit(f->places, places_of(c));
		places_set_lane_limit(f->places, admit_lane_limit(c, dest_default()));
	} else {
		log_error("flow.active_max", L_STR("error", e.text),
		    L_STR("meanwhile", "the limit stays as it was"));
	}
	flow_wake_ledger(f);
}

/* --- stop: against the stream --- */

/* By looking: the thread sanitizer does not know pthread_clockjoin_np, and whoever steps the
 * wall clock must not change how long a drain takes. */
static bool
ends_by(pthread_t thread, mono_t by)
{
	const struct timespec look = {.tv_nsec = 5 * 1000 * 1000};

	while (pthread_tryjoin_np(thread, NULL) != 0) {
		if (mono_reached(clock_mono(), by))
			return false;
		nanosleep(&look, NULL);
	}
	return true;
}

mono_t
flow_drain_until(struct flow *f, mono_t *over)
{
	struct settings_view now = {0};
	mono_t begun = clock_mono();
	int64_t drain_ms;

	settings_take(f->settings, &now);
	drain_ms = now.config.drain_s * 1000;
	atomic_store(&f->give_up_ms, begun.ms + drain_ms * 8 / 10);
	*over = mono_after(begun, drain_ms * 97 / 100);
	return mono_after(begun, drain_ms * 92 / 100);
}

/* The courier and the scribe; what they have not done by `until` they leave. */
static bool
drain(struct flow *f, mono_t until, mono_t over)
{
	bool courier, scribe;

	atomic_store(&f->is_draining, true);
	courier = ends_by(f->courier, until);
	scribe = ends_by(f->scribe, until);
	atomic_store(&f->is_abandoned, !courier || !scribe);
	courier = courier || ends_by(f->courier, over);
	return (scribe || ends_by(f->scribe, over)) && courier;
}

/* What an earlier life may have posted is told by where the ledger ends, once it has come so
 * far: then how much that life had in hand does not matter any more. */
static bool
has_passed_doubt(struct flow *f)
{
	const struct doubt *d = &f->doubt;
	struct txn *t = txn_read(f->parts.store, STORE_HISTORY);
	const uint64_t newest = ledger_newest(t);

	txn_end(t);
	return newest >= d->last || newest >= d->newest + d->active_limit;
}

bool
flow_is_settled(struct flow *f)
{
	struct err e = {0};

	if (active_count(f->active) > 0)
		return false;
	if (has_passed_doubt(f) && !active_limit_forget(f->parts.store, &e))
		log_debug("flow.active_max", L_STR("error", e.text));
	return true;
}

bool
flow_stop(struct flow *f)
{
	mono_t over, until = flow_drain_until(f, &over);
	bool all_ended, finished;

	log_info("flow.draining", L_INT("in_hand", active_count(f->active)));
	atomic_store(&f->is_stopping, true);
	flow_wake_ledger(f);
	all_ended = ends_by(f->intake, over);
	all_ended = ends_by(f->matcher, over) && all_ended;
	all_ended = ends_by(f->ledger, over) && all_ended;
	all_ended = drain(f, until, over) && all_ended;
	atomic_store(&f->is_ending, true);
	all_ended = ends_by(f->follower, over) && all_ended;
	finished = all_ended && flow_is_settled(f);
	log_info("flow.stopped", L_BOOL("finished", finished),
	    L_INT("left", active_count(f->active)));
	/* What is left is in memory the process is about to give up anyway, and who still waits
	 * for a broker that is silent may go on until then; the broker has the events.
	 */
	if (finished)
		flow_close(f);
	return finished;
}

/* --- between the threads --- */

void
flow_call_ledger(struct flow *f)
{
	pthread_mutex_lock(&f->wake_lock);
	f->is_called = true;
	pthread_cond_signal(&f->wake);
	pthread_mutex_unlock(&f->wake_lock);
}

void
flow_wake_ledger(struct flow *f)
{
	pthread_mutex_lock(&f->wake_lock);
	f->is_woken = true;
	pthread_cond_signal(&f->wake);
	pthread_mutex_unlock(&f->wake_lock);
}

void
flow_break(struct flow *f, const struct err *e)
{
	pthread_mutex_lock(&f->broken_lock);
	if (f->broken.kind == ERR_NONE)
		f->broken = *e;
	pthread_mutex_unlock(&f->broken_lock);
}

bool
flow_is_broken(struct flow *f, struct err *e)
{
	bool broken;

	pthread_mutex_lock(&f->broken_lock);
	broken = f->broken.kind != ERR_NONE;
	if (broken)
		*e = f->broken;
	pthread_mutex_unlock(&f->broken_lock);
	return broken;
}

static uint64_t
look_at(const atomic_uint_least64_t *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

void
flow_look(struct flow *f, struct flow_view *out)
{
	struct places_view places;

#define COUNTER(name, sentence) out->counters.name = look_at(&f->count.name);
#include "carillon/flow/counters.def"
#undef COUNTER
#define HISTOGRAM(name, sentence) histogram_look(&f->took.name, &out->name);
#include "carillon/flow/histograms.def"
#undef HISTOGRAM
	out->lanes = (struct flow_lanes){
	    .lanes = look_at(&f->lanes.lanes),
	    .queued = look_at(&f->lanes.queued),
	    .in_flight = look_at(&f->lanes.in_flight),
	    .shut = look_at(&f->lanes.shut),
	};
	places_look(f->places, &places);
	out->places = (struct flow_places){
	    .limit = places.limit,
	    .held = places.held,
	    .overflow = places.overflow,
	    .overflow_lanes = places.overflow_lanes,
	};
	out->in_hand = active_count(f->active);
	for (int i = 0; i < OUTCOMES; i++)
		out->outcomes[i] = look_at(&f->outcomes[i]);
	out->is_down = atomic_load(&f->hold) != HOLD_NOTHING;
}
