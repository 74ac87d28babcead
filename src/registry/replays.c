#include "carillon/registry/replays.h"

#include "carillon/base/clock.h"
#include "carillon/base/id.h"
#include "carillon/registry/json_write.h"
#include "carillon/registry/replay_selection.h"
#include "carillon/registry/words.h"
#include "registry_private.h"

enum {
	CONFLICTS_MAX = 20, /* with the service, which saves its progress */
	PAGE_EVENTS = 1024, /* looked at in one transaction */
};

void
replay_new(replay_record *replay, struct arena *a)
{
	char id[NEW_ID_SIZE];

	carillon__v1__replay__init(replay);
	id_new(id, "rep");
	replay->id = arena_cstr(a, str_of(id));
	replay->status = CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_RUNNING;
	replay->rate = REPLAY_RATE_USUAL;
	replay->created_ms = replay->updated_ms = clock_wall().ms;
}

/* --- where it ends --- */

static bool
bound_to_event(struct registry *r, struct str workspace, replay_record *replay, struct err *e)
{
	struct txn *t = txn_read(r->store, STORE_HISTORY);
	uint64_t seq = ledger_seq(t, workspace, str_of(replay->event_id));

	txn_end(t);
	if (seq == 0)
		return fail(e, ERR_NOT_FOUND, "workspace \"%.*s\" has no event \"%s\"",
		    STR_ARG(workspace), replay->event_id);
	replay->from_seq = replay->to_seq = seq;
	replay->position = seq - 1;
	return true;
}

bool
replay_bound(struct registry *r, struct str workspace, replay_record *replay, struct err *e)
{
	struct stream_info info;

	if (replay->event_id[0] != '\0')
		return bound_to_event(r, workspace, replay, e);
	if (!broker_stream_info(r->broker, STREAM_EVENTS, &info, e))
		return false;
	/* What is published from now on is not its business. */
	replay->to_seq = info.last_seq > 0 ? info.last_seq : 1;
	return true;
}

bool
replay_start(struct registry *r, struct str workspace, replay_record *replay, struct err *e)
{
	replay->by = r->author;
	return registry_put_replay(r, workspace, replay, 0, e);
}

/* --- pause, resume, cancel --- */

static bool
may_become(const replay_record *replay, Carillon__V1__ReplayStatus status, struct err *e)
{
	bool is_done = replay->status == CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_DONE;
	bool is_canceled =
	    replay->status == CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_CANCELED;

	if (is_done || (is_canceled && status != replay->status))
		return fail(e, ERR_CONFLICT, "replay \"%s\" is %s already", replay->id,
		    word_of(&replay_status_words, (int)replay->status));
	return true;
}

static bool
set_status_once(struct registry *r, struct str workspace, struct str id,
    Carillon__V1__ReplayStatus status, struct err *e)
{
	struct arena *a = arena_new(0);
	uint64_t revision;
	replay_record *replay = registry_replay(r, a, workspace, id, &revision, e);
	bool ok = replay != NULL && may_become(replay, status, e);

	if (ok) {
		replay->status = status;
		replay->updated_ms = clock_wall().ms;
		ok = registry_put_replay(r, workspace, replay, revision, e);
	}
	arena_free(a);
	return ok;
}

bool
replay_set_status(struct registry *r, struct str workspace, struct str id,
    Carillon__V1__ReplayStatus status, struct err *e)
{
	for (int i = 0; i < CONFLICTS_MAX; i++) {
		struct err first;

		if (set_status_once(r, workspace, id, status, &first))
			return true;
		*e = first;
		if (first.kind != ERR_CONFLICT || !registry_catch_up(r, 0, e))
			return false;
		*e = first;
	}
	return false;
}

/* --- what came of it --- */

struct counting {
	struct replay_selection selection;
	struct replay_outcome *out;
	struct txn *txn;
	struct arena *arena;
	uint64_t next;
	int left;
};

static bool
count_delivery(const delivery_record *d, void *arg)
{
	struct counting *c = arg;

	if (replay_has_taken(&c->selection, d) && (int)d->state < DELIVERY_STATES)
		c->out->of[d->state]++;
	return true;
}

static bool
count_seq(uint64_t seq, void *arg)
{
	struct counting *c = arg;

	if (c->left-- == 0 || seq > c->selection.to_seq)
		return false;
	c->next = seq + 1;
	arena_reset(c->arena);
	history_each_delivery(c->txn, c->arena, seq, count_delivery, c);
	return true;
}

bool
replay_outcome_count(struct registry *r, struct str workspace, const replay_record *replay,
    struct replay_outcome *out, struct err *e)
{
	struct counting c = {.out = out, .arena = arena_new(0), .next = replay->from_seq};
	bool ok = replay_selection_of(replay, &c.selection, e);

	*out = (struct replay_outcome){0};
	do {
		c.left = PAGE_EVENTS;
		c.txn = txn_read(r->store, STORE_HISTORY);
		history_each_seq_of(c.txn, workspace, c.next, count_seq, &c);
		ok = txn_finish(c.txn, e) && ok;
	} while (ok && c.left < 0 && c.next <= c.selection.to_seq);
	arena_free(c.arena);
	return ok;
}

void
replay_write(struct json_writer *w, const replay_record *replay, uint64_t revision,
    const struct replay_outcome *outcome)
{
	json_write_replay_open(w, replay, revision);
	if (outcome != NULL) {
		jw_key(w, "outcome");
		jw_object(w);
		for (int i = 1; i < DELIVERY_STATES; i++)
			if (outcome->of[i] > 0) {
				jw_key(w, delivery_state_name((enum delivery_state)i));
				jw_uint(w, outcome->of[i]);
			}
		jw_object_end(w);
	}
	jw_object_end(w);
}
