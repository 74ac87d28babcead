#include "lane.h"

enum { PROBED_IN_PAUSES = 8 };

void
place_nowhere(struct dispatch *d, struct lane *l)
{
	list_remove(&l->turn);
	heap_remove(&d->lanes_due, &l->due);
	if (l->place == PLACE_READY && list_is_empty(&l->team->ready))
		list_remove(&l->team->turn);
	if (l->place == PLACE_TEAM && list_is_empty(&l->gate->blocked))
		heap_remove(&d->gates_due, &l->gate->due);
	l->place = PLACE_IDLE;
}

/* Its token may be another's: at the next step. */
static void
look_again(struct dispatch *d, struct team_gate *g)
{
	if (!list_is_empty(&g->blocked))
		heap_set(&d->gates_due, &g->due, (mono_t){0});
}

void
place_retire(struct dispatch *d, struct lane *l)
{
	bool had_turn = l->place == PLACE_READY;

	place_nowhere(d, l);
	if (!had_turn)
		return;
	look_again(d, &l->team->all);
	look_again(d, &l->team->updates);
}

/* --- the gates of a team --- */

mono_t
gate_ready(struct team_gate *g, int64_t n, mono_t now)
{
	mono_t at = g->bucket.rate_milli > 0 ? bucket_ready(&g->bucket, n, now) : now;

	return at.ms > g->opens_at.ms ? at : g->opens_at;
}

struct team_gate *
place_gate(struct lane *l, mono_t now)
{
	struct team *t = l->team;

	if (lane_first(l)->is_update && !mono_reached(now, gate_ready(&t->updates, 1, now)))
		return &t->updates;
	return mono_reached(now, gate_ready(&t->all, 1, now)) ? NULL : &t->all;
}

/* Where others wait already; NULL: nowhere. */
static struct team_gate *
queue_of(const struct lane *l)
{
	struct team *t = l->team;

	if (lane_first(l)->is_update && !list_is_empty(&t->updates.blocked))
		return &t->updates;
	return list_is_empty(&t->all.blocked) ? NULL : &t->all;
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
	struct team *t;

	if (list_is_empty(&d->ready))
		return NULL;
	t = CONTAINER_OF(d->ready.next, struct team, turn);
	return CONTAINER_OF(t->ready.next, struct lane, turn);
}

void
place_turn_is_over(struct dispatch *d, struct team *t)
{
	if (list_is_empty(&t->ready))
		return;
	list_remove(&t->turn);
	list_append(&d->ready, &t->turn);
}

void
place_blocked(
    struct dispatch *d, struct lane *l, struct team_gate *g, bool was_robbed, mono_t now)
{
	mono_t due = gate_ready(g, 1, now);

	place_nowhere(d, l);
	if (g->due.slot)
		due = mono_earlier(due, g->due.due);
	if (was_robbed)
		list_prepend(&g->blocked, &l->turn);
	else
		list_append(&g->blocked, &l->turn);
	l->place = PLACE_TEAM;
	l->gate = g;
	heap_set(&d->gates_due, &g->due, due);
	if (was_robbed) /* what it has left unused of the other */
		look_again(d, g == &l->team->all ? &l->team->updates : &l->team->all);
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
	if (d->is_down && l->is_down && !l->team->policy->stands_alone)
		place_probe(d, l);
	else if (queue_of(l) == NULL)
		place_ready(d, l);
	else
		place_blocked(d, l, queue_of(l), false, now);
}

/* As many lanes as the gate has tokens for get their turn. */
static void
release_blocked(struct dispatch *d, struct team_gate *g, mono_t now)
{
	int64_t n = 0;

	while (!list_is_empty(&g->blocked)) {
		mono_t at = gate_ready(g, n + 1, now);

		if (!mono_reached(now, at)) {
			heap_set(&d->gates_due, &g->due, at);
			return;
		}
		place_ready(d, CONTAINER_OF(g->blocked.next, struct lane, turn));
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
	while ((n = heap_take_due(&d->gates_due, now)))
		release_blocked(d, CONTAINER_OF(n, struct team_gate, due), now);
	if (!list_is_empty(&d->probes) && mono_reached(now, d->probe_at))
		release_probe(d, now);
}
