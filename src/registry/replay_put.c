/* Replays as records: what may be stored, and that they do not pile up. */
#include "carillon/base/arena.h"
#include "registry_private.h"
#include "carillon/registry/replay_selection.h"

static bool
has_ended(const replay_record *r)
{
	return r->status == CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_DONE ||
	       r->status == CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_CANCELED;
}

/* Of one delivery, which its history tells of as well: such goes before any other. */
static bool
is_of_one(const replay_record *r)
{
	return r->event_id[0] != '\0';
}

static bool
goes_before(const replay_record *r, const replay_record *oldest)
{
	return oldest == NULL || (is_of_one(r) && !is_of_one(oldest));
}

/* New ids sort by time, so the first that ended is the oldest. */
struct counting {
	int n;
	const replay_record *oldest;
	uint64_t revision;
};

static bool
count_one(const void *record, uint64_t revision, void *arg)
{
	struct counting *c = arg;

	c->n++;
	if (has_ended(record) && goes_before(record, c->oldest)) {
		c->oldest = record;
		c->revision = revision;
	}
	return true;
}

static bool
make_room(struct registry *r, struct str workspace, struct err *e)
{
	struct arena *a = arena_new(0);
	struct counting c = {0};
	bool ok = registry_each(
	    r, a, &(struct state_list){workspace, STATE_REPLAY}, count_one, &c, e);

	if (ok && c.n >= REPLAYS_KEPT && c.oldest == NULL)
		ok = fail(e, ERR_FULL,
		    "workspace \"%.*s\" has %d replays that have not ended; that is the limit: "
		    "cancel some",
		    STR_ARG(workspace), c.n);
	else if (ok && c.n >= REPLAYS_KEPT)
		ok = registry_delete(
		    r, workspace, STATE_REPLAY, str_of(c.oldest->id), c.revision, e);
	arena_free(a);
	return ok;
}

static bool
may_begin(struct registry *r, struct str workspace, struct err *e)
{
	return registry_has_workspace(r, workspace, e) && make_room(r, workspace, e);
}

bool
registry_put_replay(struct registry *r, struct str workspace, const replay_record *replay,
    uint64_t expected, struct err *e)
{
	struct replay_selection selection;

	if (replay->rate < 1 || replay->rate > REPLAY_RATE_MAX)
		return fail(e, ERR_INPUT, "a replay sends 1 to %d deliveries a second, not %u",
		    REPLAY_RATE_MAX, replay->rate);
	return replay_selection_of(replay, &selection, e) &&
	       (expected != 0 || may_begin(r, workspace, e)) &&
	       registry_put_record(r, workspace, STATE_REPLAY, replay, expected, e);
}
