#include "lane.h"

/* A lane that holds nothing and was not used for so long has no say in whether all are down. */
enum { RECENT_MS = 60 * 1000 };

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

/* --- use and counts --- */

/* A change of a lane stands between uncount and count. */
static void
uncount(struct dispatch *d, const struct lane *l)
{
	d->n_shut -= l->state != LANE_OPEN;
	if (l->team->policy->stands_alone)
		return;
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
	if (l->team->policy->stands_alone)
		return;
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
lane_key(struct buf *b, struct lane_name name)
{
	buf_clear(b);
	buf_str(b, name.connection);
	buf_putc(b, '\0');
	buf_str(b, name.channel);
	return buf_view(b);
}

static void
gate_init(struct team_gate *g, int64_t rate_milli, int64_t burst, mono_t now)
{
	list_init(&g->blocked);
	if (rate_milli > 0)
		bucket_init(&g->bucket, rate_milli, burst, now);
}

static struct team *
team_of(struct dispatch *d, struct str key, const struct lane_policy *policy, mono_t now)
{
	struct team *t = table_get(d->teams_by_key, key);

	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	must(t);
	list_init(&t->lanes);
	list_init(&t->turn);
	list_init(&t->ready);
	t->policy = policy ? policy : &d->policy;
	must_be_sound(t->policy);
	gate_init(&t->all, t->policy->team_rate_milli, t->policy->team_burst, now);
	gate_init(&t->updates, t->policy->update_rate_milli, t->policy->update_burst, now);
	(void)table_set(d->teams_by_key, key, t);
	list_append(&d->teams, &t->link);
	d->n_teams += !t->policy->stands_alone;
	return t;
}

static struct lane *
lane_new(struct dispatch *d, struct str connection_key, struct str key,
    const struct lane_policy *policy, mono_t now)
{
	struct lane *l = calloc(1, sizeof(*l));

	must(l);
	l->team = team_of(d, connection_key, policy, now);
	lane_init(l, l->team->policy, now);
	l->key = malloc(key.len);
	must(l->key);
	memcpy(l->key, key.ptr, key.len);
	l->key[connection_key.len] = '/';
	l->key_len = key.len;
	l->connection_len = connection_key.len;
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
		d->n_teams -= !t->policy->stands_alone;
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
	heap_fini(&d->gates_due);
	buf_fini(&d->key);
	free(d);
}

static void
change_gate(
    struct dispatch *d, struct team_gate *g, int64_t rate_milli, int64_t burst, mono_t now)
{
	if (rate_milli > 0)
		bucket_change(&g->bucket, rate_milli, burst, now);
	if (!list_is_empty(&g->blocked))
		heap_set(&d->gates_due, &g->due, now); /* looked at in the next step */
}

/* Whoever waits, waits for a time that the new rates may bring forward. */
static void
change_team(struct dispatch *d, struct team *t, mono_t now)
{
	const struct lane_policy *p = t->policy;

	must_be_sound(p);
	LIST_EACH (n, &t->lanes) {
		struct lane *l = CONTAINER_OF(n, struct lane, sibling);

		lane_change(l, p, now);
		place_lane(d, l, now);
	}
	change_gate(d, &t->all, p->team_rate_milli, p->team_burst, now);
	change_gate(d, &t->updates, p->update_rate_milli, p->update_burst, now);
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
dispatch_offer(struct dispatch *d, struct lane_name name, struct lane_item *item, mono_t now,
    int64_t patience_ms, mono_t *retry_at)
{
	struct str key = lane_key(&d->key, name);
	struct lane *l = table_get(d->lanes_by_key, key);

	if (!l)
		l = lane_new(d, name.connection, key, item->policy, now);
	age(d, now);
	use(d, l, now);
	if (l->queued >= l->team->policy->queue_max ||
	    (l->state == LANE_SHUT && l->opens_at.ms - now.ms > patience_ms)) {
		*retry_at = l->state == LANE_SHUT ? l->opens_at : now;
		return false;
	}
	list_append(&l->queue, &item->link);
	item->lane = l;
	item->turn = ++l->turns;
	l->queued++;
	d->n_queued++;
	place_lane(d, l, now);
	return true;
}

static struct lane_item *
leave(struct dispatch *d, struct lane *l, mono_t now)
{
	struct lane_item *item = lane_first(l);

	bucket_take(&l->team->all.bucket, 1, now);
	if (item->is_update && l->team->updates.bucket.rate_milli > 0)
		bucket_take(&l->team->updates.bucket, 1, now);
	uncount(d, l);
	must(lane_leave(l, now) == item);
	count(d, l);
	use(d, l, now);
	d->n_queued--;
	d->n_in_flight++;
	place_lane(d, l, now);
	return item;
}

struct lane_item *
dispatch_next(struct dispatch *d, mono_t now)
{
	struct lane *l;

	age(d, now);
	if (d->n_in_flight >= (size_t)d->in_flight_max)
		return NULL;
	place_wake_due(d, now);
	/* A turn without a token moves its lane to the team's list: paid for once, not per
	 * call. */
	while ((l = place_next_ready(d)) != NULL) {
		struct team_gate *shut = place_gate(l, now);

		if (shut == NULL) {
			place_nowhere(d, l);
			place_turn_is_over(d, l->team);
			return leave(d, l, now);
		}
		place_blocked(d, l, shut, true, now);
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
	if (heap_first(&d->gates_due))
		at = mono_earlier(at, heap_first(&d->gates_due)->due);
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

		place_nowhere(d, l);
		place_lane(d, l, now);
	}
}

void
dispatch_report(struct dispatch *d, struct lane_item *item, enum lane_result r,
    int64_t retry_after_ms, mono_t now)
{
	struct lane *l = item->lane;

	must(l && list_is_empty(&item->link) && l->in_flight > 0);
	age(d, now);
	if ((r == LANE_RESULT_OK || r == LANE_RESULT_THROTTLED) && item->epoch == l->epoch &&
	    !l->team->policy->stands_alone)
		is_up(d, now);
	uncount(d, l);
	lane_report(l, l->team->policy, item, r, retry_after_ms, now);
	count(d, l);
	use(d, l, now);
	if (r == LANE_RESULT_THROTTLED && item->is_update &&
	    l->opens_at.ms > l->team->updates.opens_at.ms)
		l->team->updates.opens_at = l->opens_at;
	item->lane = NULL;
	d->n_in_flight--;
	place_lane(d, l, now);
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
	place_lane(d, l, now);
}

void
dispatch_shut(struct dispatch *d, struct lane_name name, const struct lane_policy *policy,
    mono_t until, mono_t now)
{
	struct str key = lane_key(&d->key, name);
	struct lane *l = table_get(d->lanes_by_key, key);

	if (!l) {
		l = lane_new(d, name.connection, key, policy, now);
		use(d, l, now);
	}
	uncount(d, l);
	lane_shut(l, until);
	count(d, l);
	place_lane(d, l, now);
}

bool
dispatch_has_items(const struct dispatch *d)
{
	return d->n_queued + d->n_in_flight > 0;
}

struct lane_item *
dispatch_oldest(const struct dispatch *d, struct lane_name name,
    bool (*is)(const struct lane_item *item, void *arg), void *arg)
{
	struct buf key = {0};
	const struct lane *l = table_get(d->lanes_by_key, lane_key(&key, name));

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
		place_retire(d, l);
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

size_t
dispatch_drain_under(struct dispatch *d, struct str prefix, struct list *out)
{
	size_t n = 0;

	LIST_EACH (node, &d->teams) {
		struct team *t = CONTAINER_OF(node, struct team, link);
		const struct lane *any = CONTAINER_OF(t->lanes.next, struct lane, sibling);

		if (!list_is_empty(&t->lanes) &&
		    str_starts_with((struct str){any->key, any->connection_len}, prefix))
			n += drain_team(d, t, out);
	}
	return n;
}

/* --- looking and sweeping --- */

bool
dispatch_is_down(struct dispatch *d, int min_lanes)
{
	if (d->n_recent >= (size_t)min_lanes && d->n_recent_down == d->n_recent &&
	    d->n_teams_down > 1 && 2 * d->n_teams_down >= d->n_teams && !d->is_down) {
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
dispatch_look_lane(const struct dispatch *d, struct lane_name name, struct lane_view *out)
{
	struct buf key = {0};
	const struct lane *l = table_get(d->lanes_by_key, lane_key(&key, name));

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
	return !is_last ||
	       (mono_reached(now, gate_ready(&t->all, t->all.bucket.burst, now)) &&
		   mono_reached(now, gate_ready(&t->updates, t->updates.bucket.burst, now)));
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
