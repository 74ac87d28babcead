/*
 * Random days are played on a dispatch and, beside it, on a model that is slow and obvious: it
 * scans every lane at every step, and knows a rate by its definition, not by a bucket.
 */
#include "lanes_fixture.h"

enum { TEAMS = 3, CHANNELS = 3, LANES = TEAMS * CHANNELS, LEAVES_MAX = 4000, QUEUE = 12 };

struct model_item {
	struct lane_item item;
	int lane, left_as; /* how many had left before, over all lanes */
	bool queued, in_flight;
};

struct model_lane {
	struct model_item *queue[QUEUE];
	int queued, in_flight;
	enum lane_state state;
	int64_t opens_at, shut_next;
	int window, successes, peak;
	int shut_as; /* requests that left earlier know nothing of the last shut */
	int faults;
	int hollow; /* throttles since the last success that asked for less than a second */
	int64_t leaves[LEAVES_MAX];
	int n_leaves;
	int passed_over;
};

struct model {
	struct lane_policy policy;
	struct model_lane lanes[LANES];
	int64_t team_leaves[TEAMS][LEAVES_MAX];
	int n_team_leaves[TEAMS];
	int n_left, in_flight, in_flight_max;
};

static uint64_t seed;

static int
random_below(int n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (int)(seed % (uint64_t)n);
}

/* Whether one more at `now` keeps to the rate, by the definition: in any stretch of time that
 * ends now, no more than burst + rate * length. */
static bool
rate_allows(const int64_t *leaves, int n, int64_t now, int64_t rate_milli, int64_t burst)
{
	for (int i = n; i-- > 0;) {
		int64_t used = n - i + 1;

		if ((used - burst) * 1000000 > (now - leaves[i]) * rate_milli)
			return false;
	}
	return true;
}

static bool
model_own_ready(const struct model *m, int lane, int64_t now)
{
	const struct model_lane *l = &m->lanes[lane];

	if (l->queued == 0 || l->state == LANE_PROBING)
		return false;
	if (l->state == LANE_SHUT && now < l->opens_at)
		return false;
	if (l->state == LANE_OPEN && l->in_flight >= l->window)
		return false;
	return rate_allows(l->leaves, l->n_leaves, now, m->policy.rate_milli, m->policy.burst);
}

static bool
model_lane_ready(const struct model *m, int lane, int64_t now)
{
	int team = lane / CHANNELS;

	return model_own_ready(m, lane, now) &&
	       rate_allows(m->team_leaves[team], m->n_team_leaves[team], now,
		   m->policy.team_rate_milli, m->policy.team_burst);
}

static bool
model_any_ready(const struct model *m, int64_t now)
{
	for (int lane = 0; m->in_flight < m->in_flight_max && lane < LANES; lane++) {
		if (model_lane_ready(m, lane, now))
			return true;
	}
	return false;
}

static void
model_leave(struct model *m, struct model_item *it, int64_t now)
{
	struct model_lane *l = &m->lanes[it->lane];
	int team = it->lane / CHANNELS;

	assert_true(m->in_flight < m->in_flight_max);
	assert_true(model_lane_ready(m, it->lane, now));
	assert_ptr_equal(l->queue[0], it);
	memmove(&l->queue[0], &l->queue[1], (size_t)--l->queued * sizeof(l->queue[0]));
	l->leaves[l->n_leaves++] = now;
	m->team_leaves[team][m->n_team_leaves[team]++] = now;
	it->left_as = m->n_left++;
	it->queued = false;
	it->in_flight = true;
	m->in_flight++;
	if (++l->in_flight > l->peak)
		l->peak = l->in_flight;
	if (l->state == LANE_SHUT)
		l->state = LANE_PROBING;
}

static void
model_shut(struct model *m, struct model_lane *l, int64_t until)
{
	l->state = LANE_SHUT;
	if (until > l->opens_at)
		l->opens_at = until;
	l->shut_as = m->n_left;
	l->successes = l->peak = 0;
}

static int64_t
model_throttle(struct model_lane *l, int64_t after, bool is_news)
{
	int64_t pause = 1000;

	if (after >= 1000)
		return after;
	l->hollow += is_news;
	for (int i = 1; i < l->hollow && pause < 30000; i++)
		pause *= 2;
	return pause < 30000 ? pause : 30000;
}

static void
model_report(
    struct model *m, struct model_item *it, enum lane_result r, int64_t after, int64_t now)
{
	struct model_lane *l = &m->lanes[it->lane];
	bool is_news = it->left_as >= l->shut_as;
	int64_t pause = m->policy.shut_min_ms;

	if (r == LANE_RESULT_THROTTLED) {
		model_shut(m, l, now + model_throttle(l, after, is_news));
	} else if (r == LANE_RESULT_FAULT && is_news) {
		for (int i = 0; i < l->faults && pause < m->policy.shut_max_ms; i++)
			pause *= 2;
		l->faults++;
		l->window = l->window / 2 > 0 ? l->window / 2 : 1;
		model_shut(m, l,
		    now + (pause < m->policy.shut_max_ms ? pause : m->policy.shut_max_ms));
	} else if (r == LANE_RESULT_NEUTRAL && is_news && l->state == LANE_PROBING) {
		l->state = LANE_SHUT;
	} else if (r == LANE_RESULT_OK && is_news) {
		l->state = LANE_OPEN;
		l->hollow = 0;
		l->faults -= l->faults > 0;
		if (++l->successes >= l->window) {
			l->window += l->peak >= l->window && l->window < m->policy.window_max;
			l->successes = l->peak = 0;
		}
	}
	l->in_flight--;
	m->in_flight--;
	it->in_flight = false;
}

static void
compare_lane(const struct model *m, struct dispatch *d, int lane)
{
	const struct model_lane *l = &m->lanes[lane];
	struct lane_view v;
	char t[32], c[32];

	if (!dispatch_look_lane(d,
		(struct lane_name){name(t, "team", lane / CHANNELS), name(c, "C", lane)}, &v)) {
		assert_int_equal(l->queued + l->in_flight, 0);
		return;
	}
	assert_int_equal(v.queued, l->queued);
	assert_int_equal(v.in_flight, l->in_flight);
	assert_int_equal(v.state, l->state);
	assert_int_equal(v.window, l->window);
	if (l->state == LANE_SHUT)
		assert_int_equal(v.opens_at.ms, l->opens_at);
}

static void
play_offer(struct model *m, struct dispatch *d, struct model_item *it, int64_t now)
{
	int lane = random_below(LANES);
	struct model_lane *l = &m->lanes[lane];
	int64_t patience = random_below(3000);
	bool is_shut = l->state == LANE_SHUT && l->opens_at - now > patience;
	mono_t retry_at;
	char t[32], c[32];
	bool taken = dispatch_offer(d,
	    (struct lane_name){name(t, "team", lane / CHANNELS), name(c, "C", lane)}, &it->item,
	    at(now), patience, &retry_at);

	assert_int_equal(taken, l->queued < m->policy.queue_max && !is_shut);
	if (!taken) {
		assert_int_equal(retry_at.ms, l->state == LANE_SHUT ? l->opens_at : now);
		return;
	}
	it->lane = lane;
	it->queued = true;
	l->queue[l->queued++] = it;
}

/*
 * A lane that could go waits a round for its turn at most; but in that round another lane of
 * its team may take the token, and each of them once.
 */
static void
count_turns(struct model *m, int lane, int64_t now)
{
	m->lanes[lane].passed_over = 0;
	for (int i = 0; i < LANES; i++) {
		struct model_lane *l = &m->lanes[i];

		if (!model_own_ready(m, i, now))
			l->passed_over = 0;
		else if (i != lane && model_lane_ready(m, i, now))
			assert_true(++l->passed_over <= CHANNELS * LANES);
	}
}

static void
play_next(struct model *m, struct dispatch *d, int64_t now)
{
	struct lane_item *got = dispatch_next(d, at(now));
	struct model_item *it = (struct model_item *)(void *)got;

	if (!got) {
		int64_t wake = dispatch_wake(d, at(now)).ms;

		assert_false(model_any_ready(m, now));
		assert_true(wake > now);
		/* Nobody may have to wait for a later wake than is told. */
		for (int64_t t = now + 1; t < wake && t < now + 300; t++)
			assert_false(model_any_ready(m, t));
		return;
	}
	model_leave(m, it, now);
	count_turns(m, it->lane, now);
}

static void
play_withdraw(struct model *m, struct dispatch *d, struct model_item *it)
{
	struct model_lane *l = &m->lanes[it->lane];
	int i = 0;

	while (l->queue[i] != it)
		i++;
	memmove(
	    &l->queue[i], &l->queue[i + 1], (size_t)(--l->queued - i) * sizeof(l->queue[0]));
	it->queued = false;
	dispatch_withdraw(d, &it->item);
}

static void
play_report(struct model *m, struct dispatch *d, struct model_item *it, int64_t now, int bad)
{
	int64_t after = random_below(4000);
	enum lane_result r = LANE_RESULT_OK;

	if (random_below(100) < bad)
		r = (enum lane_result)(LANE_RESULT_FAULT + random_below(3));
	model_report(m, it, r, after, now);
	dispatch_report(d, &it->item, r, after, at(now));
}

static void
play(struct model *m, struct dispatch *d, int steps, int bad)
{
	static struct model_item items[64];
	int64_t now = 1000;

	memset(items, 0, sizeof(items));
	for (int i = 0; i < steps; i++) {
		struct model_item *it = &items[random_below(COUNT_OF(items))];
		int what = random_below(10);

		if (what < 3)
			play_next(m, d, now);
		else if (what == 9)
			now += random_below(random_below(20) ? 60 : 5000);
		else if (it->in_flight)
			play_report(m, d, it, now, bad);
		else if (!it->queued)
			play_offer(m, d, it, now);
		else if (random_below(4) == 0)
			play_withdraw(m, d, it);
		compare_lane(m, d, it->lane);
		if (!model_own_ready(m, it->lane, now))
			m->lanes[it->lane].passed_over = 0;
	}
	for (size_t i = 0; i < COUNT_OF(items); i++) {
		if (items[i].in_flight)
			dispatch_report(d, &items[i].item, LANE_RESULT_OK, -1, at(now));
	}
}

static void
random_days_agree_with_the_naive_model(void **state)
{
	static struct model m;

	(void)state;
	for (uint64_t trial = 1; trial <= 150; trial++) {
		struct dispatch *d;

		seed = trial * 0x9e3779b97f4a7c15u;
		memset(&m, 0, sizeof(m));
		m.policy = (struct lane_policy){.queue_max = 1 + random_below(QUEUE),
		    .window_start = 1 + random_below(4),
		    .window_max = 4 + random_below(4),
		    .shut_min_ms = 1 + random_below(500),
		    .shut_max_ms = 500 + random_below(3000),
		    .rate_milli = 500 + random_below(60000),
		    .burst = 1 + random_below(5),
		    .team_rate_milli = 500 + random_below(90000),
		    .team_burst = 1 + random_below(8)};
		m.in_flight_max = 1 + random_below(30);
		for (int l = 0; l < LANES; l++)
			m.lanes[l].window = m.policy.window_start;
		d = dispatch_new(&m.policy, m.in_flight_max);
		play(&m, d, 4000, (int)(trial % 5) * 8);
		done(d);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_days_agree_with_the_naive_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
