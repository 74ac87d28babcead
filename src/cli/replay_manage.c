/* Looking at replays, and stopping them. */
#include <stdio.h>
#include <unistd.h>

#include "carillon/base/clock.h"
#include "carillon/registry/replays.h"
#include "carillon/registry/words.h"

#include "output.h"
#include "replay.h"
#include "unreadable.h"

enum {
	WAIT_STEP_MS = 250,
	SILENCE_MS = 15000, /* then perhaps no service runs */
};

/* --- list --- */

static bool
list_one(const void *record, uint64_t revision, void *arg)
{
	const replay_record *r = record;
	struct listing *l = arg;
	struct arena *a = l->doc.command->arena;

	listing_record(l);
	if (listing_is_json(l)) {
		replay_write(l->w, r, revision, NULL);
		return true;
	}
	listing_cell(l, str_of(r->id));
	listing_cell(l, str_of(word_of(&replay_action_words, (int)r->action)));
	listing_cell(l, str_of(word_of(&replay_status_words, (int)r->status)));
	listing_cell(l, arena_printf(a, "%llu", (unsigned long long)r->selected));
	listing_cell(l, arena_printf(a, "%llu", (unsigned long long)r->sent));
	listing_cell(l, arena_printf(a, "%llu", (unsigned long long)r->skipped));
	listing_time(l, r->created_ms);
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

bool
replay_show(struct command *c, struct str workspace, struct str id, struct err *e)
{
	struct replay_outcome outcome;
	struct document doc;
	uint64_t revision;
	const replay_record *r =
	    registry_has_workspace(c->registry, workspace, e)
		? registry_replay(c->registry, c->arena, workspace, id, &revision, e)
		: NULL;

	if (r == NULL || !replay_outcome_count(c->registry, workspace, r, &outcome, e))
		return false;
	document_begin(&doc, c);
	replay_write(&doc.w, r, revision, &outcome);
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
		fprintf(stderr, "\r%llu of %llu sent, %llu skipped, %llu gone ",
		    (unsigned long long)r->sent, (unsigned long long)r->selected,
		    (unsigned long long)r->skipped, (unsigned long long)r->gone);
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
set_status(struct command *c, Carillon__V1__ReplayStatus status, struct err *e)
{
	struct str workspace = command_argument(c, 0), id = command_argument(c, 1);

	return command_open(c, NEED_HISTORY | NEED_WRITE, e) &&
	       registry_has_workspace(c->registry, workspace, e) &&
	       replay_set_status(c->registry, workspace, id, status, e) &&
	       replay_show(c, workspace, id, e);
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
