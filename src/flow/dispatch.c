#include "lane_private.h"

/* A lane that holds nothing and was not used for so long has no say in whether all are down. */
enum { RECENT_MS = 60 * 1000, PROBED_IN_PAUSES = 8 };

struct dispatch {
	struct lane_policy policy;
	int in_flight_max;
	struct table *lanes_by_key, *teams_by_key;
	struct list teams;
	struct list ready; /* lanes by turn: the rotation */
	struct heap lanes_due, teams_due;
	struct list recent, old; /* lanes by use, the longest unused first */
	size_t n_queued, n_in_flight, n_shut;
	size_t n_recent, n_recent_down, n_teams_down;
	bool is_down;
	struct list probes; /* lanes by turn: while it is, those that failed */
	mono_t probe_at;    /* when the first of them may */
	int64_t probe_ms;
	struct buf key; /* scratch */
};

static void
must_be_sound(const struct lane_policy *policy)
{
	must(policy->queue_max > 0 && policy->window_start > 0);
	must(policy->window_max >= policy->window_start);
	must(policy->shut_min_ms > 0 && policy->shut_max_ms >= policy->shut_min_ms);
}

struct dispatch *
dispatch_new(const struct lane_policy *policy, int in_flight_max)
{
	struct dispatch *d = calloc(1, sizeof(*d));

	must(d && in_flight_max > 0);
	must_be_sound(policy);
	d->policy = *policy;
	d->in_flight_max = in_flight_max;
	d->lanes_by_key = table_new();
	d->teams_by_key = table_new();
	list_init(&d->teams);
	list_init(&d->ready);
	list_init(&d->probes);
	list_init(&d->recent);
	list_init(&d->old);
	return d;
}

/* --- places --- */

static void
unplace(struct dispatch *d, struct lane *l)
{
	list_remove(&l->turn);
	heap_remove(&d->lanes_due, &l->due);
	if (l->place == PLACE_TEAM && list_is_empty(&l->team->blocked))
		heap_remove(&d->teams_due, &l->team->due);
	l->place = PLACE_IDLE;
}

/* For a lane that can't use its turn: the token it was let in for may be another's. */
static void
retire(struct dispatch *d, struct lane *l)
{
	struct team *t = l->team;
	bool had_turn = l->place == PLACE_READY;

	unplace(d, l);
	if (had_turn && !list_is_empty(&t->blocked))
		heap_set(&d->teams_due, &t->due, (mono_t){0}); /* at the next step */
}

static void
place_ready(struct dispatch *d, struct lane *l)
{
	unplace(d, l);
	list_append(&d->ready, &l->turn);
	l->place = PLACE_READY;
}

/* Behind the others that wait for the team's next token; a lane robbed of its turn, before. */
static void
place_blocked(struct dispatch *d, struct lane *l, bool was_robbed, mono_t now)
{
	struct team *t = l->team;
	mono_t due = bucket_ready(&t->bucket, 1, now);

	unplace(d, l);
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
	unplace(d, l);
	list_append(&d->probes, &l->turn);
	l->place = PLACE_PROBE;
}

/* Where the lane belongs now. One that keeps its place keeps its turn too. */
static void
place(struct dispatch *d, struct lane *l, mono_t now)
{
	if (!lane_has_room(l)) {
		retire(d, l);
		return;
	}
	mono_t at = lane_ready_at(l, now);
	if (!mono_reached(now, at)) {
		retire(d, l);
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

static void
wake_due(struct dispatch *d, mono_t now)
{
	struct heap_node *n;

	while ((n = heap_take_due(&d->lanes_due, now)))
		place(d, CONTAINER_OF(n, struct lane, due), now);
	while ((n = heap_take_due(&d->teams_due, now)))
		release_blocked(d, CONTAINER_OF(n, struct team, due), now);
	if (!list_is_empty(&d->probes) && mono_reached(now, d->probe_at))
		release_probe(d, now);
}

/* --- use and counts --- */

/* A change of a lane stands between uncount and count. */
static void
uncount(struct dispatch *d, const struct lane *l)
{
	d->n_shut -= l->state != LANE_OPEN;
	d->n_recent -= l->is_recent;
	if (!l->is_down)
		return;
	d->n_recent_down -= l->is_recent;
	d->n_teams_down -= --l->team->n_down == 0;
}

static void
count(struct dispatch *d, const struct lane *l)
{
	d->n_shut += l->state != LANE_OPEN;
	d->n_recent += l->is_recent;
	if (!l->is_down)
		return;
	d->n_recent_down += l->is_recent;
	d->n_teams_down += l->team->n_down++ == 0;
}

static void
use(struct dispatch *d, struct lane *l, mono_t now)
{
	uncount(d, l);
	list_remove(&l->use);
	list_append(&d->recent, &l->use);
	l->is_recent = true;
	l->used_at = now;
	count(d, l);
}

static void
age(struct dispatch *d, mono_t now)
{
	while (!list_is_empty(&d->recent)) {
		struct lane *l = CONTAINER_OF(d->recent.next, struct lane, use);

		if (!mono_reached(now, mono_after(l->used_at, RECENT_MS)))
			return;
		if (l->queued + l->in_flight > 0) {
			use(d, l, now);
			continue;
		}
		uncount(d, l);
		list_remove(&l->use);
		list_append(&d->old, &l->use);
		l->is_recent = false;
		count(d, l);
	}
}

/* --- lanes --- */

/* A key that no other pair has: neither part holds a NUL. */
static struct str
lane_key(struct buf *b, struct str connection_key, struct str channel)
{
	buf_clear(b);
	buf_str(b, connection_key);
	buf_putc(b, '\0');
	buf_str(b, channel);
	return buf_view(b);
}

static struct team *
team_of(struct dispatch *d, struct str key, mono_t now)
{
	struct team *t = table_get(d->teams_by_key, key);

	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	must(t);
	list_init(&t->lanes);
	list_init(&t->blocked);
	bucket_init(&t->bucket, d->policy.team_rate_milli, d->policy.team_burst, now);
	(void)table_set(d->teams_by_key, key, t);
	list_append(&d->teams, &t->link);
	return t;
}

static struct lane *
lane_new(struct dispatch *d, struct str connection_key, struct str key, mono_t now)
{
	struct lane *l = calloc(1, sizeof(*l));

	must(l);
	lane_init(l, &d->policy, now);
	l->key = malloc(key.len);
	must(l->key);
	memcpy(l->key, key.ptr, key.len);
	l->key[connection_key.len] = '/';
	l->key_len = key.len;
	l->connection_len = connection_key.len;
	l->team = team_of(d, connection_key, now);
	list_append(&l->team->lanes, &l->sibling);
	(void)table_set(d->lanes_by_key, key, l);
	return l;
}

static void
lane_forget(struct dispatch *d, struct lane *l)
{
	struct team *t = l->team;
	struct str connection_key = {l->key, l->connection_len};

	must(l->queued == 0);
	uncount(d, l);
	list_remove(&l->use);
	list_remove(&l->sibling);
	if (list_is_empty(&t->lanes)) {
		(void)table_remove(d->teams_by_key, connection_key);
		list_remove(&t->link);
		free(t);
	}
	l->key[l->connection_len] = '\0';
	(void)table_remove(d->lanes_by_key, (struct str){l->key, l->key_len});
	free(l->key);
	free(l);
}

void
dispatch_free(struct dispatch *d)
{
	if (!d)
		return;
	must(d->n_queued == 0);
	LIST_EACH_SAFE (n, &d->recent)
		lane_forget(d, CONTAINER_OF(n, struct lane, use));
	LIST_EACH_SAFE (n, &d->old)
		lane_forget(d, CONTAINER_OF(n, struct lane, use));
	table_free(d->lanes_by_key);
	table_free(d->teams_by_key);
	heap_fini(&d->lanes_due);
	heap_fini(&d->teams_due);
	buf_fini(&d->key);
	free(d);
}

/* Whoever waits, waits for a time that the new rates may bring forward. */
static void
change_team(struct dispatch *d, struct team *t, mono_t now)
{
	bucket_change(&t->bucket, d->policy.team_rate_milli, d->policy.team_burst, now);
	LIST_EACH (n, &t->lanes) {
		struct lane *l = CONTAINER_OF(n, struct lane, sibling);

		lane_change(l, &d->policy, now);
		place(d, l, now);
	}
	if (!list_is_empty(&t->blocked))
		heap_set(&d->teams_due, &t->due, now); /* looked at in the next step */
}

void
dispatch_set_policy(struct dispatch *d, const struct lane_policy *policy, mono_t now)
{
	must_be_sound(policy);
	d->policy = *policy;
	LIST_EACH (n, &d->teams)
		change_team(d, CONTAINER_OF(n, struct team, link), now);
}

/* --- the way of an item --- */

bool
dispatch_offer(struct dispatch *d, struct str connection_key, struct str channel,
    struct lane_item *item, mono_t now, int64_t patience_ms, mono_t *retry_at)
{
	struct str key = lane_key(&d->key, connection_key, channel);
	struct lane *l = table_get(d->lanes_by_key, key);

	if (!l)
		l = lane_new(d, connection_key, key, now);
	age(d, now);
	use(d, l, now);
	if (l->queued >= d->policy.queue_max ||
	    (l->state == LANE_SHUT && l->opens_at.ms - now.ms > patience_ms)) {
		*retry_at = lane_turn_away(l, now);
		return false;
	}
	list_append(&l->queue, &item->link);
	item->lane = l;
	item->turn = ++l->turns;
	l->queued++;
	d->n_queued++;
	place(d, l, now);
	return true;
}

static struct lane_item *
leave(struct dispatch *d, struct lane *l, mono_t now)
{
	struct lane_item *item;

	bucket_take(&l->team->bucket, 1, now);
	uncount(d, l);
	item = lane_leave(l, now);
	count(d, l);
	use(d, l, now);
	d->n_queued--;
	d->n_in_flight++;
	place(d, l, now);
	return item;
}

struct lane_item *
dispatch_next(struct dispatch *d, mono_t now)
{
	age(d, now);
	if (d->n_in_flight >= (size_t)d->in_flight_max)
		return NULL;
	wake_due(d, now);
	/* A turn without a token moves its lane to the team's list: paid for once, not per
	 * call. */
	while (!list_is_empty(&d->ready)) {
		struct lane *l = CONTAINER_OF(d->ready.next, struct lane, turn);

		if (mono_reached(now, bucket_ready(&l->team->bucket, 1, now))) {
			unplace(d, l);
			return leave(d, l, now);
		}
		place_blocked(d, l, true, now);
	}
	return NULL;
}

mono_t
dispatch_wake(struct dispatch *d, mono_t now)
{
	mono_t at = MONO_NEVER;

	if (d->n_in_flight >= (size_t)d->in_flight_max)
		return at;
	if (!list_is_empty(&d->ready))
		return now;
	if (heap_first(&d->lanes_due))
		at = heap_first(&d->lanes_due)->due;
	if (heap_first(&d->teams_due))
		at = mono_earlier(at, heap_first(&d->teams_due)->due);
	if (!list_is_empty(&d->probes))
		at = mono_earlier(at, d->probe_at);
	return at.ms > now.ms ? at : now;
}

/* Whoever waited only because all were down may go. */
static void
is_up(struct dispatch *d, mono_t now)
{
	if (!d->is_down)
		return;
	d->is_down = false;
	while (!list_is_empty(&d->probes)) {
		struct lane *l = CONTAINER_OF(d->probes.next, struct lane, turn);

		unplace(d, l);
		place(d, l, now);
	}
}

void
dispatch_report(struct dispatch *d, struct lane_item *item, enum lane_result r,
    int64_t retry_after_ms, mono_t now)
{
	struct lane *l = item->lane;

	must(l && list_is_empty(&item->link) && l->in_flight > 0);
	age(d, now);
	if ((r == LANE_RESULT_OK || r == LANE_RESULT_THROTTLED) && item->epoch == l->epoch)
		is_up(d, now);
	uncount(d, l);
	lane_report(l, &d->policy, item, r, retry_after_ms, now);
	count(d, l);
	use(d, l, now);
	item->lane = NULL;
	d->n_in_flight--;
	place(d, l, now);
}

/* Behind those that came before it: of several in flight, any may return first. */
static void
put_back(struct lane *l, struct lane_item *item)
{
	struct list *at = l->queue.next;

	while (at != &l->queue && CONTAINER_OF(at, struct lane_item, link)->turn < item->turn)
		at = at->next;
	list_append(at, &item->link); /* right before `at` */
}

void
dispatch_return(struct dispatch *d, struct lane_item *item, enum lane_result r,
    int64_t retry_after_ms, mono_t now)
{
	struct lane *l = item->lane;

	dispatch_report(d, item, r, retry_after_ms, now);
	put_back(l, item);
	item->lane = l;
	l->queued++;
	d->n_queued++;
	place(d, l, now);
}

bool
dispatch_has_items(const struct dispatch *d)
{
	return d->n_queued + d->n_in_flight > 0;
}

struct lane_item *
dispatch_oldest(const struct dispatch *d, struct str connection_key, struct str channel,
    bool (*is)(const struct lane_item *item, void *arg), void *arg)
{
	struct buf key = {0};
	const struct lane *l =
	    table_get(d->lanes_by_key, lane_key(&key, connection_key, channel));

	buf_fini(&key);
	if (!l)
		return NULL;
	LIST_EACH (n, &l->queue) {
		struct lane_item *item = CONTAINER_OF(n, struct lane_item, link);

		if (is(item, arg))
			return item;
	}
	return NULL;
}

void
dispatch_withdraw(struct dispatch *d, struct lane_item *item)
{
	struct lane *l = item->lane;

	must(l && !list_is_empty(&item->link));
	list_remove(&item->link);
	item->lane = NULL;
	l->queued--;
	d->n_queued--;
	if (l->queued == 0)
		retire(d, l);
}

static size_t
drain_team(struct dispatch *d, struct team *t, struct list *out)
{
	size_t n = 0;

	LIST_EACH (s, &t->lanes) {
		struct lane *l = CONTAINER_OF(s, struct lane, sibling);

		for (; l->queued > 0; n++) {
			struct list *first = l->queue.next;

			dispatch_withdraw(d, CONTAINER_OF(first, struct lane_item, link));
			list_append(out, first);
		}
	}
	return n;
}

size_t
dispatch_drain(struct dispatch *d, struct str connection_key, struct list *out)
{
	size_t n = 0;

	if (connection_key.len > 0) {
		struct team *t = table_get(d->teams_by_key, connection_key);

		return t ? drain_team(d, t, out) : 0;
	}
	LIST_EACH (t, &d->teams)
		n += drain_team(d, CONTAINER_OF(t, struct team, link), out);
	return n;
}

/* --- looking and sweeping --- */

bool
dispatch_is_down(struct dispatch *d, int min_lanes)
{
	size_t teams = table_len(d->teams_by_key);

	if (d->n_recent >= (size_t)min_lanes && d->n_recent_down == d->n_recent &&
	    d->n_teams_down > 1 && 2 * d->n_teams_down >= teams && !d->is_down) {
		d->is_down = true;
		d->probe_at = (mono_t){0};
		d->probe_ms = d->policy.shut_min_ms;
	}
	return d->is_down;
}

void
dispatch_look(const struct dispatch *d, struct dispatch_view *out)
{
	*out = (struct dispatch_view){.lanes = table_len(d->lanes_by_key),
	    .queued = d->n_queued,
	    .in_flight = d->n_in_flight,
	    .shut = d->n_shut};
}

bool
dispatch_look_lane(const struct dispatch *d, struct str connection_key, struct str channel,
    struct lane_view *out)
{
	struct buf key = {0};
	const struct lane *l =
	    table_get(d->lanes_by_key, lane_key(&key, connection_key, channel));

	buf_fini(&key);
	if (!l)
		return false;
	*out = (struct lane_view){.key = {l->key, l->key_len},
	    .state = l->state,
	    .queued = l->queued,
	    .in_flight = l->in_flight,
	    .window = l->window,
	    .opens_at = l->opens_at};
	return true;
}

/* Nothing that the next item must know is lost: no pause, and no debt to a bucket. */
static bool
is_forgettable(struct lane *l, mono_t now)
{
	struct team *t = l->team;
	bool is_last = l->sibling.next == l->sibling.prev; /* only the team's head beside it */

	if (l->queued + l->in_flight > 0 || !mono_reached(now, l->opens_at))
		return false;
	if (!mono_reached(now, bucket_ready(&l->bucket, l->bucket.burst, now)))
		return false;
	return !is_last || mono_reached(now, bucket_ready(&t->bucket, t->bucket.burst, now));
}

static void
sweep(struct dispatch *d, struct list *by_use, mono_t now, int64_t idle_ms)
{
	LIST_EACH_SAFE (n, by_use) {
		struct lane *l = CONTAINER_OF(n, struct lane, use);

		if (!mono_reached(now, mono_after(l->used_at, idle_ms)))
			return;
		if (is_forgettable(l, now))
			lane_forget(d, l);
	}
}

void
dispatch_sweep(struct dispatch *d, mono_t now, int64_t idle_ms)
{
	sweep(d, &d->old, now, idle_ms);
	sweep(d, &d->recent, now, idle_ms);
}
