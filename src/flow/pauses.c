#include "pauses.h"

#include "carillon/base/arena.h"
#include "carillon/base/records.h"

enum { OVERFLOW_LOOK = 64 }; /* of a lane: what was in it when the pause began */

struct look {
	struct txn *history;
	struct arena *arena;
	wall_t now;
	pause_fn *each;
	void *arg;
	int left;
};

static void
give(struct look *l, const delivery_record *d)
{
	const struct lane_id lane = {
	    str_of(d->workspace), str_of(d->connection), str_of(d->channel)};

	if (d->due_ms > l->now.ms)
		l->each(&lane, (wall_t){d->due_ms}, l->arg);
}

/* One whose last attempt was answered with a pause is due at its end. */
static bool
look_at_due(const delivery_record *d, void *arg)
{
	struct look *l = arg;

	if (d->n_attempts > 0 && d->attempts[d->n_attempts - 1]->outcome ==
				     CARILLON__V1__OUTCOME_CODE__OUTCOME_CODE_RATE_LIMITED)
		give(l, d);
	arena_reset(l->arena);
	return true;
}

static bool
look_at_overflow(const delivery_record *d, void *arg)
{
	struct look *l = arg;

	give(l, d);
	return --l->left > 0;
}

static bool
look_at_lane(const struct lane_id *lane, uint64_t n, void *arg)
{
	const struct overflow_position start = {0};
	struct look *l = arg;

	(void)n;
	l->left = OVERFLOW_LOOK;
	ledger_each_overflow(l->history, l->arena, lane, &start, look_at_overflow, l);
	arena_reset(l->arena);
	return true;
}

void
pauses_each(struct txn *history, wall_t now, pause_fn *each, void *arg)
{
	struct look l = {
	    .history = history, .arena = arena_new(0), .now = now, .each = each, .arg = arg};

	ledger_each_due(history, l.arena, (wall_t){INT64_MAX}, look_at_due, &l);
	ledger_each_overflow_lane(history, look_at_lane, &l);
	arena_free(l.arena);
}
