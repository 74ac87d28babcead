#include "replay.h"

#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "carillon/registry/registry.h"
#include "carillon/registry/stored.h"
#include "flow/admit.h"
#include "find.h"

enum {
	REFRESH_EVERY_MS = 5000, /* besides when the state changed */
	SAVE_EVERY_MS = 2000,
	REPLAYS_SHARE = 8, /* of what may be in hand, all replays together */
	RUN_MIN = 4,       /* of one replay, however slow it is */
	RUN_MAX = 1024,
	LOOKS_MAX = 8,      /* of one replay a turn */
	LATE_MAX_MS = 1000, /* what was not sent in time is made up for, so much of it */
	CANCEL_PATIENCE_MS = 10000,
};

/* An event on its way, with the counts before it: a position that can be saved. */
struct taken {
	uint64_t seq, sent, skipped;
};

struct run {
	struct list link;
	struct arena *arena; /* of the record */
	struct str workspace;
	replay_record *record;
	uint64_t revision;
	struct replay_selection selection;
	uint64_t next;          /* sequence to look at */
	struct replay_at found; /* to be read; sequence 0: look further */
	struct taken before;    /* the counts before it */
	bool is_through;        /* nothing more is selected */
	uint64_t sent, skipped;
	struct taken taken[RUN_MAX]; /* a ring, oldest first */
	int first, n;
	int64_t due_us; /* of the clock: when the next may go */
	mono_t save_at;
	mono_t blocked_since; /* somebody else has the event in hand; ms 0: nobody */
	bool is_seen;
};

struct replays {
	struct flow *flow;
	struct registry *registry;
	struct list runs;
	struct onward onward;
	mono_t refresh_at;
};

struct replays *
replays_new(struct flow *f)
{
	struct replays *r = calloc(1, sizeof(*r));

	must(r != NULL);
	r->flow = f;
	r->registry = registry_new(f->parts.broker, f->parts.store);
	list_init(&r->runs);
	onward_init(&r->onward);
	return r;
}

static void
run_free(struct run *run)
{
	list_remove(&run->link);
	arena_free(run->arena);
	free(run);
}

void
replays_free(struct replays *r)
{
	LIST_EACH_SAFE (n, &r->runs)
		run_free(CONTAINER_OF(n, struct run, link));
	registry_free(r->registry);
	free(r);
}

/* --- which there are --- */

static struct run *
run_find(struct replays *r, struct str workspace, struct str id)
{
	LIST_EACH (n, &r->runs) {
		struct run *run = CONTAINER_OF(n, struct run, link);

		if (str_eq(run->workspace, workspace) && str_eq(str_of(run->record->id), id))
			return run;
	}
	return NULL;
}

/* Takes the arena, which has the record. */
static void
run_new(struct replays *r, struct arena *a, const struct stored_key *key, replay_record *record,
    uint64_t revision)
{
	struct run *run = calloc(1, sizeof(*run));
	struct err e;

	must(run != NULL);
	must(replay_selection_of(record, &run->selection, &e)); /* stored_read did */
	run->arena = a;
	run->record = record;
	run->revision = revision;
	run->workspace = arena_str(a, key->workspace);
	run->next = record->position + 1;
	run->sent = record->sent;
	run->skipped = record->skipped;
	run->due_us = clock_mono().ms * 1000;
	run->is_seen = true;
	list_append(&r->runs, &run->link);
	log_info("replay.run", L_STRN("workspace", run->workspace), L_STR("replay", record->id),
	    L_INT("from", run->next), L_INT("to", record->to_seq));
}

static bool
is_running(const replay_record *r)
{
	return r->status == CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_RUNNING;
}

static bool
refresh_one(struct str workspace, struct str id, const struct state_value *v, void *arg)
{
	const struct stored_key key = {workspace, STATE_REPLAY, id};
	struct replays *r = arg;
	struct run *run = run_find(r, workspace, id);
	struct arena *a;
	void *record;

	if (run != NULL && run->revision == v->revision) {
		run->is_seen = true;
		return true;
	}
	a = arena_new(0);
	/* By hand meanwhile: a run of it ends below. */
	if (!stored_read(a, &key, v->bytes, &record, NULL) || !is_running(record)) {
		arena_free(a);
	} else if (run == NULL) {
		run_new(r, a, &key, record, v->revision);
	} else {
		/* Only its progress is ever changed besides its status. */
		run->revision = v->revision;
		run->is_seen = true;
		arena_free(a);
	}
	return true;
}

/* What is in hand of a replay that was paused or canceled goes out all the same. */
static void
refresh(struct replays *r)
{
	struct txn *t = txn_read(r->flow->parts.store, STORE_STATE);

	LIST_EACH (n, &r->runs)
		CONTAINER_OF(n, struct run, link)->is_seen = false;
	state_each_of_kind(t, STATE_REPLAY, refresh_one, r);
	if (txn_error(t) == NULL)
		LIST_EACH_SAFE (n, &r->runs)
			if (!CONTAINER_OF(n, struct run, link)->is_seen)
				run_free(CONTAINER_OF(n, struct run, link));
	txn_end(t);
}

/* --- saving --- */

/* Returns whether there is any since it was saved. */
static bool
note_progress(struct run *run)
{
	replay_record *rec = run->record;
	const uint64_t before = rec->position, sent = rec->sent, skipped = rec->skipped;
	struct taken at = {.seq = run->next, .sent = run->sent, .skipped = run->skipped};

	if (run->found.seq != 0)
		at = run->before;
	if (run->n > 0)
		at = run->taken[run->first];
	rec->position = at.seq - 1;
	rec->sent = at.sent;
	rec->skipped = at.skipped;
	rec->updated_ms = clock_wall().ms;
	return rec->position != before || rec->sent != sent || rec->skipped != skipped;
}

/* A conflict is a person's pause or cancel, which the next refresh finds. */
static bool
save(struct replays *r, struct run *run)
{
	struct arena *a;
	struct err e = {0};
	bool ok;

	ok = registry_put_replay(r->registry, run->workspace, run->record, run->revision, &e);
	if (!ok) {
		if (e.kind != ERR_CONFLICT)
			log_warn("replay.save", L_STR("replay", run->record->id),
			    L_STR("error", e.text));
		r->refresh_at = (mono_t){0};
		return false;
	}
	a = arena_new(0);
	(void)registry_replay(
	    r->registry, a, run->workspace, str_of(run->record->id), &run->revision, &e);
	arena_free(a);
	return true;
}

static uint64_t
gone_of(const replay_record *r)
{
	const uint64_t seen = r->sent + r->skipped;

	return r->selected > seen ? r->selected - seen : 0;
}

static void
end_run(struct replays *r, struct run *run)
{
	run->record->status = CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_DONE;
	run->next = run->record->to_seq + 1;
	(void)note_progress(run);
	run->record->gone = gone_of(run->record);
	if (!save(r, run)) {
		run->record->status = CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_RUNNING;
		return;
	}
	log_info("replay.done", L_STRN("workspace", run->workspace),
	    L_STR("replay", run->record->id), L_INT("sent", run->sent),
	    L_INT("skipped", run->skipped), L_INT("gone", run->record->gone));
	run_free(run);
}

/* --- one after the other --- */

static void
drop_finished(struct replays *r, struct run *run)
{
	while (run->n > 0 && !active_has(r->flow->active, run->taken[run->first].seq)) {
		run->first = (run->first + 1) % RUN_MAX;
		run->n--;
	}
}

static bool
has_room(struct replays *r, const struct run *run)
{
	int all = (int)active_limit(r->flow->active) / REPLAYS_SHARE;
	int own = 2 * (int)run->record->rate;

	own = own < RUN_MIN ? RUN_MIN : own > RUN_MAX ? RUN_MAX : own;
	return run->n < own && active_room(r->flow->active) > 0 &&
	       atomic_load(&r->flow->replay_in_hand) < (all > 0 ? all : 1);
}

static bool
is_due(struct run *run, mono_t now)
{
	int64_t earliest_us = (now.ms - LATE_MAX_MS) * 1000;

	if (run->due_us < earliest_us)
		run->due_us = earliest_us;
	return run->due_us <= now.ms * 1000;
}

/* It is on its way with `n` deliveries. */
static void
note_taken(struct run *run, int n)
{
	run->taken[(run->first + run->n++) % RUN_MAX] = run->before;
	run->sent += (uint64_t)n;
	run->due_us += (int64_t)n * 1000000 / run->record->rate;
}

/* Somebody else has this event in hand: wait, but a cancel not for what is queued for long. */
static bool
is_worth_waiting(struct run *run, mono_t now)
{
	if (run->blocked_since.ms == 0)
		run->blocked_since = now;
	return !run->selection.cancels ||
	       !mono_reached(now, mono_after(run->blocked_since, CANCEL_PATIENCE_MS));
}

/* Whether its message is on its way, or not worth waiting for: then its deliveries are among
 * those skipped. */
static bool
admit_or_wait(struct replays *r, struct run *run, struct replay_reading *reading, wall_t wall)
{
	struct message *m = reading->message;
	const int n = m->n_deliveries;
	struct err e = {0};

	m->is_replay = true;
	switch (admit(r->flow, m, &r->onward, wall, &e)) {
	case ADMITTED:
		note_taken(run, n);
		onward_send(&r->onward, r->flow);
		return true;
	case REFUSED_UNREADABLE:
		log_warn("replay.keys", L_INT("seq", m->seq), L_STR("error", e.text));
		message_free(m);
		return false;
	default:
		message_free(m);
		if (is_worth_waiting(run, clock_mono()))
			return false;
		reading->skipped += n;
		return true;
	}
}

/* True when what was found is done with. */
static bool
read_and_send(struct replays *r, struct run *run, const struct replay_source *from)
{
	struct replay_reading reading;
	struct err e = {0};
	wall_t wall = clock_wall();

	if (!replay_read(from, &run->selection, &run->found, &reading, &e)) {
		log_warn("replay.read", L_INT("seq", run->found.seq), L_STR("error", e.text));
		return false;
	}
	if (reading.message != NULL && !admit_or_wait(r, run, &reading, wall))
		return false;
	run->skipped += (uint64_t)reading.skipped;
	run->blocked_since = (mono_t){0};
	run->found = reading.has_more ? reading.next : (struct replay_at){0};
	return true;
}

static bool
look_further(struct replays *r, struct run *run, const struct replay_source *from)
{
	struct replay_look found;
	struct err e = {0};

	(void)r;
	if (!replay_look(from, &run->selection, run->next, &found, &e)) {
		log_warn("replay.look", L_STR("error", e.text));
		return false;
	}
	/* By this replay, before it was interrupted. What it took of the event that was found
	 * is counted when that is found again from a saved position. */
	run->sent += found.taken;
	run->next = found.next;
	run->found = (struct replay_at){.seq = found.found};
	run->before =
	    (struct taken){found.found, run->sent - found.taken_of_found, run->skipped};
	run->is_through = found.is_end;
	return true;
}

static void
run_turn(struct replays *r, struct run *run, mono_t now)
{
	struct flow *f = r->flow;
	const struct replay_source from = {.broker = f->parts.broker,
	    .store = f->parts.store,
	    .rulebook = f->rulebook,
	    .workspace = run->workspace};

	for (int looks = 0; looks < LOOKS_MAX && !atomic_load(&f->is_stopping);) {
		if (run->found.seq != 0) {
			if (!is_due(run, now) || !has_room(r, run) ||
			    !read_and_send(r, run, &from))
				return;
		} else if (run->is_through || !look_further(r, run, &from)) {
			return;
		} else {
			looks += run->found.seq == 0;
		}
	}
}

static void
run_whole_turn(struct replays *r, struct run *run, mono_t now)
{
	drop_finished(r, run);
	run_turn(r, run, now);
	if (run->is_through && run->found.seq == 0 && run->n == 0) {
		end_run(r, run);
	} else if (mono_reached(now, run->save_at)) {
		run->save_at = mono_after(now, SAVE_EVERY_MS);
		if (note_progress(run))
			(void)save(r, run);
	}
}

void
replays_turn(struct replays *r, bool was_woken)
{
	mono_t now = clock_mono();

	if (was_woken || mono_reached(now, r->refresh_at)) {
		r->refresh_at = mono_after(now, REFRESH_EVERY_MS);
		refresh(r);
	}
	LIST_EACH_SAFE (n, &r->runs)
		if (!atomic_load(&r->flow->is_stopping))
			run_whole_turn(r, CONTAINER_OF(n, struct run, link), now);
}
