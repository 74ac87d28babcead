/* What one lane learns from its reports, seen through the dispatch that owns it. */
#include "lanes_fixture.h"

enum { ITEMS = 4000 };

static const struct lane_policy POLICY = {.queue_max = ITEMS,
    .window_start = 4,
    .window_max = 8,
    .shut_min_ms = 1000,
    .shut_max_ms = 4000,
    .rate_milli = FAST,
    .burst = 10000,
    .team_rate_milli = FAST,
    .team_burst = 10000};

static struct lane_item items[ITEMS];
static mono_t now;

static struct dispatch *
dispatch_with(int n_items)
{
	struct dispatch *d = dispatch_new(&POLICY, 1000);
	mono_t retry_at;

	now = at(0);
	for (int i = 0; i < n_items; i++)
		assert_true(dispatch_offer(d, (struct lane_name){STR("team"), STR("C1")},
		    &items[i], now, 0, &retry_at));
	return d;
}

static struct lane_view
look(struct dispatch *d)
{
	struct lane_view v;

	assert_true(dispatch_look_lane(d, (struct lane_name){STR("team"), STR("C1")}, &v));
	return v;
}

static void
report(struct dispatch *d, struct lane_item *item, enum lane_result r)
{
	dispatch_report(d, item, r, -1, now);
}

static int
leave_all(struct dispatch *d, struct lane_item **out)
{
	int n = 0;

	while ((out[n] = dispatch_next(d, now)))
		n++;
	return n;
}

static void
a_new_lane_lets_a_start_window_leave(void **state)
{
	struct dispatch *d = dispatch_with(20);
	struct lane_item *out[20];

	(void)state;
	assert_int_equal(leave_all(d, out), 4);
	for (int i = 0; i < 4; i++)
		report(d, out[i], LANE_RESULT_NEUTRAL);
	done(d);
}

static void
a_full_window_of_successes_widens_by_one(void **state)
{
	struct dispatch *d = dispatch_with(100);
	struct lane_item *out[20];
	int seen[8];

	(void)state;
	for (int i = 0; i < 8; i++) {
		int n = leave_all(d, out);

		seen[i] = n;
		for (int k = 0; k < n; k++)
			report(d, out[k], LANE_RESULT_OK);
	}
	for (int i = 1; i < 8; i++)
		assert_true(seen[i] >= seen[i - 1] && seen[i] <= seen[i - 1] + 1);
	assert_int_equal(seen[0], 4);
	assert_int_equal(seen[1], 5);
	assert_int_equal(seen[7], 8);
	done(d);
}

static void
a_window_that_is_not_used_does_not_widen(void **state)
{
	struct dispatch *d = dispatch_with(200);

	(void)state;
	for (int i = 0; i < 200; i++)
		report(d, dispatch_next(d, now), LANE_RESULT_OK);
	assert_int_equal(look(d).window, 4);
	done(d);
}

static void
requests_that_fail_together_count_once(void **state)
{
	struct dispatch *d = dispatch_with(20);
	struct lane_item *out[20];

	(void)state;
	assert_int_equal(leave_all(d, out), 4);
	for (int i = 0; i < 4; i++)
		report(d, out[i], LANE_RESULT_FAULT);
	assert_int_equal(look(d).window, 2);
	assert_int_equal(look(d).opens_at.ms, 1000);
	assert_int_equal(look(d).state, LANE_SHUT);
	done(d);
}

static void
a_late_success_does_not_open_a_shut_lane(void **state)
{
	struct dispatch *d = dispatch_with(20);
	struct lane_item *out[20], *probe;

	(void)state;
	assert_int_equal(leave_all(d, out), 4);
	report(d, out[0], LANE_RESULT_FAULT);
	report(d, out[1], LANE_RESULT_OK);
	assert_int_equal(look(d).state, LANE_SHUT);
	assert_null(dispatch_next(d, at(999)));
	now = at(1000);
	probe = dispatch_next(d, now);
	assert_non_null(probe);
	report(d, out[2], LANE_RESULT_OK);
	assert_int_equal(look(d).state, LANE_PROBING);
	report(d, probe, LANE_RESULT_OK);
	assert_int_equal(look(d).state, LANE_OPEN);
	report(d, out[3], LANE_RESULT_FAULT); /* left before the trouble that is over */
	assert_int_equal(look(d).state, LANE_OPEN);
	done(d);
}

static void
a_shut_lane_sends_exactly_one_probe(void **state)
{
	struct dispatch *d = dispatch_with(20);
	struct lane_item *out[20];

	(void)state;
	(void)leave_all(d, out);
	for (int i = 0; i < 4; i++)
		report(d, out[i], LANE_RESULT_FAULT);
	assert_int_equal(dispatch_wake(d, now).ms, 1000);
	now = at(1000);
	assert_int_equal(leave_all(d, out), 1);
	assert_int_equal(dispatch_wake(d, now).ms, INT64_MAX);
	now = at(500000);
	assert_null(dispatch_next(d, now));
	report(d, out[0], LANE_RESULT_OK);
	done(d);
}

static void
the_shut_time_doubles_from_least_to_most(void **state)
{
	const int64_t expected[] = {1000, 2000, 4000, 4000, 4000};
	struct dispatch *d = dispatch_with(20);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		report(d, dispatch_next(d, now), LANE_RESULT_FAULT);
		assert_int_equal(look(d).opens_at.ms - now.ms, expected[i]);
		now = look(d).opens_at;
	}
	done(d);
}

static void
trust_comes_back_a_success_at_a_time(void **state)
{
	struct dispatch *d = dispatch_with(50);

	(void)state;
	for (int i = 0; i < 3; i++) {
		report(d, dispatch_next(d, now), LANE_RESULT_FAULT);
		now = look(d).opens_at;
	}
	for (int i = 0; i < 2; i++)
		report(d, dispatch_next(d, now), LANE_RESULT_OK);
	report(d, dispatch_next(d, now), LANE_RESULT_FAULT);
	assert_int_equal(look(d).opens_at.ms - now.ms, 2000);
	done(d);
}

static void
a_dead_account_is_tried_few_times_in_a_minute(void **state)
{
	struct dispatch *d = dispatch_with(1000);
	int attempts = 0;

	(void)state;
	while (now.ms < 60000) {
		struct lane_item *out[20];
		int n = leave_all(d, out);

		for (int i = 0; i < n; i++)
			report(d, out[i], LANE_RESULT_FAULT);
		attempts += n;
		now = dispatch_wake(d, now);
	}
	assert_int_equal(attempts, 4 + 2 + 14); /* at 0; 1, 3; then each 4 s from 7 on */
	done(d);
}

static void
a_repaired_account_widens_again(void **state)
{
	const int expected[] = {1, 2, 3, 4, 5, 6, 7, 8, 8};
	struct dispatch *d = dispatch_with(200);
	struct lane_item *out[20];

	(void)state;
	for (int i = 0; i < 4; i++) {
		report(d, dispatch_next(d, now), LANE_RESULT_FAULT);
		now = look(d).opens_at;
	}
	assert_int_equal(look(d).window, 1);
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		int n = leave_all(d, out);

		assert_int_equal(n, expected[i]);
		for (int k = 0; k < n; k++)
			report(d, out[k], LANE_RESULT_OK);
	}
	done(d);
}

static void
a_throttle_shuts_for_exactly_the_time_told(void **state)
{
	struct dispatch *d = dispatch_with(20);
	struct lane_item *out[20];

	(void)state;
	assert_int_equal(leave_all(d, out), 4);
	dispatch_report(d, out[0], LANE_RESULT_THROTTLED, 7000, now);
	assert_int_equal(look(d).opens_at.ms, 7000);
	assert_int_equal(look(d).window, 4);
	dispatch_report(d, out[1], LANE_RESULT_THROTTLED, 3000, now);
	assert_int_equal(look(d).opens_at.ms, 7000);
	dispatch_report(d, out[2], LANE_RESULT_FAULT, -1, now);
	assert_int_equal(look(d).window, 4);
	dispatch_report(d, out[3], LANE_RESULT_OK, -1, now);
	assert_null(dispatch_next(d, at(6999)));
	now = at(7000);
	assert_int_equal(leave_all(d, out), 1);
	report(d, out[0], LANE_RESULT_OK);
	assert_int_equal(leave_all(d, out), 4);
	for (int i = 0; i < 4; i++)
		report(d, out[i], LANE_RESULT_NEUTRAL);
	done(d);
}

static void
a_throttle_without_a_time_lasts_thirty_seconds(void **state)
{
	struct dispatch *d = dispatch_with(2);

	(void)state;
	report(d, dispatch_next(d, now), LANE_RESULT_THROTTLED);
	assert_int_equal(look(d).opens_at.ms, 30000);
	done(d);
}

static void
a_throttle_that_names_no_pause_gets_one_that_doubles(void **state)
{
	const int64_t expected[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
	struct dispatch *d = dispatch_with(20);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		dispatch_report(
		    d, dispatch_next(d, now), LANE_RESULT_THROTTLED, i % 2 ? 0 : 999, now);
		assert_int_equal(look(d).opens_at.ms - now.ms, expected[i]);
		now = look(d).opens_at;
	}
	report(d, dispatch_next(d, now), LANE_RESULT_OK);
	dispatch_report(d, dispatch_next(d, now), LANE_RESULT_THROTTLED, 0, now);
	assert_int_equal(look(d).opens_at.ms - now.ms, 1000); /* a new beginning */
	done(d);
}

static void
throttles_of_one_window_are_one(void **state)
{
	struct dispatch *d = dispatch_with(20);
	struct lane_item *out[20];

	(void)state;
	(void)leave_all(d, out);
	for (int i = 0; i < 4; i++)
		dispatch_report(d, out[i], LANE_RESULT_THROTTLED, 0, now);
	assert_int_equal(look(d).opens_at.ms - now.ms, 1000);
	done(d);
}

static void
an_absurd_throttle_lasts_a_day(void **state)
{
	struct dispatch *d = dispatch_with(2);

	(void)state;
	dispatch_report(d, dispatch_next(d, now), LANE_RESULT_THROTTLED, INT64_MAX, now);
	assert_int_equal(look(d).opens_at.ms, 86400000);
	done(d);
}

static void
a_refused_message_is_no_fault_of_the_destination(void **state)
{
	struct dispatch *d = dispatch_with(20);

	(void)state;
	for (int i = 0; i < 10; i++)
		report(d, dispatch_next(d, now), LANE_RESULT_NEUTRAL);
	assert_int_equal(look(d).state, LANE_OPEN);
	assert_int_equal(look(d).window, 4);
	done(d);
}

static void
a_probe_that_proves_nothing_is_followed_by_one_more(void **state)
{
	struct dispatch *d = dispatch_with(20);
	struct lane_item *out[20];

	(void)state;
	report(d, dispatch_next(d, now), LANE_RESULT_FAULT);
	now = at(1000);
	assert_int_equal(leave_all(d, out), 1);
	report(d, out[0], LANE_RESULT_NEUTRAL);
	assert_int_equal(look(d).state, LANE_SHUT);
	assert_int_equal(leave_all(d, out), 1);
	report(d, out[0], LANE_RESULT_OK);
	assert_int_equal(look(d).state, LANE_OPEN);
	done(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_lane_lets_a_start_window_leave),
	    cmocka_unit_test(a_full_window_of_successes_widens_by_one),
	    cmocka_unit_test(a_window_that_is_not_used_does_not_widen),
	    cmocka_unit_test(requests_that_fail_together_count_once),
	    cmocka_unit_test(a_late_success_does_not_open_a_shut_lane),
	    cmocka_unit_test(a_shut_lane_sends_exactly_one_probe),
	    cmocka_unit_test(the_shut_time_doubles_from_least_to_most),
	    cmocka_unit_test(trust_comes_back_a_success_at_a_time),
	    cmocka_unit_test(a_dead_account_is_tried_few_times_in_a_minute),
	    cmocka_unit_test(a_repaired_account_widens_again),
	    cmocka_unit_test(a_throttle_shuts_for_exactly_the_time_told),
	    cmocka_unit_test(a_throttle_without_a_time_lasts_thirty_seconds),
	    cmocka_unit_test(a_throttle_that_names_no_pause_gets_one_that_doubles),
	    cmocka_unit_test(throttles_of_one_window_are_one),
	    cmocka_unit_test(an_absurd_throttle_lasts_a_day),
	    cmocka_unit_test(a_refused_message_is_no_fault_of_the_destination),
	    cmocka_unit_test(a_probe_that_proves_nothing_is_followed_by_one_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
