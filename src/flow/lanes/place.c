#include "lane.h"

enum { PROBED_IN_PAUSES = 8 };

void
place_nowhere(struct dispatch *d, struct lane *l)
{
	list_remove(&l->turn);
	heap_remove(&d->lanes_due, &l->due);
	if (l->place == PLACE_READY && list_is_empty(&l->team->ready))
		list_remove(&l->team->turn);
	if (l->place == PLACE_TEAM && list_is_empty(&l->team->blocked))
		heap_remove(&d->teams_due, &l->team->due);
	l->place = PLACE_IDLE;
}

void
place_retire(struct dispatch *d, struct lane *l)
{
	struct team *t = l->team;
	bool had_turn = l->place == PLACE_READY;

	place_nowhere(d, l);
	if (had_turn && !list_is_empty(&t->blocked))
		heap_set(&d->teams_due, &t->due, (mono_t){0}); /* at the next step */
}

static void
place_ready(struct dispatch *d, struct lane *l)
{
	struct team *t = l->team;

	place_nowhere(d, l);
	if (list_is_empty(&t->ready))
		list_append(&d->ready, &t->turn);
	list_append(&t->ready, &l->turn);
	l->place = PLACE_READY;
}

struct lane *
place_next_ready(struct dispatch *d)
{
	struct list *first = list_take_first(&d->ready);
	struct team *t;

	if (first == NULL)
		return NULL;
	list_append(&d->ready, first);
	t = CONTAINER_OF(first, struct team, turn);
	return CONTAINER_OF(t->ready.next, struct lane, turn);
}

void
place_blocked(struct dispatch *d, struct lane *l, bool was_robbed, mono_t now)
{
	struct team *t = l->team;
	mono_t due = bucket_ready(&t->bucket, 1, now);

	place_nowhere(d, l);
	if (t->due.slot)
		due = mono_earlier(due, t->due.due);
	if (was_robbed)
		list_prepend(&t->blocked, &l->turn);
	else
		list_append(&t->blocked, &l->turn);
	l->place = PLACE_TEAM;
	heap_set(&d->teams_due, &t->due, due);
}

/* Behind the others that failed and want to try whether the destination is up again. */
static void
place_probe(struct dispatch *d, struct lane *l)
{
	place_nowhere(d, l);
	list_append(&d->probes, &l->turn);
	l->place = PLACE_PROBE;
}

void
place_lane(struct dispatch *d, struct lane *l, mono_t now)
{
	if (!lane_has_room(l)) {
		place_retire(d, l);
		return;
	}
	mono_t at = lane_ready_at(l, now);
	if (!mono_reached(now, at)) {
		place_retire(d, l);
		l->place = PLACE_TIMED;
		heap_set(&d->lanes_due, &l->due, at);
		return;
	}
	if (l->place == PLACE_READY || l->place == PLACE_TEAM || l->place == PLACE_PROBE)
		return;
	if (d->is_down && l->is_down)
		place_probe(d, l);
	else if (list_is_empty(&l->team->blocked))
		place_ready(d, l);
	else
		place_blocked(d, l, false, now);
}

/* As many lanes as the team has tokens for get their turn. */
static void
release_blocked(struct dispatch *d, struct team *t, mono_t now)
{
	int64_t n = 0;

	while (!list_is_empty(&t->blocked)) {
		mono_t at = bucket_ready(&t->bucket, n + 1, now);

		if (!mono_reached(now, at)) {
			heap_set(&d->teams_due, &t->due, at);
			return;
		}
		place_ready(d, CONTAINER_OF(t->blocked.next, struct lane, turn));
		n++;
	}
}

/*
 * One lane probes for all, with the pauses of a lane; of very many lanes each still gets its
 * turn within some pauses, for it may be the only one that works.
 */
static void
release_probe(struct dispatch *d, mono_t now)
{
	int64_t few = (int64_t)(d->n_recent_down / PROBED_IN_PAUSES);

	place_ready(d, CONTAINER_OF(d->probes.next, struct lane, turn));
	d->probe_at = mono_after(now, d->probe_ms / (few > 1 ? few : 1));
	if (2 * d->probe_ms <= d->policy.shut_max_ms)
		d->probe_ms *= 2;
}

void
place_wake_due(struct dispatch *d, mono_t now)
{
	struct heap_node *n;

	while ((n = heap_take_due(&d->lanes_due, now)))
		place_lane(d, CONTAINER_OF(n, struct lane, due), now);
	while ((n = heap_take_due(&d->teams_due, now)))
		release_blocked(d, CONTAINER_OF(n, struct team, due), now);
	if (!list_is_empty(&d->probes) && mono_reached(now, d->probe_at))
		release_probe(d, now);
}
