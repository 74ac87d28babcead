#include "lane.h"

enum {
	RETRY_AFTER_DEFAULT_MS = 30 * 1000,
	RETRY_AFTER_MIN_MS = 1000,
	HOLLOW_MAX = 16, /* more mean nothing: the pause has long been the longest */
	/* An answer may say anything; no pause it names is worth more than a day. */
	RETRY_AFTER_MAX_MS = 24 * 60 * 60 * 1000,
};

void
lane_init(struct lane *l, const struct lane_policy *p, mono_t now)
{
	l->state = LANE_OPEN;
	l->window = p->window_start;
	l->opens_at = now;
	l->used_at = now;
	bucket_init(&l->bucket, p->rate_milli, p->burst, now);
	list_init(&l->queue);
	list_init(&l->sibling);
	list_init(&l->turn);
	list_init(&l->use);
}

void
lane_change(struct lane *l, const struct lane_policy *p, mono_t now)
{
	bucket_change(&l->bucket, p->rate_milli, p->burst, now);
	if (l->window > p->window_max)
		l->window = p->window_max;
}

bool
lane_has_room(const struct lane *l)
{
	if (l->queued == 0)
		return false;
	switch (l->state) {
	case LANE_OPEN: return l->in_flight < l->window;
	case LANE_SHUT: return true; /* the probe, once it is time */
	case LANE_PROBING: return false;
	}
	return false;
}

struct lane_item *
lane_first(const struct lane *l)
{
	return CONTAINER_OF(l->queue.next, struct lane_item, link);
}

mono_t
lane_ready_at(struct lane *l, mono_t now)
{
	mono_t tokens = bucket_ready(&l->bucket, 1, now);

	if (l->state == LANE_SHUT && l->opens_at.ms > tokens.ms)
		return l->opens_at;
	return tokens;
}

/* The one place where a lane's state changes. */
static void
enter(struct lane *l, enum lane_state to)
{
	switch (to) {
	case LANE_OPEN: must(l->state == LANE_PROBING); break;
	case LANE_PROBING: must(l->state == LANE_SHUT); break;
	case LANE_SHUT: break; /* from any: a second pause may follow the first */
	}
	l->state = to;
}

struct lane_item *
lane_leave(struct lane *l, mono_t now)
{
	struct lane_item *item =
	    CONTAINER_OF(list_take_first(&l->queue), struct lane_item, link);

	bucket_take(&l->bucket, 1, now);
	if (l->state == LANE_SHUT) {
		must(mono_reached(now, l->opens_at));
		enter(l, LANE_PROBING);
	}
	item->epoch = l->epoch;
	l->queued--;
	l->in_flight++;
	if (l->in_flight > l->peak)
		l->peak = l->in_flight;
	return item;
}

void
lane_shut(struct lane *l, mono_t until)
{
	/* Requests that are out still may ask for a longer pause, never for a shorter one. */
	if (until.ms > l->opens_at.ms)
		l->opens_at = until;
	l->epoch++;
	l->credit = l->peak = 0;
	enter(l, LANE_SHUT);
}

static int64_t
shut_time(const struct lane *l, const struct lane_policy *p)
{
	int64_t ms = p->shut_min_ms;

	for (int i = 1; i < l->faults && ms < p->shut_max_ms; i++)
		ms *= 2;
	return ms < p->shut_max_ms ? ms : p->shut_max_ms;
}

static void
fault(struct lane *l, const struct lane_policy *p, mono_t now)
{
	/* Past the longest pause more faults mean nothing; 60 doublings would overflow. */
	if (l->faults < 32)
		l->faults++;
	l->window = l->window > 1 ? l->window / 2 : 1;
	l->is_down = true;
	lane_shut(l, mono_after(now, shut_time(l, p)));
}

/*
 * Each window's worth of successes widens it by one, but only if it was full meanwhile: a
 * window that rate limits keep empty would grow without ever being tried. Faults are forgotten
 * one by one: a destination that flaps is not trusted at once.
 */
static void
success(struct lane *l, const struct lane_policy *p)
{
	if (l->faults > 0)
		l->faults--;
	l->hollow = 0;
	if (l->state == LANE_PROBING) {
		l->is_down = false;
		enter(l, LANE_OPEN);
	}
	if (++l->credit < l->window)
		return;
	if (l->peak >= l->window && l->window < p->window_max)
		l->window++;
	l->credit = 0;
	l->peak = 0;
}

/* "Too many requests, come again at once": the pause is ours to choose, and doubles while that
 * goes on. */
static int64_t
hollow_pause_ms(struct lane *l, bool is_news)
{
	int64_t ms = RETRY_AFTER_MIN_MS;

	if (is_news && l->hollow < HOLLOW_MAX)
		l->hollow++;
	for (int i = 1; i < l->hollow && ms < RETRY_AFTER_DEFAULT_MS; i++)
		ms *= 2;
	return ms < RETRY_AFTER_DEFAULT_MS ? ms : RETRY_AFTER_DEFAULT_MS;
}

static int64_t
pause_ms(struct lane *l, int64_t retry_after_ms, bool is_news)
{
	if (retry_after_ms < 0)
		return RETRY_AFTER_DEFAULT_MS;
	if (retry_after_ms < RETRY_AFTER_MIN_MS)
		return hollow_pause_ms(l, is_news);
	return retry_after_ms < RETRY_AFTER_MAX_MS ? retry_after_ms : RETRY_AFTER_MAX_MS;
}

static void
throttled(struct lane *l, int64_t retry_after_ms, bool is_news, mono_t now)
{
	int64_t ms = pause_ms(l, retry_after_ms, is_news);

	if (is_news) /* whoever asks for a pause is up */
		l->is_down = false;
	lane_shut(l, mono_after(now, ms));
}

void
lane_report(struct lane *l, const struct lane_policy *p, struct lane_item *item,
    enum lane_result r, int64_t retry_after_ms, mono_t now)
{
	bool is_news = item->epoch == l->epoch;

	if (r == LANE_RESULT_THROTTLED)
		throttled(l, retry_after_ms, is_news, now);
	else if (r == LANE_RESULT_FAULT && is_news)
		fault(l, p, now);
	else if (r == LANE_RESULT_OK && is_news)
		success(l, p);
	else if (r == LANE_RESULT_NEUTRAL && is_news && l->state == LANE_PROBING)
		enter(l, LANE_SHUT); /* it proved nothing: the next item is the probe */
	l->in_flight--;
}
