#include "player_world.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "carillon/base/clock.h"
#include "player_fiber.h"

enum {
	LOOK_EVERY_MS = 250,  /* as the ledger thread does */
	HELD_STEP_MS = 5000,  /* as the ledger thread looks at what is held */
	IDLE_STEP_MS = 60000, /* longest jump */
	BUSY_STEP_MS = 1000,  /* while something is in hand: the follower's look */
	COURIER_LONGEST_MS = 3600000,
	TURNS_MAX = 100000, /* in one moment; more is a loop without end */
	INTAKE_TURNS = 64,
};

enum stage {
	STAGE_FOLLOWER,
	STAGE_LEDGER,
	STAGE_MATCHER,
	STAGE_INTAKE,
	STAGE_COURIER,
	STAGE_SCRIBE,
	STAGES
};

struct life {
	struct life *next; /* in world.ended */
	struct flow *flow;
	struct intake *intake;
	struct matcher *matcher;
	struct courier *courier;
	struct scribe *scribe;
	struct ledger_walk *ledger;
	struct follower *follower;
	struct fiber *stages[STAGES];
	mono_t ledger_at;
	uint64_t looked_after; /* fake_activity when ledger_at was found */
};

static struct world *present;

/* --- the stages: what their threads do, and rest instead of waiting --- */

static void
run_intake(void *life)
{
	struct life *l = life;

	for (;;) {
		/* Without room a turn would only wait, and in real time. */
		for (int i = 0; i < INTAKE_TURNS && active_room(l->flow->active) > 0; i++)
			if (!intake_turn(l->intake, 0))
				break;
		fiber_rest(clock_mono());
	}
}

static void
run_courier(void *life)
{
	struct life *l = life;

	while (!courier_is_done(l->courier)) {
		courier_turn(l->courier, COURIER_LONGEST_MS);
		fiber_rest(clock_mono());
	}
}

static void
run_scribe(void *life)
{
	struct life *l = life;

	while (!scribe_is_done(l->scribe) && scribe_turn(l->scribe, 0))
		fiber_rest(clock_mono());
}

static bool
take_wake(struct flow *f)
{
	bool was_woken;

	pthread_mutex_lock(&f->wake_lock);
	was_woken = f->is_woken;
	f->is_woken = false;
	pthread_mutex_unlock(&f->wake_lock);
	return was_woken;
}

static bool
take_call(struct flow *f)
{
	bool was_called;

	pthread_mutex_lock(&f->wake_lock);
	was_called = f->is_called;
	f->is_called = false;
	pthread_mutex_unlock(&f->wake_lock);
	return was_called;
}

static bool
note_any(const delivery_record *d, void *found)
{
	(void)d;
	*(bool *)found = true;
	return false;
}

static bool
note_due(const delivery_record *d, void *due_ms)
{
	*(int64_t *)due_ms = d->due_ms;
	return false;
}

static bool
note_lane(const struct lane_id *lane, uint64_t n, void *has_overflow)
{
	(void)lane;
	*(bool *)has_overflow = n > 0;
	return false;
}

/* How long the ledger thread, which looks four times a second, finds nothing. */
static int64_t
nothing_to_see_ms(struct store *s)
{
	struct arena *a = arena_new(0);
	struct txn *t = txn_read(s, STORE_HISTORY);
	int64_t wait_ms = IDLE_STEP_MS;
	struct store_stats stats;
	bool has_claims = false;
	int64_t due_ms = INT64_MAX;
	bool has_overflow = false;

	ledger_each_overflow_lane(t, note_lane, &has_overflow);
	ledger_each_due(t, a, (wall_t){INT64_MAX}, note_due, &due_ms);
	if (due_ms - clock_wall().ms < wait_ms)
		wait_ms = due_ms - clock_wall().ms;
	ledger_each_claimed(t, a, note_any, &has_claims);
	txn_end(t);
	arena_free(a);
	store_stats(s, &stats);
	if (has_overflow)
		wait_ms = LOOK_EVERY_MS;
	if ((stats.held > 0 || has_claims) && wait_ms > HELD_STEP_MS)
		wait_ms = HELD_STEP_MS;
	return wait_ms;
}

static mono_t
next_look(struct flow *f)
{
	int64_t looks = (nothing_to_see_ms(f->parts.store) + LOOK_EVERY_MS - 1) / LOOK_EVERY_MS;

	if (present->has_replays)
		looks = 1;
	return mono_after(clock_mono(), (looks > 0 ? looks : 1) * LOOK_EVERY_MS);
}

static void
run_ledger(void *life)
{
	struct life *l = life;

	for (;;) {
		bool was_woken = take_wake(l->flow), was_called = take_call(l->flow);

		if (was_woken || was_called || mono_reached(clock_mono(), l->ledger_at)) {
			bool has_more = ledger_walk_turn(l->ledger, was_woken);

			l->ledger_at = has_more ? clock_mono() : next_look(l->flow);
		} else if (l->looked_after != fake_activity) {
			l->ledger_at = mono_earlier(l->ledger_at, next_look(l->flow));
		}
		l->looked_after = fake_activity;
		fiber_rest(clock_mono());
	}
}

static void
run_matcher(void *life)
{
	struct life *l = life;
	int64_t wait_ms;

	for (;;) {
		do
			wait_ms = matcher_turn(l->matcher);
		while (wait_ms == 0);
		fiber_rest(clock_mono());
	}
}

static void
run_follower(void *life)
{
	struct life *l = life;

	for (;;) {
		follower_turn(l->follower, 0);
		fiber_rest(clock_mono());
	}
}

static void (*const runs[STAGES])(void *) = {
    [STAGE_FOLLOWER] = run_follower,
    [STAGE_LEDGER] = run_ledger,
    [STAGE_MATCHER] = run_matcher,
    [STAGE_INTAKE] = run_intake,
    [STAGE_COURIER] = run_courier,
    [STAGE_SCRIBE] = run_scribe,
};

/* --- time --- */

static void
put_life_away(struct world *w)
{
	struct life *l = w->life;

	w->has_died = false;
	w->life = NULL;
	l->next = w->ended;
	w->ended = l;
	fake_broker_cut(w->broker);
	fake_pool_cut();
	store_close(w->store);
	w->store = NULL;
}

/* Everything that can happen at this moment happens. */
static void
live_moment(struct world *w)
{
	int quiet = 0;

	for (int turn = 0; w->life != NULL && quiet < 2; turn++) {
		uint64_t before = fake_activity;

		must(turn < TURNS_MAX);
		for (int i = 0; i < STAGES && !w->has_died; i++)
			if (w->life->stages[i] != NULL)
				fiber_resume(w->life->stages[i], clock_mono());
		if (w->has_died)
			put_life_away(w);
		quiet = fake_activity == before ? quiet + 1 : 0;
	}
}

/* The earlier of two, times that are over not counting. */
static mono_t
sooner(mono_t a, mono_t b, mono_t now)
{
	return b.ms > now.ms ? mono_earlier(a, b) : a;
}

static mono_t
next_moment(const struct world *w, mono_t until)
{
	mono_t now = clock_mono(), at = until;
	const struct life *l = w->life;
	bool is_busy;

	if (l == NULL)
		return until;
	is_busy =
	    active_count(l->flow->active) > 0 || atomic_load(&l->flow->hold) != HOLD_NOTHING;
	at = sooner(at, mono_after(now, is_busy ? BUSY_STEP_MS : IDLE_STEP_MS), now);
	at = sooner(at, fake_pool_next(), now);
	at = sooner(at, fake_broker_next(w->broker), now);
	at = sooner(at, l->ledger_at, now);
	for (int i = 0; i < STAGES; i++)
		if (l->stages[i] != NULL)
			at = sooner(at, fiber_rests_until(l->stages[i]), now);
	if (mono_reached(now, fake_pool_wake()))
		return mono_after(now, 1); /* the courier wants its turn as soon as can be */
	return sooner(at, fake_pool_wake(), now);
}

static void
pass_until(struct world *w, mono_t until)
{
	live_moment(w);
	while (clock_mono().ms < until.ms) {
		fake_clock_advance_to(next_moment(w, until));
		live_moment(w);
	}
}

void
world_pass(struct world *w, int64_t ms)
{
	pass_until(w, mono_after(clock_mono(), ms));
}

/* A pause of a stage puts it aside; one of the story's own calls lets time pass. */
static void
pause_here(int64_t ms)
{
	mono_t until = mono_after(clock_mono(), ms);

	if (!fiber_rest(until))
		fake_clock_advance_to(until);
}

static void
die_here(void)
{
	present->has_died = true;
	must(!fiber_rest(
	    MONO_NEVER)); /* who is dead is not resumed; the story's own call ends */
}

/* --- lives --- */

bool
world_start(struct world *w, struct err *e)
{
	const struct flow_parts parts = {
	    .config = &w->config,
	    .broker = w->broker,
	    .store = world_store(w),
	    .vault = w->vault,
	    .partition = *broker_partition(w->broker),
	};
	struct life *l = calloc(1, sizeof(*l));

	must(l != NULL && w->life == NULL);
	if (!broker_ensure(w->broker, e) || !flow_open(&l->flow, &parts, e)) {
		free(l);
		return false;
	}
	l->intake = intake_new(l->flow);
	l->matcher = matcher_new(l->flow);
	l->courier = courier_new(l->flow);
	l->scribe = scribe_new(l->flow);
	l->ledger = ledger_walk_new(l->flow);
	l->follower = follower_new(l->flow);
	l->flow->is_woken = true; /* what was held may have been repaired meanwhile */
	for (int i = 0; i < STAGES; i++)
		l->stages[i] = fiber_new(runs[i], l);
	w->life = l;
	return true;
}

void
world_kill(struct world *w)
{
	if (w->life != NULL)
		put_life_away(w);
}

void
world_reload(struct world *w)
{
	flow_reload(w->life->flow, &w->config);
}

static void
end_stage(struct life *l, enum stage s)
{
	fiber_free(l->stages[s]);
	l->stages[s] = NULL;
}

static bool
is_drained(const struct life *l)
{
	return fiber_has_ended(l->stages[STAGE_COURIER]) &&
	       fiber_has_ended(l->stages[STAGE_SCRIBE]);
}

static void
free_stages(struct life *l)
{
	courier_free(l->courier);
	scribe_free(l->scribe);
	follower_free(l->follower);
	for (int i = 0; i < STAGES; i++)
		end_stage(l, (enum stage)i);
}

/* As flow_stop does it with threads. */
bool
world_drain(struct world *w)
{
	struct life *l = w->life;
	mono_t over, until = flow_drain_until(l->flow, &over);
	bool is_finished;

	atomic_store(&l->flow->is_stopping, true);
	end_stage(l, STAGE_INTAKE);
	end_stage(l, STAGE_MATCHER);
	end_stage(l, STAGE_LEDGER);
	intake_free(l->intake);
	matcher_free(l->matcher);
	ledger_walk_free(l->ledger);
	atomic_store(&l->flow->is_draining, true);
	live_moment(w);
	while (w->life != NULL && !is_drained(l) && clock_mono().ms < until.ms) {
		fake_clock_advance_to(next_moment(w, until));
		live_moment(w);
	}
	if (w->life != NULL)
		atomic_store(&l->flow->is_abandoned, !is_drained(l));
	for (int i = 0; i < 10 && w->life != NULL && !is_drained(l); i++)
		pass_until(w, mono_after(clock_mono(), BUSY_STEP_MS));
	if (w->life == NULL)
		return false; /* it died meanwhile */
	must(is_drained(l));
	follower_turn(l->follower, 0);
	free_stages(l);
	is_finished = flow_is_settled(l->flow);
	if (is_finished)
		flow_close(l->flow);
	put_life_away(w);
	return is_finished;
}

size_t
world_hand(const struct world *w)
{
	return w->life == NULL ? 0 : active_count(w->life->flow->active);
}

void
world_look(const struct world *w, struct flow_view *out)
{
	*out = (struct flow_view){0};
	if (w->life != NULL)
		flow_look(w->life->flow, out);
}

/* --- the world --- */

struct store *
world_store(struct world *w)
{
	char dir[sizeof(w->dir) + 8];
	const struct store_options o = {.dir = dir, .state_map_mb = 1, .history_map_mb = 4};
	struct err e = {0};

	snprintf(dir, sizeof(dir), "%s/index", w->dir);
	if (w->store == NULL && !store_open(&w->store, &o, &e)) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
	return w->store;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	return remove(path);
}

void
world_delete_index(struct world *w)
{
	char dir[sizeof(w->dir) + 8];

	must(w->life == NULL);
	store_close(w->store);
	w->store = NULL;
	snprintf(dir, sizeof(dir), "%s/index", w->dir);
	must(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

void
world_use_key(struct world *w, const char *name)
{
	char path[sizeof(w->dir) + 16];
	struct err e = {0};

	vault_close(w->vault);
	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	if ((access(path, F_OK) != 0 && !vault_init(path, &e)) ||
	    !vault_open(&w->vault, path, &e)) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
}

void
world_init(struct world *w)
{
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	*w = (struct world){.began = {1000000}};
	present = w;
	snprintf(w->dir, sizeof(w->dir), "%s/carillon-story-XXXXXX", base);
	must(mkdtemp(w->dir) != NULL);
	fake_pause_hook = pause_here;
	fake_die_hook = die_here;
	fake_clock_set(w->began, (wall_t){1776441720000}); /* 2026-04-17T16:02:00Z */
	fake_pool_reset();
	config_defaults(&w->config);
	w->broker = fake_broker_new();
	world_use_key(w, "key");
}

/* What lives that died had in memory is left to the end of this process, as theirs was. */
void
world_fini(struct world *w)
{
	store_close(w->store);
	vault_close(w->vault);
	nftw(w->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
