/* Looking at replays, and stopping them. */
#include <stdio.h>
#include <unistd.h>

#include "carillon/base/clock.h"

#include "carillon/flow/replay.h"
#include "output.h"
#include "print.h"
#include "replay.h"
#include "unreadable.h"

enum {
	WAIT_STEP_MS = 250,
	SILENCE_MS = 15000, /* then perhaps no service runs */
	CONFLICTS_MAX = 20, /* with the service, which saves its progress */
	PAGE_EVENTS = 1024,
};

static const char *
status_name(const replay_record *r)
{
	switch (r->status) {
	case CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_RUNNING: return "running";
	case CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_PAUSED: return "paused";
	case CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_DONE: return "done";
	case CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_CANCELED: return "canceled";
	default: return "unknown";
	}
}

static const char *
action_name(const replay_record *r)
{
	return r->action == CARILLON__V1__REPLAY_ACTION__REPLAY_ACTION_CANCEL ? "cancel"
	                                                                      : "send";
}

static void
write_number(struct json_writer *w, const char *key, uint64_t n)
{
	jw_key(w, key);
	jw_uint(w, n);
}

void
write_replay_open(struct json_writer *w, const replay_record *r, uint64_t revision)
{
	jw_object(w);
	jw_kv_cstr(w, "id", r->id);
	jw_kv_cstr(w, "action", action_name(r));
	jw_kv_cstr(w, "status", status_name(r));
	jw_kv_cstr(w, "event_id", r->event_id);
	jw_kv_cstr(w, "rule", r->rule);
	jw_kv_cstr(w, "connection", r->connection);
	jw_key(w, "states");
	jw_array(w);
	for (size_t i = 0; i < r->n_states; i++)
		jw_cstr(w, r->states[i]);
	jw_array_end(w);
	write_time(w, "from", r->from_ms);
	write_time(w, "to", r->to_ms);
	jw_kv_bool(w, "again", r->again);
	jw_kv_bool(w, "todays_rules", r->todays_rules);
	jw_kv_int(w, "rate", r->rate);
	write_number(w, "position", r->position);
	write_number(w, "last_sequence", r->to_seq);
	write_number(w, "selected", r->selected);
	write_number(w, "sent", r->sent);
	write_number(w, "skipped", r->skipped);
	write_time(w, "created_at", r->created_ms);
	write_time(w, "updated_at", r->updated_ms);
	jw_kv_cstr(w, "by", r->by);
	write_number(w, "revision", revision);
}

/* --- list --- */

static bool
list_one(const void *record, uint64_t revision, void *arg)
{
	const replay_record *r = record;
	struct listing *l = arg;
	struct arena *a = l->doc.command->arena;

	listing_record(l);
	if (listing_is_json(l)) {
		write_replay_open(l->w, r, revision);
		jw_object_end(l->w);
		return true;
	}
	listing_cell(l, str_of(r->id));
	listing_cell(l, str_of(action_name(r)));
	listing_cell(l, str_of(status_name(r)));
	listing_cell(l, arena_printf(a, "%llu", (unsigned long long)r->selected));
	listing_cell(l, arena_printf(a, "%llu", (unsigned long long)r->sent));
	listing_cell(l, arena_printf(a, "%llu", (unsigned long long)r->skipped));
	listing_cell(l, time_cell(l->doc.command, r->created_ms));
	listing_cell(l, str_of(r->by));
	return true;
}

bool
verb_replay_list(struct command *c, struct err *e)
{
	struct str workspace = command_argument(c, 0);
	struct listing l;

	if (!command_open(c, NEED_STATE, e) ||
	    !registry_has_workspace(c->registry, workspace, e))
		return false;
	listing_begin(&l, c, "ID ACTION STATUS SELECTED SENT SKIPPED CREATED BY");
	if (!registry_each(c->registry, c->arena, &(struct state_list){workspace, STATE_REPLAY},
		list_one, &l, e) ||
	    !list_unreadable(&l, workspace, STATE_REPLAY, "STATUS", e))
		return false;
	listing_end(&l, STR(""));
	return true;
}

/* --- show: with what came of what it sent --- */

struct outcome_count {
	struct replay_selection selection;
	struct txn *txn;
	struct arena *arena;
	uint64_t of[DELIVERY_STATES], next;
	int left;
};

static bool
count_delivery(const delivery_record *d, void *arg)
{
	struct outcome_count *k = arg;

	if (replay_has_taken(&k->selection, d) && (int)d->state < DELIVERY_STATES)
		k->of[d->state]++;
	return true;
}

static bool
count_seq(uint64_t seq, void *arg)
{
	struct outcome_count *k = arg;

	if (k->left-- == 0 || seq > k->selection.to_seq)
		return false;
	k->next = seq + 1;
	arena_reset(k->arena);
	history_each_delivery(k->txn, k->arena, seq, count_delivery, k);
	return true;
}

static bool
count_outcomes(struct command *c, struct str workspace, const replay_record *r,
    struct outcome_count *k, struct err *e)
{
	bool ok = replay_selection_of(r, &k->selection, e);

	k->arena = arena_new(0);
	k->next = r->from_seq;
	do {
		k->left = PAGE_EVENTS;
		k->txn = txn_read(c->store, STORE_HISTORY);
		history_each_seq_of(k->txn, workspace, k->next, count_seq, k);
		ok = txn_finish(k->txn, e) && ok;
	} while (ok && k->left < 0 && k->next <= k->selection.to_seq);
	arena_free(k->arena);
	return ok;
}

static void
write_outcomes(struct json_writer *w, const struct outcome_count *k)
{
	jw_key(w, "outcome");
	jw_object(w);
	for (int i = 1; i < DELIVERY_STATES; i++)
		if (k->of[i] > 0)
			write_number(w, delivery_state_name((enum delivery_state)i), k->of[i]);
	jw_object_end(w);
}

bool
replay_show(struct command *c, struct str workspace, struct str id, struct err *e)
{
	struct outcome_count k = {0};
	struct document doc;
	uint64_t revision;
	const replay_record *r =
	    registry_replay(c->registry, c->arena, workspace, id, &revision, e);

	if (r == NULL || !count_outcomes(c, workspace, r, &k, e))
		return false;
	document_begin(&doc, c);
	write_replay_open(&doc.w, r, revision);
	write_outcomes(&doc.w, &k);
	jw_object_end(&doc.w);
	document_end(&doc);
	return true;
}

bool
verb_replay_show(struct command *c, struct err *e)
{
	return command_open(c, NEED_HISTORY, e) &&
	       replay_show(c, command_argument(c, 0), command_argument(c, 1), e);
}

/* --- wait --- */

static void
say_progress(const replay_record *r)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%llu of %llu sent, %llu skipped ",
		    (unsigned long long)r->sent, (unsigned long long)r->selected,
		    (unsigned long long)r->skipped);
}

static void
say_silence(bool *was_said)
{
	if (!*was_said)
		fprintf(stderr, "carillon: note: nothing has moved for a while: does "
				"`carillon serve` run?\n");
	*was_said = true;
}

bool
replay_wait_end(struct command *c, struct str workspace, struct str id, struct err *e)
{
	mono_t moved_at = clock_mono();
	uint64_t last = 0, revision;
	bool was_said = false;

	for (;;) {
		struct arena *a = arena_new(0);
		const replay_record *r = NULL;
		bool running = false;

		if (registry_catch_up(c->registry, 0, e))
			r = registry_replay(c->registry, a, workspace, id, &revision, e);
		if (r != NULL) {
			running =
			    r->status == CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_RUNNING;
			say_progress(r);
			if (revision != last)
				moved_at = clock_mono();
			else if (mono_reached(clock_mono(), mono_after(moved_at, SILENCE_MS)))
				say_silence(&was_said);
			last = revision;
		}
		arena_free(a);
		if (r == NULL)
			return false;
		if (!running)
			break;
		usleep(WAIT_STEP_MS * 1000);
	}
	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
	return true;
}

bool
replay_wait(struct command *c, struct str workspace, struct str id, struct err *e)
{
	return replay_wait_end(c, workspace, id, e) && command_open(c, NEED_HISTORY, e) &&
	       replay_show(c, workspace, id, e);
}

/* --- pause, resume, cancel --- */

static bool
may_become(const replay_record *r, Carillon__V1__ReplayStatus status, struct err *e)
{
	if (r->status == CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_DONE ||
	    (r->status == CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_CANCELED &&
		status != r->status))
		return fail(
		    e, ERR_CONFLICT, "replay \"%s\" is %s already", r->id, status_name(r));
	return true;
}

static bool
set_status(struct command *c, Carillon__V1__ReplayStatus status, struct err *e)
{
	struct str workspace = command_argument(c, 0), id = command_argument(c, 1);

	if (!command_open(c, NEED_HISTORY | NEED_WRITE, e))
		return false;
	for (int i = 0; i < CONFLICTS_MAX; i++) {
		uint64_t revision;
		replay_record *r =
		    registry_replay(c->registry, c->arena, workspace, id, &revision, e);

		if (r == NULL || !may_become(r, status, e))
			return false;
		r->status = status;
		r->updated_ms = clock_wall().ms;
		if (registry_put_replay(c->registry, workspace, r, revision, e))
			return replay_show(c, workspace, id, e);
		if (e->kind != ERR_CONFLICT || !registry_catch_up(c->registry, 0, e))
			return false;
	}
	return false;
}

bool
verb_replay_pause(struct command *c, struct err *e)
{
	return set_status(c, CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_PAUSED, e);
}

bool
verb_replay_resume(struct command *c, struct err *e)
{
	return set_status(c, CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_RUNNING, e);
}

bool
verb_replay_cancel(struct command *c, struct err *e)
{
	return set_status(c, CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_CANCELED, e);
}
